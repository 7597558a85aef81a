using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Organizations;

/// <summary>The administration API.</summary>
public sealed class AdministrationTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Org = $"/admin/organizations/{Contoso}";
    private readonly TandemServer _server = fixture.Server;

    [Fact]
    public async Task An_operator_adds_an_organization_that_others_then_invite()
    {
        var added = (await _server.Post(Sam, "/admin/organizations", new JsonObject { ["name"] = "Northwind" })).Is(201);
        var id = (string)added.Json["id"]!;
        Assert.Equal($"/admin/organizations/{id}", added.Headers["Location"]);
        var location = Guid.NewGuid().ToString();
        (await _server.Send(Sam, HttpMethod.Put, $"/admin/organizations/{id}/locations/{location}", """{"name":"Northwind HQ","mpnId":"777"}""")).Is(200);
        (await _server.Send(Sam, HttpMethod.Put, $"/admin/organizations/{id}/tenants/{id}", "{}")).Is(204);
        var email = $"nora-{id[..8]}@northwind.example";
        var nora = (string)(await _server.Post(Sam, $"/admin/organizations/{id}/users", new JsonObject { ["email"] = email, ["name"] = "Nora", ["password"] = "long enough" })).Is(201).Json["id"]!;
        (await _server.Post(Sam, $"/admin/organizations/{id}/users/{nora}/roles", new JsonObject { ["role"] = "Referral Admin" })).Is(201);

        var sent = await _server.Own(change: b => b["target"] = new JsonArray(new JsonObject { ["type"] = "BusinessProfileLocation", ["id"] = location }));
        Assert.Equal(id, (string?)sent.Json["organizationId"]);
        Assert.Equal("777", (string?)sent.Json["mpnId"]);
        (await _server.Status(email, sent.Id, "Active")).Is(200);
        Assert.Equal("Northwind", (string?)(await _server.Get(Sam, $"/admin/organizations/{id}")).Json["name"]);
        Assert.Contains((await _server.Get(Sam, "/admin/organizations")).Value, o => (string?)o["id"] == id);
        Assert.Equal(Contoso, (string?)Assert.Single((await _server.Get(Alice, "/admin/organizations")).Value)["id"]);
    }

    [Theory] // B11
    [InlineData("Referrals admin", "Referrals admin")]
    [InlineData("Referral Admin", "Referrals admin")]
    [InlineData("ReferralsUser", "Referrals user")]
    [InlineData("referral user", "Referrals user")]
    [InlineData("Global admin", "Global admin")]
    [InlineData("HELPDESK AGENT", "Helpdesk agent")]
    public async Task Both_spellings_of_a_role_are_read(string sent, string shown)
    {
        var user = await NewUser();
        var given = (await _server.Post(Alice, $"{Org}/users/{user}/roles", new JsonObject { ["role"] = sent, ["mpnId"] = "42" })).Is(201);
        Assert.Equal(shown, (string?)given.Json["role"]);
        Assert.Equal("42", (string?)given.Json["mpnId"]);
        Assert.Equal(409, (await _server.Post(Alice, $"{Org}/users/{user}/roles", new JsonObject { ["role"] = shown, ["mpnId"] = "42" })).Status);
        (await _server.Send(Alice, HttpMethod.Delete, $"{Org}/users/{user}/roles/{given.Json["id"]}", null)).Is(204);
        Assert.Empty((await _server.Get(Alice, $"{Org}/users/{user}/roles")).Value);
    }

    [Fact]
    public async Task Only_an_operator_makes_operators_and_the_last_administrator_stays() // B11
    {
        var user = await NewUser();
        (await _server.Post(Alice, $"{Org}/users/{user}/roles", new JsonObject { ["role"] = "Operator" })).Is(403);
        var alice = (string)(await _server.Get(Alice, "/admin/me")).Json["id"]!;
        (await _server.Send(Alice, HttpMethod.Delete, $"{Org}/users/{alice}", null)).Is(409);
        (await _server.Patch(Alice, $"{Org}/users/{alice}", new JsonObject { ["isEnabled"] = false })).Is(409);
        var role = (await _server.Get(Alice, $"{Org}/users/{alice}/roles")).Value.Single(r => (string?)r["role"] == "Account admin")["id"];
        (await _server.Send(Alice, HttpMethod.Delete, $"{Org}/users/{alice}/roles/{role}", null)).Is(409);
    }

    [Fact]
    public async Task Of_administrators_who_send_each_other_away_one_stays() // B11
    {
        var organization = (string)(await _server.Post(Sam, "/admin/organizations",
            new JsonObject { ["id"] = $"{Guid.NewGuid()}", ["name"] = "Of two" })).Is(201).Json["id"]!;
        var users = $"/admin/organizations/{organization}/users";
        for (var round = 0; round < 5; round++)
        {
            var two = new List<string>();
            foreach (var email in new[] { $"{Guid.NewGuid():N}@two.example", $"{Guid.NewGuid():N}@two.example" })
            {
                two.Add((await _server.Post(Sam, users, new JsonObject { ["email"] = email, ["name"] = email })).Is(201).Id);
                (await _server.Post(Sam, $"{users}/{two[^1]}/roles", new JsonObject { ["role"] = "Account admin" })).Is(201);
            }

            // Those of the round before leave first.
            foreach (var earlier in (await _server.Get(Sam, users)).Value.Where(u => (bool)u["isEnabled"]! && !two.Contains((string)u["id"]!)))
                (await _server.Send(Sam, HttpMethod.Delete, $"{users}/{earlier["id"]}", null)).Is(204);
            var answers = await Task.WhenAll(two.Select(user => _server.Send(Sam, HttpMethod.Delete, $"{users}/{user}", null)));
            Assert.Equal([204, 409], answers.Select(a => a.Status).Order());
            Assert.Single((await _server.Get(Sam, users)).Value, u => (bool)u["isEnabled"]!);
        }
    }

    [Fact]
    public async Task A_disabled_user_is_gone_at_once_and_his_name_stays_in_the_history()
    {
        var email = $"{Guid.NewGuid():N}@contoso.example";
        var user = await NewUser(email);
        (await _server.Post(Alice, $"{Org}/users/{user}/roles", new JsonObject { ["role"] = "Referrals user" })).Is(201);
        var deal = (await _server.Post(email, Api, Bodies.Minimum())).Is(201);
        (await _server.Send(Alice, HttpMethod.Delete, $"{Org}/users/{user}", null)).Is(204);
        (await _server.Get(email, Api)).Refuses(401);
        Assert.Equal("Somebody", (string?)(await _server.Get(Alice, $"{Api}/{deal.Id}/history")).Value[0]["changedBy"]!["name"]);
        Assert.False((bool)(await _server.Get(Alice, $"{Org}/users/{user}")).Json["isEnabled"]!);
    }

    [Fact]
    public async Task Everybody_sets_his_own_password()
    {
        var email = $"{Guid.NewGuid():N}@contoso.example";
        var user = await NewUser(email);
        (await _server.Send(email, HttpMethod.Put, $"{Org}/users/{user}/password", """{"password":"a new password"}""")).Is(204);
        (await _server.Send(email, HttpMethod.Put, $"{Org}/users/{user}/password", """{"password":"short"}""")).Is(400);
        using var form = new FormUrlEncodedContent([new("grant_type", "password"), new("client_id", "any"), new("username", email), new("password", "a new password")]);
        using var answer = await _server.Http.PostAsync(new Uri("/oauth2/token", UriKind.Relative), form, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData("""{"emial":"a@b.c"}""", "emial", "did you mean email?")]
    [InlineData("""{"email":"nobody","name":""}""", "email", "one @")]
    [InlineData("""{"name":"x"}""", "email", "required")]
    [InlineData("""{"email":5,"name":"x"}""", "email", "wrong type")]
    [InlineData("""{"email":"a@b.c","name":"\u0000"}""", "name", "control character")]
    [InlineData("""[]""", "body", "JSON object")]
    [InlineData("""{""", "body", "not valid JSON")]
    [InlineData("""{"email":"alice@contoso.example","name":"Second Alice"}""", "email", "already")]
    public async Task Bad_input_gets_a_problem_that_names_it(string body, string target, string says) // R105
    {
        var reply = await _server.Send(Alice, HttpMethod.Post, $"{Org}/users", body);
        Assert.InRange(reply.Status, 400, 409);
        Assert.Equal("application/problem+json", reply.Headers["Content-Type"]);
        Assert.Equal(reply.Status, (int)reply.Json["status"]!);
        Assert.Equal(target, (string?)reply.Json["errors"]![0]!["target"]);
        Assert.Contains(says, (string)reply.Json["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Locations_and_solutions_belong_to_one_organization()
    {
        (await _server.Send(Alice, HttpMethod.Put, $"{Org}/locations/{FabrikamLocation}", """{"name":"Mine"}""")).Is(409);
        (await _server.Send(Alice, HttpMethod.Put, $"{Org}/solutions/SOL-51000-FAB", """{"name":"Mine"}""")).Is(409);
        (await _server.Send(Alice, HttpMethod.Put, $"{Org}/solutions/SOL-77777-NEW", """{"name":"New"}""")).Is(200);
        (await _server.Send(Alice, HttpMethod.Put, $"{Org}/solutions/SOL-77777-NEW", """{"name":"Renamed"}""")).Is(200);
        Assert.Contains((await _server.Get(Alice, $"{Org}/solutions")).Value, s => (string?)s["name"] == "Renamed");
        (await _server.Send(Alice, HttpMethod.Delete, $"{Org}/solutions/SOL-77777-NEW", null)).Is(204);
        (await _server.Send(Alice, HttpMethod.Delete, $"{Org}/solutions/SOL-77777-NEW", null)).Is(404);
    }

    [Fact]
    public async Task A_repeated_post_adds_one_user() // R13
    {
        var body = new JsonObject { ["email"] = $"{Guid.NewGuid():N}@contoso.example", ["name"] = "Once" };
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _server.Post(Alice, $"{Org}/users", body.DeepClone(), key)));
        Assert.Single(replies.Select(r => (string)r.Is(201).Json["id"]!).Distinct());
        (await _server.Post(Alice, $"{Org}/users", new JsonObject { ["email"] = "other@contoso.example", ["name"] = "Other" }, key)).Is(409);
    }

    [Fact]
    public async Task Long_lists_come_in_pages()
    {
        await using var server = await Start();
        for (var i = 0; i < 105; i++)
            (await server.Post(Alice, $"{Org}/users", new JsonObject { ["email"] = $"p{i:000}@contoso.example", ["name"] = $"P{i}" })).Is(201);
        var first = await server.Get(Alice, $"{Org}/users");
        Assert.Equal(100, first.Value.Count);
        var second = await server.Get(Alice, (string)first.Json["next"]!);
        Assert.Equal(8, second.Value.Count);
        Assert.False(second.Json.AsObject().ContainsKey("next"));
        Assert.Equal(108, first.Value.Concat(second.Value).Select(u => (string)u["id"]!).Distinct().Count());
    }

    private async Task<string> NewUser(string? email = null) => (string)(await _server.Post(Alice, $"{Org}/users",
        new JsonObject { ["email"] = email ?? $"{Guid.NewGuid():N}@contoso.example", ["name"] = "Somebody" })).Is(201).Json["id"]!;
}

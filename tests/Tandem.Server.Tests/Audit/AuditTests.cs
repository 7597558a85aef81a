using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Client;
using Tandem.Contracts.Organizations;
using Tandem.Server.Audit;
using Tandem.Server.Storage;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Audit;

/// <summary>Who changed what in the administration; each test has a server of its own, since it reads all there is.</summary>
public sealed class AuditTests : IAsyncLifetime
{
    private const string Org = $"/admin/organizations/{Contoso}";
    private const string Audit = $"{Org}/audit";

    private TandemServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await Start();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Every_kind_of_change_is_told_with_who_and_what()
    {
        Assert.Empty((await _server.Get(Alice, Audit)).Is(200).Value);
        var user = (await _server.Post(Alice, $"{Org}/users", new JsonObject { ["email"] = "zoe@contoso.example", ["name"] = "Zoe", ["password"] = "first secret" })).Is(201).Id;
        Assert.Equal(["Password Changed Zoe: ", "Person Added Zoe: name=>Zoe email=>zoe@contoso.example isEnabled=>true"], await News(2));
        var role = (await _server.Post(Alice, $"{Org}/users/{user}/roles", new JsonObject { ["role"] = "Referral Admin", ["mpnId"] = "42" })).Is(201).Id;
        Assert.Equal(["Role Added Zoe: role=>Referrals admin mpnId=>42"], await News(1));
        (await _server.Patch(Alice, $"{Org}/users/{user}", new JsonObject { ["name"] = "Zoe Z", ["password"] = "second secret" })).Is(200);
        Assert.Equal(["Password Changed Zoe Z: ", "Person Changed Zoe Z: name=Zoe>Zoe Z"], await News(2));
        (await _server.Send(Alice, HttpMethod.Put, $"{Org}/users/{user}/password", """{"password":"third secret"}""")).Is(204);
        Assert.Equal(["Password Changed Zoe Z: "], await News(1));
        (await _server.Send(Alice, HttpMethod.Delete, $"{Org}/users/{user}/roles/{role}", null)).Is(204);
        Assert.Equal(["Role Removed Zoe Z: role=Referrals admin> mpnId=42>"], await News(1));
        (await _server.Send(Alice, HttpMethod.Delete, $"{Org}/users/{user}", null)).Is(204);
        Assert.Equal(["Person Changed Zoe Z: isEnabled=true>false"], await News(1));

        (await _server.Patch(Alice, Org, new JsonObject { ["name"] = "Contoso Ltd.", ["primaryMpnId"] = "7" })).Is(200);
        Assert.Equal(["Organization Changed Contoso Ltd.: name=Contoso Company>Contoso Ltd. primaryMpnId=>7"], await News(1));
        (await _server.Send(Alice, HttpMethod.Put, $"{Org}/locations/ankara", """{"name":"Ankara","mpnId":"8"}""")).Is(200);
        (await _server.Send(Alice, HttpMethod.Put, $"{Org}/locations/ankara", """{"name":"Ankara"}""")).Is(200);
        (await _server.Send(Alice, HttpMethod.Delete, $"{Org}/locations/ankara", null)).Is(204);
        Assert.Equal(["Location Removed Ankara: name=Ankara>", "Location Changed Ankara: mpnId=8>", "Location Added Ankara: name=>Ankara mpnId=>8"], await News(3));
        (await _server.Send(Alice, HttpMethod.Put, $"{Org}/solutions/SOL-1", """{"name":"One"}""")).Is(200);
        Assert.Equal(["Solution Added One: name=>One"], await News(1));
        var tenant = Guid.NewGuid().ToString();
        (await _server.Send(Sam, HttpMethod.Put, $"{Org}/tenants/{tenant}", "{}")).Is(204);
        Assert.Equal([$"Tenant Added {tenant}: "], await News(1));
        Assert.Equal("Sam Sato", (string?)(await _server.Get(Alice, Audit)).Value[0]["changedBy"]!["name"]);
        var rule = (await _server.Post(Alice, $"{Org}/routing", new JsonObject { ["solutionId"] = "SOL-1", ["mpnId"] = "7" })).Is(201).Id;
        (await _server.Patch(Alice, $"{Org}/routing/{rule}", new JsonObject { ["country"] = "tr" })).Is(200);
        Assert.Equal(["Routing Changed SOL-1, TR: country=>TR", "Routing Added SOL-1, *: solutionId=>SOL-1 mpnId=>7"], await News(2));

        // What changes nothing, and what is refused, is no change.
        (await _server.Patch(Alice, Org, new JsonObject { ["name"] = "Contoso Ltd." })).Is(200);
        (await _server.Patch(Alice, Org, new JsonObject { ["name"] = "" })).Is(400);
        (await _server.Post(Bob, $"{Org}/users", new JsonObject { ["email"] = "x@contoso.example", ["name"] = "X" })).Is(403);
        Assert.Equal("Routing Changed SOL-1, TR: country=>TR", (await News(1))[0]);
        Assert.DoesNotContain("secret", (await _server.Get(Alice, Audit)).Text, StringComparison.Ordinal);
        Assert.All((await _server.Get(Alice, Audit)).Value, e => Assert.Contains((string)e["changedBy"]!["name"]!, new[] { "Alice Archer", "Sam Sato" }));
    }

    [Fact]
    public async Task Subscriptions_are_told_without_their_secrets()
    {
        var created = (await _server.Post(Alice, "/webhooks/v2/subscriptions",
            new JsonObject { ["url"] = "http://127.0.0.1:9/hook?code=hush", ["events"] = new JsonArray("referral-created") })).Is(201);
        var path = $"/webhooks/v2/subscriptions/{created.Id}";
        (await _server.Patch(Alice, path, new JsonObject { ["url"] = "http://127.0.0.1:9/hook?code=other" })).Is(200);
        (await _server.Post(Alice, $"{path}/rotate", null)).Is(200);
        (await _server.Post(Alice, $"{path}/pause", null)).Is(200);
        (await _server.Post(Alice, $"{path}/resume", null)).Is(200);
        (await _server.Send(Alice, HttpMethod.Delete, path, null)).Is(204);
        const string Hook = "http://127.0.0.1:9/hook";
        Assert.Equal(
            [
                $"Subscription Removed {Hook}: url={Hook}> events=referral-created> state=Active>",
                $"Subscription Changed {Hook}: state=Paused>Active",
                $"Subscription Changed {Hook}: state=Active>Paused",
                $"Subscription Changed {Hook}: secret=>",
                $"Subscription Changed {Hook}: url=>",
                $"Subscription Added {Hook}: url=>{Hook} events=>referral-created state=>Active",
            ],
            await News(6));

        (await _server.Send(Alice, HttpMethod.Put, "/webhooks/v1/registration",
            """{"WebhookUrl":"http://127.0.0.1:9/partner","WebhookEvents":["referral-created"]}""")).Is(200);
        (await _server.Send(Alice, HttpMethod.Delete, "/webhooks/v1/registration", null)).Is(204);
        Assert.Equal(["Removed", "Added"], (await _server.Get(Alice, Audit)).Value.Take(2).Select(e => (string)e["action"]!));
        var text = (await _server.Get(Alice, Audit)).Text;
        Assert.DoesNotContain("hush", text, StringComparison.Ordinal);
        Assert.DoesNotContain((string)created.Json["secret"]!, text, StringComparison.Ordinal);
        // Of each organization its own.
        Assert.Empty((await _server.Get(Carol, $"/admin/organizations/{Fabrikam}/audit")).Is(200).Value);
    }

    [Fact]
    public async Task A_new_signing_key_is_told_where_its_operator_belongs()
    {
        var key = (await _server.Post(Sam, "/webhooks/v2/keys/rotate", null)).Is(200);
        var thumbprint = (string)key.Json["thumbprint"]!;
        var told = Assert.Single((await _server.Get(Sam, "/admin/organizations/msft/audit?kind=SigningKey")).Is(200).Value);
        Assert.Equal(("Added", thumbprint, "Sam Sato"), ((string)told["action"]!, (string)told["target"]!, (string)told["changedBy"]!["name"]!));
        Assert.Empty((await _server.Get(Alice, Audit)).Is(200).Value);
        (await _server.Post(Alice, "/webhooks/v2/keys/rotate", null)).Is(403);
        Assert.Single((await _server.Get(Sam, "/admin/organizations/msft/audit")).Is(200).Value);
    }

    [Fact]
    public async Task What_is_older_than_the_installation_keeps_is_forgotten_and_the_rest_stays()
    {
        const int Old = 1100;
        var clock = At("2026-03-01T00:00:00Z");
        await using var server = await Start(clock, settings: [("Tandem:Audit:KeepTime", "20.00:00:00")]);
        var author = new AdminAuthor(Guid.NewGuid(), "Somebody", null, clock.GetUtcNow());
        await server.Services.GetRequiredService<HotDatabase>().Write(async (session, cancellation) =>
        {
            for (var i = 0; i < Old; i++)
                await AdminChange.Of(author, Contoso, AuditKind.Solution, AuditAction.Added, $"{i}", $"{i}", []).Write(session, cancellation);
            return true;
        }, Cancellation);
        clock.Advance(TimeSpan.FromDays(10));
        (await server.Send(Alice, HttpMethod.Put, $"{Org}/solutions/SOL-1", """{"name":"One"}""")).Is(200);
        Assert.Equal(Old + 1L, await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM admin_changes"));
        clock.Advance(TimeSpan.FromDays(11));
        for (var tries = 0; await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM admin_changes") is not 1L; tries++)
        {
            // The next look may be an hour away.
            Assert.True(tries < 150, "What is old stays.");
            clock.Advance(TimeSpan.FromHours(1));
            await Task.Delay(50, Cancellation);
        }

        Assert.Equal("SOL-1", (string)(await server.Get(Alice, Audit)).Value.Single()["targetId"]!);
    }

    [Fact]
    public async Task A_change_says_through_which_client_it_came()
    {
        using var form = new FormUrlEncodedContent([
            new("grant_type", "password"), new("client_id", "crm-connector"), new("username", Alice), new("password", "Passw0rd!"),
            new("scope", "https://api.partner.microsoft.com/.default")]);
        using var answer = await _server.Http.PostAsync(new Uri("/organizations/oauth2/v2.0/token", UriKind.Relative), form, Cancellation);
        var token = (string)(await answer.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!["access_token"]!;
        (await _server.Send(token, HttpMethod.Put, $"{Org}/solutions/SOL-1", """{"name":"One"}""")).Is(200);
        (await _server.Send(Alice, HttpMethod.Put, $"{Org}/solutions/SOL-2", """{"name":"Two"}""")).Is(200);
        Assert.Equal([null, "crm-connector"], (await _server.Get(Alice, Audit)).Value.Select(e => (string?)e["clientId"]));
    }

    [Fact]
    public async Task The_list_is_filtered_and_paged_by_key()
    {
        const int Many = 60;
        var (alice, sam) = (As(Alice), As(Sam));
        for (var i = 0; i < Many; i++)
            await alice.PutSolutionAsync(Contoso, $"SOL-{i:00}", new ProfileDraft { Name = $"S{i}" }, Cancellation);
        await sam.PutLocationAsync(Contoso, "ankara", new ProfileDraft { Name = "Ankara" }, Cancellation);

        var first = await alice.ListAuditPageAsync(Contoso, cancellation: Cancellation);
        Assert.Equal(50, first.Value.Count);
        // What comes meanwhile does not move what is read.
        await alice.PutSolutionAsync(Contoso, "SOL-99", new ProfileDraft { Name = "S99" }, Cancellation);
        var second = await alice.ListAuditPageAsync(Contoso, null, first.Value[^1].Sequence, Cancellation);
        Assert.Equal(Many + 1 - 50, second.Value.Count);
        Assert.Null(second.Next);
        Assert.Equal(Many + 2, await alice.ListAuditAsync(Contoso, cancellation: Cancellation).Select(e => e.Sequence).Distinct().CountAsync(Cancellation));
        Assert.Equal(Many + 1, await alice.ListAuditAsync(Contoso, new AuditQuery { Kind = AuditKind.Solution }, Cancellation).CountAsync(Cancellation));

        var operatorId = (await sam.MeAsync(Cancellation)).Id;
        var bySam = Assert.Single(await alice.ListAuditAsync(Contoso, new AuditQuery { By = operatorId }, Cancellation).ToListAsync(Cancellation));
        Assert.Equal(("Ankara", AuditKind.Location, AuditAction.Added), (bySam.Target, bySam.Kind, bySam.Action));
        var day = DateOnly.FromDateTime(bySam.ChangedDateTime.UtcDateTime);
        Assert.Single(await alice.ListAuditAsync(Contoso, new AuditQuery { By = operatorId, From = day, To = day }, Cancellation).ToListAsync(Cancellation));
        Assert.Empty(await alice.ListAuditAsync(Contoso, new AuditQuery { From = day.AddDays(2) }, Cancellation).ToListAsync(Cancellation));
        Assert.Empty(await alice.ListAuditAsync(Contoso, new AuditQuery { To = day.AddDays(-1) }, Cancellation).ToListAsync(Cancellation));
    }

    [Theory]
    [InlineData("after=x", "after")]
    [InlineData("by=alice", "by")]
    [InlineData("kind=Deals", "kind")]
    [InlineData("kind=%2B1", "kind")]
    [InlineData("kind=Person,Role", "kind")]
    [InlineData("from=26.11.2026", "from")]
    [InlineData("to=0001-01-01", "to")]
    public async Task An_option_that_makes_no_sense_is_named(string option, string target)
    {
        var reply = (await _server.Get(Alice, $"{Audit}?{option}")).Is(400);
        Assert.Equal(target, (string?)reply.Json["errors"]![0]!["target"]);
    }

    [Fact]
    public async Task A_change_that_was_not_stored_is_not_told()
    {
        // The same person by two requests at a time: one is stored, and told once.
        var replies = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ =>
            _server.Post(Alice, $"{Org}/users", new JsonObject { ["email"] = "zoe@contoso.example", ["name"] = "Zoe" })));
        Assert.Single(replies, r => r.Status == 201);
        Assert.Single((await _server.Get(Alice, Audit)).Value);
    }

    private AdministrationClient As(string user) => new TandemClient(_server.Http, user).Administration;

    /// <summary>The newest entries, each as a line: kind, action, target, and its values as <c>property=before>after</c>.</summary>
    private async Task<IReadOnlyList<string>> News(int count) =>
    [
        .. (await _server.Get(Alice, Audit)).Is(200).Value.Take(count).Select(e => $"{e["kind"]} {e["action"]} {e["target"]}: "
            + string.Join(' ', e["values"]!.AsArray().Select(v => $"{v!["property"]}={v["before"]}>{v["after"]}"))),
    ];
}

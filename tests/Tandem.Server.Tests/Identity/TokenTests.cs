using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Identity;

/// <summary>Tokens: where they come from and what opens the API.</summary>
public sealed class TokenTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Password = "Passw0rd!";
    private const string Audience = "https://api.partner.microsoft.com";
    private readonly TandemServer _server = fixture.Server;

    [Theory] // R10, R11
    [InlineData("/common/oauth2/v2.0/token")]
    [InlineData("/organizations/oauth2/v2.0/token")]
    [InlineData($"/{Contoso}/oauth2/v2.0/token")]
    [InlineData("/contoso.example/oauth2/v2.0/token")]
    [InlineData("/oauth2/v2.0/token")]
    public async Task A_password_opens_the_api_at_every_address_of_the_issuer(string path)
    {
        var answer = await Token(_server, path, ("grant_type", "password"), ("client_id", "any"), ("username", Alice), ("password", Password), ("scope", $"{Audience}/.default offline_access"));
        Assert.Equal("Bearer", (string?)answer.Is(200).Json["token_type"]);
        Assert.InRange((int)answer.Json["expires_in"]!, 3590, 3600);
        (await _server.Get(Access(answer), Api)).Is(200);
        Assert.Equal("Alice Archer", (string?)(await _server.Get(Access(answer), "/admin/me")).Json["name"]);
    }

    [Fact]
    public async Task Version_one_answers_numbers_as_texts_and_names_the_resource() // R10
    {
        var answer = (await Token(_server, "/common/oauth2/token", ("grant_type", "password"), ("client_id", "any"), ("client_secret", "whatever"),
            ("username", Alice), ("password", Password), ("resource", Audience), ("scope", "openid"))).Is(200);
        foreach (var name in new[] { "expires_in", "ext_expires_in", "expires_on", "not_before" })
            Assert.True(answer.Json[name]!.GetValueKind() == System.Text.Json.JsonValueKind.String && long.TryParse((string?)answer.Json[name], out _), name);
        Assert.Equal(Audience, (string?)answer.Json["resource"]);
        Assert.NotNull(answer.Json["refresh_token"]);
        Assert.NotNull(answer.Json["id_token"]);
        var claims = Claims(Access(answer));
        Assert.Equal(Audience, (string?)claims["aud"]);
        Assert.Equal(Contoso, (string?)claims["tid"]);
        Assert.Equal(Alice, (string?)claims["upn"]);
        (await _server.Get(Access(answer), Api)).Is(200);
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_user_are_told_the_same()
    {
        var wrong = await Token(_server, "/oauth2/v2.0/token", ("grant_type", "password"), ("client_id", "any"), ("username", Alice), ("password", "no"));
        var unknown = await Token(_server, "/oauth2/v2.0/token", ("grant_type", "password"), ("client_id", "any"), ("username", "x@y.z"), ("password", "no"));
        Assert.Equal("invalid_grant", (string?)wrong.Is(400).Json["error"]);
        Assert.Equal(wrong.Text, unknown.Is(400).Text);
    }

    [Fact]
    public async Task An_application_alone_is_refused_by_the_emulator() // R9, B10
    {
        var answer = (await Token(_server, $"/{Contoso}/oauth2/v2.0/token", ("grant_type", "client_credentials"), ("client_id", "app"), ("client_secret", "s"), ("scope", $"{Audience}/.default"))).Is(200);
        (await _server.Get(Access(answer), Api)).Refuses(403, "roleRequired");
        (await _server.Post(Alice, $"/admin/organizations/{Contoso}/clients", new JsonObject { ["name"] = "x" })).Is(409);
    }

    [Theory] // R8, R10
    [InlineData("https://api.partner.microsoft.com", 200)]
    [InlineData("https://api.partner.microsoft.com/", 200)]
    [InlineData("https://api.partnercenter.microsoft.com", 200)]
    [InlineData("fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", 200)]
    [InlineData("https://127.0.0.1", 200)]
    [InlineData("http://127.0.0.1:1234/", 200)]
    [InlineData("https://extra.example", 200)]
    [InlineData("https://graph.microsoft.com", 401)]
    [InlineData("https://127.0.0.1.evil.example", 401)]
    [InlineData("00000003-0000-0000-c000-000000000000", 401)]
    public async Task A_token_must_be_meant_for_this_api(string resource, int status)
    {
        await using var server = await Start(settings: ("Tandem:Identity:Audiences:0", "https://extra.example"));
        var answer = (await Token(server, "/common/oauth2/token", ("grant_type", "password"), ("client_id", "any"), ("username", Alice), ("password", Password), ("resource", resource))).Is(200);
        (await server.Get(Access(answer), Api)).Is(status);
    }

    [Fact]
    public async Task Tokens_expire_and_altered_ones_never_open() // R8
    {
        await using var server = await Start(At("2026-03-01T10:00:00Z"));
        var token = Access(await SignIn(server, Alice));
        (await server.Get(token, Api)).Is(200);
        (await server.Get(token[..^4] + "AAAA", Api)).Refuses(401);
        var parts = token.Split('.');
        (await server.Get($"{parts[0]}.{parts[1]}.", Api)).Refuses(401);
        server.Clock.Advance(TimeSpan.FromMinutes(59));
        (await server.Get(token, Api)).Is(200);
        server.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Contains("expired", (await server.Get(token, Api)).Refuses(401).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refresh_token_works_once_and_keeps_the_session_alive()
    {
        var first = await SignIn(_server, Alice);
        var second = (await Refresh(first)).Is(200);
        (await _server.Get(Access(second), Api)).Is(200);
        Assert.Equal("invalid_grant", (string?)(await Refresh(first)).Is(400).Json["error"]);

        Task<Reply> Refresh(Reply with) => Token(_server, "/common/oauth2/token", ("grant_type", "refresh_token"), ("client_id", "any"), ("refresh_token", (string)with.Json["refresh_token"]!));
    }

    [Fact]
    public async Task A_revoked_token_opens_nothing_any_more()
    {
        var token = Access(await SignIn(_server, Alice));
        (await _server.Get(token, Api)).Is(200);
        (await Token(_server, "/common/oauth2/v2.0/revoke", ("token", token), ("client_id", "any"))).Is(200);
        (await _server.Get(token, Api)).Refuses(401);
    }

    [Fact]
    public async Task Roles_count_at_once_for_tokens_that_are_out_already() // B5
    {
        await using var server = await Start();
        var bob = await SignIn(server, Bob);
        (await server.Get(Access(bob), Api)).Is(200);
        var id = (string)(await server.Get(Access(bob), "/admin/me")).Json["id"]!;
        var roles = $"/admin/organizations/{Contoso}/users/{id}/roles";
        (await server.Send(Alice, HttpMethod.Delete, $"{roles}/{(await server.Get(Alice, roles)).Json["value"]![0]!["id"]}", null)).Is(204);
        (await server.Get(Access(bob), Api)).Refuses(403, "roleRequired");
        (await server.Send(Alice, HttpMethod.Delete, $"/admin/organizations/{Contoso}/users/{id}", null)).Is(204);
        (await server.Get(Access(bob), Api)).Refuses(401);
    }

    [Fact]
    public async Task Tokens_survive_a_restart()
    {
        var data = Directory.CreateTempSubdirectory("tandem-").FullName;
        string token;
        await using (var server = await Start(data: data))
            token = Access(await SignIn(server, Alice));
        await using (var server = await Start(data: data))
            (await server.Get(token, Api)).Is(200);
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task A_client_that_asks_too_often_is_slowed_down()
    {
        await using var server = await Start(settings: ("Tandem:Identity:TokenRequestsPerMinute", "3"));
        for (var i = 0; i < 3; i++)
            await SignIn(server, Alice);
        var reply = await Token(server, "/oauth2/token", ("grant_type", "password"), ("client_id", "any"), ("username", Alice), ("password", Password));
        Assert.InRange(int.Parse(reply.Is(429).Headers["Retry-After"], null), 1, 60);
        (await Token(server, "/oauth2/token", ("grant_type", "password"), ("client_id", "another"), ("username", Alice), ("password", Password))).Is(200);
    }

    [Fact]
    public async Task An_external_provider_s_tokens_are_accepted_by_configuration() // R8, R10
    {
        // A second Tandem, another process with another key, is the provider.
        var folder = Directory.CreateTempSubdirectory("tandem-issuer-").FullName;
        using (var issuer = await ServerProcess.Start(folder))
        {
            await using var server = await Start(settings: [("Tandem:Identity:Authority", $"{issuer.Address}/common")]);
            await using var deaf = await Start();
            using var http = new HttpClient { BaseAddress = new Uri(issuer.Address) };
            var token = Access(await Token(http, "/common/oauth2/token", ("grant_type", "password"), ("client_id", "any"), ("username", Alice), ("password", Password), ("resource", Audience)));
            Assert.Equal("Alice Archer", (string?)(await server.Get(token, "/admin/me")).Is(200).Json["name"]);
            (await server.Get(token, Api)).Is(200);
            (await deaf.Get(token, Api)).Refuses(401);
            // The embedded issuer goes on working beside it.
            (await server.Get(Access(await SignIn(server, Alice)), Api)).Is(200);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task In_exchange_mode_an_address_is_no_token_and_service_clients_have_a_role() // R9, B10
    {
        var data = Directory.CreateTempSubdirectory("tandem-").FullName;
        (string, string)[] exchange = [("Tandem:Mode", "Exchange"), ("Tandem:Identity:Clients:0:Id", "desk"), ("Tandem:Identity:Clients:0:RedirectUris:0", "http://localhost/back")];
        // Seeded by the emulator, then run as an exchange.
        await using (await Start(data: data))
        {
        }

        await using (var server = await Start(null, data, exchange))
        {
            (await server.Get(Alice, Api)).Refuses(401);
            (await Token(server, "/oauth2/v2.0/token", ("grant_type", "password"), ("client_id", "unknown"), ("username", Alice), ("password", Password))).Is(401);
            var alice = Access((await Token(server, "/oauth2/v2.0/token", ("grant_type", "password"), ("client_id", "desk"), ("username", Alice), ("password", Password))).Is(200));
            (await server.Get(alice, Api)).Is(200);

            var client = (await server.Post(alice, $"/admin/organizations/{Contoso}/clients", new JsonObject { ["name"] = "Nightly sync", ["role"] = "Referrals admin" })).Is(201);
            (string, string)[] ask = [("grant_type", "client_credentials"), ("client_id", (string)client.Json["id"]!), ("scope", $"{Audience}/.default")];
            (await Token(server, $"/{Contoso}/oauth2/v2.0/token", [.. ask, ("client_secret", "wrong")])).Is(401);
            var app = Access((await Token(server, $"/{Contoso}/oauth2/v2.0/token", [.. ask, ("client_secret", (string)client.Json["secret"]!)])).Is(200));
            var deal = (await server.Post(app, Api, Bodies.Minimum())).Is(201);
            Assert.Equal(Contoso, (string?)deal.Json["organizationId"]);
            Assert.DoesNotContain("secret", (await server.Get(alice, $"/admin/organizations/{Contoso}/clients")).Text, StringComparison.Ordinal);
            (await server.Send(alice, HttpMethod.Delete, $"/admin/organizations/{Contoso}/clients/{client.Json["id"]}", null)).Is(204);
            (await server.Get(app, Api)).Refuses(403);
        }

        Directory.Delete(data, recursive: true);
    }

    private static Task<Reply> SignIn(TandemServer server, string user) =>
        Token(server, "/common/oauth2/token", ("grant_type", "password"), ("client_id", "any"), ("username", user), ("password", Password), ("resource", Audience));

    private static Task<Reply> Token(TandemServer server, string path, params (string Name, string Value)[] form) => Token(server.Http, path, form);

    private static async Task<Reply> Token(HttpClient http, string path, params (string Name, string Value)[] form)
    {
        using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var response = await http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        return new Reply((int)response.StatusCode, response.Headers.ToDictionary(h => h.Key, h => string.Join(",", h.Value), StringComparer.OrdinalIgnoreCase),
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static string Access(Reply reply) => (string)reply.Is(200).Json["access_token"]!;

    private static JsonNode Claims(string token)
    {
        var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
        return JsonNode.Parse(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '=')))!;
    }
}

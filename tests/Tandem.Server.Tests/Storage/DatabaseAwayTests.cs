using System.Diagnostics;
using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Storage;

/// <summary>PostgreSQL goes and comes back under a running server. A SQLite file has no such life of its own.</summary>
public sealed class DatabaseAwayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("fast")]
    [InlineData("immediate")]
    public async Task While_the_database_is_away_everything_answers_503_and_afterwards_all_is_well(string mode)
    {
        if (!TestDatabase.IsPostgres)
            return;
        await using var postgres = await PrivatePostgres.Start();
        await using var server = await On(postgres);
        var deal = await server.Own();
        (string, string) key = ("Idempotency-Key", "once");
        var token = (string)(await SignIn(server)).Json["access_token"]!;

        await postgres.Stop(mode);
        Unavailable(await server.Get(Alice, $"{Api}/{deal.Id}"));
        Unavailable(await server.Get(Alice, Api));
        Unavailable(await server.Get(Alice, $"{Api}/{deal.Id}/history"));
        Unavailable(await server.Post(Alice, Api, Bodies.Minimum(), key));
        Unavailable(await server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "Away")), ("If-Match", deal.ETag)));
        Unavailable(await server.Put(Alice, $"{Api}/{deal.Id}", new JsonObject { ["name"] = "Away" }));
        var added = await server.Post(Alice, $"/admin/organizations/{Contoso}/users", User);
        Assert.Equal("application/problem+json", added.Is(503).Headers["Content-Type"]);
        Assert.True(added.Headers.ContainsKey("Retry-After"));
        var unsigned = (await SignIn(server)).Is(503);
        Assert.Equal("temporarily_unavailable", (string)unsigned.Json["error"]!);
        Assert.True(unsigned.Headers.ContainsKey("Retry-After"));
        (await server.Get("", "/readyz")).Is(503);
        (await server.Get("", "/healthz")).Is(200);

        await postgres.StartAgain();
        await Ready(server);
        (await server.Get(token, $"{Api}/{deal.Id}")).Is(200);
        (await SignIn(server)).Is(200);
        var created = (await server.Post(Alice, Api, Bodies.Minimum(), key)).Is(201);
        Assert.Equal(created.Id, (await server.Post(Alice, Api, Bodies.Minimum(), key)).Is(201).Id);
        (await server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "Back")), ("If-Match", deal.ETag))).Is(204);
        (await server.Post(Alice, $"/admin/organizations/{Contoso}/users", User)).Is(201);
    }

    [Fact]
    public async Task A_restart_between_two_requests_is_not_noticed_by_a_read()
    {
        if (!TestDatabase.IsPostgres)
            return;
        await using var postgres = await PrivatePostgres.Start();
        await using var server = await On(postgres);
        var deal = await server.Own();
        for (var i = 0; i < 3; i++)
        {
            await postgres.Stop("fast");
            await postgres.StartAgain();
            (await server.Get(Alice, $"{Api}/{deal.Id}")).Is(200);
            (await server.Get(Alice, Api)).Is(200);
        }
    }

    [Fact]
    public async Task A_write_without_an_answer_may_be_stored_and_the_same_request_again_stores_it_once() // R13, R82
    {
        if (!TestDatabase.IsPostgres)
            return;
        await using var postgres = await PrivatePostgres.Start();
        await using var server = await On(postgres);
        var deal = await server.Own();
        (string, string) key = ("Idempotency-Key", "once");
        var rename = Bodies.Replace(("/name", "Once"));

        // The commit waits for a standby that never comes, and the primary dies while it waits.
        await postgres.Stop("fast");
        await postgres.StartAgain(standby: "nobody");
        await Ready(server);
        var waiting = server.Patch(Alice, $"{Api}/{deal.Id}", rename, ("If-Match", deal.ETag));
        Unavailable(await server.Post(Alice, Api, Bodies.Minimum(), key), "outcomeUnknown");
        Unavailable(await waiting, "outcomeUnknown");
        Assert.Contains("may be stored or not", (await server.Post(Alice, $"/admin/organizations/{Contoso}/users", User)).Is(503).Text, StringComparison.Ordinal);
        await postgres.Stop("immediate");
        await postgres.StartAgain();
        await Ready(server);

        (await server.Patch(Alice, $"{Api}/{deal.Id}", rename, ("If-Match", deal.ETag))).Refuses(412, "resourceModified");
        Assert.Equal("Once", (string)(await server.Get(Alice, $"{Api}/{deal.Id}")).Json["name"]!);
        (await server.Post(Alice, Api, Bodies.Minimum(), key)).Is(201);
        Assert.Equal(2, (await server.Get(Alice, Api)).Is(200).Value.Count);
    }

    [Fact]
    public async Task Nodes_that_start_together_on_an_empty_server_share_one_seed()
    {
        if (!TestDatabase.IsPostgres)
            return;
        var database = $"together-{Guid.NewGuid():N}";
        var nodes = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
            Start(settings:
            [
                ("ConnectionStrings:Tandem", $"{TestDatabase.Postgres};Database={database};Maximum Pool Size=20"),
                ("Logging:LogLevel:Microsoft.EntityFrameworkCore", "None"),
            ]))));
        var deal = await nodes[0].Own();
        foreach (var node in nodes)
        {
            (await node.Get(Alice, $"{Api}/{deal.Id}")).Is(200);
            await node.DisposeAsync();
        }
    }

    private static JsonObject User => new() { ["email"] = "nora@contoso.example", ["name"] = "Nora New" };

    // What the server logs meanwhile is as it should be, and would only hide what tests report.
    private static Task<TandemServer> On(PrivatePostgres postgres) => TandemServer.Start(settings:
    [
        ("ConnectionStrings:Tandem", $"{postgres.Connection};Command Timeout=2"),
        ("Logging:LogLevel:Default", "None"), ("Logging:LogLevel:Microsoft.EntityFrameworkCore", "None"),
    ]);

    private static void Unavailable(Reply reply, string? innerCode = null)
    {
        reply.Refuses(503, innerCode);
        Assert.True(int.Parse(reply.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture) > 0);
        if (innerCode is null)
            Assert.Null(reply.InnerCode);
    }

    private static async Task<Reply> SignIn(TandemServer server)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "password",
            ["client_id"] = "c",
            ["scope"] = "openid offline_access",
            ["username"] = Alice,
            ["password"] = "Passw0rd!",
        });
        using var answer = await server.Http.PostAsync(
            new Uri("/common/oauth2/v2.0/token", UriKind.Relative), form, TestContext.Current.CancellationToken);
        return new Reply((int)answer.StatusCode, answer.Headers.ToDictionary(h => h.Key, h => string.Join(",", h.Value)),
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static async Task Ready(TandemServer server)
    {
        for (var waited = Stopwatch.StartNew(); (await server.Get("", "/readyz")).Status != 200;)
        {
            Assert.True(waited.Elapsed < Patience, "The server has not noticed that its database is back.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}

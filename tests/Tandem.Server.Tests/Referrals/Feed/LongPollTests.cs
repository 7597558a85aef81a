using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Server.Storage;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals.Feed;

/// <summary><c>Prefer: wait</c> on a delta link.</summary>
public sealed class LongPollTests
{
    private static readonly (string, string) Wait = ("Prefer", "wait=60");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_there_already_is_answered_at_once()
    {
        await using var server = await Start();
        var reader = await DeltaReader.Start(server, Alice);
        var deal = await server.Own();
        var page = await reader.Page(server, ("Prefer", "wait=3600"));
        Assert.Equal(deal.Id, (string?)Assert.Single(page.Value)["id"]);
        Assert.Equal("wait=60", page.Headers["Preference-Applied"]);
    }

    [Fact]
    public async Task Who_waits_is_woken_by_what_he_can_see_through_whichever_node_it_comes()
    {
        await using var first = await Start();
        // A SQLite file has one node.
        await using var second = TestDatabase.IsPostgres ? await Start(data: first.Data) : null;
        foreach (var writer in new[] { first, second ?? first })
        {
            var deal = await first.Own();
            var (alice, bob) = (await DeltaReader.Start(first, Alice), await DeltaReader.Start(first, Bob));
            var (forAlice, forBob) = (alice.Round(first, Wait), bob.Round(first, Wait));
            await Waiting(first, 2);
            await writer.Own(Carol);
            (await writer.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "News")))).Is(204);
            Assert.Equal("News", (string?)Assert.Single(await forAlice)["name"]);
            Assert.False(forBob.IsCompleted);
            await writer.Team(deal.Id, Bob);
            Assert.Equal(deal.Id, (string?)Assert.Single(await forBob)["id"]);
            await Waiting(first, 0);
        }
    }

    [Fact]
    public async Task Another_partys_change_wakes_who_follows_the_engagement() // R57
    {
        await using var server = await Start();
        var (own, other) = await server.Shared(FabrikamLocation);
        var reader = await DeltaReader.Start(server, Alice, $"$filter=engagementId eq '{own.EngagementId}'");
        var waiting = reader.Round(server, Wait);
        await Waiting(server, 1);
        (await server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);
        Assert.Equal(other.Id, (string?)Assert.Single(await waiting)["id"]);
    }

    [Fact]
    public async Task When_the_time_is_over_an_empty_page_with_a_new_link_is_the_answer()
    {
        await using var server = await Start(At("2026-03-01T10:00:00Z"));
        var reader = await DeltaReader.Start(server, Alice);
        var before = reader.Link;
        var waiting = reader.Round(server, ("Prefer", "wait=30"));
        await Waiting(server, 1);
        server.Clock.Advance(TimeSpan.FromSeconds(29));
        await server.Own(Carol);
        Assert.False(waiting.IsCompleted);
        // It may be looking at the log just then, and begins to wait again.
        while (!waiting.IsCompleted)
        {
            server.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Empty(await waiting);
        Assert.NotEqual(before, reader.Link);
        Assert.Empty(await reader.Round(server, ("Prefer", "wait=0")));
        Assert.Empty(await reader.Round(server, ("Prefer", "wait=soon")));
    }

    [Fact]
    public async Task Who_hangs_up_waits_no_longer_and_neither_does_a_server_that_stops()
    {
        await using var server = await Start();
        var reader = await DeltaReader.Start(server, Alice);
        using var hangUp = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, reader.Link);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Alice}");
        request.Headers.TryAddWithoutValidation("Prefer", "wait=60");
        var gone = server.Http.SendAsync(request, hangUp.Token);
        await Waiting(server, 1);
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        await Waiting(server, 0);

        var waiting = reader.Round(server, Wait);
        await Waiting(server, 1);
        server.Services.GetRequiredService<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().StopApplication();
        Assert.Empty(await waiting);
        Assert.Contains("$deltatoken", reader.Link, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_loses_his_role_while_he_waits_gets_nothing_any_more() // B12
    {
        await using var server = await Start();
        var reader = await DeltaReader.Start(server, Bob);
        var waiting = server.Get(Bob, new Uri(reader.Link!).PathAndQuery, Wait);
        await Waiting(server, 1);
        var user = $"/admin/organizations/{Contoso}/users/{(string)(await server.Get(Bob, "/admin/me")).Json["id"]!}";
        foreach (var role in (await server.Get(Alice, $"{user}/roles")).Value)
            (await server.Send(Alice, HttpMethod.Delete, $"{user}/roles/{role["id"]}", null)).Is(204);
        await server.Own();
        (await waiting).Refuses(403, "roleRequired");
    }

    [Fact]
    public async Task A_thousand_waiters_ask_the_database_nothing_until_something_changes()
    {
        CountingDatabase database = null!;
        await using var server = await Start(services => services.AddSingleton<HotDatabase>(p => database = new(p)));
        var reader = await DeltaReader.Start(server, Alice);
        var waiting = Enumerable.Range(0, 1_000).Select(_ => server.Get(Alice, new Uri(reader.Link!).PathAndQuery, Wait)).ToList();
        await Waiting(server, 1_000);
        // Each looks once more after it began to listen.
        await Until(async () =>
        {
            var before = database.Reads;
            await Task.Delay(200, Cancellation);
            return database.Reads - before < 20;
        });
        // Whom it concerns has heard of it: so would have all others, had they been woken.
        var carol = await DeltaReader.Start(server, Carol);
        var hers = carol.Round(server, Wait);
        await Waiting(server, 1_001);
        var quiet = database.Reads;
        await server.Own(Carol);
        Assert.Single(await hers);
        // The node itself looks for what others write, a few times a second.
        Assert.InRange(database.Reads - quiet, 0, waiting.Count / 2);
        Assert.DoesNotContain(waiting, w => w.IsCompleted);
        var deal = await server.Own();
        foreach (var answer in await Task.WhenAll(waiting))
            Assert.Equal(deal.Id, (string?)Assert.Single(answer.Is(200).Value)["id"]);
    }

    private static Task Waiting(TandemServer server, int count)
    {
        var tail = server.Services.GetRequiredService<ChangeTail>();
        return Until(() => Task.FromResult(tail.Listeners == count));
    }

    internal static async Task Until(Func<Task<bool>> isSo)
    {
        for (var waited = Stopwatch.StartNew(); !await isSo();)
        {
            Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2), "It did not come to pass.");
            await Task.Delay(10, Cancellation);
        }
    }

    private sealed class CountingDatabase(IServiceProvider services) : HotDatabase
    {
        private readonly HotDatabase _database = TestDatabase.IsPostgres
            ? ActivatorUtilities.CreateInstance<PostgresHotDatabase>(services)
            : services.GetRequiredService<SqliteHotDatabase>();

        private long _reads;

        public long Reads => Interlocked.Read(ref _reads);

        public override DatabaseKind Kind => _database.Kind;

        public override ValueTask<TResult> Read<TState, TResult>(
            TState state, Func<HotSession, TState, CancellationToken, ValueTask<TResult>> query, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _reads);
            return _database.Read(state, query, cancellation);
        }

        public override ValueTask<TResult> ReadAside<TState, TResult>(
            TState state, Func<HotSession, TState, CancellationToken, ValueTask<TResult>> query, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _reads);
            return _database.ReadAside(state, query, cancellation);
        }

        public override Task<bool> Write(Func<HotSession, CancellationToken, ValueTask<bool>> write, CancellationToken cancellation) =>
            _database.Write(write, cancellation);

        public override Task<bool> Write(IReadOnlyList<HotStatement> statements, CancellationToken cancellation) =>
            _database.Write(statements, cancellation);

        public override object Id(Guid id) => _database.Id(id);
    }
}

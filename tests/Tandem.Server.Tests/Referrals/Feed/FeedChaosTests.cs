using Npgsql;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals.Feed;

/// <summary>
/// Readers that are killed and started again at random, over writers on all nodes and, on PostgreSQL, transactions that
/// take their place in the log early and commit late, end with what the server has.
/// </summary>
public sealed class FeedChaosTests
{
    private const int Writers = 6;
    private const int ChangesOfWriter = 60;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_copy_that_is_kept_by_delta_links_is_equal_in_the_end(int seed)
    {
        await using var nodes = await Nodes.Start();
        var server = nodes.Servers[0];
        var shared = await nodes.Arrange();
        using var written = new CancellationTokenSource();
        DeltaReader[] readers =
        [
            new(Alice), new(Alice, "$filter=details/dealValue lt 50&$select=id,name,eTag,details/dealValue"), new(Bob),
            new(Bob, $"$filter=engagementId eq '{shared[0].Own.EngagementId}'"), new(Carol, $"$filter=organizationId eq '{Contoso}'"),
        ];
        var reading = readers.Select((r, i) => Task.Run(() => KeepReading(nodes, r, new Random(seed * 100 + i), written.Token), Cancellation)).ToList();
        await Task.WhenAll([.. Enumerable.Range(0, Writers).Select(i => nodes.Write(new Random(seed * 1000 + i), shared)), .. nodes.CommitLate(seed)]);
        await written.CancelAsync();
        var kills = (await Task.WhenAll(reading)).Sum();
        Assert.True(kills > readers.Length, $"Only {kills} kills.");
        foreach (var reader in readers)
        {
            // What no change is made after has nothing to wait for.
            await reader.Round(server);
            await reader.Check(server);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task A_copy_that_is_kept_by_events_is_equal_in_the_end(int seed)
    {
        await using var nodes = await Nodes.Start();
        var shared = await nodes.Arrange();
        var random = new Random(seed);
        var (reader, copy) = (new EventReader(Alice) { LastId = "0-0" }, new Dictionary<string, string>());
        var written = Task.WhenAll(
            [.. Enumerable.Range(0, Writers).Select(i => nodes.Write(new Random(seed * 1000 + i), shared)), .. nodes.CommitLate(seed)]);
        var (kills, isDone) = (0, false);
        string? last = null;
        while (!isDone)
        {
            var server = nodes.Any(random);
            var persisted = reader.LastId;
            using var stream = await reader.Open(server);
            for (var events = random.Next(1, 60); events > 0; events--)
            {
                var next = stream.Next();
                // The end is not told: it is reached with what is written behind all others.
                if (last is null && await Task.WhenAny(next, written) == written)
                {
                    await written;
                    last = (await nodes.Servers[0].Own()).Id;
                }

                var heard = (await next)!.Value.Data;
                var read = await nodes.Any(random).Get(Alice, $"{Api}/{heard.ReferralId}");
                copy[heard.ReferralId.ToString()] = DocumentOf(read.Is(200));
                // Sometimes killed before it has noted the last event, and sometimes after.
                if (random.Next(3) > 0)
                    persisted = reader.LastId;
                if (heard.ReferralId.ToString() == last)
                {
                    isDone = true;
                    break;
                }
            }

            reader.LastId = persisted;
            kills++;
        }

        Assert.True(kills > 5, $"Only {kills} kills.");
        var server0 = nodes.Servers[0];
        var own = await DeltaReader.Start(server0, Alice);
        var others = await DeltaReader.Start(server0, Alice, $"$filter=organizationId eq '{Fabrikam}'");
        var expected = own.Copy.Keys.Concat(others.Copy.Keys).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(expected, copy.Keys.Order(StringComparer.Ordinal));
        foreach (var id in expected)
            Assert.Equal(DocumentOf((await server0.Get(Alice, $"{Api}/{id}")).Is(200)), copy[id]);

        // Nodes have addresses of their own.
        static string DocumentOf(Reply reply)
        {
            var referral = reply.Json.AsObject();
            referral.Remove("links");
            referral.Remove("@odata.context");
            return referral.ToJsonString();
        }
    }

    private static async Task<int> KeepReading(Nodes nodes, DeltaReader reader, Random random, CancellationToken written)
    {
        var kills = 0;
        while (!written.IsCancellationRequested)
        {
            var page = await reader.Ask(nodes.Any(random), ("Prefer", random.Next(3) == 0 ? "wait=1" : "wait=0"));
            switch (random.Next(4))
            {
                case 0:
                    // Killed with the answer in its hands.
                    kills++;
                    break;
                case 1:
                    // Killed after it took the page over and before it noted the link.
                    var link = reader.Link;
                    reader.Take(page);
                    reader.Link = link;
                    kills++;
                    break;
                default:
                    reader.Take(page);
                    break;
            }

            // Now and then away for a while, so that there is more than a page to tell.
            if (random.Next(10) == 0)
                await Task.Delay(random.Next(400), Cancellation);
        }

        return kills;
    }

    /// <summary>The servers on one database: two on PostgreSQL.</summary>
    private sealed class Nodes : IAsyncDisposable
    {
        private const int Late = 6;

        private readonly List<string> _late = [];

        public List<TandemServer> Servers { get; } = [];

        public static async Task<Nodes> Start()
        {
            var nodes = new Nodes();
            nodes.Servers.Add(await TandemServer.Start());
            if (TestDatabase.IsPostgres)
                nodes.Servers.Add(await TandemServer.Start(data: nodes.Servers[0].Data));
            return nodes;
        }

        public TandemServer Any(Random random) => Servers[random.Next(Servers.Count)];

        public async Task<List<(Reply Own, Reply Other)>> Arrange()
        {
            var shared = new List<(Reply, Reply)>();
            for (var i = 0; i < 3; i++)
                shared.Add(await Servers[0].Shared(FabrikamLocation));
            for (var i = 0; i < Late; i++)
                _late.Add((await Servers[0].Own(change: b => b["name"] = "Before")).Id);
            // More than a page, so that readers begin in the middle of a list.
            await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Servers[0].Own()));
            return shared;
        }

        public async Task Write(Random random, List<(Reply Own, Reply Other)> shared)
        {
            var own = new List<string>();
            for (var i = 0; i < ChangesOfWriter; i++)
            {
                var server = Any(random);
                var (deal, other) = shared[random.Next(shared.Count)];
                switch (random.Next(own.Count == 0 ? 1 : 8))
                {
                    case 0:
                        own.Add((await server.Own(random.Next(3) == 0 ? Bob : Alice, b => b["details"]!["dealValue"] = random.Next(100))).Id);
                        break;
                    case 1:
                        // Bob comes and goes.
                        await server.Team(own[random.Next(own.Count)], random.Next(2) == 0 ? [Bob] : []);
                        break;
                    case 2:
                        await server.Team(deal.Id, random.Next(2) == 0 ? [Bob] : ["pat@contoso.example"]);
                        break;
                    case 3:
                        (await server.Patch(Carol, $"{Api}/{other.Id}", Bodies.Replace(("/name", $"Carol's {random.Next()}")))).Is(204);
                        break;
                    case 4:
                        (await server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/details/dealValue", random.Next(100))))).Is(204);
                        break;
                    default:
                        (await server.Patch(Alice, $"{Api}/{own[random.Next(own.Count)]}", Bodies.Replace(("/details/dealValue", random.Next(100))))).Is(204);
                        break;
                }
            }
        }

        /// <summary>Changes whose writers have their numbers long before they commit; SQLite has no such writer.</summary>
        public IEnumerable<Task> CommitLate(int seed) => TestDatabase.IsPostgres
            ? _late.Select((id, i) => CommitLate(id, TimeSpan.FromMilliseconds(100 + (new Random(seed * 10 + i).Next(6) * 150))))
            : [];

        private async Task CommitLate(string id, TimeSpan held)
        {
            await using var source = NpgsqlDataSource.Create(await TestDatabase.Database(Path.GetFileName(Servers[0].Data)));
            for (var i = 0; i < 3; i++)
            {
                await using var connection = await source.OpenConnectionAsync(Cancellation);
                await using var transaction = await connection.BeginTransactionAsync(Cancellation);
                await using var command = new NpgsqlCommand(
                    "UPDATE referrals SET version = version + 1, name = 'late', document = regexp_replace(document, "
                    + "'\"name\":\"(Before|Late [0-9]+)\"', '\"name\":\"Late ' || version || '\"') WHERE id = @id; "
                    + "INSERT INTO change_log (referral_id, engagement_id, organization_id, kind, version, etag_after, changed_at, actor_name, properties) "
                    + "SELECT id, engagement_id, organization_id, 'Updated', version, '\"late\"', 0, 'Late', 'name' FROM referrals WHERE id = @id", connection, transaction);
                command.Parameters.AddWithValue("id", Guid.Parse(id));
                Assert.Equal(2, await command.ExecuteNonQueryAsync(Cancellation));
                await Task.Delay(held, Cancellation);
                await transaction.CommitAsync(Cancellation);
            }
        }

        public async ValueTask DisposeAsync()
        {
            for (var i = Servers.Count - 1; i >= 0; i--)
                await Servers[i].DisposeAsync();
        }
    }
}

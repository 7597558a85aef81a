using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Tandem.Contracts.Engagements;
using Tandem.Server.Storage;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Engagements;

/// <summary>The chain has neither fork nor gap and is in the order of commits, whoever writes, waits or dies.</summary>
public sealed class ProofConcurrencyTests
{
    private const int Changes = 40;
    private const int Kills = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_parties_write_on_two_nodes_at_once_and_both_get_one_chain()
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        var (own, other) = await first.Shared();
        (await second.Status(Sam, other.Id, "Active", "Accepted")).Is(200);
        using var written = new CancellationTokenSource();
        // Proofs are asked for all the while, so that both nodes and both their sealers are at it.
        var asking = Task.WhenAll(Ask(first, Alice), Ask(second, Sam));
        try
        {
            await Task.WhenAll(
                Write(first, Alice, own, "/details/dealValue"), Write(second, Alice, own, "/favorite"),
                Write(second, Sam, other, "/externalReferenceId"), Write(first, Sam, other, "/statusReason"));
        }
        finally
        {
            await written.CancelAsync();
        }

        var seen = await asking;

        var last = await first.Proof(Alice, own.EngagementId);
        Assert.Equal(0, last.Pending);
        foreach (var proof in seen.SelectMany(p => p))
            last.Holds(proof);
        Assert.Equal(last.Head, (await second.Proof(Sam, own.EngagementId)).Head);
        await IsOrderOfCommits(first, last);

        async Task<List<EngagementProof>> Ask(TandemServer node, string user)
        {
            var proofs = new List<EngagementProof>();
            while (!written.IsCancellationRequested)
            {
                var proof = EngagementProof.Parse((await node.Get(user, Proofs.Path(own.EngagementId))).Is(200).Text);
                proof.Holds();
                proofs.Add(proof);
            }

            return proofs;
        }

        static async Task Write(TandemServer node, string user, Reply referral, string path)
        {
            for (var i = 0; i < Changes; i++)
            {
                JsonNode value = path switch
                {
                    "/favorite" => i % 2 == 0,
                    "/details/dealValue" => i + 1,
                    _ => $"V{i}",
                };
                (await node.Patch(user, $"{Api}/{referral.Id}", Bodies.Replace((path, value)))).Is(204);
            }
        }
    }

    [Fact]
    public async Task What_commits_late_is_sealed_in_its_place_and_nothing_before_it()
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        var (own, other) = await first.Shared();
        var before = await first.Proof(Alice, own.EngagementId);

        // On PostgreSQL Alice's change has begun, and waits for a row that somebody else holds.
        await using var hold = await Hold.Row(first, own.Id);
        var late = first.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/name", "Late")));
        await hold.IsWaitedFor();
        for (var i = 0; i < 3; i++)
            (await second.Patch(Sam, $"{Api}/{other.Id}", Bodies.Replace(("/statusReason", $"V{i}")))).Is(204);
        var meanwhile = EngagementProof.Parse((await second.Get(Sam, Proofs.Path(own.EngagementId))).Is(200).Text);
        meanwhile.Holds(before);
        if (TestDatabase.IsPostgres)
            Assert.Equal((before.Count, 3), (meanwhile.Count, meanwhile.Pending));

        await hold.Release();
        (await late).Is(204);
        var proof = await second.Proof(Sam, own.EngagementId);
        proof.Holds(meanwhile);
        Assert.Equal((before.Count + 4, 0), (proof.Count, proof.Pending));
        if (TestDatabase.IsPostgres)
            Assert.Equal(["name"], JsonNode.Parse(proof.Links[before.Count].Public!)!["properties"]!.AsArray().Select(p => (string)p!));
        await IsOrderOfCommits(first, proof);
    }

    [Fact]
    public async Task A_server_killed_in_the_middle_of_sealing_goes_on_where_it_was()
    {
        var data = Directory.CreateTempSubdirectory("tandem-crash-").FullName;
        var engagements = new ConcurrentBag<string>();
        var proofs = new ConcurrentBag<EngagementProof>();
        for (var round = 0; round < Kills; round++)
        {
            using var server = await ServerProcess.Start(data);
            using var http = new HttpClient { BaseAddress = new Uri(server.Address), Timeout = TimeSpan.FromSeconds(10) };
            http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {Alice}");
            var clients = Enumerable.Range(0, 4).Select(_ => Play(http)).ToList();
            var enough = proofs.Count + 20 + (7 * round);
            for (var waited = Stopwatch.StartNew(); proofs.Count < enough;)
            {
                Assert.True(waited.Elapsed < Patience, "No proofs come.");
                await Task.Delay(1, Cancellation);
            }

            server.Kill();
            await Task.WhenAll(clients);
        }

        await using var last = await Start(data: data);
        Assert.NotEmpty(engagements);
        var kept = proofs.ToLookup(p => p.EngagementId);
        foreach (var engagement in engagements)
        {
            var proof = await last.Proof(Alice, engagement);
            proof.Holds();
            foreach (var earlier in kept[proof.EngagementId])
                proof.Holds(earlier);
        }

        // Also what was stored without its answer having arrived.
        const string Unsealed = "SELECT (SELECT COUNT(*) FROM change_log) - (SELECT COUNT(*) FROM history_seals)";
        for (var waited = Stopwatch.StartNew(); (long)(await TestDatabase.Ask(data, Unsealed))! != 0;)
        {
            Assert.True(waited.Elapsed < Patience, "Some changes are never sealed.");
            await last.Services.GetRequiredService<HistorySeals>().SealAll(Cancellation);
        }

        // A deal, a few changes, a proof, until the server is gone.
        async Task Play(HttpClient http)
        {
            try
            {
                while (true)
                {
                    using var created = await http.PostAsync(new Uri(Api, UriKind.Relative), Json(Bodies.Minimum()), Cancellation);
                    var deal = JsonNode.Parse(await created.Content.ReadAsStringAsync(Cancellation))!;
                    engagements.Add((string)deal["engagementId"]!);
                    for (var i = 1; i <= 3; i++)
                    {
                        using var patched = await http.PatchAsync(new Uri($"{Api}/{deal["id"]}", UriKind.Relative),
                            Json(Bodies.Replace(("/details/dealValue", i))), Cancellation);
                        patched.EnsureSuccessStatusCode();
                        var text = await http.GetStringAsync(new Uri(Proofs.Path((string)deal["engagementId"]!), UriKind.Relative), Cancellation);
                        proofs.Add(EngagementProof.Parse(text));
                    }
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or IOException)
            {
                // The server is gone.
            }
        }

        static StringContent Json(JsonNode body) => new(body.ToJsonString(), Encoding.UTF8, "application/json");
    }

    private static async Task IsOrderOfCommits(TandemServer server, EngagementProof proof)
    {
        var aggregate = TestDatabase.IsPostgres
            ? "string_agg(sequence::text, ' ' ORDER BY transaction_id, sequence) FROM change_log"
            : "group_concat(sequence, ' ') FROM (SELECT sequence, engagement_id FROM change_log ORDER BY sequence)";
        var log = (string)(await TestDatabase.Ask(server.Data, $"SELECT {aggregate} WHERE engagement_id = '{proof.EngagementId}'"))!;
        var seals = TestDatabase.IsPostgres
            ? "string_agg(sequence::text, ' ' ORDER BY number) FROM history_seals"
            : "group_concat(sequence, ' ') FROM (SELECT sequence, engagement_id FROM history_seals ORDER BY engagement_id, number)";
        Assert.Equal(log, (string)(await TestDatabase.Ask(server.Data, $"SELECT {seals} WHERE engagement_id = '{proof.EngagementId}'"))!);
        Assert.Equal(proof.Count, log.Split(' ').Length);
    }

    /// <summary>Somebody who holds a referral's row; nobody on SQLite, which has one writer.</summary>
    private sealed class Hold(NpgsqlConnection? connection) : IAsyncDisposable
    {
        public static async Task<Hold> Row(TandemServer server, string id)
        {
            if (!TestDatabase.IsPostgres)
                return new(null);
            var connection = new NpgsqlConnection($"{await TestDatabase.Database(Path.GetFileName(server.Data))};Pooling=false");
            await connection.OpenAsync(Cancellation);
            await Run(connection, "BEGIN");
            await Run(connection, $"SELECT 1 FROM referrals WHERE id = '{id}' FOR UPDATE");
            return new(connection);
        }

        public async Task IsWaitedFor()
        {
            if (connection is null)
                return;
            const string Waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            for (var waited = Stopwatch.StartNew(); (long)(await Run(connection, Waiting))! == 0;)
            {
                Assert.True(waited.Elapsed < Patience, "Nobody waits for the row.");
                await Task.Delay(5, Cancellation);
            }
        }

        public async Task Release()
        {
            if (connection is not null)
                await Run(connection, "COMMIT");
        }

        public async ValueTask DisposeAsync()
        {
            if (connection is not null)
                await connection.DisposeAsync();
        }

        private static async Task<object?> Run(NpgsqlConnection connection, string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync(Cancellation);
        }
    }
}

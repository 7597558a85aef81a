using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Tandem.Server.Storage;
using Tandem.Server.Tests.Fixtures;
using Tandem.Server.Tests.Referrals.Feed;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Storage;

/// <summary>A read replica takes reads off the primary, and nobody notices. SQLite has none: there the primary answers.</summary>
public sealed class ReplicaTests
{
    private static string? Replica => Environment.GetEnvironmentVariable("TANDEM_TEST_REPLICA");

    [Fact]
    public async Task A_list_is_as_new_as_the_last_write_however_late_the_replica_is()
    {
        await using var server = await StartWithReplica();
        for (var i = 1; i <= 20; i++)
        {
            var deal = await server.Own();
            var list = (await server.Get(Alice, $"{Api}?$count=true")).Is(200);
            Assert.Equal(i, (int)list.Json["@odata.count"]!);
            Assert.Single((await server.Get(Alice, $"{Api}/{deal.Id}/history")).Is(200).Value);
        }

        if (!TestDatabase.IsPostgres)
            return;
        // The replica answers as soon as it has caught up, and stands still when it is told to.
        var database = (PostgresHotDatabase)server.Services.GetRequiredService<HotDatabase>();
        for (var waited = Stopwatch.StartNew(); database.ReplicaReads == 0; await Task.Delay(20, TestContext.Current.CancellationToken))
        {
            await server.Get(Alice, Api);
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), "The replica has answered nothing.");
        }

        await Tell("SELECT pg_wal_replay_pause()");
        try
        {
            await server.Own();
            Assert.Equal(21, (int)(await server.Get(Alice, $"{Api}?$count=true")).Is(200).Json["@odata.count"]!);
        }
        finally
        {
            await Tell("SELECT pg_wal_replay_resume()");
        }
    }

    [Fact]
    public async Task A_delta_misses_nothing_however_late_the_replica_is()
    {
        await using var server = await StartWithReplica();
        var reader = await DeltaReader.Start(server, Alice);
        for (var i = 1; i <= 20; i++)
        {
            var deal = await server.Own();
            Assert.Equal(deal.Id, (string?)Assert.Single(await reader.Round(server))["id"]);
        }

        await reader.Check(server);
    }

    [Fact]
    public async Task A_replica_that_is_away_is_not_missed()
    {
        await using var server = await Start(settings: ("ConnectionStrings:TandemReadReplica", "Host=127.0.0.1;Port=1;Username=nobody;Database=none"));
        await server.Own();
        Assert.Single((await server.Get(Alice, Api)).Is(200).Value);
    }

    private static async Task<TandemServer> StartWithReplica()
    {
        var data = Directory.CreateTempSubdirectory("tandem-").FullName;
        return await Start(data: data, settings: ("ConnectionStrings:TandemReadReplica", $"{Replica};Database={Path.GetFileName(data)}"));
    }

    private static async Task Tell(string sql)
    {
        await using var source = NpgsqlDataSource.Create($"{Replica};Database=postgres");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}

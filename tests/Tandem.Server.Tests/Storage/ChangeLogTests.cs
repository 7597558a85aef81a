using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Tandem.Server.Storage;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Storage;

/// <summary>The readers of the log: nothing is skipped, nothing comes twice, whoever commits late or dies.</summary>
public sealed class ChangeLogTests
{
    private static readonly HotSql AddNote = new(
        "INSERT INTO idempotency_keys (key, request_digest, status, body, created_at) VALUES ($1, 'note', 0, '', $2)",
        NpgsqlTypes.NpgsqlDbType.Text, NpgsqlTypes.NpgsqlDbType.Bigint);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reader_beside_writers_and_long_transactions_reads_every_change_once_and_in_order()
    {
        await using var server = await Start();
        var log = server.Services.GetRequiredService<ChangeLog>();
        using var written = new CancellationTokenSource();
        var reading = Task.Run(async () =>
        {
            var (read, position) = (new List<LogPosition>(), LogPosition.Start);
            while (true)
            {
                var isLast = written.IsCancellationRequested;
                var changes = await log.ReadAfter(position, 7, Cancellation);
                read.AddRange(changes.Select(c => c.Position));
                position = read.Count == 0 ? position : read[^1];
                if (changes.Count == 0 && isLast)
                    return read;
                if (changes.Count == 0)
                    await log.Changed(Cancellation);
            }
        }, Cancellation);

        var late = Enumerable.Range(0, 4).Select(i => CommitLate(server, TimeSpan.FromMilliseconds(100 * (i + 1))));
        await Task.WhenAll([.. Enumerable.Range(0, 8).Select(_ => WriteSome(server)), .. late]);
        await written.CancelAsync();

        var read = await reading;
        Assert.Equal(await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM change_log"), (long)read.Count);
        Assert.Equal(read.Order(), read);
        Assert.Equal(read.Count, read.Distinct().Count());
    }

    [Fact]
    public async Task What_a_reader_made_is_stored_with_its_position_or_not_at_all()
    {
        await using var server = await Start();
        var log = server.Services.GetRequiredService<ChangeLog>();
        await WriteSome(server);
        await server.Settle();
        var all = await log.ReadAfter(LogPosition.Start, 100, Cancellation);

        // The last statement fails, and takes those before it and the position along.
        await Assert.ThrowsAsync<UniqueViolationException>(() => log.Consume("test", 2, async (changes, cancellation) =>
            [.. await Note(changes, cancellation), .. await Note(changes, cancellation)], Cancellation));
        Assert.Equal(0L, await Noted(server));

        // Several at once, as on several nodes: each change is taken by one of them.
        var taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            var sum = 0;
            for (var idle = 0; idle < 20; idle++)
            {
                var count = await log.Consume("test", 2, Note, Cancellation);
                sum += count;
                idle = count == 0 ? idle : 0;
                await Task.Delay(5, Cancellation);
            }

            return sum;
        }));
        Assert.Equal(all.Count, taken.Sum());
        Assert.Equal((long)all.Count, await Noted(server));
        Assert.Equal(0, await log.Consume("test", 2, Note, Cancellation));
    }

    [Fact]
    public async Task Who_waits_is_woken_by_a_change()
    {
        await using var server = await Start();
        var log = server.Services.GetRequiredService<ChangeLog>();
        var changed = log.Changed(Cancellation);
        Assert.False(changed.IsCompleted);
        await server.Own();
        await changed;
        await server.Settle();
        Assert.Equal(await log.End(Cancellation), (await log.ReadAfter(LogPosition.Start, 100, Cancellation))[^1].Position);
    }

    private static async Task WriteSome(TandemServer server)
    {
        var deal = await server.Own();
        for (var i = 0; i < 6; i++)
            (await server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/details/dealValue", 100 + i)))).Is(204);
    }

    // A change by a writer that takes its number early and commits late; SQLite has no such writer.
    private static async Task CommitLate(TandemServer server, TimeSpan duration)
    {
        if (!TestDatabase.IsPostgres)
            return;
        await using var source = NpgsqlDataSource.Create(await TestDatabase.Database(Path.GetFileName(server.Data)));
        await using var connection = await source.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using var command = new NpgsqlCommand(
            "INSERT INTO change_log (referral_id, engagement_id, organization_id, kind, version, etag_after, changed_at, actor_name, properties) "
            + "VALUES (gen_random_uuid(), gen_random_uuid(), 'late', 'Updated', 1, '\"x\"', 0, 'Late', 'name')", connection, transaction);
        await command.ExecuteNonQueryAsync(Cancellation);
        await Task.Delay(duration, Cancellation);
        await transaction.CommitAsync(Cancellation);
    }

    // A note is a row of any table; the keys of idempotency do.
    private static ValueTask<IReadOnlyList<HotStatement>> Note(IReadOnlyList<LoggedChange> changes, CancellationToken cancellation) =>
        ValueTask.FromResult<IReadOnlyList<HotStatement>>(
            [.. changes.Select(c => new HotStatement(AddNote, false, c.Position.ToString(), long.MaxValue))]);

    private static Task<object?> Noted(TandemServer server) =>
        TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM idempotency_keys WHERE request_digest = 'note'");
}

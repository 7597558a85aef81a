using System.Data.Common;
using Microsoft.Extensions.Options;
using Tandem.Contracts.Reading;
using Tandem.Server.Storage;

namespace Tandem.Server.Audit;

/// <summary>Forgets administrative changes whose time is up, a little at a time, so that nobody else's write waits for it.</summary>
internal sealed class AuditPruner(
    HotDatabase database, IOptions<AuditOptions> options, TimeProvider clock, ILogger<AuditPruner> logger) : BackgroundService
{
    private const int Chunk = 500;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromHours(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                while (await Prune(clock.GetUtcNow() - options.Value.KeepTime, stoppingToken))
                    await Task.Delay(Pause, stoppingToken);
            }
            catch (Exception failure) when (failure is DbException or DatabaseAwayException)
            {
                logger.LogWarning("Old entries of the audit stay until the next look: {Reason}", failure.Message);
            }

            await Task.Delay(BetweenLooks, clock, stoppingToken);
        }
    }

    /// <summary>True when there may be more.</summary>
    private async Task<bool> Prune(DateTimeOffset before, CancellationToken cancellation)
    {
        // They are stored in the order of their time, so that the oldest are found by their numbers. A look before the write:
        // most of the time there is nothing.
        var since = WireTime.ToUnixMicroseconds(before);
        var oldest = await database.Read(0, static async (session, _, cancellation) => await session.Command(
            "SELECT changed_at FROM admin_changes ORDER BY sequence LIMIT 1").ExecuteScalarAsync(cancellation) as long?, cancellation);
        if (oldest is null || oldest >= since)
            return false;
        var removed = 0;
        await database.Write(async (session, cancellation) =>
        {
            removed = await session.Command("DELETE FROM admin_changes WHERE sequence IN (SELECT sequence FROM "
                + $"(SELECT sequence, changed_at FROM admin_changes ORDER BY sequence LIMIT {Chunk}) AS oldest WHERE changed_at < @since)")
                .With("@since", since).ExecuteNonQueryAsync(cancellation);
            return removed > 0;
        }, cancellation);
        return removed == Chunk;
    }
}

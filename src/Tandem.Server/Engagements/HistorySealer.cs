using System.Data.Common;
using Tandem.Server.Storage;

namespace Tandem.Server.Engagements;

/// <summary>
/// Seals the change log about once a second: often enough that a chain is never far behind, and seldom enough that a
/// single writer does not share each of his commits with it. Who asks for a proof waits for none of this: he seals.
/// </summary>
internal sealed class HistorySealer(HistorySeals seals, ILogger<HistorySealer> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        var isAway = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await seals.SealAll(stoppingToken);
                isAway = false;
            }
            catch (Exception failure) when (failure is DbException or UniqueViolationException)
            {
                if (!isAway)
                    logger.LogError(failure, "Sealing the history failed; trying again every {Interval}.", Interval);
                isAway = true;
            }
        }
    }
}

using System.Data.Common;
using System.Diagnostics;
using Tandem.Server.Storage;

namespace Tandem.Server.Engagements;

/// <summary>
/// Seals the change log about once a second: often enough that a chain is never far behind, and seldom enough that a
/// single writer does not share each of his commits with it. Who asks for a proof waits for none of this: he seals.
/// </summary>
internal sealed class HistorySealer(HistorySeals seals, ILogger<HistorySealer> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // Of a long way to go, most of the time belongs to the API.
    private const int Rest = 4;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        var isAway = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                for (var began = Stopwatch.GetTimestamp(); await seals.SealSome(stoppingToken) > 0; began = Stopwatch.GetTimestamp())
                    await Task.Delay(Stopwatch.GetElapsedTime(began) * Rest, stoppingToken);
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

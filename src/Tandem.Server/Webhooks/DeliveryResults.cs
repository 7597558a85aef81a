using System.Data.Common;
using System.Diagnostics;
using System.Threading.Channels;
using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

/// <summary>
/// Stores what came of attempts, many at once and with pauses: a writer of the API waits for every other one. An attempt
/// whose result is not stored is made again after a crash, and no sooner.
/// </summary>
internal sealed class DeliveryResults(HotDatabase database, ILogger<DeliveryResults> logger)
{
    private const int LargestGroup = 200;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

    // After this the database is not coming back before the lease ends; the attempts are made again.
    private const int MostTries = 10;

    private readonly Channel<Waiting> _waiting = Channel.CreateUnbounded<Waiting>(new UnboundedChannelOptions { SingleReader = true });
    private int _isStoring;

    /// <summary>Ends when the result is stored (true), or cannot be.</summary>
    public Task<bool> Store(DeliveryResult result, HotStatement? health)
    {
        var waiting = new Waiting(result, health, new(TaskCreationOptions.RunContinuationsAsynchronously));
        _waiting.Writer.TryWrite(waiting);
        // Whoever finds nobody at it stores for all.
        if (Interlocked.CompareExchange(ref _isStoring, 1, 0) == 0)
            _ = Task.Run(StoreAll);
        return waiting.Stored.Task;
    }

    private async Task StoreAll()
    {
        do
        {
            while (_waiting.Reader.TryPeek(out _))
            {
                var began = Stopwatch.GetTimestamp();
                await StoreGroup();
                var pause = Stopwatch.GetElapsedTime(began) * 9;
                await Task.Delay(pause < ShortestPause ? ShortestPause : pause > LongestPause ? LongestPause : pause);
            }

            Volatile.Write(ref _isStoring, 0);
        }
        while (_waiting.Reader.TryPeek(out _) && Interlocked.CompareExchange(ref _isStoring, 1, 0) == 0);
    }

    private async Task StoreGroup()
    {
        var group = new List<Waiting>();
        while (group.Count < LargestGroup && _waiting.Reader.TryRead(out var next))
            group.Add(next);
        var statements = new List<HotStatement>();
        foreach (var (result, health, _) in group)
        {
            WebhookStore.NoteResult(statements, result);
            if (health is not null)
                statements.Add(health);
        }

        var isStored = false;
        for (var tries = 1; !isStored && tries <= MostTries; tries++)
        {
            try
            {
                isStored = await database.Write(statements, CancellationToken.None);
            }
            catch (Exception failure) when (failure is DbException or DatabaseAwayException)
            {
                logger.LogWarning("The results of {Count} webhooks wait for the database: {Reason}", group.Count, failure.Message);
                await Task.Delay(AfterFailure);
            }
            catch (Exception closed) when (closed is ChannelClosedException or ObjectDisposedException)
            {
                // The database has closed before the last couriers came home.
                break;
            }
        }

        foreach (var waiting in group)
            waiting.Stored.SetResult(isStored);
    }

    private sealed record Waiting(DeliveryResult Result, HotStatement? Health, TaskCompletionSource<bool> Stored);
}

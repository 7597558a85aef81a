using System.Collections.Concurrent;
using System.Data.Common;
using System.Threading.Channels;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

/// <summary>
/// Sends what is planned. Each subscription is one node's at a time, by a lease, so that the order of a referral's events
/// and the number of calls to a receiver are one node's business; a courier for each subscription with something due does
/// the sending. Woken by the planner, by time, and by what other nodes leave behind.
/// </summary>
internal sealed class WebhookDispatcher(
    WebhookStore store, SubscriptionDirectory subscriptions, WebhookSender sender, DeliveryResults results,
    TimeProvider clock, ILogger<WebhookDispatcher> logger) : BackgroundService
{
    /// <summary>Attempts at the same time, to all receivers.</summary>
    private const int MostAttempts = 512;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenRenewals = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenPrunings = TimeSpan.FromHours(1);
    private static readonly TimeSpan BetweenChunks = TimeSpan.FromMilliseconds(100);

    private readonly Guid _node = Guid.NewGuid();
    private readonly ConcurrentDictionary<Guid, Courier> _couriers = new();
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _nextDue = new();
    private readonly ConcurrentQueue<Guid> _told = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private Task _pruning = Task.CompletedTask;
    private DateTimeOffset _pruned;
    private bool _hasLeased;

    public SemaphoreSlim Slots { get; } = new(MostAttempts);

    /// <summary>There is something to send for these subscriptions.</summary>
    public void Send(IEnumerable<Guid> ids)
    {
        foreach (var id in ids)
            _told.Enqueue(id);
        _wake.Writer.TryWrite(true);
    }

    /// <summary>A subscription has changed: its courier looks again.</summary>
    public void Send(Guid id) => Send([id]);

    public override void Dispose()
    {
        Slots.Dispose();
        base.Dispose();
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await _pruning.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var courier in _couriers.Values)
            courier.Stop();
        await Task.WhenAll(_couriers.Values.Select(c => c.Done));
        if (!_hasLeased)
            return;
        try
        {
            await store.Release(_node, cancellationToken);
        }
        catch (Exception failure) when (failure is DbException or DatabaseAwayException or ChannelClosedException)
        {
            logger.LogWarning("The right to send webhooks was not given back, and ends by itself: {Reason}", failure.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var renewals = Renew(stoppingToken);
        var isFirst = true;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var isTold = !isFirst && await Wait(stoppingToken);
                isFirst = false;
                if (subscriptions.IsEmpty)
                    continue;
                await Start(isTold ? Told() : [.. Told(), .. await store.Waiting(clock.GetUtcNow(), stoppingToken)], stoppingToken);
                if (_pruning.IsCompleted && clock.GetUtcNow() - _pruned >= BetweenPrunings)
                    _pruning = Prune(stoppingToken);
            }
            catch (Exception failure) when (failure is DbException or DatabaseAwayException)
            {
                logger.LogWarning("Sending webhooks failed and is tried again: {Reason}", failure.Message);
                await Task.Delay(BetweenLooks, stoppingToken);
            }
        }

        await renewals;
    }

    // Until somebody tells of something to send (true), the next retry is due, or others may have left something.
    private async Task<bool> Wait(CancellationToken cancellation)
    {
        using var awake = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var told = _wake.Reader.WaitToReadAsync(awake.Token).AsTask();
        var changed = subscriptions.Changed;
        List<Task> reasons = [told, changed];
        if (!subscriptions.IsEmpty)
            reasons.Add(Task.Delay(BetweenLooks, awake.Token));
        if (!_nextDue.IsEmpty)
        {
            var wait = _nextDue.Values.Min() - clock.GetUtcNow();
            reasons.Add(Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, clock, awake.Token));
        }

        await Task.WhenAny(reasons);
        cancellation.ThrowIfCancellationRequested();
        var isTold = told.IsCompletedSuccessfully && _wake.Reader.TryRead(out _);
        await awake.CancelAsync();
        return isTold && !changed.IsCompleted;
    }

    private List<Guid> Told()
    {
        var told = new HashSet<Guid>();
        while (_told.TryDequeue(out var id))
            told.Add(id);
        var now = clock.GetUtcNow();
        told.UnionWith(_nextDue.Where(n => n.Value <= now).Select(n => n.Key));
        return [.. told];
    }

    private async Task Start(IEnumerable<Guid> ids, CancellationToken cancellation)
    {
        var idle = new HashSet<Guid>();
        foreach (var id in ids)
        {
            _nextDue.TryRemove(id, out _);
            if (_couriers.TryGetValue(id, out var courier) && courier.Nudge())
                continue;
            if (subscriptions.Find(id) is { State: SubscriptionState.Active })
                idle.Add(id);
        }

        if (idle.Count == 0)
            return;
        _hasLeased = true;
        var began = TimeProvider.System.GetTimestamp();
        foreach (var (id, failingSince) in await store.Lease(_node, idle, cancellation))
        {
            var courier = new Courier(id, began, failingSince, store, subscriptions, sender, results, Slots, clock, logger);
            _couriers[id] = courier;
            courier.Begin(Ended);
        }
    }

    private void Ended(Courier courier, DateTimeOffset? nextDue)
    {
        _couriers.TryRemove(KeyValuePair.Create(courier.Id, courier));
        if (courier.HasMore)
            Send(courier.Id);
        else if (nextDue is { } due)
            _nextDue[courier.Id] = due;
        if (nextDue is not null)
            _wake.Writer.TryWrite(true);
        courier.Dispose();
    }

    // A node that can no longer say that it lives stops sending before another one begins.
    private async Task Renew(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await Task.Delay(BetweenRenewals, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_couriers.IsEmpty || cancellation.IsCancellationRequested)
                continue;
            var running = _couriers.Values.ToList();
            // Who waits for an answer until the right ends has to look at the clock.
            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            late.CancelAfter(WebhookStore.LeaseTime / 2);
            try
            {
                var began = TimeProvider.System.GetTimestamp();
                var kept = await store.Renew(_node, [.. running.Select(c => c.Id)], late.Token);
                foreach (var courier in running)
                {
                    if (kept.Contains(courier.Id))
                        courier.Renewed(began);
                    else
                        courier.Stop();
                }
            }
            catch (Exception failure) when (failure is DbException or DatabaseAwayException or OperationCanceledException)
            {
                logger.LogWarning("The right to send webhooks could not be renewed: {Reason}", failure.Message);
            }

            foreach (var courier in running.Where(c => !c.HoldsLease))
                courier.Stop();
        }
    }

    // Beside the sending, which does not wait for it.
    private async Task Prune(CancellationToken cancellation)
    {
        try
        {
            var began = clock.GetUtcNow();
            while (await store.Prune(clock.GetUtcNow(), cancellation))
                await Task.Delay(BetweenChunks, cancellation);
            _pruned = began;
        }
        catch (Exception failure) when (failure is DbException or DatabaseAwayException)
        {
            logger.LogWarning("Old webhooks could not be removed, which is tried again: {Reason}", failure.Message);
        }
    }
}

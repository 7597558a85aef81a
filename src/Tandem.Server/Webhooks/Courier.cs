using System.Data.Common;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

/// <summary>
/// Sends one subscription's deliveries while there are any: one of a referral at a time and in order, several referrals
/// side by side. How many depends on the receiver: one that fails is asked less at a time.
/// </summary>
internal sealed class Courier(
    Guid id, long leasedAt, DateTimeOffset? failingSince, WebhookStore store, SubscriptionDirectory subscriptions,
    WebhookSender sender, DeliveryResults results, SemaphoreSlim slots, TimeProvider clock, ILogger logger) : IDisposable
{
    private const int FirstLimit = 4;
    private const int LargestLimit = 8;

    private static readonly TimeSpan PausedAfter = TimeSpan.FromDays(5);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Queue<DueDelivery> _ready = new();
    private readonly HashSet<long> _underway = [];
    private readonly HashSet<long> _finished = [];
    private TaskCompletionSource _pulse = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset? _failingSince = failingSince;
    private string? _url;
    private long _leasedAt = leasedAt;
    private int _sending;
    // A courier begins with every retry: to what hangs it does not go with several at once again and again.
    private int _limit = failingSince is null ? FirstLimit : 1;
    private bool _mayHaveMore = true;
    private bool _isOver;

    public Guid Id => id;

    public Task Done { get; private set; } = Task.CompletedTask;

    /// <summary>Whether somebody spoke of more to send after the last look.</summary>
    public bool HasMore => _mayHaveMore && !_stop.IsCancellationRequested;

    /// <summary>A little less than what the database grants, since its clock began later.</summary>
    public bool HoldsLease =>
        TimeProvider.System.GetElapsedTime(Interlocked.Read(ref _leasedAt)) < WebhookStore.LeaseTime - TimeSpan.FromSeconds(1);

    /// <param name="ended">Told at the end, with the time of the next retry if one waits.</param>
    public void Begin(Action<Courier, DateTimeOffset?> ended) => Done = Task.Run(async () =>
    {
        DateTimeOffset? nextDue = null;
        try
        {
            nextDue = await Run();
        }
        catch (Exception failure)
        {
            // A bug, and not the end of the subscription: at the next look another courier begins.
            logger.LogError(failure, "The courier of webhook subscription {Subscription} failed.", id);
            lock (_lock)
                (_isOver, _mayHaveMore) = (true, false);
        }

        ended(this, nextDue);
    });

    /// <summary>There may be more to send; false when it has ended already.</summary>
    public bool Nudge()
    {
        lock (_lock)
        {
            if (_isOver)
                return false;
            _mayHaveMore = true;
            _pulse.TrySetResult();
            return true;
        }
    }

    public void Renewed(long at) => Interlocked.Exchange(ref _leasedAt, at);

    /// <summary>Ends at once; what is underway is cut off and sent again by whoever comes next.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            if (_isOver)
                return;
            _stop.Cancel();
            _pulse.TrySetResult();
        }
    }

    public void Dispose() => _stop.Dispose();

    private async Task<DateTimeOffset?> Run()
    {
        while (true)
        {
            try
            {
                if (await Step() is { } nextDue)
                    return nextDue.Time;
            }
            catch (Exception failure) when (failure is DbException or DatabaseAwayException)
            {
                logger.LogWarning("Webhooks of subscription {Subscription} wait for the database: {Reason}", id, failure.Message);
                Nudge();
                await Task.Delay(AfterFailure, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The next step ends.
            }
        }
    }

    /// <summary>Starts what can be started and waits for news; answers when there is nothing left to do.</summary>
    private async Task<NextDue?> Step()
    {
        Task news;
        lock (_lock)
        {
            // Before anything is looked at: what happens from here on is news.
            if (_pulse.Task.IsCompleted)
                _pulse = new(TaskCreationOptions.RunContinuationsAsynchronously);
            news = _pulse.Task;
        }

        var subscription = subscriptions.Find(id);
        Follow(subscription?.Url);
        var mayGoOn = subscription is { State: SubscriptionState.Active } && !_stop.IsCancellationRequested && HoldsLease;
        if (mayGoOn && _ready.Count == 0 && TakeHint())
            await Fetch();
        while (mayGoOn && _sending < _limit && _ready.TryDequeue(out var delivery))
        {
            lock (_lock)
                _sending++;
            _ = Deliver(delivery);
        }

        lock (_lock)
        {
            var isIdle = _sending == 0 && _underway.Count == _ready.Count;
            _isOver = isIdle && (!mayGoOn || (_ready.Count == 0 && !_mayHaveMore));
            if (isIdle && !_isOver)
                return null;
        }

        if (_isOver)
            return new(mayGoOn ? await store.NextDue(id, _stop.Token) : null);
        await news;
        return null;
    }

    private bool TakeHint()
    {
        lock (_lock)
        {
            var hint = _mayHaveMore;
            _mayHaveMore = false;
            return hint;
        }
    }

    private async Task Fetch()
    {
        DuePage due;
        List<long> behind;
        bool isIdle;
        do
        {
            lock (_lock)
                _finished.Clear();
            due = await store.Due(id, clock.GetUtcNow(), _stop.Token);
            lock (_lock)
            {
                // What finished meanwhile was read as it was before.
                foreach (var delivery in due.First.Where(d => !_finished.Contains(d.Sequence) && _underway.Add(d.Sequence)))
                    _ready.Enqueue(delivery);
                // After a full page there are more.
                _mayHaveMore |= due.IsFull && _ready.Count > 0;
                behind = [.. due.Behind.Where(s => !_underway.Contains(s))];
                isIdle = _underway.Count == 0;
            }

            // What is behind others makes room when it fills the page; and when it is all that is left, so that nobody looks
            // for it before the ones in front are due.
            if (behind.Count == 0 || !(isIdle || due.IsFull))
                return;
        }
        while (await store.PutBehind(behind, _stop.Token) > 0 && due.IsFull && _ready.Count == 0);
    }

    // Somewhere else the receiver has five days again.
    private void Follow(string? url)
    {
        lock (_lock)
        {
            if (_url is not null && _url != url)
                _failingSince = null;
            _url = url;
        }
    }

    private async Task Deliver(DueDelivery delivery)
    {
        var result = await TryAttempt(delivery);
        lock (_lock)
        {
            _sending--;
            _pulse.TrySetResult();
        }

        var isStored = result is not null && await results.Store(result, NoteHealth(result));
        if (isStored)
            await PauseIfHopeless();
        lock (_lock)
        {
            _underway.Remove(delivery.Sequence);
            _finished.Add(delivery.Sequence);
            // Another one of the same referral may follow.
            _mayHaveMore |= isStored;
            _pulse.TrySetResult();
        }
    }

    /// <summary>Null when it was cut off.</summary>
    private async Task<DeliveryResult?> TryAttempt(DueDelivery delivery)
    {
        try
        {
            await slots.WaitAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        try
        {
            // As it is now: it may have changed while this waited.
            if (subscriptions.Find(id) is not { State: SubscriptionState.Active } subscription)
                return null;
            return subscription.Wants(delivery.Name)
                ? await Attempt(subscription, delivery)
                : new(delivery, DeliveryState.Dropped, delivery.Attempts, clock.GetUtcNow(), null);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            slots.Release();
        }
    }

    private async Task<DeliveryResult> Attempt(Subscription subscription, DueDelivery delivery)
    {
        var outcome = await sender.Attempt(subscription, delivery, _stop.Token);
        var attempts = delivery.Attempts + 1;
        var step = DeliverySchedule.After(attempts, outcome.Attempt.Status, outcome.RetryAfter, Random.Shared);
        lock (_lock)
        {
            _limit = step.State == DeliveryState.Delivered
                ? Math.Min(_limit + 1, LargestLimit)
                : Math.Max(1, _limit / 2);
        }

        return new(delivery, step.State, attempts, clock.GetUtcNow() + step.Wait, outcome.Attempt);
    }

    // Stored with the result, and only when it changes.
    private HotStatement? NoteHealth(DeliveryResult result)
    {
        lock (_lock)
        {
            if (result.Attempt is null || (result.State == DeliveryState.Delivered) == (_failingSince is null))
                return null;
            _failingSince = result.State == DeliveryState.Delivered ? null : result.Attempt.DateTime;
            return WebhookStore.NoteFailing(id, _failingSince);
        }
    }

    private async Task PauseIfHopeless()
    {
        if (subscriptions.Find(id) is not { } subscription)
            return;
        DateTimeOffset since;
        lock (_lock)
        {
            if (_failingSince is not { } failing || clock.GetUtcNow() - failing < PausedAfter)
                return;
            since = failing;
        }

        var because = $"No delivery to {new Uri(subscription.Url).Host} has succeeded since {since:yyyy-MM-dd HH:mm} UTC, "
            + "for five days; events wait until somebody resumes the subscription.";
        try
        {
            if (await subscriptions.Pause(subscription, since, because, CancellationToken.None))
                logger.LogWarning("Webhook subscription {Subscription} was paused: {Reason}", id, because);
        }
        catch (Exception failure) when (failure is DbException or DatabaseAwayException)
        {
            logger.LogWarning("Webhook subscription {Subscription} is paused after its next failure: {Reason}", id, failure.Message);
        }
    }

    private sealed record NextDue(DateTimeOffset? Time);
}

using System.Data.Common;
using System.Diagnostics;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Http;
using Tandem.Server.Referrals;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

/// <summary>
/// Reads the change log and stores who is to be told what, in the transaction that moves its position (W40): an event
/// is never lost and never planned twice. What it writes, it writes seldom and many at once, since a writer of the API
/// waits for every other one.
/// </summary>
internal sealed class EventPlanner(
    ChangeLog log, ReferralStore referrals, SubscriptionDirectory subscriptions, WebhookDispatcher dispatcher,
    ServerAddress address, TimeProvider clock, ILogger<EventPlanner> logger) : BackgroundService
{
    private const string Reader = "webhooks";
    private const int Batch = 100;

    // Without subscriptions there is nothing to plan; the position follows from time to time.
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestCatchUp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPauseBehindLoad = TimeSpan.FromMilliseconds(1500);

    /// <summary>Plans what is in the log now: what is changed about subscriptions then holds for later changes alone.</summary>
    public async Task CatchUp(CancellationToken cancellation)
    {
        var end = await log.LastCommitted(cancellation);
        // Another node may be planning the same, or a long transaction of somebody else keeps the log from being read.
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < LongestCatchUp;)
        {
            if (subscriptions.IsEmpty || await log.Position(Reader, cancellation) is { } position && position >= end)
                return;
            if (await PlanOnce(cancellation) == 0)
                await Task.Delay(ShortestPause, cancellation);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isLoaded = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!isLoaded)
                    await subscriptions.Reload(stoppingToken);
                isLoaded = true;
                var changed = subscriptions.Changed;
                if (subscriptions.IsEmpty && await Skip(stoppingToken))
                    await changed.WaitAsync(IdleInterval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                else
                    await PlanAndPause(stoppingToken);
            }
            catch (Exception failure) when (failure is DbException or DatabaseAwayException)
            {
                // The position has not moved: nothing is lost.
                logger.LogWarning("Planning webhooks failed and is tried again: {Reason}", failure.Message);
                await Task.Delay(AfterFailure, stoppingToken);
            }
        }
    }

    /// <summary>Passes over what nobody has subscribed to; false when somebody has.</summary>
    internal async Task<bool> Skip(CancellationToken cancellation)
    {
        // The end first: whoever subscribes after the look at the subscriptions has nothing to do with what lies before it.
        var end = await log.End(cancellation);
        await subscriptions.CatchUp(cancellation);
        if (!subscriptions.IsEmpty)
            return false;
        await log.Skip(Reader, end, cancellation);
        return true;
    }

    private async Task PlanAndPause(CancellationToken cancellation)
    {
        var changed = log.Changed(cancellation);
        var began = Stopwatch.GetTimestamp();
        var taken = await PlanOnce(cancellation);
        if (taken == 0)
            await changed;
        if (taken > 0)
            await Task.Delay(Pause(Stopwatch.GetElapsedTime(began), isFull: taken == Batch), cancellation);
    }

    // A tenth of the time at most: the rest belongs to the API. Behind a load, a thirtieth: what is planned costs as much
    // again, and more, when it is sent and stored. On a busy machine the planning takes longer, and so does the pause.
    private static TimeSpan Pause(TimeSpan worked, bool isFull)
    {
        var (pause, longest) = isFull ? (worked * 29, LongestPauseBehindLoad) : (worked * 9, LongestPause);
        return pause < ShortestPause ? ShortestPause : pause > longest ? longest : pause;
    }

    private async Task<int> PlanOnce(CancellationToken cancellation)
    {
        var told = new HashSet<Guid>();
        var taken = await log.Consume(Reader, Batch, async (changes, cancellation) =>
        {
            told.Clear();
            // After the changes were read: who had subscribed when one of them was stored is known now, wherever it was.
            await subscriptions.CatchUp(cancellation);
            return await Plan(changes, told, cancellation);
        }, cancellation);
        if (taken > 0 && told.Count > 0)
            dispatcher.Send(told);
        return taken;
    }

    private async ValueTask<IReadOnlyList<HotStatement>> Plan(
        IReadOnlyList<LoggedChange> changes, HashSet<Guid> told, CancellationToken cancellation)
    {
        var statements = new List<HotStatement>();
        var now = clock.GetUtcNow();
        var engagements = await referrals.FindEngagements([.. changes.Select(c => c.EngagementId).Distinct()], cancellation);
        var wanted = new List<Candidate>();
        foreach (var change in changes)
        {
            if (!engagements.TryGetValue(change.EngagementId, out var whole))
                continue;
            var engagement = whole.AsOf(change.ChangedAt);
            foreach (var planned in EventPlan.Of(change, engagement, now))
            {
                var referral = engagement.Referrals.First(r => r.Id == change.ReferralId);
                wanted.AddRange(subscriptions.Of(planned.OrganizationId)
                    .Where(s => s.Wants(planned.Name) && s.Since < change.Position && change.ChangedAt >= s.CreatedAt
                        && (s.Statuses.Count == 0 || s.Statuses.Contains(change.Status ?? referral.Status.ToString())))
                    .Select(s => new Candidate(s, change, planned, referral)));
            }
        }

        await ApplyFilters(wanted, now, cancellation);
        foreach (var same in wanted.GroupBy(c => (c.Change.Position, c.Planned.OrganizationId, c.Subscription.Kind)))
        {
            var (_, change, planned, referral) = same.First();
            var id = Guid.NewGuid();
            var body = same.Key.Kind == SubscriptionKind.PartnerCenter
                ? EventBody.PartnerCenter(planned.Name, EventBody.ReferralUri(address.Own, referral.Id), change.ChangedAt)
                : EventBody.CloudEvent(id, planned, referral, change.ChangedAt, address.Own);
            WebhookStore.Plan(statements, id, body, planned.Name, referral.Id, now, same.Select(c => c.Subscription));
            told.UnionWith(same.Select(c => c.Subscription.Id));
        }

        return statements;
    }

    // In SQL, and for what the recipient may see: nobody learns a hidden value by asking for it.
    private async Task ApplyFilters(List<Candidate> wanted, DateTimeOffset now, CancellationToken cancellation)
    {
        foreach (var filtered in wanted.Where(c => c.Subscription.Filter is not null).GroupBy(c => c.Subscription).ToList())
        {
            var matching = await Matching(filtered.Key, filtered.Select(c => c.Referral.Id).Distinct(), now, cancellation);
            wanted.RemoveAll(c => c.Subscription == filtered.Key && !matching.Contains(c.Referral.Id));
        }
    }

    private async ValueTask<HashSet<Guid>> Matching(
        Subscription subscription, IEnumerable<Guid> ids, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            return ReferralFilter.Parse(subscription.Filter!).Succeeded(out var filter, out _)
                ? await referrals.Matching(
                    filter, EventPlan.CompanyAdminOf(subscription.OrganizationId), ids, WireTime.ToUnixMicroseconds(now), cancellation)
                : [];
        }
        catch (DbException failure) when (!failure.IsTransient)
        {
            // A filter that the database cannot compute is its subscription's business, and holds up nobody else's events.
            logger.LogWarning("The filter of webhook subscription {Subscription} matches nothing: {Reason}",
                subscription.Id, failure.Message);
            return [];
        }
    }

    private sealed record Candidate(Subscription Subscription, LoggedChange Change, PlannedEvent Planned, StoredReferral Referral);
}

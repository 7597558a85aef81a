using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Tandem.Contracts.Reading;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;

namespace Tandem.Server.Notifications;

/// <summary>
/// Reads the change log and stores who is to be told what, in the transaction that moves its position: nothing is told
/// twice, and nothing is forgotten. Looks also for deals whose time is nearly up, of which no change tells.
/// </summary>
internal sealed class NoticePlanner(
    ChangeLog log, ReferralStore referrals, NoticeStore store, NoticeWriter writer, OrganizationDirectory directory,
    EmailSender email, TimeProvider clock, ILogger<NoticePlanner> logger) : BackgroundService
{
    private const string Reader = "notices";
    private const int Batch = 500;
    private const int MostExpiring = 500;

    // A deal is spoken of twice before it expires (B53).
    private static readonly int[] DaysBefore = [3, 1];

    private static readonly TimeSpan BetweenReminders = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BetweenPrunings = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestCatchUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private DateTimeOffset _reminded;
    private DateTimeOffset _pruned;

    /// <summary>What was stored before long ago is nobody's news: a new reader begins at the end of the log.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await log.Position(Reader, cancellationToken) is null)
            await log.Skip(Reader, await log.End(cancellationToken), cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>
    /// Plans what is in the log now. Who asks for his notices because he heard of a change finds what follows from it.
    /// </summary>
    public async Task CatchUp(CancellationToken cancellation)
    {
        var end = await log.End(cancellation);
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < LongestCatchUp;)
        {
            if (await log.Position(Reader, cancellation) is { } position && position >= end)
                return;
            if (await PlanOnce(cancellation) == 0)
                await Task.Delay(ShortestPause / 10, cancellation);
        }
    }

    /// <summary>Tells of deals that expire soon; answers how many.</summary>
    public async Task<int> Remind(CancellationToken cancellation)
    {
        var told = 0;
        for (var i = 0; i < DaysBefore.Length; i++)
            told += await Remind(DaysBefore[i], DaysBefore.ElementAtOrDefault(i + 1), cancellation);
        return told;
    }

    public override void Dispose()
    {
        _turn.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                // Asked for before the log is read: what is committed meanwhile ends it.
                var moved = log.Moved;
                var began = Stopwatch.GetTimestamp();
                var taken = await PlanOnce(stoppingToken);
                await Look(stoppingToken);
                if (taken == 0)
                {
                    await moved.WaitAsync(BetweenReminders, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    // What is committed together is planned together.
                    await Task.Delay(ShortestPause, stoppingToken);
                }
                else
                {
                    await Task.Delay(Pause(Stopwatch.GetElapsedTime(began)), stoppingToken);
                }
            }
            catch (Exception failure) when (failure is DbException or DatabaseAwayException)
            {
                // The position has not moved: nothing is lost.
                logger.LogWarning("Planning notices failed and is tried again: {Reason}", failure.Message);
                await Task.Delay(AfterFailure, stoppingToken);
            }
        }
    }

    // A tenth of the time at most: the rest belongs to the API.
    private static TimeSpan Pause(TimeSpan worked) =>
        worked * 9 is var pause && pause < ShortestPause ? ShortestPause : pause > LongestPause ? LongestPause : pause;

    private async Task Look(CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        if (now - _reminded >= BetweenReminders)
        {
            await Remind(cancellation);
            _reminded = now;
        }

        if (now - _pruned < BetweenPrunings)
            return;
        while (await store.Prune(now, cancellation))
            await Task.Delay(ShortestPause, cancellation);
        _pruned = now;
    }

    private async Task<int> PlanOnce(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var mails = false;
            var taken = await log.Consume(Reader, Batch, async (changes, cancellation) =>
            {
                (var statements, mails) = await writer.Statements(await Plan(changes, cancellation), cancellation);
                return statements;
            }, cancellation);
            if (taken > 0 && mails)
                email.Wake();
            return taken;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<List<PlannedNotice>> Plan(IReadOnlyList<LoggedChange> changes, CancellationToken cancellation)
    {
        List<LoggedChange> telling = [.. changes.Where(NoticePlan.MayTell)];
        if (telling.Count == 0)
            return [];
        var now = clock.GetUtcNow();
        var engagements = await referrals.FindEngagements([.. telling.Select(c => c.EngagementId).Distinct()], cancellation);
        return
        [
            .. from change in telling
               where engagements.ContainsKey(change.EngagementId)
               from planned in NoticePlan.Of(change, engagements[change.EngagementId].AsOf(change.ChangedAt), directory.Current, now)
               select planned,
        ];
    }

    /// <param name="days">How long before the end.</param>
    /// <param name="later">How long before the end the next reminder comes, in whose stretch this one says nothing.</param>
    private async Task<int> Remind(int days, int later, CancellationToken cancellation)
    {
        var reader = string.Create(CultureInfo.InvariantCulture, $"expires-{days}");
        var now = clock.GetUtcNow();
        // How far ahead it has looked; as the place of a reader, so that of several nodes one tells.
        var position = await log.Begin(reader, cancellation);
        var until = now.AddDays(days);
        var seen = WireTime.FromUnixMicroseconds(position.Sequence);
        if (seen >= until)
            return 0;
        var found = await referrals.Expiring(seen > now.AddDays(later) ? seen : now.AddDays(later), until, MostExpiring, cancellation);
        if (found.Count == 0)
            return 0;
        if (found.Count == MostExpiring)
            until = found[^1].ExpiresAt!.Value;
        var (statements, mails) = await writer.Statements(
            [.. found.Select(r => NoticePlan.Expiring(r, days, directory.Current, now)).OfType<PlannedNotice>()], cancellation);
        if (!await log.Move(reader, position, new(0, WireTime.ToUnixMicroseconds(until)), statements, cancellation))
            return 0;
        if (mails)
            email.Wake();
        return found.Count;
    }
}

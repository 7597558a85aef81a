using Tandem.Contracts.Reading;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals;

/// <summary>
/// Closes unanswered referrals when their time is up (B26) and notes overdue calls (B28). Late by at most its interval;
/// decisions are exact all the same, since an update looks at the time itself.
/// </summary>
internal sealed class ExpiryWorker(ReferralStore store, TimeProvider clock, ILogger<ExpiryWorker> logger) : BackgroundService
{
    private const int Batch = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    /// <summary>Expires one referral; another request may have been faster, which is as good.</summary>
    public Task<WriteResult> Expire(StoredReferral referral, CancellationToken cancellation) =>
        store.Write([PreparedChange.Of(UpdateReferral.Expire(referral, Now), Now)], null, cancellation);

    /// <summary>Does all that is due now; answers how much that was.</summary>
    public async Task<int> RunOnce(CancellationToken cancellation)
    {
        var done = 0;
        while (await store.Overdue(Now, Batch, cancellation) is { Count: > 0 } overdue)
        {
            foreach (var referral in overdue)
                done += await Expire(referral, cancellation) == WriteResult.Stored ? 1 : 0;
        }

        while (await store.DueReminders(Now, Batch, cancellation) is { Count: > 0 } due)
        {
            foreach (var referral in due)
            {
                var reminder = PreparedChange.Of(UpdateReferral.Remind(referral), Now);
                done += await store.Write([reminder], null, cancellation) == WriteResult.Stored ? 1 : 0;
            }
        }

        await store.ForgetOldAnswers(cancellation);
        return done;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                await RunOnce(stoppingToken);
            }
            catch (Exception failure) when (failure is System.Data.Common.DbException or UniqueViolationException)
            {
                // The database is away for a moment; what is due stays due.
                logger.LogError(failure, "Expiring referrals failed; trying again in {Interval}.", Interval);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private DateTimeOffset Now => WireTime.ToMicroseconds(clock.GetUtcNow());
}

using System.Data.Common;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using MimeKit;
using Tandem.Server.Http;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;
using Tandem.Server.Webhooks;

namespace Tandem.Server.Notifications;

/// <summary>
/// Sends what waits, one message after another. A mail server that is away stops nothing else: what it does not take is
/// tried again, for two days.
/// </summary>
internal sealed class EmailSender(
    EmailQueue queue, ReferralStore referrals, SubscriptionDirectory subscriptions, OrganizationDirectory directory,
    ServerAddress address, IOptions<EmailOptions> options, TimeProvider clock, ILogger<EmailSender> logger) : BackgroundService
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromDays(2);

    // Another node may have left something behind.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private int _unreachable;
    private TimeSpan _rest;

    /// <summary>There is something to send.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Sends a message to somebody who looks at the settings, and says what the mail server said.</summary>
    public async Task<SendResult> SendTest(string name, string to, string language, CancellationToken cancellation)
    {
        if (EmailText.Test(Sender(), name, to, language, clock.GetUtcNow()) is not { } message)
            return Malformed;
        using var connection = new SmtpConnection(options.Value);
        var result = await connection.Send(message, cancellation);
        await connection.Close();
        return result;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.IsConfigured)
            return;
        using var connection = new SmtpConnection(options.Value);
        var isFirst = true;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (isFirst)
                    await queue.Restart(clock.GetUtcNow(), stoppingToken);
                isFirst = false;
                while (_rest == TimeSpan.Zero && await queue.Claim(clock.GetUtcNow(), stoppingToken) is { Count: > 0 } mails)
                    await Deliver(connection, mails, stoppingToken);
                await connection.Close();
                await Wait(stoppingToken);
            }
            catch (Exception failure) when (failure is DbException or DatabaseAwayException)
            {
                logger.LogWarning("E-mail waits for the database: {Reason}", failure.Message);
                await Task.Delay(FirstRest, stoppingToken);
            }
        }
    }

    private async Task Wait(CancellationToken cancellation)
    {
        if (_rest > TimeSpan.Zero)
        {
            // Not woken before: a mail server that is away is not asked for every notice.
            await Task.Delay(_rest, clock, cancellation);
            _rest = TimeSpan.Zero;
            return;
        }

        var wait = await queue.NextDue(cancellation) - clock.GetUtcNow() ?? BetweenLooks;
        using var awake = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(
            _wake.Reader.WaitToReadAsync(awake.Token).AsTask(),
            // Due already, and not to be had: another node is at it.
            wait <= TimeSpan.Zero
                ? Task.Delay(FirstRest, awake.Token)
                : Task.Delay(wait < BetweenLooks ? wait : BetweenLooks, clock, awake.Token));
        await awake.CancelAsync();
        _wake.Reader.TryRead(out _);
        cancellation.ThrowIfCancellationRequested();
    }

    private async Task Deliver(SmtpConnection connection, List<DueMail> mails, CancellationToken cancellation)
    {
        var allowed = new List<DueMail>();
        foreach (var mail in mails)
        {
            if (await IsStillHis(mail, cancellation))
                allowed.Add(mail);
        }

        var now = clock.GetUtcNow();
        if (allowed.Count < mails.Count)
        {
            await Note(mails.Except(allowed), MailState.Dropped, mails[0].Attempts, now, null, cancellation);
            if (allowed.Count == 0)
                return;
        }

        var result = Compose(allowed) is { } message ? await connection.Send(message, cancellation) : Malformed;
        now = clock.GetUtcNow();
        var attempts = allowed.Max(m => m.Attempts) + 1;
        var isOver = result.Outcome == SendOutcome.Refused || now - allowed[^1].Notice.DateTime > GivenUpAfter;
        var state = result.Outcome == SendOutcome.Taken ? MailState.Sent : isOver ? MailState.Failed : MailState.Waiting;
        var due = state == MailState.Waiting ? now + AfterFailure(attempts) : now;
        await Note(allowed, state, attempts, due, state == MailState.Sent ? null : result.Answer, cancellation);
        if (state != MailState.Sent)
        {
            // Neither the address nor the answer, which may repeat it: they are on the administration's page.
            logger.LogWarning("The e-mail of notice {Notice} was not taken at attempt {Attempt}: {Outcome}",
                allowed[0].Id, attempts, result.Outcome);
        }

        _unreachable = result.Outcome == SendOutcome.Unreachable ? _unreachable + 1 : 0;
        _rest = NextRest(_unreachable);
    }

    // What was sent and not noted would be sent again: the note waits for the database.
    private async Task Note(
        IEnumerable<DueMail> mails, MailState state, int attempts, DateTimeOffset due, string? answer, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await queue.Note(mails.Select(m => m.Id), state, attempts, due, answer, CancellationToken.None);
                return;
            }
            catch (DbException away)
            {
                logger.LogWarning("The note of an e-mail waits for the database: {Reason}", away.Message);
                await Task.Delay(FirstRest, cancellation);
            }
        }
    }

    /// <summary>When a message that was not taken is tried again: twice as late each time, at most an hour later.</summary>
    public static TimeSpan AfterFailure(int attempts) =>
        attempts > 8 ? LongestWait : TimeSpan.FromTicks(Math.Min(FirstWait.Ticks << (attempts - 1), LongestWait.Ticks));

    private static TimeSpan NextRest(int failures) => failures switch
    {
        0 => TimeSpan.Zero,
        > 7 => LongestRest,
        _ => TimeSpan.FromTicks(Math.Min(FirstRest.Ticks << (failures - 1), LongestRest.Ticks)),
    };

    // Time passes between a notice and its e-mail: people leave, and teams change.
    private async Task<bool> IsStillHis(DueMail mail, CancellationToken cancellation)
    {
        if (mail.UserId is not { } id)
            return true;
        var snapshot = directory.Current;
        if (snapshot.User(id) is not { IsEnabled: true } user || user.OrganizationId != mail.OrganizationId)
            return false;
        if (mail.Notice.ReferralId is not { } about)
        {
            return mail.Notice.SubscriptionId is { } subscription && subscriptions.Find(subscription) is not null
                && NoticePlan.SeesWebhooks(user, snapshot);
        }

        return await referrals.FindEngagementOf(about, cancellation) is { } engagement
            && engagement.Referrals.First(r => r.Id == about) is var referral
            && NoticePlan.Sees(user, referral, engagement, snapshot, clock.GetUtcNow());
    }

    private MimeMessage? Compose(List<DueMail> mails)
    {
        var (first, user) = (mails[0], mails[0].UserId is { } id ? directory.Current.User(id) : null);
        return EmailText.Of(Sender(), user?.Name ?? "", user?.Email ?? first.Email!, first.Language, [.. mails.Select(m => m.Notice)],
            first.IsDigest, address.Own, clock.GetUtcNow());
    }

    private MailboxAddress Sender() => MailboxAddress.Parse(options.Value.From!);

    private static SendResult Malformed { get; } = new(SendOutcome.Refused, "The address is not one that e-mail knows.");
}

using Microsoft.Extensions.Options;
using Tandem.Contracts.Notifications;
using Tandem.Server.Storage;

namespace Tandem.Server.Notifications;

/// <summary>Turns what is to be told into rows: for each person one, with its e-mail as he wants it.</summary>
internal sealed class NoticeWriter(NoticeStore store, IOptions<EmailOptions> options, TimeProvider clock)
{
    /// <summary>Leads of a day that a person gets a message each for; the others come in one (B55).</summary>
    private const int MostSingleLeads = 10;

    /// <summary>The statements that store some notices, and whether e-mail goes with any.</summary>
    public async Task<(List<HotStatement> Statements, bool Mails)> Statements(
        List<PlannedNotice> planned, CancellationToken cancellation)
    {
        var statements = new List<HotStatement>();
        List<Guid> users = [.. planned.SelectMany(p => p.To).Select(r => r.UserId).OfType<Guid>().Distinct()];
        if (planned.Count == 0)
            return (statements, false);
        var settings = await store.Settings(users, cancellation);
        var now = clock.GetUtcNow();
        // A day of the digest is one of UTC: the server knows no other of its people.
        var today = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        var leads = planned.Exists(p => p.Kind == NoticeKind.LeadReceived) ? await store.LeadsSince(users, today, cancellation) : [];
        var mails = false;
        foreach (var notice in planned)
        {
            foreach (var to in notice.To)
            {
                var own = to.UserId is { } id ? settings.GetValueOrDefault(id) : null;
                var isMailed = options.Value.IsConfigured && to.WantsEmail && own?.WithoutEmail.Contains(TopicOf(notice.Kind)) != true;
                var isDigest = isMailed && notice.Kind == NoticeKind.LeadReceived && to.UserId is { } user && CountLead(leads, user);
                DateTimeOffset? mailAt = !isMailed ? null : isDigest ? today.AddDays(1) : now;
                statements.Add(NoticeStore.Add(notice, to, EmailText.LanguageOf(own?.Language ?? to.Locale), mailAt, isDigest));
                mails |= isMailed;
            }
        }

        return (statements, mails);
    }

    private static bool CountLead(Dictionary<Guid, int> leads, Guid user) =>
        (leads[user] = leads.GetValueOrDefault(user) + 1) > MostSingleLeads;

    private static NoticeTopic TopicOf(NoticeKind kind) => kind switch
    {
        NoticeKind.InvitationSent => NoticeTopic.InvitationSent,
        NoticeKind.InvitationAccepted or NoticeKind.InvitationDeclined or NoticeKind.InvitationExpired => NoticeTopic.InvitationAnswered,
        NoticeKind.DealReceived or NoticeKind.DealExpiring or NoticeKind.ContactOverdue => NoticeTopic.DealReceived,
        NoticeKind.RegistrationActionRequired or NoticeKind.RegistrationPassed or NoticeKind.RegistrationFailed => NoticeTopic.Registration,
        NoticeKind.LeadReceived => NoticeTopic.LeadReceived,
        NoticeKind.ProfileLeadReceived => NoticeTopic.ProfileLeadReceived,
        NoticeKind.WebhookPaused => NoticeTopic.Webhook,
    };
}

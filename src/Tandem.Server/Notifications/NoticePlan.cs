using Tandem.Contracts.Notifications;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Referrals;
using Tandem.Server.Storage;
using Tandem.Server.Webhooks;

namespace Tandem.Server.Notifications;

/// <summary>Somebody who is told.</summary>
/// <param name="UserId">Null for the contact of a location who has no account.</param>
/// <param name="Email">His address.</param>
/// <param name="WantsEmail">Whether the team's entry for him, where there is one, lets e-mail through (B58).</param>
/// <param name="Locale">The culture that the entry names.</param>
/// <param name="DidIt">Whether it is his own doing, which he knows of.</param>
/// <param name="Sees">Whether he may see the deal; the contact of a location need not.</param>
internal sealed record Recipient(Guid? UserId, string Email, bool WantsEmail, string? Locale, bool DidIt, bool Sees);

/// <summary>Something to tell.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="ReferralId">The referral to look at; null when it is about something else.</param>
/// <param name="OrganizationId">Whose people are told.</param>
/// <param name="At">When it happened.</param>
/// <param name="Source">What it comes from; the same thing from the same source is told once.</param>
/// <param name="To">Who is told.</param>
internal sealed record PlannedNotice(
    NoticeKind Kind, Guid? ReferralId, string OrganizationId, DateTimeOffset At, string Source, IReadOnlyList<Recipient> To)
{
    public string? DealName { get; init; }

    public string? PartnerName { get; init; }

    public string? Reason { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public Guid? SubscriptionId { get; init; }

    public string? Receiver { get; init; }
}

/// <summary>Who is told of what (B51–B58). Nobody is told of what he may not see. Pure.</summary>
internal static class NoticePlan
{
    /// <summary>Whether a change may be worth a notice, from its row alone: most are not, and no document is read for them.</summary>
    public static bool MayTell(LoggedChange change) => change.Kind switch
    {
        // Of what an organization creates for itself nobody is told (B57).
        ReferralChangeKind.Created => change.Author.OrganizationId != change.OrganizationId,
        ReferralChangeKind.Updated => change.Properties.Any(p => p is "status" or "substatus" or "registrationStatus"),
        ReferralChangeKind.Expired or ReferralChangeKind.ReminderDue => true,
    };

    /// <param name="change">A row of the log.</param>
    /// <param name="engagement">Its engagement, as it was joined then.</param>
    /// <param name="directory">Who is on the exchange.</param>
    /// <param name="now">For what depends on the time.</param>
    public static IEnumerable<PlannedNotice> Of(
        LoggedChange change, Engagement engagement, DirectorySnapshot directory, DateTimeOffset now)
    {
        if (engagement.Referrals.FirstOrDefault(r => r.Id == change.ReferralId) is not { } referral)
            return [];
        var plan = new Plan(change, engagement, referral, directory, now);
        return change.Kind switch
        {
            ReferralChangeKind.Created => plan.Created(),
            ReferralChangeKind.Updated => [.. plan.Answered(), .. plan.Reviewed()],
            ReferralChangeKind.Expired => plan.ToSender(NoticeKind.InvitationExpired),
            ReferralChangeKind.ReminderDue => [plan.ToAdmins(NoticeKind.ContactOverdue)],
        };
    }

    /// <summary>An incoming deal whose time is nearly up (B53).</summary>
    public static PlannedNotice? Expiring(StoredReferral referral, int days, DirectorySnapshot directory, DateTimeOffset now)
    {
        var read = referral.Read();
        // Marketplace leads are told of once, when they come (B55).
        return !referral.IsInvited || DealKinds.CategoryOf(read) == ReferralCategory.MarketplaceLead ? null : new PlannedNotice(
            NoticeKind.DealExpiring, referral.Id, referral.OrganizationId, now, $"expires-{days}|{referral.Id}",
            Admins(referral, read, directory, null))
        {
            DealName = NameOf(read),
            PartnerName = InviterOf(referral, directory),
            ExpiresAt = referral.ExpiresAt,
        };
    }

    /// <summary>A webhook whose receiver failed for too long; told to those who may resume it.</summary>
    public static PlannedNotice Paused(Subscription subscription, DirectorySnapshot directory, DateTimeOffset now) => new(
        NoticeKind.WebhookPaused, null, subscription.OrganizationId, now, $"paused|{subscription.Id}|{WireTime.ToUnixMicroseconds(now)}",
        [
            .. from user in directory.UsersOf(subscription.OrganizationId)
               where SeesWebhooks(user, directory)
               select new Recipient(user.Id, user.Email, WantsEmail: true, null, DidIt: false, Sees: true),
        ])
    {
        SubscriptionId = subscription.Id,
        Receiver = new Uri(subscription.Url).Host,
    };

    /// <summary>Whether somebody may look at his organization's webhooks.</summary>
    public static bool SeesWebhooks(User user, DirectorySnapshot directory) => directory.CallerOf(user) is { IsCompanyAdmin: true };

    /// <summary>Whether somebody may see a referral, which is decided again before e-mail leaves.</summary>
    public static bool Sees(User user, StoredReferral referral, Engagement engagement, DirectorySnapshot directory, DateTimeOffset now) =>
        directory.CallerOf(user) is { HasReferralRole: true } caller
        && Visibility.Of(caller, referral, engagement, now) is ReferralView.Full or ReferralView.Restricted;

    private static List<Recipient> Admins(StoredReferral referral, Referral read, DirectorySnapshot directory, Guid? actor) =>
    [
        .. from user in directory.UsersOf(referral.OrganizationId)
        // Of the receiving location (B6), and such as may see a lead (B4).
        where user.Roles.Exists(r => r.Role == Role.ReferralsAdmin
            && (r.MpnId is null || string.Equals(r.MpnId, referral.MpnId, StringComparison.OrdinalIgnoreCase)))
        where directory.CallerOf(user) is { } caller && Visibility.MayChange(caller, referral)
        select To(user, read, actor),
    ];

    private static Recipient To(User user, Referral referral, Guid? actor)
    {
        var entries = referral.Team.Where(m => string.Equals(m.Email, user.Email, StringComparison.OrdinalIgnoreCase)).ToList();
        return new(user.Id, user.Email, !entries.Exists(m => m.ContactPreference.DisableNotifications == true),
            entries.Select(m => m.ContactPreference.Locale).FirstOrDefault(l => !string.IsNullOrEmpty(l)), user.Id == actor, Sees: true);
    }

    private static string NameOf(Referral referral) =>
        string.IsNullOrWhiteSpace(referral.Name) ? referral.CustomerProfile.Name : referral.Name;

    private static string InviterOf(StoredReferral referral, DirectorySnapshot directory) =>
        directory.Organization(referral.CreatorOrganizationId)?.Name ?? referral.CreatorOrganizationId;

    private sealed class Plan(
        LoggedChange change, Engagement engagement, StoredReferral referral, DirectorySnapshot directory, DateTimeOffset now)
    {
        private readonly Referral _read = referral.Read();

        public IEnumerable<PlannedNotice> Created()
        {
            var category = DealKinds.CategoryOf(_read);
            var isLead = category != ReferralCategory.CosellOpportunity;
            if (!isLead)
            {
                foreach (var sent in ToSender(NoticeKind.InvitationSent))
                    yield return sent;
            }

            // Leads that ask for no answer come as accepted, and are told of by nobody; nor is spam (B30, B55).
            if (change.Status != nameof(ReferralStatus.New) || _read.IsSpam)
                yield break;
            if (!isLead)
                yield return ToAdmins(NoticeKind.DealReceived);
            else if (ProfileOf() is { } location)
                yield return OfProfile(location);
            else
                yield return ToAdmins(category == ReferralCategory.MarketplaceLead ? NoticeKind.LeadReceived : NoticeKind.DealReceived);
        }

        public IEnumerable<PlannedNotice> Answered() => (change.Status, change.Substatus) switch
        {
            (nameof(ReferralStatus.Active), _) when change.Properties.Contains("status") => ToSender(NoticeKind.InvitationAccepted),
            (_, nameof(ReferralSubstatus.Declined)) when change.Properties.Contains("substatus") =>
                ToSender(NoticeKind.InvitationDeclined),
            (_, nameof(ReferralSubstatus.Expired)) when change.Properties.Contains("substatus") =>
                ToSender(NoticeKind.InvitationExpired),
            _ => [],
        };

        // By the date that the change set, so that a later state hides none.
        public IEnumerable<PlannedNotice> Reviewed()
        {
            if (!change.Properties.Contains("registrationStatus"))
                yield break;
            foreach (var registration in _read.Registrations)
            {
                var history = registration.StatusHistory;
                var kind = history.ActionRequiredDateTime == change.ChangedAt ? NoticeKind.RegistrationActionRequired
                    : history.PassedDateTime == change.ChangedAt ? NoticeKind.RegistrationPassed
                    : history.FailedDateTime == change.ChangedAt ? NoticeKind.RegistrationFailed
                    : (NoticeKind?)null;
                if (kind is { } found)
                    yield return Notice(found, referral, _read, TeamOf(referral, _read)) with { Reason = registration.StatusReason };
            }
        }

        public PlannedNotice ToAdmins(NoticeKind kind) =>
            Notice(kind, referral, _read, Admins(referral, _read, directory, change.Author.UserId)) with
            {
                PartnerName = InviterOf(referral, directory),
                ExpiresAt = referral.ExpiresAt,
            };

        /// <summary>Tells those who invited the owner (B51, B52); nobody when the owner made the deal himself.</summary>
        public IEnumerable<PlannedNotice> ToSender(NoticeKind kind)
        {
            if (!referral.IsInvited || DealKinds.CategoryOf(_read) != ReferralCategory.CosellOpportunity)
                yield break;
            // Of the other side's referral, what its inviter sees.
            var shown = Visibility.Restrict(referral.Read());
            var own = engagement.ReferralOf(referral.CreatorOrganizationId);
            var page = own ?? referral;
            var pageRead = own?.Read() ?? shown;
            yield return Notice(kind, page, pageRead, own is null ? Creator(referral) : TeamOf(own, pageRead)) with
            {
                OrganizationId = referral.CreatorOrganizationId,
                PartnerName = directory.Organization(referral.OrganizationId)?.Name ?? shown.OrganizationName,
                Reason = kind == NoticeKind.InvitationDeclined ? shown.StatusReason : null,
            };
        }

        // The contact is told that there is a lead; whose, where he may see it himself (B56). The admins see it in the bell.
        private PlannedNotice OfProfile(Location location)
        {
            var all = ToAdmins(NoticeKind.ProfileLeadReceived);
            if (location.ContactEmail is not { } contact || ContactOf(contact, all.To) is not { } named)
                return all;
            var others = all.To.Where(a => a.UserId is null || a.UserId != named.UserId).Select(a => a with { WantsEmail = false });
            return all with { To = [.. others, named] };
        }

        private Recipient? ContactOf(string contact, IReadOnlyList<Recipient> admins) => directory.UserByEmail(contact) is not { } user
            ? new Recipient(null, contact, WantsEmail: true, null, DidIt: false, Sees: false)
            : admins.FirstOrDefault(a => a.UserId == user.Id)
                ?? (!user.IsEnabled || user.OrganizationId != referral.OrganizationId ? null
                : Sees(user, referral, engagement, directory, now) ? To(user, _read, change.Author.UserId)
                : new Recipient(null, contact, WantsEmail: true, null, DidIt: false, Sees: false));

        // The location that a lead was aimed at, where it was aimed at a location and not at an offer.
        private Location? ProfileOf() => _read.Target
            .Where(t => t is { Type: TargetType.BusinessProfileLocation, Id: { Length: > 0 } })
            .Select(t => directory.Location(t.Id!))
            .FirstOrDefault(l => l?.OrganizationId == referral.OrganizationId);

        private List<Recipient> TeamOf(StoredReferral own, Referral read)
        {
            var team = read.Team.Where(m => !string.IsNullOrEmpty(m.Email))
                .Select(m => directory.UserByEmail(m.Email!)).OfType<User>().DistinctBy(u => u.Id)
                .Where(u => directory.CallerOf(u) is { } caller && Visibility.MayChange(caller, own))
                .Select(u => To(u, read, change.Author.UserId)).ToList();
            // A deal without a team is its creator's.
            return team.Count > 0 ? team : Creator(own);
        }

        private List<Recipient> Creator(StoredReferral of) =>
            directory.User(of.CreatorUserId) is { } user && user.OrganizationId == of.CreatorOrganizationId
                && Sees(user, of, engagement, directory, now)
                ? [To(user, new Referral(), change.Author.UserId)]
                : [];

        private PlannedNotice Notice(NoticeKind kind, StoredReferral page, Referral read, IReadOnlyList<Recipient> to) =>
            new(kind, page.Id, page.OrganizationId, change.ChangedAt, $"{change.Position}|{kind}", to) { DealName = NameOf(read) };
    }
}

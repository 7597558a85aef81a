using System.Collections.Immutable;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Identity;
using Tandem.Server.Referrals;
using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

/// <summary>An event that a change raises for one organization.</summary>
/// <param name="OrganizationId">Who is told.</param>
/// <param name="Name">One of <see cref="EventNames"/>.</param>
/// <param name="View">What the organization sees of the referral.</param>
/// <param name="Properties">The changed properties that it sees.</param>
internal sealed record PlannedEvent(
    string OrganizationId, string Name, ReferralView View, IReadOnlyList<string> Properties);

/// <summary>Who is told of a change, and as what (W25–W29). Pure.</summary>
internal static class EventPlan
{
    /// <param name="change">A row of the log.</param>
    /// <param name="engagement">The engagement as it was joined when the change was made.</param>
    /// <param name="now">For what depends on the time.</param>
    public static IReadOnlyList<PlannedEvent> Of(LoggedChange change, Engagement engagement, DateTimeOffset now)
    {
        if (change.Kind == ReferralChangeKind.ReminderDue
            || engagement.Referrals.FirstOrDefault(r => r.Id == change.ReferralId) is not { } referral)
            return [];

        var isNew = change.Kind == ReferralChangeKind.Created;
        List<PlannedEvent> events =
        [
            new(referral.OrganizationId, isNew ? EventNames.ReferralCreated : EventNames.ReferralUpdated,
                ReferralView.Full, change.Properties),
        ];
        var others = engagement.Others(referral).Select(r => r.OrganizationId).Append(referral.CreatorOrganizationId)
            .Distinct().Where(o => o != referral.OrganizationId)
            .Where(o => Visibility.Of(CompanyAdminOf(o), referral, engagement, now) == ReferralView.Restricted)
            .ToList();
        if (others.Count == 0)
            return events;

        var shown = referral.Read();
        List<string> seen = [.. change.Properties.Where(p => Visibility.IsVisibleToOthers(p, shown))];
        // What changed is hidden from them: for them nothing happened.
        if (change.Kind == ReferralChangeKind.Updated && seen.Count == 0)
            return events;
        var name = isNew ? EventNames.RelatedReferralCreated : EventNames.RelatedReferralUpdated;
        events.AddRange(others.Select(o => new PlannedEvent(o, name, ReferralView.Restricted, seen)));
        return events;
    }

    /// <summary>Events are an organization's: it is told what its company-wide Referrals admin may see.</summary>
    public static Caller CompanyAdminOf(string organizationId) => new()
    {
        OrganizationId = organizationId,
        OrganizationName = organizationId,
        UserId = Guid.Empty,
        Name = organizationId,
        Emails = [],
        Roles = CompanyAdmin,
    };

    private static readonly ImmutableArray<RoleGrant> CompanyAdmin = [new(Role.ReferralsAdmin, null)];
}

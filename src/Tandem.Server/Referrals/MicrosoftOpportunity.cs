using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Organizations;

namespace Tandem.Server.Referrals;

/// <summary>
/// When Microsoft accepts, the id of its opportunity appears on the referral of the partner who invited it (B35). The id
/// is what Microsoft keeps as its own CRM id, which stays hidden otherwise. Pure.
/// </summary>
internal static class MicrosoftOpportunity
{
    /// <summary>The server's change of the partner's referral that goes with a change of Microsoft's; null when there is none.</summary>
    public static ReferralChange? Follow(ReferralChange change, Engagement engagement)
    {
        var after = change.After;
        if (after.OrganizationId != Organization.Microsoft || after.Status != ReferralStatus.Active
            || change.CreatorOrganizationId == Organization.Microsoft
            || string.IsNullOrEmpty(after.ExternalReferenceId)
            || !change.Properties.Any(p => p is "status" or "externalReferenceId")
            || engagement.OpenReferralOf(change.CreatorOrganizationId) is not { } inviter)
            return null;

        var (old, now) = (inviter.Read(), inviter.Read());
        now.TrackingInfo.MicrosoftMsxId = after.ExternalReferenceId;
        var properties = ContractType.Referral.Compare(old, now);
        return properties.Count == 0
            ? null
            : UpdateReferral.ServerChange(inviter, ReferralChangeKind.Updated, now) with
            {
                Properties = properties,
                RemindsAt = inviter.RemindsAt,
            };
    }
}

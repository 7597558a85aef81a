using Tandem.Server.Referrals;

namespace Tandem.Server.Engagements;

/// <summary>The referrals with one <c>engagementId</c>; each belongs to exactly one organization.</summary>
internal sealed record Engagement(Guid Id, IReadOnlyList<StoredReferral> Referrals)
{
    /// <summary>The organization's open referral, else its last closed one.</summary>
    public StoredReferral? ReferralOf(string organizationId) =>
        OpenReferralOf(organizationId) ?? Referrals.LastOrDefault(r => r.OrganizationId == organizationId);

    public StoredReferral? OpenReferralOf(string organizationId) =>
        Referrals.FirstOrDefault(r => r.OrganizationId == organizationId && r.IsOpen);

    /// <summary>The other parties' referrals, seen from one of them.</summary>
    public IEnumerable<StoredReferral> Others(StoredReferral than) =>
        Referrals.Where(r => r.OrganizationId != than.OrganizationId);

    /// <summary>Whether the owner of a referral has invited somebody into the engagement.</summary>
    public bool HasInvited(StoredReferral inviter) =>
        !inviter.IsInvited && Others(inviter).Any(r => r.CreatorOrganizationId == inviter.OrganizationId);

    /// <summary>As it was joined at a time: who joined later was not there to be told.</summary>
    public Engagement AsOf(DateTimeOffset time) => Referrals.Count == 1
        ? this
        : this with { Referrals = [.. Referrals.Where(r => r.Read().CreatedDateTime <= time)] };
}

using Tandem.Contracts.Referrals;

namespace Tandem.Web.Invite;

/// <summary>The connected referral that invites another organization into the engagement of a deal.</summary>
internal static class Invitation
{
    /// <param name="deal">One's own deal, of which the server copies customer, consent and details.</param>
    /// <param name="location">Where the other organization is invited: a business-profile location, or <c>msft</c>.</param>
    /// <param name="context">Message and kind of help.</param>
    public static Referral Into(Referral deal, string location, InviteContext context) => new()
    {
        EngagementId = deal.EngagementId,
        Type = ReferralType.Shared,
        // The other side sees these on the deal itself; on its own referral it need not type them again.
        Name = deal.Name,
        Qualification = deal.Qualification,
        PartnerRole = deal.PartnerRole,
        SolutionArea = deal.SolutionArea,
        SolutionPlay = deal.SolutionPlay,
        Target = [new Target { Type = TargetType.BusinessProfileLocation, Id = location }],
        InviteContext = new InviteContext { Notes = context.Notes, AssistanceRequestCode = context.AssistanceRequestCode },
    };

    /// <summary>Whether customer contacts go along (B15).</summary>
    public static bool SharesContacts(Referral deal) =>
        deal.Consent.ConsentToToShareInfoWithOthers == true && deal.CustomerProfile.Team.Count > 0;
}

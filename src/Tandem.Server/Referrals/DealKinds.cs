using Tandem.Contracts.Referrals;
using Tandem.Server.Organizations;

namespace Tandem.Server.Referrals;

/// <summary>What a referral is to its users; computed, never stored on the wire (R96).</summary>
internal enum ReferralCategory
{
    MarketplaceLead,
    QualifiedLead,
    CosellOpportunity,
}

/// <summary>How far a co-sell opportunity is shared.</summary>
internal enum DealKind
{
    Private,
    PartnerLed,
    Cosell,
    ServicesCosell,
    PartnerToPartner,
}

internal static class DealKinds
{
    /// <summary>By type, qualification and inviter alone; source and call to action do not count.</summary>
    public static ReferralCategory CategoryOf(Referral referral)
    {
        var inviter = referral.InviteContext.InvitedBy.OrganizationId;
        return (referral.Type, referral.Qualification, inviter) switch
        {
            (ReferralType.Independent, ReferralQualification.Direct, null or Organization.Microsoft) =>
                ReferralCategory.MarketplaceLead,
            (ReferralType.Independent, ReferralQualification.SalesQualified or ReferralQualification.MarketingQualified,
                Organization.Microsoft) => ReferralCategory.QualifiedLead,
            _ => ReferralCategory.CosellOpportunity,
        };
    }

    public static DealKind KindOf(Referral referral, bool isMicrosoftConnected) => referral switch
    {
        _ when IsCosellRequest(referral) && referral.PartnerRole is not null => DealKind.ServicesCosell,
        _ when IsCosellRequest(referral) || (referral.Type == ReferralType.Shared && isMicrosoftConnected) => DealKind.Cosell,
        { Consent.ConsentToShareReferralWithMicrosoftSellers: true } => DealKind.PartnerLed,
        { Type: ReferralType.Shared } => DealKind.PartnerToPartner,
        _ => DealKind.Private,
    };

    /// <summary>Microsoft's help is asked for (R50); <c>Shared</c> alone does not say so.</summary>
    public static bool IsCosellRequest(Referral referral) =>
        referral.InviteContext.AssistanceRequestCode != AssistanceRequestCode.Unknown;
}

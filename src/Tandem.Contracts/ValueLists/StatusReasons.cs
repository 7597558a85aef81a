using Tandem.Contracts.Referrals;

namespace Tandem.Contracts.ValueLists;

/// <summary>
/// Reasons that the portal offers for an outcome; <see cref="Referral.StatusReason"/> takes any text. Source: <i>Manage
/// co-sell opportunities</i>.
/// </summary>
public static class StatusReasons
{
    /// <summary>The reasons for an outcome; none for one that explains itself.</summary>
    public static IReadOnlyList<string> Of(ReferralSubstatus outcome) => outcome switch
    {
        ReferralSubstatus.Declined or ReferralSubstatus.Lost => SuggestedValues.DeclinedOrLostReasons,
        ReferralSubstatus.Error => SuggestedValues.ErrorReasons,
        _ => [],
    };
}

using Tandem.Contracts.Referrals;

namespace Tandem.Contracts.ValueLists;

/// <summary>
/// Reasons that the portal offers for an outcome; <see cref="Referral.StatusReason"/> takes any text. Source: <i>Manage
/// co-sell opportunities</i>.
/// </summary>
public static class StatusReasons
{
    /// <summary>Why a referral was declined or lost.</summary>
    public static IReadOnlyList<string> Declined { get; } =
    [
        "Project budget not adequate", "Customer did not respond", "Customer chose another vendor",
        "Customer requirement not met", "Not a customer", "Proposed timeline too short",
        "Report as abuse, spam or phishing", "Others",
    ];

    /// <summary>Why a referral should not have existed.</summary>
    public static IReadOnlyList<string> Error { get; } =
    [
        "Duplicate – created through bulk upload", "Duplicate – created in Partner Center", "Duplicate – sent by Microsoft",
        "Connector data sync issues", "Customer matching issues", "Solution issues – explain in notes", "Test referral",
        "Data error", "Others – explain in notes",
    ];

    /// <summary>The reasons for an outcome; none for one that explains itself.</summary>
    public static IReadOnlyList<string> Of(ReferralSubstatus outcome) => outcome switch
    {
        ReferralSubstatus.Declined or ReferralSubstatus.Lost => Declined,
        ReferralSubstatus.Error => Error,
        _ => [],
    };
}

using Tandem.Contracts.Referrals;

namespace Tandem.Web.Referrals;

/// <summary>
/// The moves that the pages offer: of those that the contract allows, the ones that people make. A referral expires by itself,
/// and <c>Engaged</c> is what some programs call accepted.
/// </summary>
internal static class NextMoves
{
    private static readonly StatusPair[] Answers =
    [
        new(ReferralStatus.Active, ReferralSubstatus.Accepted), new(ReferralStatus.New, ReferralSubstatus.Received),
        new(ReferralStatus.Closed, ReferralSubstatus.Declined), new(ReferralStatus.Closed, ReferralSubstatus.Won),
        new(ReferralStatus.Closed, ReferralSubstatus.Lost), new(ReferralStatus.Closed, ReferralSubstatus.Error),
    ];

    private static readonly StatusPair[] Outcomes =
    [
        new(ReferralStatus.Closed, ReferralSubstatus.Won), new(ReferralStatus.Closed, ReferralSubstatus.Lost),
        new(ReferralStatus.Closed, ReferralSubstatus.Declined), new(ReferralStatus.Closed, ReferralSubstatus.Error),
    ];

    /// <summary>What its owner may do next, the likeliest first.</summary>
    public static IEnumerable<StatusPair> From(Referral referral)
    {
        var now = new StatusPair(referral.Status, referral.Substatus);
        return (referral.Status == ReferralStatus.New ? Answers : Outcomes).Where(move => move != now && StatusMoves.IsAllowed(now, move));
    }
}

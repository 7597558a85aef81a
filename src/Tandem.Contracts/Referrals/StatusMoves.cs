using System.Collections.Frozen;

namespace Tandem.Contracts.Referrals;

/// <summary>A status with its substatus, as the rules speak of them.</summary>
/// <param name="Status">Where the referral stands.</param>
/// <param name="Substatus">The finer state below it.</param>
public readonly record struct StatusPair(ReferralStatus Status, ReferralSubstatus Substatus)
{
    /// <inheritdoc />
    public override string ToString() => $"{Status}/{Substatus}";
}

/// <summary>The life of a referral: which pair may follow which. The whole rule is one table (T3–T9).</summary>
/// <remarks>The server decides by it, and a page shows by it what is possible before anybody asks.</remarks>
public static class StatusMoves
{
    private static readonly ReferralSubstatus[] Outcomes =
    [
        ReferralSubstatus.Won, ReferralSubstatus.Lost, ReferralSubstatus.Declined, ReferralSubstatus.Expired,
        ReferralSubstatus.Error,
    ];

    // A pair that is absent is a move that is not allowed: nothing leads back to New, and nothing reopens.
    private static readonly FrozenDictionary<(ReferralStatus From, ReferralStatus To), ReferralSubstatus[]> Table =
        new Dictionary<(ReferralStatus, ReferralStatus), ReferralSubstatus[]>
        {
            [(ReferralStatus.New, ReferralStatus.New)] = [ReferralSubstatus.Pending, ReferralSubstatus.Received],
            [(ReferralStatus.New, ReferralStatus.Active)] = [ReferralSubstatus.Accepted, ReferralSubstatus.Engaged],
            [(ReferralStatus.New, ReferralStatus.Closed)] = Outcomes,
            [(ReferralStatus.Active, ReferralStatus.Active)] = [ReferralSubstatus.Accepted, ReferralSubstatus.Engaged],
            [(ReferralStatus.Active, ReferralStatus.Closed)] = Outcomes,
            [(ReferralStatus.Closed, ReferralStatus.Closed)] = Outcomes,
        }.ToFrozenDictionary();

    /// <summary>Whether the owner may change one pair into another.</summary>
    public static bool IsAllowed(StatusPair from, StatusPair to) =>
        Table.TryGetValue((from.Status, to.Status), out var substatuses) && substatuses.Contains(to.Substatus);

    /// <summary>All pairs that may follow a status.</summary>
    public static IEnumerable<StatusPair> AllowedFrom(ReferralStatus status) => Table
        .Where(move => move.Key.From == status)
        .OrderBy(move => move.Key.To)
        .SelectMany(move => move.Value, (move, substatus) => new StatusPair(move.Key.To, substatus));

    /// <summary>The substatus that a change of the status alone brings (R43); null when there is none.</summary>
    public static ReferralSubstatus? DefaultSubstatus(ReferralStatus status) => status switch
    {
        ReferralStatus.New => ReferralSubstatus.Pending,
        ReferralStatus.Active => ReferralSubstatus.Accepted,
        _ => null,
    };
}

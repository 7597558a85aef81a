namespace Tandem.Contracts.Referrals;

/// <summary>How many referrals there are and what they are worth, for each state and currency. Tandem's own endpoint.</summary>
public sealed class ReferralTotals
{
    /// <summary>One for each combination that there is.</summary>
    public List<ReferralTotal> Value { get; set; } = [];
}

/// <summary>The referrals with one status, substatus, sales stage and currency.</summary>
public sealed class ReferralTotal
{
    /// <summary>Their status.</summary>
    public ReferralStatus Status { get; set; }

    /// <summary>The finer state below it.</summary>
    public ReferralSubstatus Substatus { get; set; }

    /// <summary>Their sales stage; null when they have none.</summary>
    public string? SalesStage { get; set; }

    /// <summary>Currency of their values (ISO 4217); null when they have none.</summary>
    public string? Currency { get; set; }

    /// <summary>How many they are, those without a value included.</summary>
    public long Count { get; set; }

    /// <summary>Sum of their deal values.</summary>
    public decimal DealValue { get; set; }
}

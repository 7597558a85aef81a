using System.Text.Json.Serialization;

namespace Tandem.Contracts.Referrals;

/// <summary>A line of a report. Tandem's own endpoints: <c>/v1.0/engagements/reports/…</c>.</summary>
public abstract class ReportRow
{
    /// <summary>First day of the week, month or quarter, UTC; null when the report was not asked for steps.</summary>
    [JsonPropertyOrder(-1)]
    public DateTimeOffset? Start { get; set; }
}

/// <summary>A line that counts referrals and adds up their values, in one currency.</summary>
public abstract class ReportedAmounts : ReportRow
{
    /// <summary>Currency of their values (ISO 4217); null when they have none.</summary>
    public string? Currency { get; set; }

    /// <summary>How many they are, those without a value included.</summary>
    public long Count { get; set; }

    /// <summary>Sum of their deal values.</summary>
    public decimal DealValue { get; set; }
}

/// <summary>A line that also says what became of them. Declined, expired and erroneous ones are neither open, won nor lost.</summary>
public abstract class ReportedDeals : ReportedAmounts
{
    /// <summary>How many of them are open.</summary>
    [JsonPropertyOrder(1)]
    public long OpenCount { get; set; }

    /// <summary>Sum of the open ones' deal values.</summary>
    [JsonPropertyOrder(1)]
    public decimal OpenValue { get; set; }

    /// <summary>How many of them are won.</summary>
    [JsonPropertyOrder(1)]
    public long WonCount { get; set; }

    /// <summary>Sum of the won ones' deal values.</summary>
    [JsonPropertyOrder(1)]
    public decimal WonValue { get; set; }

    /// <summary>How many of them are lost.</summary>
    [JsonPropertyOrder(1)]
    public long LostCount { get; set; }

    /// <summary>Sum of the lost ones' deal values.</summary>
    [JsonPropertyOrder(1)]
    public decimal LostValue { get; set; }
}

/// <summary>Open referrals with one status, sales stage and currency, by the time of their creation.</summary>
public sealed class StageReportRow : ReportedAmounts
{
    /// <summary>Whether they wait for an answer or are being worked on.</summary>
    public ReferralStatus Status { get; set; }

    /// <summary>Their sales stage; null when they have none.</summary>
    public string? SalesStage { get; set; }
}

/// <summary>Closed referrals with one outcome and currency, by the time of their closing.</summary>
public sealed class OutcomeReportRow : ReportedAmounts
{
    /// <summary>Their outcome as it is now, corrections included.</summary>
    public ReferralSubstatus Outcome { get; set; }
}

/// <summary>Referrals with one partner and currency, by the time of their creation. One with two partners counts for both.</summary>
public sealed class PartnerReportRow : ReportedDeals
{
    /// <summary>The other organization of the engagement; null for those without one.</summary>
    public string? OrganizationId { get; set; }

    /// <summary>Its display name.</summary>
    public string? OrganizationName { get; set; }
}

/// <summary>
/// Referrals with one solution and currency, by the time of their creation. One with two solutions counts for both, each
/// time with its whole value.
/// </summary>
public sealed class SolutionReportRow : ReportedDeals
{
    /// <summary>Catalogue id, GUID or category name; null for those without a solution.</summary>
    public string? SolutionId { get; set; }

    /// <summary>Its name as the referrals give it.</summary>
    public string? SolutionName { get; set; }
}

/// <summary>Referrals that one organization brought, in one currency, by the time of their creation.</summary>
public sealed class SourceReportRow : ReportedDeals
{
    /// <summary><see cref="ReferralDirection.Outgoing"/> when the own organization brought them, else another one did.</summary>
    public ReferralDirection Direction { get; set; }

    /// <summary>Who brought them.</summary>
    public string? OrganizationId { get; set; }

    /// <summary>Its display name.</summary>
    public string? OrganizationName { get; set; }
}

/// <summary>How long something took, by the time of its end. Both figures are times that were really taken (nearest rank).</summary>
public sealed class TimeReportRow : ReportRow
{
    /// <summary>What was waited for.</summary>
    public ReportedTime Measure { get; set; }

    /// <summary>How many times were taken.</summary>
    public long Count { get; set; }

    /// <summary>Half of them are no longer than this, in hours.</summary>
    public decimal MedianHours { get; set; }

    /// <summary>Nine of ten are no longer than this, in hours.</summary>
    public decimal Percentile90Hours { get; set; }
}

/// <summary>What a <see cref="TimeReportRow"/> has measured.</summary>
public enum ReportedTime
{
    /// <summary>From the arrival of a referral that asked for an answer to the own organization's answer.</summary>
    OwnAnswer,

    /// <summary>From the own organization's invitation to the invited partner's answer.</summary>
    PartnerAnswer,

    /// <summary>From creation to closing, where the outcome is <see cref="ReferralSubstatus.Won"/>.</summary>
    Won,

    /// <summary>From creation to closing, where the outcome is <see cref="ReferralSubstatus.Lost"/>.</summary>
    Lost,
}

/// <summary>The open pipeline by sales stage.</summary>
public sealed class StageReport
{
    /// <summary>One for each combination that there is.</summary>
    public List<StageReportRow> Value { get; set; } = [];
}

/// <summary>What became of the referrals that were closed.</summary>
public sealed class OutcomeReport
{
    /// <summary>One for each combination that there is.</summary>
    public List<OutcomeReportRow> Value { get; set; } = [];
}

/// <summary>How long answers and outcomes took.</summary>
public sealed class TimeReport
{
    /// <summary>One for each measure that there is.</summary>
    public List<TimeReportRow> Value { get; set; } = [];
}

/// <summary>Referrals by the organization that works on them with us.</summary>
public sealed class PartnerReport
{
    /// <summary>One for each combination that there is.</summary>
    public List<PartnerReportRow> Value { get; set; } = [];
}

/// <summary>Referrals by solution.</summary>
public sealed class SolutionReport
{
    /// <summary>One for each combination that there is.</summary>
    public List<SolutionReportRow> Value { get; set; } = [];
}

/// <summary>Referrals by who brought them: us, or another organization.</summary>
public sealed class SourceReport
{
    /// <summary>One for each combination that there is.</summary>
    public List<SourceReportRow> Value { get; set; } = [];
}

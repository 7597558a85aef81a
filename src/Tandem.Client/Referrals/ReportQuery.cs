using System.Globalization;
using System.Text;

namespace Tandem.Client;

/// <summary>Into what steps of time a report is cut.</summary>
public enum ReportStep
{
    /// <summary>From Monday on.</summary>
    Week,

    /// <summary>Calendar months.</summary>
    Month,

    /// <summary>Calendar quarters.</summary>
    Quarter,
}

/// <summary>What a report is asked for.</summary>
public sealed record ReportQuery
{
    /// <summary>Which referrals, by the same condition that a list takes; all when null.</summary>
    public string? Filter { get; init; }

    /// <summary>Only referrals on which the organization with this id works, too; see <see cref="ReferralQuery.NoPartner"/>.</summary>
    public string? Partner { get; init; }

    /// <summary>First day of the period, UTC; no beginning when null.</summary>
    public DateOnly? From { get; init; }

    /// <summary>Last day of the period, UTC; no end when null.</summary>
    public DateOnly? To { get; init; }

    /// <summary>One row for each step; one for the whole period when null.</summary>
    public ReportStep? By { get; init; }

    internal string ToQueryString()
    {
        var query = new StringBuilder();
        Add("$filter", Filter);
        Add("partner", Partner);
        Add("from", From?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        Add("to", To?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        Add("by", By?.ToString().ToLowerInvariant());
        return query.ToString();

        void Add(string name, string? value)
        {
            if (!string.IsNullOrWhiteSpace(value))
                query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }
}

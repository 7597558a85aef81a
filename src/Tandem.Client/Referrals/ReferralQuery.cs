using System.Globalization;
using System.Text;

namespace Tandem.Client;

/// <summary>What a list of referrals is asked for.</summary>
public sealed record ReferralQuery
{
    /// <summary>As <see cref="Partner"/>: referrals without a partner.</summary>
    public const string NoPartner = "none";

    /// <summary>OData condition, such as <c>status eq 'Active' and details/dealValue gt 10000</c>; see <see cref="Quote"/>.</summary>
    public string? Filter { get; init; }

    /// <summary>OData order, such as <c>updatedDateTime desc</c>.</summary>
    public string? OrderBy { get; init; }

    /// <summary>Properties to answer, such as <c>id,name,status</c>; the others of a referral then have their defaults.</summary>
    public string? Select { get; init; }

    /// <summary>
    /// Only the own organization's referrals on which the organization with this id works, too; <see cref="NoPartner"/> for
    /// those on which nobody else does. A word of Tandem's own: Partner Center passes it over.
    /// </summary>
    public string? Partner { get; init; }

    /// <summary>Most referrals over all pages; a page has at most 100. All of them when null.</summary>
    public int? Top { get; init; }

    /// <summary>Referrals to leave out at the beginning.</summary>
    public int? Skip { get; init; }

    /// <summary>Whether a page says how many there are over all pages; null for the server's choice.</summary>
    public bool? Count { get; init; }

    /// <summary>A text as a literal of <see cref="Filter"/>, in quotes and safe whatever it contains.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    internal string ToQueryString()
    {
        var query = new StringBuilder();
        Add("$filter", Filter);
        Add("$orderby", OrderBy);
        Add("$select", Select);
        Add("$top", Top?.ToString(CultureInfo.InvariantCulture));
        Add("$skip", Skip?.ToString(CultureInfo.InvariantCulture));
        Add("partner", Partner);
        Add("$count", Count switch { true => "true", false => "false", null => null });
        return query.ToString();

        void Add(string name, string? value)
        {
            if (!string.IsNullOrWhiteSpace(value))
                query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }
}

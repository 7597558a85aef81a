using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Client;
using Tandem.Contracts.Referrals;

namespace Tandem.Web.Reports;

/// <summary>What the person chose to look at. It is what stands in the address; what makes no sense there is left out.</summary>
public sealed class ReportsQuery
{
    public const string From = "from";
    public const string To = "to";
    public const string By = "by";
    public const string Partner = "partner";
    public const string Solution = "solution";
    public const string Currency = "currency";
    public const string Type = "type";
    public const string Country = "country";

    private const string Path = "reports";
    private const string DayFormat = "yyyy-MM-dd";
    private const int MostLetters = 100;

    private static readonly string[] Known = [From, To, By, Partner, Solution, Currency, Type, Country];

    // What the pipeline can be narrowed by, too.
    private static readonly string[] Shared = [Type, Country];

    private readonly ImmutableSortedDictionary<string, string> _choices;

    private ReportsQuery(ImmutableSortedDictionary<string, string> choices) => _choices = choices;

    public bool IsNarrowed => _choices.Keys.Any(c => c != By);

    /// <summary>The address of the page that shows it, from the base address on.</summary>
    public string Address => QueryHelpers.AddQueryString(Path, _choices!);

    /// <summary>The steps in which time is told; months unless something else was chosen.</summary>
    public ReportStep Step => Enum.TryParse<ReportStep>(this[By], ignoreCase: true, out var step) && Enum.IsDefined(step) ? step : ReportStep.Month;

    /// <summary>What was chosen under a name; empty for nothing.</summary>
    public string this[string name] => _choices.GetValueOrDefault(name, "");

    public static ReportsQuery Parse(Uri address) => new(QueryHelpers.ParseQuery(address.Query)
        .Where(c => Known.Contains(c.Key) && !string.IsNullOrWhiteSpace(c.Value))
        .ToImmutableSortedDictionary(c => c.Key, c => Shorten(c.Value.ToString()), StringComparer.Ordinal));

    /// <summary>Another choice under a name; null or empty for none.</summary>
    public ReportsQuery With(string name, string? value) =>
        new(string.IsNullOrWhiteSpace(value) ? _choices.Remove(name) : _choices.SetItem(name, Shorten(value)));

    /// <summary>Everything, in the steps that were chosen.</summary>
    public ReportsQuery WithoutFilter() => new(_choices.RemoveRange(Known.Where(c => c != By)));

    /// <summary>The question, in the API's terms.</summary>
    /// <param name="inSteps">Whether each step of time is told by itself.</param>
    public ReportQuery Ask(bool inSteps = false)
    {
        var (from, to) = (Day(From), Day(To));
        return new ReportQuery
        {
            Filter = Filter(),
            Partner = this[Partner],
            From = from,
            // A period that ends before it begins is none.
            To = to < from ? null : to,
            By = inSteps ? Step : null,
        };
    }

    /// <summary>Where the pipeline shows the same referrals; null when it cannot be narrowed in this way.</summary>
    /// <param name="narrowed">What of them.</param>
    public string? Pipeline(params IEnumerable<(string Name, string Value)> narrowed) => _choices.Keys.All(c => c == By || Shared.Contains(c))
        ? QueryHelpers.AddQueryString("pipeline", Shared.Select(name => (Name: name, Value: this[name])).Concat(narrowed)
            .Where(c => c.Value.Length > 0).ToDictionary(c => c.Name, c => (string?)c.Value))
        : null;

    private string? Filter()
    {
        var conditions = new List<string>();
        if (this[Solution] is { Length: > 0 } solution)
            conditions.Add($"details/requirements/solutions/any(s: s/id eq {ReferralQuery.Quote(solution)})");
        if (this[Currency] is { Length: > 0 } currency)
            conditions.Add($"details/currency eq {ReferralQuery.Quote(currency)}");
        if (Enum.GetNames<ReferralType>().Contains(this[Type]))
            conditions.Add($"type eq '{this[Type]}'");
        if (this[Country] is { Length: > 0 } country)
            conditions.Add($"customerProfile/address/country eq {ReferralQuery.Quote(country)}");
        return conditions.Count == 0 ? null : string.Join(" and ", conditions);
    }

    private DateOnly? Day(string name) =>
        DateOnly.TryParseExact(this[name], DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    private static string Shorten(string value) => value.Trim() is { Length: > MostLetters } text ? text[..MostLetters] : value.Trim();
}

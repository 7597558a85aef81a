using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Pipeline;

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
    private const int MostLetters = 100;
    private const int LongestId = 400;

    // What the pipeline calls by the same name.
    private static readonly string[] Shared = [Partner, Solution, Currency, Type, Country];

    private static readonly string[] Known = [From, To, By, .. Shared];

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
        .ToImmutableSortedDictionary(c => c.Key, c => Shorten(c.Key, c.Value.ToString()), StringComparer.Ordinal));

    /// <summary>Another choice under a name; null or empty for none.</summary>
    public ReportsQuery With(string name, string? value) =>
        new(string.IsNullOrWhiteSpace(value) ? _choices.Remove(name) : _choices.SetItem(name, Shorten(name, value)));

    /// <summary>Everything, in the steps that were chosen.</summary>
    public ReportsQuery WithoutFilter() => new(_choices.RemoveRange(Known.Where(c => c != By)));

    /// <summary>The question, in the API's terms.</summary>
    /// <param name="inSteps">Whether each step of time is told by itself.</param>
    public ReportQuery Ask(bool inSteps = false)
    {
        var (from, to) = Days;
        return new ReportQuery
        {
            Filter = Filter(),
            Partner = this[Partner],
            From = from,
            To = to,
            By = inSteps ? Step : null,
        };
    }

    // A period that ends before it begins has no end.
    private (DateOnly? From, DateOnly? To) Days
    {
        get
        {
            var (from, to) = (Day(From), Day(To));
            return (from, to < from ? null : to);
        }
    }

    /// <summary>The first day of the step after, or before, the one that begins at a day.</summary>
    public DateTimeOffset Next(DateTimeOffset start, int steps = 1) => Step switch
    {
        ReportStep.Week => start.AddDays(7 * steps),
        ReportStep.Month => start.AddMonths(steps),
        _ => start.AddMonths(3 * steps),
    };

    /// <summary>Where the pipeline shows deals that were created in the period, and no others.</summary>
    /// <param name="narrowed">What of them; null when the pipeline cannot be narrowed so.</param>
    public string? Created(params IEnumerable<(string Name, string Value)>? narrowed) =>
        Pipeline(Days, (PipelineQuery.CreatedFrom, PipelineQuery.CreatedTo), narrowed);

    /// <summary>Where the pipeline shows deals that were closed in the period, and no others.</summary>
    /// <param name="step">Only in the step that begins then; in the whole period when null.</param>
    /// <param name="narrowed">What of them.</param>
    public string? Closed(DateTimeOffset? step, params IEnumerable<(string Name, string Value)> narrowed)
    {
        var (from, to) = Days;
        if (step is { } start)
        {
            var (first, last) = (DateOnly.FromDateTime(start.UtcDateTime), DateOnly.FromDateTime(Next(start).UtcDateTime).AddDays(-1));
            (from, to) = (from > first ? from : first, to < last ? to : last);
        }

        return Pipeline((from, to), (PipelineQuery.ClosedFrom, PipelineQuery.ClosedTo), narrowed);
    }

    /// <summary>A deal has several solutions, and the pipeline asks for one: null when another one is chosen already.</summary>
    public IEnumerable<(string Name, string Value)>? OfSolution(string solution) =>
        this[Solution].Length == 0 || this[Solution].Equals(solution, StringComparison.OrdinalIgnoreCase) ? [(PipelineQuery.Solution, solution)] : null;

    private string? Pipeline(
        (DateOnly? From, DateOnly? To) days, (string From, string To) names, IEnumerable<(string Name, string Value)>? narrowed)
    {
        if (narrowed is null)
            return null;
        var pipeline = Shared.Aggregate(PipelineQuery.Everything, (query, name) => query.With(name, this[name]))
            .With(names.From, days.From?.ToString(PipelineQuery.DayFormat, CultureInfo.InvariantCulture))
            .With(names.To, days.To?.ToString(PipelineQuery.DayFormat, CultureInfo.InvariantCulture));
        var choices = narrowed.ToList();
        pipeline = choices.Aggregate(pipeline, (query, choice) => query.With(choice.Name, choice.Value));
        // An id that an address would shorten or trim names others.
        return choices.TrueForAll(choice => pipeline[choice.Name] == choice.Value) ? pipeline.Address : null;
    }

    private string? Filter()
    {
        var conditions = new List<string>();
        if (this[Solution] is { Length: > 0 } solution)
            conditions.Add(PipelineQuery.SolutionFilter(solution));
        if (this[Currency] is { Length: > 0 } currency)
            conditions.Add($"details/currency eq {ReferralQuery.Quote(currency)}");
        if (Enum.GetNames<ReferralType>().Contains(this[Type]))
            conditions.Add($"type eq '{this[Type]}'");
        if (this[Country] is { Length: > 0 } country)
            conditions.Add($"customerProfile/address/country eq {ReferralQuery.Quote(country)}");
        return conditions.Count == 0 ? null : string.Join(" and ", conditions);
    }

    private DateOnly? Day(string name) =>
        DateOnly.TryParseExact(this[name], PipelineQuery.DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    private static string Shorten(string name, string value)
    {
        var (text, most) = (value.Trim(), name is Partner or Solution ? LongestId : MostLetters);
        return text.Length <= most ? text : text[..most];
    }
}

using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Pipeline;
using Tandem.Web.Shared;

namespace Tandem.Web.Reports;

/// <summary>What partner managers report: each report as a chart with its numbers. What was chosen stands in the address.</summary>
public sealed partial class ReportsPage
{
    private const string Open = "var(--mud-palette-primary)";
    private const string Won = "var(--mud-palette-success)";
    private const string Lost = "var(--mud-palette-error)";
    private const string Other = "var(--mud-palette-text-secondary)";
    private const int MostSteps = 12;

    private IReadOnlyList<StageReportRow> _stages = [];
    private IReadOnlyList<OutcomeReportRow> _outcomes = [];
    private IReadOnlyList<TimeReportRow> _times = [];
    private IReadOnlyList<SourceReportRow> _sources = [];
    private IReadOnlyList<PartnerReportRow> _partners = [];
    private IReadOnlyList<SolutionReportRow> _solutions = [];

    // Everything there is to choose from, whatever is chosen.
    private IReadOnlyList<PartnerReportRow>? _allPartners;
    private IReadOnlyList<SolutionReportRow>? _allSolutions;
    private Exception? _failure;

    // Changes with the address, its query included, and makes the page look at it again.
    [CascadingParameter]
    private RouteData? Route { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    private ReportsQuery Query { get; set; } = null!;

    private IEnumerable<(string Name, IEnumerable<(string Value, string Name)> Choices, string Any)> Selects =>
    [
        (ReportsQuery.By, Enum.GetValues<ReportStep>().Where(s => s != ReportStep.Month).Select(s => ($"{s}".ToLowerInvariant(), Text[$"By.{s}"].Value)), Text["By.Month"]),
        (ReportsQuery.Partner, (_allPartners ?? []).Where(p => p.OrganizationId is not null)
            .Select(p => (p.OrganizationId!, p.OrganizationName ?? p.OrganizationId!)).Distinct().OrderBy(p => p.Item2, StringComparer.CurrentCulture), Text["Any"]),
        (ReportsQuery.Solution, (_allSolutions ?? []).Where(s => s.SolutionId is not null).DistinctBy(s => s.SolutionId, StringComparer.OrdinalIgnoreCase)
            .Select(s => (s.SolutionId!, s.SolutionName ?? s.SolutionId!)).OrderBy(s => s.Item2, StringComparer.CurrentCulture), Text["Any"]),
        (ReportsQuery.Currency, (_allPartners ?? []).Select(p => p.Currency).OfType<string>().Distinct().Order(StringComparer.Ordinal).Select(c => (c, c)), Text["Any"]),
        (ReportsQuery.Type, Enum.GetValues<ReferralType>().Select(t => ($"{t}", Values.Of(t))), Text["Any"]),
    ];

    private IReadOnlyList<string> AmountColumns => [Text["Deals"], Text["Value"]];

    private IReadOnlyList<string> OutcomeColumns => [Text["Won"], Text["WonValue"], Text["Lost"], Text["LostValue"], Text["WinRate"], Text["OtherOutcomes"]];

    private IReadOnlyList<string> TimeColumns => [Text["Times"], Text["Median"], Text["Percentile"]];

    private IReadOnlyList<string> DealColumns => [Text["Deals"], Text["Value"], Text["Open"], Text["Won"], Text["Lost"]];

    private IReadOnlyList<ReportColour> StageColours => [new(Text["Deals"], Open)];

    private IReadOnlyList<ReportColour> OutcomeColours => [new(Text["Won"], Won), new(Text["Lost"], Lost)];

    private IReadOnlyList<ReportColour> TimeColours => [new(Text["MedianDays"], Open)];

    private IReadOnlyList<ReportColour> DealColours =>
        [new(Text["Open"], Open), new(Text["Won"], Won), new(Text["Lost"], Lost), new(Text["OtherOutcomes"], Other)];

    private List<ReportLine> StageLines => _stages.Count == 0 ? [] :
    [
        .. BoardColumn.All.Where(c => c.Pair.Status != ReferralStatus.Closed).Select(column =>
        {
            var rows = _stages.Where(r => column.Holds(new(r.Status, default), r.SalesStage)).ToList();
            var link = column.Stage is null
                ? Query.Pipeline((PipelineQuery.Status, "New"))
                : Query.Pipeline((PipelineQuery.Status, "Active"), (PipelineQuery.Stage, column.Stage));
            return new ReportLine(column.Stage is null ? Values.Of(ReferralStatus.New) : Values.Stage(column.Stage),
                [Number(rows.Number()), rows.Worth()], [rows.Number()], rows.Count == 0 ? null : link);
        }),
    ];

    private List<ReportLine> OutcomeLines => _outcomes.Count == 0 ? [] :
    [
        .. _outcomes.GroupBy(r => r.Start!.Value).OrderByDescending(p => p.Key).Select(p => Outcome(Period(p.Key), [.. p], null)),
        Outcome(Text["Total"], _outcomes, Query.Pipeline((PipelineQuery.Status, "Won"))),
    ];

    // Without a gap, so that time goes on evenly; the last steps, oldest first.
    private List<ReportLine> OutcomePlaces
    {
        get
        {
            var places = new List<ReportLine>();
            if (_outcomes.Count == 0)
                return places;
            var (first, step) = (_outcomes.Min(r => r.Start!.Value), _outcomes.Max(r => r.Start!.Value));
            for (; step >= first && places.Count < MostSteps; step = Before(step))
                places.Insert(0, Outcome(Period(step), [.. _outcomes.Where(r => r.Start == step)], null));
            return places;
        }
    }

    private List<ReportLine> TimeLines =>
    [
        .. _times.OrderBy(t => t.Measure).Select(t => new ReportLine(Text[$"Measure.{t.Measure}"],
            [Number(t.Count), Duration(t.MedianHours), Duration(t.Percentile90Hours)], [(double)Math.Round(t.MedianHours / 24, 1)])),
    ];

    private List<ReportLine> SourceLines => Lines(_sources,
        r => r.Direction == ReferralDirection.Outgoing ? Text["Us"] : r.OrganizationName ?? r.OrganizationId ?? Text["Unknown"],
        r => r.Direction == ReferralDirection.Outgoing ? Query.Pipeline((PipelineQuery.Direction, $"{ReferralDirection.Outgoing}")) : null);

    private List<ReportLine> PartnerLines => Lines(_partners, r => r.OrganizationName ?? r.OrganizationId ?? Text["NoPartner"], _ => null);

    private List<ReportLine> SolutionLines => Lines(_solutions, r => r.SolutionName ?? r.SolutionId ?? Text["NoSolution"], _ => null,
        r => r.SolutionId?.ToUpperInvariant());

    /// <inheritdoc />
    protected override void OnParametersSet() => Query = ReportsQuery.Parse(new Uri(Navigation.Uri));

    private async Task Load(CancellationToken cancellation)
    {
        _failure = null;
        var (whole, steps) = (Query.Ask(), Query.Ask(inSteps: true));
        _allPartners ??= await Tandem.Reports.PartnersAsync(cancellation: cancellation);
        _allSolutions ??= await Tandem.Reports.SolutionsAsync(cancellation: cancellation);
        // One after the other: together they would ask for the whole machine.
        var stages = await Tandem.Reports.StagesAsync(whole, cancellation);
        var outcomes = await Tandem.Reports.OutcomesAsync(steps, cancellation);
        var times = await Tandem.Reports.TimesAsync(whole, cancellation);
        var sources = await Tandem.Reports.SourcesAsync(whole, cancellation);
        var partners = await Tandem.Reports.PartnersAsync(whole, cancellation);
        var solutions = await Tandem.Reports.SolutionsAsync(whole, cancellation);
        (_stages, _outcomes, _times, _sources, _partners, _solutions) = (stages, outcomes, times, sources, partners, solutions);
    }

    private void Choose(string name, ChangeEventArgs change) => Navigation.NavigateTo(Query.With(name, change.Value?.ToString()).Address);

    private async Task Download(string report)
    {
        _failure = null;
        try
        {
            var file = await Tandem.Reports.CsvAsync(report, Query.Ask(inSteps: report == "outcomes"));
            using var stream = new DotNetStreamReference(new MemoryStream(file));
            await Script.InvokeVoidAsync("tandem.download", $"{report}.csv", "text/csv", stream);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            _failure = failure;
        }
    }

    private static List<ReportLine> Lines<TRow>(
        IEnumerable<TRow> rows, Func<TRow, string> name, Func<TRow, string?> link, Func<TRow, string?>? key = null)
        where TRow : ReportedDeals =>
    [
        .. rows.GroupBy(key ?? name).Select(g => (Rows: g.ToList(), Count: g.Number())).OrderByDescending(g => g.Count)
            .ThenBy(g => name(g.Rows[0]), StringComparer.CurrentCulture).Select(g =>
            {
                var (open, won, lost) = (g.Rows.Sum(r => r.OpenCount), g.Rows.Sum(r => r.WonCount), g.Rows.Sum(r => r.LostCount));
                return new ReportLine(name(g.Rows[0]), [Number(g.Count), g.Rows.Worth(), Number(open), Number(won), Number(lost)],
                    [open, won, lost, g.Count - open - won - lost], link(g.Rows[0]));
            }),
    ];

    private ReportLine Outcome(string name, IReadOnlyList<OutcomeReportRow> rows, string? link)
    {
        var won = rows.Where(r => r.Outcome == ReferralSubstatus.Won).ToList();
        var lost = rows.Where(r => r.Outcome == ReferralSubstatus.Lost).ToList();
        var decided = won.Number() + lost.Number();
        return new(name,
            [
                Number(won.Number()), won.Worth(), Number(lost.Number()), lost.Worth(),
                decided == 0 ? "" : Values["Percent", (100m * won.Number() / decided).ToString("N0", CultureInfo.CurrentCulture)],
                Number(rows.Number() - decided),
            ],
            [won.Number(), lost.Number()], link);
    }

    private string Period(DateTimeOffset start) => Query.Step switch
    {
        ReportStep.Week => Viewer.Day(start),
        ReportStep.Month => start.UtcDateTime.ToString("MMM yyyy", CultureInfo.CurrentCulture),
        _ => Text["QuarterOf", ((start.Month - 1) / 3) + 1, start.Year],
    };

    private DateTimeOffset Before(DateTimeOffset start) => Query.Step switch
    {
        ReportStep.Week => start.AddDays(-7),
        ReportStep.Month => start.AddMonths(-1),
        _ => start.AddMonths(-3),
    };

    // Two days and more are told in days.
    private string Duration(decimal hours) => hours < 48
        ? Text["Hours", hours.ToString("N1", CultureInfo.CurrentCulture)]
        : Text["Days", (hours / 24).ToString("N1", CultureInfo.CurrentCulture)];

    private static string Number(long number) => number.ToString("N0", CultureInfo.CurrentCulture);
}

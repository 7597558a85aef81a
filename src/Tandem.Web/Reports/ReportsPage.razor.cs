using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Live;
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
    private DealChoices? _choices;
    private Exception? _failure;
    private Loaded? _loaded;
    private CancellationTokenSource? _loading;

    // Changes with the address, its query included, and makes the page look at it again.
    [CascadingParameter]
    private RouteData? Route { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    [Inject]
    private LiveChanges Live { get; set; } = null!;

    private ReportsQuery Query { get; set; } = null!;

    private IEnumerable<(string Name, IEnumerable<DealChoice> Choices, string Any)> Selects
    {
        get
        {
            var all = _choices ?? DealChoices.Nothing;
            return
            [
                (ReportsQuery.By, Enum.GetValues<ReportStep>().Where(s => s != ReportStep.Month).Select(s => new DealChoice($"{s}".ToLowerInvariant(), Text[$"By.{s}"])), Text["By.Month"]),
                (ReportsQuery.Partner, all.Partners.Append(new(PipelineQuery.None, Text["NoPartner"])), Text["Any"]),
                (ReportsQuery.Solution, all.Solutions.Append(new(PipelineQuery.None, Text["NoSolution"])), Text["Any"]),
                (ReportsQuery.Currency, all.Currencies, Text["Any"]),
                (ReportsQuery.Type, Enum.GetValues<ReferralType>().Select(t => new DealChoice($"{t}", Values.Of(t))), Text["Any"]),
            ];
        }
    }

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
                ? Query.Created((PipelineQuery.Status, "New"))
                : Query.Created((PipelineQuery.Status, "Active"), (PipelineQuery.Stage, column.Stage));
            return new ReportLine(column.Stage is null ? Values.Of(ReferralStatus.New) : Values.Stage(column.Stage),
                [ReportCell.Of(rows.Number(), link), rows.Worth()], [rows.Number()]);
        }),
    ];

    private List<ReportLine> OutcomeLines => _outcomes.Count == 0 ? [] :
    [
        .. _outcomes.GroupBy(r => r.Start!.Value).OrderByDescending(p => p.Key).Select(p => Outcome(Period(p.Key), [.. p], p.Key)),
        Outcome(Text["Total"], _outcomes, null),
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
            for (; step >= first && places.Count < MostSteps; step = Query.Next(step, -1))
                places.Insert(0, Outcome(Period(step), [.. _outcomes.Where(r => r.Start == step)], step));
            return places;
        }
    }

    private List<ReportLine> TimeLines =>
    [
        .. _times.OrderBy(t => t.Measure).Select(t => new ReportLine(Text[$"Measure.{t.Measure}"],
            [ReportCell.Of(t.Count, EndedAs(t.Measure)), Duration(t.MedianHours), Duration(t.Percentile90Hours)],
            [(double)Math.Round(t.MedianHours / 24, 1)])),
    ];

    // Who answered when is no property of a referral that a list can be narrowed by.
    private string? EndedAs(ReportedTime measure) =>
        measure is ReportedTime.Won or ReportedTime.Lost ? Query.Closed(null, (PipelineQuery.Status, $"{measure}")) : null;

    private List<ReportLine> SourceLines => Lines(_sources,
        r => r.Direction == ReferralDirection.Outgoing ? "" : r.OrganizationId,
        r => r.Direction == ReferralDirection.Outgoing ? Text["Us"] : r.OrganizationName ?? r.OrganizationId ?? Text["Unknown"],
        r => r.Direction == ReferralDirection.Outgoing ? [(PipelineQuery.Direction, $"{r.Direction}")]
            : r.OrganizationId is null ? null
            : [(PipelineQuery.Direction, $"{r.Direction}"), (PipelineQuery.InvitedBy, r.OrganizationId)]);

    private List<ReportLine> PartnerLines => Lines(_partners, r => r.OrganizationId,
        r => r.OrganizationName ?? r.OrganizationId ?? Text["NoPartner"],
        r => [(PipelineQuery.Partner, r.OrganizationId ?? PipelineQuery.None)]);

    private List<ReportLine> SolutionLines => Lines(_solutions, r => r.SolutionId?.ToUpperInvariant(),
        r => r.SolutionName ?? r.SolutionId ?? Text["NoSolution"],
        r => Query.OfSolution(r.SolutionId ?? PipelineQuery.None));

    /// <inheritdoc />
    protected override void OnParametersSet() => Query = ReportsQuery.Parse(new Uri(Navigation.Uri));

    private async Task Load(CancellationToken cancellation)
    {
        // Of two that overlap, the earlier one is given up: each of them asks for a good part of the machine.
        _loading?.Cancel();
        using var loading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _loading = loading;
        try
        {
            await Live.Begin(loading.Token);
            await Load(Query, loading.Token);
        }
        finally
        {
            if (_loading == loading)
                _loading = null;
        }
    }

    private async Task Load(ReportsQuery query, CancellationToken cancellation)
    {
        var (whole, steps) = (query.Ask(), query.Ask(inSteps: true));
        // One after the other: together they would ask for the whole machine.
        var stages = await Tandem.Reports.StagesAsync(whole, cancellation);
        var outcomes = await Tandem.Reports.OutcomesAsync(steps, cancellation);
        var times = await Tandem.Reports.TimesAsync(whole, cancellation);
        var sources = await Tandem.Reports.SourcesAsync(whole, cancellation);
        var partners = await Tandem.Reports.PartnersAsync(whole, cancellation);
        var solutions = await Tandem.Reports.SolutionsAsync(whole, cancellation);
        // Reports on everything name what there is to choose; those on a part of it do not.
        var choices = query.IsNarrowed
            ? _choices ?? await DealChoices.Load(Tandem.Reports, cancellation)
            : DealChoices.Of(partners, solutions, sources);
        cancellation.ThrowIfCancellationRequested();
        (_stages, _outcomes, _times, _sources, _partners, _solutions) = (stages, outcomes, times, sources, partners, solutions);
        (_choices, _failure) = (choices, null);
    }

    // Partners' referrals count, too: who works on a deal, and how long he took to answer. The next batch of changes comes
    // when this one is shown.
    private Task Hear(IReadOnlyList<ReferralEvent> changes) => _loaded?.Reload() ?? Task.CompletedTask;

    private void Choose(string name, string? value) => Navigation.NavigateTo(Query.With(name, value).Address);

    private async Task Download((string Report, bool IsWorkbook) asked)
    {
        _failure = null;
        var (query, report) = (Query.Ask(inSteps: asked.Report == "outcomes"), asked.Report);
        try
        {
            var (file, name, type) = asked.IsWorkbook
                ? (await Tandem.Reports.WorkbookAsync(report, query), $"{report}.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
                : (await Tandem.Reports.CsvAsync(report, query), $"{report}.csv", "text/csv");
            using var stream = new DotNetStreamReference(new MemoryStream(file));
            await Script.InvokeVoidAsync("tandem.download", name, type, stream);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            _failure = failure;
        }
    }

    private List<ReportLine> Lines<TRow>(
        IEnumerable<TRow> rows, Func<TRow, string?> key, Func<TRow, string> name, Func<TRow, IEnumerable<(string Name, string Value)>?> narrowed)
        where TRow : ReportedDeals =>
    [
        .. rows.GroupBy(key).Select(g => (Rows: g.ToList(), Count: g.Number())).OrderByDescending(g => g.Count)
            .ThenBy(g => name(g.Rows[0]), StringComparer.CurrentCulture).Select(g =>
            {
                var (open, won, lost) = (g.Rows.Sum(r => r.OpenCount), g.Rows.Sum(r => r.WonCount), g.Rows.Sum(r => r.LostCount));
                var own = narrowed(g.Rows[0])?.ToList();
                return new ReportLine(name(g.Rows[0]),
                    [
                        ReportCell.Of(g.Count, Query.Created(own)), g.Rows.Worth(), ReportCell.Of(open, In("New,Active")),
                        ReportCell.Of(won, In("Won")), ReportCell.Of(lost, In("Lost")),
                    ],
                    [open, won, lost, g.Count - open - won - lost]);

                string? In(string states) => Query.Created(own?.Append((PipelineQuery.Status, states)));
            }),
    ];

    private ReportLine Outcome(string name, IReadOnlyList<OutcomeReportRow> rows, DateTimeOffset? step)
    {
        var won = rows.Where(r => r.Outcome == ReferralSubstatus.Won).ToList();
        var lost = rows.Where(r => r.Outcome == ReferralSubstatus.Lost).ToList();
        var decided = won.Number() + lost.Number();
        return new(name,
            [
                ReportCell.Of(won.Number(), In("Won")), won.Worth(), ReportCell.Of(lost.Number(), In("Lost")), lost.Worth(),
                decided == 0 ? "" : Values["Percent", (100m * won.Number() / decided).ToString("N0", CultureInfo.CurrentCulture)],
                ReportCell.Of(rows.Number() - decided, In("Declined,Expired,Error")),
            ],
            [won.Number(), lost.Number()]);

        string? In(string outcomes) => Query.Closed(step, (PipelineQuery.Status, outcomes));
    }

    private string Period(DateTimeOffset start) => Query.Step switch
    {
        ReportStep.Week => Viewer.Day(start),
        ReportStep.Month => start.UtcDateTime.ToString("MMM yyyy", CultureInfo.CurrentCulture),
        _ => Text["QuarterOf", ((start.Month - 1) / 3) + 1, start.Year],
    };

    // Two days and more are told in days.
    private string Duration(decimal hours) => hours < 48
        ? Text["Hours", hours.ToString("N1", CultureInfo.CurrentCulture)]
        : Text["Days", (hours / 24).ToString("N1", CultureInfo.CurrentCulture)];
}

using System.Globalization;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Tandem.Web.Reports;

/// <summary>One report: a chart, and the numbers beside it.</summary>
public sealed partial class ReportCard
{
    // More have no room side by side; the table has them all.
    private const int MostPlaces = 12;
    private const int LongestLabel = 14;

    // That stand side by side on a telephone.
    private const int MostLetters = 36;

    private StackedBarChartOptions _options = new();

    /// <summary>Its name in the API, and in the texts.</summary>
    [Parameter, EditorRequired]
    public string Report { get; set; } = "";

    /// <summary>What the columns behind the first one are called.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<string> Columns { get; set; } = [];

    /// <summary>Asks for the file: a workbook, or CSV.</summary>
    [Parameter]
    public EventCallback<(string Report, bool IsWorkbook)> Download { get; set; }

    [Parameter, EditorRequired]
    public IReadOnlyList<ReportLine> Lines { get; set; } = [];

    /// <summary>What is in the chart; the same as <see cref="Lines"/> when null.</summary>
    [Parameter]
    public IReadOnlyList<ReportLine>? Places { get; set; }

    [Parameter, EditorRequired]
    public IReadOnlyList<ReportColour> Colours { get; set; } = [];

    private List<ReportLine> Shown => [.. (Places ?? Lines).Take(MostPlaces)];

    private string[] Labels => [.. Shown.Select(l => l.Name.Length <= LongestLabel ? l.Name : $"{l.Name[..(LongestLabel - 1)]}…")];

    private List<ChartSeries<double>> Series => Colours.Select((colour, i) => new ChartSeries<double>
    {
        Name = colour.Name,
        Data = Shown.Select(l => l.Values[i]).ToArray(),
    }).ToList();

    /// <inheritdoc />
    protected override void OnParametersSet() => _options = Lines.Count == 0 ? new() : new StackedBarChartOptions
    {
        ChartPalette = [.. Colours.Select(c => c.Colour)],
        ShowLegend = false,
        ShowValues = true,
        ShowZeroValues = false,
        YAxisLines = false,
        YAxisTicks = Step(Shown.Max(l => l.Values.Sum())),
        YAxisToStringFunc = value => value.ToString(value == Math.Truncate(value) ? "N0" : "N1", CultureInfo.CurrentCulture),
        XAxisLabelRotation = Labels.Sum(l => l.Length) > MostLetters ? 35 : 0,
    };

    // At most five lines, at round numbers.
    private static int Step(double most)
    {
        var step = 1;
        for (var next = 0; most / step > 5; next++)
            step = next % 3 == 1 ? step / 2 * 5 : step * 2;
        return step;
    }
}

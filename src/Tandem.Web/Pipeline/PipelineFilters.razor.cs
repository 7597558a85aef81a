using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>Search, filter and columns. Native controls: each works by keyboard, and says what it is.</summary>
public sealed partial class PipelineFilters : IDisposable
{
    private static readonly string[] Stages = [.. BoardColumn.All.Select(c => c.Stage).OfType<string>()];

    private static readonly (string Name, string Type)[] Fields =
    [
        (PipelineQuery.Least, "number"), (PipelineQuery.Most, "number"),
        (PipelineQuery.CreatedFrom, "date"), (PipelineQuery.CreatedTo, "date"),
        (PipelineQuery.ClosesFrom, "date"), (PipelineQuery.ClosesTo, "date"),
        (PipelineQuery.ClosedFrom, "date"), (PipelineQuery.ClosedTo, "date"),
        (PipelineQuery.Country, "text"), (PipelineQuery.Owner, "text"),
    ];

    private readonly CancellationTokenSource _leaving = new();
    private readonly Typing _typing = new();
    private DealChoices? _choices;
    private bool _isLoading;
    private bool _hasNoChoices;

    [Parameter, EditorRequired]
    public PipelineQuery Query { get; set; } = null!;

    /// <summary>Something else was chosen.</summary>
    [Parameter]
    public EventCallback<PipelineQuery> Choose { get; set; }

    /// <summary>The search goes on being typed.</summary>
    [Parameter]
    public EventCallback<PipelineQuery> Type { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
        _typing.Dispose();
    }

    /// <inheritdoc />
    protected override void OnParametersSet() => _typing.Follow(Query[PipelineQuery.Search]);

    private IEnumerable<Facet> Facets =>
    [
        new(PipelineQuery.Status, Text["Column.state"], PipelineQuery.States, StateName),
        new(PipelineQuery.Stage, Text["Column.stage"], Stages, Values.Stage),
        Named<ReferralType>(PipelineQuery.Type),
        Named<ReferralQualification>(PipelineQuery.Qualification),
        Named<ReferralDirection>(PipelineQuery.Direction),
    ];

    private IEnumerable<(string Name, IEnumerable<DealChoice> Choices)> Selects
    {
        get
        {
            var choices = _choices ?? DealChoices.Nothing;
            return
            [
                (PipelineQuery.Partner, choices.Partners.Append(new(PipelineQuery.None, Reports["NoPartner"]))),
                (PipelineQuery.Solution, choices.Solutions.Append(new(PipelineQuery.None, Reports["NoSolution"]))),
                (PipelineQuery.InvitedBy, choices.Inviters),
                (PipelineQuery.Currency, choices.Currencies),
            ];
        }
    }

    // What stands behind a menu is easily forgotten.
    private int ChosenMore => Selects.Select(s => s.Name).Concat(Fields.Select(f => f.Name)).Count(name => Query[name].Length > 0);

    /// <inheritdoc />
    protected override Task OnParametersSetAsync() =>
        RendererInfo.IsInteractive && Selects.Any(s => Query[s.Name].Length > 0) ? LoadChoices() : Task.CompletedTask;

    // When they are looked at, or an address has chosen one: they cost as much as three reports.
    private async Task LoadChoices()
    {
        if (_choices is not null || _isLoading)
            return;
        (_isLoading, _hasNoChoices) = (true, false);
        try
        {
            _choices = await DealChoices.Load(Tandem.Reports, _leaving.Token);
        }
        catch (OperationCanceledException) when (_leaving.IsCancellationRequested)
        {
            // The page was left; there is nobody to choose.
            return;
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException)
        {
            // Opened once more, they are asked for once more.
            _hasNoChoices = true;
        }
        finally
        {
            _isLoading = false;
        }
    }

    private async Task Typed()
    {
        if (await _typing.Paused(Clock, PipelineQuery.FewestLetters) is { } searched && searched != Query[PipelineQuery.Search])
            await Type.InvokeAsync(Query.With(PipelineQuery.Search, searched));
    }

    private Facet Named<T>(string name)
        where T : struct, Enum => new(name, Text[$"Column.{name}"], Enum.GetNames<T>(), value => Values.Of(Enum.Parse<T>(value)));

    private string StateName(string state) => Enum.TryParse<ReferralStatus>(state, out var status)
        ? Values.Of(status)
        : Values.Of(Enum.Parse<ReferralSubstatus>(state));

    /// <summary>A list to choose from.</summary>
    /// <param name="Key">Its name in the address.</param>
    /// <param name="Label">What it is called.</param>
    /// <param name="Values">What there is to choose.</param>
    /// <param name="NameOf">A value as people read it.</param>
    private sealed record Facet(string Key, string Label, IReadOnlyList<string> Values, Func<string, string> NameOf);
}

using Microsoft.AspNetCore.Components;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>Search, filter and columns. Native controls: each works by keyboard, and says what it is.</summary>
public sealed partial class PipelineFilters : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private static readonly string[] Stages = [.. BoardColumn.All.Select(c => c.Stage).OfType<string>()];

    private static readonly (string Name, string Type)[] Fields =
    [
        (PipelineQuery.Least, "number"), (PipelineQuery.Most, "number"), (PipelineQuery.ClosesFrom, "date"),
        (PipelineQuery.ClosesTo, "date"), (PipelineQuery.Country, "text"), (PipelineQuery.Owner, "text"),
    ];

    private readonly CancellationTokenSource _leaving = new();
    private string _typed = "";
    private string _searched = "";
    private string _seen = "";
    private int _letters;

    [Parameter, EditorRequired]
    public PipelineQuery Query { get; set; } = null!;

    /// <summary>Something else was chosen.</summary>
    [Parameter]
    public EventCallback<PipelineQuery> Choose { get; set; }

    /// <summary>The search goes on being typed.</summary>
    [Parameter]
    public EventCallback<PipelineQuery> Type { get; set; }

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override void OnParametersSet()
    {
        // What is being typed stands, unless the address was changed by something else than the typing.
        if (Query[PipelineQuery.Search] == _seen)
            return;
        _seen = Query[PipelineQuery.Search];
        if (_seen != _searched)
            _typed = _searched = _seen;
    }

    private IEnumerable<Facet> Facets =>
    [
        new(PipelineQuery.Status, Text["Column.state"], PipelineQuery.States, StateName),
        new(PipelineQuery.Stage, Text["Column.stage"], Stages, Values.Stage),
        Named<ReferralType>(PipelineQuery.Type),
        Named<ReferralQualification>(PipelineQuery.Qualification),
        Named<ReferralDirection>(PipelineQuery.Direction),
    ];

    private async Task Typed()
    {
        var letters = ++_letters;
        try
        {
            await Task.Delay(Pause, Clock, _leaving.Token);
        }
        catch (OperationCanceledException)
        {
            // The page was left; there is nothing to search.
            return;
        }

        var text = _typed.Trim();
        if (letters != _letters)
            return;
        _searched = text.Length < PipelineQuery.FewestLetters ? "" : text;
        if (_searched != Query[PipelineQuery.Search])
            await Type.InvokeAsync(Query.With(PipelineQuery.Search, _searched));
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

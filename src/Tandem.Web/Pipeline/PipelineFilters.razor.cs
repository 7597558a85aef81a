using Microsoft.AspNetCore.Components;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>Search, filter and columns. Native controls: each works by keyboard, and says what it is.</summary>
public sealed partial class PipelineFilters : IDisposable
{
    private static readonly string[] Stages = [.. BoardColumn.All.Select(c => c.Stage).OfType<string>()];

    private static readonly (string Name, string Type)[] Fields =
    [
        (PipelineQuery.Least, "number"), (PipelineQuery.Most, "number"), (PipelineQuery.ClosesFrom, "date"),
        (PipelineQuery.ClosesTo, "date"), (PipelineQuery.Country, "text"), (PipelineQuery.Owner, "text"),
    ];

    private readonly Typing _typing = new();

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

    public void Dispose() => _typing.Dispose();

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

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
        // What is being typed stands, unless the address was changed by something else.
        if (Query[PipelineQuery.Search] == _searched)
            return;
        _typed = _searched = Query[PipelineQuery.Search];
    }

    private async Task Typed(ChangeEventArgs change)
    {
        _typed = change.Value?.ToString() ?? "";
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

    private static string[] Names<T>()
        where T : struct, Enum => Enum.GetNames<T>();

    private string Name<T>(string value)
        where T : struct, Enum => Values.Of(Enum.Parse<T>(value));

    private string StateName(string state) => Enum.TryParse<ReferralStatus>(state, out var status)
        ? Values.Of(status)
        : Values.Of(Enum.Parse<ReferralSubstatus>(state));
}

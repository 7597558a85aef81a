using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Live;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>The organization's own referrals, as a table or as a board. Everything that was chosen stands in the address.</summary>
public sealed partial class PipelinePage
{
    private IReadOnlyList<ReferralTotal> _totals = [];
    private ReferralPage? _page;
    private MoveOutcome? _outcome;
    private Loaded? _loaded;
    private PipelineBoard? _board;

    // Changes with the address, its query included, and makes the page look at it again.
    [CascadingParameter]
    private RouteData? Route { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private LiveChanges Live { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    private PipelineQuery Query { get; set; } = null!;

    /// <inheritdoc />
    protected override void OnParametersSet()
    {
        var query = PipelineQuery.Parse(new Uri(Navigation.Uri));
        if (query.Address != Query?.Address)
            _outcome = null;
        Query = query;
    }

    private async Task Load(CancellationToken cancellation)
    {
        await Live.Begin(cancellation);
        var query = Query;
        var totals = Tandem.Referrals.TotalsAsync(query.Filter(), query.PartnerId, cancellation);
        var page = query.IsBoard ? null : await Tandem.Referrals.ListPageAsync(PipelineTable.Ask(query), cancellation);
        _totals = await totals;
        _page = page;
    }

    // What others, or the person's other windows, change is shown without asking.
    private async Task Hear(IReadOnlyList<ReferralEvent> changes)
    {
        if (_loaded is null || (changes.Count > 0 && !changes.Any(Matters)))
            return;
        await _loaded.Reload();
        if (_board is not null)
            await _board.Refresh();
    }

    // Whoever asks for a partner's deals asks who has joined, too.
    private bool Matters(ReferralEvent change) => change.OrganizationId == Viewer.Me.OrganizationId || Query.PartnerId is not null;

    // Told here and not on the board, which is gone when the last card is.
    private async Task Tell(MoveOutcome outcome)
    {
        _outcome = outcome;
        StateHasChanged();
        try
        {
            _totals = await Tandem.Referrals.TotalsAsync(Query.Filter(), Query.PartnerId);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException)
        {
            _outcome = outcome with { Text = $"{outcome.Text} {Text["NoTotals"]}" };
        }
    }

    private void Choose(PipelineQuery query) => Navigation.NavigateTo(query.Address);

    // Each letter is no step to go back to.
    private void Refine(PipelineQuery query) => Navigation.NavigateTo(query.Address, replace: true);
}

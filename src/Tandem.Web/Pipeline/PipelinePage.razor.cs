using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;

namespace Tandem.Web.Pipeline;

/// <summary>The organization's own referrals, as a table or as a board. Everything that was chosen stands in the address.</summary>
public sealed partial class PipelinePage
{
    private IReadOnlyList<ReferralTotal> _totals = [];
    private ReferralPage? _page;

    // Changes with the address, its query included, and makes the page look at it again.
    [CascadingParameter]
    private RouteData? Route { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private PipelineQuery Query { get; set; } = null!;

    /// <inheritdoc />
    protected override void OnParametersSet() => Query = PipelineQuery.Parse(new Uri(Navigation.Uri));

    private async Task Load(CancellationToken cancellation)
    {
        var query = Query;
        var totals = Tandem.Referrals.TotalsAsync(query.Filter(), cancellation);
        var page = query.IsBoard ? null : await Tandem.Referrals.ListPageAsync(PipelineTable.Ask(query), cancellation);
        _totals = await totals;
        _page = page;
    }

    private async Task LoadTotals() => _totals = await Tandem.Referrals.TotalsAsync(Query.Filter());

    private void Choose(PipelineQuery query) => Navigation.NavigateTo(query.Address);

    // Each letter is no step to go back to.
    private void Refine(PipelineQuery query) => Navigation.NavigateTo(query.Address, replace: true);
}

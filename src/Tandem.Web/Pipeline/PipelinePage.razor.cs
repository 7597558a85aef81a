using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>The organization's own referrals, the latest change first. Which page is shown stands in the address.</summary>
public sealed partial class PipelinePage
{
    private const int PageSize = 50;
    private ReferralPage? _page;

    [SupplyParameterFromQuery(Name = "page")]
    private int? Asked { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    private int Number => Math.Max(1, Asked ?? 1);

    private int First => ((Number - 1) * PageSize) + 1;

    private long Last(ReferralPage page) => First + page.Value.Count - 1;

    private static string LinkTo(int page) => page <= 1 ? "pipeline" : $"pipeline?page={page}";

    private async Task Load(CancellationToken cancellation) => _page = await Tandem.Referrals.ListPageAsync(
        new ReferralQuery { OrderBy = "updatedDateTime desc", Top = PageSize, Skip = First - 1, Count = true }, cancellation);
}

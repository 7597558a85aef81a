using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>A page of the list. Filtered, ordered and counted by the server, however many referrals there are.</summary>
public sealed partial class PipelineTable
{
    private const int PageSize = 50;

    /// <summary>What is shown.</summary>
    [Parameter, EditorRequired]
    public PipelineQuery Query { get; set; } = null!;

    /// <summary>What the server answered.</summary>
    [Parameter, EditorRequired]
    public ReferralPage Page { get; set; } = null!;

    private IReadOnlyList<PipelineColumn> Columns => PipelineColumn.Shown(Query);

    // A page behind the last one, which an old bookmark may name, has no rows.
    private bool IsBehind => Page.Value.Count == 0;

    private int First => IsBehind ? 0 : ((Query.PageNumber - 1) * PageSize) + 1;

    private long Last => IsBehind ? 0 : First + Page.Value.Count - 1;

    internal static ReferralQuery Ask(PipelineQuery query) => new()
    {
        Filter = query.Filter(),
        Partner = query.PartnerId,
        OrderBy = PipelineColumn.OrderOf(query),
        Top = PageSize,
        Skip = (query.PageNumber - 1) * PageSize,
        Count = true,
    };

    private string? Cell(string column, Referral referral) => column switch
    {
        "customer" => referral.CustomerProfile.Name,
        "stage" => Values.Stage(referral.SalesStage),
        "value" => Viewer.Money(referral.Details.DealValue, referral.Details.Currency),
        "closing" => Viewer.Day(referral.Details.ClosingDateTime),
        "updated" => Viewer.Moment(referral.UpdatedDateTime),
        "created" => Viewer.Moment(referral.CreatedDateTime),
        "type" => Values.Of(referral.Type),
        "qualification" => Values.Of(referral.Qualification),
        "direction" => Values.Of(referral.Direction),
        "country" => referral.CustomerProfile.Address.Country,
        "reference" => referral.ExternalReferenceId,
        _ => throw new ArgumentOutOfRangeException(nameof(column), column, "No such column."),
    };
}

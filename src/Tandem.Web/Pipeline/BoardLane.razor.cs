using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>A column of the board. Holds the cards that are visible, however many there are.</summary>
public sealed partial class BoardLane
{
    // With the gap below it, as app.css says: the height is what virtual scrolling counts with.
    private const float CardHeight = 128;

    private Virtualize<DealCard>? _cards;
    private Exception? _failure;
    private string? _filter;
    private string? _partner;
    private string? _order;

    [Parameter, EditorRequired]
    public BoardColumn Column { get; set; } = null!;

    [Parameter, EditorRequired]
    public string Name { get; set; } = "";

    [Parameter, EditorRequired]
    public PipelineQuery Query { get; set; } = null!;

    [Parameter, EditorRequired]
    public IReadOnlyList<ReferralTotal> Totals { get; set; } = [];

    /// <summary>The card that is being dragged, if one is.</summary>
    [Parameter]
    public DealCard? Dragged { get; set; }

    /// <summary>The card whose move the server is asked for.</summary>
    [Parameter]
    public DealCard? Moving { get; set; }

    /// <summary>Where it goes.</summary>
    [Parameter]
    public string MovingTo { get; set; } = "";

    /// <summary>A card begins to be dragged, or ends.</summary>
    [Parameter]
    public EventCallback<DealCard?> Drag { get; set; }

    /// <summary>The dragged card is let go here.</summary>
    [Parameter]
    public EventCallback<BoardColumn> Drop { get; set; }

    /// <summary>A card wants to be moved by choice.</summary>
    [Parameter]
    public EventCallback<DealCard> Ask { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    /// <summary>What the page's script looks at to let a card be dropped; null while nothing is dragged.</summary>
    internal static string? DropOf(BoardColumn column, DealCard? dragged) =>
        dragged is null ? null : column.WhyNot(dragged) is null ? "yes" : "no";

    /// <summary>Loads again what is visible.</summary>
    public async Task Refresh()
    {
        _failure = null;
        if (_cards is not null)
            await _cards.RefreshDataAsync();
        StateHasChanged();
    }

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        var asked = (Join(Query.Filter(), Column.Filter), Query.PartnerId, Column.Order ?? PipelineColumn.OrderOf(Query));
        if (asked == (_filter, _partner, _order))
            return;
        (_filter, _partner, _order) = asked;
        await Refresh();
    }

    private async ValueTask<ItemsProviderResult<DealCard>> Load(ItemsProviderRequest request)
    {
        try
        {
            var ask = new ReferralQuery
            {
                Filter = _filter,
                Partner = _partner,
                OrderBy = _order,
                Select = DealCard.Select,
                Skip = request.StartIndex,
                Top = request.Count,
                Count = true,
            };
            var cards = new List<DealCard>();
            var count = 0L;
            await foreach (var page in Tandem.Referrals.ListPagesAsync(ask, request.CancellationToken))
            {
                cards.AddRange(page.Value.Select(DealCard.Of));
                count = page.ODataCount ?? count;
            }

            return new(cards, (int)count);
        }
        catch (OperationCanceledException) when (request.CancellationToken.IsCancellationRequested)
        {
            // Scrolled on. The list takes it for that only with its own token, which a reader's may hide.
            throw new OperationCanceledException(request.CancellationToken);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException)
        {
            _failure = failure;
            _ = InvokeAsync(StateHasChanged);
            return new([], 0);
        }
    }

    private bool IsMoving(DealCard card) => card.Id == Moving?.Id;

    private string Dates(DealCard card)
    {
        if (card.Pair.Status != ReferralStatus.New || card.Expires is not { } expires)
            return card.Closing is null ? "" : Text["Closes", Viewer.Day(card.Closing)];
        var left = expires - Clock.GetUtcNow();
        return left.TotalHours < 2 ? Text["LastHours"]
            : left.TotalDays < 2 ? Text["HoursLeft", (int)left.TotalHours]
            : Text["DaysLeft", (int)left.TotalDays];
    }

    private static string Join(string? filter, string own) => filter is null ? own : $"{filter} and {own}";
}

using System.Net;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>
/// The referrals by state. Each column loads what of it is visible. A card that is moved says so where it is, and goes when
/// the server has agreed: nothing is shown that is not so.
/// </summary>
public sealed partial class PipelineBoard
{
    private readonly Dictionary<string, BoardLane?> _lanes = [];
    private DealCard? _dragged;
    private DealCard? _asked;
    private DealCard? _moving;
    private BoardColumn? _target;
    private bool _isAsking;
    private bool _isAnswering;

    [Parameter, EditorRequired]
    public PipelineQuery Query { get; set; } = null!;

    [Parameter, EditorRequired]
    public IReadOnlyList<ReferralTotal> Totals { get; set; } = [];

    /// <summary>A card has moved, or has not; the totals may be others.</summary>
    [Parameter]
    public EventCallback<MoveOutcome> Moved { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_isAsking)
        {
            _isAsking = false;
            await Script.InvokeVoidAsync("tandem.ask", "move-dialog");
        }

        if (_isAnswering)
        {
            _isAnswering = false;
            await Script.InvokeVoidAsync("tandem.answer", "move-dialog", "board-message");
        }
    }

    private bool IsOpen(BoardColumn column) => !column.IsAside || Query.Has(PipelineQuery.Opened, column.Key);

    private string NameOf(BoardColumn column) => column.Stage is not null ? Text["StageColumn", Values.Stage(column.Stage)]
        : column.Pair.Status == ReferralStatus.New ? Values.Of(column.Pair.Status)
        : Values.Of(column.Pair.Substatus);

    private string? DropOf(BoardColumn column) => BoardLane.DropOf(column, _dragged);

    private void Drag(DealCard? card) => _dragged = _moving is null ? card : null;

    private void AskWhere(DealCard card)
    {
        _asked = card;
        _isAsking = true;
    }

    private Task Drop(BoardColumn column)
    {
        var card = _dragged;
        _dragged = null;
        return card is null ? Task.CompletedTask : Move(card, column);
    }

    private async Task Move(DealCard card, BoardColumn column)
    {
        if (_moving is not null || column.WhyNot(card) is not null)
            return;
        (_moving, _target) = (card, column);
        _isAnswering = true;
        StateHasChanged();
        MoveOutcome outcome;
        try
        {
            await Tandem.Referrals.PatchAsync(card.Id, column.Move(card), card.ETag);
            outcome = new(Text["Moved", card.Title, NameOf(column)], IsRefused: false);
        }
        catch (TandemException changed) when (changed.Status == HttpStatusCode.PreconditionFailed)
        {
            outcome = new(Text["Overtaken", card.Title], IsRefused: true);
        }
        catch (TandemException refused)
        {
            outcome = new(Text["NotMoved", card.Title, refused.Message], IsRefused: true);
        }
        catch (Exception lost) when (lost is HttpRequestException or OperationCanceledException)
        {
            outcome = new(Text["Unanswered", card.Title], IsRefused: true);
        }
        finally
        {
            (_moving, _target) = (null, null);
        }

        // Where it was, where it is now; and, when somebody else was faster, wherever that is.
        foreach (var changed in BoardColumn.All.Where(c => IsOpen(c) && (outcome.IsRefused || c == column || c == card.Column)))
        {
            if (_lanes.GetValueOrDefault(changed.Key) is { } lane)
                await lane.Refresh();
        }

        await Moved.InvokeAsync(outcome);
    }
}

/// <summary>What became of a move.</summary>
/// <param name="Text">In words.</param>
/// <param name="IsRefused">Whether the card stays where it was.</param>
public sealed record MoveOutcome(string Text, bool IsRefused);

using System.Net;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;
using Tandem.Web.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>
/// The referrals by state. Each column loads what of it is visible. A card that is moved says so where it is, and goes when
/// the server has agreed: nothing is shown that is not so.
/// </summary>
public sealed partial class PipelineBoard
{
    private readonly Dictionary<string, BoardLane?> _lanes = [];
    private ElementReference _dialog;
    private ElementReference _closingForm;
    private ReasonFields? _reason;
    private DealCard? _dragged;
    private DealCard? _asked;
    private DealCard? _moving;
    private BoardColumn? _target;
    private Closing? _closing;
    private bool _isAsking;
    private bool _isAnswering;
    private bool _isStale;

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
            await Script.InvokeVoidAsync("tandem.showDialog", _dialog, _closing is null ? null : _closingForm);
        }

        if (_isAnswering)
        {
            _isAnswering = false;
            await Script.InvokeVoidAsync("tandem.closeDialog", _dialog, "board-message");
        }
    }

    private bool IsOpen(BoardColumn column) => !column.IsAside || Query.Has(PipelineQuery.Opened, column.Key);

    private string NameOf(BoardColumn column) => column.Stage is not null ? Text["StageColumn", Values.Stage(column.Stage)]
        : column.Pair.Status == ReferralStatus.New ? Values.Of(column.Pair.Status)
        : Values.Of(column.Pair.Substatus);

    private string? DropOf(BoardColumn column) => BoardLane.DropOf(column, _dragged);

    /// <summary>Loads again what is visible, since others have changed something; not under somebody's hand.</summary>
    public async Task Refresh()
    {
        _isStale = _dragged is not null || _moving is not null;
        if (!_isStale)
            await Refresh(BoardColumn.All);
    }

    private async Task Drag(DealCard? card)
    {
        _dragged = _moving is null ? card : null;
        if (_isStale)
            await Refresh();
    }

    private void AskWhere(DealCard card) => (_asked, _closing, _isAsking) = (card, null, true);

    private Task Drop(BoardColumn column)
    {
        var card = _dragged;
        _dragged = null;
        return card is null ? Task.CompletedTask : Choose(card, column);
    }

    // What ends a deal for a reason asks for it first.
    private Task Choose(DealCard card, BoardColumn column)
    {
        if (column.WhyNot(card) is not null)
            return Task.CompletedTask;
        if (StatusReasons.Of(column.Pair.Substatus).Count == 0)
            return Move(card, column, null);
        (_closing, _isAsking) = (new(card, column), true);
        return Task.CompletedTask;
    }

    private Task Close() =>
        _reason!.TryRead(out var reason) ? Move(_closing!.Card, _closing.Column, reason) : Task.CompletedTask;

    private async Task Move(DealCard card, BoardColumn column, string? reason)
    {
        if (_moving is not null)
            return;
        (_moving, _target) = (card, column);
        _isAnswering = true;
        StateHasChanged();
        MoveOutcome outcome;
        try
        {
            await Tandem.Referrals.PatchAsync(card.Id, column.Move(card, reason), card.ETag);
            outcome = new(Text["Moved", card.Title, NameOf(column)], IsRefused: false);
        }
        catch (TandemException changed) when (changed.Status == HttpStatusCode.PreconditionFailed)
        {
            outcome = new(Text["Overtaken", card.Title], IsRefused: true);
        }
        catch (TandemException refused)
        {
            outcome = new(Text["NotMoved", card.Title, refused.Say()], IsRefused: true);
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
        await Refresh(BoardColumn.All.Where(c => outcome.IsRefused || _isStale || c == column || c == card.Column));
        _isStale = false;
        await Moved.InvokeAsync(outcome);
    }

    private async Task Refresh(IEnumerable<BoardColumn> columns)
    {
        foreach (var column in columns.Where(IsOpen))
        {
            if (_lanes.GetValueOrDefault(column.Key) is { } lane)
                await lane.Refresh();
        }
    }

    private sealed record Closing(DealCard Card, BoardColumn Column);
}

/// <summary>What became of a move.</summary>
/// <param name="Text">In words.</param>
/// <param name="IsRefused">Whether the card stays where it was.</param>
public sealed record MoveOutcome(string Text, bool IsRefused);

using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Referrals;

/// <summary>Where a referral stands, and where its owner may take it. What closes it is asked for again, with a reason.</summary>
public sealed partial class StatusCard
{
    private ElementReference _form;
    private StatusPair? _closing;
    private ReasonFields? _reason;
    private string? _complaint;
    private bool _isBusy;
    private bool _focusesForm;

    /// <summary>The referral.</summary>
    [Parameter, EditorRequired]
    public Referral Referral { get; set; } = null!;

    /// <summary>Whether it is the person's to change.</summary>
    [Parameter]
    public bool CanChange { get; set; }

    /// <summary>The referral as it is after a move, or as somebody else has left it.</summary>
    [Parameter]
    public EventCallback<Referral> Changed { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_focusesForm)
            return;
        _focusesForm = false;
        await Script.InvokeVoidAsync("tandem.focusFirst", _form);
    }

    private Task Choose(StatusPair move)
    {
        _complaint = null;
        if (move.Status != ReferralStatus.Closed)
            return Move(move, null);
        (_closing, _focusesForm) = (move, true);
        return Task.CompletedTask;
    }

    private void Cancel() => (_closing, _complaint) = (null, null);

    private Task Confirm() => _reason!.TryRead(out var reason) ? Move(_closing!.Value, reason) : Task.CompletedTask;

    private async Task Move(StatusPair move, string? reason)
    {
        if (_isBusy)
            return;
        (_isBusy, _complaint) = (true, null);
        try
        {
            var change = new JsonObject { ["status"] = $"{move.Status}", ["substatus"] = $"{move.Substatus}" };
            if (move.Status == ReferralStatus.Closed)
                change["statusReason"] = reason;
            if (await Store(change) is { } moved)
            {
                _closing = null;
                await Changed.InvokeAsync(moved);
            }
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            _complaint = failure is TandemException told ? told.Say() : Text["Unreachable"];
        }
        finally
        {
            _isBusy = false;
        }
    }

    // Null when somebody else was faster: whoever decides should know what he decides on.
    private async Task<Referral?> Store(JsonObject change)
    {
        try
        {
            return await Tandem.Referrals.MergeAsync(Referral.Id, change, Referral.ETag);
        }
        catch (TandemException conflict) when (conflict.Status == HttpStatusCode.PreconditionFailed)
        {
            await Changed.InvokeAsync(await Tandem.Referrals.GetAsync(Referral.Id));
            _complaint = Text["ChangedMeanwhile"];
            if (_closing is { } closing && !NextMoves.From(Referral).Contains(closing))
                _closing = null;
            return null;
        }
    }
}

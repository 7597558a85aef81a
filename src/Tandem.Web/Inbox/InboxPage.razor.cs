using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Live;
using Tandem.Web.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Inbox;

/// <summary>Invitations and leads that wait for an answer, those that expire soon first. They arrive and go without reload.</summary>
public sealed partial class InboxPage
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(3);

    private Loaded? _loaded;
    private ElementReference _heading;
    private ReferralPage? _waiting;
    private Exception? _failure;
    private string? _said;
    private Guid? _declining;
    private ReasonFields? _reason;
    private bool _isBusy;

    // Where the focus goes once it is there: the button that had it is gone.
    private string? _focus;

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private LiveChanges Live { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_focus is not { } place)
            return;
        _focus = null;
        await Script.InvokeVoidAsync("tandem.focus", place);
    }

    private static string Address(CustomerProfile customer) => string.Join(", ",
        new[] { customer.Name, customer.Address.City, customer.Address.Country }.Where(p => !string.IsNullOrWhiteSpace(p)));

    private async Task Load(CancellationToken cancellation)
    {
        await Live.Begin(cancellation);
        _waiting = await Tandem.Referrals.ListPageAsync(Invitations.Shown, cancellation);
    }

    private async Task Hear(IReadOnlyList<ReferralEvent> changes)
    {
        if (_loaded is not null && (changes.Count == 0 || changes.Any(c => c.OrganizationId == Viewer.Me.OrganizationId)))
            await _loaded.Reload();
    }

    private bool IsSoon(Referral referral) => referral.ExpirationDateTime - Clock.GetUtcNow() < Soon;

    private string TimeLeft(Referral referral)
    {
        if (referral.ExpirationDateTime is not { } end)
            return "";
        var left = end - Clock.GetUtcNow();
        return left.TotalDays >= 2 ? Text["DaysLeft", (int)left.TotalDays]
            : left.TotalHours >= 2 ? Text["HoursLeft", (int)left.TotalHours]
            : left > TimeSpan.Zero ? Text["ExpiresNow"] : Text["Expired"];
    }

    private Task Accept(Referral referral) => Answer(referral, "Active", "Accepted", Text["Accepted", referral.Title()]);

    private Task Receive(Referral referral) => Answer(referral, "New", "Received", Text["Received", referral.Title()]);

    private void AskReason(Referral referral) => (_declining, _focus) = (referral.Id, "decline-reason");

    private void KeepOpen(Referral referral) => (_declining, _focus) = (null, $"ask-{referral.Id}");

    private Task Decline(Referral referral) => _reason!.TryRead(out var reason)
        ? Answer(referral, "Closed", "Declined", Text["Declined", referral.Title()], reason)
        : Task.CompletedTask;

    private async Task Answer(Referral referral, string status, string substatus, string said, string? reason = null)
    {
        if (_isBusy)
            return;
        (_isBusy, _failure, _said) = (true, null, null);
        var answer = new JsonObject { ["status"] = status, ["substatus"] = substatus };
        if (reason is not null)
            answer["statusReason"] = reason;
        try
        {
            // With the tag that was shown: what a colleague has answered meanwhile is not answered again.
            await Tandem.Referrals.MergeAsync(referral.Id, answer, referral.ETag);
            (_said, _declining) = (said, null);
        }
        catch (TandemException overtaken) when (overtaken.Status == HttpStatusCode.PreconditionFailed)
        {
            _said = Text["Overtaken", referral.Title()];
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            _failure = failure;
        }

        _isBusy = false;
        await _loaded!.Reload();
        // The button that was pressed may be gone; whoever works by keyboard goes on from the top.
        if (_waiting?.Value.Exists(r => r.Id == referral.Id) != true)
            await _heading.FocusAsync();
    }
}

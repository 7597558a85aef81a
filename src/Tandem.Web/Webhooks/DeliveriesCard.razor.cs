using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.Webhooks;
using Tandem.Web.Shared;
using Tandem.Web.Shared.Forms;
using Tandem.Web.SignIn;

namespace Tandem.Web.Webhooks;

/// <summary>The newest deliveries that a referral caused, of all receivers.</summary>
public sealed partial class DeliveriesCard : IDisposable
{
    private const int MostShown = 10;

    // An event is raised and sent a fraction of a second after the change.
    private static readonly TimeSpan UntilSent = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _leaving = new();
    private readonly Attempt _attempt = new();
    private IReadOnlyList<SubscriptionView> _subscriptions = [];
    private IReadOnlyList<(SubscriptionView Subscription, DeliveryView Delivery)> _deliveries = [];
    private string? _said;
    private Guid _read;

    /// <summary>The referral's id.</summary>
    [Parameter, EditorRequired]
    public Guid Referral { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override Task OnParametersSetAsync()
    {
        if (!RendererInfo.IsInteractive || !Viewer.IsCompanyReferralsAdmin || _read == Referral)
            return Task.CompletedTask;
        _read = Referral;
        return Read();
    }

    private void Hear(IReadOnlyList<ReferralEvent> changes)
    {
        // Not waited for: the page hears of further changes when it has dealt with these.
        if (_subscriptions.Count > 0 && (changes.Count == 0 || changes.Any(c => c.ReferralId == Referral)))
            _ = ReadLater();
    }

    private Task<bool> Read() => _attempt.Make(async () =>
    {
        var leaving = _leaving.Token;
        var subscriptions = await Tandem.Webhooks.ListAsync(leaving);
        var found = new List<(SubscriptionView Subscription, DeliveryView Delivery)>();
        foreach (var subscription in subscriptions)
        {
            var page = await Tandem.Webhooks.ListDeliveriesPageAsync(subscription.Id, referral: Referral, cancellation: leaving);
            found.AddRange(page.Value.Select(d => (subscription, d)));
        }

        _subscriptions = subscriptions;
        _deliveries = [.. found.OrderByDescending(f => f.Delivery.RaisedDateTime).Take(MostShown)];
    }, leads: false);

    private async Task ReadLater()
    {
        try
        {
            await Task.Delay(UntilSent, Clock, _leaving.Token);
            await Read();
            StateHasChanged();
        }
        catch (OperationCanceledException) when (_leaving.IsCancellationRequested)
        {
            // The page was left; there is nobody to tell.
            return;
        }
        catch (SignedOutException ended)
        {
            await DispatchExceptionAsync(ended);
        }
    }

    private async Task Resend(SubscriptionView subscription, DeliveryView delivery)
    {
        _said = null;
        if (!await _attempt.Make(() => Tandem.Webhooks.ResendAsync(subscription.Id, delivery.EventId)))
            return;
        _said = Text["Resent"];
        await ReadLater();
    }
}

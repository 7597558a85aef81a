using System.Globalization;
using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.Webhooks;
using Tandem.Web.Shared;
using Tandem.Web.Shared.Forms;

namespace Tandem.Web.Webhooks;

/// <summary>What was sent to a receiver, newest first, and sending it again (W42). The filter stands in the address.</summary>
public sealed partial class DeliveryLog : IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);
    private const int MostLooks = 10;

    // What may be typed is more than there are moments in every time zone.
    private const int FirstYear = 1970;
    private const int LastYear = 9000;

    private readonly CancellationTokenSource _leaving = new();
    private readonly Attempt _attempt = new();
    private readonly Attempt _since = new("since");
    private readonly List<DeliveryView> _deliveries = [];
    private AdminPage<DeliveryView>? _page;
    private Loaded? _loaded;
    private string? _from;
    private string? _sinceState;
    private string? _said;

    /// <summary>The subscription's id.</summary>
    [Parameter, EditorRequired]
    public Guid Subscription { get; set; }

    /// <summary>The state that is shown; all when null.</summary>
    [SupplyParameterFromQuery]
    public string? State { get; set; }

    /// <summary>The referral whose deliveries are shown; those of all when null.</summary>
    [SupplyParameterFromQuery]
    public string? Referral { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    // An old bookmark may say anything.
    private DeliveryState? StateFilter => Enum.TryParse<DeliveryState>(State, out var state) && Enum.IsDefined(state) ? state : null;

    private Guid? ReferralFilter => Guid.TryParse(Referral, out var referral) ? referral : null;

    private IEnumerable<KeyValuePair<string, string>> States =>
        Enum.GetNames<DeliveryState>().Select(s => KeyValuePair.Create(s, Text[$"State.{s}"].Value));

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    private async Task Load(CancellationToken cancellation)
    {
        var page = await Tandem.Webhooks.ListDeliveriesPageAsync(Subscription, StateFilter, ReferralFilter, cancellation);
        _page = page;
        _deliveries.Clear();
        _deliveries.AddRange(page.Value);
    }

    private void ChooseState(string? state) =>
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter("state", state), replace: true);

    private Task Refresh()
    {
        _said = null;
        return _loaded!.Reload();
    }

    private Task<bool> More() => _attempt.Make(async () =>
    {
        if (await Tandem.Webhooks.NextDeliveriesAsync(_page!, _leaving.Token) is not { } next)
            return;
        _page = next;
        _deliveries.AddRange(next.Value);
    });

    private async Task Resend(DeliveryView delivery)
    {
        _said = null;
        if (!await _attempt.Make(() => Tandem.Webhooks.ResendAsync(Subscription, delivery.EventId)))
            return;
        _said = Text["Resent"];
        await Follow();
    }

    private async Task ResendSince()
    {
        _said = null;
        DateTime wall = default;
        var count = 0L;
        if (!await _since.Make(
            async () => count = await Tandem.Webhooks.ResendSinceAsync(
                Subscription, Viewer.FromWall(wall), Enum.TryParse<DeliveryState>(_sinceState, out var state) ? state : null),
            faults =>
            {
                if (!DateTime.TryParse(_from, CultureInfo.InvariantCulture, DateTimeStyles.None, out wall) || wall.Year is < FirstYear or > LastYear)
                    faults.Add("since", Text["SinceMissing"]);
            }))
            return;
        _said = Text["ResentMany", count];
        await Follow();
    }

    // Whoever sends something again wants to see what comes of it: mostly that takes a moment, else the log can be read anew.
    private async Task Follow()
    {
        var leaving = _leaving.Token;
        try
        {
            for (var looks = 0; looks < MostLooks; looks++)
            {
                await _loaded!.Reload();
                if (!_deliveries.Exists(d => d.State == DeliveryState.Pending))
                    return;
                await Task.Delay(LookAgain, Clock, leaving);
            }
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            // The page was left; there is nobody to tell.
            return;
        }
    }
}

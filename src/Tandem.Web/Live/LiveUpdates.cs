using Microsoft.AspNetCore.Components;
using Tandem.Contracts.Referrals;

namespace Tandem.Web.Live;

/// <summary>
/// Lets a page hear of changes while it is open: <c>&lt;LiveUpdates Changed="Refresh" /&gt;</c>, and
/// <c>await Live.Begin(cancellation)</c> before it loads.
/// </summary>
public sealed class LiveUpdates : ComponentBase, IDisposable
{
    private IDisposable? _subscription;
    private bool _hasLeft;

    /// <summary>Called with what happened, and with nothing when something may have been missed.</summary>
    [Parameter, EditorRequired]
    public EventCallback<IReadOnlyList<ReferralEvent>> Changed { get; set; }

    [Inject]
    private LiveChanges Live { get; set; } = null!;

    /// <inheritdoc />
    public void Dispose()
    {
        _hasLeft = true;
        _subscription?.Dispose();
    }

    /// <inheritdoc />
    protected override void OnInitialized()
    {
        if (RendererInfo.IsInteractive)
            _subscription = Live.Subscribe(Hear);
    }

    private Task Hear(IReadOnlyList<ReferralEvent> changes) => InvokeAsync(async () =>
    {
        if (_hasLeft)
            return;
        try
        {
            await Changed.InvokeAsync(changes);
        }
        catch (Exception failure)
        {
            // The page's boundary shows it; the other pages go on hearing.
            await DispatchExceptionAsync(failure);
        }
    });
}

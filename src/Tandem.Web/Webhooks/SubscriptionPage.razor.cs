using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.Webhooks;
using Tandem.Web.Shared;
using Tandem.Web.Shared.Forms;

namespace Tandem.Web.Webhooks;

/// <summary>One receiver: what it gets, how it does, and everything that was sent to it.</summary>
public sealed partial class SubscriptionPage
{
    private readonly Attempt _attempt = new();
    private SubscriptionView? _subscription;
    private SubscriptionView? _rotated;
    private ElementReference _heading;
    private Question? _asking;
    private bool _isEditing;
    private string? _said;

    // What is asked for before it is done; the key of its texts.
    private enum Question
    {
        Rotate,
        Delete,
    }

    /// <summary>The subscription's id.</summary>
    [Parameter]
    public Guid Id { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    private bool IsOwn => _subscription!.Kind == SubscriptionKind.Standard;

    private async Task Load(CancellationToken cancellation)
    {
        (_rotated, _isEditing, _said) = (null, false, null);
        _subscription = await Tandem.Webhooks.GetAsync(Id, cancellation);
    }

    private string StatusName(string status) => Enum.TryParse<ReferralStatus>(status, out var known) ? Values.Of(known) : status;

    private async Task Change(Attempt attempt, SubscriptionDraft draft) => _subscription = await Tandem.Webhooks.ChangeAsync(Id, draft);

    private async Task ShowSaved()
    {
        (_isEditing, _said) = (false, Text["Saved"]);
        await _heading.FocusAsync();
    }

    private async Task Pause()
    {
        _said = null;
        if (await _attempt.Make(async () => _subscription = await Tandem.Webhooks.PauseAsync(Id)))
            await Tell(Text["NowPaused"]);
    }

    private async Task Resume()
    {
        _said = null;
        if (await _attempt.Make(async () => _subscription = await Tandem.Webhooks.ResumeAsync(Id)))
            await Tell(Text["NowResumed"]);
    }

    // The button that was pressed is gone.
    private async Task Tell(string said)
    {
        _said = said;
        await _heading.FocusAsync();
    }

    private async Task Do(Question question)
    {
        (_asking, _said) = (null, null);
        if (question == Question.Delete)
        {
            if (await _attempt.Make(() => Tandem.Webhooks.DeleteAsync(Id)))
                Navigation.NavigateTo("administration/webhooks");
        }
        else if (await _attempt.Make(async () => _rotated = await Tandem.Webhooks.RotateSecretAsync(Id)))
        {
            _subscription = _rotated! with { Secret = null };
        }
    }

    private async Task Forget()
    {
        _rotated = null;
        await _heading.FocusAsync();
    }
}

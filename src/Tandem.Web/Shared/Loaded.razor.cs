using System.Net;
using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Web.SignIn;

namespace Tandem.Web.Shared;

/// <summary>
/// Loads what its content shows: a skeleton meanwhile, and a way out when it fails. Work begins when the page is connected,
/// so that nothing is loaded twice.
/// </summary>
public sealed partial class Loaded : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _leaving = new();
    private State _state;
    private Exception? _failure;
    private object? _loadedKey;
    private int _run;

    private enum State
    {
        Loading,
        Ready,
        Failed,
    }

    /// <summary>Loads; called again by <see cref="Reload"/> and when <see cref="Key"/> changes.</summary>
    [Parameter, EditorRequired]
    public Func<CancellationToken, Task> Work { get; set; } = null!;

    /// <summary>What is loaded, such as an id or a query; another one is loaded anew.</summary>
    [Parameter]
    public object? Key { get; set; }

    /// <summary>Whether the old content stays while another key is loaded.</summary>
    [Parameter]
    public bool KeepsContent { get; set; }

    /// <summary>Shown while loading; a few lines when absent.</summary>
    [Parameter]
    public RenderFragment? Skeleton { get; set; }

    /// <summary>Shown when loaded.</summary>
    [Parameter, EditorRequired]
    public RenderFragment ChildContent { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private Person Person { get; set; } = null!;

    /// <summary>Loads again.</summary>
    public async Task Reload()
    {
        var run = ++_run;
        _loadedKey = Key;
        if (!KeepsContent || _state == State.Failed)
            _state = State.Loading;
        StateHasChanged();
        try
        {
            await Work(_leaving.Token);
            Finish(run, State.Ready, null);
        }
        catch (OperationCanceledException) when (_leaving.IsCancellationRequested)
        {
            // The page was left; there is nobody to tell.
            return;
        }
        catch (Exception ended) when (SignedOutException.Is(ended))
        {
            await Person.SignOut();
            GoToSignIn.Go(Navigation);
        }
        catch (TandemException missing) when (missing.Status is HttpStatusCode.NotFound)
        {
            Navigation.NotFound();
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException)
        {
            Finish(run, State.Failed, failure);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override Task OnParametersSetAsync() =>
        RendererInfo.IsInteractive && (_run == 0 || !Equals(Key, _loadedKey)) ? Reload() : Task.CompletedTask;

    // Of two loads that overlap, the later one counts.
    private void Finish(int run, State state, Exception? failure)
    {
        if (run != _run || _leaving.IsCancellationRequested)
            return;
        (_state, _failure) = (state, failure);
        StateHasChanged();
        // What the page shows outside of this, such as its heading, may come from what was loaded.
        if (Work.Target is IHandleEvent page)
            _ = EventCallback.Factory.Create(page, static () => { }).InvokeAsync();
    }
}

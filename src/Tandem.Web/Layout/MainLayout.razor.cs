using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.JSInterop;
using Tandem.Client;
using Tandem.Web.Shared;
using Tandem.Web.SignIn;

namespace Tandem.Web.Layout;

/// <summary>App bar, navigation and the page; loads who looks at it before anything else.</summary>
public sealed partial class MainLayout
{
    private readonly CancellationTokenSource _leaving = new();
    private ErrorBoundary? _boundary;
    private Exception? _failure;
    private bool _isNavigationOpen;

    [CascadingParameter]
    private RouteData? Route { get; set; }

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    [Inject]
    private Person Person { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    // A bare fragment would lead away from the page: it is taken from the base address.
    private string SkipTarget => $"{Navigation.ToBaseRelativePath(Navigation.Uri).Split('#')[0]}#content";

    /// <inheritdoc />
    public void Dispose()
    {
        Navigation.LocationChanged -= CloseNavigation;
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override Task OnInitializedAsync()
    {
        Navigation.LocationChanged += CloseNavigation;
        return Load();
    }

    private async Task Load()
    {
        _failure = null;
        try
        {
            // Asked meanwhile: the first page that a browser opens has no cookie that tells it.
            var zone = RendererInfo.IsInteractive ? Script.InvokeAsync<string?>("tandem.zone", _leaving.Token).AsTask() : Task.FromResult<string?>(null);
            await Viewer.Load(zone, _leaving.Token);
        }
        catch (Exception ended) when (SignedOutException.Is(ended))
        {
            await Person.SignOut();
            GoToSignIn.Go(Navigation);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            _failure = failure;
        }
        catch (OperationCanceledException) when (_leaving.IsCancellationRequested)
        {
            // The page was left; there is nobody to tell.
            return;
        }
    }

    private void CloseNavigation(object? sender, LocationChangedEventArgs change)
    {
        _isNavigationOpen = false;
        // What failed belongs to the page that was left.
        _boundary?.Recover();
        _ = InvokeAsync(StateHasChanged);
    }
}

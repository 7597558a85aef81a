using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Organizations;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>
/// Views with a name: the person's own, and those that colleagues share. A view is the address's query and nothing else,
/// so that it shows everybody what he may see.
/// </summary>
public sealed partial class ViewMenu : IDisposable
{
    private readonly CancellationTokenSource _leaving = new();
    private IReadOnlyList<SavedView>? _views;
    private SavedView? _removed;
    private string? _failure;
    private string? _fault;
    private string? _said;
    private string? _name;
    private bool _isShared;
    private bool _isBusy;

    [Parameter, EditorRequired]
    public PipelineQuery Query { get; set; } = null!;

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    // Of two with the same choices the person's own is the one he is looking at.
    private SavedView? Current => Query.IsPlain ? null
        : _views?.OrderByDescending(v => v.IsOwn).FirstOrDefault(v => AddressOf(v) == Query.OnPage(1).Address);

    private IEnumerable<IGrouping<string, SavedView>> Groups =>
        (_views ?? []).OrderByDescending(v => v.IsOwn).GroupBy(v => v.IsOwn ? "Own" : "Shared");

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override Task OnInitializedAsync() =>
        RendererInfo.IsInteractive ? Do(async () => _views = await Tandem.Views.ListAsync(_leaving.Token)) : Task.CompletedTask;

    private bool MayRemove(SavedView view) => view.IsOwn || Viewer.IsCompanyReferralsAdmin;

    private string AddressOf(SavedView view) =>
        PipelineQuery.Parse(new Uri(Navigation.ToAbsoluteUri("pipeline"), $"?{view.Query}")).Address;

    private async Task Save()
    {
        _fault = _name is null ? Text["ViewNameMissing"].Value : null;
        if (_name is not { } name)
            return;
        // A name that is taken already means that view, whatever its letters' case.
        var same = _views?.FirstOrDefault(v => v.IsOwn && string.Equals(v.Name, name, StringComparison.CurrentCultureIgnoreCase));
        await Put(same?.Id ?? Guid.NewGuid(), new()
        {
            Name = name,
            Query = Query.OnPage(1).Address.Split('?') is [_, var query] ? query : "",
            IsShared = _isShared,
        }, Text[same is null ? "ViewSaved" : "ViewReplaced", name]);
        if (_failure is null)
            (_name, _isShared) = (null, false);
    }

    private Task Restore(SavedView view) =>
        Put(view.Id, new() { Name = view.Name, Query = view.Query, IsShared = view.IsShared }, Text["ViewSaved", view.Name]);

    private Task Put(Guid id, SavedViewDraft draft, string said) => Do(async () =>
    {
        await Tandem.Views.PutAsync(id, draft, _leaving.Token);
        (_said, _removed) = (said, null);
        _views = await Tandem.Views.ListAsync(_leaving.Token);
    });

    private Task Remove(SavedView view) => Do(async () =>
    {
        await Tandem.Views.DeleteAsync(view.Id, _leaving.Token);
        // What a colleague shared was his to name, and cannot be brought back under it.
        (_said, _removed) = (Text["ViewRemoved", view.Name], view.IsOwn ? view : null);
        _views = await Tandem.Views.ListAsync(_leaving.Token);
    });

    private async Task Do(Func<Task> act)
    {
        if (_isBusy)
            return;
        (_isBusy, _failure, _said) = (true, null, null);
        try
        {
            await act();
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            _failure = failure is TandemException told ? told.Say() : Text["ViewsUnreachable"];
        }
        catch (OperationCanceledException) when (_leaving.IsCancellationRequested)
        {
            // The page was left; there is nobody to tell.
            return;
        }
        finally
        {
            _isBusy = false;
        }
    }
}

using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Client;
using Tandem.Contracts.Bulk;
using Tandem.Web.Shared;

namespace Tandem.Web.Bulk;

/// <summary>An import: what its columns are, what each row would do, how far it is, and what became of it.</summary>
public sealed partial class ImportPage : IDisposable
{
    private const float RowHeight = 64;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(400);

    private static readonly Dictionary<string, ImportRowState[]> StatesOf = new()
    {
        ["all"] = [],
        ["ready"] = [ImportRowState.Ready],
        ["stored"] = [ImportRowState.Stored],
        ["undone"] = [ImportRowState.Undone],
        ["unchanged"] = [ImportRowState.Unchanged],
        ["faults"] = [ImportRowState.Faulty, ImportRowState.Refused, ImportRowState.Left],
    };

    private readonly CancellationTokenSource _leaving = new();
    private Import? _import;
    private ImportRow? _row;
    private Virtualize<ImportRow>? _list;
    private ElementReference _detail;
    private string? _complaint;
    private int? _wrongColumn;
    private bool _isBusy;
    private bool _asksUndo;
    private bool _isFollowed;
    private bool _opened;

    /// <summary>The import.</summary>
    [Parameter]
    public Guid Id { get; set; }

    // Changes with the address, its query included.
    [CascadingParameter]
    private RouteData? Route { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private static IEnumerable<BulkColumn> Offered { get; } = BulkLayout.All.Where(c => !c.IsReadOnly || c.Name == BulkLayout.Errors);

    private bool IsAtWork => _import?.State is ImportState.Checking or ImportState.Running or ImportState.Undoing;

    private ImportCounts Counts => _import?.Counts ?? new ImportCounts();

    private int Unmapped => _import?.Columns.Count(c => c.Column is null) ?? 0;

    private int LeftOut => Counts.Faulty + Counts.Refused + Counts.Left;

    // Rows that the work at hand is about, and how many of them it has done.
    private int Total => _import?.State switch
    {
        ImportState.Checking => Counts.Rows,
        ImportState.Undoing or ImportState.Undone => Counts.Created + Counts.Updated + Counts.Undone + Counts.Left,
        _ => Counts.ToCreate + Counts.ToUpdate + Counts.Created + Counts.Updated + Counts.Refused,
    };

    private int Progress => _import?.State switch
    {
        ImportState.Checking => Counts.Rows - Counts.Waiting,
        ImportState.Undoing => Counts.Undone + Counts.Left,
        _ => Counts.Created + Counts.Updated + Counts.Refused,
    };

    private string Shown => QueryHelpers.ParseQuery(new Uri(Navigation.Uri).Query).TryGetValue("show", out var show)
        && StatesOf.ContainsKey(show.ToString()) && Shows.Any(s => s.Show == show)
            ? show.ToString()
            : "all";

    private IEnumerable<(string Show, int Count)> Shows => new[]
    {
        ("all", Counts.Rows), ("ready", Counts.ToCreate + Counts.ToUpdate), ("stored", Counts.Created + Counts.Updated),
        ("undone", Counts.Undone), ("unchanged", Counts.Unchanged), ("faults", LeftOut),
    }.Where(s => s.Item1 is "all" or "faults" || s.Item2 > 0);

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_opened)
        {
            _opened = false;
            await _detail.FocusAsync();
        }

        if (IsAtWork && !_isFollowed)
        {
            _isFollowed = true;
            await Follow();
        }
    }

    private static string Number(int number) => number.ToString("N0", CultureInfo.CurrentCulture);

    private static string KindOf(ImportRow row) => row.State == ImportRowState.Ready ? $"To{row.Action}"
        : row.State == ImportRowState.Stored ? $"{row.Action}d"
        : row.State.ToString();

    private static string ColorOf(ImportRow row) => row.State switch
    {
        ImportRowState.Faulty or ImportRowState.Refused or ImportRowState.Left => "status-bad",
        ImportRowState.Stored => "status-good",
        ImportRowState.Ready => "status-active",
        _ => "status-past",
    };

    private static string Summary(ImportRow row) => row.Faults.Count > 0
        ? string.Join(" ", row.Faults)
        : string.Join(" · ", row.Changes.Select(c => row.Action == ImportAction.Update ? $"{c.Column}: {c.Before ?? "–"} → {c.After ?? "–"}" : c.After));

    private async Task Load(CancellationToken cancellation)
    {
        _import = await Tandem.Bulk.GetAsync(Id, cancellation);
        _row = null;
        _isFollowed = false;
    }

    private async ValueTask<ItemsProviderResult<ImportRow>> Read(ItemsProviderRequest request)
    {
        try
        {
            var page = await Tandem.Bulk.RowsAsync(Id, StatesOf[Shown], request.StartIndex, Math.Clamp(request.Count, 1, 500), request.CancellationToken);
            return new(page.Value, page.Count);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            _complaint = failure is TandemException told ? told.Say() : Text["NotSent"];
            return new([], 0);
        }
    }

    // While the server works, the page looks again and again; it goes on without a page, too.
    private async Task Follow()
    {
        try
        {
            while (IsAtWork)
            {
                await Task.Delay(BetweenLooks, _leaving.Token);
                var state = _import!.State;
                _import = await Tandem.Bulk.GetAsync(Id, _leaving.Token);
                if (_import.State != state && _list is not null)
                    await _list.RefreshDataAsync();
                StateHasChanged();
            }
        }
        catch (OperationCanceledException) when (_leaving.IsCancellationRequested)
        {
            // The page was left.
            return;
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException or SignIn.SignedOutException)
        {
            _complaint = failure is TandemException told ? told.Say() : Text["NotSent"];
            StateHasChanged();
        }

        _isFollowed = false;
    }

    private void Open(ImportRow row) => (_row, _opened) = (row, true);

    private Task Start() => Do(() => Tandem.Bulk.StartAsync(Id, _leaving.Token));

    private Task Undo()
    {
        _asksUndo = false;
        return Do(() => Tandem.Bulk.UndoAsync(Id, _leaving.Token));
    }

    private async Task Delete()
    {
        await Do(async () =>
        {
            await Tandem.Bulk.DeleteAsync(Id, _leaving.Token);
            return _import!;
        });
        if (_complaint is null)
            Navigation.NavigateTo("import");
    }

    private async Task Map(int index, string? name)
    {
        var column = string.IsNullOrWhiteSpace(name) ? null : BulkLayout.Guess(name);
        if (column is null && !string.IsNullOrWhiteSpace(name))
        {
            (_complaint, _wrongColumn) = (Text["NoSuchColumn", name], index);
            return;
        }

        _wrongColumn = null;
        // A column means one of the file's: the one chosen last.
        var columns = _import!.Columns.Select((c, i) => i == index ? column?.Name : c.Column == column?.Name ? null : c.Column).ToList();
        await Do(() => Tandem.Bulk.MapAsync(Id, columns, _leaving.Token));
    }

    private async Task Do(Func<Task<Import>> act)
    {
        if (_isBusy)
            return;
        (_isBusy, _complaint) = (true, null);
        try
        {
            _import = await act();
            _row = null;
            if (_list is not null)
                await _list.RefreshDataAsync();
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException)
        {
            _complaint = failure is TandemException told ? told.Say() : Text["NotSent"];
        }
        finally
        {
            _isBusy = false;
        }
    }
}

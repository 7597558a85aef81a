using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Notifications;
using Tandem.Web.Live;
using Tandem.Web.Shared;

namespace Tandem.Web.Notifications;

/// <summary>All notices of the person, newest first; new ones come by themselves.</summary>
public sealed partial class NoticesPage : IDisposable
{
    private Loaded? _loaded;
    private ElementReference _heading;
    private NoticePage? _page;
    private Exception? _failure;

    /// <summary>Where the page begins, as the server gave it; nothing for the newest.</summary>
    [SupplyParameterFromQuery]
    public string? After { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private LiveChanges Live { get; set; } = null!;

    [Inject]
    private NoticeMarks Marks { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    /// <inheritdoc />
    public void Dispose() => Marks.Marked -= HearMarks;

    /// <inheritdoc />
    protected override void OnInitialized() => Marks.Marked += HearMarks;

    private async Task Load(CancellationToken cancellation)
    {
        await Live.Begin(cancellation);
        _page = await Tandem.Notices.ListPageAsync(string.IsNullOrEmpty(After) ? null : After, cancellation: cancellation);
    }

    private Task Reload() => _loaded?.Reload() ?? Task.CompletedTask;

    private Task HearMarks() => InvokeAsync(Reload);

    private Task Mark(Notice notice) => notice.IsRead ? Task.CompletedTask : Try(() => Marks.Mark(notice.Id));

    private async Task MarkHere(Notice notice)
    {
        await Mark(notice);
        // The button that was pressed is gone; whoever works by keyboard goes on from the top.
        await _heading.FocusAsync();
    }

    private async Task MarkAll()
    {
        await Try(Marks.MarkAll);
        await _heading.FocusAsync();
    }

    private async Task Try(Func<Task> mark)
    {
        _failure = null;
        try
        {
            await mark();
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException)
        {
            _failure = failure;
        }
    }
}

using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Tandem.Client;
using Tandem.Contracts.Notifications;
using Tandem.Web.Live;
using Tandem.Web.Shared;
using Tandem.Web.SignIn;

namespace Tandem.Web.Notifications;

/// <summary>How many notices are unread, and the latest; told of changes by the stream that all pages hear.</summary>
public sealed partial class NoticeBell : IDisposable
{
    private const int Shown = 8;

    private readonly CancellationTokenSource _leaving = new();
    private IReadOnlyList<Notice> _latest = [];
    private DateTimeOffset? _newest;
    private int _unread;
    private string? _said;
    private bool _isUnreachable;

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private LiveChanges Live { get; set; } = null!;

    [Inject]
    private NoticeMarks Marks { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    // The server counts no further.
    private string Count => _unread >= 100 ? "99+" : _unread.ToString(CultureInfo.CurrentCulture);

    /// <inheritdoc />
    public void Dispose()
    {
        Marks.Marked -= ReadAgain;
        Navigation.LocationChanged -= Moved;
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override async Task OnInitializedAsync()
    {
        if (!RendererInfo.IsInteractive)
            return;
        Marks.Marked += ReadAgain;
        Navigation.LocationChanged += Moved;
        try
        {
            await Live.Begin(_leaving.Token);
        }
        catch (OperationCanceledException) when (_leaving.IsCancellationRequested)
        {
            // The page was left before the stream had begun.
            return;
        }

        await Read();
    }

    private async Task Read()
    {
        try
        {
            var page = await Tandem.Notices.ListPageAsync(top: Shown, cancellation: _leaving.Token);
            Announce(page);
            (_latest, _unread, _isUnreachable) = (page.Value, page.Unread, false);
        }
        catch (OperationCanceledException) when (_leaving.IsCancellationRequested)
        {
            // The browser has left; there is nobody to tell.
            return;
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException or SignedOutException)
        {
            // Something beside the page, which itself says what is wrong.
            _isUnreachable = true;
        }
    }

    // Said once, and only of what is news: not of what was there when the page opened, nor of one's own doing.
    private void Announce(NoticePage page)
    {
        var news = _newest is { } newest ? page.Value.Where(n => !n.IsRead && n.DateTime > newest).ToList() : [];
        if (news.Count > 0)
            _said = news.Count == 1 ? Text["Arrived", Text.Say(news[0])] : Text["ArrivedMany", news.Count];
        _newest = page.Value.Count > 0 ? page.Value[0].DateTime : _newest ?? DateTimeOffset.MinValue;
    }

    private Task Mark(Notice notice) => notice.IsRead ? Task.CompletedTask : Try(() => Marks.Mark(notice.Id));

    private Task MarkAll() => Try(Marks.MarkAll);

    private async Task Try(Func<Task> mark)
    {
        try
        {
            await mark();
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException or SignedOutException)
        {
            _isUnreachable = true;
        }
    }

    private Task ReadAgain() => InvokeAsync(async () =>
    {
        await Read();
        StateHasChanged();
    });

    // What no change tells of, such as a deal that expires soon, is found on the way to the next page.
    private void Moved(object? sender, LocationChangedEventArgs change) => _ = ReadAgain();
}

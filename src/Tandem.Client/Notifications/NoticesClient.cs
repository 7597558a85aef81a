using System.Runtime.CompilerServices;
using Tandem.Contracts.Notifications;

namespace Tandem.Client;

/// <summary>What the caller himself should know. Every method throws <see cref="TandemException"/> when the server says no.</summary>
public sealed class NoticesClient
{
    private const string Path = "v1.0/engagements/notices";
    private readonly ApiSender _api;

    internal NoticesClient(ApiSender api) => _api = api;

    private static NoticeJson Json => ClientJson.Notices;

    /// <summary>A page of notices, newest first, and how many are unread.</summary>
    /// <param name="after">The <see cref="NoticePage.Next"/> of the page before; null for the newest.</param>
    /// <param name="top">How many, at most 50.</param>
    /// <param name="cancellation">Ends the request.</param>
    public Task<NoticePage> ListPageAsync(string? after = null, int top = 50, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, $"{Path}?top={top}{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}", Json.NoticePage, null, cancellation);

    /// <summary>All notices, newest first.</summary>
    public async IAsyncEnumerable<Notice> ListAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        NoticePage? page = null;
        do
        {
            page = await ListPageAsync(page?.Next, cancellation: cancellation).ConfigureAwait(false);
            foreach (var notice in page.Value)
                yield return notice;
        }
        while (page.Next is not null);
    }

    /// <summary>Marks a notice as read.</summary>
    public Task MarkReadAsync(Guid id, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Post, $"{Path}/{id}/read", cancellation);

    /// <summary>Marks all notices as read.</summary>
    public Task MarkAllReadAsync(CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Post, $"{Path}/read", cancellation);

    /// <summary>How the caller wants to be told.</summary>
    public Task<NoticeSettings> GetSettingsAsync(CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, $"{Path}/settings", Json.NoticeSettings, null, cancellation);

    /// <summary>Chooses what comes by e-mail, and in which language.</summary>
    public Task<NoticeSettings> SetSettingsAsync(NoticeSettings settings, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Put, $"{Path}/settings", Json.NoticeSettings, ApiBody.Of(settings, Json.NoticeSettings), cancellation);
}

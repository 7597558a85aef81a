using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Tandem.Contracts.Referrals;

namespace Tandem.Client;

/// <summary>Follows changes of referrals as they happen, without webhooks.</summary>
public sealed class ChangesClient
{
    private const string Path = "v1.0/engagements/changes";
    private const string MediaType = "text/event-stream";
    private const string IdField = "id:";

    // As the server asks; it says so again on each connection.
    private static readonly TimeSpan UsualPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ApiSender _api;

    internal ChangesClient(ApiSender api) => _api = api;

    /// <summary>
    /// Where the log ends now. Note it, read a list, then follow from it: nothing that happens in between is missed.
    /// </summary>
    public async Task<string> PositionAsync(CancellationToken cancellation = default)
    {
        using var answer = await _api.Open(Path, MediaType, null, cancellation).ConfigureAwait(false);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false));
        while (await reader.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith(IdField, StringComparison.Ordinal))
                return line[IdField.Length..].Trim();
        }

        throw new TandemException(answer.StatusCode, "The server ended the stream of changes before it said where it begins.");
    }

    /// <summary>
    /// Each change that the caller can see, in the order of the log, without an end. A connection that is lost is made again
    /// behind the last change that was told, so that none is missed or told twice.
    /// </summary>
    /// <param name="after">Where to begin: a <see cref="FollowedChange.Position"/> or <see cref="PositionAsync"/>; now when null.</param>
    /// <exception cref="TandemException">
    /// The server says no: 401 and 403 for the caller, 400 and 410 for a position that it does not know.
    /// </exception>
    public async IAsyncEnumerable<FollowedChange> FollowAsync(
        string? after = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var pause = UsualPause;
        for (var position = after; ; await Task.Delay(pause, cancellation).ConfigureAwait(false))
        {
            if (await Connect(position, cancellation).ConfigureAwait(false) is not { } answer)
            {
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                continue;
            }

            using (answer)
            {
                var stream = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
                var parser = SseParser.Create(stream, static (_, data) => JsonSerializer.Deserialize(data, ReferralJson.Wire.ReferralEvent));
                await using var events = parser.EnumerateAsync(cancellation).GetAsyncEnumerator(cancellation);
                while (await Next(events).ConfigureAwait(false))
                {
                    position = events.Current.EventId ?? parser.LastEventId;
                    if (events.Current.Data is { } change)
                        yield return new FollowedChange(position, events.Current.EventType, change);
                }

                // What was passed over silently need not be looked at again.
                position = parser.LastEventId is { Length: > 0 } last ? last : position;
                pause = parser.ReconnectionInterval > TimeSpan.Zero ? parser.ReconnectionInterval : UsualPause;
            }
        }
    }

    // Null when it is worth trying again.
    private async Task<HttpResponseMessage?> Connect(string? position, CancellationToken cancellation)
    {
        try
        {
            return await _api.Open(Path, MediaType, position, cancellation).ConfigureAwait(false);
        }
        catch (TandemException refused) when (refused.Status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError)
        {
            return null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The server took longer than the HttpClient waits.
            return null;
        }
    }

    private static async ValueTask<bool> Next(IAsyncEnumerator<SseItem<ReferralEvent?>> events)
    {
        try
        {
            return await events.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception lost) when (lost is IOException or HttpRequestException)
        {
            return false;
        }
    }
}

/// <summary>One change, and where in the log it stands.</summary>
/// <param name="Position">Follow from here to hear of what comes after it.</param>
/// <param name="EventName"><c>referral-created</c>, <c>referral-updated</c>, or one of the two with <c>related-</c> before it.</param>
/// <param name="Change">What changed.</param>
public sealed record FollowedChange(string Position, string EventName, ReferralEvent Change);

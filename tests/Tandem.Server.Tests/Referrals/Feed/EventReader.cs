using System.Net.ServerSentEvents;
using System.Text.Json;
using Tandem.Contracts.Referrals;
using Tandem.Server.Tests.Fixtures;

namespace Tandem.Server.Tests.Referrals.Feed;

/// <summary>A client of the event stream that remembers nothing but the last event's id.</summary>
internal sealed class EventReader(string user)
{
    public const string Path = "/v1.0/engagements/changes";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public string? LastId { get; set; }

    /// <summary>Connects and reads on; connected when it returns.</summary>
    public async Task<OpenStream> Open(TandemServer server, string path = Path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {user}");
        request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        if (LastId is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", LastId);
        var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal(200, (int)response.StatusCode);
        return new OpenStream(this, response, await response.Content.ReadAsStreamAsync(Cancellation));
    }

    /// <summary>One connection.</summary>
    public sealed class OpenStream : IDisposable
    {
        private readonly EventReader _reader;
        private readonly SseParser<string> _parser;
        private readonly IAsyncEnumerator<SseItem<string>> _events;

        public OpenStream(EventReader reader, HttpResponseMessage response, Stream body)
        {
            (_reader, Response) = (reader, response);
            _parser = SseParser.Create(body);
            _events = _parser.EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation);
        }

        public HttpResponseMessage Response { get; }

        public TimeSpan Retry => _parser.ReconnectionInterval;

        /// <summary>The next event; null at the end of the stream.</summary>
        public async Task<(string Name, ReferralEvent Data)?> Next()
        {
            if (!await _events.MoveNextAsync())
                return null;
            _reader.LastId = _events.Current.EventId;
            return (_events.Current.EventType, JsonSerializer.Deserialize(_events.Current.Data, ReferralJson.Wire.ReferralEvent)!);
        }

        public void Dispose() => Response.Dispose();
    }
}

using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Tandem.Client;

/// <summary>Sends a request with token and tracing headers, and turns every refusal into a <see cref="TandemException"/>.</summary>
internal sealed class ApiSender(HttpClient http, Func<CancellationToken, ValueTask<string>> token)
{
    public const string Json = "application/json";

    public async Task<T> Read<T>(HttpMethod method, string path, JsonTypeInfo<T> type, ApiBody? body, CancellationToken cancellation)
    {
        using var answer = await Send(method, path, body, cancellation).ConfigureAwait(false);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        return await JsonSerializer.DeserializeAsync(stream, type, cancellation).ConfigureAwait(false)
            ?? throw new TandemException(answer.StatusCode, "The server answered without a body.");
    }

    /// <summary>The body as it was sent, for those who keep it.</summary>
    public async Task<string> ReadText(string path, CancellationToken cancellation)
    {
        using var answer = await Send(HttpMethod.Get, path, null, cancellation).ConfigureAwait(false);
        return await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
    }

    public async Task Send(HttpMethod method, string path, CancellationToken cancellation, ApiBody? body = null) =>
        (await Send(method, path, body, cancellation).ConfigureAwait(false)).Dispose();

    /// <summary>An answer that is read while it comes; whoever asked disposes of it.</summary>
    public Task<HttpResponseMessage> Open(string path, string mediaType, string? lastEventId, CancellationToken cancellation) =>
        Send(HttpMethod.Get, path, null, cancellation, mediaType, lastEventId);

    private async Task<HttpResponseMessage> Send(
        HttpMethod method, string path, ApiBody? body, CancellationToken cancellation, string accepted = Json, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        // Not checked by the library's parser, which would refuse the e-mail addresses that an emulator takes.
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {await token(cancellation).ConfigureAwait(false)}");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accepted));
        if (lastEventId is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        // Never used twice: the server takes a known one for the same request again.
        request.Headers.Add("client-request-id", Guid.NewGuid().ToString());
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body.Bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(body.MediaType);
            if (body.IfMatch is not null)
                request.Headers.TryAddWithoutValidation("If-Match", body.IfMatch);
            if (body.WantsAnswer)
                request.Headers.Add("Prefer", "return=representation");
            if (method == HttpMethod.Post)
                request.Headers.Add("Idempotency-Key", body.IdempotencyKey ?? Guid.NewGuid().ToString());
        }

        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        if (answer.IsSuccessStatusCode)
            return answer;
        using (answer)
            throw await ApiErrors.Read(answer, cancellation).ConfigureAwait(false);
    }
}

/// <summary>A body and the headers that go with it.</summary>
internal sealed record ApiBody(byte[] Bytes, string MediaType = ApiSender.Json)
{
    public string? IfMatch { get; init; }

    public string? IdempotencyKey { get; init; }

    public bool WantsAnswer { get; init; }

    public static ApiBody Of<T>(T value, JsonTypeInfo<T> type) => new(JsonSerializer.SerializeToUtf8Bytes(value, type));
}

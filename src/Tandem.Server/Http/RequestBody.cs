using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.Net.Http.Headers;

namespace Tandem.Server.Http;

/// <summary>A request's JSON, read whole and within the limits (R26, R107).</summary>
internal sealed class RequestBody : IDisposable
{
    /// <summary>Largest accepted body, 1 MiB.</summary>
    public const int Limit = 1024 * 1024;

    /// <summary>
    /// What is larger than this is cut off by the connection. Up to here it is read to its end and dropped: who still sends
    /// when the answer comes sees a broken connection, and not why.
    /// </summary>
    public const int ReadLimit = 8 * Limit;

    private static readonly JsonDocumentOptions Options = new() { AllowTrailingCommas = true, MaxDepth = 64 };
    private static readonly string[] JsonTypes = ["application/json"];
    private readonly byte[] _buffer;
    private readonly JsonDocument _document;

    private RequestBody(byte[] buffer, int length, JsonDocument document) =>
        (_buffer, Length, _document) = (buffer, length, document);

    public JsonElement Json => _document.RootElement;

    /// <summary>The bytes as they came, for the digest of an idempotency key.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

    private int Length { get; }

    public void Dispose()
    {
        _document.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    /// <param name="otherTypes">Media types accepted beside JSON; a missing or unreadable type means JSON.</param>
    public static async ValueTask<Outcome<RequestBody>> Read(HttpContext context, params string[] otherTypes)
    {
        if (CheckType(context.Request.ContentType, otherTypes) is { } wrongType)
            return wrongType;

        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                buffer.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }

            var read = await context.Request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted);
            if (read == 0)
                break;
            length += read;
            if (length > Limit)
            {
                while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted) > 0)
                    continue;
                ArrayPool<byte>.Shared.Return(buffer);
                return TooLarge;
            }
        }

        var parsed = Parse(buffer, length);
        if (!parsed.Succeeded(out _, out var refusal))
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return refusal;
        }

        return parsed;
    }

    public static Refusal TooLarge { get; } = new(StatusCodes.Status413PayloadTooLarge, null, "body",
        "The request body is larger than 1 MiB; send less, for example shorter notes.");

    public static Refusal NotAnObject { get; } = Refusal.Invalid("body", "invalidValue", "The request body must be a JSON object.");

    private static Outcome<RequestBody> Parse(byte[] buffer, int length)
    {
        var json = buffer.AsMemory(0, length);
        if (json.Span.StartsWith("\uFEFF"u8))
            json = json[3..];
        if (json.Span.Trim(" \t\r\n"u8).IsEmpty)
            return Refusal.Invalid("body", "missingProperty", "The request has no body; send the JSON object or array that the operation needs.");
        if (!Utf8.IsValid(json.Span))
            return Refusal.Invalid("body", "invalidValue", "The request body is not valid UTF-8.");
        try
        {
            var document = JsonDocument.Parse(json, Options);
            if (HasLoneSurrogate(json.Span))
            {
                document.Dispose();
                return Refusal.Invalid("body", "invalidValue", "The request body contains half of a surrogate pair (\\ud800 to \\udfff alone), which is no text.");
            }

            return new RequestBody(buffer, length, document);
        }
        catch (JsonException failure)
        {
            return Refusal.Invalid("body", "invalidValue",
                $"The request body is not valid JSON at line {failure.LineNumber + 1}, byte {failure.BytePositionInLine + 1}.");
        }
    }

    // An escape such as \ud800 parses as JSON but is no text; readers throw on it, so it is refused at the door.
    private static bool HasLoneSurrogate(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0)
            return false;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { AllowTrailingCommas = true, MaxDepth = 64 });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    reader.GetString();
            }

            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private static Refusal? CheckType(string? contentType, string[] otherTypes)
    {
        if (string.IsNullOrWhiteSpace(contentType) || !MediaTypeHeaderValue.TryParse(contentType, out var type))
            return null;
        var isKnown = JsonTypes.Concat(otherTypes).Any(t => type.MediaType.Equals(t, StringComparison.OrdinalIgnoreCase));
        var isUtf8 = !type.Charset.HasValue || type.Charset.Value.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase);
        return isKnown && isUtf8
            ? null
            : new Refusal(StatusCodes.Status415UnsupportedMediaType, null, "Content-Type",
                $"Send the body as {string.Join(" or ", JsonTypes.Concat(otherTypes))} in UTF-8.");
    }
}

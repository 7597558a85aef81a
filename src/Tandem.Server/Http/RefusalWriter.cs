using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tandem.Contracts.Referrals;
using Tandem.Server.Identity;

namespace Tandem.Server.Http;

/// <summary>
/// Puts refusals on the wire: the error object of the Referrals API (R102) under <c>/v1.0</c> and its aliases, that of the
/// Partner Center REST family (W30) under <c>/webhooks/v1</c>, problem details (RFC 9457) on Tandem's own endpoints.
/// </summary>
internal static class RefusalWriter
{
    private const int LongestMessage = 1024;

    public static async Task Write(this HttpContext context, Refusal refusal)
    {
        var response = context.Response;
        response.StatusCode = refusal.Status;
        if (refusal.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        if (refusal.ETag is not null)
            response.Headers.ETag = refusal.ETag;
        if (refusal.RetryAfter is not null)
            response.Headers.RetryAfter = Text(refusal.RetryAfter);

        if (IsOwnEndpoint(context.Request.Path))
        {
            await WriteProblem(context, refusal);
            return;
        }

        response.ContentType = "application/json; charset=utf-8";
        var bytes = context.Request.Path.StartsWithSegments("/webhooks/v1", StringComparison.OrdinalIgnoreCase)
            ? ToPartnerCenterError(refusal, context.Request.Path)
            : JsonSerializer.SerializeToUtf8Bytes(ToError(refusal), ReferralJson.Wire.ErrorResponse);
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    /// <summary>
    /// Writes a refusal that any endpoint may meet: on the issuer's in the shape of OAuth (RFC 6749), whose clients know no
    /// other.
    /// </summary>
    public static Task WriteUnavailable(this HttpContext context, Refusal refusal)
    {
        if (context.Features.Get<IssuerRequest>() is null)
            return context.Write(refusal);
        context.Response.StatusCode = refusal.Status;
        context.Response.Headers.RetryAfter = Text(refusal.RetryAfter);
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(
            new JsonObject { ["error"] = "temporarily_unavailable", ["error_description"] = refusal.Message }, context.RequestAborted);
    }

    public static ErrorResponse ToError(Refusal refusal)
    {
        InnerError? chain = null;
        foreach (var other in refusal.Others.Reverse())
            chain = new InnerError { Code = other.InnerCode ?? other.Code, Message = Cut(other.Message), Next = chain };
        if (refusal.InnerCode is not null || chain is not null)
            chain = new InnerError { Code = refusal.InnerCode ?? refusal.Code, Message = Cut(refusal.Message), Next = chain };
        return new ErrorResponse
        {
            Error = new ErrorBody
            {
                Code = refusal.Code,
                Message = Cut(refusal.Message),
                Target = refusal.Target,
                InnerError = chain,
            },
        };
    }

    private static byte[] ToPartnerCenterError(Refusal refusal, PathString path)
    {
        var isTest = path.Value!.Contains("/validationEvents", StringComparison.OrdinalIgnoreCase);
        using var buffer = new PooledBuffer(512);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("code", refusal.Status);
            json.WriteString("description", Cut(string.Join(' ', refusal.Others.Prepend(refusal).Select(f => f.Message).Distinct())));
            json.WriteStartArray("data");
            foreach (var target in refusal.Others.Prepend(refusal).Select(f => f.Target).OfType<string>().Distinct())
                json.WriteStringValue(target);
            json.WriteEndArray();
            json.WriteString("source", isTest ? "WebhookValidationEvents" : "WebhookRegistration");
            json.WriteEndObject();
        }

        return buffer.Written.ToArray();
    }

    private static async Task WriteProblem(HttpContext context, Refusal refusal)
    {
        context.Response.ContentType = "application/problem+json";
        using var buffer = new MemoryStream();
        await using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "about:blank");
            json.WriteString("title", Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(refusal.Status));
            json.WriteNumber("status", refusal.Status);
            json.WriteString("detail", Cut(refusal.Message));
            json.WriteString("code", refusal.InnerCode ?? refusal.Code);
            json.WriteStartArray("errors");
            foreach (var fault in refusal.Others.Prepend(refusal).Where(f => f.Target is not null))
            {
                json.WriteStartObject();
                json.WriteString("target", fault.Target);
                json.WriteString("code", fault.InnerCode ?? fault.Code);
                json.WriteString("message", Cut(fault.Message));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        context.Response.ContentLength = buffer.Length;
        buffer.Position = 0;
        if (!HttpMethods.IsHead(context.Request.Method))
            await buffer.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static bool IsOwnEndpoint(PathString path) =>
        path.StartsWithSegments("/admin", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/emulator", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/webhooks/v2", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/webhooks/certificates", StringComparison.OrdinalIgnoreCase);

    private static string? Text(int? seconds) => seconds?.ToString(CultureInfo.InvariantCulture);

    private static string Cut(string message) =>
        message.Length <= LongestMessage ? message : string.Concat(message.AsSpan(0, LongestMessage - 3), "...");
}

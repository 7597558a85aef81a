using System.Text.Json;
using Tandem.Contracts.Referrals;

namespace Tandem.Client;

/// <summary>Reads the two shapes of a refusal: the Referrals API's error object, and problem details (RFC 9457).</summary>
internal static class ApiErrors
{
    public static async Task<TandemException> Read(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var bytes = await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        var fallback = $"The server answered {(int)answer.StatusCode} {answer.ReasonPhrase}.";
        try
        {
            return answer.Content.Headers.ContentType?.MediaType switch
            {
                "application/problem+json" => OfProblem(answer, bytes, fallback),
                ApiSender.Json => OfError(answer, JsonSerializer.Deserialize(bytes, ReferralJson.Wire.ErrorResponse)?.Error, fallback),
                _ => Of(answer, fallback, "", null, null, []),
            };
        }
        catch (JsonException)
        {
            // A proxy in between may say anything.
            return Of(answer, fallback, "", null, null, []);
        }
    }

    private static TandemException OfError(HttpResponseMessage answer, ErrorBody? error, string fallback)
    {
        var faults = new List<TandemFault>();
        for (var inner = error?.InnerError; inner is not null; inner = inner.Next)
            faults.Add(new TandemFault(inner.Code, faults.Count == 0 ? error?.Target : null, inner.Message));
        return Of(answer, error?.Message is { Length: > 0 } message ? message : fallback, error?.Code ?? "",
            error?.InnerError?.Code, error?.Target, faults);
    }

    private static TandemException OfProblem(HttpResponseMessage answer, byte[] bytes, string fallback)
    {
        using var problem = JsonDocument.Parse(bytes);
        var root = problem.RootElement;
        var faults = root.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array
            ? errors.EnumerateArray().Select(e => new TandemFault(Text(e, "code") ?? "", Text(e, "target"), Text(e, "message") ?? "")).ToList()
            : [];
        return Of(answer, Text(root, "detail") ?? fallback, Text(root, "code") ?? "", Text(root, "code"), faults.FirstOrDefault()?.Target, faults);
    }

    private static TandemException Of(
        HttpResponseMessage answer, string message, string code, string? innerCode, string? target, IReadOnlyList<TandemFault> faults) =>
        new(answer.StatusCode, message)
        {
            Code = code,
            InnerCode = innerCode,
            Target = target,
            Faults = faults,
            RequestId = answer.Headers.TryGetValues("Request-ID", out var ids) ? ids.FirstOrDefault() : null,
            CurrentETag = answer.Headers.ETag?.ToString(),
            RetryAfter = answer.Headers.RetryAfter?.Delta,
        };

    private static string? Text(JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}

using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Net.Http.Headers;
using Tandem.Server.Storage;

namespace Tandem.Server.Http;

/// <summary>
/// What every answer has in common: tracing headers (R12), aliases of paths (R2–R4), and an error body on each 4xx and
/// 5xx (R102), also for unknown paths and wrong methods.
/// </summary>
internal static class ContractPipeline
{
    // A failover takes seconds; asking again sooner only fills the log of a proxy.
    private const int SecondsAway = 2;
    private const string Referrals = "/v1.0/engagements/referrals";

    private static readonly string[] ReferralAliases = ["/v1.0/engagments/referrals", "/engagements/v1/referrals", "/v1.0/referrals"];

    // Where a trailing slash means nothing; pages of others may care.
    private static readonly string[] Roots = ["/v1.0", "/engagements", "/admin", "/webhooks"];

    public static IApplicationBuilder UseContract(this IApplicationBuilder app) => app
        .Use(static (context, next) =>
        {
            WriteTracingHeaders(context);
            context.Request.Path = Canonical(context.Request.Path);
            return next(context);
        })
        .UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = WriteFailure,
            // NodeWatch logs once that the database is away; each request need not. What a client cuts off is no fault of ours.
            SuppressDiagnosticsCallback = static failure => failure.Exception is QueryTimeoutException or BadHttpRequestException
                || DatabaseAwayException.In(failure.Exception) is not null,
        })
        .Use(static async (context, next) =>
        {
            if (OptionWithNull(context.Request) is { } option)
            {
                await context.Write(Refusal.Invalid(option, "invalidValue",
                    $"{option} contains the character U+0000, which cannot stand in a text; leave %00 out."));
                return;
            }

            await next(context);
            await CompleteError(context);
        });

    /// <summary>Refuses callers who cannot read JSON.</summary>
    public static async ValueTask<object?> RequireJsonAccepted(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        if (Accepts(context.Request, "application", "json"))
            return await next(invocation);
        await context.Write(new Refusal(StatusCodes.Status406NotAcceptable, null, "Accept",
            "The answer is application/json; send Accept: application/json, or no Accept header."));
        return Results.Empty;
    }

    /// <summary>Whether the client can read a media type, as it says itself.</summary>
    public static bool Accepts(HttpRequest request, string type, string subType)
    {
        if (request.Headers.Accept.Count == 0 || !MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted))
            return true;
        return accepted.Count == 0 || accepted.Any(a => a.Quality is not 0
            && (a.MatchesAllTypes
                || (a.Type.Equals(type, StringComparison.OrdinalIgnoreCase)
                    && (a.MatchesAllSubTypes || a.SubType.Equals(subType, StringComparison.OrdinalIgnoreCase)))));
    }

    // Documents misspell the path and clients add slashes; one canonical path reaches the routes.
    private static PathString Canonical(PathString path)
    {
        var text = path.Value;
        if (string.IsNullOrEmpty(text) || text == "/")
            return path;
        var trimmed = text.TrimEnd('/');
        foreach (var alias in ReferralAliases)
        {
            if (trimmed.StartsWith(alias, StringComparison.OrdinalIgnoreCase)
                && (trimmed.Length == alias.Length || trimmed[alias.Length] == '/'))
                return new PathString(string.Concat(Referrals, trimmed.AsSpan(alias.Length)));
        }

        return trimmed.Length < text.Length && Roots.Any(root => path.StartsWithSegments(root, StringComparison.OrdinalIgnoreCase))
            ? new PathString(trimmed)
            : path;
    }

    // PostgreSQL keeps no such character and looks for none. What begins with a dollar sign says so itself, with its place.
    private static string? OptionWithNull(HttpRequest request) =>
        request.QueryString.Value?.Contains("%00", StringComparison.Ordinal) == true
        && Roots.Any(root => request.Path.StartsWithSegments(root, StringComparison.OrdinalIgnoreCase))
        && request.Query.FirstOrDefault(o => !o.Key.StartsWith('$') && (o.Key + o.Value).Contains('\0')).Key is { } name
            ? StrictJson.Printable(name)
            : null;

    private static void WriteTracingHeaders(HttpContext context)
    {
        var (sent, answer) = (context.Request.Headers, context.Response.Headers);
        var clock = context.RequestServices.GetRequiredService<TimeProvider>();
        answer["Request-ID"] = NewId();
        answer["client-request-id"] = SentGuid(sent["client-request-id"]) ?? NewId();
        if (SentGuid(sent["MS-CorrelationId"]) is { } correlation)
            answer["MS-CorrelationId"] = correlation;
        if (SentGuid(sent["MS-RequestId"]) is { } request)
            answer["MS-RequestId"] = request;
        if (context.Request.Path.StartsWithSegments("/webhooks/v1", StringComparison.OrdinalIgnoreCase))
        {
            // Always there (W5).
            answer.TryAdd("MS-CorrelationId", NewId());
            answer.TryAdd("MS-RequestId", NewId());
            answer["X-Locale"] = "en-US";
        }

        answer["timestamp"] = clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
    }

    // Unique, and not a secret: no call into the kernel for it.
    private static string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Random.Shared.NextBytes(bytes);
        bytes[7] = (byte)((bytes[7] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes).ToString();
    }

    /// <summary>A tracing header's value when it is a GUID; a malformed one is ignored (R12).</summary>
    public static string? SentGuid(string? value) => Guid.TryParse(value, out var id) ? id.ToString() : null;

    private static Task WriteFailure(HttpContext context)
    {
        var failure = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        var headers = context.Response.Headers;
        if (!headers.ContainsKey("Request-ID"))
            WriteTracingHeaders(context);
        if (DatabaseAwayException.In(failure) is { } away)
        {
            if (away.MayBeStored)
                LogUnknownOutcome(context, away);
            return context.WriteUnavailable(OfAbsence(away, context.Request.Method));
        }

        if (failure is QueryTimeoutException late)
        {
            // Without the query, which holds what people look for.
            Log(context).LogWarning("No answer to {Method} {Path} within {Limit}. Request-ID {RequestId}",
                context.Request.Method, context.Request.Path, late.Limit, headers["Request-ID"].ToString());
            return context.Write(OfTimeout(late));
        }

        return context.Write(failure is BadHttpRequestException bad ? OfBadRequest(bad) : new Refusal(
            StatusCodes.Status500InternalServerError, null, null,
            $"The server failed; nothing was stored. Its log has the details under {headers["Request-ID"]}."));
    }

    private static ILogger Log(HttpContext context) =>
        context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ContractPipeline));

    private static Refusal OfTimeout(QueryTimeoutException late) => new(
        StatusCodes.Status503ServiceUnavailable, "queryTimeout", "$filter",
        string.Create(CultureInfo.InvariantCulture, $"The answer was not found within {late.Limit.TotalSeconds:0.###} seconds. ")
        + "Narrow the $filter by a property that few referrals share, such as externalReferenceId, customerProfile/name or "
        + "updatedDateTime ge a date, leave out $orderby, or send $count=false; else try again when the server is less busy.")
    {
        RetryAfter = SecondsAway,
    };

    private static void LogUnknownOutcome(HttpContext context, DatabaseAwayException away) =>
        Log(context).LogWarning(
            "The database went away over {Method} {Path}, which may be stored or not: {Reason}. Request-ID {RequestId}",
            context.Request.Method, context.Request.Path, away.Message, context.Response.Headers["Request-ID"].ToString());

    private static Refusal OfAbsence(DatabaseAwayException away, string method)
    {
        const string Away = "The database does not answer at the moment";
        var changes = !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method);
        return new Refusal(StatusCodes.Status503ServiceUnavailable, changes && away.MayBeStored ? "outcomeUnknown" : null, null, changes switch
        {
            false => $"{Away}; try again in a few seconds.",
            true when !away.MayBeStored => $"{Away}, so nothing was stored; send the request again in a few seconds.",
            true => $"{Away}, and what you sent may be stored or not. Send it again as it was: a POST with the same "
                + "Idempotency-Key (or client-request-id, or MS-RequestId) is stored once; an update with the same If-Match "
                + "is stored once too, and a 412 tells to read what is there. A POST without any of them: look first.",
        })
        {
            RetryAfter = SecondsAway,
        };
    }

    private static Refusal OfBadRequest(BadHttpRequestException failure) => failure.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => RequestBody.TooLarge,
        var status => new Refusal(status, status == StatusCodes.Status400BadRequest ? "invalidValue" : null, "body",
            "The request could not be read; it is malformed or was cut short."),
    };

    // Routing answers unknown paths and wrong methods without a body.
    private static Task CompleteError(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.StatusCode < 400 || response.ContentLength is > 0 || response.ContentType is not null)
            return Task.CompletedTask;
        return context.Write(response.StatusCode switch
        {
            StatusCodes.Status404NotFound => Refusal.NotFound("path",
                $"There is nothing at this address; referrals are at {Referrals}."),
            StatusCodes.Status405MethodNotAllowed => new Refusal(response.StatusCode, null, "method",
                $"The method is not available here; use {response.Headers.Allow}."),
            var status => new Refusal(status, null, null, Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status) is { Length: > 0 } phrase
                ? $"{phrase}."
                : $"The request was answered with status {status}."),
        });
    }
}

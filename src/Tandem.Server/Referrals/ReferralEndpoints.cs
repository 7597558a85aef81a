using System.Text;
using System.Text.Json;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Feed;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Referrals.Reports;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals;

/// <summary>The five operations of the Referrals API (R1), and a referral's history.</summary>
internal static class ReferralEndpoints
{
    private const int LikelySize = 8 * 1024;

    public static IServiceCollection AddReferrals(this IServiceCollection services)
    {
        services.AddSingleton<ServerAddress>();
        services.AddSingleton<SkipTokens>();
        services.AddSingleton<DeltaTokens>();
        services.AddSingleton<ReferralFeed>();
        services.AddSingleton<ReportReader>();
        services.AddSingleton<ExpiryWorker>();
        services.AddSingleton<ReferralWriter>();
        services.AddHostedService(provider => provider.GetRequiredService<ExpiryWorker>());
        return services;
    }

    public static RouteGroupBuilder MapReferrals(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1.0/engagements/referrals").WithTags("Referrals").Admit(Admission.Referrals)
            .AddEndpointFilter(ContractPipeline.RequireJsonAccepted);
        group.MapPost("", Create).WithName("CreateReferral").WithSummary("Create a referral");
        group.MapGet("", ListEndpoint.List).WithName("ListReferrals").WithSummary("List referrals").Compress();
        group.MapGet("/{id}", Get).WithName("GetReferral").WithSummary("Get a referral");
        group.MapPut("/{id}", Put).WithName("PutReferral").WithSummary("Update a referral by merge");
        group.MapPatch("/{id}", Patch).WithName("PatchReferral").WithSummary("Update a referral by JSON Patch or merge patch");
        group.MapGet("/{id}/history", HistoryEndpoint.Get).WithName("GetReferralHistory").WithSummary("Read a referral's history, newest change first")
            .Compress();
        routes.MapGet(ChangeStream.Path, ChangeStream.Get).WithTags("Referrals").Admit(Admission.Referrals)
            .WithName("StreamChanges").WithSummary("Follow changes of referrals as server-sent events");
        routes.MapGet(TotalsEndpoint.Path, TotalsEndpoint.Get).WithTags("Referrals").Admit(Admission.Referrals)
            .AddEndpointFilter(ContractPipeline.RequireJsonAccepted)
            .WithName("TotalReferrals").WithSummary("Count referrals and add up their values by state and currency");
        return group;
    }

    private static async Task Create(
        HttpContext context, Caller caller, ReferralStore store, ReferralWriter writer, ServerAddress address,
        CancellationToken cancellation)
    {
        var read = await RequestBody.Read(context);
        if (!read.Succeeded(out var body, out var unreadable))
        {
            await context.Write(unreadable);
            return;
        }

        using (body)
        {
            if (body.Json.ValueKind != JsonValueKind.Object)
            {
                await context.Write(RequestBody.NotAnObject);
                return;
            }

            var repeat = RepeatKey.Of(context.Request, caller, body.Bytes);
            if (repeat is not null && await Repeat(context, repeat, store, cancellation))
                return;

            Outcome<Created>? outcome;
            do
            {
                outcome = await writer.Create(body.Json, caller, Via(context), change => repeat is null ? null : new FirstAnswer(
                    repeat.Key, repeat.Digest, StatusCodes.Status201Created, SelfLink(change), Encoding.UTF8.GetString(change.Document)),
                    null, cancellation);
                // Another request with the same key was faster; its answer may be too old to be given again.
                if (outcome is null && await Repeat(context, repeat!, store, cancellation))
                    return;
            }
            while (outcome is null);

            if (!outcome.Value.Succeeded(out var created, out var refusal))
            {
                await context.Write(refusal);
                return;
            }

            Diagnose(context, created.Unknown);
            context.Response.Headers.Location = SelfLink(created.Stored);
            await ReferralAnswers.WriteReferral(context, StatusCodes.Status201Created, created.Stored.Document,
                created.Stored.Change.After.ETag, address.Of(context.Request), withContext: false);
        }

        string SelfLink(PreparedChange change) => ReferralAnswers.SelfLink(change.Change.After.Id, address.Of(context.Request));
    }

    private static async Task Get(
        string id, HttpContext context, Caller caller, ReferralStore store, ServerAddress address, TimeProvider clock,
        CancellationToken cancellation)
    {
        using var stored = new PooledBuffer(LikelySize);
        var found = await FindVisible(id, caller, store, clock, cancellation, stored);
        if (!found.Succeeded(out var visible, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        var referral = visible.Referral;
        if (EntityTag.Matches(context.Request.Headers.IfNoneMatch, referral.ETag))
        {
            context.Response.Headers.ETag = referral.ETag;
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var document = visible.View == ReferralView.Restricted ? ReferralAnswers.Restricted(referral.Document.Span) : ReferralAnswers.Full(referral);
        await ReferralAnswers.WriteReferral(context, StatusCodes.Status200OK, document, referral.ETag,
            address.Of(context.Request), withContext: true);
    }

    private static async Task Put(
        string id, HttpContext context, Caller caller, ReferralWriter writer, ServerAddress address, CancellationToken cancellation)
    {
        var read = await RequestBody.Read(context);
        if (!read.Succeeded(out var body, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        using (body)
        {
            if (body.Json.ValueKind != JsonValueKind.Object)
            {
                await context.Write(RequestBody.NotAnObject);
                return;
            }

            // The body's tag stands in for a missing header (R70).
            var precondition = context.Request.Headers.IfMatch;
            if (precondition.Count == 0 && SentTag(body.Json) is { } tag)
                precondition = tag;
            var updated = precondition.Count == 0
                ? await RefuseWithoutPrecondition(id, caller, writer, cancellation)
                : await writer.Change(id, body.Json, precondition, caller, Via(context), null, cancellation);
            await Answer(context, updated, address.Of(context.Request), minimal: false);
        }
    }

    private static async Task Patch(
        string id, HttpContext context, Caller caller, ReferralWriter writer, ServerAddress address, CancellationToken cancellation)
    {
        var read = await RequestBody.Read(context, "application/json-patch+json", "application/merge-patch+json");
        if (!read.Succeeded(out var body, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        using (body)
        {
            if (body.Json.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
            {
                await context.Write(Refusal.Invalid("body", "invalidValue",
                    "The body of a PATCH must be a JSON Patch array or an object with the properties to change."));
                return;
            }

            var updated = await writer.Change(
                id, body.Json, context.Request.Headers.IfMatch, caller, Via(context), null, cancellation);
            // An array is answered without a body unless asked for, an object with one unless not wanted (R80).
            var isArray = body.Json.ValueKind == JsonValueKind.Array;
            var preference = Preferences.Find(context.Request, "return")?.ToLowerInvariant();
            if (preference is not ("representation" or "minimal"))
                preference = null;
            if (preference is not null)
                context.Response.Headers["Preference-Applied"] = $"return={preference}";
            await Answer(context, updated, address.Of(context.Request), minimal: preference is null ? isArray : preference == "minimal");
        }
    }

    private static async Task Answer(HttpContext context, Outcome<Update> updated, string address, bool minimal)
    {
        if (!updated.Succeeded(out var update, out var refusal))
        {
            context.Response.Headers.Remove("Preference-Applied");
            await context.Write(refusal);
            return;
        }

        Diagnose(context, update.Unknown);
        var change = update.Referral;
        if (minimal)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            context.Response.Headers.ETag = change.After.ETag;
            context.Response.ContentLength = 0;
            return;
        }

        await ReferralAnswers.WriteReferral(context, StatusCodes.Status200OK,
            JsonSerializer.SerializeToUtf8Bytes(change.After, ReferralJson.Wire.Referral), change.After.ETag, address,
            withContext: false);
    }

    /// <summary>A referral that the caller may see, in the view that he may have of it.</summary>
    internal static async ValueTask<Outcome<VisibleReferral>> FindVisible(
        string id, Caller caller, ReferralStore store, TimeProvider clock, CancellationToken cancellation,
        PooledBuffer? document = null)
    {
        if (!TryId(id, out var referralId) || await store.Find(referralId, cancellation, document) is not { } referral)
            return Visibility.Unknown;
        var engagement = referral.OrganizationId == caller.OrganizationId
            ? null
            : await store.FindEngagement(referral.EngagementId, cancellation);
        var view = Visibility.Of(caller, referral, engagement, clock.GetUtcNow());
        return Refuse(view) is { } refusal ? refusal : new VisibleReferral(referral, view);
    }

    /// <summary>What to answer who may not see a referral; null when he may.</summary>
    internal static Refusal? Refuse(ReferralView view) => view switch
    {
        ReferralView.Nothing => Visibility.Unknown,
        ReferralView.Forbidden => Visibility.NotInTeam,
        ReferralView.Archived => new Refusal(StatusCodes.Status410Gone, null, "referral",
            "The marketplace lead is older than six months and was archived."),
        ReferralView.Restricted or ReferralView.Full => null,
    };

    private static async ValueTask<Outcome<Update>> RefuseWithoutPrecondition(
        string id, Caller caller, ReferralWriter writer, CancellationToken cancellation)
    {
        // Who may not change the referral learns that first.
        var found = await writer.FindChangeable(id, caller, cancellation);
        return found.Succeeded(out _, out var refusal)
            ? Refusal.Invalid("If-Match", "ifMatchRequired",
                "PUT needs the entity tag that you read: send it as If-Match, or as eTag in the body; If-Match: * overwrites whatever is there.")
            : refusal;
    }

    private static async ValueTask<bool> Repeat(
        HttpContext context, RepeatKey key, ReferralStore store, CancellationToken cancellation)
    {
        if (await store.FindFirstAnswer(key.Key, cancellation) is not { } first)
            return false;
        if (first.RequestDigest != key.Digest)
        {
            await context.Write(new Refusal(StatusCodes.Status409Conflict, "resourceModified", key.Header,
                $"The {key.Header} of this request was used for another body within the last 24 hours; send a new one for a new request."));
            return true;
        }

        var referral = JsonSerializer.Deserialize(first.Body, ReferralJson.Wire.Referral)!;
        var address = context.RequestServices.GetRequiredService<ServerAddress>().Of(context.Request);
        context.Response.Headers.Location = first.Location;
        context.Response.Headers["Idempotency-Replayed"] = "true";
        await ReferralAnswers.WriteReferral(
            context, first.Status, Encoding.UTF8.GetBytes(first.Body), referral.ETag, address, withContext: false);
        return true;
    }

    private static string? Via(HttpContext context) => ContractPipeline.SentGuid(context.Request.Headers["X-Caller-Id"]);

    // Ignored, but never silently (R16): named with the nearest known name.
    private static void Diagnose(HttpContext context, IReadOnlyList<(string Path, string? Nearest)> unknown)
    {
        const int Most = 20;
        if (unknown.Count == 0)
            return;
        var notes = unknown.Take(Most).Select(u => u.Nearest is null ? u.Path : $"{u.Path} (did you mean {u.Nearest}?)");
        var text = $"ignored unknown properties: {string.Join(", ", notes)}";
        context.Response.Headers["x-ms-ags-diagnostic"] =
            new string([.. text.Take(1024).Select(c => c is >= ' ' and <= '~' ? c : '?')]);
    }

    private static string? SentTag(JsonElement body)
    {
        string? found = null;
        foreach (var member in body.EnumerateObject())
        {
            if (string.Equals(member.Name, "eTag", StringComparison.OrdinalIgnoreCase) && member.Value.ValueKind == JsonValueKind.String)
                found = member.Value.GetString();
        }

        return string.IsNullOrWhiteSpace(found) ? null : found;
    }

    // A GUID with or without braces, in any case; anything else names nothing (R5).
    internal static bool TryId(string text, out Guid id) =>
        Guid.TryParseExact(text, "D", out id) || Guid.TryParseExact(text, "B", out id);

    internal sealed record VisibleReferral(StoredReferral Referral, ReferralView View);
}

using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Primitives;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Referrals.Feed;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Referrals.Reports;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals;

/// <summary>The five operations of the Referrals API (R1), and a referral's history.</summary>
internal static class ReferralEndpoints
{
    // A decision that is overtaken is made again; an If-Match that names a tag is not (R82, R86).
    private const int MostAttempts = 50;

    private const int LikelySize = 8 * 1024;

    // Who was overtaken stands in line for his referral, so that not all try again at once.
    private static readonly SemaphoreSlim[] Lines = [.. Enumerable.Range(0, 256).Select(_ => new SemaphoreSlim(1, 1))];

    public static IServiceCollection AddReferrals(this IServiceCollection services)
    {
        services.AddSingleton<ServerAddress>();
        services.AddSingleton<SkipTokens>();
        services.AddSingleton<DeltaTokens>();
        services.AddSingleton<ReferralFeed>();
        services.AddSingleton<ReportReader>();
        services.AddSingleton<ExpiryWorker>();
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
        HttpContext context, Caller caller, ReferralStore store, OrganizationDirectory directory, ServerAddress address,
        TimeProvider clock, CancellationToken cancellation)
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

            for (var attempt = 1; ; attempt++)
            {
                var engagement = CreateReferral.EngagementToJoin(body.Json) is { } id
                    ? await store.FindEngagement(id, cancellation)
                    : null;
                var decided = CreateReferral.Decide(body.Json, engagement, Situation(context, caller, directory, clock));
                if (!decided.Succeeded(out var creation, out var refusal))
                {
                    await context.Write(refusal);
                    return;
                }

                var now = creation.Referral.After.CreatedDateTime;
                List<PreparedChange> prepared = [PreparedChange.Of(creation.Referral, now)];
                prepared.AddRange(creation.Upgrades.Select(u => PreparedChange.Of(u, now)));
                var self = ReferralAnswers.SelfLink(creation.Referral.After.Id, address.Of(context.Request));
                var answer = repeat is null
                    ? null
                    : new FirstAnswer(repeat.Key, repeat.Digest, StatusCodes.Status201Created, self,
                        Encoding.UTF8.GetString(prepared[0].Document));

                switch (await store.Write(prepared, answer, cancellation))
                {
                    case WriteResult.Stored:
                        Diagnose(context, creation.Unknown);
                        context.Response.Headers.Location = self;
                        await ReferralAnswers.WriteReferral(context, StatusCodes.Status201Created,
                            prepared[0].Document, creation.Referral.After.ETag,
                            address.Of(context.Request), withContext: false);
                        return;
                    case WriteResult.Repeated when await Repeat(context, repeat!, store, cancellation):
                        return;
                    case WriteResult.AlreadyExists or WriteResult.Overtaken or WriteResult.Repeated when attempt >= MostAttempts:
                        await context.Write(Busy);
                        return;
                }
            }
        }
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
        string id, HttpContext context, Caller caller, ReferralStore store, OrganizationDirectory directory,
        ServerAddress address, TimeProvider clock, ExpiryWorker expiry, CancellationToken cancellation)
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
                ? await RefuseWithoutPrecondition(id, caller, store, clock, cancellation)
                : await Change(id, body.Json, precondition, context, caller, store, directory, clock, expiry, cancellation);
            await Answer(context, updated, address.Of(context.Request), minimal: false);
        }
    }

    private static async Task Patch(
        string id, HttpContext context, Caller caller, ReferralStore store, OrganizationDirectory directory,
        ServerAddress address, TimeProvider clock, ExpiryWorker expiry, CancellationToken cancellation)
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

            var updated = await Change(
                id, body.Json, context.Request.Headers.IfMatch, context, caller, store, directory, clock, expiry, cancellation);
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

    private static async ValueTask<Outcome<ReferralChange>> Change(
        string id, JsonElement body, StringValues precondition, HttpContext context, Caller caller,
        ReferralStore store, OrganizationDirectory directory, TimeProvider clock, ExpiryWorker expiry, CancellationToken cancellation)
    {
        var first = await TryChange(id, body, precondition, context, caller, store, directory, clock, expiry, cancellation);
        if (first is { } done)
            return done;

        var line = Lines[(uint)StringComparer.OrdinalIgnoreCase.GetHashCode(id) % Lines.Length];
        await line.WaitAsync(cancellation);
        try
        {
            // Other nodes do not stand in this line.
            for (var attempt = 1; attempt < MostAttempts; attempt++)
            {
                if (await TryChange(id, body, precondition, context, caller, store, directory, clock, expiry, cancellation) is { } later)
                    return later;
            }
        }
        finally
        {
            line.Release();
        }

        return Busy;
    }

    /// <summary>One attempt; null when another request was faster and the decision is to be made again.</summary>
    private static async ValueTask<Outcome<ReferralChange>?> TryChange(
        string id, JsonElement body, StringValues precondition, HttpContext context, Caller caller,
        ReferralStore store, OrganizationDirectory directory, TimeProvider clock, ExpiryWorker expiry, CancellationToken cancellation)
    {
        var found = await FindChangeable(id, caller, store, clock, cancellation);
        if (!found.Succeeded(out var own, out var refusal))
            return refusal;
        var (stored, engagement) = (own.Referral, own.Engagement);
        if (precondition.Count > 0 && !EntityTag.Matches(precondition, stored.ETag))
            return Modified with { ETag = stored.ETag };

        var namesTag = precondition.Count > 0 && !EntityTag.IsAny(precondition);
        var situation = Situation(context, caller, directory, clock);
        if (stored.IsOverdue(situation.Now))
        {
            // Decided as what it is since its time ran out, even when the worker has not come by (B26).
            await expiry.Expire(stored, cancellation);
            if (!namesTag)
                return null;
            return DecideOverdue(stored, engagement, body, situation);
        }

        var decided = UpdateReferral.Decide(stored, engagement, body, situation);
        if (!decided.Succeeded(out var update, out var refused))
            return refused;
        Diagnose(context, update.Unknown);
        if (update.Referral.IsNothing)
            return update.Referral;

        List<PreparedChange> prepared = [PreparedChange.Of(update.Referral, situation.Now)];
        if (MicrosoftOpportunity.Follow(update.Referral, engagement) is { } follower)
            prepared.Add(PreparedChange.Of(follower, situation.Now));
        if (await store.Write(prepared, null, cancellation) == WriteResult.Stored)
            return update.Referral;
        // With two referrals the tag may still be right: look again.
        if (namesTag && prepared.Count == 1)
            return Modified;
        return null;
    }

    // The sender's tag was right until the time ran out: what he asked for is refused by what the referral has become,
    // and only if that would allow it by the tag.
    private static Outcome<ReferralChange> DecideOverdue(
        StoredReferral stored, Engagement engagement, JsonElement body, DecisionContext situation)
    {
        var expired = UpdateReferral.Expire(stored, situation.Now).After;
        var decided = UpdateReferral.Decide(
            stored with
            {
                Status = expired.Status,
                Substatus = expired.Substatus,
                ExpiresAt = null,
                Document = JsonSerializer.SerializeToUtf8Bytes(expired, ReferralJson.Wire.Referral),
            },
            engagement, body, situation);
        return decided.Succeeded(out _, out var refusal) ? Modified : refusal;
    }

    private static async Task Answer(HttpContext context, Outcome<ReferralChange> updated, string address, bool minimal)
    {
        if (!updated.Succeeded(out var change, out var refusal))
        {
            context.Response.Headers.Remove("Preference-Applied");
            await context.Write(refusal);
            return;
        }

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

    private static async ValueTask<Outcome<ChangeableReferral>> FindChangeable(
        string id, Caller caller, ReferralStore store, TimeProvider clock, CancellationToken cancellation)
    {
        if (!TryId(id, out var referralId)
            || await store.FindEngagementOf(referralId, cancellation) is not { } engagement
            || engagement.Referrals.FirstOrDefault(r => r.Id == referralId) is not { } referral)
            return Visibility.Unknown;
        var view = Visibility.Of(caller, referral, engagement, clock.GetUtcNow());
        if (Refuse(view) is { } refusal)
            return refusal;
        return view == ReferralView.Restricted
            ? Refusal.Forbidden("referral", null,
                "The referral belongs to another organization, which alone may change it; change your own referral of the engagement.")
            : new ChangeableReferral(referral, engagement);
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

    private static async ValueTask<Outcome<ReferralChange>> RefuseWithoutPrecondition(
        string id, Caller caller, ReferralStore store, TimeProvider clock, CancellationToken cancellation)
    {
        // Who may not change the referral learns that first.
        var found = await FindChangeable(id, caller, store, clock, cancellation);
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

    private static DecisionContext Situation(
        HttpContext context, Caller caller, OrganizationDirectory directory, TimeProvider clock) =>
        new(caller, directory.Current, WireTime.ToMicroseconds(clock.GetUtcNow()),
            ContractPipeline.SentGuid(context.Request.Headers["X-Caller-Id"]));

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

    private static Refusal Modified { get; } = new(StatusCodes.Status412PreconditionFailed, "resourceModified", "If-Match",
        "The referral was changed by another request since you read it, so nothing was stored. Read it again, apply your change to what is there now, and send the new entity tag as If-Match.");

    private static Refusal Busy { get; } = new(StatusCodes.Status503ServiceUnavailable, null, "referral",
        "Too many requests change the referral at the same time; try again shortly.")
    {
        RetryAfter = 1,
    };

    internal sealed record VisibleReferral(StoredReferral Referral, ReferralView View);

    private sealed record ChangeableReferral(StoredReferral Referral, Engagement Engagement);
}

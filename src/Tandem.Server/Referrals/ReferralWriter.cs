using System.Text.Json;
using Microsoft.Extensions.Primitives;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals;

/// <summary>A referral that was created, and what of the body was ignored.</summary>
internal sealed record Created(PreparedChange Stored, IReadOnlyList<(string Path, string? Nearest)> Unknown);

/// <summary>A referral that the caller may change, with its engagement.</summary>
internal sealed record ChangeableReferral(StoredReferral Referral, Engagement Engagement);

/// <summary>
/// The one way in which a referral comes about or changes at somebody's wish, be it a request or a row of an import:
/// decides by the rules, stores, and decides again when another was faster.
/// </summary>
internal sealed class ReferralWriter(ReferralStore store, OrganizationDirectory directory, ExpiryWorker expiry, TimeProvider clock)
{
    // A decision that is overtaken is made again; an If-Match that names a tag is not (R82, R86).
    private const int MostAttempts = 50;

    // Who was overtaken stands in line for his referral, so that not all try again at once.
    private readonly SemaphoreSlim[] _lines = [.. Enumerable.Range(0, 256).Select(_ => new SemaphoreSlim(1, 1))];

    public static Refusal Modified { get; } = new(StatusCodes.Status412PreconditionFailed, "resourceModified", "If-Match",
        "The referral was changed by another request since you read it, so nothing was stored. Read it again, apply your change to what is there now, and send the new entity tag as If-Match.");

    private static Refusal Busy { get; } = new(StatusCodes.Status503ServiceUnavailable, null, "referral",
        "Too many requests change the referral at the same time; try again shortly.")
    {
        RetryAfter = 1,
    };

    /// <summary>What a decision knows beside the body, now.</summary>
    public DecisionContext Situation(Caller caller, string? via) =>
        new(caller, directory.Current, WireTime.ToMicroseconds(clock.GetUtcNow()), via);

    /// <summary>What would become of a creation; stores nothing.</summary>
    public Outcome<Creation> Try(JsonElement body, Caller caller) => CreateReferral.Decide(body, null, Situation(caller, null));

    /// <param name="body">A JSON object.</param>
    /// <param name="answer">What to answer when the same request comes again, if that is to be known.</param>
    /// <param name="beside">What is stored in the same transaction, or nothing of both.</param>
    /// <returns>Null when a request with the same idempotency key was faster.</returns>
    public async ValueTask<Outcome<Created>?> Create(
        JsonElement body, Caller caller, string? via, Func<PreparedChange, FirstAnswer?> answer,
        Func<PreparedChange, HotStatement>? beside, CancellationToken cancellation)
    {
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            var engagement = CreateReferral.EngagementToJoin(body) is { } id ? await store.FindEngagement(id, cancellation) : null;
            var decided = CreateReferral.Decide(body, engagement, Situation(caller, via));
            if (!decided.Succeeded(out var creation, out var refusal))
                return refusal;

            var now = creation.Referral.After.CreatedDateTime;
            List<PreparedChange> prepared = [PreparedChange.Of(creation.Referral, now)];
            prepared.AddRange(creation.Upgrades.Select(u => PreparedChange.Of(u, now)));
            switch (await store.Write(prepared, answer(prepared[0]), beside?.Invoke(prepared[0]), cancellation))
            {
                case WriteResult.Stored:
                    return new Created(prepared[0], creation.Unknown);
                case WriteResult.Repeated:
                    return null;
            }
        }

        return Busy;
    }

    /// <param name="body">A JSON Patch, or an object to merge.</param>
    /// <param name="precondition">As <c>If-Match</c>; empty for whatever is there.</param>
    /// <param name="beside">What is stored in the same transaction, or nothing of both; not asked for when nothing changes.</param>
    public async ValueTask<Outcome<Update>> Change(
        string id, JsonElement body, StringValues precondition, Caller caller, string? via,
        Func<PreparedChange, HotStatement>? beside, CancellationToken cancellation)
    {
        var first = await TryChange(id, body, precondition, caller, via, beside, cancellation);
        if (first is { } done)
            return done;

        var line = _lines[(uint)StringComparer.OrdinalIgnoreCase.GetHashCode(id) % _lines.Length];
        await line.WaitAsync(cancellation);
        try
        {
            // Other nodes do not stand in this line.
            for (var attempt = 1; attempt < MostAttempts; attempt++)
            {
                if (await TryChange(id, body, precondition, caller, via, beside, cancellation) is { } later)
                    return later;
            }
        }
        finally
        {
            line.Release();
        }

        return Busy;
    }

    public async ValueTask<Outcome<ChangeableReferral>> FindChangeable(string id, Caller caller, CancellationToken cancellation)
    {
        if (!ReferralEndpoints.TryId(id, out var referralId)
            || await store.FindEngagementOf(referralId, cancellation) is not { } engagement
            || engagement.Referrals.FirstOrDefault(r => r.Id == referralId) is not { } referral)
            return Visibility.Unknown;
        var view = Visibility.Of(caller, referral, engagement, clock.GetUtcNow());
        if (ReferralEndpoints.Refuse(view) is { } refusal)
            return refusal;
        return view == ReferralView.Restricted
            ? Refusal.Forbidden("referral", null,
                "The referral belongs to another organization, which alone may change it; change your own referral of the engagement.")
            : new ChangeableReferral(referral, engagement);
    }

    /// <summary>One attempt; null when another request was faster and the decision is to be made again.</summary>
    private async ValueTask<Outcome<Update>?> TryChange(
        string id, JsonElement body, StringValues precondition, Caller caller, string? via,
        Func<PreparedChange, HotStatement>? beside, CancellationToken cancellation)
    {
        var found = await FindChangeable(id, caller, cancellation);
        if (!found.Succeeded(out var own, out var refusal))
            return refusal;
        var (stored, engagement) = (own.Referral, own.Engagement);
        if (precondition.Count > 0 && !EntityTag.Matches(precondition, stored.ETag))
            return Modified with { ETag = stored.ETag };

        var namesTag = precondition.Count > 0 && !EntityTag.IsAny(precondition);
        var situation = Situation(caller, via);
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
        if (update.Referral.IsNothing)
            return update;

        List<PreparedChange> prepared = [PreparedChange.Of(update.Referral, situation.Now)];
        if (MicrosoftOpportunity.Follow(update.Referral, engagement) is { } follower)
            prepared.Add(PreparedChange.Of(follower, situation.Now));
        if (await store.Write(prepared, null, beside?.Invoke(prepared[0]), cancellation) == WriteResult.Stored)
            return update;
        // With two referrals the tag may still be right: look again.
        if (namesTag && prepared.Count == 1)
            return Modified;
        return null;
    }

    // The sender's tag was right until the time ran out: what he asked for is refused by what the referral has become,
    // and only if that would allow it by the tag.
    private static Outcome<Update> DecideOverdue(
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
}

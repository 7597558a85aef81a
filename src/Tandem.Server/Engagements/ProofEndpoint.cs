using System.Text.Json;
using Microsoft.Extensions.Options;
using Tandem.Contracts.Engagements;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Referrals;
using Tandem.Server.Storage;

namespace Tandem.Server.Engagements;

/// <summary>
/// <c>GET /v1.0/engagements/{engagementId}/proof</c>: the engagement's history as a chain of hashes, for whoever sees one
/// of its referrals. Of each change he gets what he may see of its referral; of the rest, the digests.
/// </summary>
internal static class ProofEndpoint
{
    private const int Batch = 200;
    private const string SignatureType = "tandem-proof+jwt";

    // A long transaction of another program keeps what was committed after it from being read in order.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    public static IServiceCollection AddEngagements(this IServiceCollection services) => services.AddHostedService<HistorySealer>();

    public static void MapEngagements(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1.0/engagements/{engagementId}/proof", Get).WithName("GetEngagementProof").WithTags("Engagements")
            .WithSummary("Export an engagement's history as a chain of hashes").Admit(Admission.Referrals)
            .AddEndpointFilter(ContractPipeline.RequireJsonAccepted).Compress();

    private static async Task Get(
        string engagementId, HttpContext context, Caller caller, ReferralStore store, HistorySeals seals, SigningKeys keys,
        ServerAddress address, TimeProvider clock, IOptions<IdentityOptions> identity, CancellationToken cancellation)
    {
        var found = await FindVisible(engagementId, caller, store, clock, cancellation);
        if (!found.Succeeded(out var visible, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        var (id, views) = visible;
        var history = await seals.CatchUp(id, LongestWait, cancellation);
        var audit = new ProofAudit(id, history);
        var head = Convert.ToHexStringLower(EngagementProof.Beginning);
        var count = 0;

        context.Response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter, new() { Encoder = ReferralJson.Wire.Options.Encoder });
        json.WriteStartObject();
        json.WriteString("engagementId", id);
        json.WriteStartArray("links");
        // In batches, each read for itself: a long history fills no memory, and a slow reader holds no connection.
        for (var after = 0; after < history.Count;)
        {
            var links = await seals.Read(id, after, Math.Min(Batch, history.Count - after), cancellation);
            if (links.Count == 0)
                break;
            foreach (var next in links)
            {
                audit.Add(next);
                JsonSerializer.Serialize(json, Show(next, views), ReferralJson.Wire.ProofLink);
            }

            after = links[^1].Link.Number;
            count += links.Count;
            head = Convert.ToHexStringLower(links[^1].Link.Hash);
            await json.FlushAsync(cancellation);
        }

        json.WriteEndArray();
        var engagement = await store.FindEngagement(id, cancellation);
        audit.End(engagement?.Referrals ?? [], await seals.Of(id, cancellation));
        var now = WireTime.ToMicroseconds(clock.GetUtcNow());
        json.WriteNumber("count", count);
        json.WriteString("head", head);
        json.WriteString("exportedDateTime", now.UtcDateTime);
        json.WriteNumber("pending", history.Rows.Count - history.Sealed);
        json.WriteBoolean("intact", audit.FirstBroken is null);
        if (audit.FirstBroken is { } broken)
            json.WriteNumber("firstBroken", broken);
        else
            json.WriteNull("firstBroken");
        json.WriteString("signature", audit.FirstBroken is null && identity.Value.EmbeddedIssuer
            ? await keys.Sign(SignatureType, Statement(id, count, head, now, address.Of(context.Request)), cancellation)
            : null);
        json.WriteEndObject();
        await json.FlushAsync(cancellation);
    }

    private static async ValueTask<Outcome<VisibleEngagement>> FindVisible(
        string text, Caller caller, ReferralStore store, TimeProvider clock, CancellationToken cancellation)
    {
        if (!ReferralEndpoints.TryId(text, out var id) || await store.FindEngagement(id, cancellation) is not { } engagement)
            return Unknown;
        var now = clock.GetUtcNow();
        var views = engagement.Referrals.ToDictionary(r => r.Id, r => Visibility.Of(caller, r, engagement, now));
        if (views.Values.Any(view => view is ReferralView.Full or ReferralView.Restricted))
            return new VisibleEngagement(id, views);
        // Nothing to see: why, if it is his organization's own (B12, B29).
        var why = views.Values.Where(view => view != ReferralView.Nothing).Select(ReferralEndpoints.Refuse).FirstOrDefault();
        return why ?? Unknown;
    }

    private static ProofLink Show(SealedChange next, IReadOnlyDictionary<Guid, ReferralView> views)
    {
        var (link, change) = next;
        // A referral that was created after the views were decided is not shown yet.
        var view = change is null ? ReferralView.Nothing : views.GetValueOrDefault(change.ReferralId);
        return new ProofLink
        {
            Number = link.Number,
            Hash = Convert.ToHexStringLower(link.Hash),
            PublicDigest = Convert.ToHexStringLower(HistoryLink.Digest(link.PublicPart)),
            PrivateDigest = Convert.ToHexStringLower(link.PrivateDigest),
            Public = view is ReferralView.Full or ReferralView.Restricted ? link.PublicPart : null,
            // From the log: if that was altered, the text does not fit its digest.
            Private = view == ReferralView.Full ? HistoryLink.PrivatePartOf(change!, link.Number, link.Nonce) : null,
        };
    }

    private static string Statement(Guid id, int count, string head, DateTimeOffset now, string address)
    {
        var statement = CanonicalJson.Object();
        statement["count"] = count;
        statement["engagementId"] = id.ToString();
        statement["head"] = head;
        statement["iss"] = address;
        statement["time"] = now.UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        return CanonicalJson.Write(statement);
    }

    private static Refusal Unknown { get; } = Refusal.NotFound("engagement",
        "There is no such engagement, or your organization is not part of it.");

    private sealed record VisibleEngagement(Guid Id, IReadOnlyDictionary<Guid, ReferralView> Views);
}

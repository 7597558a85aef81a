using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tandem.Contracts.Referrals;

namespace Tandem.Client;

/// <summary>The Referrals API. Every method throws <see cref="TandemException"/> when the server says no.</summary>
public sealed class ReferralsClient
{
    private const string Root = "v1.0/engagements/referrals";
    private readonly ApiSender _api;

    internal ReferralsClient(ApiSender api) => _api = api;

    /// <summary>Creates a referral, or joins an engagement when <see cref="Referral.EngagementId"/> is set.</summary>
    /// <param name="referral">What is set of it is sent.</param>
    /// <param name="idempotencyKey">
    /// A repetition with the same key within 24 hours creates nothing new and gets the first answer. A new one when null.
    /// </param>
    public Task<Referral> CreateAsync(Referral referral, string? idempotencyKey = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, Root, ReferralJson.Wire.Referral,
            new ApiBody(ReferralBody.OfNew(referral)) { IdempotencyKey = idempotencyKey }, cancellation);

    /// <summary>Reads one referral, whole or in the view that the caller may have of it.</summary>
    public Task<Referral> GetAsync(Guid id, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, $"{Root}/{id}", ReferralJson.Wire.Referral, null, cancellation);

    /// <summary>Reads the first page of a list.</summary>
    public Task<ReferralPage> ListPageAsync(ReferralQuery? query = null, CancellationToken cancellation = default) =>
        ReadPage(Root + query?.ToQueryString(), cancellation);

    /// <summary>Reads the page after <paramref name="page"/>; null when that was the last one.</summary>
    public async Task<ReferralPage?> NextPageAsync(ReferralPage page, CancellationToken cancellation = default) =>
        QueryOf(page.ODataNextLink) is { } query ? await ReadPage(Root + query, cancellation).ConfigureAwait(false) : null;

    /// <summary>Reads a list page by page, as far as the caller goes.</summary>
    public async IAsyncEnumerable<ReferralPage> ListPagesAsync(
        ReferralQuery? query = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ReferralPage? page = await ListPageAsync(query, cancellation).ConfigureAwait(false);
        while (page is not null)
        {
            yield return page;
            page = await NextPageAsync(page, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Reads a list to its end, page by page behind the scenes.</summary>
    public async IAsyncEnumerable<Referral> ListAsync(
        ReferralQuery? query = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach (var page in ListPagesAsync(query, cancellation).ConfigureAwait(false))
        {
            foreach (var referral in page.Value)
                yield return referral;
        }
    }

    /// <summary>
    /// Stores a referral that was read and changed. <see cref="Referral.ETag"/> says what was read: if it is no longer there,
    /// nothing is stored and the exception has status 412 and the current tag.
    /// </summary>
    /// <param name="ifMatch">Another tag than the referral's own, or <c>*</c> to overwrite whatever is there.</param>
    public Task<Referral> PutAsync(Referral referral, string? ifMatch = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Put, $"{Root}/{referral.Id}", ReferralJson.Wire.Referral,
            ApiBody.Of(referral, ReferralJson.Wire.Referral) with { IfMatch = ifMatch ?? referral.ETag }, cancellation);

    /// <summary>Changes what the patch names, and answers the referral as it then is.</summary>
    /// <param name="ifMatch">The tag that was read; without one the patch applies to whatever is there.</param>
    public Task<Referral> PatchAsync(
        Guid id, ReferralPatch patch, string? ifMatch = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Patch, $"{Root}/{id}", ReferralJson.Wire.Referral,
            new ApiBody(patch.ToBytes(), "application/json-patch+json") { IfMatch = ifMatch, WantsAnswer = true }, cancellation);

    /// <summary>Changes what the object names (RFC 7396), and answers the referral as it then is.</summary>
    /// <param name="ifMatch">The tag that was read; without one the change applies to whatever is there.</param>
    public Task<Referral> MergeAsync(
        Guid id, JsonObject changes, string? ifMatch = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Patch, $"{Root}/{id}", ReferralJson.Wire.Referral,
            new ApiBody(JsonSerializer.SerializeToUtf8Bytes(changes, ClientJson.Default.JsonObject), "application/merge-patch+json")
            {
                IfMatch = ifMatch,
                WantsAnswer = true,
            }, cancellation);

    /// <summary>Counts the own organization's referrals and adds up their values, by state and currency.</summary>
    /// <param name="filter">The same condition that a list takes; everything when null.</param>
    /// <param name="partner">See <see cref="ReferralQuery.Partner"/>.</param>
    public async Task<IReadOnlyList<ReferralTotal>> TotalsAsync(
        string? filter = null, string? partner = null, CancellationToken cancellation = default) =>
        (await _api.Read(HttpMethod.Get, $"v1.0/engagements/totals{new ReferralQuery { Filter = filter, Partner = partner }.ToQueryString()}",
            ReferralJson.Wire.ReferralTotals, null, cancellation).ConfigureAwait(false)).Value;

    /// <summary>Reads who changed what and when, newest first.</summary>
    public async IAsyncEnumerable<ReferralHistoryEntry> HistoryAsync(
        Guid id, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        string? query = "";
        while (query is not null)
        {
            var page = await _api.Read(HttpMethod.Get, $"{Root}/{id}/history{query}", ReferralJson.Wire.ReferralHistoryPage, null, cancellation)
                .ConfigureAwait(false);
            foreach (var entry in page.Value)
                yield return entry;
            query = QueryOf(page.ODataNextLink);
        }
    }

    /// <summary>Organizations that can be invited into an engagement, with their locations and solutions; at most 100.</summary>
    /// <param name="search">Part of a name, or the id of an organization or a location; null for the first ones.</param>
    public Task<PartnerPage> FindPartnersAsync(string? search = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get,
            "v1.0/engagements/partners" + (string.IsNullOrWhiteSpace(search) ? "" : $"?search={Uri.EscapeDataString(search.Trim())}"),
            ReferralJson.Wire.PartnerPage, null, cancellation);

    private Task<ReferralPage> ReadPage(string path, CancellationToken cancellation) =>
        _api.Read(HttpMethod.Get, path, ReferralJson.Wire.ReferralPage, null, cancellation);

    // The server writes links with its public address, which need not be the one that this client reaches it by; and a
    // token goes nowhere but there.
    private static string? QueryOf(string? nextLink) =>
        nextLink?.IndexOf('?', StringComparison.Ordinal) is { } start and >= 0 ? nextLink[start..] : null;
}

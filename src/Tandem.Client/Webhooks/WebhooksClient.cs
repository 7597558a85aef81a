using System.Runtime.CompilerServices;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.Webhooks;

namespace Tandem.Client;

/// <summary>
/// Webhook subscriptions of the caller's organization and their delivery logs, for Referrals admins of the entire company.
/// Every method throws <see cref="TandemException"/> when the server says no.
/// </summary>
public sealed class WebhooksClient
{
    private const string Root = "webhooks/v2/subscriptions";
    private readonly ApiSender _api;

    internal WebhooksClient(ApiSender api) => _api = api;

    private static WebhookJson Json => ClientJson.Webhooks;

    /// <summary>All subscriptions, the Partner Center registration among them.</summary>
    public async Task<IReadOnlyList<SubscriptionView>> ListAsync(CancellationToken cancellation = default) =>
        (await _api.Read(HttpMethod.Get, Root, Json.AdminPageSubscriptionView, null, cancellation).ConfigureAwait(false)).Value;

    /// <summary>Reads a subscription.</summary>
    public Task<SubscriptionView> GetAsync(Guid id, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, Of(id), Json.SubscriptionView, null, cancellation);

    /// <summary>Subscribes; the answer alone says the secret of the signatures.</summary>
    /// <param name="draft">Only its <see cref="SubscriptionDraft.Url"/> is required.</param>
    /// <param name="idempotencyKey">
    /// A repetition with the same key within 24 hours is refused, since the secret is told once. A new one when null.
    /// </param>
    public Task<SubscriptionView> CreateAsync(SubscriptionDraft draft, string? idempotencyKey = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, Root, Json.SubscriptionView,
            ApiBody.Of(draft, Json.SubscriptionDraft) with { IdempotencyKey = idempotencyKey }, cancellation);

    /// <summary>Changes what is set of a subscription of Tandem's own.</summary>
    public Task<SubscriptionView> ChangeAsync(Guid id, SubscriptionDraft draft, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Patch, Of(id), Json.SubscriptionView, ApiBody.Of(draft, Json.SubscriptionDraft), cancellation);

    /// <summary>Removes a subscription and drops what waits.</summary>
    public Task DeleteAsync(Guid id, CancellationToken cancellation = default) => _api.Send(HttpMethod.Delete, Of(id), cancellation);

    /// <summary>Makes a new secret, which the answer alone says; for 24 hours the old one signs, too.</summary>
    public Task<SubscriptionView> RotateSecretAsync(Guid id, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, $"{Of(id)}/rotate", Json.SubscriptionView, null, cancellation);

    /// <summary>Lets events wait.</summary>
    public Task<SubscriptionView> PauseAsync(Guid id, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, $"{Of(id)}/pause", Json.SubscriptionView, null, cancellation);

    /// <summary>Sends what waits.</summary>
    public Task<SubscriptionView> ResumeAsync(Guid id, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, $"{Of(id)}/resume", Json.SubscriptionView, null, cancellation);

    /// <summary>The newest deliveries; older ones come with <see cref="NextDeliveriesAsync"/>.</summary>
    /// <param name="id">The subscription.</param>
    /// <param name="state">Only those in this state.</param>
    /// <param name="referral">Only what this referral caused.</param>
    public Task<AdminPage<DeliveryView>> ListDeliveriesPageAsync(
        Guid id, DeliveryState? state = null, Guid? referral = null, CancellationToken cancellation = default)
    {
        var query = string.Join('&', new[]
        {
            state is null ? null : $"state={state}",
            referral is null ? null : $"referralId={referral}",
        }.Where(part => part is not null));
        return ReadDeliveries($"{Of(id)}/deliveries{(query.Length > 0 ? $"?{query}" : "")}", cancellation);
    }

    /// <summary>The deliveries before those of a page; null when there are none.</summary>
    public async Task<AdminPage<DeliveryView>?> NextDeliveriesAsync(AdminPage<DeliveryView> page, CancellationToken cancellation = default) =>
        // A path from the server's root, which may lie below a prefix.
        page.Next is { } next ? await ReadDeliveries(next.TrimStart('/'), cancellation).ConfigureAwait(false) : null;

    /// <summary>Deliveries of the last 30 days, newest first, page by page behind the scenes.</summary>
    public async IAsyncEnumerable<DeliveryView> ListDeliveriesAsync(
        Guid id, DeliveryState? state = null, Guid? referral = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        AdminPage<DeliveryView>? page = await ListDeliveriesPageAsync(id, state, referral, cancellation).ConfigureAwait(false);
        while (page is not null)
        {
            foreach (var delivery in page.Value)
                yield return delivery;
            page = await NextDeliveriesAsync(page, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Every attempt of a delivery, and the body as it is sent.</summary>
    public Task<DeliveryView> GetDeliveryAsync(Guid id, Guid eventId, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, $"{Of(id)}/deliveries/{eventId}", Json.DeliveryView, null, cancellation);

    /// <summary>Sends one delivery again.</summary>
    public Task ResendAsync(Guid id, Guid eventId, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Post, $"{Of(id)}/deliveries/{eventId}/resend", cancellation);

    /// <summary>Sends again what was raised since a time, and answers how many deliveries that are.</summary>
    /// <param name="id">The subscription.</param>
    /// <param name="since">Events raised at this time or later.</param>
    /// <param name="state">Only those in this state; <see cref="DeliveryState.Pending"/> sends at once what waits for a retry.</param>
    public async Task<long> ResendSinceAsync(
        Guid id, DateTimeOffset since, DeliveryState? state = null, CancellationToken cancellation = default) =>
        (await _api.Read(HttpMethod.Post, $"{Of(id)}/resend", Json.ResendAnswer,
            ApiBody.Of(new ResendRequest { Since = since, State = state }, Json.ResendRequest), cancellation).ConfigureAwait(false)).Count;

    private Task<AdminPage<DeliveryView>> ReadDeliveries(string path, CancellationToken cancellation) =>
        _api.Read(HttpMethod.Get, path, Json.AdminPageDeliveryView, null, cancellation);

    private static string Of(Guid id) => $"{Root}/{id}";
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tandem.Client.Webhooks;

/// <summary>
/// An event as Partner Center's webhooks send it. It says that something changed, never what: fetch
/// <see cref="ResourceUri"/> with your own rights. Events may come more than once and in any order.
/// </summary>
public sealed record WebhookEvent
{
    /// <summary>What happened: one of <see cref="WebhookEventNames"/>.</summary>
    public required string EventName { get; init; }

    /// <summary>Where to GET the resource, absolute; its host is the audience of the token to fetch it with.</summary>
    public required Uri ResourceUri { get; init; }

    /// <summary>Kind of the resource: <c>referral</c> or <c>test</c>.</summary>
    public required string ResourceName { get; init; }

    /// <summary>Audit record of the change; null unless the server keeps such.</summary>
    public Uri? AuditUri { get; init; }

    /// <summary>Time of the change.</summary>
    public required DateTimeOffset ResourceChangeUtcDate { get; init; }

    /// <summary>Reads the body of an event, after a <see cref="WebhookVerifier"/> has accepted it.</summary>
    /// <param name="body">UTF-8 JSON; names in any case, further properties are passed over.</param>
    /// <exception cref="JsonException">It is no JSON, or a property is missing or of the wrong kind.</exception>
    public static WebhookEvent Parse(ReadOnlySpan<byte> body) =>
        JsonSerializer.Deserialize(body, WebhookEventJson.Default.WebhookEvent)
        ?? throw new JsonException("An event is an object, not null.");
}

/// <summary>Names of the events that can be subscribed.</summary>
public static class WebhookEventNames
{
    /// <summary>A referral of your own came into being.</summary>
    public const string ReferralCreated = "referral-created";

    /// <summary>A referral of your own changed.</summary>
    public const string ReferralUpdated = "referral-updated";

    /// <summary>Another party's referral came into being in one of your engagements.</summary>
    public const string RelatedReferralCreated = "related-referral-created";

    /// <summary>Another party's referral changed in one of your engagements.</summary>
    public const string RelatedReferralUpdated = "related-referral-updated";

    /// <summary>Somebody asked for a test event.</summary>
    public const string TestCreated = "test-created";
}

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(WebhookEvent))]
internal sealed partial class WebhookEventJson : JsonSerializerContext;

using System.Text.Json.Serialization;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.Referrals;

namespace Tandem.Contracts.Webhooks;

/// <summary>Whose manners a subscription has.</summary>
public enum SubscriptionKind
{
    /// <summary>Tandem's own: Standard Webhooks signature, CloudEvents body.</summary>
    Standard,

    /// <summary>The registration of the Partner Center webhooks; one for each organization.</summary>
    PartnerCenter,
}

/// <summary>Whether events are sent.</summary>
public enum SubscriptionState
{
    /// <summary>They are sent.</summary>
    Active,

    /// <summary>They wait until somebody resumes the subscription, for 30 days at most.</summary>
    Paused,
}

/// <summary>What became of a delivery.</summary>
public enum DeliveryState
{
    /// <summary>It waits for its first or next attempt.</summary>
    Pending,

    /// <summary>The receiver took it.</summary>
    Delivered,

    /// <summary>Ten attempts failed, or the receiver said that it is gone.</summary>
    Failed,

    /// <summary>Not wanted any more: the event or the subscription was removed while it waited.</summary>
    Dropped,
}

/// <summary>A new subscription, or what changes of one; absent leaves a value as it is.</summary>
public sealed record SubscriptionDraft
{
    /// <summary>Where events are delivered.</summary>
    public string? Url { get; init; }

    /// <summary>Names of events; all of them when absent on create.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary>Only of referrals in one of these statuses; empty for any.</summary>
    public IReadOnlyList<string>? Statuses { get; init; }

    /// <summary>An OData <c>$filter</c> that the referral must match; empty for none.</summary>
    public string? Filter { get; init; }
}

/// <summary>A subscription. Tandem's own endpoint.</summary>
public sealed record SubscriptionView
{
    /// <summary>Its identity.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose manners it has.</summary>
    public required SubscriptionKind Kind { get; init; }

    /// <summary>Where events are delivered.</summary>
    public required string Url { get; init; }

    /// <summary>Names of the events.</summary>
    public required IReadOnlyList<string> Events { get; init; }

    /// <summary>Statuses of the referrals; empty for any.</summary>
    public required IReadOnlyList<string> Statuses { get; init; }

    /// <summary>OData <c>$filter</c>, if any.</summary>
    public string? Filter { get; init; }

    /// <summary>Whether events are sent.</summary>
    public required SubscriptionState State { get; init; }

    /// <summary>Why it is paused.</summary>
    public string? PausedBecause { get; init; }

    /// <summary>Since when no delivery has succeeded; null when the last one did.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedDateTime { get; init; }

    /// <summary>Until when the secret before the last rotation signs, too.</summary>
    public DateTimeOffset? OldSecretUntil { get; init; }

    /// <summary>The secret of the signatures; shown once, when it is made.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Secret { get; init; }
}

/// <summary>One event on its way to one receiver.</summary>
public sealed record DeliveryView
{
    /// <summary>The event; the same at every attempt and for every subscription of the organization.</summary>
    public required Guid EventId { get; init; }

    /// <summary>Name of the event.</summary>
    public required string Event { get; init; }

    /// <summary>The referral that changed; null for a test event.</summary>
    public Guid? ReferralId { get; init; }

    /// <summary>What became of it.</summary>
    public required DeliveryState State { get; init; }

    /// <summary>When the event was raised.</summary>
    public required DateTimeOffset RaisedDateTime { get; init; }

    /// <summary>When the next attempt is due; null when there is none, and while an earlier event of the referral waits.</summary>
    public DateTimeOffset? NextAttemptDateTime { get; init; }

    /// <summary>Every attempt, oldest first.</summary>
    public required IReadOnlyList<DeliveryAttempt> Attempts { get; init; }

    /// <summary>The body as it is sent; only when one delivery is asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Body { get; init; }
}

/// <summary>One attempt to deliver an event.</summary>
public sealed record DeliveryAttempt
{
    /// <summary>When it began.</summary>
    public required DateTimeOffset DateTime { get; init; }

    /// <summary>How long it took, in milliseconds.</summary>
    public required long DurationMs { get; init; }

    /// <summary>Where it went.</summary>
    public required string Url { get; init; }

    /// <summary>HTTP status of the answer; null when there was none.</summary>
    public int? Status { get; init; }

    /// <summary>The first kilobyte of the answer.</summary>
    public string? Answer { get; init; }

    /// <summary>Why there was no answer.</summary>
    public string? Fault { get; init; }

    /// <summary>Whether the fault is this server's, not the receiver's.</summary>
    public bool SystemError { get; init; }
}

/// <summary>Which deliveries to send again.</summary>
public sealed record ResendRequest
{
    /// <summary>Events raised at this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only deliveries in this state: <c>Pending</c> sends at once what waits for a retry. All when absent.</summary>
    public DeliveryState? State { get; init; }
}

/// <summary>How many deliveries are sent again.</summary>
public sealed record ResendAnswer
{
    /// <summary>Their number.</summary>
    public required long Count { get; init; }
}

/// <summary>A key that signs Partner Center webhooks.</summary>
public sealed record SigningCertificateView
{
    /// <summary>Thumbprint of the certificate.</summary>
    public required string Thumbprint { get; init; }

    /// <summary>Where the certificate is.</summary>
    public required string CertificateUrl { get; init; }

    /// <summary>When the key was made.</summary>
    public required DateTimeOffset CreatedDateTime { get; init; }
}

/// <summary>Serializer metadata of Tandem's own webhook endpoints.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    UseStringEnumConverter = true,
    Converters = [typeof(UtcTimeConverter)],
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(SubscriptionDraft))]
[JsonSerializable(typeof(SubscriptionView))]
[JsonSerializable(typeof(AdminPage<SubscriptionView>))]
[JsonSerializable(typeof(DeliveryView))]
[JsonSerializable(typeof(AdminPage<DeliveryView>))]
[JsonSerializable(typeof(IReadOnlyList<DeliveryAttempt>))]
[JsonSerializable(typeof(ResendRequest))]
[JsonSerializable(typeof(ResendAnswer))]
[JsonSerializable(typeof(SigningCertificateView))]
public sealed partial class WebhookJson : JsonSerializerContext;

using System.Text.Json.Serialization;
using Tandem.Contracts.Referrals;

namespace Tandem.Contracts.Notifications;

/// <summary>What a notice tells.</summary>
public enum NoticeKind
{
    /// <summary>Somebody of the organization invited a partner (B51).</summary>
    InvitationSent,

    /// <summary>The partner accepted (B52).</summary>
    InvitationAccepted,

    /// <summary>The partner declined (B52).</summary>
    InvitationDeclined,

    /// <summary>The partner did not answer in time (B52).</summary>
    InvitationExpired,

    /// <summary>A deal came in that waits for an answer (B53).</summary>
    DealReceived,

    /// <summary>A deal that came in expires soon (B53).</summary>
    DealExpiring,

    /// <summary>A customer who asked to be contacted waits for longer than 72 hours (B28).</summary>
    ContactOverdue,

    /// <summary>A deal registration needs something of the team (B54).</summary>
    RegistrationActionRequired,

    /// <summary>A deal registration passed (B54).</summary>
    RegistrationPassed,

    /// <summary>A deal registration failed (B54).</summary>
    RegistrationFailed,

    /// <summary>A customer asked in the marketplace to be contacted (B55).</summary>
    LeadReceived,

    /// <summary>A lead came in through a location's business profile (B56).</summary>
    ProfileLeadReceived,

    /// <summary>A webhook's receiver failed for five days and was paused.</summary>
    WebhookPaused,
}

/// <summary>What a person can switch e-mail off for.</summary>
public enum NoticeTopic
{
    /// <summary>Invitations that the team sent (B51).</summary>
    InvitationSent,

    /// <summary>How partners answered (B52).</summary>
    InvitationAnswered,

    /// <summary>Deals that came in, expire, or whose customer waits (B53, B28).</summary>
    DealReceived,

    /// <summary>Deal registrations (B54).</summary>
    Registration,

    /// <summary>Marketplace leads (B55).</summary>
    LeadReceived,

    /// <summary>Leads of a business profile (B56).</summary>
    ProfileLeadReceived,

    /// <summary>Webhooks that were paused.</summary>
    Webhook,
}

/// <summary>Something that a person should know.</summary>
public sealed record Notice
{
    /// <summary>Its identity.</summary>
    public required Guid Id { get; init; }

    /// <summary>What it tells.</summary>
    public required NoticeKind Kind { get; init; }

    /// <summary>When it happened, UTC.</summary>
    public required DateTimeOffset DateTime { get; init; }

    /// <summary>
    /// The referral to look at, the person's own organization's where it has one; null when the notice is about a webhook.
    /// </summary>
    public Guid? ReferralId { get; init; }

    /// <summary>The webhook subscription to look at, where the notice is about one.</summary>
    public Guid? SubscriptionId { get; init; }

    /// <summary>The host that the webhook's events go to.</summary>
    public string? Receiver { get; init; }

    /// <summary>The deal's name, or its customer's where it has none.</summary>
    public string? DealName { get; init; }

    /// <summary>The other organization.</summary>
    public string? PartnerName { get; init; }

    /// <summary>Why, where somebody said so.</summary>
    public string? Reason { get; init; }

    /// <summary>When the deal expires, where that is what the notice is about.</summary>
    public DateTimeOffset? ExpirationDateTime { get; init; }

    /// <summary>Whether the person has read it; what he did himself he knows.</summary>
    public bool IsRead { get; init; }
}

/// <summary>A page of a person's notices, newest first.</summary>
public sealed record NoticePage
{
    /// <summary>The notices.</summary>
    public required IReadOnlyList<Notice> Value { get; init; }

    /// <summary>How many are unread, not on this page alone; counted up to 100.</summary>
    public required int Unread { get; init; }

    /// <summary>What the next page is asked for with, as <c>after</c>; absent on the last one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; init; }
}

/// <summary>How a person wants to be told.</summary>
public sealed record NoticeSettings
{
    /// <summary>Topics that come without e-mail; the notices themselves stay.</summary>
    public IReadOnlyList<NoticeTopic> WithoutEmail { get; init; } = [];

    /// <summary>
    /// Language of the e-mail, <c>en</c> or <c>tr</c>; null for the one that the team member's contactPreference names (B58),
    /// or English.
    /// </summary>
    public string? Language { get; init; }
}

/// <summary>How e-mail is set up, and what waits to be sent.</summary>
public sealed record EmailStatus
{
    /// <summary>Whether e-mail is sent at all.</summary>
    public required bool IsConfigured { get; init; }

    /// <summary>Who it comes from.</summary>
    public string? From { get; init; }

    /// <summary>The mail server; told to operators.</summary>
    public string? Host { get; init; }

    /// <summary>Its port; told to operators.</summary>
    public int? Port { get; init; }

    /// <summary>How the connection is secured: <c>StartTls</c>, <c>Tls</c> or <c>None</c>; told to operators.</summary>
    public string? Security { get; init; }

    /// <summary>Whom the server signs in as there; told to operators.</summary>
    public string? User { get; init; }

    /// <summary>How many messages wait.</summary>
    public required int Waiting { get; init; }

    /// <summary>How many have been sent within 90 days.</summary>
    public required int Sent { get; init; }

    /// <summary>How many were given up within 90 days.</summary>
    public required int Failed { get; init; }

    /// <summary>The last messages that were given up or are being tried again.</summary>
    public required IReadOnlyList<EmailFault> Faults { get; init; }
}

/// <summary>A message that could not be sent.</summary>
public sealed record EmailFault
{
    /// <summary>Identity of its notice.</summary>
    public required Guid Id { get; init; }

    /// <summary>To whom.</summary>
    public string? To { get; init; }

    /// <summary>What it tells.</summary>
    public required NoticeKind Kind { get; init; }

    /// <summary>When what it tells of happened.</summary>
    public required DateTimeOffset DateTime { get; init; }

    /// <summary>How often it was tried.</summary>
    public required int Attempts { get; init; }

    /// <summary>Whether it has been given up.</summary>
    public required bool IsGivenUp { get; init; }

    /// <summary>What the mail server, or the connection to it, said.</summary>
    public string? Answer { get; init; }
}

/// <summary>What became of a test message.</summary>
public sealed record EmailTest
{
    /// <summary>Whether the mail server took it.</summary>
    public required bool IsAccepted { get; init; }

    /// <summary>What it said.</summary>
    public required string Answer { get; init; }

    /// <summary>Where the message went.</summary>
    public required string To { get; init; }
}

/// <summary>Serializer metadata of notices and e-mail.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    UseStringEnumConverter = true,
    Converters = [typeof(UtcTimeConverter)],
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(NoticePage))]
[JsonSerializable(typeof(NoticeSettings))]
[JsonSerializable(typeof(EmailStatus))]
[JsonSerializable(typeof(EmailTest))]
public sealed partial class NoticeJson : JsonSerializerContext;

using Tandem.Contracts.Webhooks;
using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

/// <summary>A subscription as the planner and the dispatcher need it.</summary>
internal sealed record Subscription
{
    public required Guid Id { get; init; }

    public required string OrganizationId { get; init; }

    public required SubscriptionKind Kind { get; init; }

    public required string Url { get; init; }

    public required IReadOnlyList<string> Events { get; init; }

    public bool UsesSignatureHeader { get; init; }

    public IReadOnlyList<string> Statuses { get; init; } = [];

    public string? Filter { get; init; }

    /// <summary>Protected, as it is stored.</summary>
    public byte[]? Secret { get; init; }

    public byte[]? OldSecret { get; init; }

    public DateTimeOffset? OldSecretUntil { get; init; }

    public SubscriptionState State { get; init; }

    public string? PausedBecause { get; init; }

    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Where the log was when it was made.</summary>
    public LogPosition Since { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public bool Wants(string name) => Events.Contains(name);
}

using System.Text.Json.Serialization;

namespace Tandem.Contracts.Organizations;

/// <summary>What an administrative change is about.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AuditKind>))]
public enum AuditKind
{
    /// <summary>The organization itself: its name, its primary PartnerID.</summary>
    Organization,

    /// <summary>A directory tenant.</summary>
    Tenant,

    /// <summary>A location.</summary>
    Location,

    /// <summary>A published solution.</summary>
    Solution,

    /// <summary>A person.</summary>
    Person,

    /// <summary>A person's password; never what it is.</summary>
    Password,

    /// <summary>A role of a person.</summary>
    Role,

    /// <summary>A service client.</summary>
    Client,

    /// <summary>A routing rule of inbound deals.</summary>
    Routing,

    /// <summary>A webhook registration or subscription.</summary>
    Subscription,

    /// <summary>A key that signs Partner Center webhooks; stands in the organization of the operator who made it.</summary>
    SigningKey,
}

/// <summary>What happened to it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AuditAction>))]
public enum AuditAction
{
    /// <summary>It is new.</summary>
    Added,

    /// <summary>It is not what it was.</summary>
    Changed,

    /// <summary>It is gone.</summary>
    Removed,
}

/// <summary>One administrative change: who, when, from which client, what.</summary>
public sealed record AuditEntry
{
    /// <summary>Place in the list; larger is later.</summary>
    public required long Sequence { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset ChangedDateTime { get; init; }

    /// <summary>Who: a person, a service client, or the setup command, which has no id.</summary>
    public required AuditAuthor ChangedBy { get; init; }

    /// <summary>The client that the author's token was given to; null when it is not known.</summary>
    public string? ClientId { get; init; }

    /// <summary>What it is about.</summary>
    public required AuditKind Kind { get; init; }

    /// <summary>What happened.</summary>
    public required AuditAction Action { get; init; }

    /// <summary>Identity of what was changed; the person's of a role or password.</summary>
    public required string TargetId { get; init; }

    /// <summary>Its name at that time.</summary>
    public required string Target { get; init; }

    /// <summary>Values before and after, without secrets.</summary>
    public required IReadOnlyList<AuditValue> Values { get; init; }
}

/// <summary>Who made an administrative change, by the name of that time.</summary>
public sealed record AuditAuthor
{
    /// <summary>Identity of the user or service client; null for the server's own commands.</summary>
    public Guid? Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }
}

/// <summary>A value that was changed.</summary>
public sealed record AuditValue
{
    /// <summary>Name of the property, as the administration API has it.</summary>
    public required string Property { get; init; }

    /// <summary>Null where there was none; a secret has neither.</summary>
    public string? Before { get; init; }

    /// <summary>Null where there is none any more.</summary>
    public string? After { get; init; }
}

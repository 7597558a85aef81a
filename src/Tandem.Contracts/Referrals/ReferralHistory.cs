using System.Text.Json.Serialization;

namespace Tandem.Contracts.Referrals;

/// <summary>A page of a referral's history, newest change first. Tandem's own endpoint.</summary>
public sealed class ReferralHistoryPage
{
    /// <summary>At most 100 changes.</summary>
    public List<ReferralHistoryEntry> Value { get; set; } = [];

    /// <summary>Where the next page is; absent on the last one.</summary>
    [JsonPropertyName("@odata.nextLink"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ODataNextLink { get; set; }
}

/// <summary>One stored change of a referral.</summary>
public sealed class ReferralHistoryEntry
{
    /// <summary>Position in the change log; grows with every change.</summary>
    public long Sequence { get; set; }

    /// <summary>What happened.</summary>
    public ReferralChangeKind Kind { get; set; }

    /// <summary>When, UTC; equals the referral's <c>updatedDateTime</c> after the change.</summary>
    public DateTimeOffset ChangedDateTime { get; set; }

    /// <summary>Who did it.</summary>
    public ReferralChangeAuthor ChangedBy { get; set; } = new();

    /// <summary>Through what: the connector's id, or null when none was named.</summary>
    public string? Via { get; set; }

    /// <summary>Paths of the changed properties, for example <c>details.dealValue</c>.</summary>
    public List<string> Properties { get; set; } = [];

    /// <summary>Entity tag before the change; null for a creation.</summary>
    public string? ETagBefore { get; set; }

    /// <summary>Entity tag after the change.</summary>
    public string ETagAfter { get; set; } = "";
}

/// <summary>Who changed a referral.</summary>
public sealed class ReferralChangeAuthor
{
    /// <summary>Organization of the user; null when the server itself acted (expiry, reminder).</summary>
    public string? OrganizationId { get; set; }

    /// <summary>Display name of the user, or <c>Tandem</c> for the server.</summary>
    public string Name { get; set; } = "";

    /// <summary>E-mail address of the user; null to other organizations.</summary>
    public string? Email { get; set; }
}

/// <summary>What happened to a referral.</summary>
public enum ReferralChangeKind
{
    /// <summary>It came into being.</summary>
    Created,

    /// <summary>A client changed it.</summary>
    Updated,

    /// <summary>Nobody answered in time.</summary>
    Expired,

    /// <summary>The customer asked for a call and nobody has answered for 72 hours; nothing was changed.</summary>
    ReminderDue,
}

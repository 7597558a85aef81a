using System.Text.Json;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals;

/// <summary>
/// A referral as it is stored: its wire document, and the facts beside it that decide who may see it without reading
/// the document.
/// </summary>
internal sealed record StoredReferral
{
    public required Guid Id { get; init; }

    public required Guid EngagementId { get; init; }

    public required string OrganizationId { get; init; }

    /// <summary>Counts the stored changes from 1; compare-and-set on it is what keeps two writers apart.</summary>
    public required int Version { get; init; }

    public required ReferralStatus Status { get; init; }

    public required ReferralSubstatus Substatus { get; init; }

    public required ReferralType Type { get; init; }

    public string? MpnId { get; init; }

    public required string CreatorOrganizationId { get; init; }

    public required Guid CreatorUserId { get; init; }

    public bool IsLead { get; init; }

    public DateTimeOffset? ArchivesAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RemindsAt { get; init; }

    /// <summary>Microsoft's sellers may see it (partner-led).</summary>
    public bool SharedWithSellers { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Strong entity tag with its quotes, the same as in the document.</summary>
    public string ETag => EntityTag.Of(Version, UpdatedAt);

    /// <summary>UTF-8 JSON without <c>links</c> and <c>@odata.context</c>.</summary>
    public required ReadOnlyMemory<byte> Document { get; init; }

    public StatusPair Pair => new(Status, Substatus);

    public bool IsOpen => Status != ReferralStatus.Closed;

    /// <summary>Another organization created it for its owner.</summary>
    public bool IsInvited => CreatorOrganizationId != OrganizationId;

    /// <summary>Nobody answered in time, whether or not the worker has come by (B26).</summary>
    public bool IsOverdue(DateTimeOffset now) => Status == ReferralStatus.New && ExpiresAt <= now;

    /// <summary>A fresh copy of the document; changing it changes nothing stored.</summary>
    public Referral Read() => JsonSerializer.Deserialize(Document.Span, ReferralJson.Wire.Referral)!;
}

/// <summary>An accepted decision: the new document and what changed.</summary>
internal sealed record ReferralChange
{
    /// <summary>What is stored now; null for a creation.</summary>
    public StoredReferral? Before { get; init; }

    public required Referral After { get; init; }

    public required ReferralChangeKind Kind { get; init; }

    /// <summary>Changed paths; empty when nothing changed, and then nothing is stored (R74).</summary>
    public required IReadOnlyList<string> Properties { get; init; }

    public required string CreatorOrganizationId { get; init; }

    public required Guid CreatorUserId { get; init; }

    public required ChangeAuthor Author { get; init; }

    public string? Via { get; init; }

    /// <summary>When the receiver is to be reminded (B28).</summary>
    public DateTimeOffset? RemindsAt { get; init; }

    public int Version => (Before?.Version ?? 0) + 1;

    public bool IsNothing => Properties.Count == 0 && Kind != ReferralChangeKind.ReminderDue;
}

/// <summary>Who made a change; the server itself has no organization.</summary>
internal sealed record ChangeAuthor(string? OrganizationId, Guid? UserId, string Name, string? Email)
{
    public static ChangeAuthor Server { get; } = new(null, null, "Tandem", null);

    public static ChangeAuthor Of(Identity.Caller caller) =>
        new(caller.OrganizationId, caller.UserId, caller.Name, caller.Email);
}

namespace Tandem.Contracts.Referrals;

/// <summary>
/// The data of one event of the change stream, whose name is <c>referral-created</c>, <c>referral-updated</c>,
/// <c>related-referral-created</c> or <c>related-referral-updated</c>. Tandem's own endpoint.
/// </summary>
public sealed class ReferralEvent
{
    /// <summary>The referral that changed.</summary>
    public Guid ReferralId { get; set; }

    /// <summary>Its engagement.</summary>
    public Guid EngagementId { get; set; }

    /// <summary>Who owns it.</summary>
    public string OrganizationId { get; set; } = "";

    /// <summary>What happened to it.</summary>
    public ReferralChangeKind Kind { get; set; }

    /// <summary>When, UTC; equals the referral's <c>updatedDateTime</c> after the change.</summary>
    public DateTimeOffset ChangedDateTime { get; set; }

    /// <summary>Paths of the changed properties that the caller may see, for example <c>details.dealValue</c>.</summary>
    public List<string> Properties { get; set; } = [];

    /// <summary>Entity tag after the change.</summary>
    public string ETag { get; set; } = "";
}

using System.Text.Json.Serialization;
using Tandem.Contracts.Reading;

namespace Tandem.Contracts.Referrals;

/// <summary>
/// One company's record of a lead or a deal. Source: Partner Center, <i>Referral resources</i>; the order of the
/// properties is the order of emission.
/// </summary>
public sealed class Referral
{
    /// <summary>Describes the answer; on get by id only.</summary>
    [JsonPropertyName("@odata.context"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Contract(Access = Access.Server)]
    public string? ODataContext { get; set; }

    /// <summary>Identity of this referral.</summary>
    [Contract(Access = Access.Server)]
    public Guid Id { get; set; }

    /// <summary>Groups the referrals of one engagement. A client sends it only to join.</summary>
    [Contract(Access = Access.Fixed)]
    public Guid EngagementId { get; set; }

    /// <summary>Deal name, at most 256 characters.</summary>
    [Contract(MaxLength = 256)]
    public string? Name { get; set; }

    /// <summary>Organization that owns the referral: a GUID, or <c>msft</c> for Microsoft.</summary>
    [Contract(Access = Access.Server)]
    public string OrganizationId { get; set; } = "";

    /// <summary>The owner's display name.</summary>
    [Contract(Access = Access.Server)]
    public string? OrganizationName { get; set; }

    /// <summary>The partner's CRM id, at most 256 characters; seen by the owner only.</summary>
    [Contract(MaxLength = 256, HiddenFromOthers = true)]
    public string? ExternalReferenceId { get; set; }

    /// <summary>When it was created, UTC.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset CreatedDateTime { get; set; }

    /// <summary>Strictly increases with every stored change, UTC.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset UpdatedDateTime { get; set; }

    /// <summary>When an unanswered referral expires; null when nothing will expire.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset? ExpirationDateTime { get; set; }

    /// <summary>When the owner accepted; for own referrals the time of creation.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset? AcceptedDateTime { get; set; }

    /// <summary>When the status became <see cref="ReferralStatus.Closed"/>.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset? ClosedDateTime { get; set; }

    /// <summary>Where the referral stands.</summary>
    public ReferralStatus Status { get; set; }

    /// <summary>The finer state.</summary>
    public ReferralSubstatus Substatus { get; set; }

    /// <summary>Why lost, declined or in error; at most 1024 characters.</summary>
    [Contract(MaxLength = 1024)]
    public string? StatusReason { get; set; }

    /// <summary>How many parties see it; required on create.</summary>
    [Contract(Access = Access.Fixed, Alias = "ReferralType")]
    public ReferralType Type { get; set; }

    /// <summary>Quality measure.</summary>
    public ReferralQualification Qualification { get; set; }

    /// <summary>Source of a marketplace lead.</summary>
    [Contract(Access = Access.Server)]
    public string? ReferralSource { get; set; }

    /// <summary>Call to action behind a marketplace lead.</summary>
    [Contract(Access = Access.Server)]
    public string? CallToAction { get; set; }

    /// <summary>Marketplace offer behind a lead.</summary>
    [Contract(Access = Access.Server)]
    public string? OfferId { get; set; }

    /// <summary>Quality of a marketplace lead.</summary>
    [Contract(Access = Access.Server, HiddenFromOthers = true)]
    public LeadQuality Quality { get; set; }

    /// <summary>Whether a lead was judged spam.</summary>
    [Contract(Access = Access.Server, HiddenFromOthers = true)]
    public bool IsSpam { get; set; }

    /// <summary>Direction as the owner sees it.</summary>
    [Contract(Access = Access.Server)]
    public ReferralDirection Direction { get; set; }

    /// <summary>The owner's favourite mark.</summary>
    [Contract(HiddenFromOthers = true)]
    public bool Favorite { get; set; }

    /// <summary>Marketing campaign id, at most 256 characters.</summary>
    [Contract(MaxLength = 256, HiddenFromOthers = true)]
    public string? CampaignId { get; set; }

    /// <summary>Stage name or percentage, as stored.</summary>
    [Contract(Form = TextForm.SalesStage, HiddenFromOthers = true)]
    public string? SalesStage { get; set; }

    /// <summary>Always <c>None</c>.</summary>
    [Contract(Access = Access.Server)]
    public string DealSensitivity { get; set; } = "None";

    /// <summary>Partner location (PartnerID) the deal belongs to; fixed after creation.</summary>
    [Contract(Access = Access.Fixed)]
    public string? MpnId { get; set; }

    /// <summary>Program through which it was shared.</summary>
    public string? ReferralProgram { get; set; }

    /// <summary>Marks set by the server.</summary>
    [Contract(Access = Access.Server, HiddenFromOthers = true)]
    public List<string> Tags { get; set; } = [];

    /// <summary>Channel that created it.</summary>
    [Contract(Access = Access.Server, HiddenFromOthers = true)]
    public string? CreatedVia { get; set; }

    /// <summary>Channel of the last change; connectors write it.</summary>
    [Contract(HiddenFromOthers = true)]
    public string? LastModifiedVia { get; set; }

    /// <summary>Run id of the last connector run.</summary>
    [Contract(HiddenFromOthers = true)]
    public string? LastRunId { get; set; }

    /// <summary>State of the last deal registration.</summary>
    [Contract(Access = Access.Server, HiddenFromOthers = true)]
    public RegistrationStatus RegistrationStatus { get; set; }

    /// <summary>Deal registrations.</summary>
    [Contract(Access = Access.Registration, HiddenFromOthers = true)]
    public List<Registration> Registrations { get; set; } = [];

    /// <summary>Who or what the referral is aimed at.</summary>
    public List<Target> Target { get; set; } = [];

    /// <summary>The customer; required on create.</summary>
    public CustomerProfile CustomerProfile { get; set; } = new();

    /// <summary>What the customer agreed to; required on create.</summary>
    public Consent Consent { get; set; } = new();

    /// <summary>The deal itself; required on create.</summary>
    public ReferralDetails Details { get; set; } = new();

    /// <summary>The owner's people on the deal, at most 50.</summary>
    [Contract(MaxCount = 50)]
    public List<Member> Team { get; set; } = [];

    /// <summary>Message and origin of the invitation.</summary>
    public InviteContext InviteContext { get; set; } = new();

    /// <summary>Role of the partner; required for a services co-sell.</summary>
    public string? PartnerRole { get; set; }

    /// <summary>Solution area; required for a services co-sell.</summary>
    public string? SolutionArea { get; set; }

    /// <summary>Solution play; required for a services co-sell.</summary>
    public string? SolutionPlay { get; set; }

    /// <summary>Ids in Microsoft's systems.</summary>
    [Contract(Access = Access.Server, HiddenFromOthers = true)]
    public TrackingInfo TrackingInfo { get; set; } = new();

    /// <summary>Strong entity tag including its double quotes (RFC 9110); changes with every stored change.</summary>
    [Contract(Access = Access.Server)]
    public string ETag { get; set; } = "";

    /// <summary>Where the referral and its relatives are found.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Contract(Access = Access.Server)]
    public ReferralLinks? Links { get; set; }
}

/// <summary>The customer. Source: <i>Referral resources</i>.</summary>
public sealed class CustomerProfile
{
    /// <summary>Customer organization; must not be blank on create, fixed afterwards.</summary>
    [Contract(Access = Access.FixedValue)]
    public string Name { get; set; } = "";

    /// <summary>Postal address; fixed after creation.</summary>
    [Contract(Access = Access.FixedValue)]
    public Address Address { get; set; } = new();

    /// <summary>Customer size, an open list of names such as <c>10to50employees</c>.</summary>
    public string? Size { get; set; }

    /// <summary>Customer contacts, at most 50.</summary>
    [Contract(MaxCount = 50, HiddenFromOthers = true)]
    public List<Member> Team { get; set; } = [];

    /// <summary>External ids; fixed after creation.</summary>
    [Contract(Access = Access.FixedValue)]
    public List<CustomerProfileId> Ids { get; set; } = [];

    /// <summary>Whether account matching has finished.</summary>
    [Contract(Access = Access.Server)]
    public bool IsMatchingComplete { get; set; }
}

/// <summary>An external id of the customer. Source: <i>Referral resources</i>.</summary>
public sealed class CustomerProfileId
{
    /// <summary>Kind of the id.</summary>
    public CustomerProfileType? ProfileType { get; set; }

    /// <summary>The identifier.</summary>
    public string? Id { get; set; }
}

/// <summary>A postal address. Source: <i>Referral resources</i>.</summary>
public sealed class Address
{
    /// <summary>First line.</summary>
    public string? AddressLine1 { get; set; }

    /// <summary>Second line.</summary>
    public string? AddressLine2 { get; set; }

    /// <summary>City.</summary>
    public string? City { get; set; }

    /// <summary>State or province.</summary>
    public string? State { get; set; }

    /// <summary>Postal code.</summary>
    public string? PostalCode { get; set; }

    /// <summary>ISO 3166-1 code, two upper-case letters.</summary>
    [Contract(Form = TextForm.Country)]
    public string? Country { get; set; }

    /// <summary>Region.</summary>
    public string? Region { get; set; }
}

/// <summary>A person: the owner's team, or a customer contact. Source: <i>Referral resources</i>.</summary>
public sealed class Member
{
    /// <summary>E-mail address, compared without case; may be empty.</summary>
    [Contract(Form = TextForm.Email, Alias = "emailAddress")]
    public string? Email { get; set; }

    /// <summary>First name.</summary>
    public string? FirstName { get; set; }

    /// <summary>Last name.</summary>
    public string? LastName { get; set; }

    /// <summary>Telephone number, free text.</summary>
    public string? PhoneNumber { get; set; }

    /// <summary>Job title.</summary>
    public string? Title { get; set; }

    /// <summary>How the person wants to be written to.</summary>
    public ContactPreference ContactPreference { get; set; } = new();

    /// <summary><c>Valid</c>, <c>Invalid</c>, <c>Spam</c> or <c>Unknown</c>; marketplace leads only.</summary>
    [Contract(Access = Access.Server)]
    public string? EmailValidationStatus { get; set; }

    /// <summary><c>Valid</c>, <c>Invalid</c> or <c>Unknown</c>; marketplace leads only.</summary>
    [Contract(Access = Access.Server)]
    public string? PhoneValidationStatus { get; set; }
}

/// <summary>How a person wants to be written to. Source: <i>Referral resources</i>.</summary>
public sealed class ContactPreference
{
    /// <summary>Culture name such as <c>en-us</c>, as sent.</summary>
    public string? Locale { get; set; }

    /// <summary>Whether no mail should be sent.</summary>
    public bool? DisableNotifications { get; set; }
}

/// <summary>What the customer agreed to. Source: <i>Referral resources</i>.</summary>
public sealed class Consent
{
    /// <summary>Personal data may be shared with others. The doubled "To" is the documented name.</summary>
    [Contract(Access = Access.Fixed, Alias = "consentToShareInfoWithOthers")]
    public bool? ConsentToToShareInfoWithOthers { get; set; }

    /// <summary>The customer may be contacted.</summary>
    [Contract(Access = Access.Fixed)]
    public bool? ConsentToContact { get; set; }

    /// <summary>Microsoft may contact specific partners.</summary>
    [Contract(Access = Access.Fixed)]
    public bool? ConsentToMicrosoftToContactSpecificPartners { get; set; }

    /// <summary>Microsoft's sellers may see the deal. Goes from false to true and never back.</summary>
    public bool ConsentToShareReferralWithMicrosoftSellers { get; set; }
}

/// <summary>Message and origin of an invitation. Source: <i>Referral resources</i>.</summary>
public sealed class InviteContext
{
    /// <summary>Message to the invited party; fixed once the invitation is sent.</summary>
    public string? Notes { get; set; }

    /// <summary>Kind of help asked for; fixed once it is other than <c>Unknown</c>.</summary>
    public AssistanceRequestCode AssistanceRequestCode { get; set; }

    /// <summary>Partner location of the inviter.</summary>
    [Contract(Access = Access.Server)]
    public string? InvitedMpnId { get; set; }

    /// <summary>Who invited.</summary>
    [Contract(Access = Access.Fixed)]
    public InvitedBy InvitedBy { get; set; } = new();
}

/// <summary>The inviting organization. Source: <i>Referral resources</i>.</summary>
public sealed class InvitedBy
{
    /// <summary><c>msft</c>, a GUID, or null.</summary>
    [Contract(Access = Access.Fixed)]
    public string? OrganizationId { get; set; }

    /// <summary>Its display name.</summary>
    [Contract(Access = Access.Server)]
    public string? OrganizationName { get; set; }
}

/// <summary>Ids in Microsoft's systems. Source: the <i>Partner Center Referrals</i> connector.</summary>
public sealed class TrackingInfo
{
    /// <summary>Opportunity id in Microsoft's CRM, filled when Microsoft accepts.</summary>
    [Contract(Access = Access.Server)]
    public string? MicrosoftMsxId { get; set; }

    /// <summary>Opportunity id of the United States federal CRM.</summary>
    [Contract(Access = Access.Server)]
    public string? MicrosoftUSFedOpportunityId { get; set; }

    /// <summary>Lead id of the United States federal CRM.</summary>
    [Contract(Access = Access.Server)]
    public string? MicrosoftUSFedLeadId { get; set; }

    /// <summary>Id in the former Partner Sales Connect.</summary>
    [Contract(Access = Access.Server), JsonPropertyName("migratedPSCDealId")]
    public string? MigratedPscDealId { get; set; }

    /// <summary>The partner's id in the former Partner Sales Connect.</summary>
    [Contract(Access = Access.Server), JsonPropertyName("migratedPSCPartnerDealId")]
    public string? MigratedPscPartnerDealId { get; set; }
}

/// <summary>Who or what a referral is aimed at. Source: <i>Referral resources</i>.</summary>
public sealed class Target
{
    /// <summary>What the id names.</summary>
    public TargetType Type { get; set; }

    /// <summary>A solution id, a business-profile location GUID, or <c>msft</c>.</summary>
    public string? Id { get; set; }
}

/// <summary>Links of a referral. Source: <i>Referral resources</i>.</summary>
public sealed class ReferralLinks
{
    /// <summary>All referrals of the engagement that the caller may see.</summary>
    public Link RelatedReferrals { get; set; } = new();

    /// <summary>The referral itself.</summary>
    public Link Self { get; set; } = new();
}

/// <summary>A link. Source: <i>Referral resources</i>.</summary>
public sealed class Link
{
    /// <summary>Absolute address; spaces and quotes stand as they are.</summary>
    public string Uri { get; set; } = "";

    /// <summary>HTTP method, <c>GET</c>.</summary>
    public string Method { get; set; } = "GET";
}

/// <summary>A page of a list. Source: Partner Center, <i>Get a list of referrals</i>.</summary>
public sealed class ReferralPage
{
    /// <summary>Describes the answer.</summary>
    [JsonPropertyName("@odata.context")]
    public string ODataContext { get; set; } = "";

    /// <summary>Number of matching referrals over all pages; absent with <c>$count=false</c>.</summary>
    [JsonPropertyName("@odata.count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? ODataCount { get; set; }

    /// <summary>At most 100 referrals.</summary>
    public List<Referral> Value { get; set; } = [];

    /// <summary>Where the next page is; absent on the last one.</summary>
    [JsonPropertyName("@odata.nextLink"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ODataNextLink { get; set; }

    /// <summary>Where the changes since will be; on the last page of a list read with <c>Prefer: odata.track-changes</c>.</summary>
    [JsonPropertyName("@odata.deltaLink"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ODataDeltaLink { get; set; }
}

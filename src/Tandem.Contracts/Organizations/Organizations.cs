using System.Text.Json.Serialization;

namespace Tandem.Contracts.Organizations;

/// <summary>A company on the exchange. Tandem's administration API.</summary>
public sealed record OrganizationView
{
    /// <summary>A GUID in text form, or <c>msft</c> for Microsoft.</summary>
    public required string Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>PartnerID that deals get when the creator's scope does not decide.</summary>
    public string? PrimaryMpnId { get; init; }

    /// <summary>Directory tenants whose tokens belong to it.</summary>
    public required IReadOnlyList<string> Tenants { get; init; }
}

/// <summary>A new organization, or what changes of one; null and absent leave a value as it is.</summary>
public sealed record OrganizationDraft
{
    /// <summary>A GUID, or <c>msft</c>; made up when absent. Only on create.</summary>
    public string? Id { get; init; }

    /// <summary>Display name, 1 to 256 characters.</summary>
    public string? Name { get; init; }

    /// <summary>PartnerID, at most 64 characters; empty for none.</summary>
    public string? PrimaryMpnId { get; init; }
}

/// <summary>A person of an organization.</summary>
public sealed record UserView
{
    /// <summary>Identity of the user; the <c>oid</c> of the embedded issuer's tokens.</summary>
    public required Guid Id { get; init; }

    /// <summary>E-mail address, lower-case.</summary>
    public required string Email { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>Object id at an external OpenID Connect provider.</summary>
    public string? ExternalId { get; init; }

    /// <summary>Whether the user may sign in.</summary>
    public required bool IsEnabled { get; init; }

    /// <summary>Roles and their scopes.</summary>
    public required IReadOnlyList<RoleView> Roles { get; init; }
}

/// <summary>A new user, or what changes of one; null and absent leave a value as it is.</summary>
public sealed record UserDraft
{
    /// <summary>E-mail address, unique on the exchange.</summary>
    public string? Email { get; init; }

    /// <summary>Display name, 1 to 256 characters.</summary>
    public string? Name { get; init; }

    /// <summary>Object id at an external OpenID Connect provider; empty for none.</summary>
    public string? ExternalId { get; init; }

    /// <summary>Password for the embedded issuer, 8 to 256 characters.</summary>
    public string? Password { get; init; }

    /// <summary>Whether the user may sign in.</summary>
    public bool? IsEnabled { get; init; }
}

/// <summary>A role of a user.</summary>
public sealed record RoleView
{
    /// <summary>Identity of the assignment.</summary>
    public required Guid Id { get; init; }

    /// <summary>Name of the role, for example <c>Referrals admin</c>.</summary>
    public required string Role { get; init; }

    /// <summary>Partner location it is given for; null for the entire company.</summary>
    public string? MpnId { get; init; }
}

/// <summary>A role to give. Both documented spellings are read: <c>Referrals admin</c>, <c>Referral Admin</c>.</summary>
public sealed record RoleDraft
{
    /// <summary>Name of the role.</summary>
    public string? Role { get; init; }

    /// <summary>PartnerID of one location; absent for the entire company.</summary>
    public string? MpnId { get; init; }
}

/// <summary>A business-profile location.</summary>
public sealed record LocationView
{
    /// <summary>Id that a target of type <c>BusinessProfileLocation</c> names.</summary>
    public required string Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>PartnerID of the location.</summary>
    public string? MpnId { get; init; }

    /// <summary>Who is told of leads that come in through the location's profile; null for its Referrals admins.</summary>
    public string? ContactEmail { get; init; }
}

/// <summary>A published solution.</summary>
public sealed record SolutionView
{
    /// <summary>Catalogue id, for example <c>SOL-34104-EBB</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }
}

/// <summary>Name and PartnerID of a location or solution.</summary>
public sealed record ProfileDraft
{
    /// <summary>Display name, 1 to 256 characters.</summary>
    public string? Name { get; init; }

    /// <summary>PartnerID, at most 64 characters; locations only.</summary>
    public string? MpnId { get; init; }

    /// <summary>
    /// E-mail address of the person who is told of leads that come in through the profile, empty for none; absent leaves it as
    /// it is. Locations only.
    /// </summary>
    public string? ContactEmail { get; init; }
}

/// <summary>A client that acts for its organization without a person; exchange mode only.</summary>
public sealed record ServiceClientView
{
    /// <summary>The client id of its token requests.</summary>
    public required Guid Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>Its role.</summary>
    public required string Role { get; init; }

    /// <summary>Partner location it is bound to; null for the entire company.</summary>
    public string? MpnId { get; init; }

    /// <summary>Its secret; shown once, in the answer to its creation.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Secret { get; init; }
}

/// <summary>A new service client.</summary>
public sealed record ServiceClientDraft
{
    /// <summary>Display name, 1 to 256 characters.</summary>
    public string? Name { get; init; }

    /// <summary>Its role: <c>Referrals admin</c> or <c>Referrals user</c>.</summary>
    public string? Role { get; init; }

    /// <summary>PartnerID of one location; absent for the entire company.</summary>
    public string? MpnId { get; init; }
}

/// <summary>A password to set.</summary>
public sealed record PasswordDraft
{
    /// <summary>8 to 256 characters.</summary>
    public string? Password { get; init; }
}

/// <summary>Who the caller is.</summary>
public sealed record CallerView
{
    /// <summary>Identity of the user or service client.</summary>
    public required Guid Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>E-mail address; null for an application.</summary>
    public string? Email { get; init; }

    /// <summary>Organization.</summary>
    public required string OrganizationId { get; init; }

    /// <summary>Its display name.</summary>
    public required string OrganizationName { get; init; }

    /// <summary>Roles with their PartnerID, null for the entire company.</summary>
    public required IReadOnlyList<RoleDraft> Roles { get; init; }
}

/// <summary>A reviewer's decision on a deal registration (Partner Center, <i>Register deals</i>).</summary>
public sealed record RegistrationReview
{
    /// <summary>The next state, for example <c>ActionRequired</c>.</summary>
    public string? Status { get; init; }

    /// <summary>Why, at most 1024 characters.</summary>
    public string? StatusReason { get; init; }
}

/// <summary>Where the deals that Microsoft sends to an organization go, and what its rules can name.</summary>
public sealed record RoutingView
{
    /// <summary>The rules, the more precise first: the first one that fits a deal decides.</summary>
    public required IReadOnlyList<RoutingRuleView> Rules { get; init; }

    /// <summary>Locations with a PartnerID, which rules may lead to.</summary>
    public required IReadOnlyList<LocationView> Locations { get; init; }

    /// <summary>Published solutions, which rules may name.</summary>
    public required IReadOnlyList<SolutionView> Solutions { get; init; }

    /// <summary>PartnerID of deals that no rule fits and whose location has none.</summary>
    public string? PrimaryMpnId { get; init; }
}

/// <summary>One rule for inbound deals.</summary>
public sealed record RoutingRuleView
{
    /// <summary>Identity of the rule.</summary>
    public required Guid Id { get; init; }

    /// <summary>Solution that it is for; null for all.</summary>
    public string? SolutionId { get; init; }

    /// <summary>Customer's country, two upper-case letters; null for all.</summary>
    public string? Country { get; init; }

    /// <summary>PartnerID that the deal gets.</summary>
    public required string MpnId { get; init; }
}

/// <summary>A new rule, or what changes of one; null and absent leave a value as it is.</summary>
public sealed record RoutingRuleDraft
{
    /// <summary>A published solution of the organization; empty for all.</summary>
    public string? SolutionId { get; init; }

    /// <summary>Customer's country, two or three letters; empty for all.</summary>
    public string? Country { get; init; }

    /// <summary>PartnerID of one of the organization's locations, or its primary one.</summary>
    public string? MpnId { get; init; }
}

/// <summary>Where a deal would go.</summary>
public sealed record RoutingDecision
{
    /// <summary>PartnerID it would get; null for none. A location that the deal names counts only where no rule fits.</summary>
    public string? MpnId { get; init; }

    /// <summary>The rule that decides; null when none fits.</summary>
    public Guid? RuleId { get; init; }
}

/// <summary>A page of a list; all of it when <see cref="Next"/> is absent.</summary>
public sealed record AdminPage<T>
{
    /// <summary>The elements.</summary>
    public required IReadOnlyList<T> Value { get; init; }

    /// <summary>Path of the next page.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; init; }

    /// <summary>How many there are on all pages, where that is counted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Count { get; init; }
}

/// <summary>Serializer metadata of the administration API: camelCase, and unknown names are an error.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(OrganizationDraft))]
[JsonSerializable(typeof(UserDraft))]
[JsonSerializable(typeof(RoleDraft))]
[JsonSerializable(typeof(ProfileDraft))]
[JsonSerializable(typeof(PasswordDraft))]
[JsonSerializable(typeof(ServiceClientDraft))]
[JsonSerializable(typeof(RegistrationReview))]
[JsonSerializable(typeof(AdminPage<AuditEntry>))]
[JsonSerializable(typeof(IReadOnlyList<AuditValue>))]
[JsonSerializable(typeof(RoutingView))]
[JsonSerializable(typeof(RoutingRuleDraft))]
[JsonSerializable(typeof(RoutingDecision))]
[JsonSerializable(typeof(CallerView))]
[JsonSerializable(typeof(AdminPage<OrganizationView>))]
[JsonSerializable(typeof(AdminPage<UserView>))]
[JsonSerializable(typeof(AdminPage<RoleView>))]
[JsonSerializable(typeof(AdminPage<LocationView>))]
[JsonSerializable(typeof(AdminPage<SolutionView>))]
[JsonSerializable(typeof(AdminPage<ServiceClientView>))]
[JsonSerializable(typeof(SavedViewDraft))]
[JsonSerializable(typeof(AdminPage<SavedView>))]
[JsonSerializable(typeof(AdminPage<string>))]
public sealed partial class AdminJson : JsonSerializerContext;

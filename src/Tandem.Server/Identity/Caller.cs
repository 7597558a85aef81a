using System.Collections.Immutable;

namespace Tandem.Server.Identity;

/// <summary>A role that a user or service client holds in its organization.</summary>
internal enum Role
{
    /// <summary>Sees and changes every referral of the scope (B2).</summary>
    ReferralsAdmin,

    /// <summary>Sees and changes the referrals he created or is in the team of (B3).</summary>
    ReferralsUser,

    /// <summary>Edits business profiles; no access to referrals.</summary>
    BusinessProfileAdmin,

    /// <summary>No access to referrals unless the installation switches the older behaviour on (B9).</summary>
    GlobalAdmin,

    /// <summary>Manages its organization's people, roles, locations and solutions (B11).</summary>
    AccountAdmin,

    /// <summary>Manages the organizations of the installation.</summary>
    Operator,

    /// <summary>May register webhooks (W3).</summary>
    BillingAdmin,

    /// <summary>May register webhooks (W3).</summary>
    AdminAgent,

    /// <summary>May register webhooks (W3).</summary>
    SalesAgent,

    /// <summary>May register webhooks (W3).</summary>
    HelpdeskAgent,
}

/// <summary>A role, for the entire company or for one partner location (B6).</summary>
internal readonly record struct RoleGrant(Role Role, string? MpnId);

/// <summary>Who asks. Every query starts from it.</summary>
internal sealed record Caller
{
    public required string OrganizationId { get; init; }

    public required string OrganizationName { get; init; }

    /// <summary>The user, or the service client.</summary>
    public required Guid UserId { get; init; }

    public required string Name { get; init; }

    /// <summary>E-mail address and user principal name, lower-case; team membership compares with them (B5).</summary>
    public required ImmutableArray<string> Emails { get; init; }

    public required ImmutableArray<RoleGrant> Roles { get; init; }

    /// <summary>The client that the token was given to; null when it is not known.</summary>
    public string? ClientId { get; init; }

    /// <summary>An application-only token: no user behind it (R9).</summary>
    public bool IsApplication { get; init; }

    public string? Email => Emails.IsEmpty ? null : Emails[0];

    public bool Has(Role role)
    {
        foreach (var grant in Roles)
        {
            if (grant.Role == role)
                return true;
        }

        return false;
    }

    /// <summary>Whether the user holds one of the two roles that open the Referrals API (B1).</summary>
    public bool HasReferralRole => Has(Role.ReferralsAdmin) || Has(Role.ReferralsUser);

    /// <summary>A Referrals admin whose scope is the entire company.</summary>
    public bool IsCompanyAdmin => Roles.Any(r => r is { Role: Role.ReferralsAdmin, MpnId: null });

    /// <summary>Locations that a location-bound Referrals admin sees.</summary>
    public IEnumerable<string> AdminLocations =>
        Roles.Where(r => r is { Role: Role.ReferralsAdmin, MpnId: not null }).Select(r => r.MpnId!);

    /// <summary>Set by <see cref="Http.CallerGate"/> before a handler runs.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<Caller>());
}

using System.Collections.Immutable;
using System.Security.Claims;
using OpenIddict.Abstractions;
using Tandem.Server.Organizations;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Tandem.Server.Identity;

/// <summary>What a token is given out for: the person or application behind it, and the service it is meant for.</summary>
internal static class Grant
{
    /// <summary>Parameter that carries the scopes asked for when a code or refresh token is turned in.</summary>
    public const string AskedScope = "asked_scope";

    private static readonly ImmutableArray<string> AboutThePerson = [Scopes.OpenId, Scopes.Profile, Scopes.Email, Scopes.OfflineAccess, Scopes.Address, Scopes.Phone];

    // The identity token introduces the person; rights are the access token's business.
    private static readonly ImmutableArray<string> InIdentityToken =
        [Claims.Subject, Claims.Name, Claims.Email, Claims.PreferredUsername, "oid", "tid", "upn", "ver"];

    /// <summary>
    /// The service that scopes name: <c>X/.default</c> and <c>X/user_impersonation</c> are for X; scopes that name none
    /// are for the Referrals API (R10).
    /// </summary>
    public static string AudienceOf(IEnumerable<string> scopes)
    {
        foreach (var scope in scopes)
        {
            // A lone https://host names a service no scope of which is asked for; its slashes are not the separator.
            var end = scope.LastIndexOf('/');
            if (end > 0 && scope[..end] is var service && !service.EndsWith(':') && !service.EndsWith(":/", StringComparison.Ordinal))
                return service;
        }

        return AcceptedAudiences.Default;
    }

    /// <summary>Scopes of the new token: those about the person add up, another service replaces the first.</summary>
    public static ImmutableArray<string> Combine(ImmutableArray<string> granted, string? asked)
    {
        var wanted = asked?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var services = wanted.Except(AboutThePerson).ToList();
        return [.. granted.Where(s => services.Count == 0 || AboutThePerson.Contains(s)).Concat(wanted).Distinct()];
    }

    public static ClaimsPrincipal To(
        User user, Organization organization, string? clientId, ImmutableArray<string> scopes, IssuerRequest issuer)
    {
        var identity = Identity(clientId, scopes, issuer)
            .SetClaim(Claims.Subject, user.Id.ToString())
            .SetClaim("oid", user.Id.ToString())
            .SetClaim("tid", TenantOf(organization, issuer.Tenant))
            .SetClaim(Claims.Name, user.Name)
            .SetClaim("upn", user.Email)
            .SetClaim("unique_name", user.Email)
            .SetClaim(Claims.Email, user.Email)
            .SetClaim(Claims.PreferredUsername, user.Email)
            .SetClaim("scp", "user_impersonation")
            .SetClaim("idtyp", "user")
            .SetClaims("roles", [.. user.Roles.Select(r => r.Role.ToString()).Distinct()]);
        return Principal(identity);
    }

    public static ClaimsPrincipal ToApplication(
        string clientId, string? tenantId, IEnumerable<Role> roles, ImmutableArray<string> scopes, IssuerRequest issuer)
    {
        var identity = Identity(clientId, scopes, issuer)
            .SetClaim(Claims.Subject, clientId)
            .SetClaim("oid", clientId)
            .SetClaim("tid", tenantId)
            .SetClaim("idtyp", "app")
            .SetClaims("roles", [.. roles.Select(r => r.ToString())]);
        return Principal(identity);
    }

    /// <summary>The tenant of the request when it is the organization's, else the organization's first.</summary>
    public static string TenantOf(Organization organization, string? asked) =>
        (organization.Tenants.Find(t => t.Id.Equals(asked, StringComparison.OrdinalIgnoreCase)) ?? organization.Tenants.FirstOrDefault())?.Id
            ?? organization.Id;

    private static ClaimsIdentity Identity(string? clientId, ImmutableArray<string> scopes, IssuerRequest issuer)
    {
        issuer.Audience = AudienceOf(scopes);
        return new ClaimsIdentity("Tandem", Claims.Name, "roles")
            .SetScopes(scopes)
            .SetResources(issuer.Audience)
            .SetClaim("appid", clientId)
            .SetClaim(Claims.AuthorizedParty, clientId)
            .SetClaim("ver", issuer.IsVersion1 ? "1.0" : "2.0");
    }

    private static ClaimsPrincipal Principal(ClaimsIdentity identity)
    {
        identity.SetDestinations(claim => InIdentityToken.Contains(claim.Type)
            ? [Destinations.AccessToken, Destinations.IdentityToken]
            : [Destinations.AccessToken]);
        return new ClaimsPrincipal(identity);
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Tandem.Server.Http;
using Tandem.Server.Organizations;

namespace Tandem.Server.Identity;

/// <summary>Turns the bearer token of a request into a <see cref="Caller"/> (R8–R11).</summary>
internal sealed class CallerResolver(
    TokenProof proof,
    ProvenTokens proven,
    AcceptedAudiences audiences,
    OrganizationDirectory directory,
    IOptions<TandemOptions> tandem,
    IOptions<IdentityOptions> identity,
    TimeProvider clock)
{
    private const string Scheme = "Bearer ";

    /// <summary>How long another node's revocation may go unnoticed.</summary>
    private static readonly TimeSpan BetweenChecks = TimeSpan.FromSeconds(30);

    // Another server's clock may be ahead of ours.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private readonly bool _isEmulator = tandem.Value.IsEmulator;
    private readonly bool _globalAdminSeesReferrals = identity.Value.GlobalAdminSeesReferrals;

    public static Refusal Unauthenticated(string message) => new(StatusCodes.Status401Unauthorized, null, "Authorization", message);

    public ValueTask<Outcome<Caller>> Resolve(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.AsSpan(Scheme.Length).IsWhiteSpace())
            return ValueTask.FromResult<Outcome<Caller>>(Missing(header));

        var token = header.AsSpan(Scheme.Length).Trim();
        // No JSON Web Token contains this character, and every e-mail address does.
        if (_isEmulator && token.Contains('@'))
            return ValueTask.FromResult(ByEmail(token.ToString()));

        return proven.TryGet(token, out var known) && clock.GetUtcNow() - known.CheckedAt < BetweenChecks
            ? ValueTask.FromResult(Answer(known, context))
            : Prove(token.ToString(), known, context);
    }

    private async ValueTask<Outcome<Caller>> Prove(string token, ProvenToken? known, HttpContext context)
    {
        var cancellation = context.RequestAborted;
        if (known is not null)
        {
            if (!await proof.IsRevoked(known, cancellation))
                return Answer(known, context);
            proven.Remove(token);
            return Unauthenticated("The access token was revoked; sign in again.");
        }

        var outcome = await proof.Prove(token, cancellation);
        if (!outcome.Succeeded(out var fresh, out var refusal))
            return refusal;

        var answer = Answer(fresh, context);
        // What has ended already is not worth a place.
        if (clock.GetUtcNow() < fresh.ExpiresAt)
            proven.Add(token, fresh);
        return answer;
    }

    private Outcome<Caller> Answer(ProvenToken token, HttpContext context)
    {
        var now = clock.GetUtcNow();
        if (now >= token.ExpiresAt)
        {
            return Unauthenticated(
                $"The access token expired at {token.ExpiresAt.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}; request a new one, or use the refresh token.");
        }

        if (now + ClockSkew < token.NotBefore)
            return Unauthenticated("The access token is not valid yet; set the clocks of the two servers.");
        if (!token.HasFixedAudience && !audiences.NameHost(token.Audiences, context.Request.Host))
        {
            return Unauthenticated("The access token has the wrong audience: it is meant for another service. "
                + $"Request it with scope {AcceptedAudiences.Default}/.default, or with resource {AcceptedAudiences.Default} at a version 1 endpoint.");
        }

        var snapshot = directory.Current;
        if (token.Resolved is not { } resolved || !ReferenceEquals(resolved.Directory, snapshot))
            token.Resolved = resolved = new ResolvedCaller(snapshot, CallerOf(token, snapshot));
        return resolved.Caller;
    }

    private Refusal Missing(string header) => Unauthenticated(
        (header.Length == 0
            ? "The request carries no access token. Send the header Authorization: Bearer <token>, with a token of /organizations/oauth2/v2.0/token"
            : "The Authorization header is malformed. Send Authorization: Bearer <token>, with a token of /organizations/oauth2/v2.0/token")
        + (_isEmulator ? ", or with the e-mail address of an emulator's user, such as alice@contoso.example." : "."));

    private Outcome<Caller> ByEmail(string email) =>
        directory.Current.UserByEmail(email) is { } user && directory.Current.CallerOf(user) is { } caller
            ? WithOlderRights(caller)
            : Unauthenticated("No enabled user of the emulator has this e-mail address; see its sign-in page for those there are.");

    private Outcome<Caller> CallerOf(ProvenToken token, DirectorySnapshot snapshot) =>
        token.Provider is { } provider ? Foreign(token, provider, snapshot) : Own(token, snapshot);

    private Outcome<Caller> Own(ProvenToken token, DirectorySnapshot snapshot)
    {
        if (token.SaysApplication)
        {
            if (!_isEmulator)
                return ServiceClient(token, null, snapshot);
            return OrganizationNamed(token.TenantId, snapshot) is { } organization
                ? Application(token, organization, [])
                : Refusal.Forbidden("Authorization", "roleRequired",
                    "The application-only token names no organization; request it at /{tenant}/oauth2/v2.0/token with the organization's tenant.");
        }

        // Everything but the person's id is read afresh, so that an administrator's change takes effect at once.
        return Guid.TryParse(token.ObjectId, out var id) && snapshot.User(id) is { } user && snapshot.CallerOf(user) is { } caller
            ? WithOlderRights(caller with { ClientId = token.ClientId })
            : Unauthenticated("The access token's user is disabled or no longer in the directory; sign in as another user.");
    }

    private Outcome<Caller> Foreign(ProvenToken token, ProviderOptions provider, DirectorySnapshot snapshot)
    {
        // A provider that is bound to an organization speaks for no other, whatever its tokens claim.
        var organization = provider.Organization is { } bound
            ? snapshot.Organization(bound)
            : token.TenantId is { } tenant ? snapshot.OrganizationOfTenant(tenant) : null;
        if (organization is null)
        {
            return Refusal.Forbidden("Authorization", "organizationUnknown",
                "The access token's directory tenant belongs to no organization here; an operator adds it to one.");
        }

        if (UserOf(token, organization, snapshot) is { } user)
        {
            return snapshot.CallerOf(user) is { } known
                ? WithOlderRights(known with
                {
                    ClientId = token.ClientId,
                    Emails = [.. known.Emails.Concat(token.Emails).Distinct(StringComparer.Ordinal)],
                    Roles = [.. known.Roles.Concat(token.Roles.Select(r => new RoleGrant(r, null))).Distinct()],
                })
                : Unauthenticated("The access token's user is disabled here; an account administrator can enable the user.");
        }

        if (token.SaysApplication || token.Emails.Count == 0)
            return _isEmulator ? Application(token, organization, []) : ServiceClient(token, organization, snapshot);

        return WithOlderRights(new Caller
        {
            OrganizationId = organization.Id,
            OrganizationName = organization.Name,
            UserId = StableId(token),
            Name = token.Name ?? token.Emails[0],
            Emails = [.. token.Emails],
            ClientId = token.ClientId,
            Roles = [.. token.Roles.Select(r => new RoleGrant(r, null))],
        });
    }

    private static User? UserOf(ProvenToken token, Organization organization, DirectorySnapshot snapshot)
    {
        if (token.ObjectId is { } id && snapshot.UserByExternalId(organization.Id, id) is { } known)
            return known;
        foreach (var email in token.Emails)
        {
            // An address may have passed to another person, whose object id then differs.
            if (snapshot.UserByEmail(email) is { ExternalId: null } user && user.OrganizationId == organization.Id)
                return user;
        }

        return null;
    }

    private static Outcome<Caller> ServiceClient(ProvenToken token, Organization? organization, DirectorySnapshot snapshot)
    {
        if (Guid.TryParse(token.ClientId, out var id) && snapshot.Client(id) is { } client
            && (organization is null || client.OrganizationId == organization.Id)
            && snapshot.Organization(client.OrganizationId) is { } owner)
        {
            return Application(token, owner, [new RoleGrant(client.Role, client.MpnId)]) with { UserId = client.Id, Name = client.Name };
        }

        return Refusal.Forbidden("Authorization", "roleRequired",
            "The application-only token belongs to no service client of an organization; an account administrator creates one.");
    }

    private static Caller Application(ProvenToken token, Organization organization, ImmutableArray<RoleGrant> roles) => new()
    {
        OrganizationId = organization.Id,
        OrganizationName = organization.Name,
        UserId = StableId(token),
        Name = token.ClientId ?? "application",
        Emails = [],
        Roles = roles,
        ClientId = token.ClientId,
        IsApplication = true,
    };

    private static Organization? OrganizationNamed(string? tenant, DirectorySnapshot snapshot) =>
        tenant is null ? null : snapshot.OrganizationOfTenant(tenant) ?? snapshot.Organization(tenant);

    private Caller WithOlderRights(Caller caller) => _globalAdminSeesReferrals && caller.Has(Role.GlobalAdmin)
        ? caller with { Roles = caller.Roles.Add(new RoleGrant(Role.ReferralsAdmin, null)) }
        : caller;

    // Somebody the directory does not list stays the same somebody from token to token.
    private static Guid StableId(ProvenToken token) => Guid.TryParse(token.ObjectId, out var id)
        ? id
        : new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"{token.Issuer}|{token.ObjectId ?? token.ClientId}")).AsSpan(0, 16));
}

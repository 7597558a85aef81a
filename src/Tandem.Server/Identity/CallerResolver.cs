using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Tandem.Server.Http;
using Tandem.Server.Organizations;

namespace Tandem.Server.Identity;

/// <summary>Turns the bearer token of a request into a <see cref="Caller"/> (R8–R10).</summary>
internal sealed class CallerResolver(
    OrganizationDirectory directory, TokenCheck tokens, IOptions<TandemOptions> tandem, IOptions<IdentityOptions> identity)
{
    private const string Scheme = "Bearer ";
    private readonly TandemOptions _tandem = tandem.Value;
    private readonly IdentityOptions _identity = identity.Value;

    public async ValueTask<Outcome<Caller>> Resolve(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.Length == Scheme.Length)
            return Unauthenticated("The request has no bearer token; send Authorization: Bearer <token>.");

        var token = header[Scheme.Length..].Trim();
        var now = directory.Current;
        if (_tandem.IsEmulator && token.Contains('@'))
        {
            // So that one curl line works; never outside the emulator.
            return now.UserByEmail(token) is { } seeded && now.CallerOf(seeded) is { } shortcut
                ? Widen(shortcut)
                : Unauthenticated("The emulator knows no such user; send the e-mail address of a seeded user, or a token.");
        }

        var (valid, fault) = await tokens.Check(token, context.RequestAborted);
        if (valid is null)
        {
            return Unauthenticated(fault switch
            {
                TokenFault.Expired => "The token has expired; ask for a new one.",
                TokenFault.Malformed => "The bearer token is not a JSON Web Token; send the access_token of a token answer.",
                TokenFault.Revoked => "The token was revoked; sign in again.",
                _ => "The token was not signed by an issuer that this server trusts; ask this server's issuer, or the configured provider, for one.",
            });
        }

        if (!valid.Audiences.Any(a => TokenAudience.IsAccepted(a, context.Request, _identity, _tandem.PublicUrl)))
            return Unauthenticated($"The token is for another audience; ask for one with the resource {TokenAudience.Default}, or with this server's address.");
        return CallerOf(valid, now) is { } caller
            ? Widen(caller)
            : Unauthenticated("The token names nobody of this exchange; an account administrator adds people and directory tenants.");
    }

    private Caller? CallerOf(ValidToken token, DirectorySnapshot now)
    {
        if (token.IsApplication)
            return Application(token, now);

        var organization = token.TenantId is { } tenant ? now.OrganizationOfTenant(tenant)
            : token.IsExternal && _identity.Organization is { } configured ? now.Organization(configured)
            : null;
        if (organization is null)
            return null;

        // A person is who the directory says, however the provider names him.
        var user = Known(token, organization, now);
        var known = user is null ? null : now.CallerOf(user);
        if (user is not null && known is null)
            return null;
        var claimed = token.Roles.Select(RoleNames.Read).OfType<Role>().Select(r => new RoleGrant(r, null)).ToImmutableArray();
        if (known is not null)
        {
            return known with
            {
                Emails = [.. known.Emails.Union(token.Emails)],
                Roles = claimed.IsEmpty ? known.Roles : [.. known.Roles.Union(claimed)],
            };
        }

        return claimed.IsEmpty || token.ObjectId is null ? null : new Caller
        {
            OrganizationId = organization.Id,
            OrganizationName = organization.Name,
            UserId = StableId(token.ObjectId),
            Name = token.Name ?? token.Emails.FirstOrDefault() ?? "Unnamed user",
            Emails = token.Emails,
            Roles = claimed,
        };
    }

    private static User? Known(ValidToken token, Organization organization, DirectorySnapshot now)
    {
        var user = token.ObjectId is { } oid
            ? now.UserByExternalId(organization.Id, oid) ?? (!token.IsExternal && Guid.TryParse(oid, out var id) ? now.User(id) : null)
            : null;
        user ??= token.Emails.Select(now.UserByEmail).FirstOrDefault(u => u is not null);
        return user?.OrganizationId == organization.Id ? user : null;
    }

    private Caller? Application(ValidToken token, DirectorySnapshot now)
    {
        if (!_tandem.IsEmulator && Guid.TryParse(token.ClientId, out var id) && now.Client(id) is { } client
            && now.Organization(client.OrganizationId) is { } owner)
        {
            return new Caller
            {
                OrganizationId = owner.Id,
                OrganizationName = owner.Name,
                UserId = client.Id,
                Name = client.Name,
                Emails = [],
                Roles = [new RoleGrant(client.Role, client.MpnId)],
                IsApplication = true,
            };
        }

        // Somebody, but without a role: the Referrals API says 403, not 401 (R9, B10).
        var organization = token.TenantId is { } tenant ? now.OrganizationOfTenant(tenant) : null;
        return new Caller
        {
            OrganizationId = organization?.Id ?? "",
            OrganizationName = organization?.Name ?? "",
            UserId = StableId(token.ClientId ?? ""),
            Name = "Application",
            Emails = [],
            Roles = [],
            IsApplication = true,
        };
    }

    // Editions before 2024 let Global admins in; an installation may keep that (B9).
    private Caller Widen(Caller caller) => _identity.GlobalAdminSeesReferrals && caller.Has(Role.GlobalAdmin)
        ? caller with { Roles = caller.Roles.Add(new RoleGrant(Role.ReferralsAdmin, null)) }
        : caller;

    private static Guid StableId(string text) =>
        Guid.TryParse(text, out var id) ? id : new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));

    private static Refusal Unauthenticated(string message) =>
        new(StatusCodes.Status401Unauthorized, null, "Authorization", message);
}

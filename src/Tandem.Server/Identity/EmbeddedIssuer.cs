using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Tandem.Server.Organizations;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Tandem.Server.Identity;

/// <summary>
/// What OpenIddict leaves to us: who the user is, and what stands in his token. Tokens look like Entra ID's.
/// </summary>
internal static class EmbeddedIssuer
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;
    private static readonly PasswordHasher<string> Hasher = new();

    // Checked when there is no such user, so that an unknown name takes as long as a wrong password.
    private static readonly Lazy<string> NobodysHash = new(() => Hasher.HashPassword("", Guid.NewGuid().ToString()));

    public static void MapIdentity(this IEndpointRouteBuilder routes)
    {
        foreach (var version in new[] { "/oauth2/v2.0", "/oauth2" })
        {
            routes.MapPost($"{version}/token", Exchange).ExcludeFromDescription().DisableAntiforgery();
            routes.MapMethods($"{version}/authorize", ["GET", "POST"], Authorize).ExcludeFromDescription().DisableAntiforgery();
        }

        routes.MapGet("/oauth2/deviceauth", ShowDevice).ExcludeFromDescription();
        routes.MapPost("/oauth2/deviceauth", ConfirmDevice).ExcludeFromDescription().DisableAntiforgery();
        routes.MapGet("/oauth2/signin", ShowSignIn).ExcludeFromDescription();
        routes.MapPost("/oauth2/signin", SignIn).ExcludeFromDescription().DisableAntiforgery();
        routes.MapGet("/oauth2/v2.0/logout", (Delegate)SignOut).ExcludeFromDescription();
    }

    private static async Task<IResult> Exchange(
        HttpContext context, OrganizationDirectory directory, IOptions<TandemOptions> tandem)
    {
        var request = context.GetOpenIddictServerRequest()
            ?? throw new InvalidOperationException("The issuer did not read the request.");
        var now = directory.Current;
        if (request.IsPasswordGrantType())
        {
            return CheckPassword(now, request.Username, request.Password) is { } user
                ? Results.SignIn(Describe(user, now, request, isRefreshable: true), authenticationScheme: Scheme)
                : Deny("The user name or password is wrong.");
        }

        if (request.IsClientCredentialsGrantType())
            return Results.SignIn(DescribeApplication(context, request, now, tandem.Value), authenticationScheme: Scheme);

        // A code, a device code or a refresh token: who signed in then is asked for again, in the directory of today.
        var earlier = await context.AuthenticateAsync(Scheme);
        return Guid.TryParse(earlier.Principal?.GetClaim(Claims.Subject), out var id) && now.User(id) is { IsEnabled: true } known
            ? Results.SignIn(Renew(earlier.Principal, known, now, request), authenticationScheme: Scheme)
            : Deny("The user may not sign in any more.");
    }

    private static async Task<IResult> Authorize(HttpContext context, OrganizationDirectory directory)
    {
        var request = context.GetOpenIddictServerRequest()
            ?? throw new InvalidOperationException("The issuer did not read the request.");
        var user = await SignedIn(context, directory);
        if (user is null || request.HasPromptValue(PromptValues.Login))
        {
            if (request.HasPromptValue(PromptValues.None))
                return Deny("Nobody is signed in.", Errors.LoginRequired);
            // Signed in anew once, not in a circle.
            var parameters = request.GetParameters().Where(p => p.Key != Parameters.Prompt)
                .Select(p => KeyValuePair.Create(p.Key, (string?)p.Value));
            return Results.Redirect(SignInAddress(context, context.Request.Path + QueryString.Create(parameters)));
        }

        return Results.SignIn(Describe(user, directory.Current, request, isRefreshable: false), authenticationScheme: Scheme);
    }

    private static async Task<IResult> ShowDevice(HttpContext context, OrganizationDirectory directory, IAntiforgery antiforgery)
    {
        var user = await SignedIn(context, directory);
        if (user is null)
            return Results.Redirect(SignInAddress(context, context.Request.Path + context.Request.QueryString));
        var code = context.Request.Query[Parameters.UserCode].ToString();
        var attempt = code.Length > 0 ? await context.AuthenticateAsync(Scheme) : null;
        var isKnown = attempt?.Succeeded == true && attempt.Principal.GetClaim(Claims.ClientId) is not null;
        return IssuerPages.Device(user, isKnown ? code : "", attempt is not null && !isKnown, Token(antiforgery, context));
    }

    private static async Task<IResult> ConfirmDevice(HttpContext context, OrganizationDirectory directory, IAntiforgery antiforgery)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
            return IssuerPages.Message("This form is no longer valid", "Go back, load the page again and repeat.", StatusCodes.Status400BadRequest);
        var user = await SignedIn(context, directory);
        if (user is null)
            return Results.Redirect(SignInAddress(context, context.Request.Path));
        var attempt = await context.AuthenticateAsync(Scheme);
        if (attempt is not { Succeeded: true, Principal: { } device } || device.GetClaim(Claims.ClientId) is null)
            return IssuerPages.Device(user, "", wasWrong: true, Token(antiforgery, context));

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        if (form["answer"] == "deny")
        {
            return Results.Forbid(
                new AuthenticationProperties { RedirectUri = $"{context.Request.PathBase}/oauth2/signin?done=denied" }, [Scheme]);
        }

        var principal = Describe(user, directory.Current, new OpenIddictRequest { Scope = string.Join(' ', device.GetScopes()) }, isRefreshable: false);
        return Results.SignIn(principal,
            new AuthenticationProperties { RedirectUri = $"{context.Request.PathBase}/oauth2/signin?done=device" }, Scheme);
    }

    private static IResult ShowSignIn(
        HttpContext context, OrganizationDirectory directory, IAntiforgery antiforgery, IOptions<TandemOptions> tandem, string? returnUrl, string? done) =>
        done switch
        {
            "device" => IssuerPages.Message("You are signed in on the device", "You can close this page.", StatusCodes.Status200OK),
            "denied" => IssuerPages.Message("The device was not signed in", "You can close this page.", StatusCodes.Status200OK),
            "out" => IssuerPages.Message("You are signed out", "You can close this page.", StatusCodes.Status200OK),
            _ => IssuerPages.SignIn(returnUrl ?? "", "", false, Offered(directory, tandem.Value), Token(antiforgery, context)),
        };

    private static async Task<IResult> SignIn(
        HttpContext context, OrganizationDirectory directory, IAntiforgery antiforgery, IOptions<TandemOptions> tandem)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
            return IssuerPages.Message("This form is no longer valid", "Go back, load the page again and repeat.", StatusCodes.Status400BadRequest);
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var (name, returnUrl) = (form["username"].ToString(), form["returnUrl"].ToString());
        // The emulator's people have no secrets: one click is enough.
        var chosen = tandem.Value.IsEmulator ? form["choose"].ToString() : "";
        var user = chosen.Length > 0 ? directory.Current.UserByEmail(chosen) : CheckPassword(directory.Current, name, form["password"]);
        if (user is not { IsEnabled: true })
            return IssuerPages.SignIn(returnUrl, name, true, Offered(directory, tandem.Value), Token(antiforgery, context));

        var identity = new ClaimsIdentity([new Claim(Claims.Subject, user.Id.ToString())], IdentitySetup.Cookie);
        await context.SignInAsync(IdentitySetup.Cookie, new ClaimsPrincipal(identity));
        return IsLocal(returnUrl) ? Results.Redirect(returnUrl) : IssuerPages.Message($"You are signed in as {user.Name}", "You can close this page.", StatusCodes.Status200OK);
    }

    private static async Task<IResult> SignOut(HttpContext context)
    {
        await context.SignOutAsync(IdentitySetup.Cookie);
        return Results.Redirect($"{context.Request.PathBase}/oauth2/signin?done=out");
    }

    /// <summary>The user whose password it is; takes as long for a name that nobody has.</summary>
    private static User? CheckPassword(DirectorySnapshot directory, string? name, string? password)
    {
        var user = directory.UserByEmail((name ?? "").Trim());
        var result = Hasher.VerifyHashedPassword("", user?.PasswordHash ?? NobodysHash.Value, password ?? "");
        return result != PasswordVerificationResult.Failed && user is { IsEnabled: true, PasswordHash: not null } ? user : null;
    }

    private static async Task<User?> SignedIn(HttpContext context, OrganizationDirectory directory)
    {
        var cookie = await context.AuthenticateAsync(IdentitySetup.Cookie);
        return Guid.TryParse(cookie.Principal?.FindFirst(Claims.Subject)?.Value, out var id) && directory.Current.User(id) is { IsEnabled: true } user
            ? user
            : null;
    }

    private static ClaimsPrincipal Describe(User user, DirectorySnapshot directory, OpenIddictRequest request, bool isRefreshable)
    {
        var identity = NewIdentity()
            .SetClaim(Claims.Subject, user.Id.ToString())
            .SetClaim("oid", user.Id.ToString())
            .SetClaim("tid", directory.Organization(user.OrganizationId)?.Tenants.FirstOrDefault()?.Id ?? user.OrganizationId)
            .SetClaim(Claims.Name, user.Name)
            .SetClaim(Claims.Email, user.Email)
            .SetClaim("upn", user.Email)
            .SetClaim(Claims.PreferredUsername, user.Email)
            .SetClaim("scp", "user_impersonation")
            .SetClaim("ver", "1.0");
        // Version 1 and the password grant hand out refresh tokens without being asked.
        var isV1 = request["resource"] is not null || isRefreshable;
        identity.SetScopes(isV1 ? request.GetScopes().Add(Scopes.OfflineAccess) : request.GetScopes());
        identity.SetResources(TokenAudience.Of(request));
        return Finish(identity, request);
    }

    private static ClaimsPrincipal Renew(ClaimsPrincipal earlier, User user, DirectorySnapshot directory, OpenIddictRequest request)
    {
        var principal = Describe(user, directory, request, isRefreshable: false);
        principal.SetScopes(earlier.GetScopes());
        // Without a word about the audience the earlier one stays; another may be asked for, as at Entra ID.
        var asks = request["resource"] is not null || request.GetScopes().Any(s => s.Contains('/'));
        if (!asks && !earlier.GetResources().IsEmpty)
            principal.SetResources(earlier.GetResources());
        // What belongs to the family of tokens stays with it.
        if (earlier.GetAuthorizationId() is { } family)
            principal.SetAuthorizationId(family);
        return principal;
    }

    private static ClaimsPrincipal DescribeApplication(
        HttpContext context, OpenIddictRequest request, DirectorySnapshot directory, TandemOptions tandem)
    {
        var client = Guid.TryParse(request.ClientId, out var id) && !tandem.IsEmulator ? directory.Client(id) : null;
        var tenant = client is not null
            ? directory.Organization(client.OrganizationId)?.Tenants.FirstOrDefault()?.Id ?? client.OrganizationId
            : context.Request.PathBase.Value?.Trim('/');
        var identity = NewIdentity()
            .SetClaim(Claims.Subject, request.ClientId ?? "anonymous")
            .SetClaim("idtyp", "app")
            .SetClaim("ver", "1.0");
        if (!string.IsNullOrEmpty(tenant))
            identity.SetClaim("tid", tenant);
        identity.SetResources(TokenAudience.Of(request));
        return Finish(identity, request);
    }

    private static ClaimsIdentity NewIdentity() => new(Scheme, Claims.Name, Claims.Role);

    private static ClaimsPrincipal Finish(ClaimsIdentity identity, OpenIddictRequest request)
    {
        if (request.ClientId is { Length: > 0 } client)
            identity.SetClaim("appid", client).SetClaim("azp", client);
        identity.SetDestinations(static _ => [Destinations.AccessToken, Destinations.IdentityToken]);
        return new ClaimsPrincipal(identity);
    }

    private static IResult Deny(string description, string error = Errors.InvalidGrant) => Results.Forbid(
        new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
        }), [Scheme]);

    private static IEnumerable<User> Offered(OrganizationDirectory directory, TandemOptions tandem) =>
        tandem.IsEmulator ? directory.Current.Users.OrderBy(u => u.Email).Take(24) : [];

    private static string SignInAddress(HttpContext context, string returnUrl) =>
        $"{context.Request.PathBase}/oauth2/signin{QueryString.Create("returnUrl", context.Request.PathBase + returnUrl)}";

    private static AntiforgeryTokenSet Token(IAntiforgery antiforgery, HttpContext context) => antiforgery.GetAndStoreTokens(context);

    // Never to another site: a path of ours, not "//elsewhere" or "/\elsewhere".
    private static bool IsLocal(string url) =>
        url.Length > 1 && url[0] == '/' && url[1] is not ('/' or '\\') && !url.Any(char.IsControl);
}

using System.Collections.Immutable;
using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Tandem.Server.Organizations;
using Tandem.Web;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Tandem.Server.Identity;

/// <summary>
/// The embedded issuer's endpoints. OpenIddict has checked the protocol when a request arrives here; what remains is to
/// find out who the person is, and what the token is for.
/// </summary>
internal static class IssuerEndpoints
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    // What the pages themselves post; the rest of a form is the client's request.
    private static readonly ImmutableArray<string> OwnFields = ["email", "secret", "account", "answer", "__RequestVerificationToken"];

    public static void MapIssuer(this IEndpointRouteBuilder routes)
    {
        string[] pages = [HttpMethods.Get, HttpMethods.Post];
        routes.MapMethods(IssuerRequest.Authorize, pages, Authorize).ExcludeFromDescription();
        routes.MapPost(IssuerRequest.Token, Token).ExcludeFromDescription();
        routes.MapMethods(IssuerRequest.DeviceLogin, pages, EnterDeviceCode).ExcludeFromDescription();
        routes.MapMethods(IssuerRequest.Logout, pages, (Delegate)SignOut).ExcludeFromDescription();
    }

    private static async Task<IResult> Authorize(
        HttpContext context, IssuerRequest issuer, IAntiforgery antiforgery, Passwords passwords, OrganizationDirectory directory,
        IOpenIddictApplicationManager clients, IOptions<TandemOptions> tandem)
    {
        if (Fault(context) is { } fault)
            return fault;

        var request = context.GetOpenIddictServerRequest()!;
        if (string.IsNullOrEmpty(request.CodeChallenge) && !await MayDoWithoutProofKey(request, issuer, clients, context.RequestAborted))
            return Refuse(Errors.InvalidRequest, "PKCE is required: send code_challenge and code_challenge_method=S256.");
        if (request.HasPromptValue(PromptValues.None))
            return Refuse(Errors.LoginRequired, "Nobody is signed in here: the sign-in page has to be shown.");

        var form = HttpMethods.IsPost(context.Request.Method) ? context.Request.Form : null;
        var text = IssuerText.Of(context);
        string? told = null;
        if (form is not null && IsAnswer(form))
        {
            if (!await antiforgery.IsRequestValidAsync(context))
                told = "FormIsOld";
            else if (form["answer"] == "cancel")
                return Refuse(Errors.AccessDenied, "The person did not sign in.");
            else if (WhoIs(form, passwords, directory, tandem.Value, out told) is { } user)
                return SignIn(Grant.To(user, OrganizationOf(user, directory), request.ClientId, request.GetScopes(), issuer));
        }

        // The client's request travels through the page and comes back with the person's answer.
        var carried = (form ?? (IEnumerable<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>>)context.Request.Query)
            .Where(f => !OwnFields.Contains(f.Key)).SelectMany(f => f.Value, (f, v) => KeyValuePair.Create(f.Key, v ?? ""));
        return IssuerPages.SignIn(new SignInPage(
            text["ContinueTo", NameOf(request.ClientId)], antiforgery.GetAndStoreTokens(context), carried, Choices(directory, tandem.Value, text),
            form?["email"].ToString() ?? request.LoginHint, told is null ? null : text[told]), text);
    }

    private static async Task<IResult> Token(
        HttpContext context, IssuerRequest issuer, Passwords passwords, OrganizationDirectory directory,
        IOpenIddictTokenManager issued, IOptions<TandemOptions> tandem)
    {
        var request = context.GetOpenIddictServerRequest()!;
        var snapshot = directory.Current;
        if (request.IsClientCredentialsGrantType())
            return GrantToApplication(request, issuer, snapshot, tandem.Value);

        // A service client acts for itself, never for a person.
        if (!tandem.Value.IsEmulator && Guid.TryParse(request.ClientId, out var id) && snapshot.Client(id) is not null)
            return Refuse(Errors.UnauthorizedClient, "A service client uses the grant client_credentials only.");

        if (request.IsPasswordGrantType())
        {
            var (user, fault) = passwords.Check(request.Username, request.Password);
            return user is null
                ? Refuse(Errors.InvalidGrant, IssuerText.English[fault!])
                : SignIn(Grant.To(user, OrganizationOf(user, directory), request.ClientId, request.GetScopes(), issuer));
        }

        // A code or refresh token: the person may have left since it was given out.
        var turnedIn = await context.AuthenticateAsync(Scheme);
        if (turnedIn.Principal is not { } principal || !Guid.TryParse(principal.GetClaim(Claims.Subject), out var userId)
            || snapshot.User(userId) is not { IsEnabled: true } person || snapshot.Organization(person.OrganizationId) is not { } organization)
        {
            return Refuse(Errors.InvalidGrant, "The person is disabled or no longer in the directory; sign in again.");
        }

        // The library lets everybody pass who shows a refresh token at the same moment; here one of them does.
        if (request.IsRefreshTokenGrantType() && (await issued.FindByIdAsync(principal.GetTokenId() ?? "", context.RequestAborted) is not { } entry
            || !await issued.TryRedeemAsync(entry, context.RequestAborted)))
        {
            return Refuse(Errors.InvalidGrant, "The refresh token has been used already; sign in again.");
        }

        var scopes = Grant.Combine(principal.GetScopes(), (string?)request[Grant.AskedScope]);
        return SignIn(Grant.To(person, organization, request.ClientId, scopes, issuer));
    }

    // A person who opens the pages need not know what they call themselves.
    private static string? NameOf(string? client) =>
        WebOptions.DefaultClientId.Equals(client, StringComparison.OrdinalIgnoreCase) ? "Tandem" : client;

    private static IResult GrantToApplication(
        OpenIddictRequest request, IssuerRequest issuer, DirectorySnapshot directory, TandemOptions tandem)
    {
        var clientId = request.ClientId!;
        if (tandem.IsEmulator)
            return SignIn(Grant.ToApplication(clientId, TenantNamed(issuer.Tenant, directory), [], request.GetScopes(), issuer));

        return Guid.TryParse(clientId, out var id) && directory.Client(id) is { } client
            && directory.Organization(client.OrganizationId) is { } organization
                ? SignIn(Grant.ToApplication(clientId, Grant.TenantOf(organization, issuer.Tenant), [client.Role], request.GetScopes(), issuer))
                : Refuse(Errors.UnauthorizedClient, "Only service clients of an organization use the grant client_credentials.");
    }

    private static async Task<IResult> EnterDeviceCode(
        HttpContext context, IssuerRequest issuer, IAntiforgery antiforgery, Passwords passwords, OrganizationDirectory directory,
        IOptions<TandemOptions> tandem)
    {
        var text = IssuerText.Of(context);
        var asked = context.GetOpenIddictServerRequest()?.UserCode;
        var device = string.IsNullOrEmpty(asked) ? null : (await context.AuthenticateAsync(Scheme)).Principal;
        if (device?.GetPresenters().FirstOrDefault() is not { } client)
            return IssuerPages.DeviceCode(asked, string.IsNullOrEmpty(asked) ? null : text["CodeUnknown"], text);

        var form = HttpMethods.IsPost(context.Request.Method) ? context.Request.Form : null;
        string? told = null;
        if (form is not null && IsAnswer(form))
        {
            if (!await antiforgery.IsRequestValidAsync(context))
            {
                told = "FormIsOld";
            }
            else if (form["answer"] == "cancel")
            {
                await context.ForbidAsync(Scheme, Properties(Errors.AccessDenied, "The person declined."));
                return IssuerPages.Message(text["Declined"], text["DeclinedText"], text);
            }
            else if (WhoIs(form, passwords, directory, tandem.Value, out told) is { } user)
            {
                await context.SignInAsync(Scheme, Grant.To(user, OrganizationOf(user, directory), client, device.GetScopes(), issuer));
                return IssuerPages.Message(text["SignedIn"], text["SignedInText"], text);
            }
        }

        return IssuerPages.SignIn(new SignInPage(
            text["DeviceAsks", client, asked],
            antiforgery.GetAndStoreTokens(context), [KeyValuePair.Create(Parameters.UserCode, asked!)], Choices(directory, tandem.Value, text),
            form?["email"], told is null ? null : text[told]), text);
    }

    // No session is kept, so there is nothing to end: the client is answered, or the person is told.
    private static IResult SignOut(HttpContext context)
    {
        if (Fault(context) is { } fault)
            return fault;
        if (!string.IsNullOrEmpty(context.GetOpenIddictServerRequest()?.PostLogoutRedirectUri))
            return Results.SignOut(authenticationSchemes: [Scheme]);
        var text = IssuerText.Of(context);
        return IssuerPages.Message(text["SignedOut"], text["SignedOutText"], text);
    }

    // Version 1 clients are older than PKCE. They prove themselves with a secret when they turn the code in, which a
    // public client cannot.
    private static async ValueTask<bool> MayDoWithoutProofKey(
        OpenIddictRequest request, IssuerRequest issuer, IOpenIddictApplicationManager clients, CancellationToken cancellation) =>
        issuer.IsVersion1 && await clients.FindByClientIdAsync(request.ClientId!, cancellation) is { } client
            && await clients.HasClientTypeAsync(client, ClientTypes.Confidential, cancellation);

    private static IResult? Fault(HttpContext context)
    {
        if (context.GetOpenIddictServerResponse() is not { Error: { } error } answer)
            return null;
        var text = IssuerText.Of(context);
        return IssuerPages.Message(text["Failed"], answer.ErrorDescription ?? error, text, StatusCodes.Status400BadRequest);
    }

    // A client may post its request too; only our own page's form has an answer in it.
    private static bool IsAnswer(IFormCollection form) => form.ContainsKey("answer") || form.ContainsKey("account");

    private static User? WhoIs(
        IFormCollection form, Passwords passwords, OrganizationDirectory directory, TandemOptions tandem, out string? told)
    {
        told = null;
        if (tandem.IsEmulator && Guid.TryParse(form["account"], out var id) && directory.Current.User(id) is { IsEnabled: true } chosen)
            return chosen;
        (var user, told) = passwords.Check(form["email"], form["secret"]);
        return user;
    }

    private static IReadOnlyList<SignInChoice> Choices(OrganizationDirectory directory, TandemOptions tandem, IssuerText text)
    {
        const int Most = 20;
        var snapshot = directory.Current;
        return !tandem.IsEmulator
            ? []
            : [.. snapshot.Users.Where(u => u.IsEnabled).OrderBy(u => u.OrganizationId, StringComparer.Ordinal)
                .ThenBy(u => u.Email, StringComparer.Ordinal).Take(Most)
                .Select(u => new SignInChoice(u.Id, u.Name, u.Email, snapshot.Organization(u.OrganizationId)?.Name ?? "",
                    u.Roles.Count == 0 ? text["NoRole"] : string.Join(", ", u.Roles.Select(r => RoleNames.Write(r.Role)).Distinct())))];
    }

    private static Organization OrganizationOf(User user, OrganizationDirectory directory) =>
        directory.Current.Organization(user.OrganizationId)
            ?? throw new InvalidOperationException("A user belongs to an organization that does not exist.");

    /// <summary>The directory tenant that a tenant GUID, an organization's id or a domain names; null for <c>common</c>.</summary>
    private static string? TenantNamed(string? tenant, DirectorySnapshot directory)
    {
        if (tenant is null)
            return null;
        var organization = directory.OrganizationOfTenant(tenant) ?? directory.Organization(tenant)
            ?? (directory.Users.FirstOrDefault(u => u.Email.EndsWith("@" + tenant, StringComparison.OrdinalIgnoreCase)) is { } user
                ? directory.Organization(user.OrganizationId)
                : null);
        return organization is null ? null : Grant.TenantOf(organization, tenant);
    }

    private static IResult SignIn(ClaimsPrincipal principal) => Results.SignIn(principal, authenticationScheme: Scheme);

    private static IResult Refuse(string error, string description) =>
        Results.Forbid(Properties(error, description), [Scheme]);

    private static AuthenticationProperties Properties(string error, string description) => new(new Dictionary<string, string?>
    {
        [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
        [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
    });
}

using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Tandem.Client;

namespace Tandem.Web.SignIn;

/// <summary>Signing in by authorization code with PKCE, and the client that calls the API as the signed-in person.</summary>
internal static class SignInSetup
{
    private const string Authorize = "/oauth2/v2.0/authorize";
    private const string Logout = "/oauth2/v2.0/logout";

    public static IServiceCollection AddSignIn(this IServiceCollection services)
    {
        services.AddSingleton<ServerLoopback>();
        services.AddSingleton<SessionStore>();
        services.AddSingleton<Sessions>();
        services.AddSingleton(static provider =>
        {
            var loopback = provider.GetRequiredService<ServerLoopback>();
            return new ApiConnection(new HttpClient(loopback.CreateHandler()) { BaseAddress = loopback.Address });
        });
        services.AddScoped<Person>();
        services.AddScoped(static provider => new TandemClient(
            provider.GetRequiredService<ApiConnection>().Http, provider.GetRequiredService<Person>().AccessToken));
        services.AddCascadingAuthenticationState();
        services.AddAuthentication().AddCookie(Schemes.Session).AddOpenIdConnect(Schemes.OpenId, static _ => { });
        services.AddAuthorization(static authorization => authorization.DefaultPolicy =
            new AuthorizationPolicyBuilder(Schemes.Session).RequireAuthenticatedUser().Build());
        services.AddOptions<CookieAuthenticationOptions>(Schemes.Session).Configure<SessionStore, IOptions<WebOptions>>(SetUpSession);
        services.AddOptions<OpenIdConnectOptions>(Schemes.OpenId).Configure<ServerLoopback, IOptions<WebOptions>>(SetUpProvider);
        return services;
    }

    private static void SetUpSession(CookieAuthenticationOptions session, SessionStore sessions, IOptions<WebOptions> options)
    {
        session.SessionStore = sessions;
        session.ForwardChallenge = Schemes.OpenId;
        session.ExpireTimeSpan = options.Value.SessionLifetime;
        session.SlidingExpiration = true;
        SetUp(session.Cookie, "tandem.session");
    }

    private static void SetUpProvider(OpenIdConnectOptions provider, ServerLoopback loopback, IOptions<WebOptions> options)
    {
        var web = options.Value;
        var isOwn = web.ProviderDescription is null;
        provider.SignInScheme = Schemes.Session;
        provider.ClientId = web.ClientId;
        provider.ClientSecret = web.ClientSecret;
        provider.ResponseType = OpenIdConnectResponseType.Code;
        // An answer by form comes from another site, with which a browser sends no cookie over plain http.
        provider.ResponseMode = OpenIdConnectResponseMode.Query;
        provider.PushedAuthorizationBehavior = PushedAuthorizationBehavior.Disable;
        provider.MetadataAddress = web.ProviderDescription?.ToString() ?? new Uri(loopback.Address, ".well-known/openid-configuration").ToString();
        // Which addresses may be plain http is decided where the server's settings are checked.
        provider.RequireHttpsMetadata = false;
        provider.BackchannelHttpHandler = isOwn ? loopback.CreateHandler() : new SocketsHttpHandler();
        provider.CallbackPath = WebOptions.SignInCallback;
        provider.SignedOutCallbackPath = WebOptions.SignOutCallback;
        provider.SignedOutRedirectUri = Schemes.SignedOutPath;
        provider.MapInboundClaims = false;
        provider.TokenValidationParameters.NameClaimType = "name";
        provider.SaveTokens = true;
        provider.Scope.Clear();
        foreach (var scope in web.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            provider.Scope.Add(scope);
        SetUp(provider.CorrelationCookie, provider.CorrelationCookie.Name);
        SetUp(provider.NonceCookie, provider.NonceCookie.Name);

        provider.Events.OnTokenValidated = static context =>
        {
            ((ClaimsIdentity)context.Principal!.Identity!).AddClaim(new Claim(Sessions.Claim, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))));
            return Task.CompletedTask;
        };
        provider.Events.OnAccessDenied = TellThatItFailed;
        provider.Events.OnRemoteFailure = TellThatItFailed;
        if (!isOwn)
            return;
        // The server speaks with itself over its own port; the browser goes where it came from.
        provider.Events.OnRedirectToIdentityProvider = static context => LeadTo(context, Authorize);
        provider.Events.OnRedirectToIdentityProviderForSignOut = static context => LeadTo(context, Logout);
    }

    private static Task LeadTo(RedirectContext context, string path)
    {
        var request = context.Request;
        context.ProtocolMessage.IssuerAddress = $"{request.Scheme}://{request.Host}{request.PathBase}{path}";
        return Task.CompletedTask;
    }

    private static Task TellThatItFailed(HandleRequestContext<RemoteAuthenticationOptions> context)
    {
        context.Response.Redirect($"{context.Request.PathBase}{Schemes.SignedOutPath}?failed=true");
        context.HandleResponse();
        return Task.CompletedTask;
    }

    private static void SetUp(CookieBuilder cookie, string? name)
    {
        cookie.Name = name;
        cookie.HttpOnly = true;
        cookie.SameSite = SameSiteMode.Lax;
        cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
    }
}

/// <summary>The pages' connection to the API of their own server.</summary>
internal sealed record ApiConnection(HttpClient Http);

/// <summary>Who is signed in on this page.</summary>
internal sealed class Person(AuthenticationStateProvider authentication, Sessions sessions)
{
    public async ValueTask<string> AccessToken(CancellationToken cancellation) =>
        await sessions.AccessToken(await Session() ?? throw new SignedOutException(), cancellation);

    /// <summary>Forgets a session whose tokens the API refuses.</summary>
    public async Task SignOut()
    {
        if (await Session() is { } session)
            await sessions.End(session);
    }

    private async Task<string?> Session() => (await authentication.GetAuthenticationStateAsync()).User.FindFirstValue(Sessions.Claim);
}

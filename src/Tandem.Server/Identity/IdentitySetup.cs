using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Options;
using OpenIddict.Server;
using Tandem.Server.Storage;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Tandem.Server.Identity;

/// <summary>The embedded issuer (OpenIddict) and the check of bearer tokens, which keeps OpenIddict off the API's path.</summary>
internal static class IdentitySetup
{
    public const string Cookie = CookieAuthenticationDefaults.AuthenticationScheme;
    private const string V1Token = "/oauth2/token";

    public static IServiceCollection AddIdentity(this IServiceCollection services, bool isEmulator)
    {
        services.AddOptions<IdentityOptions>().BindConfiguration("Tandem:Identity").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<SigningKeys>();
        services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>>(p => p.GetRequiredService<SigningKeys>());
        services.AddSingleton<TokenCheck>();
        services.AddSingleton<CallerResolver>();
        services.AddScoped<IssuerClients>();
        services.AddAntiforgery(o => o.Cookie.Name = "tandem-form");
        services.AddAuthentication().AddCookie(Cookie, options =>
        {
            options.Cookie.Name = "tandem-signin";
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.ExpireTimeSpan = TimeSpan.FromHours(8);
        });
        services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<TandemDb>())
            .AddServer(server => ConfigureServer(server, isEmulator));
        services.AddSingleton(provider => PartitionedRateLimiter.Create<string, string>(client =>
            RateLimitPartition.GetFixedWindowLimiter(client, _ => new FixedWindowRateLimiterOptions
            {
                PermitLimit = provider.GetRequiredService<IOptions<IdentityOptions>>().Value.TokenRequestsPerMinute,
                Window = TimeSpan.FromMinutes(1),
            })));
        return services;
    }

    public static WebApplication UseIdentity(this WebApplication app)
    {
        // The host would add authentication for every request by itself; only the issuer's own addresses need it.
        ((IApplicationBuilder)app).Properties["__AuthenticationMiddlewareSet"] = true;
        app.UseTenantPaths();
        app.UseWhen(TenantPaths.IsIssuer, issuer => issuer
            .Use(LimitTokenRequests)
            .Use(static async (context, next) =>
            {
                await context.RequestServices.GetRequiredService<IssuerClients>().Admit(context);
                await next(context);
            })
            .UseAuthentication());
        return app;
    }

    private static void ConfigureServer(OpenIddictServerBuilder server, bool isEmulator)
    {
        server.SetTokenEndpointUris("oauth2/v2.0/token", "oauth2/token")
            .SetAuthorizationEndpointUris("oauth2/v2.0/authorize", "oauth2/authorize")
            .SetDeviceAuthorizationEndpointUris("oauth2/v2.0/devicecode", "oauth2/devicecode")
            .SetEndUserVerificationEndpointUris("oauth2/deviceauth")
            .SetRevocationEndpointUris("oauth2/v2.0/revoke")
            .SetConfigurationEndpointUris("v2.0/.well-known/openid-configuration", ".well-known/openid-configuration")
            .SetJsonWebKeySetEndpointUris("discovery/v2.0/keys", "discovery/keys");
        server.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange()
            .AllowDeviceAuthorizationFlow()
            .AllowClientCredentialsFlow()
            .AllowPasswordFlow()
            .AllowRefreshTokenFlow()
            .SetRefreshTokenReuseLeeway(TimeSpan.Zero);
        server.DisableAccessTokenEncryption();
        // A scope or resource names the API that the token is for; which one is checked where the token is used.
        server.DisableScopeValidation().DisableResourceValidation()
            .IgnoreEndpointPermissions().IgnoreGrantTypePermissions().IgnoreResponseTypePermissions()
            .IgnoreScopePermissions().IgnoreResourcePermissions();
        // Entra ID's older clients name a resource by the GUID of its application.
        server.RemoveEventHandler(OpenIddictServerHandlers.Exchange.ValidateResourceParameter.Descriptor)
            .RemoveEventHandler(OpenIddictServerHandlers.Authentication.ValidateResourceParameter.Descriptor);
        if (isEmulator)
        {
            // Any client, with any secret or none.
            server.AcceptAnonymousClients()
                .RemoveEventHandler(OpenIddictServerHandlers.ValidateClientType.Descriptor)
                .RemoveEventHandler(OpenIddictServerHandlers.ValidateClientSecret.Descriptor)
                .RemoveEventHandler(OpenIddictServerHandlers.Exchange.ValidateClientCredentialsParameters.Descriptor);
        }

        server.AddEventHandler<ApplyTokenResponseContext>(builder => builder.UseInlineHandler(SpeakV1).SetOrder(50_000));
        server.AddEventHandler<HandleRevocationRequestContext>(builder => builder.UseInlineHandler(static context =>
        {
            if (context.Transaction.GetHttpRequest() is { } request && context.Request.Token is { } token)
                request.HttpContext.RequestServices.GetRequiredService<TokenCheck>().Forget(token);
            return ValueTask.CompletedTask;
        }).SetOrder(int.MinValue + 100_000));
        server.UseAspNetCore()
            .EnableTokenEndpointPassthrough()
            .EnableAuthorizationEndpointPassthrough()
            .EnableEndUserVerificationEndpointPassthrough()
            .DisableTransportSecurityRequirement();
    }

    // Version 1 answers numbers as texts and names the resource; old clients parse them so.
    private static ValueTask SpeakV1(ApplyTokenResponseContext context)
    {
        if (context.Transaction.GetHttpRequest() is not { } request
            || !request.Path.Equals(V1Token, StringComparison.OrdinalIgnoreCase)
            || context.Response.ExpiresIn is not { } seconds)
            return ValueTask.CompletedTask;

        var now = request.HttpContext.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeSeconds();
        context.Response["expires_in"] = Text(seconds);
        context.Response["ext_expires_in"] = Text(seconds);
        context.Response["expires_on"] = Text(now + seconds);
        context.Response["not_before"] = Text(now);
        context.Response["resource"] = (string?)context.Request?["resource"] ?? TokenAudience.Default;
        return ValueTask.CompletedTask;

        static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
    }

    private static async Task LimitTokenRequests(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || !context.Request.HasFormContentType)
        {
            await next(context);
            return;
        }

        IFormCollection form;
        try
        {
            form = await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            await Refuse(StatusCodes.Status400BadRequest, "invalid_request", "The form cannot be read.");
            return;
        }

        var client = form["client_id"].ToString();
        var limiter = context.RequestServices.GetRequiredService<PartitionedRateLimiter<string>>();
        using var lease = limiter.AttemptAcquire(client.Length is > 0 and <= 200 ? client : context.Connection.RemoteIpAddress?.ToString() ?? "");
        if (lease.IsAcquired)
        {
            await next(context);
            return;
        }

        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromMinutes(1);
        context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        await Refuse(StatusCodes.Status429TooManyRequests, "temporarily_unavailable",
            "This client asks for tokens too often; keep a token until it expires.");

        Task Refuse(int status, string error, string description)
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsJsonAsync(
                new Dictionary<string, string> { ["error"] = error, ["error_description"] = description }, context.RequestAborted);
        }
    }
}

using Microsoft.Extensions.Options;
using OpenIddict.EntityFrameworkCore.Models;
using OpenIddict.Server;
using Tandem.Server.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Tandem.Server.Identity;

internal static class IdentitySetup
{
    public static IServiceCollection AddIdentity(this IServiceCollection services)
    {
        services.AddOptions<IdentityOptions>().BindConfiguration("Tandem:Identity").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IValidateOptions<IdentityOptions>, IdentityOptionsValidation>();
        services.AddSingleton<AcceptedAudiences>();
        services.AddScoped<IssuerAddress>();
        services.AddSingleton<ProvenTokens>();
        services.AddSingleton<SigningKeys>();
        services.AddSingleton<TokenProof>();
        services.AddSingleton<CallerResolver>();
        services.AddSingleton<Passwords>();
        services.AddHostedService<TokenPruning>();
        services.AddAntiforgery(options => options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest);
        // At lower levels the library tells who signs in to what.
        services.AddLogging(logging => logging.AddFilter("OpenIddict", LogLevel.Warning));
        return services.AddIssuer();
    }

    /// <summary>Answers the issuer's requests; the routes behind it see only those that need a page or a decision.</summary>
    public static IApplicationBuilder UseIdentity(this WebApplication app)
    {
        // Else the host adds its own authentication, which runs the issuer's handlers for every call of the API.
        ((IApplicationBuilder)app).Properties["__AuthenticationMiddlewareSet"] = true;
        return app.UseMiddleware<IssuerGateway>();
    }

    public static void MapIdentity(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<IdentityOptions>>().Value.EmbeddedIssuer)
            app.MapIssuer();
    }

    private static IServiceCollection AddIssuer(this IServiceCollection services)
    {
        services.AddOpenIddict()
            .AddCore(core =>
            {
                core.UseEntityFrameworkCore().UseDbContext<TandemDb>();
                core.ReplaceApplicationManager<OpenIddictEntityFrameworkCoreApplication, IssuerClients>();
                core.ReplaceTokenManager<OpenIddictEntityFrameworkCoreToken, IssuedTokenTable>();
            })
            .AddServer(server =>
            {
                server
                    .SetAuthorizationEndpointUris(Relative(IssuerRequest.Authorize))
                    .SetTokenEndpointUris(Relative(IssuerRequest.Token))
                    .SetDeviceAuthorizationEndpointUris(Relative(IssuerRequest.DeviceCode))
                    .SetEndUserVerificationEndpointUris(Relative(IssuerRequest.DeviceLogin))
                    .SetEndSessionEndpointUris(Relative(IssuerRequest.Logout))
                    .SetRevocationEndpointUris(Relative(IssuerRequest.Revoke))
                    .SetConfigurationEndpointUris(Relative(IssuerRequest.Configuration))
                    .SetJsonWebKeySetEndpointUris(Relative(IssuerRequest.Keys))
                    .AllowAuthorizationCodeFlow()
                    .AllowDeviceAuthorizationFlow()
                    .AllowClientCredentialsFlow()
                    .AllowPasswordFlow()
                    .AllowRefreshTokenFlow()
                    // A refresh token is good once; whoever shows it again has all tokens of that sign-in revoked.
                    .SetRefreshTokenReuseLeeway(null)
                    // Any service may be named; what a person may do here, the directory says, not the scope.
                    .DisableScopeValidation()
                    .DisableResourceValidation()
                    .DisableAudienceValidation()
                    .IgnoreEndpointPermissions()
                    .IgnoreGrantTypePermissions()
                    .IgnoreResponseTypePermissions()
                    .IgnoreScopePermissions()
                    .IgnoreResourcePermissions()
                    .IgnoreAudiencePermissions()
                    .DisableAccessTokenEncryption()
                    .AddIssuerHandlers();
                server.UseAspNetCore()
                    .EnableAuthorizationEndpointPassthrough()
                    .EnableTokenEndpointPassthrough()
                    .EnableEndUserVerificationEndpointPassthrough()
                    .EnableEndSessionEndpointPassthrough()
                    .EnableErrorPassthrough()
                    .SuppressJsonResponseIndentation()
                    // TLS ends at the proxy where there is one; on loopback there is none.
                    .DisableTransportSecurityRequirement();
            });
        services.AddOptions<OpenIddictServerOptions>().Configure<IOptions<IdentityOptions>>((server, identity) =>
        {
            server.AccessTokenLifetime = identity.Value.AccessTokenLifetime;
            server.RefreshTokenLifetime = identity.Value.RefreshTokenLifetime;
            server.CodeChallengeMethods.Remove(CodeChallengeMethods.Plain);
            // No client registers keys here, so none can prove itself with one.
            server.ClientAuthenticationMethods.Remove(ClientAuthenticationMethods.PrivateKeyJwt);
            server.DeviceCodeLifetime = server.UserCodeLifetime = TimeSpan.FromMinutes(15);
        });
        return services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>>(provider => provider.GetRequiredService<SigningKeys>());
    }

    private static string Relative(string address) => address.TrimStart('/');
}

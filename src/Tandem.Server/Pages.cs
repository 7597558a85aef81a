using Microsoft.Extensions.Options;
using Tandem.Server.Identity;
using Tandem.Web;
using Tandem.Web.SignIn;

namespace Tandem.Server;

/// <summary>The web application in this server: what it has to know of the settings.</summary>
internal static class Pages
{
    public static IServiceCollection AddPages(this IServiceCollection services)
    {
        services.AddWeb();
        services.AddSingleton<ISessionTable, SessionTable>();
        services.AddOptions<WebOptions>().Configure<IOptions<TandemOptions>, IOptions<IdentityOptions>>((web, tandem, identity) =>
        {
            web.PublicUrl = tandem.Value.PublicUrl;
            web.IsEmulator = tandem.Value.IsEmulator;
            // The provider that stands first; the embedded issuer where there is none, or one for each company.
            var provider = identity.Value.IsConfigured ? identity.Value
                : identity.Value.EmbeddedIssuer ? null
                : identity.Value.Providers.FirstOrDefault();
            web.ProviderDescription = provider is null ? null : new Uri(provider.DescriptionAddress());
        });
        return services;
    }
}

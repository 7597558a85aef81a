using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Tandem.Server.Identity;

/// <summary>An OpenID Connect provider whose tokens are accepted beside those of the embedded issuer.</summary>
internal class ProviderOptions
{
    /// <summary>Address whose <c>/.well-known/openid-configuration</c> describes the provider.</summary>
    public Uri? Authority { get; set; }

    /// <summary>Where the description is, when it is not below <see cref="Authority"/>.</summary>
    public Uri? MetadataAddress { get; set; }

    /// <summary>
    /// Issuers accepted beside the one that the description names; <c>{tenantid}</c> stands for the token's tenant.
    /// Entra ID's older tokens come from <c>https://sts.windows.net/{tenantid}/</c>.
    /// </summary>
    public List<string> Issuers { get; set; } = [];

    /// <summary>Audiences accepted beside the ones every installation accepts (R10).</summary>
    public List<string> Audiences { get; set; } = [];

    /// <summary>
    /// Organization of everybody who signs in there; without it the token's <c>tid</c> finds the organization, which
    /// only a provider may claim that serves all of them.
    /// </summary>
    public string? Organization { get; set; }

    public bool IsConfigured => Authority is not null || MetadataAddress is not null;

    public string DescriptionAddress() =>
        MetadataAddress?.ToString() ?? $"{Authority!.ToString().TrimEnd('/')}/.well-known/openid-configuration";
}

/// <summary>A client that people sign in with; exchange mode knows only the ones listed.</summary>
internal sealed class ClientOptions
{
    public string Id { get; set; } = "";

    public string? Name { get; set; }

    /// <summary>A client without a secret is a public one.</summary>
    public string? Secret { get; set; }

    public List<string> RedirectUris { get; set; } = [];

    public List<string> PostLogoutRedirectUris { get; set; } = [];
}

/// <summary>Settings below <c>Tandem:Identity</c>. The provider's settings stand here, further providers in a list.</summary>
internal sealed class IdentityOptions : ProviderOptions
{
    /// <summary>Further providers, such as one for each company.</summary>
    public List<ProviderOptions> Providers { get; set; } = [];

    /// <summary>Whether this server issues tokens itself.</summary>
    public bool EmbeddedIssuer { get; set; } = true;

    /// <summary>Clients that people sign in with, in exchange mode.</summary>
    public List<ClientOptions> Clients { get; set; } = [];

    /// <summary>How long an access token is good.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "1.00:00:00")]
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a refresh token is good without being used.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "365.00:00:00")]
    public TimeSpan RefreshTokenLifetime { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Token requests a minute from one client at one address.</summary>
    [Range(1, 1_000_000)]
    public int TokenRequestsPerMinute { get; set; } = 1200;

    /// <summary>Attempts a minute to sign in as one person by password; exchange mode only.</summary>
    [Range(1, 1_000_000)]
    public int PasswordAttemptsPerMinute { get; set; } = 20;

    /// <summary>Validated tokens that are remembered.</summary>
    [Range(16, 1_000_000)]
    public int RememberedTokens { get; set; } = 10_000;

    /// <summary>The behaviour of editions up to 2023: a Global admin sees referrals (B9).</summary>
    public bool GlobalAdminSeesReferrals { get; set; }

    public IEnumerable<ProviderOptions> AllProviders() => IsConfigured ? Providers.Prepend(this) : Providers;
}

/// <summary>Refuses settings that would only fail when somebody signs in.</summary>
internal sealed class IdentityOptionsValidation(IOptions<TandemOptions> tandem) : IValidateOptions<IdentityOptions>
{
    public ValidateOptionsResult Validate(string? name, IdentityOptions options)
    {
        var faults = options.AllProviders().SelectMany(Faults).Concat(options.Clients.SelectMany(Faults)).ToList();
        faults.AddRange(options.Clients.GroupBy(c => c.Id, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1)
            .Select(g => $"Tandem:Identity:Clients names the client '{g.Key}' more than once."));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private IEnumerable<string> Faults(ProviderOptions provider)
    {
        if (!provider.IsConfigured)
            yield return "Each entry of Tandem:Identity:Providers needs an Authority or a MetadataAddress.";
        else if (!Uri.TryCreate(provider.DescriptionAddress(), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            yield return $"Tandem:Identity: '{provider.DescriptionAddress()}' is not an http or https address.";
        else if (!tandem.Value.IsEmulator && address.Scheme != "https" && !address.IsLoopback)
            yield return $"Tandem:Identity: '{provider.DescriptionAddress()}' must be https in exchange mode.";
    }

    private static IEnumerable<string> Faults(ClientOptions client)
    {
        if (client.Id.Length is 0 or > 100)
            yield return "Each entry of Tandem:Identity:Clients needs an Id of at most 100 characters.";
        foreach (var uri in client.RedirectUris.Concat(client.PostLogoutRedirectUris))
        {
            if (!Uri.TryCreate(uri, UriKind.Absolute, out var parsed) || !string.IsNullOrEmpty(parsed.Fragment))
                yield return $"Tandem:Identity:Clients: '{uri}' of '{client.Id}' is not an absolute address without fragment.";
        }
    }
}

using System.ComponentModel.DataAnnotations;

namespace Tandem.Web;

/// <summary>Settings below <c>Tandem:Web</c>, and what the pages need to know of the server they run in.</summary>
public sealed class WebOptions
{
    /// <summary>The client that people sign in with; the embedded issuer knows this one without registration.</summary>
    public const string DefaultClientId = "tandem-web";

    /// <summary>Where the identity provider sends people back to, below the server's address.</summary>
    public const string SignInCallback = "/signin-oidc";

    /// <summary>Where it sends them after signing out.</summary>
    public const string SignOutCallback = "/signout-callback-oidc";

    /// <summary>The client's id at the identity provider.</summary>
    [Required]
    public string ClientId { get; set; } = DefaultClientId;

    /// <summary>Its secret, when the provider wants one beside PKCE.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>Scopes asked for: about the person, a refresh token, and one that makes the token good for the Referrals API.</summary>
    public string Scope { get; set; } = "openid profile email offline_access https://api.partner.microsoft.com/.default";

    /// <summary>How long a session lasts without being used.</summary>
    [Range(typeof(TimeSpan), "00:10:00", "30.00:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(14);

    /// <summary>Address under which browsers reach the server; the request's own host when null.</summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>Whether the server is the emulator, where there are no service clients.</summary>
    public bool IsEmulator { get; set; }

    /// <summary>Where an external identity provider describes itself; null for the embedded issuer.</summary>
    public Uri? ProviderDescription { get; set; }

    /// <summary>Whether people sign in here with a password, and not at another provider.</summary>
    public bool UsesPasswords => ProviderDescription is null;
}

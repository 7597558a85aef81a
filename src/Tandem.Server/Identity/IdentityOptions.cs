using System.ComponentModel.DataAnnotations;

namespace Tandem.Server.Identity;

/// <summary>Settings below <c>Tandem:Identity</c>.</summary>
internal sealed class IdentityOptions
{
    /// <summary>
    /// Address of an external OpenID Connect provider (Entra ID, Keycloak, any with discovery); without it only the
    /// embedded issuer's tokens are accepted.
    /// </summary>
    public Uri? Authority { get; set; }

    /// <summary>Audiences accepted beside the documented ones and the server's own address.</summary>
    public IList<string> Audiences { get; } = [];

    /// <summary>Organization of the external provider's users whose token has no <c>tid</c>.</summary>
    public string? Organization { get; set; }

    /// <summary>Clients of the embedded issuer through which people sign in; the emulator accepts any other as well.</summary>
    public IList<RegisteredClient> Clients { get; } = [];

    /// <summary>Lets Global admins see referrals, as editions before 2024 did.</summary>
    public bool GlobalAdminSeesReferrals { get; set; }

    /// <summary>Token requests that one client may send in a minute.</summary>
    [Range(1, 1_000_000)]
    public int TokenRequestsPerMinute { get; set; } = 300;

    /// <summary>Validated tokens that are remembered.</summary>
    [Range(16, 1_000_000)]
    public int RememberedTokens { get; set; } = 10_000;
}

/// <summary>A client of the embedded issuer.</summary>
internal sealed class RegisteredClient
{
    /// <summary>The client id of its requests.</summary>
    [Required]
    public string Id { get; set; } = "";

    /// <summary>Secret of a confidential client; without it the client is public.</summary>
    public string? Secret { get; set; }

    /// <summary>Where authorization codes may be sent.</summary>
    public IList<Uri> RedirectUris { get; } = [];
}

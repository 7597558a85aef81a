using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Tandem.Server.Identity;

/// <summary>
/// A request to the embedded issuer: which directory tenant its address names, and which generation of the protocol it
/// speaks. Version 1 names a <c>resource</c> and gets numbers as texts; version 2 names scopes.
/// </summary>
internal sealed record IssuerRequest(string? Tenant, int Version, string Endpoint)
{
    public const string Authorize = "/oauth2/v2.0/authorize";
    public const string Token = "/oauth2/v2.0/token";
    public const string DeviceCode = "/oauth2/v2.0/devicecode";
    public const string Revoke = "/oauth2/v2.0/revoke";
    public const string Logout = "/oauth2/v2.0/logout";
    public const string DeviceLogin = "/devicelogin";
    public const string Keys = "/discovery/v2.0/keys";
    public const string Configuration = "/.well-known/openid-configuration";

    // Every address that clients know, and the one address behind it that the endpoints listen at.
    private static readonly FrozenDictionary<string, (string Endpoint, int Version)> Addresses =
        new Dictionary<string, (string, int)>
        {
            [Authorize] = (Authorize, 2),
            ["/oauth2/authorize"] = (Authorize, 1),
            [Token] = (Token, 2),
            ["/oauth2/token"] = (Token, 1),
            [DeviceCode] = (DeviceCode, 2),
            ["/oauth2/devicecode"] = (DeviceCode, 1),
            [Revoke] = (Revoke, 2),
            [Logout] = (Logout, 2),
            ["/oauth2/logout"] = (Logout, 1),
            [DeviceLogin] = (DeviceLogin, 2),
            ["/oauth2/deviceauth"] = (DeviceLogin, 1),
            [Keys] = (Keys, 2),
            ["/discovery/keys"] = (Keys, 1),
            ["/v2.0" + Configuration] = (Configuration, 2),
            [Configuration] = (Configuration, 1),
        }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, (string Endpoint, int Version)>.AlternateLookup<ReadOnlySpan<char>> Known =
        Addresses.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Audience of the token being issued; the answer of version 1 repeats it.</summary>
    public string? Audience { get; set; }

    /// <summary>When the access token was made; the answer of version 1 says so.</summary>
    public DateTime? ValidFrom { get; set; }

    /// <summary>When it ends.</summary>
    public DateTime? ValidTo { get; set; }

    public bool IsVersion1 => Version == 1;

    /// <summary>Set by <see cref="IssuerGateway"/> before a handler runs.</summary>
    public static ValueTask<IssuerRequest?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<IssuerRequest>());

    public static bool Recognizes(string? path, [NotNullWhen(true)] out IssuerRequest? request)
    {
        request = null;
        // Every call of the API passes here.
        if (path is null || path.StartsWith("/v1.0/", StringComparison.Ordinal))
            return false;

        if (Known.TryGetValue(path, out var address))
        {
            // Without a tenant there is one description, and it is that of version 2.
            request = new IssuerRequest(null, address.Endpoint == Configuration ? 2 : address.Version, address.Endpoint);
            return true;
        }

        var end = path.Length > 1 ? path.IndexOf('/', 1) : -1;
        if (end < 2 || !Known.TryGetValue(path.AsSpan(end), out address) || !IsTenant(path.AsSpan(1, end - 1)))
            return false;

        request = new IssuerRequest(path[1..end], address.Version, address.Endpoint);
        return true;
    }

    /// <summary>The issuer that tokens name, and that the description at the same tenant and version names.</summary>
    public string IssuerAt(HttpRequest request)
    {
        var root = $"{request.Scheme}://{request.Host.Value}{request.PathBase.Value}";
        return IsVersion1 || Tenant is null ? root + "/" : root + "/v2.0";
    }

    // A tenant appears in addresses, issuers and pages: an identifier or a domain, nothing else.
    private static bool IsTenant(ReadOnlySpan<char> text)
    {
        if (text.Length > 128)
            return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_'))
                return false;
        }

        return true;
    }
}

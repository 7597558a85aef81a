using OpenIddict.Abstractions;

namespace Tandem.Server.Identity;

/// <summary>For which API a token is (R10).</summary>
internal static class TokenAudience
{
    /// <summary>The Referrals API of the original service.</summary>
    public const string Default = "https://api.partner.microsoft.com";

    // The two APIs, and the two applications on which clients are given delegated permission (R11).
    private static readonly HashSet<string> Documented = new(
        [
            Default,
            "https://api.partnercenter.microsoft.com",
            "4990cffe-04e8-4e8b-808a-1175604b879f",
            "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>What a token request asks for: v1 by <c>resource</c>, v2 by a scope such as <c>…/.default</c>.</summary>
    public static string Of(OpenIddictRequest request)
    {
        if ((string?)request["resource"] is { Length: > 0 } resource)
            return resource.TrimEnd('/');
        foreach (var scope in request.GetScopes())
        {
            if (scope.Contains("://", StringComparison.Ordinal) && scope.LastIndexOf('/') is var end and > 8)
                return scope[..end].TrimEnd('/');
            if (scope.IndexOf('/', StringComparison.Ordinal) is var slash and > 0 && Guid.TryParse(scope.AsSpan(0, slash), out _))
                return scope[..slash];
        }

        return Default;
    }

    /// <summary>Whether a token's audience is a documented one, a configured one, or a name of this server.</summary>
    public static bool IsAccepted(string audience, HttpRequest request, IdentityOptions options, Uri? publicUrl)
    {
        var trimmed = audience.TrimEnd('/');
        if (Documented.Contains(trimmed) || options.Audiences.Contains(trimmed, StringComparer.OrdinalIgnoreCase))
            return true;
        if (!Uri.TryCreate(trimmed, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
            return false;
        return uri.Host.Equals(request.Host.Host, StringComparison.OrdinalIgnoreCase)
            || uri.Host.Equals(publicUrl?.Host, StringComparison.OrdinalIgnoreCase);
    }
}

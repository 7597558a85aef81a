using System.Collections.Frozen;
using Microsoft.Extensions.Options;

namespace Tandem.Server.Identity;

/// <summary>For whom a token must be meant to be good here (R10, R11).</summary>
internal sealed class AcceptedAudiences
{
    /// <summary>What a token request that names nothing asks for.</summary>
    public const string Default = "https://api.partner.microsoft.com";

    private readonly FrozenSet<string> _fixed;
    private readonly bool _hostIsTold;

    public AcceptedAudiences(IOptions<TandemOptions> tandem, IOptions<IdentityOptions> identity)
    {
        List<string> audiences =
        [
            Default,
            "https://api.partnercenter.microsoft.com",
            "4990cffe-04e8-4e8b-808a-1175604b879f",
            "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd",
            "api://4990cffe-04e8-4e8b-808a-1175604b879f",
            "api://fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd",
            .. identity.Value.Audiences,
            .. identity.Value.Providers.SelectMany(p => p.Audiences),
        ];
        if (tandem.Value.PublicUrl is { } address)
            audiences.AddRange([address.ToString(), $"http://{address.Authority}", $"https://{address.Authority}", $"http://{address.Host}", $"https://{address.Host}"]);
        _fixed = audiences.Select(a => a.TrimEnd('/')).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

        // The Host header is the client's word. A company that has said under which address it serves is not asked to
        // take a token that was meant for another.
        _hostIsTold = !tandem.Value.IsEmulator && tandem.Value.PublicUrl is not null;
    }

    /// <summary>Whether an audience is good under whatever host the server is called.</summary>
    public bool AreFixed(IReadOnlyList<string> audiences) => audiences.Any(a => _fixed.Contains(a.TrimEnd('/')));

    /// <summary>Whether an audience is the host that this request was sent to: webhook clients ask for that (R10).</summary>
    public bool NameHost(IReadOnlyList<string> audiences, HostString host)
    {
        if (_hostIsTold || !host.HasValue)
            return false;
        foreach (var audience in audiences)
        {
            if (Names(audience, host))
                return true;
        }

        return false;
    }

    // Only the name counts: a proxy may serve it at another port than the client's.
    private static bool Names(ReadOnlySpan<char> audience, HostString host)
    {
        if (audience.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            audience = audience[8..];
        else if (audience.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
            audience = audience[7..];
        else
            return false;

        return NameOf(audience.TrimEnd('/')).Equals(NameOf(host.Value), StringComparison.OrdinalIgnoreCase);
    }

    private static ReadOnlySpan<char> NameOf(ReadOnlySpan<char> host)
    {
        var colon = host.LastIndexOf(':');
        // What follows is a port only if it is a number; the colons within brackets belong to an IPv6 address.
        return colon > host.LastIndexOf(']') && !host[(colon + 1)..].ContainsAnyExceptInRange('0', '9') ? host[..colon] : host;
    }
}

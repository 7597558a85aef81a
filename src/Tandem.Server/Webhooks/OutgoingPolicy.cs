using Microsoft.Extensions.Options;
using Tandem.Server.Http;

namespace Tandem.Server.Webhooks;

/// <summary>The one door for calls to addresses that clients name.</summary>
internal sealed class OutgoingPolicy(IOptions<TandemOptions> options)
{
    private const int LongestUrl = 2048;
    private readonly bool _isEmulator = options.Value.IsEmulator;

    /// <summary>Whether a URL may be registered (W13).</summary>
    /// <param name="target">The property that holds the URL.</param>
    /// <returns>Null when it may be.</returns>
    public ValueTask<Refusal?> Check(string? url, string target, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Fault(url) is { } fault
            ? Refusal.Invalid(target, "invalidValue", $"{target} must be an absolute {(_isEmulator ? "http or https" : "https")} URL{fault}")
            : null);
    }

    /// <summary>What sends to receivers: redirects are never followed, and nothing of one call is kept for another.</summary>
    public static SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        // An answer that is not read to its end costs its connection, and no waiting for the rest.
        MaxResponseDrainSize = 0,
        MaxResponseHeadersLength = 16,
    };

    private string? Fault(string? url)
    {
        if (url?.Length > LongestUrl)
            return $" of at most {LongestUrl} characters.";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || !(uri.Scheme == Uri.UriSchemeHttps || (_isEmulator && uri.Scheme == Uri.UriSchemeHttp))
            || uri.Host.Length == 0)
            return ".";
        if (uri.UserInfo.Length > 0)
            return " without a user name or password.";
        return !_isEmulator && uri.IsLoopback ? " of a public address." : null;
    }
}

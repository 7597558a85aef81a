using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Tandem.Server.Http;

/// <summary>Asks DNS for the addresses of a host.</summary>
internal delegate Task<IPAddress[]> ResolveHost(string host, CancellationToken cancellation);

/// <summary>Settings below <c>Tandem:Webhooks</c> that say where calls may go.</summary>
internal sealed class OutgoingCallOptions
{
    /// <summary>Networks that are not public and may be called all the same, such as <c>10.2.0.0/16</c>.</summary>
    public List<string> AllowedNetworks { get; set; } = [];
}

/// <summary>
/// Calls to addresses that somebody else has named. In exchange mode they reach the public internet and nothing
/// else (W13): an address is looked at when it is registered, and again when a connection is made, after DNS has
/// been asked, so that a name cannot change its meaning in between.
/// </summary>
internal sealed partial class OutgoingCalls
{
    public const int LongestUrl = 2048;

    // Below lie other protocols' ports, and a company's receiver on one of them is a mistake or an attack.
    private const int FirstFreePort = 1024;

    // Only names of the inside end so.
    private static readonly string[] InnerSuffixes =
    [
        ".localhost", ".local", ".localdomain", ".internal", ".intranet", ".private", ".corp", ".home", ".lan",
        ".home.arpa",
    ];

    private static readonly TimeSpan DnsTimeout = TimeSpan.FromSeconds(5);

    private readonly bool _isEmulator;
    private readonly ResolveHost _resolve;
    private readonly IPNetwork[] _allowed;

    public OutgoingCalls(IOptions<TandemOptions> tandem, IOptions<OutgoingCallOptions> options, ResolveHost resolve)
    {
        _isEmulator = tandem.Value.IsEmulator;
        _resolve = resolve;
        _allowed = [.. options.Value.AllowedNetworks.Select(IPNetwork.Parse)];
    }

    /// <summary>Whether a URL may be registered; asks DNS in exchange mode.</summary>
    /// <param name="target">The property that holds the URL.</param>
    /// <returns>Null when it may be.</returns>
    public async ValueTask<Refusal?> Check(string? url, string target, CancellationToken cancellation)
    {
        var fault = FormFault(url) ?? await NameFault(url!, cancellation);
        var schemes = _isEmulator ? "http or https" : "https";
        return fault is null
            ? null
            : Refusal.Invalid(target, "invalidValue", $"{target} must be an absolute {schemes} URL. {fault}");
    }

    /// <summary>
    /// A handler whose connections all pass the guard. It may be shared and kept: connections are closed after a
    /// minute, and every new one asks DNS again. What it refuses is an <see cref="HttpRequestException"/>.
    /// </summary>
    public SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        // An answer is read as far as its reader wants, and its connection is dropped rather than emptied.
        MaxResponseDrainSize = 0,
        MaxResponseHeadersLength = 16,
        // Trace ids are for our own systems.
        ActivityHeadersPropagator = null,
        ConnectCallback = Connect,
    };

    private async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        // The text as it was written: Uri has already read 127.1 and its like as an address.
        if (FormFault(context.InitialRequestMessage.RequestUri!.OriginalString) is { } fault)
            throw new HttpRequestException(HttpRequestError.ConnectionError, fault);
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = await Addresses(host, cancellation);
        if (AddressFault(host, addresses) is { } forbidden)
            throw new HttpRequestException(HttpRequestError.ConnectionError, forbidden);
        if (addresses.Length == 0)
            throw new HttpRequestException(HttpRequestError.NameResolutionError, $"DNS knows no address of '{host}'.");

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>What is wrong with the text of a URL, whatever DNS says.</summary>
    private string? FormFault(string? url)
    {
        if (string.IsNullOrEmpty(url))
            return "It is missing.";
        if (url.Length > LongestUrl)
            return $"It may have at most {LongestUrl} characters.";
        if (url.Any(char.IsControl))
            return "Leave out control characters, such as line ends; write them as %0A and the like if they are meant.";
        if (PlainUrl().Match(url) is not { Success: true } plain || !Uri.TryCreate(url, UriKind.Absolute, out var uri))
        {
            return "Write it plainly, such as https://crm.contoso.com/tandem: without user name or password, the host "
                + "in ASCII letters, digits, hyphens and dots (an international name in its xn-- form).";
        }

        var host = plain.Groups["host"].Value;
        if (host.EndsWith('.'))
            return "Leave out the dot at the end of the host.";
        if (EndsInNumber().IsMatch(host) && !(IPAddress.TryParse(host, out var address) && address.ToString() == host))
            return "Write an IPv4 address as four decimal numbers without leading zeros.";
        if (uri.Port == 0)
            return "Port 0 cannot be called.";
        return _isEmulator ? null : ExchangeFault(uri, host);
    }

    private string? ExchangeFault(Uri uri, string host)
    {
        if (uri.Scheme != Uri.UriSchemeHttps)
            return "Serve the receiver over TLS.";
        if (uri.Port is not (443 or >= FirstFreePort))
            return $"Use port 443, or one from {FirstFreePort} up.";
        // With networks allowed, names of the inside are meant, and their addresses decide.
        return _allowed.Length == 0 && uri.HostNameType == UriHostNameType.Dns && IsInner(host) ? Inside(host) : null;
    }

    private static bool IsInner(string host) =>
        !host.Contains('.') || InnerSuffixes.Any(suffix => host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));

    private async ValueTask<string?> NameFault(string url, CancellationToken cancellation)
    {
        var host = new Uri(url).IdnHost;
        // The names of a developer's network come and go.
        if (_isEmulator && !IPAddress.TryParse(host, out _))
            return null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(DnsTimeout);
        try
        {
            return AddressFault(host, await Addresses(host, limit.Token));
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.HostNotFound)
        {
            return $"DNS does not know the host '{host}'.";
        }
        catch (Exception failure) when (
            failure is SocketException
            || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // DNS is away for the moment, which is no fault of the URL; connections ask it again.
            return null;
        }
    }

    private async ValueTask<IPAddress[]> Addresses(string host, CancellationToken cancellation) =>
        IPAddress.TryParse(host, out var literal) ? [literal] : await _resolve(host, cancellation);

    // One bad address spoils the name: which of them a connection would take is up to whoever runs its DNS.
    private string? AddressFault(string host, IPAddress[] addresses) => addresses.All(IsAllowed) ? null : Inside(host);

    private bool IsAllowed(IPAddress address) =>
        !ForbiddenNetworks.IsMetadata(address)
        && (_isEmulator || ForbiddenNetworks.IsPublic(address) || ForbiddenNetworks.Contain(_allowed, address));

    private string Inside(string host) => _isEmulator
        ? $"'{host}' leads to a cloud's metadata service, which is never called."
        : $"'{host}' does not lead to the public internet. Name a public host, or have an administrator of the server "
            + "add the receiver's network to Tandem:Webhooks:AllowedNetworks.";

    // Letters in both cases by name: to ignore case would let the Kelvin sign pass for a k.
    [GeneratedRegex(@"\A[Hh][Tt]{2}[Pp][Ss]?://(?<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(?=[/?#]|\z)")]
    private static partial Regex PlainUrl();

    // What resolvers take for an address: the last part is a number, in whatever base.
    [GeneratedRegex(@"(\A|\.)([0-9]+|0[Xx][0-9A-Fa-f]*)\z")]
    private static partial Regex EndsInNumber();
}

internal static class OutgoingCallSetup
{
    public static IServiceCollection AddOutgoingCalls(this IServiceCollection services)
    {
        services.AddOptions<OutgoingCallOptions>().BindConfiguration("Tandem:Webhooks")
            .Validate(
                options => options.AllowedNetworks.TrueForAll(network => IPNetwork.TryParse(network, out _)),
                "Tandem:Webhooks:AllowedNetworks takes networks such as 10.2.0.0/16 or fd12:3456::/32.")
            .ValidateOnStart();
        services.TryAddSingleton<ResolveHost>(Dns.GetHostAddressesAsync);
        return services.AddSingleton<OutgoingCalls>();
    }
}

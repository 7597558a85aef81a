using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Tandem.Web.SignIn;

/// <summary>How the pages reach the server they run in: over its own port, never through the proxy in front of it.</summary>
internal sealed class ServerLoopback(IServer server, IOptions<WebOptions> options)
{
    private Uri? _address;

    /// <summary>Address of the running server on this machine.</summary>
    public Uri Address => _address ??= Find();

    /// <summary>A handler that sends what is meant for the server's public address to its own port.</summary>
    public HttpMessageHandler CreateHandler() => new Redirection(this, options.Value.PublicUrl)
    {
        InnerHandler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            SslOptions = new SslClientAuthenticationOptions
            {
                // The certificate is for the public name; who listens at our own port is us.
                RemoteCertificateValidationCallback = (_, _, _, errors) =>
                    errors == SslPolicyErrors.None || IsThisMachine(Address.Host),
            },
        },
    };

    private static bool IsThisMachine(string host) =>
        host == "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private Uri Find()
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses.ToList() ?? [];
        var chosen = addresses.Find(a => a.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !a.Contains("/unix:", StringComparison.Ordinal))
            ?? addresses.Find(a => a.StartsWith("https://", StringComparison.OrdinalIgnoreCase) && !a.Contains("/unix:", StringComparison.Ordinal))
            ?? throw new InvalidOperationException("The pages call the server over TCP: add an address such as http://127.0.0.1:5080 to --urls.");
        var binding = Microsoft.AspNetCore.Http.BindingAddress.Parse(chosen);
        var host = binding.Host switch
        {
            "*" or "+" or "0.0.0.0" => "127.0.0.1",
            "[::]" => "[::1]",
            var named => named,
        };
        return new Uri($"{binding.Scheme}://{host}:{binding.Port}/");
    }

    private sealed class Redirection(ServerLoopback loopback, Uri? publicUrl) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (publicUrl is not null && request.RequestUri is { } asked && asked.Authority == publicUrl.Authority
                && asked.AbsolutePath.StartsWith(publicUrl.AbsolutePath, StringComparison.Ordinal))
            {
                request.RequestUri = new Uri(loopback.Address, asked.PathAndQuery[publicUrl.AbsolutePath.TrimEnd('/').Length..]);
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}

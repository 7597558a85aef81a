using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Tandem.Server.Http;

/// <summary>The address under which clients reach the server; links and locations begin with it.</summary>
internal sealed class ServerAddress(IOptions<TandemOptions> options, IServer server)
{
    private static readonly string[] AnyHost = ["://[::]", "://0.0.0.0", "://*", "://+"];

    private readonly string? _public = options.Value.PublicUrl?.ToString().TrimEnd('/');

    /// <summary><c>Tandem:PublicUrl</c>, or scheme and host of the request; without a trailing slash.</summary>
    public string Of(HttpRequest request) => _public ?? $"{request.Scheme}://{request.Host.Value}";

    /// <summary><c>Tandem:PublicUrl</c>, or where the server listens: for what no request asked for.</summary>
    public string Own => _public ?? Listening;

    private string Listening
    {
        get
        {
            var first = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "http://localhost";
            return AnyHost.Aggregate(first, (url, any) => url.Replace(any, "://localhost", StringComparison.Ordinal)).TrimEnd('/');
        }
    }
}

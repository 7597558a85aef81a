using Microsoft.Extensions.Options;

namespace Tandem.Server.Http;

/// <summary>The address under which clients reach the server; links and locations begin with it.</summary>
internal sealed class ServerAddress(IOptions<TandemOptions> options)
{
    private readonly string? _public = options.Value.PublicUrl?.ToString().TrimEnd('/');

    /// <summary><c>Tandem:PublicUrl</c>, or scheme and host of the request; without a trailing slash.</summary>
    public string Of(HttpRequest request) => _public ?? $"{request.Scheme}://{request.Host.Value}";
}

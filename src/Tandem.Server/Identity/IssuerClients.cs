using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Core;
using OpenIddict.EntityFrameworkCore.Models;
using Tandem.Web;

namespace Tandem.Server.Identity;

/// <summary>
/// The clients of the embedded issuer: in the emulator every client there could be, in exchange mode those of the
/// settings. Of these none has a row; the library's table holds the organizations' service clients only.
/// </summary>
internal sealed class IssuerClients(
    IOpenIddictApplicationCache<OpenIddictEntityFrameworkCoreApplication> cache,
    ILogger<OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication>> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options,
    IOpenIddictApplicationStore<OpenIddictEntityFrameworkCoreApplication> store,
    IOptions<TandemOptions> tandem,
    IOptions<IdentityOptions> identity,
    IssuerAddress address)
    : OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication>(cache, logger, options, store)
{
    /// <summary>What the emulator puts in place of any or no secret.</summary>
    public const string AnySecret = "any";

    private const int LongestClientId = 200;

    /// <summary>A service client, as its organization creates it.</summary>
    public static OpenIddictApplicationDescriptor Describe(string id, string secret) => new()
    {
        ClientId = id,
        ClientSecret = secret,
        ClientType = OpenIddictConstants.ClientTypes.Confidential,
    };

    public override ValueTask<OpenIddictEntityFrameworkCoreApplication?> FindByClientIdAsync(
        string identifier, CancellationToken cancellationToken = default)
    {
        if (identifier.Length > LongestClientId)
            return ValueTask.FromResult<OpenIddictEntityFrameworkCoreApplication?>(null);
        if (tandem.Value.IsEmulator)
            return ValueTask.FromResult<OpenIddictEntityFrameworkCoreApplication?>(Application(identifier, isPublic: false));
        return Configured(identifier) is { } client
            ? ValueTask.FromResult<OpenIddictEntityFrameworkCoreApplication?>(Application(client.Id, client.Secret is null))
            : base.FindByClientIdAsync(identifier, cancellationToken);
    }

    public override ValueTask<bool> ValidateClientSecretAsync(
        OpenIddictEntityFrameworkCoreApplication application, string secret, CancellationToken cancellationToken = default)
    {
        if (tandem.Value.IsEmulator)
            return ValueTask.FromResult(true);
        if (Configured(application.ClientId) is { } client)
        {
            return ValueTask.FromResult(client.Secret is not null && CryptographicOperations.FixedTimeEquals(
                SHA256.HashData(Encoding.UTF8.GetBytes(client.Secret)), SHA256.HashData(Encoding.UTF8.GetBytes(secret))));
        }

        return base.ValidateClientSecretAsync(application, secret, cancellationToken);
    }

    public override ValueTask<bool> ValidateRedirectUriAsync(
        OpenIddictEntityFrameworkCoreApplication application, string uri, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(tandem.Value.IsEmulator || Lists(Configured(application.ClientId)?.RedirectUris, uri));

    public override ValueTask<bool> ValidatePostLogoutRedirectUriAsync(
        OpenIddictEntityFrameworkCoreApplication application, string uri, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(tandem.Value.IsEmulator || Lists(Configured(application.ClientId)?.PostLogoutRedirectUris, uri));

    public override async IAsyncEnumerable<OpenIddictEntityFrameworkCoreApplication> FindByPostLogoutRedirectUriAsync(
        string uri, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        if (tandem.Value.IsEmulator)
            yield return Application("any", isPublic: false);
        foreach (var client in identity.Value.Clients.Append(OwnPages).Where(c => Lists(c.PostLogoutRedirectUris, uri)))
            yield return Application(client.Id, client.Secret is null);
    }

    // The server's own pages: a public client at the address that the issuer itself was called by.
    private ClientOptions OwnPages => new()
    {
        Id = WebOptions.DefaultClientId,
        RedirectUris = [address.Value + WebOptions.SignInCallback],
        PostLogoutRedirectUris = [address.Value + WebOptions.SignOutCallback],
    };

    private ClientOptions? Configured(string? clientId) =>
        identity.Value.Clients.Find(c => c.Id.Equals(clientId, StringComparison.OrdinalIgnoreCase))
            ?? (WebOptions.DefaultClientId.Equals(clientId, StringComparison.OrdinalIgnoreCase) ? OwnPages : null);

    private static OpenIddictEntityFrameworkCoreApplication Application(string clientId, bool isPublic) => new()
    {
        // No row, no foreign key: its tokens name the client in what they say.
        Id = null,
        ClientId = clientId,
        ClientType = isPublic ? OpenIddictConstants.ClientTypes.Public : OpenIddictConstants.ClientTypes.Confidential,
    };

    // A native client listens at whatever port is free (RFC 8252): on loopback the port is not compared.
    private static bool Lists(List<string>? registered, string uri) => registered is not null && registered.Any(r =>
        string.Equals(r, uri, StringComparison.Ordinal)
        || (Uri.TryCreate(r, UriKind.Absolute, out var known) && Uri.TryCreate(uri, UriKind.Absolute, out var asked)
            && known.Scheme == Uri.UriSchemeHttp && known.IsLoopback && asked.IsLoopback && known.IsDefaultPort
            && known.Scheme == asked.Scheme && known.Host == asked.Host && known.PathAndQuery == asked.PathAndQuery
            && asked.Fragment.Length == 0 && asked.UserInfo.Length == 0));
}

/// <summary>Address of the server in this request to the issuer, without a trailing slash.</summary>
internal sealed class IssuerAddress
{
    public string Value { get; set; } = "";
}

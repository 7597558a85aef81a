using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using Tandem.Server.Storage;

namespace Tandem.Server.Identity;

/// <summary>
/// The keys of the embedded issuer. They lie in the database, so that tokens outlive a restart and every node accepts
/// the others'; the first server that needs one makes it.
/// </summary>
internal sealed class SigningKeys(
    IServiceScopeFactory scopes,
    IDataProtectionProvider protection,
    IOptionsMonitorCache<OpenIddictServerOptions> issuerOptions,
    ProvenTokens proven,
    TimeProvider clock) : IConfigureOptions<OpenIddictServerOptions>, IDisposable
{
    private const string FirstId = "1";
    private static readonly TimeSpan BetweenReloads = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _loading = new(1, 1);
    private volatile List<RsaSecurityKey> _current = [];
    private DateTimeOffset _loadedAt;

    /// <summary>The newest first: it signs, all of them are accepted.</summary>
    public IReadOnlyList<RsaSecurityKey> Current => _current;

    public bool Knows(string? keyId) => _current.Any(k => k.KeyId == keyId);

    /// <summary>Loads the keys when they are first needed: not everybody who starts the server asks it for tokens.</summary>
    public ValueTask EnsureLoaded(CancellationToken cancellation) =>
        _current.Count > 0 ? ValueTask.CompletedTask : new ValueTask(Load(cancellation));

    /// <summary>Reads the keys, and makes one where there is none.</summary>
    public async Task Load(CancellationToken cancellation)
    {
        await _loading.WaitAsync(cancellation);
        try
        {
            var rows = await Read(cancellation);
            if (rows.Count == 0)
            {
                await Create(cancellation);
                rows = await Read(cancellation);
            }

            _loadedAt = clock.GetUtcNow();
            var keys = rows.Select(Unprotect).ToList();
            if (keys.Select(k => k.KeyId).SequenceEqual(_current.Select(k => k.KeyId)))
                return;

            _current = keys;
            issuerOptions.Clear();
            proven.Clear();
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>
    /// Looks again when a token names a key that this node has not seen, since another node may have made it; at most
    /// twice a minute, so that forged tokens do not become queries.
    /// </summary>
    public async Task<bool> Find(string? keyId, CancellationToken cancellation)
    {
        if (keyId is not null && !Knows(keyId) && clock.GetUtcNow() - _loadedAt >= BetweenReloads)
            await Load(cancellation);
        return Knows(keyId);
    }

    /// <summary>The server's word for a text, as a JSON Web Signature that its published keys confirm.</summary>
    /// <param name="type">Of the signature; never that of a token.</param>
    /// <param name="payload">A JSON object.</param>
    /// <param name="cancellation">Ends the loading of the keys.</param>
    public async ValueTask<string> Sign(string type, string payload, CancellationToken cancellation)
    {
        await EnsureLoaded(cancellation);
        return new JsonWebTokenHandler().CreateToken(
            payload, new SigningCredentials(_current[0], SecurityAlgorithms.RsaSha256), new Dictionary<string, object> { ["typ"] = type });
    }

    public void Configure(OpenIddictServerOptions options)
    {
        foreach (var key in _current)
        {
            options.SigningCredentials.Add(new SigningCredentials(key, SecurityAlgorithms.RsaSha256));
            // Codes and refresh tokens are for this server's eyes only.
            options.EncryptionCredentials.Add(new EncryptingCredentials(
                EncryptionKeyOf(key), SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512));
        }
    }

    public void Dispose() => _loading.Dispose();

    private IDataProtector Protector => protection.CreateProtector("Tandem.SigningKeys");

    private static SymmetricSecurityKey EncryptionKeyOf(RsaSecurityKey key) =>
        new(HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Rsa.ExportPkcs8PrivateKey(), 32, info: "tandem token encryption"u8.ToArray()))
        {
            KeyId = key.KeyId,
        };

    private async Task<List<SigningKey>> Read(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<TandemDb>().SigningKeys.AsNoTracking()
            .OrderByDescending(k => k.CreatedAt).ThenByDescending(k => k.Id).ToListAsync(cancellation);
    }

    private async Task Create(CancellationToken cancellation)
    {
        using var rsa = RSA.Create(2048);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TandemDb>();
        db.SigningKeys.Add(new SigningKey
        {
            // A fixed id: of nodes that start together one wins, and the others read its key.
            Id = FirstId,
            ProtectedKey = Protector.Protect(rsa.ExportPkcs8PrivateKey()),
            CreatedAt = clock.GetUtcNow(),
        });
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException) when (!cancellation.IsCancellationRequested)
        {
            if ((await Read(cancellation)).Count == 0)
                throw;
        }
    }

    private RsaSecurityKey Unprotect(SigningKey row)
    {
        var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Protector.Unprotect(row.ProtectedKey), out _);
        var key = new RsaSecurityKey(rsa);
        key.KeyId = Base64UrlEncoder.Encode(key.ComputeJwkThumbprint());
        return key;
    }
}

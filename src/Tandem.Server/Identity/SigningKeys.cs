using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using Microsoft.Extensions.Options;
using Tandem.Server.Storage;

namespace Tandem.Server.Identity;

/// <summary>The embedded issuer's key, kept in the database so that every node signs and checks with the same one.</summary>
internal sealed class SigningKeys(
    IServiceScopeFactory scopes, IDataProtectionProvider protection, TimeProvider clock) : IConfigureOptions<OpenIddictServerOptions>
{
    private const int Bits = 2048;
    private readonly IDataProtector _protector = protection.CreateProtector("Tandem.SigningKey.v1");
    private RsaSecurityKey? _current;

    public RsaSecurityKey Current => _current ?? throw new InvalidOperationException("The signing key is loaded at start.");

    /// <summary>Loads the key, or makes the first one.</summary>
    public async Task Load(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TandemDb>();
        var stored = await db.SigningKeys.AsNoTracking().OrderByDescending(k => k.CreatedAt).FirstOrDefaultAsync(cancellation);
        var rsa = RSA.Create();
        if (stored is null)
        {
            rsa.KeySize = Bits;
            stored = new SigningKey
            {
                Id = Guid.NewGuid().ToString("N"),
                ProtectedKey = _protector.Protect(rsa.ExportPkcs8PrivateKey()),
                CreatedAt = clock.GetUtcNow(),
            };
            db.Add(stored);
            await db.SaveChangesAsync(cancellation);
        }
        else
        {
            rsa.ImportPkcs8PrivateKey(_protector.Unprotect(stored.ProtectedKey), out _);
        }

        _current = new RsaSecurityKey(rsa) { KeyId = stored.Id };
    }

    public void Configure(OpenIddictServerOptions options)
    {
        options.SigningCredentials.Add(new SigningCredentials(Current, SecurityAlgorithms.RsaSha256));
        // Codes and refresh tokens are for the issuer's eyes only; their key follows from the signing key.
        var secret = HKDF.DeriveKey(HashAlgorithmName.SHA256, Current.Rsa.ExportPkcs8PrivateKey(), 32, info: "Tandem.TokenEncryption.v1"u8.ToArray());
        options.EncryptionCredentials.Add(new EncryptingCredentials(
            new SymmetricSecurityKey(secret), SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512));
    }
}

using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.DataProtection;
using NpgsqlTypes;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.Reading;
using Tandem.Server.Audit;
using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

/// <summary>
/// The keys that sign Partner Center webhooks, with their certificates (W32, W34). They lie in the database, so that
/// every node signs with the same one; the first that needs one makes it. A key that was replaced signs nothing more, and
/// its certificate stays where it was.
/// </summary>
internal sealed class WebhookKeys(HotDatabase database, IDataProtectionProvider protection, TimeProvider clock) : IDisposable
{
    private const int KeyBits = 2048;
    private static readonly TimeSpan BetweenReloads = TimeSpan.FromSeconds(5);

    private static readonly HotSql Insert = new(
        "INSERT INTO webhook_keys (thumbprint, protected_key, certificate, created_at) VALUES ($1, $2, $3, $4)",
        NpgsqlDbType.Text, NpgsqlDbType.Bytea, NpgsqlDbType.Text, NpgsqlDbType.Bigint);

    private readonly SemaphoreSlim _loading = new(1, 1);
    private volatile Key? _current;
    private long _loadedAt;

    /// <summary>The key that signs now.</summary>
    public async ValueTask<Key> Current(CancellationToken cancellation)
    {
        if (_current is { } current && TimeProvider.System.GetElapsedTime(Interlocked.Read(ref _loadedAt)) < BetweenReloads)
            return current;
        await _loading.WaitAsync(cancellation);
        try
        {
            // Another node may have made a newer one.
            if (await Newest(cancellation) is not { } row)
            {
                await Store(null, null, cancellation);
                row = await Newest(cancellation) ?? throw new InvalidOperationException("The signing key that was stored is gone.");
            }

            if (_current?.Thumbprint != row.Thumbprint)
                _current = new Key(row.Thumbprint, Protector.Unprotect(row.Protected), row.CreatedAt);
            Interlocked.Exchange(ref _loadedAt, TimeProvider.System.GetTimestamp());
            return _current;
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>Makes a new key, which signs from now on, and tells the audit.</summary>
    public async Task<Key> Rotate(AdminAuthor author, string organization, CancellationToken cancellation)
    {
        await Store(author, organization, cancellation);
        Interlocked.Exchange(ref _loadedAt, 0);
        _current = null;
        return await Current(cancellation);
    }

    /// <summary>A certificate by its thumbprint, as PEM; also one that is not signed with any more.</summary>
    public ValueTask<string?> Certificate(string thumbprint, CancellationToken cancellation) =>
        database.Read(thumbprint, static async (session, thumbprint, cancellation) =>
            await session.Command("SELECT certificate FROM webhook_keys WHERE thumbprint = @thumbprint")
                .With("@thumbprint", thumbprint).ExecuteScalarAsync(cancellation) as string, cancellation);

    public void Dispose() => _loading.Dispose();

    private IDataProtector Protector => protection.CreateProtector("Tandem.WebhookKeys");

    // The first one is made by nobody.
    private async Task Store(AdminAuthor? author, string? organization, CancellationToken cancellation)
    {
        using var rsa = RSA.Create(KeyBits);
        var request = new CertificateRequest("CN=Tandem webhooks, O=Tandem", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = clock.GetUtcNow();
        // Valid a day back for receivers whose clock is behind; long enough that a forgotten rotation stops nothing.
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
        var key = Protector.Protect(rsa.ExportPkcs8PrivateKey());
        var thumbprint = certificate.Thumbprint.ToLowerInvariant();
        var pem = certificate.ExportCertificatePem();
        await database.Write(async (session, cancellation) =>
        {
            await session.Command(Insert, thumbprint, key, pem, WireTime.ToUnixMicroseconds(now)).ExecuteNonQueryAsync(cancellation);
            if (author is not null)
            {
                await AdminChange.Of(author, organization!, AuditKind.SigningKey, AuditAction.Added, thumbprint, thumbprint, [])
                    .Write(session, cancellation);
            }

            return true;
        }, cancellation);
    }

    private ValueTask<StoredKey?> Newest(CancellationToken cancellation) =>
        database.Read(0, static async (session, _, cancellation) =>
        {
            var command = session.Command(
                "SELECT thumbprint, protected_key, created_at FROM webhook_keys ORDER BY created_at DESC, thumbprint LIMIT 1");
            await using var row = await command.ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation)
                ? new StoredKey(row.GetString(0), row.GetFieldValue<byte[]>(1), WireTime.FromUnixMicroseconds(row.GetInt64(2)))
                : null;
        }, cancellation);

    private sealed record StoredKey(string Thumbprint, byte[] Protected, DateTimeOffset CreatedAt);

    /// <summary>One key.</summary>
    internal sealed class Key(string thumbprint, byte[] privateKey, DateTimeOffset createdAt)
    {
        // An instance signs for one at a time.
        private readonly ConcurrentBag<RSA> _idle = [];

        public string Thumbprint => thumbprint;

        public DateTimeOffset CreatedAt => createdAt;

        /// <summary>RSA PKCS #1 with SHA-256 over the exact bytes (W32).</summary>
        public string Sign(byte[] body)
        {
            if (!_idle.TryTake(out var rsa))
            {
                rsa = RSA.Create();
                rsa.ImportPkcs8PrivateKey(privateKey, out _);
            }

            var signature = rsa.SignData(body, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            _idle.Add(rsa);
            return Convert.ToBase64String(signature);
        }
    }
}

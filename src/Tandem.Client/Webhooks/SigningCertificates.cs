using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Tandem.Client.Webhooks;

/// <summary>Public keys of certificates by their addresses, fetched once an hour at most.</summary>
internal sealed class SigningCertificates(HttpClient http, IReadOnlyList<Uri> trusted, TimeProvider clock)
{
    private const int Capacity = 16;
    private const int LongestAnswer = 64 * 1024;

    // A server takes back a key by taking away its certificate; so long may that go unnoticed.
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<Uri, (Task<byte[]> Key, DateTimeOffset Until)> _known = [];

    public bool Trusts(Uri address) => trusted.Any(prefix => Lies(address, below: prefix));

    /// <summary>The key at a trusted address, as SubjectPublicKeyInfo.</summary>
    /// <exception cref="HttpRequestException">The certificate could not be fetched.</exception>
    /// <exception cref="TimeoutException">It did not come in time.</exception>
    /// <exception cref="CryptographicException">What came is no certificate of an RSA key.</exception>
    public Task<byte[]> PublicKey(Uri address, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            if (!_known.TryGetValue(address, out var known) || known.Until <= now || known.Key.IsFaulted)
            {
                // Addresses without a certificate go first, so that nobody can push out the good ones by naming many.
                if (_known.Count >= Capacity && !_known.ContainsKey(address))
                    _known.Remove(_known.MinBy(k => (k.Value.Key.IsCompletedSuccessfully, k.Value.Until)).Key);
                _known[address] = known = (Fetch(address), now + Lifetime);
            }

            // Who waits for it may give up; the others wait for the same.
            return known.Key.WaitAsync(cancellation);
        }
    }

    private static bool Lies(Uri address, Uri below)
    {
        // An escaped slash or dot may lead elsewhere on the server than it seems to.
        if (address.UserInfo.Length > 0 || address.AbsolutePath.Contains('%', StringComparison.Ordinal))
            return false;
        var folder = below.AbsolutePath.EndsWith('/') ? below.AbsolutePath : below.AbsolutePath + "/";
        return (address.Scheme, address.Host, address.Port) == (below.Scheme, below.Host, below.Port)
            && (address.AbsolutePath.StartsWith(folder, StringComparison.Ordinal)
                || address.AbsolutePath == below.AbsolutePath);
    }

    private async Task<byte[]> Fetch(Uri address)
    {
        // A caller's HttpClient may answer at once: not while the gate is held.
        await Task.Yield();
        using var limit = new CancellationTokenSource(FetchTimeout);
        try
        {
            using var answer = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, limit.Token)
                .ConfigureAwait(false);
            if (answer.StatusCode != HttpStatusCode.OK)
                throw new HttpRequestException($"the answer is {(int)answer.StatusCode}", null, answer.StatusCode);
            if (answer.RequestMessage?.RequestUri is { } final && !Trusts(final))
                throw new HttpRequestException($"it leads to {final.AbsoluteUri}, which is not trusted");
            await answer.Content.LoadIntoBufferAsync(LongestAnswer, limit.Token).ConfigureAwait(false);
            return Key(await answer.Content.ReadAsByteArrayAsync(limit.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException late)
        {
            throw new TimeoutException("the answer did not come in time", late);
        }
    }

    // PEM, DER, or the Base64 of the DER and nothing else.
    private static byte[] Key(byte[] answer)
    {
        var der = Base64.IsValid(answer) ? Convert.FromBase64String(Encoding.ASCII.GetString(answer)) : answer;
        using var certificate = X509CertificateLoader.LoadCertificate(der);
        using var key = certificate.GetRSAPublicKey() ?? throw new CryptographicException("its key is not RSA");
        return key.ExportSubjectPublicKeyInfo();
    }
}

using System.Buffers.Text;
using System.Security.Cryptography;

namespace Tandem.Client.Webhooks;

/// <summary>
/// Tells whether a webhook comes from the server and was not changed on its way, for events signed as Partner Center
/// does (a certificate at a trusted address) and as Standard Webhooks (a shared secret). One verifier may be used for
/// all calls, from any number of threads.
/// </summary>
/// <remarks>
/// Hand in the body's bytes exactly as they came: read them before anything parses them. Partner Center's own sample
/// also demands a certificate issued by Microsoft Corporation, which no server but Microsoft's can have; here the
/// certificate's address is what is trusted, and a key counts for as long as its certificate is served there.
/// </remarks>
/// <example>
/// <code>
/// using var verifier = new WebhookVerifier(new() { TrustedCertificates = [new("https://tandem.contoso.com/")] });
/// var verdict = await verifier.VerifyAsync(name => request.Headers[name], body, cancellation);
/// if (verdict.IsAccepted)
///     Handle(WebhookEvent.Parse(body));
/// </code>
/// </example>
public sealed class WebhookVerifier : IDisposable
{
    private readonly HttpClient? _ownHttp;
    private readonly SigningCertificates? _certificates;
    private readonly StandardSignature? _standard;

    /// <param name="options">Whose webhooks are accepted.</param>
    /// <exception cref="ArgumentException">
    /// Nothing is trusted; or a certificate's address is not an absolute http or https URL without a query; or a
    /// secret is no Base64.
    /// </exception>
    public WebhookVerifier(WebhookVerifierOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.TrustedCertificates.Count == 0 && options.Secrets.Count == 0)
        {
            throw new ArgumentException(
                "Name TrustedCertificates, Secrets or both: as it is, no event could be accepted.", nameof(options));
        }

        if (options.Secrets.Count > 0)
            _standard = new StandardSignature(options.Secrets, options.Tolerance, options.Clock);
        if (options.TrustedCertificates.Count == 0)
            return;
        foreach (var address in options.TrustedCertificates)
        {
            if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https")
                || address.Query.Length > 0 || address.UserInfo.Length > 0)
            {
                throw new ArgumentException(
                    $"'{address}' is no absolute http or https URL without user name and query.", nameof(options));
            }
        }

        var http = options.Http ?? (_ownHttp = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        }));
        _certificates = new SigningCertificates(http, [.. options.TrustedCertificates], options.Clock);
    }

    internal static WebhookVerdict Accepted { get; } = new(WebhookProblem.None, "The signature is right.");

    /// <summary>Checks an event, with its headers as a list.</summary>
    /// <param name="headers">Names in any case; of several headers of one name the first counts.</param>
    /// <param name="body">The bytes as they came.</param>
    /// <param name="cancellation">Ends the wait for a certificate.</param>
    /// <returns>The verdict. Nothing that a sender does makes this throw.</returns>
    public ValueTask<WebhookVerdict> VerifyAsync(
        IEnumerable<KeyValuePair<string, string>> headers,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(headers);
        var byName = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in headers)
            byName.TryAdd(name, value);
        return VerifyAsync(byName.GetValueOrDefault, body, cancellation);
    }

    /// <summary>Checks an event, with its headers by their names.</summary>
    /// <param name="header">Gives the value of a header of any case, null when it is missing.</param>
    /// <param name="body">The bytes as they came.</param>
    /// <param name="cancellation">Ends the wait for a certificate.</param>
    /// <returns>The verdict. Nothing that a sender does makes this throw.</returns>
    public async ValueTask<WebhookVerdict> VerifyAsync(
        Func<string, string?> header, ReadOnlyMemory<byte> body, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(header);
        if (_standard is not null && header(StandardSignature.Header) is { Length: > 0 } signatures)
            return _standard.Check(signatures, header, body.Span);
        if (_certificates is not null && Signature(header) is { } signature)
            return await CheckCertificate(_certificates, signature, header, body, cancellation).ConfigureAwait(false);
        return new(WebhookProblem.NoSignature, (_certificates, _standard) switch
        {
            (null, _) => $"The header {StandardSignature.Header} is missing.",
            (_, null) => "Neither Authorization nor x-ms-signature holds a Signature.",
            _ => $"The header {StandardSignature.Header} is missing, and neither Authorization nor x-ms-signature "
                + "holds a Signature.",
        });
    }

    /// <summary>Ends the verifier's own connections.</summary>
    public void Dispose() => _ownHttp?.Dispose();

    private static async ValueTask<WebhookVerdict> CheckCertificate(
        SigningCertificates certificates,
        string signature,
        Func<string, string?> header,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellation)
    {
        if (!Uri.TryCreate(header("X-MS-Certificate-Url"), UriKind.Absolute, out var address))
            return new(WebhookProblem.NoCertificateUrl, "X-MS-Certificate-Url is missing or is no absolute URL.");
        if (!"rsa-sha256".Equals(header("X-MS-Signature-Algorithm")?.Trim(), StringComparison.OrdinalIgnoreCase))
            return new(WebhookProblem.UnknownAlgorithm, "X-MS-Signature-Algorithm is missing or is not rsa-sha256.");
        var url = address.AbsoluteUri;
        if (!certificates.Trusts(address))
            return new(WebhookProblem.UntrustedCertificateUrl, $"The certificate's address {url} is not trusted.");
        if (!Base64.IsValid(signature))
            return new(WebhookProblem.MalformedSignature, "The signature is not Base64.");
        byte[] key;
        try
        {
            key = await certificates.PublicKey(address, cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is HttpRequestException or TimeoutException or CryptographicException)
        {
            return new(
                WebhookProblem.CertificateUnavailable, $"No certificate can be had at {url}: {failure.Message}.");
        }

        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(key, out _);
        var signed = Convert.FromBase64String(signature);
        return rsa.VerifyData(body.Span, signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            ? Accepted
            : new(
                WebhookProblem.WrongSignature,
                $"The key of {url} did not make this signature, or the body was changed.");
    }

    // Authorization first: a gateway may have put its own scheme there, and then the other header counts.
    private static string? Signature(Func<string, string?> header) =>
        Parameter(header("Authorization")) ?? Parameter(header("x-ms-signature"));

    private static string? Parameter(string? value) =>
        value?.Split(' ', 2, StringSplitOptions.TrimEntries) is [var scheme, { Length: > 0 } parameter]
        && scheme.Equals("Signature", StringComparison.OrdinalIgnoreCase) ? parameter : null;
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Tandem.Client.Webhooks;

namespace Tandem.Client.Tests.Webhooks;

/// <summary>Events signed with a certificate (W32–W34).</summary>
public sealed class PartnerCenterSignatureTests : IAsyncLifetime
{
    private const string Path = "/certs/one.cer";

    // Bytes that no text survives: the signature is over what came and not over what was read.
    private static readonly byte[] Body = [.. "{\"EventName\": \"referral-updated\"}\r\n"u8, 0xFF, 0x00];

    private readonly FakeTimeProvider _clock = new();
    private CertificateServer _server = null!;
    private WebhookVerifier _verifier = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await CertificateServer.Start();
        _server.Serve(Path, Pem);
        _verifier = Verifier(_server.Address);
    }

    public ValueTask DisposeAsync()
    {
        _verifier.Dispose();
        return _server.DisposeAsync();
    }

    public static TheoryData<string> Forms => ["pem", "base64", "base64 in lines", "der"];

    [Theory, MemberData(nameof(Forms))]
    public async Task A_certificate_is_read_in_each_form_that_is_served(string form) // W34
    {
        _server.Serve("/other", certificate => form switch
        {
            "pem" => Pem(certificate),
            "base64" => Encoding.ASCII.GetBytes(Convert.ToBase64String(certificate.RawData)),
            "base64 in lines" => Encoding.ASCII.GetBytes(Convert.ToBase64String(certificate.RawData, Base64FormattingOptions.InsertLineBreaks) + "\n"),
            _ => certificate.RawData,
        });
        Accepts(await Verify(_server.Sign("/other", Body)));
        Refuses(WebhookProblem.WrongSignature, 401, await Verify(_server.Sign("/other", Body), [.. Body, 0]));
    }

    [Theory]
    [InlineData("Authorization")]
    [InlineData("authorization")]
    [InlineData("x-ms-signature")]
    [InlineData("X-MS-Signature")]
    public async Task Both_headers_carry_a_signature(string header) => // W33
        Accepts(await Verify(_server.Sign(Path, Body, header)));

    [Fact]
    public async Task Authorization_is_read_first_unless_it_is_another_scheme() // W33
    {
        var headers = _server.Sign(Path, Body, "x-ms-signature");
        headers["Authorization"] = "Bearer of-a-gateway";
        Accepts(await Verify(headers));
        headers["Authorization"] = "Signature " + Convert.ToBase64String(new byte[256]);
        Refuses(WebhookProblem.WrongSignature, 401, await Verify(headers));
        (headers["Authorization"], headers["x-ms-signature"]) = (headers["x-ms-signature"], "Signature nonsense");
        Accepts(await Verify(headers));
    }

    [Fact]
    public async Task Headers_can_be_asked_for_by_name()
    {
        var headers = new HeaderDictionary();
        foreach (var (name, value) in _server.Sign(Path, Body))
            headers[name.ToUpperInvariant()] = value;
        Accepts(await _verifier.VerifyAsync(name => headers[name], Body, Cancellation));
    }

    [Fact]
    public async Task A_changed_byte_is_refused_wherever_it_is() // W32
    {
        var headers = _server.Sign(Path, Body);
        for (var i = 0; i < Body.Length; i++)
        {
            var changed = (byte[])Body.Clone();
            changed[i] ^= 1;
            Refuses(WebhookProblem.WrongSignature, 401, await Verify(headers, changed));
        }

        Refuses(WebhookProblem.WrongSignature, 401, await Verify(headers, []));
        Refuses(WebhookProblem.WrongSignature, 401, await Verify(headers, Body[..^1]));
        Accepts(await Verify(headers));
    }

    [Fact]
    public async Task Another_padding_or_hash_is_refused() // W32
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=Tandem", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        _server.On("/mine", context => context.Response.WriteAsync(certificate.ExportCertificatePem(), context.RequestAborted));
        foreach (var (signature, right) in ((byte[], bool)[])
            [
                (key.SignData(Body, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), true),
                (key.SignData(Body, HashAlgorithmName.SHA256, RSASignaturePadding.Pss), false),
                (key.SignData(Body, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1), false),
                (key.SignData(Body, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1), false),
            ])
        {
            var headers = _server.Sign(Path, Body);
            headers["Authorization"] = "Signature " + Convert.ToBase64String(signature);
            headers["X-MS-Certificate-Url"] = new Uri(_server.Address, "/mine").AbsoluteUri;
            Assert.Equal(right, (await Verify(headers)).IsAccepted);
        }
    }

    [Theory]
    [InlineData("Authorization", null, WebhookProblem.NoSignature, 401)]
    [InlineData("Authorization", "", WebhookProblem.NoSignature, 401)]
    [InlineData("Authorization", "Signature", WebhookProblem.NoSignature, 401)]
    [InlineData("Authorization", "Signature ", WebhookProblem.NoSignature, 401)]
    [InlineData("Authorization", "Bearer abc", WebhookProblem.NoSignature, 401)]
    [InlineData("Authorization", "Signature a b", WebhookProblem.MalformedSignature, 401)]
    [InlineData("Authorization", "Signature ?!", WebhookProblem.MalformedSignature, 401)]
    [InlineData("Authorization", "Signature AAAA", WebhookProblem.WrongSignature, 401)]
    [InlineData("X-MS-Certificate-Url", null, WebhookProblem.NoCertificateUrl, 400)]
    [InlineData("X-MS-Certificate-Url", "one.cer", WebhookProblem.NoCertificateUrl, 400)]
    [InlineData("X-MS-Signature-Algorithm", null, WebhookProblem.UnknownAlgorithm, 400)]
    [InlineData("X-MS-Signature-Algorithm", "none", WebhookProblem.UnknownAlgorithm, 400)]
    public async Task A_fault_in_the_headers_is_named(string header, string? value, WebhookProblem problem, int status) // W31, W33
    {
        var headers = _server.Sign(Path, Body);
        headers.Remove(header);
        if (value is not null)
            headers[header] = value;
        Refuses(problem, status, await Verify(headers));
    }

    /// <summary>Trusted is /certs/ of the server, whose address stands for SERVER.</summary>
    [Theory]
    [InlineData("https://evil.example/certs/one.cer")]
    [InlineData("http://SERVER.evil.example/certs/one.cer")]
    [InlineData("http://SERVER@evil.example/certs/one.cer")]
    [InlineData("http://user@SERVER/certs/one.cer")]
    [InlineData("https://SERVER/certs/one.cer")]
    [InlineData("http://SERVER1/certs/one.cer")]
    [InlineData("http://SERVER/other/one.cer")]
    [InlineData("http://SERVER/certs")]
    [InlineData("http://SERVER/certsone.cer")]
    [InlineData("http://SERVER/CERTS/one.cer")]
    [InlineData("http://SERVER/certs/../other/one.cer")]
    [InlineData("http://SERVER/certs/%2e%2e/other/one.cer")]
    [InlineData("http://SERVER/certs/..%2fother/one.cer")]
    [InlineData("http://SERVER/certs\\..\\other/one.cer")]
    [InlineData("http://contoso\u2100evil.com/certs/one.cer")]
    [InlineData("file:///certs/one.cer")]
    public async Task A_certificate_from_elsewhere_is_not_even_fetched(string address)
    {
        using var verifier = Verifier(new Uri(_server.Address, "/certs/"));
        var headers = _server.Sign(Path, Body);
        headers["X-MS-Certificate-Url"] = address.Replace("SERVER", _server.Address.Authority, StringComparison.Ordinal);
        var verdict = await verifier.VerifyAsync(headers, Body, Cancellation);
        Assert.False(verdict.IsAccepted);
        Assert.Contains(verdict.Problem, (WebhookProblem[])[WebhookProblem.UntrustedCertificateUrl, WebhookProblem.NoCertificateUrl]);
        Assert.Empty(_server.Asked);
        Accepts(await verifier.VerifyAsync(_server.Sign(Path, Body), Body, Cancellation));
    }

    [Fact]
    public async Task A_certificate_is_fetched_once_an_hour_however_many_events_come()
    {
        var headers = _server.Sign(Path, Body);
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => Verify(headers).AsTask(), Cancellation)));
        Assert.All(verdicts, Accepts);
        Assert.Equal([Path], _server.Asked);
        _clock.Advance(TimeSpan.FromMinutes(59));
        Accepts(await Verify(headers));
        Assert.Single(_server.Asked);

        // A key that the server has taken back is not good for ever.
        _server.On(Path, Gone);
        _clock.Advance(TimeSpan.FromMinutes(2));
        Refuses(WebhookProblem.CertificateUnavailable, 503, await Verify(headers));
    }

    [Fact]
    public async Task A_new_key_has_a_new_address_and_the_old_one_stays_good() // W34
    {
        _server.Serve("/certs/two.cer", Pem);
        foreach (var path in (string[])[Path, "/certs/two.cer", Path, "/certs/two.cer"])
            Accepts(await Verify(_server.Sign(path, Body)));
        Assert.Equal([Path, "/certs/two.cer"], _server.Asked);

        var mixed = _server.Sign(Path, Body);
        mixed["X-MS-Certificate-Url"] = new Uri(_server.Address, "/certs/two.cer").AbsoluteUri;
        Refuses(WebhookProblem.WrongSignature, 401, await Verify(mixed));
    }

    [Fact]
    public async Task Many_addresses_without_a_certificate_push_out_no_good_one()
    {
        var headers = _server.Sign(Path, Body);
        Accepts(await Verify(headers));
        for (var i = 0; i < 100; i++)
        {
            var forged = new Dictionary<string, string>(headers) { ["X-MS-Certificate-Url"] = new Uri(_server.Address, $"/none/{i}").AbsoluteUri };
            Refuses(WebhookProblem.CertificateUnavailable, 503, await Verify(forged));
        }

        Accepts(await Verify(headers));
        Assert.Single(_server.Asked, path => path == Path);
    }

    [Fact]
    public async Task Only_so_many_certificates_are_kept()
    {
        foreach (var i in Enumerable.Range(0, 17))
        {
            _server.Serve($"/certs/{i}", Pem);
            Accepts(await Verify(_server.Sign($"/certs/{i}", Body)));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        // The oldest one had to go, the youngest one is still there.
        Accepts(await Verify(_server.Sign("/certs/16", Body)));
        Accepts(await Verify(_server.Sign("/certs/0", Body)));
        Assert.Equal(2, _server.Asked.Count(path => path == "/certs/0"));
        Assert.Single(_server.Asked, path => path == "/certs/16");
    }

    [Fact]
    public async Task A_failed_fetch_is_tried_again_with_the_next_event()
    {
        var headers = _server.Sign(Path, Body);
        headers["X-MS-Certificate-Url"] = new Uri(_server.Address, "/later").AbsoluteUri;
        var verdict = await Verify(headers);
        Refuses(WebhookProblem.CertificateUnavailable, 503, verdict);
        Assert.Contains("the answer is 404", verdict.Explanation, StringComparison.Ordinal);
        _server.Serve("/later", Pem);
        Accepts(await Verify(_server.Sign("/later", Body)));
    }

    [Fact]
    public async Task What_is_no_certificate_is_refused()
    {
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var elliptic = new CertificateRequest("CN=Tandem", curve, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        foreach (var answer in (byte[][])[[], [0], "nonsense"u8.ToArray(), "-----BEGIN CERTIFICATE-----"u8.ToArray(), "AAAA"u8.ToArray(), Pem(elliptic), new byte[100_000]])
        {
            _server.On("/bad", context => context.Response.Body.WriteAsync(answer, context.RequestAborted).AsTask());
            var headers = _server.Sign(Path, Body);
            headers["X-MS-Certificate-Url"] = new Uri(_server.Address, "/bad").AbsoluteUri;
            Refuses(WebhookProblem.CertificateUnavailable, 503, await Verify(headers));
        }
    }

    [Fact]
    public async Task A_redirect_of_the_certificate_is_not_followed_out_of_the_trusted()
    {
        await using var evil = await CertificateServer.Start();
        evil.Serve(Path, Pem);
        _server.On("/moved", context =>
        {
            context.Response.Redirect(new Uri(evil.Address, Path).AbsoluteUri);
            return Task.CompletedTask;
        });
        var headers = evil.Sign(Path, Body);
        headers["X-MS-Certificate-Url"] = new Uri(_server.Address, "/moved").AbsoluteUri;
        Refuses(WebhookProblem.CertificateUnavailable, 503, await Verify(headers));
        Assert.Empty(evil.Asked);

        // A client of the caller's that follows them makes no difference to what is trusted.
        using var following = new HttpClient();
        using var verifier = new WebhookVerifier(new() { TrustedCertificates = [_server.Address], Http = following });
        Refuses(WebhookProblem.CertificateUnavailable, 503, await verifier.VerifyAsync(headers, Body, Cancellation));
    }

    [Fact]
    public async Task Who_waits_for_a_certificate_can_give_up_and_the_others_get_it()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var free = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var headers = _server.Sign(Path, Body);
        _server.Serve("/slow", Pem);
        var signed = _server.Sign("/slow", Body);
        byte[] pem = [];
        using (var http = new HttpClient())
            pem = await http.GetByteArrayAsync(new Uri(_server.Address, "/slow"), Cancellation);
        _server.On("/slow", async context =>
        {
            asked.SetResult();
            await free.Task;
            await context.Response.Body.WriteAsync(pem, context.RequestAborted);
        });

        using var impatient = new CancellationTokenSource();
        var first = _verifier.VerifyAsync(signed, Body, impatient.Token).AsTask();
        await asked.Task;
        var second = Verify(signed).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        free.SetResult();
        Accepts(await second);
        Accepts(await Verify(headers));
    }

    [Fact]
    public void A_verifier_that_trusts_nothing_is_a_mistake()
    {
        Assert.Throws<ArgumentException>(() => new WebhookVerifier(new()));
        Assert.Throws<ArgumentException>(() => Verifier(new Uri("/certs", UriKind.Relative)));
        Assert.Throws<ArgumentException>(() => Verifier(new Uri("ftp://tandem.contoso.com/")));
        Assert.Throws<ArgumentException>(() => Verifier(new Uri("https://user@tandem.contoso.com/")));
        Assert.Throws<ArgumentException>(() => Verifier(new Uri("https://tandem.contoso.com/?a=b")));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static byte[] Pem(X509Certificate2 certificate) => Encoding.ASCII.GetBytes(certificate.ExportCertificatePem());

    private static Task Gone(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status410Gone;
        return Task.CompletedTask;
    }

    private static void Accepts(WebhookVerdict verdict)
    {
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.Equal((WebhookProblem.None, 200), (verdict.Problem, verdict.StatusCode));
    }

    private static void Refuses(WebhookProblem problem, int status, WebhookVerdict verdict)
    {
        Assert.False(verdict.IsAccepted);
        Assert.Equal((problem, status), (verdict.Problem, verdict.StatusCode));
        Assert.InRange(verdict.Explanation.Length, 20, 500);
    }

    private WebhookVerifier Verifier(Uri trusted) => new(new() { TrustedCertificates = [trusted], Clock = _clock });

    private ValueTask<WebhookVerdict> Verify(Dictionary<string, string> headers, byte[]? body = null) =>
        _verifier.VerifyAsync(headers, body ?? Body, Cancellation);
}

using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Http;

/// <summary>How answers travel: compressed where it pays, over HTTP/2 where there is TLS.</summary>
public sealed class TransportTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TandemServer _server = fixture.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task A_list_is_compressed_for_who_asks(string encoding)
    {
        for (var i = 0; i < 20; i++)
            await _server.Own();
        using var answer = await Ask(Api, encoding);
        Assert.Equal(encoding, Assert.Single(answer.Content.Headers.ContentEncoding));
        Assert.Contains("Accept-Encoding", answer.Headers.Vary);
        var bytes = await answer.Content.ReadAsByteArrayAsync(Cancellation);
        using var packed = new MemoryStream(bytes);
        await using Stream unpacked = encoding == "br"
            ? new BrotliStream(packed, CompressionMode.Decompress)
            : new GZipStream(packed, CompressionMode.Decompress);
        using var text = new StreamReader(unpacked);
        var json = await text.ReadToEndAsync(Cancellation);
        Assert.True(JsonNode.Parse(json)!["value"]!.AsArray().Count >= 20);
        Assert.InRange(bytes.Length, 1, json.Length / 4);
    }

    [Fact]
    public async Task A_single_referral_and_who_does_not_ask_get_plain_bytes()
    {
        var deal = await _server.Own();
        using var one = await Ask($"{Api}/{deal.Id}", "br");
        Assert.Empty(one.Content.Headers.ContentEncoding);
        using var plain = await Ask(Api, "identity");
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.NotNull(plain.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task Http_2_is_spoken_over_tls()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var file = Path.Combine(Directory.CreateTempSubdirectory("tandem-tls-").FullName, "server.pfx");
        await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pfx, "tls"), Cancellation);
        await using var server = await Start(settings:
        [
            ("Kestrel:Endpoints:Tls:Url", "https://127.0.0.1:0"),
            ("Kestrel:Endpoints:Tls:Certificate:Path", file),
            ("Kestrel:Endpoints:Tls:Certificate:Password", "tls"),
        ]);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.GetCertHashString();
        using var http = new HttpClient(handler);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Alice);
        using var ask = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address + Api))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var answer = await http.SendAsync(ask, Cancellation);
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (answer.StatusCode, answer.Version));
    }

    private async Task<HttpResponseMessage> Ask(string path, string encoding)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Alice}");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
        return await _server.Http.SendAsync(request, Cancellation);
    }
}

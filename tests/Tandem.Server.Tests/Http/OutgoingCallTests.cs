using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using Microsoft.Security.AntiSSRF;
using Tandem.Server.Http;
using Tandem.Server.Tests.Fixtures;

namespace Tandem.Server.Tests.Http;

/// <summary>Nothing that a client writes makes the server call its own network (W13, W36).</summary>
public sealed class OutgoingCallTests : IAsyncLifetime
{
    private const string Host = "receiver.contoso.com";
    private const string Target = "WebhookUrl";

    // The forbidden one: whatever connects to it has got through.
    private WebhookReceiver _inner = null!;

    public async ValueTask InitializeAsync() => _inner = await WebhookReceiver.Start();

    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    /// <summary>Each with the listener's port where it says PORT; every name in them leads to the listener.</summary>
    public static TheoryData<string> ForbiddenUrls =>
    [
        // Schemes, and what is no URL
        "http://receiver.contoso.com:PORT/", "http://127.0.0.1:PORT/", "ftp://127.0.0.1:PORT/", "file:///etc/passwd", "gopher://127.0.0.1:PORT/",
        "wss://127.0.0.1:PORT/", "//127.0.0.1:PORT/", "/hook", "127.0.0.1:PORT", "https:127.0.0.1:PORT", "https:/127.0.0.1:PORT/", "https:///127.0.0.1:PORT/",
        "https:\\\\127.0.0.1:PORT\\", " https://127.0.0.1:PORT/", "https://127.0.0.1:PORT\t/", "https://\t127.0.0.1:PORT/", "https://", "",
        // Loopback, written in every way
        "https://127.0.0.1:PORT/", "https://127.0.0.2:PORT/", "https://127.255.255.254:PORT/", "HTTPS://127.0.0.1:PORT/",
        "https://2130706433:PORT/", "https://017700000001:PORT/", "https://0x7f000001:PORT/", "https://0X7F000001:PORT/", "https://127.1:PORT/",
        "https://127.0.1:PORT/", "https://0x7f.1:PORT/", "https://0x7f.0.0.0x1:PORT/", "https://0177.0.0.1:PORT/", "https://0177.0x0.0.1:PORT/",
        "https://127.0.0.01:PORT/", "https://127.000.000.001:PORT/", "https://127.0.0.1.:PORT/", "https://4294967295:PORT/", "https://127.0.0.0x1:PORT/",
        "https://127.0.0.1.0x:PORT/", "https://425.510.425.510:PORT/", "https://0:PORT/", "https://0.0.0.0:PORT/", "https://00000000000000000177.1:PORT/",
        // Characters that become others
        "https://１２７.0.0.1:PORT/", "https://①②⑦.0.0.1:PORT/", "https://127。0。0。1:PORT/", "https://127．0．0．1:PORT/", "https://127｡0｡0｡1:PORT/",
        "https://%31%32%37.0.0.1:PORT/", "https://127%2e0.0.1:PORT/", "https://localhost%2e:PORT/", "https://127.0.0.1%00.contoso.com:PORT/",
        "https://127.0.0.1%23.contoso.com:PORT/", "https://ｌｏｃａｌｈｏｓｔ:PORT/", "https://loc\u00ADalhost.contoso.com:PORT/", "https://bücher.contoso.com:PORT/",
        "https://\u212Aontoso.com:PORT/", "https://contoso.com:\u0664\u0664\u0663/", "https://contoso\u2100evil.com:PORT/", "https://127.0.0.1\u200B:PORT/",
        // IPv6
        "https://[::1]:PORT/", "https://[0:0:0:0:0:0:0:1]:PORT/", "https://[0000::0001]:PORT/", "https://[::]:PORT/", "https://[::127.0.0.1]:PORT/",
        "https://[::7f00:1]:PORT/", "https://[::ffff:127.0.0.1]:PORT/", "https://[::ffff:7f00:1]:PORT/", "https://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
        "https://[::ffff:0:127.0.0.1]:PORT/", "https://[::ffff:8.8.8.8]:PORT/", "https://[64:ff9b::127.0.0.1]:PORT/", "https://[64:ff9b::7f00:1]:PORT/",
        "https://[64:ff9b:1::7f00:1]:PORT/", "https://[2002:7f00:1::]:PORT/", "https://[2001:0:7f00:1::]:PORT/", "https://[fe80::1]:PORT/",
        "https://[fe80::1%25lo]:PORT/", "https://[fe80::1%lo]:PORT/", "https://[::1%251]:PORT/", "https://[fc00::1]:PORT/", "https://[fd00:ec2::254]:PORT/",
        "https://[fec0::1]:PORT/", "https://[ff02::1]:PORT/", "https://[2001:db8::1]:PORT/", "https://[100::1]:PORT/", "https://[v1.fe80]:PORT/",
        // Other networks
        "https://10.0.0.1/", "https://10.255.255.255/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.1.1/", "https://169.254.169.254/",
        "https://2852039166/", "https://0xa9fea9fe/", "https://169.254.170.2/", "https://[::ffff:169.254.169.254]/", "https://[64:ff9b::a9fe:a9fe]/",
        "https://100.64.0.1/", "https://100.100.100.200/", "https://168.63.129.16/", "https://192.0.0.192/", "https://198.18.0.1/", "https://203.0.113.7/",
        "https://224.0.0.1/", "https://240.0.0.1/", "https://255.255.255.255/", "https://192.88.99.1/",
        // Names of the inside
        "https://localhost:PORT/", "https://LOCALHOST:PORT/", "https://localhost.:PORT/", "https://a.localhost:PORT/", "https://localhost.localdomain:PORT/",
        "https://tandem:PORT/", "https://db.internal:PORT/", "https://metadata.google.internal/", "https://printer.local:PORT/", "https://crm.corp:PORT/",
        "https://nas.home.arpa:PORT/", "https://router.LAN:PORT/", "https://receiver.contoso.com.:PORT/",
        // Public names that lead inside
        "https://receiver.contoso.com:PORT/", "https://127.0.0.1.nip.io:PORT/", "https://localtest.me:PORT/", "https://xn--bcher-kva.contoso.com:PORT/",
        // User names and ports
        "https://user@receiver.contoso.com:PORT/", "https://user:secret@receiver.contoso.com:PORT/", "https://@receiver.contoso.com:PORT/",
        "https://contoso.com@127.0.0.1:PORT/", "https://contoso.com%40127.0.0.1:PORT/", "https://contoso.com\\@127.0.0.1:PORT/", "https://contoso.com:443@127.0.0.1:PORT/",
        "https://1.1.1.1:0/", "https://1.1.1.1:22/", "https://1.1.1.1:25/", "https://1.1.1.1:80/", "https://1.1.1.1:1023/", "https://1.1.1.1:65536/",
        "https://1.1.1.1:99999999999/", "https://1.1.1.1:-1/", "https://1.1.1.1:0x50/", "https://1.1.1.1:443:PORT/",
    ];

    [Theory, MemberData(nameof(ForbiddenUrls))]
    public async Task A_forbidden_url_is_refused_and_reaches_nothing(string form) // W13
    {
        var url = form.Replace("PORT", $"{_inner.Port}", StringComparison.Ordinal);
        var calls = Exchange((_, _) => Task.FromResult(new[] { IPAddress.Loopback }));

        var refusal = await calls.Check(url, Target, Cancellation);
        AssertRefused(refusal);
        await AssertUnreachable(calls, url);
        Assert.Equal(0, _inner.Connections);
    }

    /// <summary>The first and the last address of each network that Microsoft's library knows, and what it leaves out.</summary>
    public static TheoryData<string> ForbiddenNetworkNames =>
        [.. IPAddressRanges.recommendedLatest, "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "4000::/2", "8000::/1"];

    [Theory, MemberData(nameof(ForbiddenNetworkNames))]
    public async Task A_name_that_leads_to_a_special_network_is_refused(string name) // W13
    {
        var network = IPNetwork.Parse(name);
        foreach (var address in (IPAddress[])[network.BaseAddress, Last(network)])
        {
            // Alone, and beside a public address, before it and behind it.
            foreach (var answer in (IPAddress[][])[[address], [address, IPAddress.Parse("1.1.1.1")], [IPAddress.Parse("1.1.1.1"), address]])
            {
                var calls = Exchange((_, _) => Task.FromResult(answer));
                var refusal = await calls.Check($"https://{Host}/", Target, Cancellation);
                AssertRefused(refusal);
                Assert.Contains("Tandem:Webhooks:AllowedNetworks", refusal!.Message, StringComparison.Ordinal);
                // What DNS says of the inside is not for the one who asks.
                Assert.DoesNotContain(address.ToString(), refusal.Message, StringComparison.Ordinal);
                await AssertUnreachable(calls, $"https://{Host}/");
            }
        }
    }

    [Theory]
    [InlineData("https://crm.contoso.com")]
    [InlineData("https://crm.contoso.com/")]
    [InlineData("HTTPS://CRM.contoso.com/Hook?code=a%2Fb&x=user@host#part")]
    [InlineData("https://crm.contoso.com:443/hook")]
    [InlineData("https://crm.contoso.com:8443/hook")]
    [InlineData("https://crm.contoso.com:65535/hook")]
    [InlineData("https://xn--bcher-kva.example/hook")]
    [InlineData("https://1password.com/hook")]
    [InlineData("https://a_b.contoso.com/hook")]
    [InlineData("https://internal.contoso.com/hook")]
    [InlineData("https://1.1.1.1/hook")]
    [InlineData("https://[2606:4700:4700::1111]/hook")]
    public async Task A_public_url_is_accepted(string url) // W13
    {
        var calls = Exchange((_, _) => Task.FromResult(new[] { IPAddress.Parse("1.1.1.1"), IPAddress.Parse("2606:4700:4700::1111") }));
        Assert.Null(await calls.Check(url, Target, Cancellation));
    }

    [Fact]
    public async Task A_url_has_at_most_2048_characters() // W13
    {
        var calls = Exchange((_, _) => Task.FromResult(new[] { IPAddress.Parse("1.1.1.1") }));
        var longest = $"https://{Host}/".PadRight(2048, 'x');
        Assert.Null(await calls.Check(longest, Target, Cancellation));
        AssertRefused(await calls.Check(longest + "x", Target, Cancellation));
        AssertRefused(await calls.Check(null, Target, Cancellation));
    }

    [Fact]
    public async Task A_name_that_changes_its_meaning_after_registration_is_not_followed() // W13
    {
        var asked = 0;
        var calls = Exchange((_, _) => Task.FromResult(new[] { asked++ == 0 ? IPAddress.Parse("1.1.1.1") : IPAddress.Loopback }));
        var url = $"https://{Host}:{_inner.Port}/";
        Assert.Null(await calls.Check(url, Target, Cancellation));
        await AssertUnreachable(calls, url);
        await AssertUnreachable(calls, url);
        Assert.Equal(3, asked);
        Assert.Equal(0, _inner.Connections);
    }

    [Fact]
    public async Task A_name_is_asked_for_again_at_each_new_connection() // W13, W36
    {
        // The allowed address and the forbidden one listen at the same port of one machine.
        using var certificate = Certificate(Host);
        await using var receiver = await WebhookReceiver.Start(certificate);
        receiver.On("/hook", WebhookAnswer.Ok.With("Connection", "close"));
        var meaning = IPAddress.Loopback;
        var asked = new List<string>();
        var calls = Exchange(
            (host, _) =>
            {
                asked.Add(host);
                return Task.FromResult(new[] { meaning });
            },
            "127.0.0.1/32");
        using var http = new HttpClient(Trusting(calls.Handler(), certificate));
        var url = $"https://{Host}:{receiver.Port}/hook";

        using (var first = await Post(http, url))
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        meaning = IPAddress.Parse("127.0.0.2");
        await Assert.ThrowsAsync<HttpRequestException>(() => Post(http, url));
        meaning = IPAddress.Loopback;
        using (var third = await Post(http, url))
            Assert.Equal(HttpStatusCode.OK, third.StatusCode);

        Assert.Equal([Host, Host, Host], asked);
        Assert.Equal((2, 2), (receiver.Connections, receiver.Calls.Count));
    }

    [Fact]
    public async Task The_certificate_must_be_that_of_the_name_and_not_of_the_address() // W36
    {
        using var right = Certificate(Host);
        using var wrong = Certificate("other.contoso.com");
        var calls = Exchange((_, _) => Task.FromResult(new[] { IPAddress.Loopback }), "127.0.0.0/8");
        foreach (var (certificate, served) in ((X509Certificate2, int)[])[(right, 1), (wrong, 0)])
        {
            await using var receiver = await WebhookReceiver.Start(certificate);
            using var http = new HttpClient(Trusting(calls.Handler(), certificate));
            var call = () => Post(http, $"https://{Host}:{receiver.Port}/hook");
            if (served == 1)
                (await call()).Dispose();
            else
                Assert.Equal(HttpRequestError.SecureConnectionError, (await Assert.ThrowsAsync<HttpRequestException>(call)).HttpRequestError);
            Assert.Equal(served, receiver.Calls.Count);
        }

        // Nobody vouches for this one.
        await using var unknown = await WebhookReceiver.Start(right);
        using var strict = new HttpClient(calls.Handler());
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => Post(strict, $"https://{Host}:{unknown.Port}/hook"));
        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.Empty(unknown.Calls);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_an_answer_and_is_not_followed(int status) // W36
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/hook", WebhookAnswer.Redirect(_inner.Address + "/inside", status));
        using var http = new HttpClient(Emulator().Handler());
        using var answer = await Post(http, receiver.Address + "/hook");
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal((1, 0), (receiver.Calls.Count, _inner.Connections));
    }

    [Fact]
    public async Task No_proxy_no_cookie_and_no_trace_goes_along() // W31, W36
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/hook", WebhookAnswer.Ok.With("Set-Cookie", "a=b"));
        var handler = Emulator().Handler();
        Assert.False(handler.UseProxy);
        using var http = new HttpClient(handler);
        using var activity = new System.Diagnostics.Activity("delivery").Start();
        for (var i = 0; i < 2; i++)
            (await Post(http, receiver.Address + "/hook")).Dispose();
        Assert.All(receiver.Calls, call => Assert.Equal(["Content-Length", "Host"], call.Headers.Keys.Order()));
        Assert.Equal(2, receiver.Calls.Count);
    }

    [Fact]
    public async Task Networks_that_an_administrator_allows_can_be_called() // W13
    {
        var calls = Exchange(
            (host, _) => Task.FromResult(new[] { IPAddress.Parse(host == "crm.corp" ? "10.2.3.4" : "10.3.3.4") }), "10.2.0.0/16", "fd00::/8");
        Assert.Null(await calls.Check("https://crm.corp/hook", Target, Cancellation));
        Assert.Null(await calls.Check("https://10.2.255.1/hook", Target, Cancellation));
        Assert.Null(await calls.Check("https://[fd12::1]/hook", Target, Cancellation));
        AssertRefused(await calls.Check("https://erp.corp/hook", Target, Cancellation));
        AssertRefused(await calls.Check("http://crm.corp/hook", Target, Cancellation));
        // A cloud's credentials are nobody's receiver, however wide the network.
        AssertRefused(await calls.Check("https://[fd00:ec2::254]/hook", Target, Cancellation));
        AssertRefused(await Exchange(NoName, "0.0.0.0/0").Check("https://169.254.169.254/", Target, Cancellation));
        AssertRefused(await Exchange(NoName, "64:ff9b::/96").Check("https://[64:ff9b::169.254.169.254]/", Target, Cancellation));
    }

    [Fact]
    public async Task A_name_that_dns_does_not_know_is_refused_and_one_that_it_cannot_tell_is_not() // W13
    {
        AssertRefused(await Exchange(NoName).Check($"https://{Host}/", Target, Cancellation));
        var away = Exchange((_, _) => throw new SocketException((int)SocketError.TryAgain));
        Assert.Null(await away.Check($"https://{Host}/", Target, Cancellation));
        await AssertUnreachable(away, $"https://{Host}/");
        await AssertUnreachable(Exchange((_, _) => Task.FromResult<IPAddress[]>([])), $"https://{Host}/");

        // Whoever registers has gone: no verdict at all.
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        var waiting = Exchange((_, cancellation) => Task.Delay(Timeout.Infinite, cancellation).ContinueWith<IPAddress[]>(
            _ => throw new OperationCanceledException(cancellation), TaskScheduler.Default));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting.Check($"https://{Host}/", Target, gone.Token));
    }

    [Fact]
    public async Task The_emulator_calls_the_developers_own_machine() // W13
    {
        var calls = Emulator();
        using var http = new HttpClient(calls.Handler());
        foreach (var url in (string[])[$"{_inner.Address}/hook", $"http://localhost:{_inner.Port}/hook"])
        {
            Assert.Null(await calls.Check(url, Target, Cancellation));
            (await Post(http, url)).Dispose();
        }

        Assert.Equal(2, _inner.Calls.Count);
        Assert.Null(await calls.Check("http://receiver:8080/hook", Target, Cancellation));
        Assert.Null(await calls.Check("http://192.168.1.7/hook", Target, Cancellation));
        Assert.Null(await calls.Check("https://[::1]:7071/hook", Target, Cancellation));
    }

    [Theory]
    [InlineData("http://user@127.0.0.1:PORT/")]
    [InlineData("http://127.1:PORT/")]
    [InlineData("http://2130706433:PORT/")]
    [InlineData("http://localhost.:PORT/")]
    [InlineData("http://１２７.0.0.1:PORT/")]
    [InlineData("http://169.254.169.254/")]
    [InlineData("http://[::ffff:a9fe:a9fe]/")]
    [InlineData("ftp://127.0.0.1:PORT/")]
    [InlineData("http://127.0.0.1:0/")]
    public async Task Some_urls_are_refused_in_the_emulator_too(string form) // W13
    {
        var url = form.Replace("PORT", $"{_inner.Port}", StringComparison.Ordinal);
        var refusal = await Emulator().Check(url, Target, Cancellation);
        AssertRefused(refusal, "an absolute http or https URL");
        await AssertUnreachable(Emulator(), url);
        Assert.Equal(0, _inner.Connections);
    }

    [Theory]
    [InlineData("10.2.0.0")]
    [InlineData("10.2.0.0/33")]
    [InlineData("crm.corp")]
    public async Task A_network_that_is_none_stops_the_start(string network)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(
            () => TandemServer.Start(settings: [("Tandem:Webhooks:AllowedNetworks:0", network), ("Logging:LogLevel:Default", "None")]));
        Assert.Contains("Tandem:Webhooks:AllowedNetworks", failure.Message, StringComparison.Ordinal);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Task<IPAddress[]> NoName(string host, CancellationToken cancellation) =>
        throw new SocketException((int)SocketError.HostNotFound);

    private static OutgoingCalls Emulator() => new(Options.Create(new TandemOptions()), Options.Create(new OutgoingCallOptions()), Dns.GetHostAddressesAsync);

    private static OutgoingCalls Exchange(ResolveHost resolve, params string[] allowed) => new(
        Options.Create(new TandemOptions { Mode = TandemMode.Exchange }), Options.Create(new OutgoingCallOptions { AllowedNetworks = [.. allowed] }), resolve);

    private static void AssertRefused(Refusal? refusal, string asked = "an absolute https URL")
    {
        Assert.NotNull(refusal);
        Assert.Equal((400, "invalidValue", Target), (refusal.Status, refusal.InnerCode, refusal.Target));
        Assert.StartsWith($"WebhookUrl must be {asked}. ", refusal.Message, StringComparison.Ordinal);
        Assert.InRange(refusal.Message.Length, 50, 1024);
    }

    /// <summary>The handler refuses, by the guard and not because nobody listened.</summary>
    private static async Task AssertUnreachable(OutgoingCalls calls, string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out _))
            return; // No HttpClient takes it.
        using var http = new HttpClient(calls.Handler());
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => Post(http, url));
        Assert.True(
            failure is NotSupportedException or UriFormatException
            || failure is HttpRequestException
            {
                InnerException: HttpRequestException or SocketException { SocketErrorCode: SocketError.TryAgain },
            },
            $"{url} was not refused by the guard: {failure}");
    }

    private static async Task<HttpResponseMessage> Post(HttpClient http, string url)
    {
        using var body = new ByteArrayContent([1]);
        return await http.PostAsync(new Uri(url), body, Cancellation);
    }

    private static IPAddress Last(IPNetwork network)
    {
        var bytes = network.BaseAddress.GetAddressBytes();
        for (var bit = network.PrefixLength; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return new IPAddress(bytes);
    }

    private static X509Certificate2 Certificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static SocketsHttpHandler Trusting(SocketsHttpHandler handler, X509Certificate2 certificate)
    {
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { certificate },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        };
        return handler;
    }
}

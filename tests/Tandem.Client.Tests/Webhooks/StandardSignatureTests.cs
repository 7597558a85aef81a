using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Tandem.Client.Webhooks;

namespace Tandem.Client.Tests.Webhooks;

/// <summary>Events signed with a secret, as the Standard Webhooks specification says.</summary>
public sealed class StandardSignatureTests
{
    // The vector that the reference libraries are tested with.
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private const long Sent = 1614265330;
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    private static readonly byte[] Body = "{\"test\": 2432232314}"u8.ToArray();
    private static readonly string Other = "whsec_" + Convert.ToBase64String(Encoding.ASCII.GetBytes("another secret of 24 byt"));

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(Sent));

    [Fact]
    public async Task The_reference_vector_is_accepted() => Accepts(await Verify(Headers()));

    [Fact]
    public async Task The_prefix_of_a_secret_may_be_left_out() => Accepts(await Verify(Headers(), secrets: Secret[6..]));

    [Theory]
    [InlineData("v1,AAAA " + Signature)]
    [InlineData(Signature + " v1,AAAA")]
    [InlineData("v1a,anothersort v2,AAAA  " + Signature)]
    [InlineData("v1,?? " + Signature)]
    public async Task One_right_signature_of_several_is_enough(string signatures) => Accepts(await Verify(Headers(signatures: signatures)));

    [Fact]
    public async Task A_changed_byte_is_refused_wherever_it_is()
    {
        for (var i = 0; i < Body.Length; i++)
        {
            var changed = (byte[])Body.Clone();
            changed[i] ^= 1;
            Refuses(WebhookProblem.WrongSignature, 401, await Verify(Headers(), changed));
        }

        Refuses(WebhookProblem.WrongSignature, 401, await Verify(Headers(), []));
        Refuses(WebhookProblem.WrongSignature, 401, await Verify(Headers(id: Id + "x")));
        Refuses(WebhookProblem.WrongSignature, 401, await Verify(Headers(sent: $"{Sent + 1}")));
        // The bytes of id and time cannot be shifted from one to the other.
        Refuses(WebhookProblem.WrongSignature, 401, await Verify(Headers(sent: $"0{Sent}")));
    }

    [Fact]
    public async Task A_secret_is_changed_without_losing_an_event()
    {
        Refuses(WebhookProblem.WrongSignature, 401, await Verify(Headers(), secrets: Other));
        Accepts(await Verify(Headers(), secrets: [Other, Secret]));
        // While both are in use the server signs with both, old receivers know the one and new ones the other.
        var both = $"{Sign(Other)} {Signature}";
        foreach (var known in (string[][])[[Secret], [Other], [Secret, Other]])
            Accepts(await Verify(Headers(signatures: both), secrets: known));
    }

    [Theory]
    [InlineData(300, null)]
    [InlineData(-300, null)]
    [InlineData(301, WebhookProblem.TooOld)]
    [InlineData(-301, WebhookProblem.TooNew)]
    [InlineData(86_400, WebhookProblem.TooOld)]
    public async Task An_event_is_good_for_five_minutes(int seconds, WebhookProblem? problem)
    {
        _clock.AdjustTime(DateTimeOffset.FromUnixTimeSeconds(Sent + seconds));
        var verdict = await Verify(Headers());
        if (problem is { } expected)
            Refuses(expected, 401, verdict);
        else
            Accepts(verdict);
    }

    [Fact]
    public async Task The_tolerance_can_be_set()
    {
        _clock.AdjustTime(DateTimeOffset.FromUnixTimeSeconds(Sent + 11));
        using var strict = new WebhookVerifier(new() { Secrets = [Secret], Tolerance = TimeSpan.FromSeconds(10), Clock = _clock });
        Refuses(WebhookProblem.TooOld, 401, await strict.VerifyAsync(Headers(), Body, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("webhook-signature", null, WebhookProblem.NoSignature, 401)]
    [InlineData("webhook-signature", "", WebhookProblem.NoSignature, 401)]
    [InlineData("webhook-signature", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", WebhookProblem.MalformedSignature, 401)]
    [InlineData("webhook-signature", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", WebhookProblem.MalformedSignature, 401)]
    [InlineData("webhook-signature", "v1,?", WebhookProblem.MalformedSignature, 401)]
    [InlineData("webhook-signature", "v1,", WebhookProblem.WrongSignature, 401)]
    [InlineData("webhook-signature", "v1,g0hM", WebhookProblem.WrongSignature, 401)]
    [InlineData("webhook-id", null, WebhookProblem.NoId, 400)]
    [InlineData("webhook-timestamp", null, WebhookProblem.NoTimestamp, 400)]
    [InlineData("webhook-timestamp", "yesterday", WebhookProblem.NoTimestamp, 400)]
    [InlineData("webhook-timestamp", "-1", WebhookProblem.NoTimestamp, 400)]
    [InlineData("webhook-timestamp", "1614265330.5", WebhookProblem.NoTimestamp, 400)]
    [InlineData("webhook-timestamp", "99999999999999999999", WebhookProblem.NoTimestamp, 400)]
    [InlineData("webhook-timestamp", "9223372036854775807", WebhookProblem.TooNew, 401)]
    [InlineData("webhook-timestamp", "0", WebhookProblem.TooOld, 401)]
    public async Task A_fault_in_the_headers_is_named(string header, string? value, WebhookProblem problem, int status)
    {
        var headers = Headers();
        headers.Remove(header);
        if (value is not null)
            headers[header] = value;
        Refuses(problem, status, await Verify(headers));
    }

    [Theory]
    [InlineData("")]
    [InlineData("whsec_")]
    [InlineData("whsec_not base64!")]
    public void A_secret_that_is_none_is_a_mistake(string secret)
    {
        var failure = Assert.Throws<ArgumentException>(() => new WebhookVerifier(new() { Secrets = [secret] }));
        if (secret.Length > 6)
            Assert.DoesNotContain(secret[6..], failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_verifier_takes_both_styles_and_neither_stands_in_for_the_other() // W33
    {
        await using var server = await CertificateServer.Start();
        server.Serve("/one", certificate => Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
        using var verifier = new WebhookVerifier(new() { Secrets = [Secret], TrustedCertificates = [server.Address], Clock = _clock });
        var cancellation = TestContext.Current.CancellationToken;
        Accepts(await verifier.VerifyAsync(Headers(), Body, cancellation));
        Accepts(await verifier.VerifyAsync(server.Sign("/one", Body), Body, cancellation));
        Refuses(WebhookProblem.NoSignature, 401, await verifier.VerifyAsync([], Body, cancellation));

        // Only what it is set up for counts.
        using var standard = new WebhookVerifier(new() { Secrets = [Secret], Clock = _clock });
        Refuses(WebhookProblem.NoSignature, 401, await standard.VerifyAsync(server.Sign("/one", Body), Body, cancellation));
        using var certificates = new WebhookVerifier(new() { TrustedCertificates = [server.Address], Clock = _clock });
        Refuses(WebhookProblem.NoSignature, 401, await certificates.VerifyAsync(Headers(), Body, cancellation));
    }

    private static void Accepts(WebhookVerdict verdict) => Assert.True(verdict.IsAccepted, verdict.Explanation);

    private static void Refuses(WebhookProblem problem, int status, WebhookVerdict verdict)
    {
        Assert.False(verdict.IsAccepted);
        Assert.Equal((problem, status), (verdict.Problem, verdict.StatusCode));
        Assert.DoesNotContain(Secret[6..], verdict.Explanation, StringComparison.Ordinal);
    }

    private static string Sign(string secret) => "v1," + Convert.ToBase64String(
        HMACSHA256.HashData(Convert.FromBase64String(secret[6..]), (byte[])[.. Encoding.ASCII.GetBytes($"{Id}.{Sent}."), .. Body]));

    private static Dictionary<string, string> Headers(string id = Id, string? sent = null, string signatures = Signature) => new(StringComparer.OrdinalIgnoreCase)
    {
        ["Webhook-Id"] = id,
        ["webhook-timestamp"] = sent ?? $"{Sent}",
        ["webhook-signature"] = signatures,
    };

    private async Task<WebhookVerdict> Verify(Dictionary<string, string> headers, byte[]? body = null, params string[] secrets)
    {
        using var verifier = new WebhookVerifier(new() { Secrets = secrets.Length > 0 ? secrets : [Secret], Clock = _clock });
        return await verifier.VerifyAsync(headers, body ?? Body, TestContext.Current.CancellationToken);
    }
}

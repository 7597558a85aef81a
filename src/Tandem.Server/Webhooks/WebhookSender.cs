using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Http;

namespace Tandem.Server.Webhooks;

/// <summary>Makes one attempt to deliver an event (W31–W36), and says what came of it.</summary>
internal sealed class WebhookSender(
    WebhookKeys keys, IDataProtectionProvider protection, OutgoingCalls outgoing, ServerAddress address, TimeProvider clock,
    ILogger<WebhookSender> logger) : IDisposable
{
    private const int KeptAnswer = 1024;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    // The status decides; what follows it is a courtesy to whoever reads the log.
    private static readonly TimeSpan LongestBody = TimeSpan.FromSeconds(1);

    private readonly HttpMessageInvoker _http = new(outgoing.Handler());

    // By the protected bytes of the subscription in memory, for as long as it is there: unprotecting costs ten times what
    // signing does.
    private readonly ConditionalWeakTable<byte[], byte[]> _secrets = [];

    public static byte[] Protect(IDataProtectionProvider protection, byte[] secret) => Protector(protection).Protect(secret);

    public async Task<Outcome> Attempt(Subscription subscription, DueDelivery delivery, CancellationToken cancellation)
    {
        var (began, at) = (Stopwatch.GetTimestamp(), clock.GetUtcNow());
        var attempt = new DeliveryAttempt { DateTime = at, DurationMs = 0, Url = subscription.Url };
        TimeSpan? retryAfter = null;
        using var time = new CancellationTokenSource(Longest, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, time.Token);
        try
        {
            using var request = await Request(subscription, delivery, limit.Token);
            using var response = await _http.SendAsync(request, limit.Token);
            retryAfter = RetryAfter(response);
            attempt = attempt with { Status = (int)response.StatusCode, Answer = await ReadStart(response, limit.Token) };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            attempt = attempt with { Fault = $"No answer within {Longest.TotalSeconds} seconds." };
        }
        catch (HttpRequestException failure)
        {
            attempt = attempt with { Fault = Explain(failure) };
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // Not the receiver's fault, and no reason to lose the event: it is tried again like any other.
            logger.LogError(failure, "A webhook of subscription {Subscription} could not be sent.", subscription.Id);
            attempt = attempt with { Fault = "The server could not send the event; its log has the details.", SystemError = true };
        }

        return new(attempt with { DurationMs = (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds }, retryAfter);
    }

    public void Dispose() => _http.Dispose();

    private static IDataProtector Protector(IDataProtectionProvider protection) => protection.CreateProtector("Tandem.WebhookSecrets");

    private async Task<HttpRequestMessage> Request(Subscription subscription, DueDelivery delivery, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, subscription.Url) { Content = new ByteArrayContent(delivery.Body) };
        Add("User-Agent", "Tandem");
        if (subscription.Kind == SubscriptionKind.PartnerCenter)
        {
            var key = await keys.Current(cancellation);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
            Add(subscription.UsesSignatureHeader ? "x-ms-signature" : "Authorization", $"Signature {key.Sign(delivery.Body)}");
            Add("X-MS-Certificate-Url", CertificateEndpoints.Url(address.Own, key.Thumbprint));
            Add("X-MS-Signature-Algorithm", "rsa-sha256");
            Add("MS-CorrelationId", delivery.EventId.ToString());
        }
        else
        {
            var (id, now) = (delivery.EventId.ToString(), clock.GetUtcNow());
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents+json", "utf-8");
            Add("webhook-id", id);
            Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
            Add("webhook-signature", StandardSignature.Sign(Secrets(subscription, now), id, now.ToUnixTimeSeconds(), delivery.Body));
        }

        return request;

        void Add(string name, string value) => request.Headers.TryAddWithoutValidation(name, value);
    }

    private IEnumerable<byte[]> Secrets(Subscription subscription, DateTimeOffset now)
    {
        yield return _secrets.GetValue(subscription.Secret!, Unprotect);
        if (subscription.OldSecret is { } old && now < subscription.OldSecretUntil)
            yield return _secrets.GetValue(old, Unprotect);
    }

    private byte[] Unprotect(byte[] secret) => Protector(protection).Unprotect(secret);

    // Endless, dripping or broken: the answer was its status.
    private async Task<string?> ReadStart(HttpResponseMessage response, CancellationToken cancellation)
    {
        var (start, length) = (new byte[KeptAnswer], 0);
        using var time = new CancellationTokenSource(LongestBody, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, time.Token);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
            for (var read = 1; read > 0 && length < start.Length; length += read)
                read = await body.ReadAsync(start.AsMemory(length), limit.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException or HttpRequestException)
        {
            cancellation.ThrowIfCancellationRequested();
        }

        return length == 0 ? null : Encoding.UTF8.GetString(start, 0, length);
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - clock.GetUtcNow(),
        _ => null,
    };

    private static string Explain(HttpRequestException failure) => failure.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "The host name is not known.",
        HttpRequestError.ConnectionError => $"No connection: {failure.InnerException?.Message ?? failure.Message}",
        HttpRequestError.SecureConnectionError => $"TLS failed: {failure.InnerException?.Message ?? failure.Message}",
        _ => failure.InnerException?.Message ?? failure.Message,
    };

    /// <summary>An attempt, and how long the receiver wants to be left alone.</summary>
    internal sealed record Outcome(DeliveryAttempt Attempt, TimeSpan? RetryAfter);
}

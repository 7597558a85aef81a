using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>What tests of webhooks start from, and the checks that the documents tell receivers to make.</summary>
internal static class Hooks
{
    public const string V1 = "/webhooks/v1/registration";
    public const string V2 = "/webhooks/v2/subscriptions";

    public static readonly string[] All =
        ["referral-created", "referral-updated", "related-referral-created", "related-referral-updated", "test-created"];

    private static readonly HttpClient Http = new();
    private static readonly ConcurrentDictionary<string, string> Certificates = new();

    public static async Task<Reply> Register(
        this TandemServer server, string user, string url, bool usesHeader = false, params string[] events) =>
        (await server.Post(user, V1, Registration(url, usesHeader, events))).Is(200);

    public static JsonObject Registration(string url, bool usesHeader = false, params string[] events) => new()
    {
        ["WebhookUrl"] = url,
        ["WebhookEvents"] = new JsonArray([.. (events.Length == 0 ? All : events).Select(e => JsonValue.Create(e))]),
        ["SignatureTokenToMsSignatureHeader"] = usesHeader,
    };

    public static async Task<(string Id, string Secret)> Subscribe(
        this TandemServer server, string user, string url, Action<JsonObject>? change = null)
    {
        var body = new JsonObject { ["url"] = url };
        change?.Invoke(body);
        var created = (await server.Post(user, V2, body)).Is(201);
        return (created.Id, (string)created.Json["secret"]!);
    }

    public static JsonObject Json(this ReceivedCall call) => JsonNode.Parse(call.Body)!.AsObject();

    public static string Event(this ReceivedCall call) => (string)call.Json()["EventName"]!;

    /// <summary>The id of the referral that an event names.</summary>
    public static string Referral(this ReceivedCall call) =>
        (string?)call.Json()["subject"] ?? ((string)call.Json()["ResourceUri"]!).Split('/')[^1];

    public static string EventId(this ReceivedCall call) =>
        call.Headers.TryGetValue("webhook-id", out var id) ? id : call.Headers["MS-CorrelationId"];

    /// <summary>
    /// The published steps: the certificate from its address, the algorithm, the signature from the header that has it,
    /// over the bytes as they came.
    /// </summary>
    public static async Task<bool> IsSigned(this ReceivedCall call, byte[]? body = null)
    {
        var url = call.Headers["X-MS-Certificate-Url"];
        if (!Certificates.TryGetValue(url, out var pem))
            Certificates[url] = pem = await Http.GetStringAsync(new Uri(url), TestContext.Current.CancellationToken);
        if (call.Headers["X-MS-Signature-Algorithm"] != "rsa-sha256")
            return false;
        var header = call.Headers.TryGetValue("Authorization", out var authorization) ? authorization : call.Headers["x-ms-signature"];
        if (header.Split(' ') is not ["Signature", var signature])
            return false;
        using var certificate = X509CertificateLoader.LoadCertificate(Encoding.ASCII.GetBytes(pem));
        using var key = certificate.GetRSAPublicKey()!;
        return key.VerifyData(
            body ?? call.Body, Convert.FromBase64String(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    /// <summary>The steps of Standard Webhooks: one of the signatures is that of the secret.</summary>
    public static bool IsSigned(this ReceivedCall call, string secret, byte[]? body = null)
    {
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var head = Encoding.UTF8.GetBytes($"{call.Headers["webhook-id"]}.{call.Headers["webhook-timestamp"]}.");
        byte[] content = [.. head, .. body ?? call.Body];
        var expected = $"v1,{Convert.ToBase64String(HMACSHA256.HashData(key, content))}";
        return call.Headers["webhook-signature"].Split(' ').Contains(expected);
    }

    /// <summary>Waits until all that is in the log is planned.</summary>
    public static async Task Planned(this TandemServer server)
    {
        for (var tries = 0; await HasUnplanned(server.Data); tries++)
        {
            Assert.True(tries < 1200, "The planner does not come to the end of the log.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    public static async Task<bool> HasUnplanned(string data) => !Equals(0L, await TestDatabase.Ask(data,
        "SELECT COUNT(*) FROM change_log c WHERE (c.transaction_id, c.sequence) > "
        + "(SELECT transaction_id, sequence FROM log_readers WHERE name = 'webhooks')"));

    /// <summary>Waits until a server says what is wanted.</summary>
    public static async Task<Reply> Until(this TandemServer server, string user, string path, Func<Reply, bool> isSo)
    {
        for (var tries = 0; ; tries++)
        {
            var reply = await server.Get(user, path);
            if (isSo(reply))
                return reply;
            Assert.True(tries < 1200, $"{path} still answers {reply}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    public static Task<Reply> Rename(this TandemServer server, string id, string name, string user = Alice) =>
        server.Patch(user, $"{Api}/{id}", Bodies.Replace(("/name", name)));
}

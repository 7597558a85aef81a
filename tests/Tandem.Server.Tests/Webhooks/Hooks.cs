using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Tandem.Client.Webhooks;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>What tests of webhooks start from, and the checks that a receiver makes.</summary>
internal static class Hooks
{
    public const string V1 = "/webhooks/v1/registration";
    public const string V2 = "/webhooks/v2/subscriptions";

    public static readonly string[] All =
        ["referral-created", "referral-updated", "related-referral-created", "related-referral-updated", "test-created"];

    private static readonly ConcurrentDictionary<string, WebhookVerifier> Verifiers = new();

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

    /// <summary>What a receiver that trusts a server's certificates says of a call.</summary>
    public static async Task<bool> IsSigned(this ReceivedCall call, TandemServer server, byte[]? body = null)
    {
        var verifier = Verifiers.GetOrAdd(server.Address, a => new(new() { TrustedCertificates = [new(a)] }));
        return (await Verdict(verifier, call, body)).IsAccepted;
    }

    /// <summary>What a receiver that has the secret says of a call.</summary>
    /// <param name="clock">The clock that sender and receiver go by; the system's unless said otherwise.</param>
    public static async Task<bool> IsSigned(this ReceivedCall call, string secret, TimeProvider? clock = null)
    {
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        using var verifier = new WebhookVerifier(new() { Secrets = [secret], Clock = clock ?? TimeProvider.System });
        return (await Verdict(verifier, call, null)).IsAccepted;
    }

    private static ValueTask<WebhookVerdict> Verdict(WebhookVerifier verifier, ReceivedCall call, byte[]? body) =>
        verifier.VerifyAsync(call.Headers, body ?? call.Body, TestContext.Current.CancellationToken);

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

    /// <summary>Waits until somebody waits for a row that the test holds; on PostgreSQL.</summary>
    public static async Task Blocks(this TandemServer server)
    {
        for (var tries = 0; Equals(0L, await TestDatabase.Ask(server.Data,
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")); tries++)
        {
            Assert.True(tries < 2400, "Nobody waits for the row.");
            await Task.Delay(25, TestContext.Current.CancellationToken);
        }
    }

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

using System.Text.Json.Nodes;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>The documented shape of an error (R102–R104).</summary>
internal static class ErrorShape
{
    private static readonly HashSet<string> Codes =
    [
        "accessDenied", "generalException", "invalidRequest", "itemNotFound", "preconditionFailed", "resourceModified",
        "serviceNotAvailable", "unauthenticated",
    ];

    private static readonly HashSet<string> InnerCodes =
    [
        "missingProperty", "invalidValue", "invalidCurrency", "invalidCountry", "invalidStatusTransition", "referralClosed",
        "readOnlyProperty", "unsupportedOperation", "ifMatchRequired", "resourceModified", "consentCannotBeRevoked",
        "referralAlreadyExists", "notEligibleForRegistration", "notTeamMember", "roleRequired", "invalidFilter",
        "invalidSkipToken", "throttled", "outcomeUnknown", "queryTimeout", "invalidDeltaToken", "scopeChanged", "positionUnknown",
    ];

    private static readonly Dictionary<int, string> CodeOf = new()
    {
        [400] = "invalidRequest",
        [401] = "unauthenticated",
        [403] = "accessDenied",
        [404] = "itemNotFound",
        [405] = "invalidRequest",
        [406] = "invalidRequest",
        [409] = "resourceModified",
        [410] = "itemNotFound",
        [412] = "preconditionFailed",
        [413] = "invalidRequest",
        [415] = "invalidRequest",
        [429] = "serviceNotAvailable",
        [503] = "serviceNotAvailable",
    };

    public static void Check(Reply reply)
    {
        Assert.Equal("application/json; charset=utf-8", reply.Headers["Content-Type"]);
        var body = reply.Json.AsObject();
        Assert.Equal(["error"], body.Select(m => m.Key));
        var error = body["error"]!.AsObject();
        Assert.Subset(new HashSet<string> { "code", "message", "target", "innerError" }, error.Select(m => m.Key).ToHashSet());
        Assert.Contains((string)error["code"]!, Codes);
        Assert.Equal(CodeOf[reply.Status], (string)error["code"]!);
        CheckMessage(error);
        for (var inner = error["innerError"]?.AsObject(); inner is not null; inner = inner["innerError"]?.AsObject())
        {
            Assert.Subset(new HashSet<string> { "code", "message", "innerError" }, inner.Select(m => m.Key).ToHashSet());
            Assert.True(InnerCodes.Contains((string)inner["code"]!) || Codes.Contains((string)inner["code"]!), $"{inner["code"]} is no known code.");
            CheckMessage(inner);
        }
    }

    /// <summary>The shape of the Partner Center REST family (W30).</summary>
    public static void CheckWebhook(Reply reply)
    {
        Assert.Equal("application/json; charset=utf-8", reply.Headers["Content-Type"]);
        var error = reply.Json.AsObject();
        Assert.Equal(Bodies.Example("webhook-error-response").AsObject().Select(p => p.Key), error.Select(p => p.Key));
        Assert.Equal(reply.Status, (int)error["code"]!);
        Assert.InRange(((string)error["description"]!).Length, 1, 1024);
        Assert.All(error["data"]!.AsArray(), d => Assert.False(string.IsNullOrEmpty((string?)d)));
        Assert.StartsWith("Webhook", (string)error["source"]!, StringComparison.Ordinal);
    }

    private static void CheckMessage(JsonObject error)
    {
        var message = (string)error["message"]!;
        Assert.InRange(message.Length, 1, 1024);
    }
}

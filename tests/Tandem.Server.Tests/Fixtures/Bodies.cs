using System.Text.Json.Nodes;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>Bodies that clients send.</summary>
internal static class Bodies
{
    /// <summary>An example file by its name.</summary>
    public static JsonNode Example(string name) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Examples", $"{name}.json")))!;

    /// <summary>The minimum of R29, with what a test changes about it.</summary>
    public static JsonObject Minimum(Action<JsonObject>? change = null)
    {
        var body = new JsonObject
        {
            ["type"] = "Independent",
            ["customerProfile"] = new JsonObject { ["name"] = "Adventure Works" },
            ["consent"] = new JsonObject(),
            ["details"] = new JsonObject(),
        };
        change?.Invoke(body);
        return body;
    }

    /// <summary>A co-sell request with all it needs (R50).</summary>
    public static JsonObject Cosell(Action<JsonObject>? change = null)
    {
        var body = Example("create-services-cosell-request").AsObject();
        change?.Invoke(body);
        return body;
    }

    /// <summary>The connected referral that invites another organization into an engagement.</summary>
    public static JsonObject Connected(string engagementId, string location, Action<JsonObject>? change = null)
    {
        var body = new JsonObject
        {
            ["engagementId"] = engagementId,
            ["type"] = "Shared",
            ["target"] = new JsonArray(new JsonObject { ["type"] = "BusinessProfileLocation", ["id"] = location }),
        };
        change?.Invoke(body);
        return body;
    }

    public static JsonObject Member(string email, string? first = null) =>
        new() { ["email"] = email, ["firstName"] = first ?? "Pat", ["lastName"] = "Doe", ["phoneNumber"] = "1" };

    /// <summary>A JSON Patch with one operation for each pair.</summary>
    public static JsonArray Replace(params (string Path, JsonNode? Value)[] operations) =>
        new([.. operations.Select(o => new JsonObject { ["op"] = "replace", ["path"] = o.Path, ["value"] = o.Value })]);
}

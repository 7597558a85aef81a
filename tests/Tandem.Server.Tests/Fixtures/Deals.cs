using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>Situations that many tests start from, arranged through the API.</summary>
internal static class Deals
{
    public static async Task<Reply> Own(this TandemServer server, string user = Alice, Action<System.Text.Json.Nodes.JsonObject>? change = null) =>
        (await server.Post(user, Api, Bodies.Minimum(change))).Is(201);

    /// <summary>Alice's shared deal with Microsoft's unanswered referral.</summary>
    public static async Task<(Reply Own, Reply Other)> Shared(this TandemServer server, string location = "msft", Action<System.Text.Json.Nodes.JsonObject>? change = null)
    {
        var own = (await server.Post(Alice, Api, Bodies.Example("create-shared-request"))).Is(201);
        var other = (await server.Post(Alice, Api, Bodies.Connected(own.EngagementId, location, change))).Is(201);
        return (await server.Get(Alice, $"{Api}/{own.Id}"), other);
    }

    public static Task<Reply> Status(this TandemServer server, string user, string id, string status, string? substatus = null) =>
        server.Patch(user, $"{Api}/{id}", substatus is null
            ? Bodies.Replace(("/status", status))
            : Bodies.Replace(("/status", status), ("/substatus", substatus)), ("Prefer", "return=representation"));
}

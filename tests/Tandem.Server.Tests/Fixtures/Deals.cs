using System.Text.Json.Nodes;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>Situations that many tests start from, arranged through the API.</summary>
internal static class Deals
{
    public static async Task<Reply> Own(this TandemServer server, string user = Alice, Action<JsonObject>? change = null) =>
        (await server.Post(user, Api, Bodies.Minimum(change))).Is(201);

    /// <summary>Alice's shared deal with Microsoft's unanswered referral.</summary>
    public static async Task<(Reply Own, Reply Other)> Shared(this TandemServer server, string location = "msft", Action<JsonObject>? change = null)
    {
        var own = (await server.Post(Alice, Api, Bodies.Example("create-shared-request"))).Is(201);
        var other = (await server.Post(Alice, Api, Bodies.Connected(own.EngagementId, location, change))).Is(201);
        return (await server.Get(Alice, $"{Api}/{own.Id}"), other);
    }

    /// <summary>An unanswered invitation from somebody's own shared deal.</summary>
    public static async Task<Reply> Invitation(this TandemServer server, string from, string location, string name)
    {
        var own = (await server.Post(from, Api, Bodies.Example("create-shared-request"))).Is(201);
        return (await server.Post(from, Api, Bodies.Connected(own.EngagementId, location, b =>
        {
            b["name"] = name;
            b["inviteContext"] = new JsonObject { ["notes"] = "Could you take the part on site? We meet the customer on Tuesday.", ["assistanceRequestCode"] = "ProofOfConceptOrDemo" };
        }))).Is(201);
    }

    /// <summary>A marketplace lead for Fabrikam.</summary>
    public static async Task<Reply> Lead(this TandemServer server, string action = "Contact me") => (await server.Post(Sam, Api, Bodies.Minimum(b =>
    {
        b["qualification"] = "Direct";
        b["referralSource"] = "AppSource";
        b["callToAction"] = action;
        b["offerId"] = "fabrikam.analytics";
        b["customerProfile"]!["team"] = new JsonArray(Bodies.Member("sue@customer.example"));
        b["target"] = new JsonArray(new JsonObject { ["type"] = "SolutionProfile", ["id"] = "SOL-51000-FAB" });
    }))).Is(201);

    /// <summary>Puts people into the team, and the others out of it.</summary>
    public static async Task Team(this TandemServer server, string id, params string[] emails) =>
        (await server.Patch(Alice, $"{Api}/{id}", Bodies.Replace(("/team", new JsonArray([.. emails.Select(e => Bodies.Member(e))]))))).Is(204);

    public static Task<Reply> Status(this TandemServer server, string user, string id, string status, string? substatus = null) =>
        server.Patch(user, $"{Api}/{id}", substatus is null
            ? Bodies.Replace(("/status", status))
            : Bodies.Replace(("/status", status), ("/substatus", substatus)), ("Prefer", "return=representation"));
}

using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Server.Notifications;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Notifications;

/// <summary>What tests of notices start from.</summary>
internal static class Notices
{
    public const string Path = "/v1.0/engagements/notices";

    public static async Task<IReadOnlyList<JsonNode>> NoticesOf(this TandemServer server, string user)
    {
        // On PostgreSQL a transaction of a test beside this one may hold the log back.
        await server.Settle();
        return (await server.Get(user, Path)).Is(200).Value;
    }

    public static async Task<IReadOnlyList<string>> Kinds(this TandemServer server, string user) =>
        [.. (await server.NoticesOf(user)).Select(n => (string)n["kind"]!)];

    public static async Task<int> Unread(this TandemServer server, string user)
    {
        await server.Settle();
        return (int)(await server.Get(user, Path)).Is(200).Json["unread"]!;
    }

    /// <summary>Alice's shared deal with Bob in its team, and Fabrikam's unanswered invitation.</summary>
    public static Task<(Reply Own, Reply Other)> Invited(this TandemServer server, params JsonObject[] team) => server.Invited("Warehouse", team);

    public static async Task<(Reply Own, Reply Other)> Invited(this TandemServer server, string name, params JsonObject[] team)
    {
        var body = Bodies.Example("create-shared-request").AsObject();
        body["name"] = name;
        body["team"] = new JsonArray([.. (team.Length == 0 ? [Bodies.Member(Alice), Bodies.Member(Bob)] : team).Select(m => (JsonNode)m)]);
        var own = (await server.Post(Alice, Api, body)).Is(201);
        var other = (await server.Post(Alice, Api, Bodies.Connected(own.EngagementId, FabrikamLocation, b => b["name"] = name))).Is(201);
        return (own, other);
    }

    public static JsonObject Member(string email, bool? disabled = null, string? locale = null)
    {
        var member = Bodies.Member(email);
        member["contactPreference"] = new JsonObject { ["disableNotifications"] = disabled, ["locale"] = locale };
        return member;
    }

    public static Task Remind(this TandemServer server) =>
        server.Services.GetRequiredService<NoticePlanner>().Remind(TestContext.Current.CancellationToken);

    /// <summary>Waits until the queue of e-mail is as wanted.</summary>
    public static async Task<JsonNode> Queue(this TandemServer server, Func<JsonNode, bool> isSo)
    {
        for (var tries = 0; ; tries++)
        {
            var status = (await server.Get(Sam, "/admin/email")).Is(200).Json;
            if (isSo(status))
                return status;
            Assert.True(tries < 1200, $"The queue stays {status.ToJsonString()}");
            await Task.Delay(25, TestContext.Current.CancellationToken);
        }
    }
}

internal static class JsonObjectExtensions
{
    public static JsonObject Without(this JsonObject body, string property)
    {
        body.Remove(property);
        return body;
    }
}

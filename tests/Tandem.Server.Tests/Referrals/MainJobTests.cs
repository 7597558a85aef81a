using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>The story that everything else serves: a deal travels between two companies.</summary>
public sealed class MainJobTests
{
    [Fact]
    public async Task A_referral_travels_between_two_companies()
    {
        await using var server = await TandemServer.Start();

        // 1. Alice creates her own deal. R45, R55
        var own = (await server.Post(Alice, Api, Bodies.Example("create-shared-request"))).Is(201);
        Assert.Equal("Active/Accepted", own.Pair);
        Assert.Equal(own.ETag, own.Headers["ETag"]);
        Assert.Equal($"{server.Address}{Api}/{own.Id}", own.Headers["Location"]);
        Assert.NotNull(own.Json["links"]);

        // 2. She invites Microsoft. R46, R47
        var request = Bodies.Example("create-connected-msft-request");
        request["engagementId"] = own.EngagementId;
        var invited = (await server.Post(Alice, Api, request)).Is(201);
        Assert.Equal("msft", (string?)invited.Json["organizationId"]);
        Assert.Equal("New/Pending", invited.Pair);
        var created = DateTimeOffset.Parse((string)invited.Json["createdDateTime"]!, null);
        Assert.Equal(created.AddDays(14), DateTimeOffset.Parse((string)invited.Json["expirationDateTime"]!, null));

        // 3. Sam accepts; a second writer with the old tag is told what happened. R75, R86
        var list = (await server.Get(Sam, Api)).Is(200);
        Assert.Equal(invited.Id, (string?)Assert.Single(list.Value)["id"]);
        var accept = Bodies.Replace(("/status", "Active"), ("/substatus", "Accepted"));
        (await server.Patch(Sam, $"{Api}/{invited.Id}", accept, ("If-Match", invited.ETag))).Is(204);
        var late = await server.Patch(Sam, $"{Api}/{invited.Id}", accept, ("If-Match", invited.ETag));
        late.Refuses(412, "resourceModified", "If-Match");
        Assert.Contains("Read it again", (string)late.Json["error"]!["message"]!, StringComparison.Ordinal);

        // 4. Alice follows relatedReferrals and sees both sides; a stranger sees neither. R57, B13, B14, B19
        var both = (await server.Get(Alice, (string)own.Json["links"]!["relatedReferrals"]!["uri"]!)).Is(200);
        Assert.Equal(2, both.Value.Count);
        var theirs = both.Value.Single(r => (string?)r["organizationId"] == "msft");
        Assert.Equal("Active", (string?)theirs["status"]);
        Assert.Null(theirs["salesStage"]);
        (await server.Get(Dan, $"{Api}/{own.Id}")).Refuses(404);
        (await server.Get(Dan, $"{Api}/{invited.Id}")).Refuses(404);

        // 5. She wins, and cannot reopen. T8, B27
        var current = await server.Get(Alice, $"{Api}/{own.Id}");
        var won = await server.Put(Alice, $"{Api}/{own.Id}",
            new JsonObject { ["status"] = "Closed", ["substatus"] = "Won" }, ("If-Match", current.ETag));
        Assert.Equal("Closed/Won", won.Is(200).Pair);
        var reopened = await server.Put(Alice, $"{Api}/{own.Id}", new JsonObject { ["status"] = "Active" }, ("If-Match", won.ETag));
        reopened.Refuses(400, "invalidStatusTransition", "status");
        Assert.Contains("Closed/Lost", (string)reopened.Json["error"]!["message"]!, StringComparison.Ordinal);

        // 6. The history tells who did what; events will be read from the same log. R56
        var history = (await server.Get(Alice, $"{Api}/{own.Id}/history")).Is(200);
        Assert.Equal(["Updated", "Updated", "Created"], history.Value.Select(e => (string)e["kind"]!));
        Assert.All(history.Value, e => Assert.Equal("Alice Archer", (string?)e["changedBy"]!["name"]));
        Assert.Contains("substatus", history.Value[0]["properties"]!.AsArray().Select(p => (string)p!));
    }
}

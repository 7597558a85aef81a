using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>The documented bodies: requests are accepted, answers have the same names at every level.</summary>
public sealed class ExampleTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TandemServer _server = fixture.Server;

    [Theory] // R14, R50, R51, R109
    [InlineData("create-shared-request", "create-shared-response", "Active/Accepted")]
    [InlineData("create-private-request", "create-private-response", "Active/Accepted")]
    [InlineData("create-partner-led-request", "create-private-response", "Active/Accepted")]
    [InlineData("create-services-cosell-request", "create-private-response", "Active/Accepted")]
    [InlineData("create-minimal-sync-client-request", "create-private-response", "Active/Accepted")]
    public async Task An_own_referral_is_created_from_each_example(string request, string response, string pair)
    {
        var created = (await _server.Post(Alice, Api, Bodies.Example(request))).Is(201);
        Assert.Equal(pair, created.Pair);
        SameNames(Bodies.Example(response), created.Json, "");
        Resembles(Bodies.Example(request), created.Json, "");
    }

    [Theory] // R46, R93
    [InlineData("create-connected-msft-request", Alice, "msft")]
    [InlineData("create-connected-partner-request", Carol, Contoso)]
    public async Task A_connected_referral_is_created_from_each_example(string request, string inviter, string owner)
    {
        var own = (await _server.Post(inviter, Api, Bodies.Minimum(b => b["type"] = "Shared"))).Is(201);
        var body = Bodies.Example(request);
        body["engagementId"] = own.EngagementId;
        var created = (await _server.Post(inviter, Api, body)).Is(201);
        Assert.Equal(owner, (string?)created.Json["organizationId"]);
        Assert.Equal("New/Pending", created.Pair);
        SameNames(Bodies.Example("create-connected-msft-response"), created.Json, "");
    }

    [Fact]
    public async Task Reads_lists_and_updates_have_the_documented_shape() // R23, R24, R57, R67
    {
        var (own, other) = await _server.Shared();
        SameNames(Bodies.Example("get-response"), (await _server.Get(Alice, $"{Api}/{own.Id}")).Json, "");
        SameNames(Bodies.Example("get-related-msft-response"), (await _server.Get(Alice, $"{Api}/{other.Id}")).Json, "");
        var list = (await _server.Get(Alice, $"{Api}?$filter=engagementId eq '{own.EngagementId}'")).Json;
        var documented = Bodies.Example("list-response");
        documented.AsObject().Remove("@odata.nextLink"); // one page here
        SameNames(documented, list, "");

        var put = Bodies.Example("put-request");
        put["id"] = own.Id;
        put["eTag"] = own.ETag;
        var updated = (await _server.Put(Alice, $"{Api}/{own.Id}", put, ("If-Match", own.ETag))).Is(200);
        SameNames(Bodies.Example("put-response"), updated.Json, "");
        Assert.Equal(65000m, (decimal?)updated.Json["details"]!["dealValue"]);
        Assert.Equal("LEAD-4b1f0c52", (string?)updated.Json["externalReferenceId"]);

        var patched = (await _server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Example("patch-request"), ("Prefer", "return=representation"))).Is(200);
        SameNames(Bodies.Example("patch-response"), patched.Json, "");
        (await _server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Example("patch-merge-request"))).Is(200);
        var won = (await _server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Example("patch-status-won-request"), ("Prefer", "return=representation"))).Is(200);
        Assert.Equal("Contract signed.", (string?)won.Json["statusReason"]);
        Assert.Equal("100", (string?)won.Json["salesStage"]);
    }

    [Fact]
    public async Task A_registered_deal_and_a_marketplace_lead_have_the_documented_shape() // R98
    {
        await using var server = await Start(At("2024-09-02T08:00:00Z"));
        var deal = (await server.Post(Alice, Api, Bodies.Example("create-partner-led-request"))).Is(201);
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2024-09-30T10:00:00Z", null));
        (await server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Example("patch-status-won-request"))).Is(204);
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2024-10-02T12:00:00Z", null));
        (await server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Example("patch-add-registration-request"))).Is(204);
        SameNames(Bodies.Example("get-registered-response"), (await server.Get(Alice, $"{Api}/{deal.Id}")).Json, "");

        var lead = Bodies.Example("get-marketplace-lead-response");
        var created = (await server.Post(Sam, Api, Bodies.Minimum(b =>
        {
            b["qualification"] = "Direct";
            b["referralSource"] = "AppSource";
            b["target"] = new JsonArray(new JsonObject { ["type"] = "SolutionProfile", ["id"] = "SOL-34104-EBB" });
        }))).Is(201);
        SameNames(lead, (await server.Get(Alice, $"{Api}/{created.Id}")).Json, "");
    }

    [Fact]
    public async Task Errors_have_the_documented_shape() // R102
    {
        var won = await _server.Own();
        (await _server.Status(Alice, won.Id, "Closed", "Won")).Is(200);
        SameNames(Bodies.Example("error-response"), (await _server.Status(Alice, won.Id, "Active", "Accepted")).Refuses(400).Json, "");
        SameNames(Bodies.Example("error-precondition-response"),
            (await _server.Patch(Alice, $"{Api}/{won.Id}", Bodies.Replace(("/name", "x")), ("If-Match", "\"x\""))).Refuses(412).Json, "");
        SameNames(Bodies.Example("error-forbidden-response"), (await _server.Get(Bob, $"{Api}/{won.Id}")).Refuses(403).Json, "");
    }

    /// <summary>The same set of names at every level; elements of lists are compared with the first documented one.</summary>
    private static void SameNames(JsonNode documented, JsonNode? emitted, string path)
    {
        switch (documented)
        {
            case JsonObject expected:
                var actual = Assert.IsType<JsonObject>(emitted);
                Assert.True(expected.Select(m => m.Key).ToHashSet().SetEquals(actual.Select(m => m.Key)),
                    $"{path}: documented [{string.Join(",", expected.Select(m => m.Key))}], emitted [{string.Join(",", actual.Select(m => m.Key))}]");
                foreach (var (name, value) in expected)
                {
                    if (value is not null)
                        SameNames(value, actual[name], $"{path}/{name}");
                }

                break;
            case JsonArray { Count: > 0 } expected when expected[0] is JsonObject:
                Assert.All(Assert.IsType<JsonArray>(emitted), e => SameNames(expected[0]!, e, $"{path}[]"));
                break;
            case JsonArray:
                Assert.IsType<JsonArray>(emitted);
                break;
        }
    }

    /// <summary>What was sent under a canonical name and may be set by a client came back.</summary>
    private static void Resembles(JsonNode sent, JsonNode emitted, string path)
    {
        foreach (var (name, value) in sent.AsObject())
        {
            if (path.Length == 0 && name is "status" or "substatus" or "target" or "inviteContext")
                continue;
            if (value is JsonObject nested && emitted[name] is JsonObject below)
                Resembles(nested, below, $"{path}/{name}");
            else if (value is JsonValue && emitted.AsObject().ContainsKey(name))
                Assert.True(emitted[name]?.ToJsonString() == value.ToJsonString(), $"{path}/{name}: {value.ToJsonString()} became {emitted[name]?.ToJsonString()}");
        }
    }
}

using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>Microsoft's opportunity on the partner's referral.</summary>
public sealed class MicrosoftOpportunityTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TandemServer _server = fixture.Server;

    [Fact]
    public async Task When_Microsoft_accepts_the_id_of_its_opportunity_appears_on_the_partners_referral() // B35, B14
    {
        var (own, other) = await _server.Shared();
        await Set(other, ("/externalReferenceId", "7-OPP-1"));
        Assert.Null(await MsxId(own)); // not accepted yet
        await Set(other, ("/status", "Active"), ("/substatus", "Accepted"), ("/team", new JsonArray(Bodies.Member("seller@microsoft.example"))));
        Assert.Equal("7-OPP-1", await MsxId(own));

        // One change, by the server, in the history of the partner's referral.
        var entry = (await _server.Get(Alice, $"{Api}/{own.Id}/history")).Value[0]!;
        Assert.Equal(["trackingInfo.microsoftMsxId"], entry["properties"]!.AsArray().Select(p => (string)p!));
        Assert.Null(entry["changedBy"]!["organizationId"]);
        Assert.Equal("Tandem", (string)entry["changedBy"]!["name"]!);
        var now = await _server.Get(Alice, $"{Api}/{own.Id}");
        Assert.NotEqual(own.ETag, now.ETag);
        Assert.Equal(own.Pair, now.Pair); // B24

        // Microsoft's referral shows its sellers, and not its own CRM id.
        var seen = await _server.Get(Alice, $"{Api}/{other.Id}");
        Assert.Equal("seller@microsoft.example", (string)seen.Json["team"]![0]!["email"]!);
        Assert.Null(seen.Json["externalReferenceId"]);
        // And the partner's id is for the partner.
        Assert.Null((await _server.Get(Sam, $"{Api}/{own.Id}")).Json["trackingInfo"]!["microsoftMsxId"]);
    }

    [Fact]
    public async Task It_follows_as_long_as_both_are_open() // B35, R74
    {
        var (own, other) = await _server.Shared();
        await Set(other, ("/status", "Active"), ("/substatus", "Accepted"));
        var tag = (await _server.Get(Alice, $"{Api}/{own.Id}")).ETag;
        Assert.Equal(own.ETag, tag); // nothing to tell, nothing stored
        await Set(other, ("/externalReferenceId", "A"));
        Assert.Equal("A", await MsxId(own));
        await Set(other, ("/externalReferenceId", "B"));
        Assert.Equal("B", await MsxId(own));
        tag = (await _server.Get(Alice, $"{Api}/{own.Id}")).ETag;
        await Set(other, ("/externalReferenceId", "B"), ("/name", "Other"));
        await Set(other, ("/externalReferenceId", null));
        Assert.Equal(tag, (await _server.Get(Alice, $"{Api}/{own.Id}")).ETag);
        (await _server.Status(Alice, own.Id, "Closed", "Won")).Is(200);
        await Set(other, ("/externalReferenceId", "C"));
        Assert.Equal("B", await MsxId(own));
    }

    [Fact]
    public async Task Only_Microsoft_has_such_an_id() // B35, B20
    {
        var (own, other) = await _server.Shared(FabrikamLocation);
        (await _server.Patch(Carol, $"{Api}/{other.Id}", Bodies.Replace(
            ("/externalReferenceId", "F"), ("/status", "Active"), ("/substatus", "Accepted")))).Is(204);
        Assert.Null(await MsxId(own));
        var deal = await _server.Own(Sam);
        (await _server.Patch(Sam, $"{Api}/{deal.Id}", Bodies.Replace(("/externalReferenceId", "M")))).Is(204);
        Assert.Null((await _server.Get(Sam, $"{Api}/{deal.Id}")).Json["trackingInfo"]!["microsoftMsxId"]);
    }

    [Fact]
    public async Task Neither_sides_changes_are_lost_when_both_write_at_once() // B35, R82, R86
    {
        var (own, other) = await _server.Shared();
        await Set(other, ("/status", "Active"), ("/substatus", "Accepted"));
        await Task.WhenAll(Partner(), Microsoft());
        var now = await _server.Get(Alice, $"{Api}/{own.Id}");
        Assert.Equal("OPP-20", (string?)now.Json["trackingInfo"]!["microsoftMsxId"]);
        Assert.Equal(20m, (decimal)now.Json["details"]!["dealValue"]!);

        async Task Partner()
        {
            for (var i = 1; i <= 20; i++)
                (await _server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/details/dealValue", i)))).Is(204);
        }

        // With the tag of Microsoft's own referral, which nobody else changes: never a 412.
        async Task Microsoft()
        {
            var tag = (await _server.Get(Sam, $"{Api}/{other.Id}")).ETag;
            for (var i = 1; i <= 20; i++)
            {
                tag = (await _server.Patch(
                    Sam, $"{Api}/{other.Id}", Bodies.Replace(("/externalReferenceId", $"OPP-{i}")), ("If-Match", tag))).Is(204).Headers["ETag"];
            }
        }
    }

    private async Task Set(Reply other, params (string Path, JsonNode? Value)[] operations) =>
        (await _server.Patch(Sam, $"{Api}/{other.Id}", Bodies.Replace(operations))).Is(204);

    private async Task<string?> MsxId(Reply own) =>
        (string?)(await _server.Get(Alice, $"{Api}/{own.Id}")).Json["trackingInfo"]!["microsoftMsxId"];
}

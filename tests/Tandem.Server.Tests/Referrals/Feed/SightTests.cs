using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals.Feed;

/// <summary>Delta links tell what comes into sight and what goes out of it, and no id that never was in sight.</summary>
public sealed class SightTests
{
    [Fact]
    public async Task Who_leaves_the_team_is_told_and_nobody_else() // B3, B5, B12
    {
        await using var server = await Start();
        var (his, never) = (await server.Own(), await server.Own());
        await server.Team(his.Id, Bob);
        var reader = await DeltaReader.Start(server, Bob);
        Assert.Equal(his.Id, Assert.Single(reader.Copy).Key);

        // Out of the team by the first of several changes; another one that he never saw changes too.
        await server.Team(his.Id, "pat@contoso.example");
        (await server.Patch(Alice, $"{Api}/{his.Id}", Bodies.Replace(("/name", "Not for Bob")))).Is(204);
        await server.Team(never.Id, "pat@contoso.example");
        await server.Team(never.Id);
        var told = Assert.Single(await reader.Round(server));
        Assert.Equal($$"""{"@removed":{"reason":"changed"},"id":"{{his.Id}}"}""", told.ToJsonString());

        // What happens out of his sight stays there; when he is back, so is the referral.
        (await server.Patch(Alice, $"{Api}/{his.Id}", Bodies.Replace(("/name", "Still not")))).Is(204);
        Assert.Empty(await reader.Round(server));
        await server.Team(his.Id, "BOB@contoso.example");
        Assert.Equal("Still not", (string?)Assert.Single(await reader.Round(server))["name"]);

        // In and out between two looks: he could have seen it.
        await server.Team(never.Id, Bob);
        await server.Team(never.Id);
        Assert.Equal(never.Id, (string?)Assert.Single(await reader.Round(server))["id"]);
        await reader.Check(server);
    }

    [Fact]
    public async Task Who_created_a_referral_keeps_it_when_he_leaves_the_team() // B3
    {
        await using var server = await Start();
        var own = await server.Own(Bob);
        await server.Team(own.Id, Bob);
        var reader = await DeltaReader.Start(server, Bob);
        await server.Team(own.Id);
        Assert.Null(Assert.Single(await reader.Round(server))["@removed"]);
        await reader.Check(server);
    }

    [Fact]
    public async Task A_lead_that_is_archived_is_removed_when_its_time_has_come() // B29
    {
        await using var server = await Start(At("2026-01-10T00:00:00Z"));
        var lead = await server.Lead();
        await server.Own(Carol);
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-01-11T00:00:00Z", null));
        var later = await server.Lead();
        var (carol, dan) = (await DeltaReader.Start(server, Carol), await DeltaReader.Start(server, Dan));
        Assert.Equal(3, carol.Copy.Count);
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-07-09T23:59:59Z", null));
        await server.RunDueWork();
        await carol.Round(server);
        Assert.Equal(3, carol.Copy.Count);

        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-07-10T00:00:00Z", null));
        Assert.Equal($$"""{"@removed":{"reason":"deleted"},"id":"{{lead.Id}}"}""", Assert.Single(await carol.Round(server)).ToJsonString());
        Assert.Empty(await carol.Round(server));
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-08-01T00:00:00Z", null));
        Assert.Equal(later.Id, (string?)Assert.Single(await carol.Round(server))["id"]);
        await carol.Check(server);
        // Leads are for the team, which Dan was never in (B4).
        Assert.Empty(await dan.Round(server));
    }

    [Fact]
    public async Task Many_archived_leads_are_told_in_pages() // B29
    {
        await using var server = await Start(At("2026-01-10T00:00:00Z"));
        for (var i = 0; i < 110; i++)
            await server.Lead("Test drive");
        var reader = await DeltaReader.Start(server, Carol);
        await server.Own(Carol);
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-07-10T00:00:00Z", null));
        var first = await reader.Page(server);
        Assert.Equal(100, first.Value.Count);
        Assert.Equal(11, (await reader.Page(server)).Value.Count);
        Assert.Empty(await reader.Round(server));
        Assert.Single(reader.Copy);
        await reader.Check(server);
    }

    [Fact]
    public async Task A_referral_that_becomes_a_lead_leaves_the_sight_of_the_locations_admin() // B4, B6
    {
        await using var server = await Start();
        await Admin(server, "nora@fabrikam.example");
        var invited = await ForFabrikam("SalesQualified");
        var lead = await ForFabrikam("MarketingQualified");
        var deal = await ForFabrikam("None");
        var nora = await DeltaReader.Start(server, "nora@fabrikam.example");
        Assert.Equal(deal.Id, Assert.Single(nora.Copy).Key);
        foreach (var id in new[] { deal.Id, lead.Id, invited.Id })
            (await server.Patch(Carol, $"{Api}/{id}", new JsonObject { ["qualification"] = "SalesQualified", ["name"] = "Lead now" })).Is(200);
        Assert.Equal($$"""{"@removed":{"reason":"changed"},"id":"{{deal.Id}}"}""", Assert.Single(await nora.Round(server)).ToJsonString());
        await nora.Check(server);

        async Task<Reply> ForFabrikam(string qualification) => (await server.Post(Sam, Api, Bodies.Minimum(b =>
        {
            b["qualification"] = qualification;
            b["target"] = new JsonArray(new JsonObject { ["type"] = "BusinessProfileLocation", ["id"] = FabrikamLocation });
        }))).Is(201);
    }

    [Fact]
    public async Task The_other_partys_referral_is_told_in_the_restricted_view() // R57, B13, B14
    {
        await using var server = await Start();
        var (own, other) = await server.Shared(FabrikamLocation);
        var reader = await DeltaReader.Start(server, Carol, $"$filter=engagementId eq '{own.EngagementId}'");
        Assert.Equal(2, reader.Copy.Count);
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/externalReferenceId", "CRM-1"), ("/name", "Seen")))).Is(204);
        var told = Assert.Single(await reader.Round(server));
        Assert.Equal(("Seen", null), ((string?)told["name"], (string?)told["externalReferenceId"]));
        (await server.Patch(Carol, $"{Api}/{other.Id}", Bodies.Replace(("/externalReferenceId", "CRM-2")))).Is(204);
        Assert.Equal("CRM-2", (string?)Assert.Single(await reader.Round(server))["externalReferenceId"]);
        await reader.Check(server);

        // Without the engagement a list holds one's own alone, and so does its delta.
        var plain = await DeltaReader.Start(server, Carol);
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/name", "Again")))).Is(204);
        Assert.Empty(await plain.Round(server));
    }

    [Fact]
    public async Task Who_loses_his_own_referral_loses_the_other_partys_with_it() // B12, B19
    {
        await using var server = await Start();
        var (own, other) = await server.Shared(FabrikamLocation);
        await server.Team(own.Id, Bob);
        var reader = await DeltaReader.Start(server, Bob, $"$filter=engagementId eq '{own.EngagementId}'");
        Assert.Equal(2, reader.Copy.Count);
        await server.Team(own.Id);
        // What Microsoft is asked for afterwards, Bob has never seen.
        var later = (await server.Post(Alice, Api, Bodies.Connected(own.EngagementId, "msft"))).Is(201);
        var told = await reader.Round(server);
        Assert.Equal(new[] { own.Id, other.Id }.Order(), told.Select(t => (string)t["id"]!).Order());
        Assert.All(told, t => Assert.Equal("changed", (string?)t["@removed"]!["reason"]));
        (await server.Patch(Sam, $"{Api}/{later.Id}", Bodies.Replace(("/name", "Hidden")))).Is(204);
        Assert.Empty(await reader.Round(server));

        // Back in the team, he sees all three, though none of the others' changed.
        await server.Team(own.Id, Bob);
        await reader.Round(server);
        Assert.Equal(3, reader.Copy.Count);
        await reader.Check(server);
    }

    [Fact]
    public async Task A_list_of_another_organization_is_followed_as_engagements_begin() // R57, B13
    {
        await using var server = await Start();
        var reader = await DeltaReader.Start(server, Carol, $"$filter=organizationId eq '{Contoso}'");
        await server.Own(Carol);
        var hidden = await server.Own();
        Assert.Empty(await reader.Round(server));
        // Alice's deal is there before Fabrikam is invited into it.
        var (own, other) = await server.Shared(FabrikamLocation);
        Assert.Equal(own.Id, (string?)Assert.Single(await reader.Round(server))["id"]);
        (await server.Patch(Carol, $"{Api}/{other.Id}", Bodies.Replace(("/name", "Own")))).Is(204);
        (await server.Patch(Alice, $"{Api}/{hidden.Id}", Bodies.Replace(("/name", "Hidden")))).Is(204);
        Assert.Empty(await reader.Round(server));
        await reader.Check(server);
    }

    private static async Task Admin(TandemServer server, string email)
    {
        var org = $"/admin/organizations/{Fabrikam}";
        var user = (await server.Post(Carol, $"{org}/users", new JsonObject { ["email"] = email, ["name"] = "Nora" })).Is(201);
        (await server.Send(Carol, HttpMethod.Put, $"{org}/locations/{FabrikamLocation}", """{"name":"Fabrikam","mpnId":"555"}""")).Is(200);
        (await server.Post(Carol, $"{org}/users/{user.Id}/roles", new JsonObject { ["role"] = "Referrals admin", ["mpnId"] = "555" })).Is(201);
    }
}

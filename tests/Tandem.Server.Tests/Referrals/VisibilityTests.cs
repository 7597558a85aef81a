using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>Who sees and changes what.</summary>
public sealed class VisibilityTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TandemServer _server = fixture.Server;

    [Fact]
    public async Task A_user_without_a_referral_role_does_nothing() // R9, B1, B12, R68
    {
        var deal = await _server.Own();
        (await _server.Get(Eve, Api)).Refuses(403, "roleRequired");
        (await _server.Get(Eve, $"{Api}/{deal.Id}")).Refuses(403, "roleRequired");
        (await _server.Post(Eve, Api, Bodies.Minimum())).Refuses(403, "roleRequired");
        (await _server.Patch(Eve, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "x")))).Refuses(403, "roleRequired");
    }

    [Fact]
    public async Task A_referrals_user_has_what_he_created_and_what_he_is_in_the_team_of() // B2, B3, B5, B12, R68
    {
        var alices = await _server.Own();
        (await _server.Get(Bob, $"{Api}/{alices.Id}")).Refuses(403, "notTeamMember", "referral");
        (await _server.Patch(Bob, $"{Api}/{alices.Id}", Bodies.Replace(("/name", "x")))).Refuses(403, "notTeamMember");
        Assert.DoesNotContain((await _server.Get(Bob, Api)).Value, v => (string?)v["id"] == alices.Id);

        var bobs = await _server.Own(Bob);
        (await _server.Get(Alice, $"{Api}/{bobs.Id}")).Is(200);
        (await _server.Patch(Bob, $"{Api}/{bobs.Id}", Bodies.Replace(("/name", "mine")))).Is(204);

        // The team decides at once, without regard to case.
        (await _server.Patch(Alice, $"{Api}/{alices.Id}", Bodies.Replace(("/team", new JsonArray(Bodies.Member("BOB@Contoso.example")))))).Is(204);
        (await _server.Get(Bob, $"{Api}/{alices.Id}")).Is(200);
        Assert.Contains((await _server.Get(Bob, Api)).Value, v => (string?)v["id"] == alices.Id);
        (await _server.Patch(Bob, $"{Api}/{alices.Id}", Bodies.Replace(("/team", new JsonArray())))).Is(204);
        (await _server.Get(Bob, $"{Api}/{alices.Id}")).Refuses(403, "notTeamMember");
        (await _server.Patch(Bob, $"{Api}/{bobs.Id}", Bodies.Replace(("/team", new JsonArray())))).Is(204);
        (await _server.Get(Bob, $"{Api}/{bobs.Id}")).Is(200);
    }

    [Fact]
    public async Task Outside_the_engagement_a_referral_does_not_exist() // R68, B19
    {
        var deal = await _server.Own();
        var real = await _server.Get(Carol, $"{Api}/{deal.Id}");
        var imagined = await _server.Get(Carol, $"{Api}/{Guid.NewGuid()}");
        Assert.Equal(imagined.Refuses(404).Text, real.Refuses(404).Text);
        (await _server.Get(Carol, $"{Api}/{deal.Id}/history")).Refuses(404);
        (await _server.Patch(Carol, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "x")))).Refuses(404);
        Assert.Equal(0, (int)(await _server.Get(Carol, $"{Api}?$filter=engagementId eq '{deal.EngagementId}'")).Json["@odata.count"]!);
    }

    [Fact]
    public async Task The_other_party_sees_the_restricted_view() // B13, B14, B15, B21
    {
        var (own, other) = await _server.Shared(FabrikamLocation);
        (await _server.Patch(Alice, $"{Api}/{own.Id}", new JsonObject
        {
            ["externalReferenceId"] = "CRM-1",
            ["campaignId"] = "C-1",
            ["favorite"] = true,
            ["lastRunId"] = "run",
            ["lastModifiedVia"] = "crm",
            ["statusReason"] = "visible",
            ["details"] = new JsonObject { ["notes"] = "ours alone" },
        })).Is(200);
        var full = await _server.Get(Alice, $"{Api}/{own.Id}");
        var seen = (await _server.Get(Carol, $"{Api}/{own.Id}")).Is(200);
        foreach (var hidden in new[] { "externalReferenceId", "campaignId", "salesStage", "lastRunId", "lastModifiedVia", "createdVia" })
            Assert.Null(seen.Json[hidden]);
        Assert.False((bool)seen.Json["favorite"]!);
        Assert.Null(seen.Json["details"]!["notes"]);
        foreach (var shown in new[] { "name", "statusReason", "status", "team", "inviteContext", "eTag" })
            Assert.True(JsonNode.DeepEquals(full.Json[shown], seen.Json[shown]), shown);
        Assert.Equal(2, seen.Json["customerProfile"]!["team"]!.AsArray().Count);
        Assert.Equal(50000m, (decimal?)seen.Json["details"]!["dealValue"]);
        // The list shows the same bytes.
        var listed = (await _server.Get(Carol, $"{Api}?$filter=engagementId eq '{own.EngagementId}'")).Value.Single(v => (string?)v["id"] == own.Id);
        Assert.Null(listed["externalReferenceId"]);
        Assert.Null(listed["details"]!["notes"]);
        // Dan is not in the team of Fabrikam's own referral, so he sees neither side (B12).
        (await _server.Get(Dan, $"{Api}/{own.Id}")).Refuses(404);
        (await _server.Get(Dan, $"{Api}/{other.Id}")).Refuses(403, "notTeamMember");
    }

    [Fact]
    public async Task Contacts_are_shown_to_the_other_party_by_consent_only() // B15
    {
        var silent = await _server.Own(change: b =>
        {
            b["customerProfile"]!["team"] = new JsonArray(Bodies.Member("secret@customer.example"));
            b["consent"] = new JsonObject { ["consentToToShareInfoWithOthers"] = false };
        });
        (await _server.Post(Alice, Api, Bodies.Connected(silent.EngagementId, FabrikamLocation))).Is(201);
        Assert.Empty((await _server.Get(Carol, $"{Api}/{silent.Id}")).Json["customerProfile"]!["team"]!.AsArray());
        Assert.Equal(0, (int)(await _server.Get(Carol,
            $"{Api}?$filter=engagementId eq '{silent.EngagementId}' and customerProfile/team/any(c: c/email eq 'secret@customer.example')")).Json["@odata.count"]!);
    }

    [Fact]
    public async Task Microsoft_sees_partner_led_deals_and_no_private_ones() // B13
    {
        var secret = await _server.Own();
        var led = (await _server.Post(Alice, Api, Bodies.Example("create-partner-led-request"))).Is(201);
        (await _server.Get(Sam, $"{Api}/{secret.Id}")).Refuses(404);
        var seen = (await _server.Get(Sam, $"{Api}/{led.Id}")).Is(200);
        Assert.Null(seen.Json["details"]!["notes"]);
        (await _server.Patch(Sam, $"{Api}/{led.Id}", Bodies.Replace(("/name", "x")))).Refuses(403);
        Assert.DoesNotContain((await _server.Get(Sam, Api)).Value, v => (string?)v["id"] == led.Id);

        // A deal with another partner, private to the two, is none of Microsoft's business.
        var (own, _) = await _server.Shared(FabrikamLocation);
        (await _server.Get(Sam, $"{Api}/{own.Id}")).Refuses(404);
    }

    [Fact]
    public async Task Microsofts_people_are_not_shown_for_deals_it_declined() // B16, B34
    {
        var (_, other) = await _server.Shared();
        (await _server.Patch(Sam, $"{Api}/{other.Id}", new JsonObject { ["team"] = new JsonArray(Bodies.Member("adele@microsoft.example")) })).Is(200);
        Assert.Single((await _server.Get(Alice, $"{Api}/{other.Id}")).Json["team"]!.AsArray());
        (await _server.Patch(Sam, $"{Api}/{other.Id}", new JsonObject { ["status"] = "Closed", ["substatus"] = "Declined", ["statusReason"] = "Not managed" })).Is(200);
        var seen = await _server.Get(Alice, $"{Api}/{other.Id}");
        Assert.Empty(seen.Json["team"]!.AsArray());
        Assert.Equal("Not managed", (string?)seen.Json["statusReason"]);
        Assert.Single((await _server.Get(Sam, $"{Api}/{other.Id}")).Json["team"]!.AsArray());

        var (_, small) = await _server.Shared(change: b => b["details"] = new JsonObject { ["dealValue"] = 24_999 });
        (await _server.Patch(Sam, $"{Api}/{small.Id}", new JsonObject { ["status"] = "Closed", ["substatus"] = "Declined", ["statusReason"] = "Too small" })).Is(200);
        Assert.Null((await _server.Get(Alice, $"{Api}/{small.Id}")).Json["statusReason"]);
    }

    [Fact]
    public async Task Who_sends_a_referral_without_one_of_his_own_keeps_seeing_it() // B13, B52
    {
        var sent = await _server.Own(change: b => b["target"] = new JsonArray(new JsonObject { ["type"] = "BusinessProfileLocation", ["id"] = FabrikamLocation }));
        (await _server.Get(Alice, $"{Api}/{sent.Id}")).Is(200);
        (await _server.Get(Bob, $"{Api}/{sent.Id}")).Refuses(404);
        (await _server.Get(Carol, $"{Api}/{sent.Id}")).Is(200);
    }

    [Fact]
    public async Task Locations_bound_a_role() // B6, B7, B8, B11
    {
        await using var server = await Start();
        var admin = $"/admin/organizations/{Contoso}";
        var bob = (string)(await server.Get(Alice, $"{admin}/users")).Json["value"]!.AsArray().Single(u => (string?)u!["email"] == Bob)!["id"]!;
        var eve = (string)(await server.Get(Alice, $"{admin}/users")).Json["value"]!.AsArray().Single(u => (string?)u!["email"] == Eve)!["id"]!;
        (await server.Post(Alice, $"{admin}/users/{eve}/roles", new JsonObject { ["role"] = "Referral Admin", ["mpnId"] = "111" })).Is(201);

        var here = (await server.Post(Alice, Api, Bodies.Minimum(b => b["mpnId"] = "111"))).Is(201);
        var there = (await server.Post(Alice, Api, Bodies.Minimum(b => b["mpnId"] = "222"))).Is(201);
        var nowhere = (await server.Post(Alice, Api, Bodies.Minimum())).Is(201);
        (await server.Get(Eve, $"{Api}/{here.Id}")).Is(200);
        (await server.Get(Eve, $"{Api}/{there.Id}")).Refuses(403, "notTeamMember");
        (await server.Get(Eve, $"{Api}/{nowhere.Id}")).Refuses(403, "notTeamMember");
        Assert.Equal(here.Id, (string?)Assert.Single((await server.Get(Eve, Api)).Value)["id"]);

        (await server.Post(Eve, Api, Bodies.Minimum(b => b["mpnId"] = "222"))).Refuses(403, null, "mpnId");
        Assert.Equal("111", (string?)(await server.Post(Eve, Api, Bodies.Minimum())).Is(201).Json["mpnId"]);

        // Several locations, or none: the organization's primary one.
        (await server.Post(Alice, $"{admin}/users/{eve}/roles", new JsonObject { ["role"] = "Referrals user", ["mpnId"] = "333" })).Is(201);
        Assert.Null((await server.Post(Eve, Api, Bodies.Minimum())).Is(201).Json["mpnId"]);
        (await server.Patch(Alice, admin, new JsonObject { ["primaryMpnId"] = "999" })).Is(200);
        Assert.Equal("999", (string?)(await server.Post(Bob, Api, Bodies.Minimum())).Is(201).Json["mpnId"]);
        Assert.Equal("999", (string?)(await server.Post(Eve, Api, Bodies.Minimum())).Is(201).Json["mpnId"]);

        // A role that is given or taken counts with the next request.
        var role = (string)(await server.Get(Alice, $"{admin}/users/{bob}/roles")).Json["value"]![0]!["id"]!;
        (await server.Send(Alice, HttpMethod.Delete, $"{admin}/users/{bob}/roles/{role}", null)).Is(204);
        (await server.Get(Bob, Api)).Refuses(403, "roleRequired");
    }

    [Fact]
    public async Task A_global_admin_alone_sees_nothing_unless_the_installation_wants_it() // B9
    {
        foreach (var (setting, status) in new[] { ("false", 403), ("true", 200) })
        {
            await using var server = await Start(settings: ("Tandem:Identity:GlobalAdminSeesReferrals", setting));
            var eve = (string)(await server.Get(Alice, $"/admin/organizations/{Contoso}/users")).Json["value"]!.AsArray().Single(u => (string?)u!["email"] == Eve)!["id"]!;
            (await server.Post(Alice, $"/admin/organizations/{Contoso}/users/{eve}/roles", new JsonObject { ["role"] = "Global admin" })).Is(201);
            (await server.Get(Eve, Api)).Is(status);
        }
    }

    [Fact]
    public async Task Leads_are_for_company_wide_admins_and_the_team() // B4, R96
    {
        await using var server = await Start();
        var lead = (await server.Post(Sam, Api, Bodies.Minimum(b =>
        {
            b["qualification"] = "SalesQualified";
            b["target"] = new JsonArray(new JsonObject { ["type"] = "BusinessProfileLocation", ["id"] = FabrikamLocation });
            b["team"] = new JsonArray();
        }))).Is(201);
        (await server.Get(Carol, $"{Api}/{lead.Id}")).Is(200);
        (await server.Get(Dan, $"{Api}/{lead.Id}")).Refuses(403, "notTeamMember");
        (await server.Patch(Carol, $"{Api}/{lead.Id}", Bodies.Replace(("/team", new JsonArray(Bodies.Member(Dan)))))).Is(204);
        (await server.Get(Dan, $"{Api}/{lead.Id}")).Is(200);

        // A location-bound admin is not company-wide.
        var dan = (string)(await server.Get(Carol, $"/admin/organizations/{Fabrikam}/users")).Json["value"]!.AsArray().Single(u => (string?)u!["email"] == Dan)!["id"]!;
        (await server.Send(Carol, HttpMethod.Put, $"/admin/organizations/{Fabrikam}/locations/{FabrikamLocation}", """{"name":"Fabrikam","mpnId":"555"}""")).Is(200);
        (await server.Post(Carol, $"/admin/organizations/{Fabrikam}/users/{dan}/roles", new JsonObject { ["role"] = "Referrals admin", ["mpnId"] = "555" })).Is(201);
        var second = (await server.Post(Sam, Api, Bodies.Minimum(b =>
        {
            b["qualification"] = "MarketingQualified";
            b["target"] = new JsonArray(new JsonObject { ["type"] = "BusinessProfileLocation", ["id"] = FabrikamLocation });
        }))).Is(201);
        Assert.Equal("555", (string?)second.Json["mpnId"]);
        (await server.Get(Dan, $"{Api}/{second.Id}")).Refuses(403, "notTeamMember");
    }

    [Fact]
    public async Task The_history_hides_from_the_other_party_what_the_view_hides() // B14
    {
        var (own, _) = await _server.Shared(FabrikamLocation);
        (await _server.Patch(Alice, $"{Api}/{own.Id}", new JsonObject { ["campaignId"] = "hidden" })).Is(200);
        (await _server.Patch(Alice, $"{Api}/{own.Id}", new JsonObject { ["name"] = "shown", ["favorite"] = true })).Is(200);
        var ours = await _server.Get(Alice, $"{Api}/{own.Id}/history");
        var theirs = await _server.Get(Carol, $"{Api}/{own.Id}/history");
        Assert.Equal(3, ours.Value.Count);
        Assert.Equal(["Updated", "Created"], theirs.Value.Select(e => (string)e["kind"]!));
        Assert.Equal(["name"], theirs.Value[0]["properties"]!.AsArray().Select(p => (string)p!));
        Assert.Null(theirs.Value[0]["changedBy"]!["email"]);
        Assert.DoesNotContain("alice@", theirs.Text, StringComparison.Ordinal);

        var page = await _server.Get(Alice, $"{Api}/{own.Id}/history?$top=2");
        Assert.Equal(2, page.Value.Count);
        var rest = await _server.Get(Alice, (string)page.Json["@odata.nextLink"]!);
        Assert.Equal("Created", (string?)Assert.Single(rest.Value)["kind"]);
        Assert.False(rest.Json.AsObject().ContainsKey("@odata.nextLink"));
        (await _server.Get(Alice, $"{Api}/{own.Id}/history?$top=0")).Refuses(400, "invalidValue", "$top");
        (await _server.Get(Alice, $"{Api}/{own.Id}/history?$skiptoken=x")).Refuses(400, "invalidSkipToken");
    }
}

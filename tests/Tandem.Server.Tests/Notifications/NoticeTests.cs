using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Notifications;

/// <summary>Who is told of what, at the bell.</summary>
public sealed class NoticeTests
{
    [Fact]
    public async Task An_invitation_is_told_to_the_senders_team_and_to_the_receivers_admins() // B51, B53
    {
        await using var server = await Start();
        var (own, other) = await server.Invited();

        var bob = Assert.Single(await server.NoticesOf(Bob));
        Assert.Equal(("InvitationSent", "Warehouse", "Fabrikam", false),
            ((string)bob["kind"]!, (string)bob["dealName"]!, (string)bob["partnerName"]!, (bool)bob["isRead"]!));
        Assert.Equal(own.Id, (string)bob["referralId"]!);
        Assert.Equal(1, await server.Unread(Bob));
        // Alice did it herself: it is in her list, and news to nobody.
        Assert.True((bool)Assert.Single(await server.NoticesOf(Alice))["isRead"]!);
        Assert.Equal(0, await server.Unread(Alice));

        var carol = Assert.Single(await server.NoticesOf(Carol));
        Assert.Equal(("DealReceived", "Warehouse", "Contoso Company"),
            ((string)carol["kind"]!, (string)carol["dealName"]!, (string)carol["partnerName"]!));
        Assert.Equal(other.Id, (string)carol["referralId"]!);
        Assert.Empty(await server.NoticesOf(Dan));
        Assert.Empty(await server.NoticesOf(Sam));
    }

    [Theory] // B52
    [InlineData("Active", "Accepted", "InvitationAccepted")]
    [InlineData("Active", "Engaged", "InvitationAccepted")]
    [InlineData("Closed", "Declined", "InvitationDeclined")]
    public async Task What_the_partner_answers_is_told_to_the_senders_team(string status, string substatus, string kind)
    {
        await using var server = await Start();
        var (own, other) = await server.Invited();
        (await server.Status(Carol, other.Id, "New", "Received")).Is(200);
        Assert.Equal(["InvitationSent"], await server.Kinds(Bob));
        (await server.Patch(Carol, $"{Api}/{other.Id}", Bodies.Replace(("/status", status), ("/substatus", substatus), ("/statusReason", "Not a customer")))).Is(204);
        var told = (await server.NoticesOf(Bob))[0];
        Assert.Equal((kind, own.Id, "Fabrikam"), ((string)told["kind"]!, (string)told["referralId"]!, (string)told["partnerName"]!));
        Assert.Equal(kind == "InvitationDeclined" ? "Not a customer" : null, (string?)told["reason"]);
        Assert.False((bool)(await server.NoticesOf(Alice))[0]["isRead"]!);
        Assert.Equal(["DealReceived"], await server.Kinds(Carol));
    }

    [Fact]
    public async Task A_deal_is_spoken_of_three_days_and_one_day_before_it_expires_and_its_sender_hears_of_the_end() // B26, B52, B53
    {
        await using var server = await Start(At("2026-03-02T08:00:00Z"));
        await server.Invited();
        await server.Remind();
        Assert.Equal(["DealReceived"], await server.Kinds(Carol));
        server.Clock.Advance(TimeSpan.FromDays(11) + TimeSpan.FromMinutes(1));
        await server.Remind();
        await server.Remind();
        Assert.Equal(["DealExpiring", "DealReceived"], await server.Kinds(Carol));
        Assert.Equal("2026-03-16T08:00:00", ((string)(await server.NoticesOf(Carol))[0]["expirationDateTime"]!)[..19]);
        server.Clock.Advance(TimeSpan.FromDays(2));
        await server.Remind();
        await server.Remind();
        Assert.Equal(["DealExpiring", "DealExpiring", "DealReceived"], await server.Kinds(Carol));
        Assert.Equal(["InvitationSent"], await server.Kinds(Bob));

        server.Clock.Advance(TimeSpan.FromDays(1));
        await server.RunDueWork();
        Assert.Equal(["InvitationExpired", "InvitationSent"], await server.Kinds(Bob));
        await server.Remind();
        Assert.Equal(3, (await server.Kinds(Carol)).Count);
    }

    [Fact]
    public async Task Who_was_away_when_a_deal_had_three_days_left_is_told_once_that_one_is_left() // B53
    {
        await using var server = await Start(At("2026-03-02T08:00:00Z"));
        await server.Invited();
        server.Clock.Advance(TimeSpan.FromDays(13.5));
        await server.Remind();
        Assert.Equal(["DealExpiring", "DealReceived"], await server.Kinds(Carol));
    }

    [Fact]
    public async Task An_answered_deal_does_not_expire_and_nobody_is_told_so() // B53
    {
        await using var server = await Start(At("2026-03-02T08:00:00Z"));
        var (_, other) = await server.Invited();
        (await server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);
        server.Clock.Advance(TimeSpan.FromDays(12));
        await server.Remind();
        Assert.Equal(["DealReceived"], await server.Kinds(Carol));
    }

    [Fact]
    public async Task Only_admins_of_the_receiving_location_are_told() // B6, B8, B53
    {
        await using var server = await Start();
        const string Org = $"/admin/organizations/{Fabrikam}";
        (await server.Put(Carol, $"{Org}/locations/{FabrikamLocation}", new JsonObject { ["name"] = "Fabrikam", ["mpnId"] = "7001" })).Is(200);
        async Task<string> Admin(string name, string mpnId)
        {
            var user = (await server.Post(Carol, $"{Org}/users", new JsonObject { ["email"] = $"{name}@fabrikam.example", ["name"] = name })).Is(201);
            (await server.Post(Carol, $"{Org}/users/{user.Id}/roles", new JsonObject { ["role"] = "Referrals admin", ["mpnId"] = mpnId })).Is(201);
            return $"{name}@fabrikam.example";
        }

        var (here, elsewhere) = (await Admin("hana", "7001"), await Admin("emil", "7002"));
        await server.Invited();
        Assert.Equal(["DealReceived"], await server.Kinds(here));
        Assert.Empty(await server.Kinds(elsewhere));
        Assert.Equal(["DealReceived"], await server.Kinds(Carol));
    }

    [Fact]
    public async Task A_customer_who_waits_for_a_call_is_brought_to_mind() // B28
    {
        await using var server = await Start(At("2026-03-02T08:00:00Z"));
        var own = (await server.Post(Alice, Api, Bodies.Example("create-shared-request"))).Is(201);
        (await server.Post(Alice, Api, Bodies.Connected(own.EngagementId, FabrikamLocation, b =>
            b["details"] = new JsonObject { ["customerRequestedContact"] = true }))).Is(201);
        server.Clock.Advance(TimeSpan.FromHours(73));
        await server.RunDueWork();
        Assert.Equal(["ContactOverdue", "DealReceived"], await server.Kinds(Carol));
    }

    [Fact]
    public async Task Nobody_is_told_of_a_deal_that_an_organization_makes_for_itself() // B57
    {
        await using var server = await Start();
        await server.Own(change: b => b["team"] = new JsonArray(Bodies.Member(Alice), Bodies.Member(Bob)));
        await server.Own(Bob, b => b["createdVia"] = "D365Connector");
        await server.Own(change: b => b["lastModifiedVia"] = "Bulk");
        foreach (var user in new[] { Alice, Bob, Carol })
            Assert.Empty(await server.Kinds(user));
    }

    [Fact]
    public async Task A_marketplace_lead_is_told_when_it_asks_for_contact_and_is_no_spam() // B4, B30, B55
    {
        await using var server = await Start();
        await server.Lead("Get it now");
        await server.Lead("Free trial");
        Assert.Empty(await server.Kinds(Carol));
        await server.Lead();
        Assert.Equal(["LeadReceived"], await server.Kinds(Carol));
        // Leads are the admins', until they put somebody into the team.
        Assert.Empty(await server.Kinds(Dan));
        Assert.Empty(await server.Kinds(Sam));
    }

    [Fact]
    public async Task Nobody_is_told_of_what_he_may_not_see_and_hears_no_more_of_what_he_may_not_see_any_longer() // B5, B12
    {
        await using var server = await Start();
        // Eve has no role; Carol is of another organization, and the last is unknown.
        var (own, _) = await server.Invited(Bodies.Member(Bob), Bodies.Member(Eve), Bodies.Member(Carol), Bodies.Member("nobody@contoso.example"));
        Assert.Equal(["InvitationSent"], await server.Kinds(Bob));
        Assert.Equal(["DealReceived"], await server.Kinds(Carol));
        (await server.Get(Eve, Notices.Path)).Is(403);
        await server.Team(own.Id, Alice);
        Assert.Empty(await server.Kinds(Bob));
        Assert.Equal(0, await server.Unread(Bob));
    }

    [Fact]
    public async Task A_deal_without_a_team_is_its_creators() // B51, B52
    {
        await using var server = await Start();
        var own = (await server.Post(Bob, Api, Bodies.Example("create-shared-request").AsObject().Without("team"))).Is(201);
        var other = (await server.Post(Bob, Api, Bodies.Connected(own.EngagementId, FabrikamLocation))).Is(201);
        (await server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);
        Assert.Equal(["InvitationAccepted", "InvitationSent"], await server.Kinds(Bob));
        Assert.Empty(await server.Kinds(Alice));
    }

    [Fact]
    public async Task Notices_are_read_one_by_one_or_all_and_only_by_whom_they_are_for()
    {
        await using var server = await Start();
        for (var i = 0; i < 3; i++)
            await server.Invited($"Deal {i}");
        var notices = await server.NoticesOf(Carol);
        Assert.Equal(["Deal 2", "Deal 1", "Deal 0"], notices.Select(n => (string)n["dealName"]!));
        Assert.Equal(3, await server.Unread(Carol));
        (await server.Post(Dan, $"{Notices.Path}/{notices[0]["id"]}/read", null)).Is(404);
        (await server.Post(Carol, $"{Notices.Path}/{notices[0]["id"]}/read", null)).Is(204);
        (await server.Post(Carol, $"{Notices.Path}/{notices[0]["id"]}/read", null)).Is(204);
        Assert.Equal(2, await server.Unread(Carol));
        Assert.Equal([true, false, false], (await server.NoticesOf(Carol)).Select(n => (bool)n["isRead"]!));
        (await server.Post(Carol, $"{Notices.Path}/read", null)).Is(204);
        Assert.Equal(0, await server.Unread(Carol));
        Assert.Equal(3, await server.Unread(Bob));
    }

    [Fact]
    public async Task Notices_come_in_pages_and_a_wrong_page_is_refused()
    {
        await using var server = await Start();
        for (var i = 0; i < 5; i++)
            await server.Invited($"Deal {i}");
        await server.Settle();
        var names = new List<string>();
        string? next = null;
        do
        {
            var page = (await server.Get(Carol, $"{Notices.Path}?top=2{(next is null ? "" : $"&after={next}")}")).Is(200);
            Assert.InRange(page.Value.Count, 1, 2);
            Assert.Equal(5, (int)page.Json["unread"]!);
            names.AddRange(page.Value.Select(n => (string)n["dealName"]!));
            next = (string?)page.Json["next"];
        }
        while (next is not null);
        Assert.Equal(["Deal 4", "Deal 3", "Deal 2", "Deal 1", "Deal 0"], names);
        foreach (var query in new[] { "after=x", "after=1_2", "after=1_2_3", "top=0", "top=51", "top=x" })
        {
            (await server.Get(Carol, $"{Notices.Path}?{query}")).Refuses(400, target: query.Split('=')[0]);
        }
    }

    [Fact]
    public async Task Notices_are_kept_for_90_days()
    {
        await using var server = await Start(At("2026-03-02T08:00:00Z"));
        await server.Invited();
        Assert.Single(await server.Kinds(Carol));
        server.Clock.Advance(TimeSpan.FromDays(91));
        for (var tries = 0; (await server.Kinds(Bob)).Contains("InvitationSent"); tries++)
        {
            Assert.True(tries < 1200, "The notice is never forgotten.");
            server.Clock.Advance(TimeSpan.FromMinutes(2));
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Settings_are_each_persons_own_and_say_what_is_wrong_with_them()
    {
        await using var server = await Start();
        const string Settings = $"{Notices.Path}/settings";
        Assert.Equal("""{"withoutEmail":[],"language":null}""", (await server.Get(Bob, Settings)).Is(200).Text);
        var chosen = new JsonObject { ["withoutEmail"] = new JsonArray("LeadReceived", "InvitationSent", "LeadReceived"), ["language"] = "tr" };
        const string Kept = """{"withoutEmail":["InvitationSent","LeadReceived"],"language":"tr"}""";
        Assert.Equal(Kept, (await server.Put(Bob, Settings, chosen)).Is(200).Text);
        Assert.Equal(Kept, (await server.Get(Bob, Settings)).Is(200).Text);
        Assert.Equal("""{"withoutEmail":[],"language":null}""", (await server.Get(Alice, Settings)).Is(200).Text);
        Assert.Equal("""{"withoutEmail":[],"language":null}""", (await server.Put(Bob, Settings, new JsonObject())).Is(200).Text);
        foreach (var wrong in new[] { """{"language":"de"}""", """{"withoutEmail":["Gossip"]}""", """{"withoutEmail":[99]}""", """{"colour":1}""", "[]", "x" })
        {
            (await server.Send(Bob, HttpMethod.Put, Settings, wrong)).Refuses(400);
        }
    }

    [Fact]
    public async Task A_server_that_is_started_again_tells_nothing_twice_and_forgets_nothing()
    {
        var data = Directory.CreateTempSubdirectory("tandem-").FullName;
        for (var round = 1; round <= 3; round++)
        {
            await using var server = await Start(data: data);
            Assert.Equal(round - 1, (await server.Kinds(Carol)).Count);
            await server.Invited($"Deal {round}");
        }

        await using var last = await Start(data: data);
        Assert.Equal(["Deal 3", "Deal 2", "Deal 1"], (await last.NoticesOf(Carol)).Select(n => (string)n["dealName"]!));
        await last.StopAsync();
        Directory.Delete(data, recursive: true);
    }
}

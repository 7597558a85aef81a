using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>The bell, the page of notifications, and what one chooses of them. Each test has a server of its own.</summary>
public sealed class NotificationTests(Browser browser) : IAsyncLifetime
{
    private readonly WebFixture _web = new(browser);

    public ValueTask InitializeAsync() => _web.InitializeAsync();

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    [Fact]
    public async Task Carols_bell_counts_up_without_reload_when_Alice_invites_Fabrikam() // B53
    {
        var carol = await _web.SignIn(Carol);
        var bell = carol.Locator(".bell > summary");
        await Assertions.Expect(bell).ToHaveAttributeAsync("aria-label", "Notifications");
        await _web.Server.Invitation(Alice, FabrikamLocation, "Warehouse");
        await Assertions.Expect(bell).ToHaveAttributeAsync("aria-label", "Notifications, 1 unread");
        await Assertions.Expect(bell.Locator(".bell-count")).ToHaveTextAsync("1");
        // Said politely, once, and in words.
        await Assertions.Expect(carol.Locator(".app-bar [role=status]")).ToHaveTextAsync("New notification: New deal from Contoso Company: Warehouse");
        var second = await _web.Server.Invitation(Alice, FabrikamLocation, "Second warehouse");
        await Assertions.Expect(bell.Locator(".bell-count")).ToHaveTextAsync("2");

        await bell.ClickAsync();
        await carol.GetByRole(AriaRole.Link, new() { Name = "New deal from Contoso Company: Second warehouse" }).ClickAsync();
        await Assertions.Expect(carol).ToHaveURLAsync(new Regex($"/referrals/{second.Id}$"));
        await Assertions.Expect(bell.Locator(".bell-count")).ToHaveTextAsync("1");
        await Assertions.Expect(carol.Locator("details.bell")).Not.ToHaveAttributeAsync("open", "");

        // Alice knows what she did herself, and hears what Carol answers.
        var alice = await _web.SignIn(Alice);
        await Assertions.Expect(alice.Locator(".bell > summary")).ToHaveAttributeAsync("aria-label", "Notifications");
        (await _web.Server.Status(Carol, second.Id, "Active", "Accepted")).Is(200);
        await Assertions.Expect(alice.Locator(".bell-count")).ToHaveTextAsync("1");
        await alice.Locator(".bell > summary").ClickAsync();
        await alice.Press("Mark all as read");
        await Assertions.Expect(alice.Locator(".bell-count")).ToHaveCountAsync(0);
        await Assertions.Expect(alice.Locator(".bell-list")).ToContainTextAsync("Fabrikam accepted");
        await carol.Context.CloseAsync();
        await alice.Context.CloseAsync();
    }

    [Fact]
    public async Task All_notifications_are_read_page_by_page_and_marked_by_keyboard_alone()
    {
        for (var i = 0; i < 53; i++)
            await _web.Server.Invitation(Alice, FabrikamLocation, $"Deal {i}");
        var carol = await _web.SignIn(Carol, path: "/notifications");
        await Assertions.Expect(carol.Locator(".notices li")).ToHaveCountAsync(50);
        await Assertions.Expect(carol.Locator(".notices li").First).ToContainTextAsync("Deal 52");
        await carol.GetByRole(AriaRole.Link, new() { Name = "Older" }).ClickAsync();
        await Assertions.Expect(carol.Locator(".notices li")).ToHaveCountAsync(3);
        await Assertions.Expect(carol.Locator(".notices li").Last).ToContainTextAsync("Deal 0");
        await carol.GetByRole(AriaRole.Link, new() { Name = "Newest" }).ClickAsync();
        await Assertions.Expect(carol.Locator(".notices li")).ToHaveCountAsync(50);

        await carol.Locator(".notices .text-button").First.FocusAsync();
        await carol.Keyboard.PressAsync("Enter");
        await Assertions.Expect(carol.Locator(".notices .unread")).ToHaveCountAsync(49);
        await Assertions.Expect(carol.Locator(".bell-count")).ToHaveTextAsync("52");
        await Assertions.Expect(carol.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeFocusedAsync();
        await carol.TabTo("Mark all as read");
        await carol.Keyboard.PressAsync("Enter");
        await Assertions.Expect(carol.Locator(".notices .unread")).ToHaveCountAsync(0);
        await Assertions.Expect(carol.Locator(".bell-count")).ToHaveCountAsync(0);
        // What comes meanwhile stands at the top by itself.
        await _web.Server.Invitation(Alice, FabrikamLocation, "The next one");
        await Assertions.Expect(carol.Locator(".notices li").First).ToContainTextAsync("The next one");
        await carol.Context.CloseAsync();
    }

    [Fact]
    public async Task Nothing_yet_is_said_and_who_has_no_role_has_no_bell()
    {
        var dan = await _web.SignIn(Dan, path: "/notifications");
        await Assertions.Expect(dan.GetByRole(AriaRole.Heading, new() { Name = "No notifications yet" })).ToBeVisibleAsync();
        var eve = await _web.SignIn(Eve);
        await Assertions.Expect(eve.Locator(".bell")).ToHaveCountAsync(0);
        await dan.Context.CloseAsync();
        await eve.Context.CloseAsync();
    }

    [Fact]
    public async Task What_comes_by_e_mail_and_in_which_language_is_chosen_by_oneself() // B58
    {
        var bob = await _web.SignIn(Bob, path: "/notifications/settings");
        await bob.GetByRole(AriaRole.Checkbox, new() { Name = "A marketplace lead came in" }).UncheckAsync();
        await bob.Field("Language of the e-mail").SelectOptionAsync("tr");
        await bob.Press("Save");
        await Assertions.Expect(bob.Locator(".said")).ToHaveTextAsync("Saved.");
        Assert.Equal("""{"withoutEmail":["LeadReceived"],"language":"tr"}""", (await _web.Server.Get(Bob, "/v1.0/engagements/notices/settings")).Text);
        await bob.ReloadAsync();
        await bob.WaitUntilReady();
        await Assertions.Expect(bob.GetByRole(AriaRole.Checkbox, new() { Name = "A marketplace lead came in" })).Not.ToBeCheckedAsync();
        await Assertions.Expect(bob.Field("Language of the e-mail")).ToHaveValueAsync("tr");
        // Of webhooks those choose who may look at them.
        const string Paused = "A webhook was paused because its receiver failed for five days";
        await Assertions.Expect(bob.GetByRole(AriaRole.Checkbox, new() { Name = Paused })).ToHaveCountAsync(0);
        var alice = await _web.SignIn(Alice, path: "/notifications/settings");
        await alice.GetByRole(AriaRole.Checkbox, new() { Name = Paused }).UncheckAsync();
        await alice.Press("Save");
        await Assertions.Expect(alice.Locator(".said")).ToHaveTextAsync("Saved.");
        Assert.Equal("""{"withoutEmail":["Webhook"],"language":null}""", (await _web.Server.Get(Alice, "/v1.0/engagements/notices/settings")).Text);
        await alice.Context.CloseAsync();
        await bob.Context.CloseAsync();
    }

    [Fact]
    public async Task Without_e_mail_its_page_says_how_to_have_it()
    {
        var alice = await _web.SignIn(Alice, path: "/administration/email");
        await Assertions.Expect(alice.GetByRole(AriaRole.Heading, new() { Name = "No e-mail is sent" })).ToBeVisibleAsync();
        var bob = await _web.SignIn(Bob, path: "/administration/email");
        await Assertions.Expect(bob.GetByRole(AriaRole.Heading, new() { Name = "You have no access to this page" })).ToBeVisibleAsync();
        await alice.Context.CloseAsync();
        await bob.Context.CloseAsync();
    }
}

/// <summary>The administration of e-mail beside a real mail server.</summary>
public sealed class EmailPageTests(Browser browser)
{
    public static TheoryData<int, bool, string> Looks => LookTests.Looks;

    [Fact]
    public async Task An_administrator_sends_himself_a_message_and_sees_what_was_not_delivered()
    {
        await using var mail = MailServer.Start();
        mail.Refuse(Bob, 550, "5.1.1 no such mailbox");
        await using var web = new WebFixture(browser);
        await web.Start([.. mail.Settings, ("Tandem:Email:User", ""), ("Tandem:Email:Password", "very secret")]);
        var own = await web.Server.Own(change: b =>
        {
            b["type"] = "Shared";
            b["team"] = new JsonArray(Bodies.Member(Bob));
        });
        (await web.Server.Post(Alice, Api, Bodies.Connected(own.EngagementId, FabrikamLocation))).Is(201);
        await mail.Until(1);

        var alice = await web.SignIn(Alice, path: "/administration/email");
        await alice.Press("Send me a test message");
        await Assertions.Expect(alice.Locator(".said")).ToContainTextAsync($"The mail server took the message for {Alice}.");
        await Assertions.Expect(alice.Locator(".table tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(alice.Locator(".table tbody tr")).ToContainTextAsync(Bob);
        await Assertions.Expect(alice.Locator(".table tbody tr")).ToContainTextAsync("550 5.1.1 no such mailbox");
        await Assertions.Expect(alice.Locator(".table tbody tr")).ToContainTextAsync("Given up");
        Assert.DoesNotContain("very secret", await alice.ContentAsync(), StringComparison.Ordinal);
        Assert.Contains(mail.Mails, m => m.To.Contains(Alice) && m.Subject == "Tandem can send e-mail");

        var sam = await web.SignIn(Sam, path: "/administration/email");
        await Assertions.Expect(sam.Locator("main")).ToContainTextAsync($"127.0.0.1:{mail.Port}");
        Assert.DoesNotContain("very secret", await sam.ContentAsync(), StringComparison.Ordinal);
        await alice.Context.CloseAsync();
        await sam.Context.CloseAsync();
    }

    [Theory, MemberData(nameof(Looks))]
    public async Task The_pages_are_accessible_and_fit(int width, bool isDark, string locale)
    {
        await using var mail = MailServer.Start();
        mail.Refuse(Alice, 451, "4.7.1 greylisted, please come again later; this answer is a long one so that it has to be broken somewhere");
        mail.Refuse(Carol, 550, "5.1.1 no such mailbox");
        await using var web = new WebFixture(browser);
        await web.Start([.. mail.Settings, ("Tandem:Email:From", "The referral exchange of Contoso and its partners <notifications@a-very-long-name-of-a-host.contoso.example>")]);
        for (var i = 0; i < 3; i++)
            await web.Server.Invitation(Alice, FabrikamLocation, i == 0 ? $"A name {string.Concat(Enumerable.Repeat("without-an-end-", 12))}" : $"Warehouse {i}");
        var invited = await web.Server.Invitation(Carol, ContosoLocation, "Modernisation of all warehouses");
        var declined = (await web.Server.Get(Carol, $"{Api}?$filter=status eq 'New'")).Value[0];
        (await web.Server.Patch(Carol, $"{Api}/{declined["id"]}", Bodies.Replace(("/status", "Closed"), ("/substatus", "Declined"), ("/statusReason", "Customer chose other vendor")))).Is(204);
        (await web.Server.Status(Alice, invited.Id, "Active", "Accepted")).Is(200);
        var look = new Look(width, isDark, locale);
        foreach (var (user, name, path) in new[]
        {
            (Sam, "email", "/administration/email"), (Carol, "notifications", "/notifications"), (Alice, "notification-settings", "/notifications/settings"),
        })
        {
            var page = await web.SignIn(user, look, path);
            await LookTests.Check(page, name, look);
            if (name == "notifications")
            {
                await page.Locator(".bell > summary").ClickAsync();
                await LookTests.Check(page, "bell", look);
            }

            await page.Context.CloseAsync();
        }
    }
}

using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tandem.Contracts.Engagements;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>A referral's page: what may be done next, both sides, editing in place, conflicts, and what has happened.</summary>
public sealed class ReferralTests(WebFixture web) : IClassFixture<WebFixture>
{
    private TandemServer Server => web.Server;

    [Fact]
    public async Task An_invitation_is_received_accepted_and_won_by_buttons() // T3, T4, T8, B24
    {
        var (own, other) = await Server.Shared(FabrikamLocation);
        var page = await Open(Carol, other.Id);
        await Button(page, "Mark as received").ClickAsync();
        await Expect(Status(page)).ToHaveTextAsync("Received");
        await Expect(Button(page, "Mark as received")).ToHaveCountAsync(0);

        await Button(page, "Accept").ClickAsync();
        await Expect(Status(page)).ToHaveTextAsync("Accepted");
        await Expect(Button(page, "Accept")).ToHaveCountAsync(0);

        await Button(page, "Win…").ClickAsync();
        await Button(page, "Close as Won").ClickAsync();
        await Expect(Status(page)).ToHaveTextAsync("Won");
        Assert.Equal("Closed/Won", (await Server.Get(Carol, $"{Api}/{other.Id}")).Pair);
        Assert.Equal("Active/Accepted", (await Server.Get(Alice, $"{Api}/{own.Id}")).Pair);
        await Expect(Card(page, "Deal").GetByRole(AriaRole.Button)).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Declining_takes_a_reason_from_the_list_and_words() // B25, B33
    {
        var (own, other) = await Server.Shared(FabrikamLocation);
        var page = await Open(Carol, other.Id);
        await Button(page, "Decline…").ClickAsync();
        await page.GetByLabel("Reason").SelectOptionAsync("Customer did not respond");
        await page.GetByLabel("In your own words").FillAsync("three calls");
        await Button(page, "Close as Declined").ClickAsync();
        await Expect(Status(page)).ToHaveTextAsync("Declined");
        var stored = await Server.Get(Carol, $"{Api}/{other.Id}");
        Assert.Equal(("Closed/Declined", "Customer did not respond: three calls"), (stored.Pair, (string?)stored.Json["statusReason"]));

        // Alice sees it on her side, and cannot decide for Fabrikam.
        var alice = await Open(Alice, own.Id);
        await Expect(Card(alice, "Fabrikam")).ToContainTextAsync("Customer did not respond: three calls");
        await alice.GotoAsync($"/referrals/{other.Id}");
        await alice.WaitUntilReady();
        await Expect(Card(alice, "Status").GetByRole(AriaRole.Button)).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
        await alice.Context.CloseAsync();
    }

    [Fact]
    public async Task What_the_other_side_does_is_seen_without_reload()
    {
        var (own, other) = await Server.Shared(FabrikamLocation);
        var page = await Open(Alice, own.Id);
        await Expect(Card(page, "Fabrikam")).ToContainTextAsync("Pending");
        await Button(page, "Edit Deal").ClickAsync();
        (await Server.Patch(Carol, $"{Api}/{other.Id}", Bodies.Replace(("/status", "Active"), ("/substatus", "Accepted")))).Is(204);
        await Expect(Card(page, "Fabrikam")).ToContainTextAsync("Accepted");
        // What she is editing is still there.
        await Expect(Button(page, "Save")).ToBeVisibleAsync();
        await Button(page, "Cancel").ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Invite a partner" }).ClickAsync();
        await page.WaitUntilAt($"**/referrals/{own.Id}/invite");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_fault_is_told_in_the_persons_language_with_the_particulars_of_the_API()
    {
        var deal = await Server.Own(change: b => b["name"] = "Before");
        var page = await web.SignIn(Alice, new Look(Locale: "tr-TR"), $"/referrals/{deal.Id}");
        await Button(page, "Düzenle Anlaşma").ClickAsync();
        await page.Locator("#edit-details-currency").FillAsync("nothing");
        await Button(page, "Kaydet").ClickAsync();
        await Expect(page.Locator("#edit-details-currency-fault")).ToContainTextAsync("Bu değer kabul edilmiyor.");
        await Expect(page.Locator("#edit-details-currency-fault")).ToContainTextAsync("ISO 4217");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_decision_on_what_has_changed_meanwhile_is_asked_for_again() // R86
    {
        var (_, other) = await Server.Shared(FabrikamLocation);
        var page = await Open(Carol, other.Id);
        (await Server.Patch(Carol, $"{Api}/{other.Id}", Bodies.Replace(("/details/dealValue", 77)))).Is(204);
        await Button(page, "Accept").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Somebody else has changed");
        await Expect(Card(page, "Deal")).ToContainTextAsync("77");
        await Button(page, "Accept").ClickAsync();
        await Expect(Status(page)).ToHaveTextAsync("Accepted");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_section_is_edited_in_place_and_a_fault_stands_at_its_field() // R31, R75
    {
        var deal = await Server.Own(change: b => b["name"] = "Before");
        var page = await Open(Alice, deal.Id);
        await Button(page, "Edit Deal").ClickAsync();
        await Expect(page.GetByLabel("Deal name")).ToBeFocusedAsync();
        await page.GetByLabel("Value", new() { Exact = true }).FillAsync("1250");
        var currency = page.GetByLabel("Currency");
        await currency.FillAsync("nothing");
        await Button(page, "Save").ClickAsync();
        await Expect(currency).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(page.Locator("#edit-details-currency-fault")).ToContainTextAsync("ISO 4217");

        await currency.FillAsync("EUR");
        await Button(page, "Save").ClickAsync();
        await Expect(Button(page, "Edit Deal")).ToBeFocusedAsync();
        await Expect(Card(page, "Deal")).ToContainTextAsync("1,250 EUR");
        var newest = (await Server.Get(Alice, $"{Api}/{deal.Id}/history")).Value[0];
        Assert.Equal(["details.dealValue", "details.currency"], newest["properties"]!.AsArray().Select(p => (string)p!));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task People_and_solutions_are_edited_as_rows()
    {
        var deal = await Server.Own();
        var page = await Open(Alice, deal.Id);
        await Button(page, "Edit Team").ClickAsync();
        await Button(page, "Add a person").ClickAsync();
        var row = Card(page, "Team").GetByRole(AriaRole.Group, new() { Name = "Row" }).Last;
        await row.GetByLabel("First name").FillAsync("Bob");
        await row.GetByLabel("E-mail").FillAsync(Bob);
        await Button(page, "Save").ClickAsync();
        await Expect(Card(page, "Team").GetByRole(AriaRole.Link, new() { Name = Bob })).ToBeVisibleAsync();
        (await Server.Get(Bob, $"{Api}/{deal.Id}")).Is(200); // B5

        await Button(page, "Edit Deal").ClickAsync();
        await Button(page, "Add a solution").ClickAsync();
        row = Card(page, "Deal").GetByRole(AriaRole.Group, new() { Name = "Row" }).Last;
        await row.GetByLabel("Id").FillAsync("SOL-ABC-DEF");
        await row.GetByLabel("Name").FillAsync("Analytics");
        await Button(page, "Save").ClickAsync();
        await Expect(Card(page, "Deal")).ToContainTextAsync("SOL-ABC-DEF");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Two_people_who_edit_the_same_deal_lose_nothing() // R86
    {
        var deal = await Server.Own(change: b =>
        {
            b["name"] = "First name of the deal";
            b["details"] = new JsonObject { ["dealValue"] = 100, ["currency"] = "USD" };
        });
        await Server.Team(deal.Id, Alice, Bob);
        var alice = await Open(Alice, deal.Id);
        var bob = await Open(Bob, deal.Id);
        await Button(alice, "Edit Deal").ClickAsync();
        await alice.GetByLabel("Deal name").FillAsync("Alice's name");
        await alice.GetByLabel("Notes").FillAsync("Alice's notes");

        await Button(bob, "Edit Deal").ClickAsync();
        await bob.GetByLabel("Deal name").FillAsync("Bob's name");
        await bob.GetByLabel("Value", new() { Exact = true }).FillAsync("250");
        await Button(bob, "Save").ClickAsync();
        await Expect(Card(bob, "Deal")).ToContainTextAsync("250 USD");

        // Both changed the name: Alice sees what was there, hers and his. Going back loses nothing.
        await Button(alice, "Save").ClickAsync();
        var dialog = alice.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("First name of the deal");
        await Expect(dialog).ToContainTextAsync("Bob's name");
        await Expect(dialog.GetByRole(AriaRole.Radio)).ToHaveCountAsync(2);
        await Expect(Button(alice, "Merge and save")).ToBeDisabledAsync();
        await WebFixture.Picture(alice, "referral-conflict");
        await alice.Keyboard.PressAsync("Escape");
        await Expect(alice.GetByLabel("Notes")).ToHaveValueAsync("Alice's notes");
        await Button(alice, "Save").ClickAsync();
        await dialog.GetByLabel("Mine:").CheckAsync();
        await Button(alice, "Merge and save").ClickAsync();

        await Expect(Card(alice, "Deal")).ToContainTextAsync("Both changes are kept");
        var stored = (await Server.Get(Alice, $"{Api}/{deal.Id}")).Json;
        Assert.Equal(("Alice's name", "Alice's notes", 250), ((string?)stored["name"], (string?)stored["details"]!["notes"], (int)stored["details"]!["dealValue"]!));
        await alice.Context.CloseAsync();
        await bob.Context.CloseAsync();
    }

    [Fact]
    public async Task Changes_of_different_properties_merge_without_a_question()
    {
        var deal = await Server.Own();
        var page = await Open(Alice, deal.Id);
        await Button(page, "Edit Deal").ClickAsync();
        await page.GetByLabel("Notes").FillAsync("mine");
        (await Server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "theirs")))).Is(204);
        await Button(page, "Save").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("theirs");
        Assert.Equal("mine", (string?)(await Server.Get(Alice, $"{Api}/{deal.Id}")).Json["details"]!["notes"]);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task The_other_side_does_not_see_what_is_kept_to_oneself() // B13, B14
    {
        var (own, other) = await Server.Shared(FabrikamLocation);
        (await Server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(
            ("/details/notes", "Contoso's secret"), ("/details/dealValue", 4321), ("/externalReferenceId", "CRM-77")))).Is(204);
        var page = await Open(Carol, other.Id);
        await Expect(Card(page, "Contoso Company")).ToContainTextAsync("4,321");
        await Expect(Card(page, "Contoso Company")).ToContainTextAsync("keeps to itself");
        await Expect(page.Locator("main")).Not.ToContainTextAsync("secret");

        await page.GetByRole(AriaRole.Link, new() { Name = "Open Contoso Company's record" }).ClickAsync();
        await Expect(page.GetByText("This is Contoso Company's record")).ToBeVisibleAsync();
        await Expect(page.Locator("main")).Not.ToContainTextAsync("secret");
        await Expect(page.Locator("main")).Not.ToContainTextAsync("CRM-77");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Edit" })).ToHaveCountAsync(0);

        var alice = await Open(Alice, own.Id);
        await Expect(Card(alice, "Deal")).ToContainTextAsync("Contoso's secret");
        await Expect(alice.GetByText("It does not see: notes")).ToBeVisibleAsync();
        await page.Context.CloseAsync();
        await alice.Context.CloseAsync();
    }

    [Fact]
    public async Task The_timeline_tells_what_both_sides_did_and_its_proof_holds()
    {
        var (own, other) = await Server.Shared(FabrikamLocation);
        (await Server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);
        for (var i = 0; i < 25; i++)
            (await Server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/details/dealValue", 1000 + i)))).Is(204);
        await Server.Settle();

        var page = await Open(Alice, own.Id);
        var timeline = Card(page, "Timeline");
        await Expect(timeline).ToContainTextAsync("Brought by Alice Archer · Contoso Company");
        await Expect(timeline).ToContainTextAsync("Accepted by Fabrikam");
        await Expect(timeline.Locator("ol > li")).ToHaveCountAsync(20);
        await Expect(timeline.Locator("ol > li").First).ToContainTextAsync("Value");
        await Button(page, "Show older").ClickAsync();
        var carols = timeline.Locator("ol > li").Filter(new() { HasText = "· Fabrikam" });
        await Expect(carols).ToContainTextAsync("on Fabrikam's side");
        await Expect(carols).ToContainTextAsync("Accepted");
        await Expect(Button(page, "Show older")).ToHaveCountAsync(0);

        var download = await page.RunAndWaitForDownloadAsync(() => Button(page, "Download the proof").ClickAsync());
        Assert.Equal($"proof-{own.EngagementId}.json", download.SuggestedFilename);
        var proof = EngagementProof.Parse(await File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken));
        Assert.True(proof.Verify().Holds);
        Assert.Equal(own.EngagementId, $"{proof.EngagementId}");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Leaving_with_unsaved_changes_asks()
    {
        var deal = await Server.Own();
        var page = await Open(Alice, deal.Id);
        await Button(page, "Edit Deal").ClickAsync();
        await page.GetByLabel("Notes").FillAsync("unsaved");
        await page.GetByLabel("Notes").BlurAsync();
        var answers = new Queue<bool>([false, true]);
        var asked = new TaskCompletionSource();
        page.Dialog += async (_, dialog) =>
        {
            await (answers.Dequeue() ? dialog.AcceptAsync() : dialog.DismissAsync());
            asked.TrySetResult();
        };
        var back = page.GetByRole(AriaRole.Link, new() { Name = "Back to the pipeline" });
        await back.ClickAsync();
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        await Expect(page.GetByLabel("Notes")).ToHaveValueAsync("unsaved");
        await back.ClickAsync();
        await page.WaitUntilAt("**/pipeline");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Who_is_not_in_the_team_reads_why() // B12
    {
        var deal = await Server.Own();
        var page = await Open(Bob, deal.Id);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You are not in this deal's team" })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Who_takes_himself_out_of_the_team_no_longer_sees_the_deal() // B5
    {
        var deal = await Server.Own();
        await Server.Team(deal.Id, Alice, Bob);
        var page = await Open(Bob, deal.Id);
        await Button(page, "Edit Team").ClickAsync();
        await Button(page, "Remove 2").ClickAsync();
        await Button(page, "Save").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You are not in this deal's team" })).ToBeVisibleAsync();
        await Expect(Card(page, "Team")).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_deal_is_edited_and_closed_without_a_mouse()
    {
        var deal = await Server.Own();
        var page = await Open(Alice, deal.Id);
        await PressOn(page, Button(page, "Edit Deal"));
        await Expect(page.GetByLabel("Deal name")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("By keyboard");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("By keyboard");
        await Expect(Button(page, "Edit Deal")).ToBeFocusedAsync();

        await PressOn(page, Button(page, "Lose…"), "Shift+Tab");
        await Expect(page.GetByLabel("Reason")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("Not a");
        await PressOn(page, Button(page, "Close as Lost"));
        await Expect(Status(page)).ToHaveTextAsync("Lost");
        Assert.Equal("Not a customer", (string?)(await Server.Get(Alice, $"{Api}/{deal.Id}")).Json["statusReason"]);
        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData(1440, false)]
    [InlineData(1440, true)]
    [InlineData(360, false)]
    [InlineData(320, true)]
    [InlineData(2560, false)]
    public async Task Forms_and_dialogs_are_accessible_and_fit(int width, bool isDark)
    {
        var (deal, _) = await Server.Shared(FabrikamLocation);
        (await Server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", new string('W', 200))))).Is(204);
        var look = new Look(width, isDark);
        var page = await Open(Alice, deal.Id, look);
        await Button(page, "Lose…").ClickAsync();
        await Button(page, "Edit Team").ClickAsync();
        await Button(page, "Edit Deal").ClickAsync();
        await Button(page, "Add a solution").ClickAsync();
        await page.GetByLabel("Currency").First.FillAsync("?");
        await Card(page, "Deal").GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.Locator("#edit-details-currency-fault")).ToBeVisibleAsync();
        await Check("referral-edit");

        (await Server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "theirs"), ("/details/notes", "theirs")))).Is(204);
        await Card(page, "Deal").GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Button(page, "Edit Deal").ClickAsync();
        await page.GetByLabel("Deal name").FillAsync("mine");
        await page.GetByLabel("Notes").FillAsync("mine");
        await Card(page, "Deal").GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await Check("referral-conflict");
        await page.Context.CloseAsync();

        async Task Check(string name)
        {
            var picture = $"{name}-{width}-{(isDark ? "dark" : "light")}";
            await WebFixture.Picture(page, picture);
            await WebFixture.CheckAccessibility(page, picture);
            Assert.True(
                await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"),
                $"{picture} is wider than the screen.");
        }
    }

    private Task<IPage> Open(string person, string id, Look? look = null) => web.SignIn(person, look, $"/referrals/{id}");

    private static ILocator Card(IPage page, string name) => page.GetByRole(AriaRole.Region, new() { Name = name, Exact = true });

    private static ILocator Status(IPage page) => Card(page, "Status").Locator(".status");

    private static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private static async Task PressOn(IPage page, ILocator button, string step = "Tab")
    {
        for (var i = 0; i < 60; i++)
        {
            if (await button.EvaluateAsync<bool>("b => b === document.activeElement"))
            {
                await page.Keyboard.PressAsync("Enter");
                return;
            }

            await page.Keyboard.PressAsync(step);
        }

        Assert.Fail("The keyboard does not come there.");
    }
}

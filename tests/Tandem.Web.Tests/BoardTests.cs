using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>The pipeline as a board: what moves, what does not and why, and how little of it is in the page.</summary>
public sealed class BoardTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Board = "/pipeline?view=board";

    [Fact]
    public async Task A_card_is_dragged_where_the_rules_let_it() // T3–T9
    {
        var deal = await Deal("Dragged deal", 4_000);
        var page = await web.SignIn(Alice, path: $"{Board}&q=Dragged");
        await Expect(Card(page, "Active10")).ToHaveTextAsync("Dragged deal");
        await Grab(page, "Dragged deal", "Active40");
        await Expect(Lane(page, "New")).ToHaveAttributeAsync("data-drop", "no");
        await Expect(Lane(page, "New")).ToContainTextAsync("Nothing goes back to New");
        await Expect(Lane(page, "Lost")).ToHaveAttributeAsync("data-drop", "yes");
        await LetGo(page, "Active40");
        await Expect(Card(page, "Active40")).ToHaveTextAsync("Dragged deal");
        await Expect(page.GetByText("Dragged deal is now in Active 40 %.")).ToBeVisibleAsync();
        await Expect(Lane(page, "Active40")).ToContainTextAsync("4,000 USD");
        await Expect(Lane(page, "Active10")).ToContainTextAsync("0 deals");
        Assert.Equal("40", (string?)(await Read(deal)).Json["salesStage"]);

        await Grab(page, "Dragged deal", "Won");
        await LetGo(page, "Won");
        await Expect(Card(page, "Won")).ToHaveTextAsync("Dragged deal");
        Assert.Equal("Closed/Won", (await Read(deal)).Pair);

        // A place that is none takes nothing.
        await Grab(page, "Dragged deal", "Active20");
        await Expect(Lane(page, "Active20")).ToContainTextAsync("A closed deal is never reopened.");
        await LetGo(page, "Active20", isTaken: false);
        await Expect(page.Locator("[data-drop]")).ToHaveCountAsync(0);
        await Expect(Card(page, "Won")).ToHaveTextAsync("Dragged deal");
        Assert.Equal("Closed/Won", (await Read(deal)).Pair);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_deal_that_is_lost_asks_why_and_a_declined_one_must_say_so() // B25
    {
        // Beside its goal, so that both are on the screen.
        var deal = await Deal("Slipped deal", 4_000);
        (await web.Server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/salesStage", "80")))).Is(204);
        var page = await web.SignIn(Alice, path: $"{Board}&q=Slipped");
        await Expect(Card(page, "Active80")).ToHaveTextAsync("Slipped deal");
        await Grab(page, "Slipped deal", "Lost");
        await LetGo(page, "Lost");
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Slipped deal: Lost" });
        await Expect(dialog.GetByLabel("Reason")).ToBeFocusedAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(Card(page, "Active80")).ToHaveTextAsync("Slipped deal");
        Assert.Equal("Active/Accepted", (await Read(deal)).Pair);

        await page.GetByRole(AriaRole.Button, new() { Name = "Move Slipped deal to…" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Lost", Exact = true }).ClickAsync();
        await dialog.GetByLabel("Reason").SelectOptionAsync("Customer did not respond");
        await dialog.GetByLabel("In your own words").FillAsync("three calls");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("Slipped deal is now in Lost.")).ToBeVisibleAsync();
        Assert.Equal("Customer did not respond: three calls", (string?)(await Read(deal)).Json["statusReason"]);

        var (_, invited) = await web.Server.Shared(FabrikamLocation, b => b["name"] = "Unwanted deal");
        var carol = await web.SignIn(Carol, path: $"{Board}&q=Unwanted");
        await carol.GetByRole(AriaRole.Button, new() { Name = "Move Unwanted deal to…" }).ClickAsync();
        await carol.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Declined", Exact = true }).ClickAsync();
        await carol.GetByRole(AriaRole.Button, new() { Name = "Close as Declined" }).ClickAsync();
        await Expect(carol.Locator(".field-fault")).ToContainTextAsync("Choose a reason");
        await carol.GetByLabel("Reason").SelectOptionAsync("Not a customer");
        await carol.GetByRole(AriaRole.Button, new() { Name = "Close as Declined" }).ClickAsync();
        await Expect(carol.GetByText("Unwanted deal is now in Declined.")).ToBeVisibleAsync();
        Assert.Equal("Not a customer", (string?)(await web.Server.Get(Carol, $"{Api}/{invited.Id}")).Json["statusReason"]);
    }

    [Fact]
    public async Task What_others_do_is_seen_on_the_board_and_in_the_table_without_reload()
    {
        var deal = await Deal("Watched deal", 4_000);
        var page = await web.SignIn(Alice, path: $"{Board}&q=Watched");
        var table = await web.SignIn(Alice, path: "/pipeline?q=Watched");
        await Expect(Card(page, "Active10")).ToHaveTextAsync("Watched deal");
        await Expect(table.Locator("tbody tr")).ToHaveCountAsync(1);
        (await web.Server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/salesStage", "60")))).Is(204);
        await Expect(Card(page, "Active60")).ToHaveTextAsync("Watched deal");
        await Expect(Lane(page, "Active60")).ToContainTextAsync("1 deal");
        await Deal("Watched deal 2", 70);
        await Expect(table.Locator("tbody tr")).ToHaveCountAsync(2);
        await Expect(Cards(page, "Active10")).ToHaveTextAsync(["Watched deal 2"]);
    }

    [Fact]
    public async Task A_card_is_moved_by_keyboard_and_an_impossible_move_says_why()
    {
        var (_, other) = await web.Server.Shared(FabrikamLocation, b => b["name"] = "Keyboard deal");
        var page = await web.SignIn(Carol, path: $"{Board}&q=Keyboard");
        await Expect(Lane(page, "New")).ToContainTextAsync("days left");
        await page.GetByRole(AriaRole.Button, new() { Name = "Move Keyboard deal to…" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Move Keyboard deal to" });
        await Expect(dialog.Locator("button[aria-disabled=true]")).ToHaveTextAsync(["New"]);
        await Expect(dialog).ToContainTextAsync("It is here already.");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Active 20 %" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(dialog).ToBeHiddenAsync();
        await Expect(Card(page, "Active20")).ToHaveTextAsync("Keyboard deal");
        await Expect(page.Locator("#board-message")).ToBeFocusedAsync();
        var moved = await web.Server.Get(Carol, $"{Api}/{other.Id}");
        Assert.Equal("Active/Accepted 20", $"{moved.Pair} {moved.Json["salesStage"]}");

        // Chosen all the same, it stays where it is.
        await page.GetByRole(AriaRole.Button, new() { Name = "Move Keyboard deal to…" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "New", Exact = true }).ClickAsync(new() { Force = true });
        await Expect(dialog).ToContainTextAsync("Nothing goes back to New once it was answered.");
        await page.Keyboard.PressAsync("Escape");
        await Expect(dialog).ToBeHiddenAsync();
        await Expect(Card(page, "Active20")).ToHaveTextAsync("Keyboard deal");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_move_that_was_overtaken_is_not_made_and_the_card_is_shown_as_it_is() // R82
    {
        var deal = await Deal("Overtaken deal", 10);
        var page = await web.SignIn(Alice, path: $"{Board}&q=Overtaken");
        await Expect(Card(page, "Active10")).ToHaveTextAsync("Overtaken deal");
        await Grab(page, "Overtaken deal", "Won");
        (await web.Server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/salesStage", "60")))).Is(204);
        await LetGo(page, "Won");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("somebody else has just changed it");
        await Expect(Card(page, "Active60")).ToHaveTextAsync("Overtaken deal");
        Assert.Equal("Active/Accepted", (await Read(deal)).Pair);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_move_that_the_server_refuses_says_what_it_said()
    {
        var deal = await Deal("Refused deal", 10);
        var page = await web.SignIn(Bob, path: Board);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No deals yet" })).ToBeVisibleAsync();
        await web.Server.Team(deal.Id, Bob);
        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Expect(Card(page, "Active10")).ToHaveTextAsync("Refused deal");
        await web.Server.Team(deal.Id);
        await Grab(page, "Refused deal", "Won");
        await LetGo(page, "Won");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Refused deal was not moved.");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No deals yet" })).ToBeVisibleAsync();
        Assert.Equal("Active/Accepted", (await Read(deal)).Pair);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Outcomes_that_nobody_works_on_are_folded_until_they_are_opened()
    {
        var deal = await Deal("Lost deal", 70);
        (await web.Server.Status(Alice, deal.Id, "Closed", "Lost")).Is(200);
        var page = await web.SignIn(Alice, path: $"{Board}&q=Lost deal");
        await Expect(Lane(page, "Lost")).ToContainTextAsync("1 deal 70 USD");
        await Expect(page.Locator(".deal")).ToHaveCountAsync(0);
        await Lane(page, "Lost").GetByRole(AriaRole.Link).ClickAsync();
        await Expect(Card(page, "Lost")).ToHaveTextAsync("Lost deal");
        await page.GetByRole(AriaRole.Link, new() { Name = "Fold Lost" }).ClickAsync();
        await Expect(page.Locator(".deal")).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Of_two_thousand_referrals_the_page_holds_what_is_visible()
    {
        const int Count = 2_000;
        var value = new string('x', 30);
        await Parallel.ForAsync(0, Count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
            await web.Server.Own(Carol, b =>
            {
                b["name"] = $"Many {i:0000} {value}";
                b["salesStage"] = i % 4 == 0 ? "20" : "10";
                b["details"] = new JsonObject { ["dealValue"] = 5, ["currency"] = "USD" };
            }));
        var page = await web.SignIn(Carol, path: $"{Board}&q=Many&sort=name");
        await Expect(Lane(page, "Active10")).ToContainTextAsync("1,500 deals");
        await Expect(Lane(page, "Active10")).ToContainTextAsync("7,500 USD");
        await Expect(Cards(page, "Active10").First).ToContainTextAsync("Many 0001");
        await AssertSmall();
        await Lane(page, "Active10").Locator(".lane-cards").EvaluateAsync("e => e.scrollTop = e.scrollHeight");
        await Expect(Cards(page, "Active10").Last).ToContainTextAsync("Many 1999");
        await AssertSmall();

        await page.GotoAsync("/pipeline?q=Many&sort=name&page=40");
        await page.WaitUntilReady();
        await Expect(page.Locator(".pager")).ToContainTextAsync("1,951–2,000 of 2,000");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);
        await page.Context.CloseAsync();

        async Task AssertSmall()
        {
            Assert.InRange(await page.Locator(".deal").CountAsync(), 2, 60);
            Assert.InRange(await page.EvaluateAsync<int>("document.querySelectorAll('*').length"), 1, 1_200);
        }
    }

    private Task<Reply> Deal(string name, decimal value) => web.Server.Own(change: b =>
    {
        b["name"] = name;
        b["details"] = new JsonObject { ["dealValue"] = value, ["currency"] = "USD" };
    });

    private async Task<Reply> Read(Reply deal) => (await web.Server.Get(Alice, $"{Api}/{deal.Id}")).Is(200);

    private static ILocator Lane(IPage page, string key) => page.Locator($".lane[data-lane={key}]");

    private static ILocator Cards(IPage page, string key) => Lane(page, key).Locator(".deal:not([aria-hidden]) > a");

    private static ILocator Card(IPage page, string key) => Cards(page, key);

    /// <summary>Takes hold of a card; the column that it is meant for is on the screen with it.</summary>
    private static async Task Grab(IPage page, string name, string towards)
    {
        await Lane(page, towards).ScrollIntoViewIfNeededAsync();
        var box = (await page.Locator(".deal", new() { HasText = name }).BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + 40, box.Y + box.Height - 12);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + 60, box.Y + box.Height - 16, new() { Steps = 3 });
        await page.WaitForSelectorAsync("[data-drop=no]");
    }

    private static async Task LetGo(IPage page, string key, bool isTaken = true)
    {
        await Expect(Lane(page, key)).ToHaveAttributeAsync("data-drop", isTaken ? "yes" : "no");
        var box = (await Lane(page, key).BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + (box.Width / 2), box.Y + (box.Height / 2), new() { Steps = 5 });
        await page.Mouse.UpAsync();
    }
}

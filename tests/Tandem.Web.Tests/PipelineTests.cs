using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>The pipeline as a table: everything that was chosen stands in the address.</summary>
public sealed class PipelineTests(PipelineTests.Stock stock) : IClassFixture<PipelineTests.Stock>
{
    private readonly WebFixture _web = stock.Web;

    /// <summary>53 deals of Alice's, the last ones of other kinds.</summary>
    public sealed class Stock(Browser browser) : IAsyncLifetime
    {
        public WebFixture Web { get; } = new(browser);

        public async ValueTask InitializeAsync()
        {
            await Web.InitializeAsync();
            for (var i = 0; i < 50; i++)
            {
                await Web.Server.Own(change: b =>
                {
                    b["name"] = $"Deal {i:00}";
                    b["details"] = new JsonObject { ["dealValue"] = 1_000 + i, ["currency"] = "USD", ["closingDateTime"] = "2030-03-31" };
                });
            }

            await Special("Observatory", "EUR", b =>
            {
                b["externalReferenceId"] = "CRM-4711";
                b["salesStage"] = "Propose";
                b["customerProfile"]!["address"] = new JsonObject { ["country"] = "TR" };
                b["team"] = new JsonArray(Bodies.Member("ada@contoso.example", "Ada"));
            });
            var won = await Special("Windmill", "EUR", b => b["details"]!["closingDateTime"] = "2031-05-06");
            (await Web.Server.Status(Alice, won.Id, "Closed", "Won")).Is(200);
            await Special("Lighthouse O'Neil", "EUR", b => b["customerProfile"]!["name"] = "Çınar Denizcilik");
        }

        public ValueTask DisposeAsync() => Web.DisposeAsync();

        private Task<Reply> Special(string name, string currency, Action<JsonObject> change) => Web.Server.Own(change: b =>
        {
            b["name"] = name;
            b["details"] = new JsonObject { ["dealValue"] = 250_000, ["currency"] = currency };
            change(b);
        });
    }

    [Fact]
    public async Task The_pipeline_goes_over_pages_that_have_addresses()
    {
        var page = await _web.SignIn(Alice);
        await Expect(page.Locator(".pager")).ToContainTextAsync("1–50 of 53");
        await page.GetByRole(AriaRole.Link, new() { Name = "Next" }).ClickAsync();
        await Expect(page.Locator(".pager")).ToContainTextAsync("51–53 of 53");
        Assert.EndsWith("/pipeline?page=2", page.Url, StringComparison.Ordinal);

        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(3);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task What_was_chosen_survives_a_reload_and_the_way_back()
    {
        var page = await _web.SignIn(Alice);
        await page.GetByLabel("Search").FillAsync("light");
        await Expect(Rows(page)).ToHaveTextAsync(["Lighthouse O'Neil"]);
        await page.GetByLabel("Search").FillAsync("");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);

        await Choose(page, "Status", "Won");
        await Expect(Rows(page)).ToHaveTextAsync(["Windmill"]);
        await page.GetByText("Active", new() { Exact = true }).ClickAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);
        await page.GetByRole(AriaRole.Link, new() { Name = "Value", Exact = true }).ClickAsync();
        await Expect(Rows(page).First).ToHaveTextAsync("Deal 00");
        await page.GetByRole(AriaRole.Link, new() { Name = "Value", Exact = true }).ClickAsync();
        await Expect(Rows(page).Nth(3)).ToHaveTextAsync("Deal 49");
        await Expect(page.Locator("th[aria-sort]")).ToHaveTextAsync("Value");

        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Expect(Rows(page).Nth(3)).ToHaveTextAsync("Deal 49");
        await Expect(page.Locator("summary", new() { HasText = "Status (2)" })).ToBeVisibleAsync();
        Assert.EndsWith("/pipeline?sort=-value&status=Won,Active", page.Url, StringComparison.Ordinal);

        await page.GoBackAsync();
        await Expect(Rows(page).First).ToHaveTextAsync("Deal 00");
        await page.GoBackAsync();
        await page.GoBackAsync();
        await Expect(Rows(page)).ToHaveTextAsync(["Windmill"]);
        await page.GetByRole(AriaRole.Link, new() { Name = "Clear filters" }).ClickAsync();
        await Expect(page.Locator(".pager")).ToContainTextAsync("of 53");
        await page.Context.CloseAsync();
    }

    [Theory] // R62, R63
    [InlineData("q=CRM-47", "Observatory")]
    [InlineData("q=O'Neil", "Lighthouse O'Neil")]
    [InlineData("q=çınar", "Lighthouse O'Neil")]
    [InlineData("stage=60", "Observatory")]
    [InlineData("country=tr", "Observatory")]
    [InlineData("owner=Ada", "Observatory")]
    [InlineData("min=200000&status=Won", "Windmill")]
    [InlineData("from=2031-05-06&to=2031-05-06", "Windmill")]
    [InlineData("max=1000", "Deal 00")]
    public async Task An_address_says_what_is_shown(string query, string name)
    {
        var page = await _web.SignIn(Alice, path: $"/pipeline?{query}");
        await Expect(Rows(page)).ToHaveTextAsync([name]);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task What_makes_no_sense_in_an_address_is_left_out_and_what_matches_nothing_is_said_so()
    {
        var page = await _web.SignIn(Alice, path: "/pipeline?status=Nonsense&min=abc&from=yesterday&sort=-nothing&columns=nothing&page=-4&type=x&q=ab");
        await Expect(page.Locator(".pager")).ToContainTextAsync("1–50 of 53");
        await page.GotoAsync("/pipeline?page=9");
        await page.WaitUntilReady();
        await Expect(page.Locator(".pager")).ToContainTextAsync("0–0 of 53");
        await page.GotoAsync("/pipeline?q=unfindable");
        await page.WaitUntilReady();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No deal matches" })).ToBeVisibleAsync();
        await page.GetByLabel("Search").FillAsync("un");
        await Expect(page.Locator(".pager")).ToContainTextAsync("of 53");
        await Expect(page.GetByRole(AriaRole.Status).Filter(new() { HasText = "begins with 3 letters" })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Columns_can_be_chosen_and_each_one_orders_the_list()
    {
        var page = await _web.SignIn(Alice, path: "/pipeline?max=1004");
        foreach (var column in new[] { "Created", "Kind", "Qualification", "Direction", "Country", "CRM id" })
            await Choose(page, "Columns", column);
        await page.Keyboard.PressAsync("Escape");
        var headings = page.Locator("thead th");
        await Expect(headings).ToHaveCountAsync(13);
        for (var i = 0; i < 13; i++)
        {
            await headings.Nth(i).GetByRole(AriaRole.Link).ClickAsync();
            await Expect(headings.Nth(i)).ToHaveAttributeAsync("aria-sort", "ascending");
            await Expect(page.Locator("tbody tr")).ToHaveCountAsync(5);
            await Expect(page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
        }

        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Expect(page.Locator("thead th")).ToHaveCountAsync(13);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Totals_are_those_of_what_is_filtered_each_currency_for_itself()
    {
        var page = await _web.SignIn(Alice);
        await Expect(Total(page, "Shown")).ToHaveTextAsync("53 deals 750,000 EUR · 51,225 USD");
        await Expect(Total(page, "Open")).ToHaveTextAsync("52 deals 500,000 EUR · 51,225 USD");
        await Expect(Total(page, "Won")).ToHaveTextAsync("1 deal 250,000 EUR");
        await page.GotoAsync("/pipeline?max=1001");
        await Expect(Total(page, "Shown")).ToHaveTextAsync("2 deals 2,001 USD");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_row_opens_its_referral_wherever_it_is_clicked()
    {
        var page = await _web.SignIn(Alice, path: "/pipeline?q=Windmill");
        await page.Locator("tbody tr").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Windmill");
        await page.GoBackAsync();
        await Expect(Rows(page)).ToHaveTextAsync(["Windmill"]);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task An_empty_pipeline_says_what_will_be_there()
    {
        var page = await _web.SignIn(Sam);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No deals yet" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Enter the first deal" })).ToHaveAttributeAsync("href", "deals/new");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_referral_that_does_not_exist_is_said_so()
    {
        var page = await _web.SignIn(Alice);
        await page.GotoAsync($"/referrals/{Guid.NewGuid()}");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("There is nothing here");
        await page.Context.CloseAsync();
    }

    private static ILocator Rows(IPage page) => page.Locator("tbody th");

    private static ILocator Total(IPage page, string name) =>
        page.Locator(".totals > div", new() { Has = page.GetByText(name, new() { Exact = true }) }).Locator("dd");

    private static async Task Choose(IPage page, string menu, string choice)
    {
        var details = page.Locator("details.filter-menu", new() { Has = page.Locator("summary", new() { HasText = menu }) }).First;
        if (await details.GetAttributeAsync("open") is null)
            await details.Locator("summary").ClickAsync();
        await details.GetByText(choice, new() { Exact = true }).ClickAsync();
    }
}

using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

public sealed class NewDealTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Theory]
    [InlineData("Private", "Independent", false)] // R96
    [InlineData("Partner-led", "Independent", true)]
    public async Task A_deal_without_help_asks_for_little(string kind, string type, bool seenBySellers)
    {
        var page = await Open();
        await page.GetByRole(AriaRole.Radio, new() { Name = kind }).CheckAsync();
        await Assertions.Expect(page.Locator("#help")).ToHaveCountAsync(0);
        await page.Type("Company", "Northwind");
        await page.Type("Name of the deal", $"{kind} deal");
        await page.Press("Create deal");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync($"{kind} deal");
        var deal = await web.Server.Get(Alice, $"{Api}/{page.Url.Split('/')[^1]}");
        Assert.Equal(type, (string?)deal.Json["type"]);
        Assert.Equal(seenBySellers, (bool)deal.Json["consent"]!["consentToShareReferralWithMicrosoftSellers"]!);
        Assert.Single((await web.Server.Get(Alice, $"{Api}?$filter=engagementId eq '{deal.EngagementId}'")).Value);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_double_click_makes_one_deal_and_invites_Microsoft_once()
    {
        var page = await web.SignIn(Alice);
        await page.FillCosell("Pressed twice");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create deal and invite Microsoft" }).DblClickAsync();
        await page.WaitUntilAt("**/referrals/*");
        var deals = (await web.Server.Get(Alice, $"{Api}?$filter=name eq 'Pressed twice'")).Value;
        var deal = Assert.Single(deals);
        var parties = (await web.Server.Get(Sam, $"{Api}?$filter=name eq 'Pressed twice'")).Value;
        Assert.Equal("New", (string?)Assert.Single(parties)["status"]);
        Assert.Equal("2027-03-31T00:00:00Z", (string?)deal["details"]!["closingDateTime"]);
        Assert.Equal(12500m, (decimal)deal["details"]!["dealValue"]!);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_services_co_sell_says_the_part_that_one_plays() // R33
    {
        var page = await web.SignIn(Alice);
        await page.FillCosell("Services");
        await page.GetByRole(AriaRole.Radio, new() { Name = "Services co-sell" }).CheckAsync();
        await page.Locator("#partner-role").SelectOptionAsync("Managed services");
        await page.Locator("#solution-area").SelectOptionAsync("Security");
        await page.Locator("#solution-play").SelectOptionAsync("Data Security");
        await page.Press("Create deal and invite Microsoft");
        await page.WaitUntilAt("**/referrals/*");
        var deal = await web.Server.Get(Alice, $"{Api}/{page.Url.Split('/')[^1]}");
        Assert.Equal("Managed services", (string?)deal.Json["partnerRole"]);
        Assert.Equal("Data Security", (string?)deal.Json["solutionPlay"]);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task What_is_missing_is_said_at_its_field_and_so_is_what_the_API_refuses() // R50
    {
        var page = await web.SignIn(Alice);
        await page.FillCosell("Refused");
        await page.Type("Company", "");
        await page.Field("The customer agrees").UncheckAsync();
        await page.Press("Create deal and invite Microsoft");
        await Assertions.Expect(page.Locator("#customer")).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator("#customer-fault")).ToHaveTextAsync("Fill this in.");
        await Assertions.Expect(page.Locator("#consent-fault")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#customer")).ToHaveAttributeAsync("aria-invalid", "true");

        await page.Type("Company", "Adventure Works");
        await page.Field("The customer agrees").CheckAsync();
        // The form takes it; the API does not.
        await page.Type("E-mail", "nobody");
        await page.Press("Create deal and invite Microsoft");
        await Assertions.Expect(page.Locator("#email-fault")).ToContainTextAsync("email");
        Assert.Empty((await web.Server.Get(Alice, $"{Api}?$filter=name eq 'Refused'")).Value);

        await page.Type("E-mail", "ada@customer.example");
        await page.Press("Create deal and invite Microsoft");
        await page.WaitUntilAt("**/referrals/*");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_likely_duplicate_is_shown_before_another_is_made()
    {
        var known = await web.Server.Own(change: b =>
        {
            b["name"] = "Already there";
            b["externalReferenceId"] = "CRM-77";
            b["customerProfile"] = new System.Text.Json.Nodes.JsonObject
            {
                ["name"] = "O'Neill & Sons",
                ["address"] = new System.Text.Json.Nodes.JsonObject { ["postalCode"] = "D02" },
            };
        });
        var page = await Open();
        await page.Type("Company", "o'neill & sons");
        await page.Type("Postal code", "D01");
        await Assertions.Expect(page.Locator(".duplicates")).ToHaveCountAsync(0);
        await page.Type("Postal code", "D02");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Already there" })).ToHaveAttributeAsync("href", $"referrals/{known.Id}");
        await page.Type("Postal code", "");
        await Assertions.Expect(page.Locator(".duplicates")).ToHaveCountAsync(0);
        await page.Type("CRM id", "CRM-77");
        await Assertions.Expect(page.Locator(".duplicates")).ToContainTextAsync("Already there");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_deal_is_created_by_keyboard_alone()
    {
        var page = await Open();
        await page.TabTo("Company");
        await page.Keyboard.TypeAsync("Northwind");
        await page.TabTo("Name of the deal");
        await page.Keyboard.TypeAsync("By keyboard");
        await page.TabTo("Add a solution");
        await page.Keyboard.TypeAsync("SOL-34104-EBB");
        await page.TabTo("Create deal");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("By keyboard");
        var deal = Assert.Single((await web.Server.Get(Alice, $"{Api}?$filter=name eq 'By keyboard'")).Value);
        Assert.Equal("Contoso Field Service", (string?)deal["details"]!["requirements"]!["solutions"]![0]!["name"]);
        await page.Context.CloseAsync();
    }

    private Task<IPage> Open() => web.SignIn(Alice, path: "/deals/new");
}

using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>What is done each day, without a mouse; the other pages have their own tests of it.</summary>
public sealed class KeyboardTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task A_partner_is_invited_and_the_deal_edited_and_won_by_keyboard_alone()
    {
        var deal = await web.Server.Own(change: b =>
        {
            b["type"] = "Shared";
            b["name"] = "Typed deal";
            b["details"] = new System.Text.Json.Nodes.JsonObject { ["dealValue"] = 100, ["currency"] = "USD" };
        });
        var page = await web.SignIn(Alice, path: $"/referrals/{deal.Id}/invite");
        await page.TabTo("Partner");
        await page.Keyboard.TypeAsync("Fabrikam");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator("#sight-title")).ToHaveTextAsync("What Fabrikam will see");
        await page.TabTo("Invite Fabrikam");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".parties li", new() { HasText = "Fabrikam" })).ToContainTextAsync("Pending");

        await page.GotoAsync($"/referrals/{deal.Id}");
        await page.WaitUntilReady();
        await page.TabTo("Edit Deal");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByLabel("Deal name")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ControlOrMeta+A");
        await page.Keyboard.TypeAsync("Typed again");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Typed again");

        await page.Locator("h1").FocusAsync();
        await page.TabTo("Win…");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Close as Won" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".status-card .status")).ToHaveTextAsync("Won");
        var stored = (await web.Server.Get(Alice, $"{Api}/{deal.Id}")).Is(200);
        Assert.Equal(("Closed/Won", "Typed again"), (stored.Pair, (string?)stored.Json["name"]));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task The_pipeline_is_filtered_ordered_and_opened_by_keyboard_alone()
    {
        foreach (var name in new[] { "Reachable A", "Reachable B" })
            await web.Server.Own(change: b => b["name"] = name);
        var page = await web.SignIn(Alice, path: "/pipeline?q=Reachable");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(2);
        await page.Locator("h1").FocusAsync();
        await page.TabTo("Status");
        await page.Keyboard.PressAsync("Enter");
        await page.TabTo("Active");
        await page.Keyboard.PressAsync("Space");
        await page.WaitUntilAt("**/pipeline?q=Reachable&status=Active");
        await page.Keyboard.PressAsync("Escape");
        await page.TabTo("Deal");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitUntilAt("**/pipeline?*sort=*name*");
        await page.TabTo("Reachable A");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Reachable A");
        await page.Context.CloseAsync();
    }
}

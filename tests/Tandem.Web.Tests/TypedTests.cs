using System.Security.Claims;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>What was typed and not yet saved is not lost: not with the session, not with the server, not by a slip.</summary>
public sealed class TypedTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Again = "What you had typed is back in its fields. It is not saved yet.";

    [Fact]
    public async Task Whose_session_ends_while_editing_signs_in_and_goes_on()
    {
        var deal = await web.Server.Own(change: b => b["name"] = "Before the session ended");
        var page = await Edit(Alice, deal.Id, "Deal");
        await page.Type("Deal name", "Typed before the session ended");
        await page.Type("Notes", "A long text\nof two lines");
        await EndSessions(Alice);
        await page.Press("Save");

        await Expect(page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "Your session has ended" })).ToBeVisibleAsync();
        await WebFixture.CheckAccessibility(page, "session ended");
        await WebFixture.Picture(page, "session-ended");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in again" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = Alice }).ClickAsync();
        await page.WaitUntilAt($"**/referrals/{deal.Id}");

        await Expect(page.GetByText(Again)).ToBeVisibleAsync();
        await Expect(page.Field("Deal name")).ToHaveValueAsync("Typed before the session ended");
        await Expect(page.Field("Notes")).ToHaveValueAsync("A long text\nof two lines");
        await WebFixture.Picture(page, "typed-again");
        await page.Press("Save");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Typed before the session ended");
        var stored = await web.Server.Get(Alice, $"{Api}/{deal.Id}");
        Assert.Equal("A long text\nof two lines", (string?)stored.Json["details"]!["notes"]);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Nobody_finds_what_another_person_had_typed()
    {
        var (deal, _) = await web.Server.Shared(FabrikamLocation);
        var page = await Edit(Alice, deal.Id, "Deal");
        await page.Type("Deal name", "Only Alice knows");
        await EndSessions(Alice);
        await page.Press("Save");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in again" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = Carol }).ClickAsync();
        await page.WaitUntilReady();
        await Expect(page.Locator("main")).ToContainTextAsync("Contoso");
        await Expect(page.GetByText(Again)).ToHaveCountAsync(0);
        await page.WaitForFunctionAsync("() => sessionStorage.getItem('tandem.typed') === null");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_list_that_is_edited_comes_back_with_its_new_rows()
    {
        var deal = await web.Server.Own(change: b => b["team"] = new JsonArray(Bodies.Member("ada@contoso.example", "Ada")));
        var page = await Edit(Alice, deal.Id, "Team");
        var rows = page.Locator(".rows .row");
        for (var count = 1; count < 3; count++)
        {
            await Expect(rows).ToHaveCountAsync(count);
            await page.GetByRole(AriaRole.Button, new() { Name = "Add a person" }).ClickAsync();
        }

        await Expect(rows).ToHaveCountAsync(3);
        await rows.Last.GetByLabel("E-mail").FillAsync("bob@contoso.example");
        await rows.Last.GetByLabel("E-mail").BlurAsync();
        await Reload(page);
        await Expect(page.GetByText(Again)).ToBeVisibleAsync();
        await Expect(rows).ToHaveCountAsync(3);
        await Expect(rows.Last.GetByLabel("E-mail")).ToHaveValueAsync("bob@contoso.example");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_new_deal_is_not_left_by_a_slip_and_outlives_another_language()
    {
        var page = await web.SignIn(Alice);
        await page.FillCosell("Half a deal");
        var asked = 0;
        page.Dialog += (sender, dialog) =>
        {
            asked++;
            _ = dialog.Message == "Leave without saving what you have typed?" && asked == 1 ? dialog.DismissAsync() : dialog.AcceptAsync();
        };
        await page.GetByRole(AriaRole.Link, new() { Name = "Reports" }).ClickAsync();
        await Expect(page.Field("Name of the deal")).ToHaveValueAsync("Half a deal");
        await page.WaitUntilAt("**/deals/new");

        await page.Locator("details.menu:has(.avatar) > summary").ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Türkçe" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Yeni anlaşma");
        await Expect(page.GetByText("Yazdıklarınız alanlarına geri konuldu.")).ToBeVisibleAsync();
        await Expect(page.Locator("#message")).ToHaveValueAsync("Please join us for the demo.");
        await Expect(page.Locator("#consent")).ToBeCheckedAsync();
        await Expect(page.Locator(".chosen")).ToContainTextAsync("Contoso Analytics");
        Assert.Equal(1, asked);

        // What is created is left without a question.
        await page.Locator("main button[type=submit]").ClickAsync();
        await page.WaitUntilAt("**/referrals/*");
        Assert.Equal(1, asked);
        var deal = await web.Server.Get(Alice, $"{Api}/{page.Url.Split('/')[^1]}");
        Assert.Equal("Half a deal", (string?)deal.Json["name"]);
        Assert.Equal("TR", (string?)deal.Json["customerProfile"]!["address"]!["country"]);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Who_leaves_after_all_takes_nothing_along()
    {
        var page = await web.SignIn(Alice, path: "/deals/new");
        await page.Type("Name of the deal", "Given up");
        page.Dialog += static (sender, dialog) => _ = dialog.AcceptAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Reports" }).ClickAsync();
        await page.WaitUntilAt("**/reports");
        await page.GetByRole(AriaRole.Link, new() { Name = "New deal" }).First.ClickAsync();
        await page.WaitUntilReady();
        await Expect(page.Field("Name of the deal")).ToHaveValueAsync("");

        await page.Type("Name of the deal", "Signed out");
        await page.Locator("details.menu:has(.avatar) > summary").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.WaitUntilAt("**/signed-out");
        await page.WaitForFunctionAsync("() => sessionStorage.getItem('tandem.typed') === null");
        await page.Context.CloseAsync();
    }

    private async Task<IPage> Edit(string email, string referral, string section)
    {
        var page = await web.SignIn(email, path: $"/referrals/{referral}");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Edit {section}" }).ClickAsync();
        await page.Locator("form.edit").WaitForAsync();
        return page;
    }

    // As if a colleague had closed them, or the night had been long.
    private async Task EndSessions(string email)
    {
        var store = web.Server.Store();
        foreach (var key in store.Recent.Where(s => s.Value.Ticket.Principal.FindFirstValue("email") == email).Select(s => s.Key))
            await store.RemoveAsync(key);
    }

    private static async Task Reload(IPage page)
    {
        page.Dialog += static (sender, dialog) => _ = dialog.AcceptAsync();
        await page.ReloadAsync();
        await page.WaitUntilReady();
    }
}

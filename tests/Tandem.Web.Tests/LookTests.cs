using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Every page, in both themes and on narrow and wide screens: no serious accessibility fault, nothing cut off, a picture.</summary>
public sealed class LookTests(WebFixture web) : IClassFixture<WebFixture>
{
    public static TheoryData<int, bool, string> Looks => new()
    {
        { 1440, false, "en-GB" },
        { 1440, true, "en-GB" },
        { 360, false, "tr-TR" },
        { 360, true, "tr-TR" },
        { 320, false, "en-GB" },
    };

    [Theory, MemberData(nameof(Looks))]
    public async Task A_page_is_accessible_and_fits(int width, bool isDark, string locale)
    {
        var look = new Look(width, isDark, locale);
        var (deal, _) = await web.Server.Shared(FabrikamLocation);
        // Long names, an invitation that waits, and one that asks for Alice's own answer.
        await web.Server.Invitation(Carol, ContosoLocation, "Modernisation of all warehouses and their Donaudampfschifffahrtsgesellschaftskapitänswitwenversicherung");
        await web.Server.Own(change: b =>
        {
            b["name"] = $"A name {string.Concat(Enumerable.Repeat("without-an-end-", 12))}";
            b["details"]!["dealValue"] = 123_456_789_012.34m;
            b["details"]!["currency"] = "USD";
        });
        var page = await web.SignIn(Alice, look);
        foreach (var (name, path) in new[]
        {
            ("pipeline", "/pipeline"),
            ("pipeline-columns", "/pipeline?columns=customer,state,stage,value,closing,updated,created,type,qualification,direction,country,reference"),
            ("board", "/pipeline?view=board"), ("board-open", "/pipeline?view=board&open=Lost,Error"), ("no-match", "/pipeline?q=nothing"),
            ("referral", $"/referrals/{deal.Id}"), ("inbox", "/inbox"), ("new-deal", "/deals/new"), ("invite", $"/referrals/{deal.Id}/invite"),
        })
        {
            await page.GotoAsync(path);
            await page.WaitUntilReady();
            await Check(page, name, look);
        }

        await page.GotoAsync("/import");
        await page.WaitUntilReady();
        await Check(page, "import-empty", look);
        await page.Choose("Anlaşmalar – all deals of the year, with names that do not end.csv",
            "Referral ID,Deal Name,Customer Name,Estimated Deal Value,Currency,Owner",
            $"{deal.Id},A new name,{deal.Json["customerProfile"]!["name"]},25000,USD,Ann", $",{new string('W', 200)},Proseware,many,Dollar,Joe", ",Third,Trey Research,3000,USD,Lee");
        await page.WaitForSelectorAsync(".import-row button");
        await page.WaitForSelectorAsync(".import-state progress", new() { State = Microsoft.Playwright.WaitForSelectorState.Detached });
        await Check(page, "import-ready", look);
        for (var row = 0; row < 2; row++)
        {
            await page.Locator(".import-row button").Nth(row).ClickAsync();
            await page.WaitForSelectorAsync(".import-detail");
            await Check(page, $"import-row-{row}", look);
        }

        await page.GotoAsync("/import");
        await page.WaitUntilReady();
        await Check(page, "import", look);
        await page.GotoAsync("/inbox");
        await page.WaitUntilReady();
        await page.Locator(".invitation button").Last.ClickAsync();
        await page.WaitForSelectorAsync("#decline-reason");
        await Check(page, "decline", look);
        await page.GotoAsync("/deals/new");
        await page.WaitUntilReady();
        await page.Locator(".kind").Last.ClickAsync();
        await page.WaitForSelectorAsync("#partner-role");
        await page.Locator("button[type=submit].button").Last.ClickAsync();
        await page.WaitForSelectorAsync("#customer-fault");
        await Check(page, "new-deal-faults", look);
        await page.GotoAsync("/pipeline?view=board");
        await page.WaitUntilReady();
        foreach (var (menu, index) in (await page.Locator(".filters summary").AllAsync()).Select((m, i) => (m, i)))
        {
            await menu.ClickAsync();
            await Check(page, $"filter-{index}", look);
            await page.Keyboard.PressAsync("Escape");
        }

        await page.Locator(".deal-move").First.ClickAsync();
        await page.WaitForSelectorAsync(".move-dialog[open] li");
        await Check(page, "move", look);
        await page.Keyboard.PressAsync("Escape");
        await page.Locator("details.menu:has(.avatar) > summary").ClickAsync();
        await Check(page, "user-menu", look);

        foreach (var (name, path) in new[] { ("signed-out", "/signed-out"), ("not-found", "/no-such-page"), ("failure", "/failure") })
        {
            await page.GotoAsync(path);
            await Check(page, name, look);
        }

        var eve = await web.SignIn(Eve, look);
        await Check(eve, "no-role", look);
        await page.Context.CloseAsync();
        await eve.Context.CloseAsync();
    }

    private static async Task Check(Microsoft.Playwright.IPage page, string name, Look look)
    {
        var picture = $"{name}-{look.Width}-{(look.IsDark ? "dark" : "light")}";
        await WebFixture.Picture(page, picture);
        await WebFixture.CheckAccessibility(page, picture);
        Assert.True(
            await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"),
            $"{picture} is wider than the screen.");
    }
}

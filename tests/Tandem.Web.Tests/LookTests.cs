using System.Text.Json.Nodes;
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
        { 2560, false, "tr-TR" },
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
        await RoutingTests.Arrange(web.Server);
        var webhook = await Webhook(deal.Id);
        var page = await web.SignIn(Alice, look);
        foreach (var (name, path) in new[]
        {
            ("pipeline", "/pipeline"),
            ("pipeline-columns", "/pipeline?columns=customer,state,stage,value,closing,updated,created,type,qualification,direction,country,reference"),
            ("board", "/pipeline?view=board"), ("board-open", "/pipeline?view=board&open=Lost,Error"), ("no-match", "/pipeline?q=nothing"),
            ("referral", $"/referrals/{deal.Id}"), ("inbox", "/inbox"), ("new-deal", "/deals/new"), ("invite", $"/referrals/{deal.Id}/invite"),
            ("reports", "/reports?by=week"), ("reports-no-match", "/reports?country=nowhere"),
            ("routing", "/administration/routing"), ("audit", "/administration/audit"),
            ("audit-no-match", "/administration/audit?kind=Client&from=2026-01-01"),
            ("organization", "/administration/organization"), ("people", "/administration/people"), ("new-person", "/administration/people/new"),
            ("person", "/administration/people/a11ce000-0000-4000-8000-000000000001"), ("clients", "/administration/clients"),
            ("webhooks", "/administration/webhooks"), ("new-webhook", "/administration/webhooks/new"), ("webhook", $"/administration/webhooks/{webhook}"),
        })
        {
            await page.GotoAsync(path);
            await page.WaitUntilReady();
            await Check(page, name, look);
        }

        await page.Locator(".delivery summary").First.ClickAsync();
        await Check(page, "delivery", look);
        await page.GotoAsync("/administration/people/a11ce000-0000-4000-8000-000000000001");
        await page.WaitUntilReady();
        await page.Locator(".plain-rows button").First.ClickAsync();
        await page.WaitForSelectorAsync("dialog[open]");
        await Check(page, "confirm", look);
        await page.GotoAsync("/administration/people/new");
        await page.WaitUntilReady();
        await page.Locator(".role-choice .text-button").ClickAsync();
        await page.Locator(".role-choice .kind").Nth(1).ClickAsync();
        await page.Locator("main button[type=submit]").ClickAsync();
        await page.WaitForSelectorAsync("#person-name-fault");
        await Check(page, "new-person-faults", look);
        await page.GotoAsync("/administration/organization");
        await page.WaitUntilReady();
        await page.Locator("main .card-head .text-button").First.ClickAsync();
        await page.WaitForSelectorAsync("#location-name");
        await Check(page, "new-location", look);
        await page.GotoAsync("/administration/webhooks/new");
        await page.WaitUntilReady();
        await page.Locator("#webhook-url").FillAsync("http://127.0.0.1:9/look");
        await page.Locator("main form button[type=submit]").ClickAsync();
        await page.WaitForSelectorAsync(".secret");
        await Check(page, "secret", look);

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
        await page.GotoAsync("/administration/routing");
        await page.WaitUntilReady();
        await page.Locator("#add-rule").ClickAsync();
        await page.Locator("form.form button[type=submit]").ClickAsync();
        await page.WaitForSelectorAsync("#rule-location-fault");
        await Check(page, "routing-faults", look);
        await page.Locator(".row-actions button").Nth(1).ClickAsync();
        await page.WaitForSelectorAsync("dialog[open] #confirm-title");
        await Check(page, "routing-remove", look);
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

    // One that has something to show: an answer that was no success, and an address without an end.
    private async Task<string> Webhook(string referral)
    {
        await using var receiver = await WebhookReceiver.Start();
        var path = $"/{string.Concat(Enumerable.Repeat("a-long-way-", 12))}";
        receiver.On(path, new WebhookAnswer(503).Saying("We are closed until Monday."));
        var made = (await web.Server.Post(Alice, "/webhooks/v2/subscriptions", new JsonObject { ["url"] = receiver.Address + path })).Is(201);
        (await web.Server.Patch(Alice, $"{Api}/{referral}", Bodies.Replace(("/name", "Watched")))).Is(204);
        await receiver.Until(1, TestContext.Current.CancellationToken);
        // The answer stands in the log a moment later.
        for (var tries = 0; !(await web.Server.Get(Alice, $"/webhooks/v2/subscriptions/{made.Id}/deliveries")).Text.Contains("Monday", StringComparison.Ordinal); tries++)
        {
            Assert.True(tries < 600, "The delivery is not logged.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        return made.Id;
    }

    internal static async Task Check(Microsoft.Playwright.IPage page, string name, Look look)
    {
        var picture = $"{name}-{look.Width}-{(look.IsDark ? "dark" : "light")}";
        await WebFixture.Picture(page, picture);
        await WebFixture.CheckAccessibility(page, picture);
        Assert.True(
            await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"),
            $"{picture} is wider than the screen.");
    }
}

using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Partner, solution, who brought a deal, currency and periods narrow table, board, totals, views and export alike.</summary>
public sealed class PipelineFilterTests(PipelineFilterTests.Deals deals) : IClassFixture<PipelineFilterTests.Deals>
{
    private const string LongName = "Fabrikam Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbau und Beteiligungsgesellschaft mit beschränkter Haftung & Co. KG";

    private readonly WebFixture _web = deals.Web;

    /// <summary>One deal of each kind: with Fabrikam, alone and won, and one that Fabrikam brought.</summary>
    public sealed class Deals(Browser browser) : IAsyncLifetime
    {
        public WebFixture Web { get; } = new(browser);

        public string Day { get; private set; } = "";

        public string DayBefore { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            await Web.InitializeAsync();
            var (own, _) = await Web.Server.Shared(FabrikamLocation);
            (await Web.Server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/name", "With Fabrikam"), ("/details/currency", "EUR"), ("/details/dealValue", 700)))).Is(204);
            var alone = await Web.Server.Own(change: b =>
            {
                b["name"] = "Alone";
                b["details"] = new JsonObject
                {
                    ["dealValue"] = 500,
                    ["currency"] = "USD",
                    ["requirements"] = new JsonObject { ["solutions"] = new JsonArray(new JsonObject { ["id"] = "SOL O'Neil, 1", ["name"] = "O'Neil's, one", ["type"] = "Name" }) },
                };
            });
            (await Web.Server.Status(Alice, alone.Id, "Closed", "Won")).Is(200);
            var invitation = await Web.Server.Invitation(Carol, ContosoLocation, "Brought by them");
            (await Web.Server.Status(Alice, invitation.Id, "Active", "Accepted")).Is(200);
            // Midnight may pass between the first one and the last.
            (Day, DayBefore) = (Text(alone, 0), Text(own, -1));

            static string Text(Reply deal, int days) => DateTimeOffset.Parse((string)deal.Json["createdDateTime"]!, CultureInfo.InvariantCulture)
                .UtcDateTime.AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        }

        public ValueTask DisposeAsync() => Web.DisposeAsync();
    }

    [Theory]
    [InlineData("partner=" + Fabrikam, "Brought by them|With Fabrikam")]
    [InlineData("partner=none", "Alone")]
    [InlineData("partner=msft", "")]
    [InlineData("solution=sol%20o'neil,%201", "Alone")]
    [InlineData("solution=none&partner=none", "")]
    [InlineData("invitedBy=" + Fabrikam, "Brought by them")]
    [InlineData("currency=eur", "With Fabrikam")]
    [InlineData("createdFrom={day}&createdTo={day}&closedFrom={day}", "Alone")]
    [InlineData("closedTo={before}", "")]
    [InlineData("createdTo={before}", "")]
    [InlineData("createdFrom=nonsense&closedTo=2026-02-30&partner=none", "Alone")]
    public async Task An_address_narrows_table_totals_board_and_export_alike(string query, string names)
    {
        query = query.Replace("{day}", deals.Day, StringComparison.Ordinal).Replace("{before}", deals.DayBefore, StringComparison.Ordinal);
        string[] expected = names.Length == 0 ? [] : names.Split('|');
        var page = await _web.SignIn(Alice, path: $"/pipeline?sort=name&{query}");
        if (expected.Length == 0)
        {
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No deal matches" })).ToBeVisibleAsync();
            await page.Locator(".notice").GetByRole(AriaRole.Link, new() { Name = "Clear filters" }).ClickAsync();
            await page.WaitUntilAt("**/pipeline?sort=name");
            await Expect(page.Locator("tbody th")).ToHaveTextAsync(["Alone", "Brought by them", "With Fabrikam"]);
        }
        else
        {
            await Expect(page.Locator("tbody th")).ToHaveTextAsync(expected);
            await Expect(page.Locator(".totals dd strong").First).ToHaveTextAsync(expected.Length == 1 ? "1 deal" : $"{expected.Length} deals");
            var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "CSV", Exact = true }).ClickAsync());
            var lines = (await File.ReadAllTextAsync((await download.PathAsync())!, TestContext.Current.CancellationToken)).Split("\r\n");
            Assert.Equal(expected, lines.Skip(1).Select(l => l.Split(',')).Where(c => c.Length > 3 && Guid.TryParse(c[2], out _)).Select(c => c[3]));

            await page.GetByRole(AriaRole.Link, new() { Name = "Board" }).ClickAsync();
            await Expect(page.Locator(".lane .deal[data-id]")).ToHaveCountAsync(expected.Length);
            foreach (var name in expected)
                await Expect(page.Locator(".board")).ToContainTextAsync(name);
        }

        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Partner_and_period_are_chosen_in_the_panel_told_on_its_button_and_kept_in_a_view()
    {
        var page = await _web.SignIn(Alice, path: "/pipeline?sort=name");
        var more = page.Locator(".filters summary", new() { HasText = "More filters" });
        await more.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        var panel = page.Locator(".filter-fields");
        await Expect(panel.GetByLabel("Solution").Locator("option")).ToContainTextAsync(["All", "O'Neil's, one", "Without a solution"]);
        await panel.GetByLabel("Partner").SelectOptionAsync("Fabrikam");
        await page.WaitUntilAt($"**/pipeline?partner={Fabrikam}&sort=name");
        await Expect(page.Locator("tbody th")).ToHaveTextAsync(["Brought by them", "With Fabrikam"]);
        await Expect(more).ToHaveTextAsync("More filters (1)");
        await Expect(panel).ToBeVisibleAsync();
        await panel.GetByLabel("Brought by").SelectOptionAsync("Fabrikam");
        await panel.GetByLabel("Created from").FillAsync(deals.DayBefore);
        await Expect(more).ToHaveTextAsync("More filters (3)");
        await Expect(page.Locator("tbody th")).ToHaveTextAsync(["Brought by them"]);

        await page.Locator("#views summary").ClickAsync();
        await page.GetByLabel("Save this view as").FillAsync("Fabrikam’s");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save view" }).ClickAsync();
        await Expect(page.Locator("#views summary")).ToHaveTextAsync("View: Fabrikam’s");
        await page.GotoAsync("/pipeline");
        await page.WaitUntilReady();
        await page.Locator("#views summary").ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Fabrikam’s" }).ClickAsync();
        await Expect(page.Locator("tbody th")).ToHaveTextAsync(["Brought by them"]);

        // After a reload the panel still says whom it names.
        await page.ReloadAsync();
        await page.WaitUntilReady();
        await more.ClickAsync();
        await Expect(panel.GetByLabel("Partner").Locator("option:checked")).ToHaveTextAsync("Fabrikam");
        await Expect(panel.GetByLabel("Partner").Locator("option")).ToHaveTextAsync(["All", "Fabrikam", "Without a partner"]);
        await panel.GetByLabel("Partner").SelectOptionAsync("");
        await Expect(more).ToHaveTextAsync("More filters (2)");
        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData(320, true, "en-GB")]
    [InlineData(320, false, "tr-TR")]
    [InlineData(1440, false, "tr-TR")]
    [InlineData(1440, true, "en-GB")]
    public async Task The_panel_and_the_reports_hold_a_long_name_on_a_narrow_screen_and_in_Turkish(int width, bool isDark, string locale)
    {
        await using var web = new WebFixture(_web.Browser);
        await web.InitializeAsync();
        (await web.Server.Send(Sam, HttpMethod.Patch, $"/admin/organizations/{Fabrikam}", $$"""{"name":"{{LongName}}"}""")).Is(200);
        await web.Server.Shared(FabrikamLocation);
        var invitation = await web.Server.Invitation(Carol, ContosoLocation, "From a partner with a long name");
        (await web.Server.Status(Alice, invitation.Id, "Active", "Accepted")).Is(200);
        (await web.Server.Status(Alice, (await web.Server.Own()).Id, "Closed", "Lost")).Is(200);
        var look = new Look(width, isDark, locale);
        var page = await web.SignIn(Alice, look, $"/pipeline?partner={Fabrikam}&invitedBy={Fabrikam}");
        await page.Locator(".filter-menu:has(.filter-fields) summary").ClickAsync();
        await Expect(page.Locator(".filter-fields select").First.Locator("option:checked")).ToHaveTextAsync(LongName);
        await LookTests.Check(page, "pipeline-panel", look);
        foreach (var (name, path) in new[]
        {
            ("reports-partner", $"/reports?partner={Fabrikam}"), ("reports-none", $"/reports?partner={Fabrikam}&currency=XYZ"),
            ("pipeline-partner-none", "/pipeline?partner=msft"),
        })
        {
            await page.GotoAsync(path);
            await page.WaitUntilReady();
            await LookTests.Check(page, $"{name}-{locale[..2]}", look);
        }

        await page.Context.CloseAsync();
    }
}

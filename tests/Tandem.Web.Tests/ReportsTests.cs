using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Reports: the numbers are the API's, and everything that was chosen stands in the address.</summary>
public sealed class ReportsTests(ReportsTests.Year year) : IClassFixture<ReportsTests.Year>
{
    private readonly WebFixture _web = year.Web;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ReportsClient Reports => new TandemClient(_web.Server.Http, Alice).Reports;

    /// <summary>Deals in several states, currencies and countries, with partners and solutions.</summary>
    public sealed class Year(Browser browser) : IAsyncLifetime
    {
        public WebFixture Web { get; } = new(browser);

        public async ValueTask InitializeAsync()
        {
            await Web.InitializeAsync();
            string?[] stages = [null, "10", "20", "Propose", "60", "80"];
            for (var i = 0; i < 30; i++)
            {
                var own = await Web.Server.Own(change: b =>
                {
                    b["details"] = new JsonObject
                    {
                        ["dealValue"] = 1_000.5m * (i + 1),
                        ["currency"] = i % 3 == 0 ? "EUR" : "USD",
                        ["requirements"] = new JsonObject { ["solutions"] = new JsonArray(new JsonObject { ["id"] = $"SOL-{i % 4}", ["name"] = $"Solution {i % 4}", ["type"] = "Name" }) },
                    };
                    b["salesStage"] = stages[i % stages.Length];
                    b["customerProfile"]!["address"] = new JsonObject { ["country"] = i % 2 == 0 ? "TR" : "DE" };
                });
                if (i % 5 == 0)
                    (await Web.Server.Status(Alice, own.Id, "Closed", i % 10 == 0 ? "Won" : "Lost")).Is(200);
            }

            var (_, asked) = await Web.Server.Shared(FabrikamLocation);
            (await Web.Server.Status(Carol, asked.Id, "Active", "Accepted")).Is(200);
            await Web.Server.Shared();
            var invitation = await Web.Server.Invitation(Carol, ContosoLocation, "From Fabrikam");
            (await Web.Server.Status(Alice, invitation.Id, "Closed", "Declined")).Is(200);
        }

        public ValueTask DisposeAsync() => Web.DisposeAsync();
    }

    [Fact]
    public async Task The_numbers_are_those_of_the_api_and_stand_in_a_chart_too()
    {
        var page = await _web.SignIn(Alice, path: "/reports");
        var partners = (await Reports.PartnersAsync(cancellation: Cancellation)).GroupBy(r => r.OrganizationName ?? "Without a partner")
            .OrderByDescending(g => g.Sum(r => r.Count)).ThenBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Key}|{g.Sum(r => r.Count)}|{g.Sum(r => r.OpenCount)}|{g.Sum(r => r.WonCount)}|{g.Sum(r => r.LostCount)}");
        Assert.Equal(partners, await Rows(page, "partners", 1, 3, 4, 5));
        var solutions = (await Reports.SolutionsAsync(cancellation: Cancellation)).GroupBy(r => r.SolutionName ?? "Without a solution")
            .OrderByDescending(g => g.Sum(r => r.Count)).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Key}|{g.Sum(r => r.Count)}");
        Assert.Equal(solutions, await Rows(page, "solutions", 1));
        var outcomes = await Reports.OutcomesAsync(cancellation: Cancellation);
        Assert.Equal($"Total|{Count(outcomes, ReferralSubstatus.Won)}|{Count(outcomes, ReferralSubstatus.Lost)}|50 %|1", (await Rows(page, "outcomes", 1, 3, 5, 6))[^1]);
        var times = await Reports.TimesAsync(cancellation: Cancellation);
        Assert.Equal(["Our answer|1", "Partner’s answer|1", "Until won|3", "Until lost|3"], await Rows(page, "times", 1));
        Assert.Equal(4, times.Count);
        Assert.Equal(["New|0", "10 %|10", "20 %|4", "40 %|0", "60 %|8", "80 %|4"], await Rows(page, "stages", 1));

        // Amounts of two currencies stand side by side.
        var twenty = (await Reports.StagesAsync(cancellation: Cancellation)).Where(r => r.SalesStage is "80").ToList();
        var shown = await Rows(page, "stages", 2);
        Assert.Equal(string.Join(" · ", twenty.OrderBy(r => r.Currency, StringComparer.Ordinal).Select(r => $"{r.DealValue:N2} {r.Currency}".Replace(".00 ", " ", StringComparison.Ordinal))), shown[^1]["80 %|".Length..]);

        await Expect(page.Locator("[data-report] .chart svg")).ToHaveCountAsync(6);
        await Expect(page.GetByRole(AriaRole.Img, new() { Name = "By partner: a chart of the numbers in the table below" })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task What_was_chosen_survives_a_reload_and_the_way_back()
    {
        var page = await _web.SignIn(Alice, path: "/reports");
        await page.GetByLabel("Country").FillAsync("TR");
        await page.GetByLabel("Country").PressAsync("Enter");
        await page.WaitUntilAt("**/reports?country=TR");
        await page.GetByLabel("Currency").SelectOptionAsync("EUR");
        await page.WaitUntilAt("**/reports?country=TR&currency=EUR");
        var expected = (await Reports.SourcesAsync(new ReportQuery { Filter = "customerProfile/address/country eq 'TR' and details/currency eq 'EUR'" }, Cancellation)).Sum(r => r.Count);
        await Expect(Cell(page, "sources", 1)).ToHaveTextAsync($"{expected}");

        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Expect(page.GetByLabel("Currency")).ToHaveValueAsync("EUR");
        await Expect(Cell(page, "sources", 1)).ToHaveTextAsync($"{expected}");
        await page.GoBackAsync();
        await Expect(page.GetByLabel("Currency")).ToHaveValueAsync("");
        await Expect(Cell(page, "sources", 1)).Not.ToHaveTextAsync($"{expected}");

        await page.GetByRole(AriaRole.Link, new() { Name = "Clear filters" }).ClickAsync();
        await page.Locator(".report-filters").GetByLabel("Partner").SelectOptionAsync("Fabrikam");
        await Expect(page.Locator("[data-report=partners] tbody th")).ToHaveTextAsync(["Fabrikam"]);
        await page.GotoAsync("/reports?from=2001-01-01&to=2001-12-31&by=nonsense&type=x");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No deal matches" })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_number_leads_to_its_deals_where_the_pipeline_can_be_narrowed_so()
    {
        var page = await _web.SignIn(Alice, path: "/reports?country=TR");
        var link = Cell(page, "stages", 1).Nth(4).GetByRole(AriaRole.Link);
        var number = await link.InnerTextAsync();
        await link.ClickAsync();
        await page.WaitUntilAt("**/pipeline?*");
        await Expect(page.Locator(".pager")).ToContainTextAsync($"of {number}");

        await page.GotoAsync("/reports?currency=EUR");
        await page.WaitUntilReady();
        await Expect(Cell(page, "stages", 1).First).ToBeVisibleAsync();
        await Expect(page.Locator("[data-report] tbody a")).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_report_can_be_downloaded_as_it_is_filtered()
    {
        var page = await _web.SignIn(Alice, path: "/reports?currency=EUR");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Download CSV · By solution" }).ClickAsync());
        Assert.Equal("solutions.csv", download.SuggestedFilename);
        var expected = await Reports.CsvAsync("solutions", new ReportQuery { Filter = "details/currency eq 'EUR'" }, Cancellation);
        Assert.Equal(Encoding.UTF8.GetString(expected).TrimStart('\uFEFF'), (await File.ReadAllTextAsync((await download.PathAsync())!, Cancellation)).TrimStart('\uFEFF'));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Turkish_speaks_turkish_and_writes_its_numbers()
    {
        var page = await _web.SignIn(Alice, new Look(Locale: "tr-TR"), "/reports?currency=EUR");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Aşamalara göre satış hattı" })).ToBeVisibleAsync();
        var worth = (await Reports.SourcesAsync(new ReportQuery { Filter = "details/currency eq 'EUR'" }, Cancellation)).Sum(r => r.DealValue);
        await Expect(Cell(page, "sources", 2)).ToHaveTextAsync(worth.ToString(worth == decimal.Truncate(worth) ? "N0" : "N2", System.Globalization.CultureInfo.GetCultureInfo("tr-TR")) + "\u00a0EUR");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Where_there_is_nothing_the_page_says_what_will_be_there_and_others_are_kept_out()
    {
        var dan = await _web.SignIn(Dan, path: "/reports");
        await Expect(dan.GetByRole(AriaRole.Heading, new() { Name = "Nothing to report yet" })).ToBeVisibleAsync();
        await dan.Context.CloseAsync();
        var eve = await _web.SignIn(Eve, path: "/reports");
        await Expect(eve.Locator("[data-report]")).ToHaveCountAsync(0);
        await Expect(eve.GetByRole(AriaRole.Link, new() { Name = "Reports" })).ToHaveCountAsync(0);
        await eve.Context.CloseAsync();
    }

    private static long Count(IEnumerable<OutcomeReportRow> rows, ReferralSubstatus outcome) => rows.Where(r => r.Outcome == outcome).Sum(r => r.Count);

    private static ILocator Cell(IPage page, string report, int column) => page.Locator($"[data-report={report}] tbody tr > :nth-child({column + 1})");

    /// <summary>The names of a table's lines, with some of their cells.</summary>
    private static async Task<List<string>> Rows(IPage page, string report, params int[] columns)
    {
        await Expect(page.Locator($"[data-report={report}] tbody tr").First).ToBeVisibleAsync();
        var rows = new List<string>();
        foreach (var row in await page.Locator($"[data-report={report}] tbody tr").AllAsync())
        {
            var cells = await row.Locator("th, td").AllInnerTextsAsync();
            rows.Add(string.Join('|', new[] { 0 }.Concat(columns).Select(c => cells[c].Trim().Replace('\u00a0', ' '))));
        }

        return rows;
    }
}

using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Pipeline;
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
                        ["requirements"] = new JsonObject { ["solutions"] = Solutions(i) },
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

        private static JsonArray Solutions(int i)
        {
            var solutions = new JsonArray(Solution($"SOL-{i % 4}", $"Solution {i % 4}"));
            if (i == 5)
                solutions.Add(Solution("SOL O'Neil, 100 %", "Also sold"));
            return solutions;
        }

        private static JsonObject Solution(string id, string name) => new() { ["id"] = id, ["name"] = name, ["type"] = "Name" };
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
    public async Task Every_number_of_deals_leads_to_exactly_those_deals()
    {
        var page = await _web.SignIn(Alice, path: "/reports");
        var links = await Links(page);
        // Who answered when is nothing that deals can be listed by; all other numbers are.
        Assert.Equal(["times"], await Plain(page));
        Assert.InRange(links.Count, 30, 80);
        foreach (var (_, number, address) in links.DistinctBy(l => l.Address))
        {
            await page.GotoAsync(address);
            await page.WaitUntilReady();
            await Expect(page.Locator(".pager > span")).ToHaveTextAsync(new Regex($" of {number}$"));
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Clear filters" })).ToBeVisibleAsync();
        }

        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData("country=TR")]
    [InlineData("currency=EUR")]
    [InlineData("partner=" + Fabrikam)]
    [InlineData("partner=none&type=Independent")]
    [InlineData("solution=SOL-1")]
    [InlineData("from=2001-01-01&to=2999-12-31&by=week&currency=USD")]
    [InlineData("from=2999-01-01&to=2001-12-31")]
    public async Task Numbers_lead_to_their_deals_whatever_was_chosen(string query)
    {
        var page = await _web.SignIn(Alice, path: $"/reports?{query}");
        var links = query.StartsWith("from=2999", StringComparison.Ordinal) ? [] : await Links(page);
        foreach (var (_, number, address) in links)
        {
            var pipeline = PipelineQuery.Parse(new Uri($"http://localhost{address}"));
            var totals = await new TandemClient(_web.Server.Http, Alice).Referrals.TotalsAsync(pipeline.Filter(), pipeline.PartnerId, Cancellation);
            Assert.Equal((address, number), (address, $"{totals.Sum(t => t.Count)}"));
        }

        if (links.Count == 0)
        {
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No deal matches" })).ToBeVisibleAsync();
            await page.GetByRole(AriaRole.Link, new() { Name = "Clear filters" }).Last.ClickAsync();
            await page.WaitUntilAt("**/reports");
            await Expect(page.Locator("[data-report]")).ToHaveCountAsync(6);
        }
        else
        {
            // One of them by hand, and back to what was chosen.
            await page.Locator("[data-report=sources] tbody a").First.ClickAsync();
            await Expect(page.Locator(".pager")).ToContainTextAsync($" of {links.First(l => l.Report == "sources").Number}");
            await page.GoBackAsync();
            await page.WaitUntilAt($"**/reports?{query}");
        }

        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Of_deals_with_a_solution_those_that_have_another_one_too_are_no_list_of_the_pipeline()
    {
        var page = await _web.SignIn(Alice, path: "/reports?solution=SOL-1");
        await Expect(page.Locator("[data-report=solutions] tbody a").First).ToHaveAttributeAsync("href", "pipeline?solution=SOL-1");
        await Expect(page.Locator("[data-report=solutions] tbody th")).ToHaveTextAsync(["Solution 1", "Also sold"]);
        await Expect(page.Locator("[data-report=solutions] tbody tr").Nth(1).Locator("a")).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task What_others_change_is_counted_without_losing_place_focus_or_choices()
    {
        await using var web = new WebFixture(_web.Browser);
        await web.InitializeAsync();
        var page = await web.SignIn(Alice, new Look(Width: 800), "/reports?country=NO");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No deal matches" })).ToBeVisibleAsync();
        await Norwegian(1);
        var deals = Cell(page, "sources", 1).GetByRole(AriaRole.Link);
        await Expect(deals).ToHaveTextAsync("1");
        await page.Locator("[data-report=solutions]").ScrollIntoViewIfNeededAsync();
        await deals.FocusAsync();
        await page.EvaluateAsync("window.scrollBy(0, 40)");
        Assert.True(await page.EvaluateAsync<double>("window.scrollY") > 100);
        var place = (await deals.BoundingBoxAsync())!.Y;

        await Norwegian(12);
        await Expect(deals).ToHaveTextAsync("13");
        await Expect(deals).ToBeFocusedAsync();
        Assert.InRange((await deals.BoundingBoxAsync())!.Y, place - 60, place + 60);
        Assert.EndsWith("/reports?country=NO", page.Url, StringComparison.Ordinal);
        await Expect(page.GetByLabel("Country")).ToHaveValueAsync("NO");
        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);

        // Choosing goes on while changes come in.
        var coming = Norwegian(12);
        foreach (var step in new[] { "week", "quarter", "week" })
            await page.GetByLabel("In steps of").SelectOptionAsync(step);
        await coming;
        await Expect(deals).ToHaveTextAsync("25");
        Assert.EndsWith("/reports?by=week&country=NO", page.Url, StringComparison.Ordinal);
        await page.Context.CloseAsync();

        async Task Norwegian(int count)
        {
            for (var i = 0; i < count; i++)
                await web.Server.Own(change: b => b["customerProfile"]!["address"] = new JsonObject { ["country"] = "NO" });
        }
    }

    [Theory, InlineData("CSV"), InlineData("XLSX")]
    public async Task A_report_can_be_downloaded_as_it_is_filtered(string form)
    {
        var page = await _web.SignIn(Alice, path: "/reports?currency=EUR");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = $"Download {form} · By solution" }).ClickAsync());
        Assert.Equal($"solutions.{form.ToLowerInvariant()}", download.SuggestedFilename);
        var query = new ReportQuery { Filter = "details/currency eq 'EUR'" };
        var expected = form == "CSV" ? await Reports.CsvAsync("solutions", query, Cancellation) : await Reports.WorkbookAsync("solutions", query, Cancellation);
        Assert.Equal(Parts(expected), Parts(await File.ReadAllBytesAsync((await download.PathAsync())!, Cancellation)));
        await page.Context.CloseAsync();

        // The other parts of a workbook say when it was written.
        static IEnumerable<string> Parts(byte[] file)
        {
            if (!file.AsSpan().StartsWith("PK"u8))
                return [Encoding.UTF8.GetString(file)];
            using var zip = new ZipArchive(new MemoryStream(file));
            return [.. zip.Entries.Where(e => e.FullName.StartsWith("xl/", StringComparison.Ordinal)).Select(e => { using var part = new StreamReader(e.Open()); return $"{e.FullName} {part.ReadToEnd()}"; })];
        }
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

    /// <summary>Every link of the tables: its report, its number, and where it leads.</summary>
    private static async Task<List<(string Report, string Number, string Address)>> Links(IPage page)
    {
        await Expect(page.Locator("[data-report] tbody a").First).ToBeVisibleAsync();
        var links = await page.Locator("[data-report] tbody a").EvaluateAllAsync<string[]>(
            "links => links.map(a => [a.closest('[data-report]').dataset.report, a.innerText, a.pathname + a.search].join(' '))");
        return [.. links.Select(l => l.Split(' ')).Select(l => (l[0], l[1], l[2]))];
    }

    /// <summary>The reports in which a number of deals, which is whole and not nothing, is no link.</summary>
    private static async Task<IEnumerable<string>> Plain(IPage page) => (await page.Locator("[data-report] tbody td:not(:has(a))").EvaluateAllAsync<string[]>(
        "cells => cells.map(c => c.closest('[data-report]').dataset.report + ' ' + c.innerText.trim())"))
        .Select(c => c.Split(' ', 2)).Where(c => c[1].Length > 0 && c[1] != "0" && c[1].All(char.IsAsciiDigit)).Select(c => c[0]).Distinct();

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

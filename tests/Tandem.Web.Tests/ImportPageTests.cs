using System.Text;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Each test has a server of its own, since it counts deals.</summary>
public sealed class ImportPageTests(Browser browser) : IAsyncLifetime
{
    private readonly WebFixture _web = new(browser);

    public ValueTask InitializeAsync() => _web.InitializeAsync();

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    [Fact]
    public async Task A_file_is_looked_at_imported_and_undone_until_somebody_acts()
    {
        var alice = await _web.SignIn(Alice, path: "/import");
        await alice.Choose("deals.csv",
            "Deal Name,Customer Name,Estimated Deal Value,Currency,Estimated Close Date,Remark",
            "First,Adatum,1000,USD,03/24/2027,red", "Second,Proseware,many,USD,03/24/2027,blue", "Third,Trey,3000,USD,03/24/2027,green");
        await Assertions.Expect(alice.Standing()).ToHaveTextAsync("Checked: 2 of 3 rows can be stored");
        await Assertions.Expect(alice.GetByText("Columns: 5 of 6 matched")).ToBeVisibleAsync();
        Assert.Empty((await _web.Server.Get(Alice, Api)).Value);

        // The faulty row, with its cell.
        await alice.GetByRole(AriaRole.Link, new() { Name = "With faults" }).ClickAsync();
        await alice.GetByRole(AriaRole.Button, new() { Name = "Second" }).ClickAsync();
        await Assertions.Expect(alice.Locator(".import-detail h2")).ToBeFocusedAsync();
        await Assertions.Expect(alice.Locator(".import-faults")).ToContainTextAsync("Estimated Deal Value: 'many' is no number");
        // A column of the file's own is told what it means.
        await alice.Type("Remark", "Notes");
        await Assertions.Expect(alice.GetByText("Columns: 6 of 6 matched")).ToBeVisibleAsync();

        await alice.Press("Import 2 rows");
        await Assertions.Expect(alice.Standing()).ToHaveTextAsync("Done: all 2 rows were tried");
        var deals = (await _web.Server.Get(Alice, $"{Api}?$orderby=name")).Value;
        Assert.Equal(["First red", "Third green"], deals.Select(d => $"{d["name"]} {d["details"]!["notes"]}"));
        var download = await alice.RunAndWaitForDownloadAsync(() => alice.GetByRole(AriaRole.Link, new() { Name = "Download the rows left out" }).ClickAsync());
        var left = await File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        Assert.Contains("'many' is no number", left, StringComparison.Ordinal);
        Assert.DoesNotContain("Adatum", left, StringComparison.Ordinal);

        // Somebody acts on one of the two.
        (await _web.Server.Patch(Alice, $"{Api}/{deals[0]["id"]}", Bodies.Replace(("/favorite", true)))).Is(204);
        await alice.Press("Undo…");
        await alice.Press("Undo the import");
        await Assertions.Expect(alice.Standing()).ToHaveTextAsync("Undone, as far as nobody else had acted");
        Assert.Equal(["Active/Accepted", "Closed/Error"],
            (await _web.Server.Get(Alice, $"{Api}?$orderby=name")).Value.Select(d => $"{d["status"]}/{d["substatus"]}"));
        await alice.GetByRole(AriaRole.Link, new() { Name = "With faults" }).ClickAsync();
        await Assertions.Expect(alice.Locator(".import-list")).ToContainTextAsync("Somebody has changed the deal since");

        await alice.GotoAsync("/import");
        await Assertions.Expect(alice.Locator(".table tbody")).ToContainTextAsync("Undone");
        await alice.Context.CloseAsync();
    }

    [Fact]
    public async Task What_the_pipeline_shows_is_exported_and_comes_back_unchanged()
    {
        await _web.Server.Own(change: b => { b["name"] = "Shown"; b["details"]!["dealValue"] = 5000; b["details"]!["currency"] = "USD"; });
        await _web.Server.Own(change: b => b["name"] = "Hidden");
        var alice = await _web.SignIn(Alice, path: "/pipeline?q=Shown");
        await Assertions.Expect(alice.GetByRole(AriaRole.Link, new() { Name = "Shown" })).ToBeVisibleAsync();
        foreach (var format in new[] { "CSV", "XLSX" })
        {
            var download = await alice.RunAndWaitForDownloadAsync(() => alice.GetByRole(AriaRole.Link, new() { Name = format, Exact = true }).ClickAsync());
            Assert.EndsWith($".{format.ToLowerInvariant()}", download.SuggestedFilename, StringComparison.Ordinal);
            await alice.GotoAsync("/import");
            await alice.WaitUntilReady();
            await alice.SetInputFilesAsync("#import-file", await download.PathAsync());
            await Assertions.Expect(alice.Standing()).ToHaveTextAsync("Checked: 0 of 1 rows can be stored");
            await Assertions.Expect(alice.Locator(".import-list")).ToContainTextAsync("Unchanged");
            await alice.GotoAsync("/pipeline?q=Shown");
            await alice.WaitUntilReady();
        }

        await alice.Context.CloseAsync();
    }

    [Fact]
    public async Task A_file_that_is_none_is_refused_with_its_reason_and_nobody_else_gets_a_file()
    {
        var alice = await _web.SignIn(Alice, path: "/import");
        await alice.Choose("empty.csv", "Deal Name,Customer Name");
        await Assertions.Expect(alice.Locator("#import-said")).ToContainTextAsync("no row below its header");
        await alice.Context.CloseAsync();

        using var stranger = await _web.Server.Http.GetAsync(new Uri("/files/deals.csv", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Redirect, stranger.StatusCode);
    }

    [Fact]
    public async Task A_file_is_imported_by_keyboard_alone()
    {
        var alice = await _web.SignIn(Alice, path: "/import");
        await alice.Choose("deals.csv", "Deal Name,Customer Name", "By keyboard,Adatum");
        await Assertions.Expect(alice.Standing()).ToHaveTextAsync("Checked: 1 of 1 rows can be stored");
        await alice.TabTo("Import the row");
        await alice.Keyboard.PressAsync("Enter");
        await Assertions.Expect(alice.Standing()).ToHaveTextAsync("Done: all 1 rows were tried");
        await alice.TabTo("Undo…");
        await alice.Keyboard.PressAsync("Enter");
        await alice.TabTo("Undo the import");
        await alice.Keyboard.PressAsync("Enter");
        await Assertions.Expect(alice.Standing()).ToHaveTextAsync("Undone, as far as nobody else had acted");
        await alice.Context.CloseAsync();
    }
}

internal static class ImportPageExtensions
{
    public static Task Choose(this IPage page, string name, params string[] lines) => page.SetInputFilesAsync("#import-file",
        new FilePayload { Name = name, MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes(string.Join('\n', lines)) });

    public static ILocator Standing(this IPage page) => page.Locator("#standing");
}

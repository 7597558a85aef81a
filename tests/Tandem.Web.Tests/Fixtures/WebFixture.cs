using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;

[assembly: AssemblyFixture(typeof(Tandem.Web.Tests.Fixtures.Browser))]

namespace Tandem.Web.Tests.Fixtures;

/// <summary>A real server for the tests of a class, and people who look at it through a real browser.</summary>
public sealed class WebFixture(Browser browser) : IAsyncLifetime
{
    private static readonly string Axe = Path.Combine(AppContext.BaseDirectory, "axe.min.js");

    /// <summary>Where pictures go: <c>artifacts/screenshots</c>.</summary>
    private static readonly string Pictures = Directory.CreateDirectory(Path.Combine(Root(), "artifacts", "screenshots")).FullName;

    public TandemServer Server { get; private set; } = null!;

    public Browser Browser => browser;

    /// <summary>The server's clock, when it is not the machine's.</summary>
    public FakeTimeProvider? Clock { get; init; }

    public async ValueTask InitializeAsync() => await Start([]);

    /// <summary>Starts the server with an operator's settings.</summary>
    public async Task Start((string Name, string Value)[] settings) => Server = await TandemServer.Start(Clock, settings: settings);

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>A browser of its own, at whose pages nobody is signed in.</summary>
    public async Task<IPage> Open(Look? look = null)
    {
        var context = await browser.Open(Server.Address, look ?? new Look());
        return await context.NewPageAsync();
    }

    /// <summary>A browser in which a seeded person has signed in by one click.</summary>
    public async Task<IPage> SignIn(string email, Look? look = null, string path = "/")
    {
        var page = await Open(look);
        await page.GotoAsync(path);
        await page.GetByRole(AriaRole.Button, new() { Name = email }).ClickAsync();
        await page.WaitUntilReady();
        return page;
    }

    /// <summary>The repository, whose artifacts folder the tests run from.</summary>
    public static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Tandem.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run within the repository.");
    }

    /// <summary>Keeps a picture of the page, for people and for the documentation.</summary>
    public static Task Picture(IPage page, string name) =>
        page.ScreenshotAsync(new() { Path = Path.Combine(Pictures, $"{name}.png"), FullPage = true });

    /// <summary>Fails when axe-core finds a serious or critical accessibility fault.</summary>
    public static async Task CheckAccessibility(IPage page, string what)
    {
        // The page's own policy forbids scripts from elsewhere; the browser itself may run one.
        await page.EvaluateAsync(await File.ReadAllTextAsync(Axe));
        var found = await page.EvaluateAsync<JsonElement>("""
            async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
              .filter(v => v.impact === "serious" || v.impact === "critical")
              .map(v => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.map(n => n.html).slice(0, 3).join("  ")}`)
            """);
        var faults = found.EnumerateArray().Select(f => f.GetString()).ToList();
        Assert.True(faults.Count == 0, $"{what}:{Environment.NewLine}{string.Join(Environment.NewLine, faults)}");
    }
}

internal static class PageExtensions
{
    /// <summary>
    /// Waits until the page's address is as wanted; two stars stand for anything, one for anything but a slash. The browser's
    /// own waiting misses, now and then, a navigation that loads no document.
    /// </summary>
    public static Task WaitUntilAt(this IPage page, string address) => Assertions.Expect(page).ToHaveURLAsync(
        new Regex($"^{Regex.Escape(address).Replace("\\*\\*", ".*", StringComparison.Ordinal).Replace("\\*", "[^/]*", StringComparison.Ordinal)}$"));

    /// <summary>Waits until the page answers clicks and has loaded what it shows.</summary>
    public static async Task WaitUntilReady(this IPage page)
    {
        await page.WaitForSelectorAsync(".shell[data-ready=true]", new() { State = WaitForSelectorState.Attached });
        await page.WaitForSelectorAsync("main .loading", new() { State = WaitForSelectorState.Detached });
    }
}

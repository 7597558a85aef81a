using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;

namespace Tandem.Load;

/// <summary>
/// How long a person waits, in Debian's Chromium: from the address or the click until the page answers clicks and shows its
/// data. Every look is a new browser with an empty cache.
/// </summary>
internal sealed class PageLoad(int looks) : IAsyncDisposable
{
    /// <summary>The pages that people begin with.</summary>
    public static readonly IReadOnlyList<(string Name, string Path)> Pages =
        [("pipeline", "/pipeline"), ("board", "/pipeline?view=board"), ("inbox", "/inbox"), ("reports", "/reports")];

    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private string? _server;
    private string? _cookies;

    /// <summary>From the click on a name to the first page, of the first person who comes to a server just started.</summary>
    public async Task<Measured> FirstSignIn(string server)
    {
        _server = server;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new() { ExecutablePath = "/usr/bin/chromium", Args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
        await using var context = await _browser.NewContextAsync(new() { BaseURL = _server });
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        var waited = await Time(page, () => page.GetByRole(AriaRole.Button, new() { Name = "alice@contoso.example" }).ClickAsync());
        _cookies = await context.StorageStateAsync();
        return Summary([waited]);
    }

    /// <summary>From an address to the page, of somebody who is signed in.</summary>
    public async Task<(Measured Time, long Bytes)> Look(string path)
    {
        var times = new List<double>();
        var most = 0L;
        for (var i = 0; i < looks; i++)
        {
            await using var context = await _browser!.NewContextAsync(new() { BaseURL = _server, StorageState = _cookies });
            var page = await context.NewPageAsync();
            var network = await context.NewCDPSessionAsync(page);
            await network.SendAsync("Network.enable");
            var bytes = 0L;
            network.Event("Network.loadingFinished").OnEvent += (_, e) =>
                Interlocked.Add(ref bytes, (long)e!.Value.GetProperty("encodedDataLength").GetDouble());
            times.Add(await Time(page, () => page.GotoAsync(path)));
            most = Math.Max(most, Interlocked.Read(ref bytes));
        }

        return (Summary(times), most);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.CloseAsync();
        _playwright?.Dispose();
    }

    private static async Task<double> Time(IPage page, Func<Task> begin)
    {
        var began = Stopwatch.GetTimestamp();
        await begin();
        await page.WaitForSelectorAsync(".shell[data-ready=true]", new() { State = WaitForSelectorState.Attached });
        await page.WaitForSelectorAsync("main .loading", new() { State = WaitForSelectorState.Detached });
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static Measured Summary(List<double> times)
    {
        times.Sort();
        return new(0, Text(times[times.Count / 2]), Text(times[^1]), 0);

        static string Text(double milliseconds) => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0}ms");
    }
}

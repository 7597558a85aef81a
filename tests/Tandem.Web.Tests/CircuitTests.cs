using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>What a connected page costs the server.</summary>
public sealed class CircuitTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const int Pages = 20;
    private const long Most = 2 * 1024 * 1024;

    [Theory]
    [InlineData("/pipeline")]
    [InlineData("/pipeline?view=board")]
    public async Task A_connected_page_holds_less_than_two_megabytes(string path)
    {
        for (var i = 0; i < 60; i++)
            await web.Server.Own(change: b => b["name"] = $"Deal {i}");
        var first = await web.SignIn(Alice, path: path);
        // What is made once for all.
        await Open(first);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Pages; i++)
            await Open(first);
        var held = (GC.GetTotalMemory(forceFullCollection: true) - before) / Pages;
        TestContext.Current.TestOutputHelper!.WriteLine($"{path}: {held / 1024} KiB a page");
        Assert.InRange(held, 1, Most);
        await first.Context.CloseAsync();

        async Task Open(IPage beside)
        {
            var page = await beside.Context.NewPageAsync();
            await page.GotoAsync(path);
            await page.WaitUntilReady();
            await page.Locator("tbody tr, .lane .deal").First.WaitForAsync();
        }
    }
}

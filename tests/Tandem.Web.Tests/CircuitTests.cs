using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Apart from all others, which take and free memory of the same process.</summary>
[CollectionDefinition(nameof(CircuitTests), DisableParallelization = true)]
public sealed class Apart;

/// <summary>What a connected page costs the server.</summary>
[Collection(nameof(CircuitTests))]
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
        var before = await Held();
        for (var i = 0; i < Pages; i++)
            await Open(first);
        var held = (await Held() - before) / Pages;
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

    // What earlier tests have left goes by and by: until two looks say the same.
    private static async Task<long> Held()
    {
        for (var (last, tries) = (0L, 0); ; tries++)
        {
            var held = GC.GetTotalMemory(forceFullCollection: true);
            if (Math.Abs(held - last) < 64 * 1024)
                return held;
            Assert.True(tries < 600, "The memory in use never settles.");
            last = held;
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }
}

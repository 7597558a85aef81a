using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>What a connected page costs the server, and when it ends.</summary>
public sealed class CircuitTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task No_page_outlives_a_server_that_stops()
    {
        await using var server = await Start();
        var meters = server.Services.GetRequiredService<IMeterFactory>();
        long open = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, meters) && instrument.Name == "aspnetcore.components.circuit.active")
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, change, _, _) => Interlocked.Add(ref open, change));
        listener.Start();
        var context = await web.Browser.Open(server.Address, new Look());
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Button, new() { Name = Alice }).ClickAsync();
        await page.WaitUntilReady();
        Assert.Equal(1, Interlocked.Read(ref open));

        // A browser's lost connection is kept for some minutes, for its return; that of a server that stops is not.
        await server.StopAsync();
        for (var patience = 0; Interlocked.Read(ref open) > 0; patience++)
        {
            Assert.True(patience < 600, "The page is kept.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        await context.CloseAsync();
    }

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

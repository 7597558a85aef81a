using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

public sealed class PipelineTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task The_pipeline_goes_over_pages_that_have_addresses()
    {
        for (var i = 0; i < 53; i++)
            await web.Server.Own(change: b => b["name"] = $"Deal {i}");
        var page = await web.SignIn(Alice);
        await Assertions.Expect(page.Locator(".pager")).ToContainTextAsync("1–50 of 53");
        await page.GetByRole(AriaRole.Link, new() { Name = "Next" }).ClickAsync();
        await Assertions.Expect(page.Locator(".pager")).ToContainTextAsync("51–53 of 53");
        Assert.EndsWith("/pipeline?page=2", page.Url, StringComparison.Ordinal);

        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(3);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task An_empty_pipeline_says_what_will_be_there()
    {
        var page = await web.SignIn(Sam);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No deals yet" })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_referral_that_does_not_exist_is_said_so()
    {
        var page = await web.SignIn(Alice);
        await page.GotoAsync($"/referrals/{Guid.NewGuid()}");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("There is nothing here");
        await page.Context.CloseAsync();
    }
}

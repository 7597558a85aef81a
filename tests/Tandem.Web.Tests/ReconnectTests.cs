using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>What a page says when the server is away, and does when it is back; the server is its own, since it is stopped.</summary>
public sealed class ReconnectTests(Browser browser) : IAsyncLifetime
{
    private readonly WebFixture _web = new(browser);

    public ValueTask InitializeAsync() => _web.InitializeAsync();

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    [Fact]
    public async Task A_page_does_not_keep_its_server_from_stopping_and_says_that_it_is_gone()
    {
        var page = await _web.SignIn(Alice, path: "/pipeline");
        var dialog = page.Locator("#components-reconnect-modal");
        await Expect(dialog).ToBeHiddenAsync();
        await _web.Server.StopAsync();
        await Expect(dialog).ToBeVisibleAsync(new() { Timeout = 15_000 });
        await WebFixture.CheckAccessibility(page, "reconnect");
        await Expect(dialog).ToContainTextAsync("What you have typed stays on the page.");
        await WebFixture.Picture(page, "reconnect");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task When_it_has_given_up_a_button_tries_again_and_what_was_typed_is_there()
    {
        var deal = await _web.Server.Own(change: b => b["name"] = "Before the restart");
        var page = await _web.SignIn(Alice);
        await page.Clock.InstallAsync();
        await page.GotoAsync($"/referrals/{deal.Id}");
        await page.WaitUntilReady();
        await page.GetByRole(AriaRole.Button, new() { Name = "Edit Deal" }).ClickAsync();
        await page.Type("Deal name", "Typed before the restart");
        await _web.Server.StopAsync();
        var dialog = page.Locator("#components-reconnect-modal");
        var again = dialog.GetByRole(AriaRole.Button, new() { Name = "Try again" });
        await Expect(dialog).ToBeVisibleAsync(new() { Timeout = 15_000 });
        await Expect(again).ToBeHiddenAsync();
        // The browser's clock goes fast: the script tries thirty times, with pauses between.
        for (var tries = 0; !await again.IsVisibleAsync(); tries++)
        {
            Assert.True(tries < 600, "It never gives up.");
            await page.Clock.FastForwardAsync(30_000);
            await page.EvaluateAsync("fetch('healthz').catch(() => null)");
        }

        await Expect(dialog).ToContainTextAsync("The server cannot be reached.");
        await WebFixture.CheckAccessibility(page, "reconnect-ended");
        await WebFixture.Picture(page, "reconnect-ended");

        // Still away: it says so again.
        await again.ClickAsync();
        await Expect(dialog).ToContainTextAsync("The server cannot be reached.");
        await Expect(again).ToBeVisibleAsync();

        await using var after = await Start(data: _web.Server.Data, settings: [("urls", _web.Server.Address)]);
        await again.ClickAsync();
        await Expect(page.GetByText("What you had typed is back in its fields.")).ToBeVisibleAsync(new() { Timeout = 15_000 });
        await Expect(page.Field("Deal name")).ToHaveValueAsync("Typed before the restart");
        await Expect(dialog).ToBeHiddenAsync();
        await page.Press("Save");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Typed before the restart");
        await page.Context.CloseAsync();
    }
}

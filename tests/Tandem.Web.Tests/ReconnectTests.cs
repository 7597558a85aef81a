using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>What a page says when the server is away; the server is its own, since it is stopped.</summary>
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
}

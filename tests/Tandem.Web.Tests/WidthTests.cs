using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>What the pipeline makes of the width that there is.</summary>
public sealed class WidthTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Theory]
    [InlineData(1280, "/pipeline")]
    [InlineData(1280, "/pipeline?view=board")]
    [InlineData(1040, "/pipeline?view=board")]
    [InlineData(390, "/pipeline")]
    public async Task What_a_menu_opens_is_within_the_window(int width, string path)
    {
        await web.Server.Own();
        var page = await web.SignIn(Alice, new Look(width), path);
        var menus = await page.Locator("details.menu").AllAsync();
        Assert.InRange(menus.Count, 8, 20);
        foreach (var menu in menus)
        {
            await menu.Locator("summary").ClickAsync();
            await Expect(menu.Locator(".menu-body")).ToBeVisibleAsync();
            await page.WaitForFunctionAsync("""
                (body) => { const { left, right } = body.getBoundingClientRect(); return left >= 0 && right <= document.documentElement.clientWidth }
                """, await menu.Locator(".menu-body").ElementHandleAsync());
            await page.Keyboard.PressAsync("Escape");
        }

        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_name_without_an_end_leaves_the_others_their_room()
    {
        var name = $"Endless {string.Concat(Enumerable.Repeat("and-so-on-", 24))}".TrimEnd('-');
        await web.Server.Own(change: b => b["name"] = name);
        var page = await web.SignIn(Alice, new Look(1280), "/pipeline?q=Endless");
        var link = page.GetByRole(AriaRole.Link, new() { Name = name });
        await Expect(link).ToHaveAttributeAsync("title", name);
        Assert.InRange(await link.EvaluateAsync<double>("a => a.closest('tr').offsetHeight"), 1, 90);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task The_board_takes_the_whole_of_a_wide_screen()
    {
        await web.Server.Own();
        var page = await web.SignIn(Alice, new Look(2560), "/pipeline?view=board");
        var end = await page.Locator(".board").EvaluateAsync<double>("b => b.getBoundingClientRect().right");
        Assert.InRange(end, 2500, 2560);
        await page.Context.CloseAsync();
    }
}

using System.Globalization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

public sealed class SignInTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task A_person_signs_in_by_one_click_and_out_again()
    {
        var page = await web.SignIn(Alice);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Pipeline");
        await page.Locator("details.menu:has(.avatar) > summary").ClickAsync();
        await Assertions.Expect(page.Locator(".menu-person")).ToContainTextAsync(Alice);

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.WaitUntilAt("**/signed-out");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("You are signed out");

        // Nobody is signed in any more: the issuer asks who it is.
        await page.GotoAsync("/");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = Alice })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task The_first_page_of_a_browser_knows_its_time_zone()
    {
        var deal = await web.Server.Own();
        var page = await web.SignIn(Alice, path: $"/referrals/{deal.Id}");
        // As the browser's clock shows it, in Istanbul.
        var created = DateTimeOffset.Parse(((string?)deal.Json["createdDateTime"])!, CultureInfo.InvariantCulture).ToOffset(TimeSpan.FromHours(3));
        await Assertions.Expect(page.Locator("section[aria-labelledby=record]")).ToContainTextAsync(created.ToString("d MMM yyyy HH:mm", CultureInfo.InvariantCulture));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_stranger_comes_back_to_the_page_that_he_asked_for()
    {
        var deal = await web.Server.Own();
        var page = await web.SignIn(Alice, path: $"/referrals/{deal.Id}");
        Assert.EndsWith($"/referrals/{deal.Id}", page.Url, StringComparison.Ordinal);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Adventure Works");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Whoever_cancels_is_told_so_and_may_try_again()
    {
        var page = await web.Open();
        await page.GotoAsync("/");
        await Assertions.Expect(page.GetByText("Continue to Tandem", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("You are not signed in");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = Alice })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_person_without_a_role_is_told_whom_to_ask()
    {
        var page = await web.SignIn(Eve);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("You have no access to this page");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Ask an account administrator of Contoso Company");
        await Assertions.Expect(page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = "Pipeline" })).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task The_session_cookie_is_small_and_out_of_a_scripts_reach()
    {
        var page = await web.SignIn(Alice);
        var cookie = Assert.Single(await page.Context.CookiesAsync(), c => c.Name == "tandem.session");
        Assert.True(cookie.HttpOnly);
        Assert.Equal(SameSiteAttribute.Lax, cookie.SameSite);
        Assert.True(cookie.Value.Length < 1000, $"{cookie.Value.Length} characters");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task An_access_token_that_has_ended_is_renewed_unnoticed()
    {
        var deal = await web.Server.Own(Bob, b => b["name"] = "Renewal");
        var page = await web.SignIn(Bob);
        var before = await Session(ticket => ticket.Properties.UpdateTokenValue(
            "expires_at", DateTimeOffset.UnixEpoch.ToString("o", CultureInfo.InvariantCulture)));

        await page.GetByRole(AriaRole.Link, new() { Name = "Renewal" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Renewal");

        var after = await Session(_ => true);
        Assert.NotEqual(before.Properties.GetTokenValue("access_token"), after.Properties.GetTokenValue("access_token"));
        Assert.NotEqual(before.Properties.GetTokenValue("refresh_token"), after.Properties.GetTokenValue("refresh_token"));
        Assert.EndsWith(deal.Id, page.Url, StringComparison.Ordinal);
        await page.Context.CloseAsync();

        async Task<AuthenticationTicket> Session(Func<AuthenticationTicket, bool> change)
        {
            var (store, key) = (web.Server.Store(), web.Server.SessionOf(Bob));
            var session = (await store.Read(key, TestContext.Current.CancellationToken))!;
            var ticket = session.Ticket.Clone();
            if (change(ticket))
                Assert.True(await store.Replace(key, session, ticket));
            return session.Ticket;
        }
    }

    [Fact]
    public async Task A_session_that_was_ended_elsewhere_leads_to_the_sign_in_page()
    {
        var page = await web.SignIn(Dan);
        await web.Server.Store().RemoveAsync(web.Server.SessionOf(Dan));
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = Dan })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Signing_in_and_opening_a_referral_need_no_mouse()
    {
        await web.Server.Own(Carol, b => b["name"] = "By keyboard");
        var page = await web.Open();
        await page.GotoAsync("/");
        await Reach(page, Carol);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitUntilReady();

        await page.Keyboard.PressAsync("Tab");
        Assert.Contains("Skip to content", await Focused(page), StringComparison.Ordinal);
        await page.Keyboard.PressAsync("Enter");
        await Reach(page, "By keyboard");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitUntilAt("**/referrals/*");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("By keyboard");
        // Whoever cannot see hears where he is: the heading has the focus.
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeFocusedAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Language_and_theme_are_chosen_and_remembered()
    {
        var page = await web.SignIn(Alice);
        await page.Locator("details.menu:has(.avatar) > summary").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Dark" }).ClickAsync();
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.GetByRole(AriaRole.Link, new() { Name = "Türkçe" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Satış hattı");
        await page.WaitUntilReady();

        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("lang", "tr");
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        // The connected page too, not only the first picture of it.
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Satış hattı");
        await page.Context.CloseAsync();
    }

    private static Task<string> Focused(IPage page) => page.EvaluateAsync<string>("document.activeElement?.textContent ?? ''");

    private static async Task Reach(IPage page, string text)
    {
        const int Most = 60;
        for (var presses = 0; presses < Most; presses++)
        {
            await page.Keyboard.PressAsync("Tab");
            if ((await Focused(page)).Contains(text, StringComparison.Ordinal)
                && await page.EvaluateAsync<bool>("['A', 'BUTTON'].includes(document.activeElement.tagName)"))
                return;
        }

        Assert.Fail($"No Tab leads to '{text}'.");
    }
}

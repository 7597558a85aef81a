using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.SignIn;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Sessions outlive the server, and are the same at every node. A browser's cookies know no port: it may go from one to another.</summary>
public sealed class SessionTests(Browser browser)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_is_signed_in_is_so_after_a_restart()
    {
        var data = Directory.CreateTempSubdirectory("tandem-").FullName;
        IPage page;
        await using (var before = await Start(data: data))
            page = await SignIn(before, Alice);
        await using (var after = await Start(data: data))
        {
            await page.GotoAsync($"{after.Address}/inbox");
            await page.WaitUntilReady();
            await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Inbox");
            await page.Context.CloseAsync();
        }

        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task The_cookie_of_a_session_that_was_signed_out_is_dead_at_every_node()
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        var page = await SignIn(first, Alice);
        var cookies = (await page.Context.CookiesAsync()).Select(c => new Cookie { Name = c.Name, Value = c.Value, Domain = c.Domain, Path = c.Path }).ToList();
        await page.GotoAsync($"{second.Address}/pipeline");
        await page.WaitUntilReady();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Pipeline");

        await page.Locator("details.menu:has(.avatar) > summary").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.WaitUntilAt("**/signed-out");
        // The one at which it was ended, at once; the other one, which has just used it, within its memory.
        await page.Context.AddCookiesAsync(cookies);
        await page.GotoAsync($"{second.Address}/pipeline");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = Alice })).ToBeVisibleAsync();
        var key = Assert.Single(first.Store().Recent.Keys);
        for (var patience = SessionStore.MemoryTime * 5; await first.Store().RetrieveAsync(key) is not null; patience -= TimeSpan.FromMilliseconds(50))
        {
            Assert.True(patience > TimeSpan.Zero, "The other node does not notice.");
            await Task.Delay(50, Cancellation);
        }

        await page.Context.AddCookiesAsync(cookies);
        await page.GotoAsync($"{first.Address}/pipeline");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = Alice })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Nodes_that_need_a_new_token_at_once_renew_it_once()
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        var page = await SignIn(first, Alice);
        // Nothing of the page may ask beside the test.
        await page.Context.CloseAsync();
        var key = first.SessionOf(Alice);
        var before = await Expire(first, key);

        var tokens = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            Task.Run(async () => await Of(i % 2 == 0 ? first : second).AccessToken(key, Cancellation), Cancellation)));

        var after = (await second.Store().Read(key, Cancellation))!;
        Assert.Equal(after.Ticket.Properties.GetTokenValue("access_token"), Assert.Single(tokens.Distinct()));
        Assert.NotEqual(before.Ticket.Properties.GetTokenValue("access_token"), tokens[0]);
        Assert.NotEqual(before.Ticket.Properties.GetTokenValue("refresh_token"), after.Ticket.Properties.GetTokenValue("refresh_token"));
        Assert.Equal(before.Version + 1, after.Version);

        // And so on: what was kept is good for the next time.
        await Expire(second, key);
        Assert.NotEqual(tokens[0], await Of(second).AccessToken(key, Cancellation));
    }

    [Fact]
    public async Task A_node_leaves_the_renewal_to_the_one_that_has_begun_it()
    {
        await using var server = await Start();
        var page = await SignIn(server, Alice);
        await page.Context.CloseAsync();
        var (store, key) = (server.Store(), server.SessionOf(Alice));
        await Expire(server, key);
        var session = (await store.Read(key, Cancellation))!;
        // Another node, as far as this one can see.
        Assert.True(await store.Claim(key, session, TimeSpan.FromMinutes(5)));
        Assert.False(await store.Claim(key, session, TimeSpan.FromMinutes(5)));
        var waiting = Of(server).AccessToken(key, Cancellation).AsTask();

        var renewed = session.Ticket.Clone();
        renewed.Properties.UpdateTokenValue("access_token", "from the other node");
        renewed.Properties.UpdateTokenValue("expires_at", DateTimeOffset.MaxValue.ToString("o", CultureInfo.InvariantCulture));
        Assert.False(waiting.IsCompleted);
        Assert.True(await store.Replace(key, session, renewed));
        Assert.Equal("from the other node", await waiting);

        // One that ended meanwhile is not brought back, and a claim that was given back is free.
        var current = (await store.Read(key, Cancellation))!;
        Assert.True(await store.Claim(key, current, TimeSpan.FromMinutes(5)));
        await store.Release(key, current);
        Assert.True(await store.Claim(key, current, TimeSpan.FromMinutes(5)));
        await store.RemoveAsync(key);
        Assert.False(await store.Replace(key, current, renewed));
        await Assert.ThrowsAsync<SignedOutException>(async () => await Of(server).AccessToken(key, Cancellation));
    }

    [Fact]
    public async Task Using_a_session_makes_it_last_longer_and_brings_no_old_token_back()
    {
        await using var server = await Start();
        var page = await SignIn(server, Alice);
        await page.Context.CloseAsync();
        var (store, key) = (server.Store(), server.SessionOf(Alice));
        var old = (await store.Read(key, Cancellation))!;
        var renewed = old.Ticket.Clone();
        renewed.Properties.UpdateTokenValue("access_token", "newer");
        Assert.True(await store.Replace(key, old, renewed));

        var extended = old.Ticket.Clone();
        extended.Properties.ExpiresUtc = old.Ticket.Properties.ExpiresUtc + TimeSpan.FromHours(3);
        await store.RenewAsync(key, extended);
        var now = (await store.RetrieveAsync(key))!;
        Assert.Equal("newer", now.Properties.GetTokenValue("access_token"));
        Assert.Equal(extended.Properties.ExpiresUtc!.Value.ToUnixTimeMilliseconds(), now.Properties.ExpiresUtc!.Value.ToUnixTimeMilliseconds());

        // What has ended is no session, and goes when the next one comes.
        extended.Properties.ExpiresUtc = DateTimeOffset.UnixEpoch;
        await store.RenewAsync(key, extended);
        Assert.Null(await store.RetrieveAsync(key));
        var other = await SignIn(server, Bob);
        Assert.Equal(1L, Convert.ToInt64(await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM web_sessions"), CultureInfo.InvariantCulture));
        await other.Context.CloseAsync();
    }

    [Fact]
    public async Task The_database_holds_no_token_and_no_key_of_a_session_in_the_clear()
    {
        await using var server = await Start();
        var page = await SignIn(server, Alice);
        var key = server.SessionOf(Alice);
        var content = (byte[])(await TestDatabase.Ask(server.Data, "SELECT content FROM web_sessions"))!;
        var text = Encoding.UTF8.GetString(content);
        Assert.DoesNotContain("access_token", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Alice, text, StringComparison.Ordinal);
        Assert.NotEqual(key, (string?)await TestDatabase.Ask(server.Data, "SELECT id FROM web_sessions"));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task While_the_database_is_away_a_page_says_so_and_afterwards_the_session_goes_on()
    {
        if (!TestDatabase.IsPostgres)
            return;
        await using var postgres = await PrivatePostgres.Start();
        await using var server = await Start(settings: [("ConnectionStrings:Tandem", postgres.Connection), ("Logging:LogLevel:Default", "None")]);
        var page = await SignIn(server, Alice);
        await postgres.Stop("fast");
        for (var patience = SessionStore.MemoryTime * 5; (await page.GotoAsync("/inbox"))!.Status != 503; patience -= TimeSpan.FromMilliseconds(200))
        {
            Assert.True(patience > TimeSpan.Zero, "The page does not notice.");
            await Task.Delay(200, Cancellation);
        }

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("That did not work");
        await postgres.StartAgain();
        await page.GotoAsync("/inbox");
        await page.WaitUntilReady();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Inbox");
        await page.Context.CloseAsync();
    }

    private static Sessions Of(TandemServer server) => server.Services.GetRequiredService<PageServices>().Provider.GetRequiredService<Sessions>();

    /// <summary>Ends the access token; answers the session as it is then.</summary>
    private static async Task<Session> Expire(TandemServer server, string key)
    {
        var session = (await server.Store().Read(key, Cancellation))!;
        var ticket = session.Ticket.Clone();
        ticket.Properties.UpdateTokenValue("expires_at", DateTimeOffset.UnixEpoch.ToString("o", CultureInfo.InvariantCulture));
        Assert.True(await server.Store().Replace(key, session, ticket));
        return (await server.Store().Read(key, Cancellation))!;
    }

    private async Task<IPage> SignIn(TandemServer server, string email)
    {
        var context = await browser.Open(server.Address, new Look());
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Button, new() { Name = email }).ClickAsync();
        await page.WaitUntilReady();
        return page;
    }
}

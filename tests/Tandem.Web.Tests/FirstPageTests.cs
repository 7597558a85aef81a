using Microsoft.Playwright;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>What the first page costs, and what the root says to whom.</summary>
public sealed class FirstPageTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const int MostBytes = 400_000;

    [Fact]
    public async Task The_first_page_is_small_and_compressed()
    {
        var page = await web.Open();
        await page.GotoAsync("/signed-out");
        await page.GotoAsync("/");
        var network = await page.Context.NewCDPSessionAsync(page);
        await network.SendAsync("Network.enable");
        await network.SendAsync("Network.setCacheDisabled", new() { ["cacheDisabled"] = true });
        var bytes = 0L;
        var plain = new List<string>();
        network.Event("Network.loadingFinished").OnEvent += (_, e) =>
            bytes += (long)e!.Value.GetProperty("encodedDataLength").GetDouble();
        page.Response += (_, response) =>
        {
            if (response.Url.EndsWith(".css", StringComparison.Ordinal) || response.Url.EndsWith(".js", StringComparison.Ordinal))
            {
                if (!response.Headers.ContainsKey("content-encoding"))
                    plain.Add(response.Url);
            }
        };

        await page.GetByRole(AriaRole.Button, new() { Name = Alice }).ClickAsync();
        await page.WaitUntilReady();

        Assert.True(bytes is > 50_000 and <= MostBytes, $"{bytes} bytes");
        Assert.Empty(plain);
        TestContext.Current.SendDiagnosticMessage("First page: {0} bytes", bytes);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Nothing_is_loaded_from_elsewhere_and_the_console_stays_empty()
    {
        var page = await web.Open();
        var complaints = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                complaints.Add(message.Text);
        };
        page.PageError += (_, error) => complaints.Add(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(web.Server.Address, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                complaints.Add(request.Url);
        };
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Button, new() { Name = Alice }).ClickAsync();
        await page.WaitUntilReady();
        Assert.Empty(complaints);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_program_at_the_root_is_told_where_things_are()
    {
        var answer = (await web.Server.Get("", "/", ("Accept", "application/json"))).Is(200);
        Assert.Equal("/v1.0/engagements/referrals", (string?)answer.Json["referrals"]);
        foreach (var path in new[] { "openApi", "reference", "metadata", "health" })
            Assert.InRange((await web.Server.Get("", (string)answer.Json[path]!)).Status, 200, 302);
    }

    [Fact]
    public async Task An_unknown_address_is_a_page_to_a_browser_and_an_error_to_a_program()
    {
        var page = (await web.Server.Get("", "/no-such-page", ("Accept", "text/html"))).Is(404);
        Assert.Contains("There is nothing here", page.Text, StringComparison.Ordinal);
        (await web.Server.Get("", "/no-such-page")).Refuses(404);
        (await web.Server.Get("", "/v1.0/no-such", ("Accept", "text/html"))).Refuses(404);
    }
}

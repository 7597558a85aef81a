using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;
using static Tandem.Web.Tests.AdministrationTests;

namespace Tandem.Web.Tests;

public sealed class PausedWebhookTests(Browser browser)
{
    [Fact]
    public async Task A_receiver_that_was_paused_is_told_at_the_bell_and_on_top_until_somebody_resumes_it()
    {
        var cancellation = TestContext.Current.CancellationToken;
        // Five days back, so that it is today when somebody signs in: a browser goes by its own clock.
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddDays(-5.1));
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/", new WebhookAnswer(500));
        var made = (await server.Post(Alice, "/webhooks/v2/subscriptions", new JsonObject { ["url"] = $"{receiver.Address}/" })).Is(201);
        var one = $"/webhooks/v2/subscriptions/{made.Id}";
        await server.Own();
        await receiver.Until(1, cancellation);
        await Until(async () => (await server.Get(Alice, $"{one}/deliveries")).Value is [{ } only] && only["attempts"]!.AsArray().Count == 1);
        clock.Advance(TimeSpan.FromDays(5.1));
        await Until(async () => (string)(await server.Get(Alice, one)).Json["state"]! == "Paused");

        var context = await browser.Open(server.Address, new Look());
        var page = await context.NewPageAsync();
        await page.GotoAsync("/administration/webhooks");
        await page.GetByRole(AriaRole.Button, new() { Name = Alice }).ClickAsync();
        await page.WaitUntilReady();
        var notices = page.Locator(".webhook-notices");
        await Expect(notices).ToContainTextAsync($"{receiver.Address}/ has failed since");
        await page.Locator(".bell > summary").ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "The webhook to 127.0.0.1 was paused after failing for five days" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync($"{receiver.Address}/");
        await Expect(page.Locator(".bell-count")).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "Back to webhooks" }).ClickAsync();
        await notices.GetByRole(AriaRole.Link).ClickAsync();
        await page.Press("Resume");
        await Expect(Said(page)).ToHaveTextAsync("Resumed. What waited is being sent.");
        await page.GetByRole(AriaRole.Link, new() { Name = "Back to webhooks" }).ClickAsync();
        await Expect(page.Locator("tbody")).ToContainTextAsync(receiver.Address);
        await Expect(notices).ToHaveCountAsync(0);
        await context.CloseAsync();

        async Task Until(Func<Task<bool>> reached)
        {
            for (var tries = 0; !await reached(); tries++)
            {
                Assert.True(tries < 600, "The server does not get there.");
                await Task.Delay(50, cancellation);
            }
        }
    }
}

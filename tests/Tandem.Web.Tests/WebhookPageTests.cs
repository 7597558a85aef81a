using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;
using static Tandem.Web.Tests.AdministrationTests;

namespace Tandem.Web.Tests;

/// <summary>Webhooks are set up on a page, and their deliveries looked at and sent again. A server for each test, since all is counted.</summary>
public sealed class WebhookPageTests(Browser browser) : IAsyncLifetime
{
    private const string Subscriptions = "/webhooks/v2/subscriptions";

    private readonly WebFixture _web = new(browser);
    private WebhookReceiver _receiver = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private TandemServer Server => _web.Server;

    public async ValueTask InitializeAsync()
    {
        await _web.InitializeAsync();
        _receiver = await WebhookReceiver.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_webhook_is_made_and_what_it_delivers_is_seen_and_sent_again() // W42
    {
        var page = await _web.SignIn(Alice, path: "/administration/webhooks");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No webhooks yet" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Add the first one" }).ClickAsync();
        await page.Type("Address", $"{_receiver.Address}/crm");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Partner’s referral changed" }).UncheckAsync();
        await page.Press("Add and show the secret");
        var secret = page.Locator(".secret code");
        await Expect(secret).ToContainTextAsync("whsec_");
        var shown = await secret.InnerTextAsync();
        await page.Press("I have kept it");
        await Expect(Title(page)).ToHaveTextAsync($"{_receiver.Address}/crm");
        await Expect(page.GetByText("Nothing was sent yet.")).ToBeVisibleAsync();
        await Expect(page.GetByText(shown)).ToHaveCountAsync(0);
        var made = Assert.Single((await Server.Get(Alice, Subscriptions)).Value);
        Assert.Equal(["referral-created", "referral-updated", "related-referral-created"], made["events"]!.AsArray().Select(e => (string)e!));

        var deal = await Server.Own();
        await _receiver.Until(1, Cancellation);
        var row = page.Locator(".delivery");
        await Seen(page, row, "Delivered");
        await row.Locator("summary").ClickAsync();
        await Expect(row.Locator(".attempts li")).ToContainTextAsync("200");
        await row.GetByRole(AriaRole.Button, new() { Name = "Show what is sent" }).ClickAsync();
        await Expect(row.Locator("pre")).ToContainTextAsync(deal.Id);
        await row.GetByRole(AriaRole.Button, new() { Name = "Send again" }).ClickAsync();
        var calls = await _receiver.Until(2, Cancellation);
        Assert.Equal(calls[0].Headers["webhook-id"], calls[1].Headers["webhook-id"]);
        await Expect(row.Locator(".attempts li")).ToHaveCountAsync(2);

        // The same from the referral, with a way back to the log.
        await page.GotoAsync($"/referrals/{deal.Id}");
        await page.WaitUntilReady();
        var card = page.GetByRole(AriaRole.Region, new() { Name = "Deliveries" });
        await Expect(card).ToContainTextAsync($"Own referral created → {new Uri(_receiver.Address).Authority}");
        await card.GetByRole(AriaRole.Button, new() { Name = "Send again" }).ClickAsync();
        await _receiver.Until(3, Cancellation);
        // What happens now appears by itself.
        (await Server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "Seen")))).Is(204);
        await Expect(card.Locator(".referral-delivery")).ToHaveCountAsync(2);
        await card.GetByRole(AriaRole.Link, new() { Name = "Delivery log of" }).ClickAsync();
        await page.WaitUntilAt($"**/administration/webhooks/{made["id"]}?referral={deal.Id}");
        await Expect(page.Locator(".delivery")).ToHaveCountAsync(2);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_receiver_that_fails_is_seen_with_what_it_said_and_paused_resumed_and_removed()
    {
        _receiver.On("/bad", new WebhookAnswer(500).Saying("Out of order"));
        var made = (await Server.Post(Alice, Subscriptions, new JsonObject { ["url"] = $"{_receiver.Address}/bad" })).Is(201);
        await Server.Own();
        await _receiver.Until(1, Cancellation);
        var page = await _web.SignIn(Alice, path: $"/administration/webhooks/{made.Id}");
        var row = page.Locator(".delivery");
        await Seen(page, row, "last answer 500");
        await row.Locator("summary").ClickAsync();
        await Expect(row.Locator("pre").First).ToHaveTextAsync("Out of order");
        await Expect(row).ToContainTextAsync("Next attempt");
        await page.GotoAsync("/administration/webhooks");
        await Expect(page.Locator("tbody")).ToContainTextAsync("Failing");
        await page.GetByRole(AriaRole.Link, new() { Name = "/bad" }).ClickAsync();
        await page.Locator("#log-state").SelectOptionAsync("Failed");
        await Expect(page.GetByText("Nothing matches this choice.")).ToBeVisibleAsync();
        Assert.EndsWith("state=Failed", page.Url, StringComparison.Ordinal);

        await page.Press("Pause");
        await Expect(page.GetByText("Paused by Alice Archer.")).ToBeVisibleAsync();
        _receiver.On("/bad", WebhookAnswer.Ok);
        await page.Press("Resume");
        await Expect(Said(page)).ToHaveTextAsync("Resumed. What waited is being sent.");
        Assert.Equal("Active", (string)(await Server.Get(Alice, $"{Subscriptions}/{made.Id}")).Json["state"]!);

        await page.Press("New secret");
        await Confirm(page, "Make a new secret?", "New secret");
        var secret = await page.Locator(".secret code").InnerTextAsync();
        Assert.NotEqual((string)made.Json["secret"]!, secret);
        await page.Press("I have kept it");
        await page.Press("Remove");
        await Confirm(page, "Remove this webhook?", "Remove");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No webhooks yet" })).ToBeVisibleAsync();
        Assert.Empty((await Server.Get(Alice, Subscriptions)).Value);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_webhook_is_changed_with_faults_at_their_fields_and_sends_again_since_a_time()
    {
        var made = (await Server.Post(Alice, Subscriptions, new JsonObject { ["url"] = $"{_receiver.Address}/log" })).Is(201);
        await Server.Own();
        await Server.Own();
        await _receiver.Until(2, Cancellation);
        var page = await _web.SignIn(Alice, path: $"/administration/webhooks/{made.Id}");
        await page.Press("Change");
        await page.Type("Address", "nowhere");
        await page.Type("Filter", "details/dealValue above 5");
        await page.Press("Save");
        await Expect(page.Locator("#webhook-url-fault")).ToBeVisibleAsync();
        await Expect(page.Locator("#webhook-filter-fault")).ToBeVisibleAsync();
        await Expect(page.Field("Address")).ToBeFocusedAsync();
        await page.Type("Address", $"{_receiver.Address}/other");
        await page.Type("Filter", "details/dealValue ge 5");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Active" }).CheckAsync();
        await page.Press("Save");
        await Expect(Said(page)).ToHaveTextAsync("Saved.");
        var stored = (await Server.Get(Alice, $"{Subscriptions}/{made.Id}")).Json;
        Assert.Equal(($"{_receiver.Address}/other", "details/dealValue ge 5"), ((string)stored["url"]!, (string)stored["filter"]!));
        Assert.Equal(["Active"], stored["statuses"]!.AsArray().Select(s => (string)s!));

        await page.Press("Send them again");
        await Expect(page.Locator("#since-fault")).ToHaveTextAsync("Enter a day and a time.");
        await page.Type("Since", "2026-01-01T08:00");
        await page.Press("Send them again");
        await Expect(page.Locator(".delivery-log .said")).ToHaveTextAsync("Deliveries being sent again: 2.");
        var calls = await _receiver.Until(4, Cancellation);
        Assert.Equal(2, calls.Count(c => c.Path == "/other"));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Without_webhooks_and_for_those_who_may_not_see_them_a_referral_says_nothing_of_deliveries()
    {
        var deal = await Server.Own(Bob);
        var alice = await _web.SignIn(Alice, path: $"/referrals/{deal.Id}");
        await Expect(alice.GetByRole(AriaRole.Region, new() { Name = "Timeline" })).ToBeVisibleAsync();
        await Expect(alice.Locator("#deliveries-title")).ToHaveCountAsync(0);
        (await Server.Post(Alice, Subscriptions, new JsonObject { ["url"] = $"{_receiver.Address}/quiet" })).Is(201);
        await alice.ReloadAsync();
        await Expect(alice.GetByText("Nothing of this referral was sent")).ToBeVisibleAsync();

        var bob = await _web.SignIn(Bob, path: $"/referrals/{deal.Id}");
        await Expect(bob.GetByRole(AriaRole.Region, new() { Name = "Timeline" })).ToBeVisibleAsync();
        await Expect(bob.Locator("#deliveries-title")).ToHaveCountAsync(0);
        await Expect(bob.Locator(".faults:not(:empty)")).ToHaveCountAsync(0);
        await alice.Context.CloseAsync();
        await bob.Context.CloseAsync();
    }

    // What was sent is logged a moment after the receiver has it; a reader refreshes until it is there.
    private static async Task Seen(IPage page, ILocator row, string text)
    {
        for (var tries = 0; tries < 1000 && !(await row.AllInnerTextsAsync()).Any(t => t.Contains(text, StringComparison.Ordinal)); tries++)
        {
            await page.Press("Refresh");
            await Task.Delay(50, Cancellation);
        }

        await Expect(row).ToContainTextAsync(text);
    }
}

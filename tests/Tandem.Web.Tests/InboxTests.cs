using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Each test has a server of its own, since it counts what waits.</summary>
public sealed class InboxTests(Browser browser) : IAsyncLifetime
{
    private readonly WebFixture _web = new(browser);

    public ValueTask InitializeAsync() => _web.InitializeAsync();

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    [Fact]
    public async Task An_invitation_is_declined_with_a_reason_of_the_list() // B25, B33
    {
        var (_, invited) = await _web.Server.Shared(FabrikamLocation);
        var carol = await _web.SignIn(Carol, path: "/inbox");
        await carol.Press("Decline…");
        await carol.Press("Decline");
        await Assertions.Expect(carol.Locator(".field-fault")).ToHaveTextAsync("Choose a reason: the sender sees it.");
        Assert.Equal("New/Pending", (await _web.Server.Get(Carol, $"{Api}/{invited.Id}")).Pair);

        await carol.Field("Reason").SelectOptionAsync("Not a customer");
        await carol.Press("Decline");
        await Assertions.Expect(carol.GetByRole(AriaRole.Heading, new() { Name = "Nothing waits for you" })).ToBeVisibleAsync();
        var declined = await _web.Server.Get(Carol, $"{Api}/{invited.Id}");
        Assert.Equal("Closed/Declined", declined.Pair);
        Assert.Equal("Not a customer", (string?)declined.Json["statusReason"]);
        await carol.Context.CloseAsync();
    }

    [Fact]
    public async Task Marking_as_received_keeps_it_in_the_inbox()
    {
        var (_, invited) = await _web.Server.Shared(FabrikamLocation);
        var carol = await _web.SignIn(Carol, path: "/inbox");
        await carol.Press("Mark received");
        await Assertions.Expect(carol.Locator(".invitation .status")).ToHaveTextAsync("Received");
        await Assertions.Expect(carol.GetByRole(AriaRole.Button, new() { Name = "Mark received" })).ToHaveCountAsync(0);
        Assert.Equal("New/Received", (await _web.Server.Get(Carol, $"{Api}/{invited.Id}")).Pair);
        await carol.Context.CloseAsync();
    }

    [Fact]
    public async Task What_a_colleague_answered_goes_by_itself_and_comes_by_itself()
    {
        var (_, first) = await _web.Server.Shared(FabrikamLocation);
        var carol = await _web.SignIn(Carol, path: "/inbox");
        await Assertions.Expect(carol.Locator(".invitation")).ToHaveCountAsync(1);
        var (_, second) = await _web.Server.Shared(FabrikamLocation);
        await Assertions.Expect(carol.Locator(".invitation")).ToHaveCountAsync(2);
        await Assertions.Expect(carol.Locator(".badge")).ToContainTextAsync("2 waiting for an answer");
        // Those that expire soon first.
        await Assertions.Expect(carol.Locator(".invitation").First).ToHaveAttributeAsync("id", $"invitation-{first.Id}");
        (await _web.Server.Status(Carol, first.Id, "Active", "Accepted")).Is(200);
        await Assertions.Expect(carol.Locator(".invitation")).ToHaveCountAsync(1);
        await Assertions.Expect(carol.Locator(".invitation")).ToHaveAttributeAsync("id", $"invitation-{second.Id}");
        await carol.Context.CloseAsync();
    }

    [Fact]
    public async Task An_invitation_is_declined_by_keyboard_alone()
    {
        var (_, invited) = await _web.Server.Shared(FabrikamLocation);
        var carol = await _web.SignIn(Carol, path: "/inbox");
        await carol.TabTo("Decline…");
        await carol.Keyboard.PressAsync("Enter");
        await Assertions.Expect(carol.Field("Reason")).ToBeFocusedAsync();
        await carol.TabTo("Cancel");
        await carol.Keyboard.PressAsync("Enter");
        await Assertions.Expect(carol.GetByRole(AriaRole.Button, new() { Name = "Decline…" })).ToBeFocusedAsync();
        await carol.Keyboard.PressAsync("Enter");
        await Assertions.Expect(carol.Field("Reason")).ToBeFocusedAsync();
        await carol.Keyboard.PressAsync("ArrowDown");
        await carol.TabTo("Decline");
        await carol.Keyboard.PressAsync("Enter");
        await Assertions.Expect(carol.GetByRole(AriaRole.Heading, new() { Name = "Nothing waits for you" })).ToBeVisibleAsync();
        await Assertions.Expect(carol.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeFocusedAsync();
        Assert.Equal("Closed/Declined", (await _web.Server.Get(Carol, $"{Api}/{invited.Id}")).Pair);
        await carol.Context.CloseAsync();
    }
}

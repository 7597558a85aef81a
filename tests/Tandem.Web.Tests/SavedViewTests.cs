using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Views of the pipeline that have a name.</summary>
public sealed class SavedViewTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task A_view_is_saved_by_keyboard_shared_found_again_removed_and_brought_back()
    {
        await web.Server.Own(change: b => b["name"] = "Harbour");
        var alice = await web.SignIn(Alice, path: "/pipeline?status=Active&sort=-value");
        await Open(alice, "Views");
        await Expect(alice.Locator("#views")).ToContainTextAsync("No saved views yet");
        await alice.Keyboard.PressAsync("Tab");
        await alice.Keyboard.PressAsync("Enter");
        await alice.GetByRole(AriaRole.Button, new() { Name = "Save view" }).ClickAsync();
        await Expect(alice.Locator("#views .field-fault, #views .fault")).ToContainTextAsync("Give the view a name");
        await alice.GetByLabel("Save this view as").FillAsync("Biggest first");
        await alice.GetByLabel("Share with everybody in my organization").CheckAsync();
        await alice.GetByRole(AriaRole.Button, new() { Name = "Save view" }).PressAsync("Enter");
        await Expect(alice.Locator(".views [role=status]")).ToContainTextAsync("The view Biggest first is saved.");
        await Expect(alice.Locator("#views summary")).ToHaveTextAsync("View: Biggest first");

        // A colleague finds it and sees what he may see.
        var bob = await web.SignIn(Bob, path: "/pipeline");
        await Open(bob, "Views");
        await bob.GetByRole(AriaRole.Link, new() { Name = "Biggest first" }).ClickAsync();
        await bob.WaitUntilAt("**/pipeline?sort=-value&status=Active");
        await Expect(bob.Locator("#views summary")).ToHaveTextAsync("View: Biggest first");
        await Expect(bob.GetByRole(AriaRole.Button, new() { Name = "Remove the view Biggest first" })).ToHaveCountAsync(0);

        if (!await alice.Locator("#views").EvaluateAsync<bool>("d => d.open"))
            await Open(alice, "View: Biggest first");
        await alice.GetByRole(AriaRole.Button, new() { Name = "Remove the view Biggest first" }).ClickAsync();
        await Expect(alice.Locator(".views [role=status]")).ToContainTextAsync("The view Biggest first is removed.");
        await alice.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(alice.Locator("#views summary")).ToHaveTextAsync("View: Biggest first");
    }

    private static Task Open(IPage page, string name) => page.Locator("#views summary", new() { HasText = name }).ClickAsync();
}

using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Each test has a server of its own, since an organization has one set of rules.</summary>
public sealed class RoutingTests(Browser browser) : IAsyncLifetime
{
    private const string Org = $"/admin/organizations/{Contoso}";

    private readonly WebFixture _web = new(browser);

    public async ValueTask InitializeAsync()
    {
        await _web.InitializeAsync();
        await Locations(_web.Server);
    }

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    /// <summary>Locations and some rules of Contoso's; again and again the same.</summary>
    internal static async Task Arrange(TandemServer server)
    {
        await Locations(server);
        foreach (var (solution, country, mpnId) in new[] { ("SOL-34104-EBB", "TR", "4001"), ("SOL-ABC-DEF", null, "4002"), (null, "FR", "4003"), ((string?)null, (string?)null, "4001") })
            await server.Post(Alice, $"{Org}/routing", new JsonObject { ["solutionId"] = solution, ["country"] = country, ["mpnId"] = mpnId });
    }

    [Fact]
    public async Task An_admin_adds_changes_and_removes_a_rule_and_sees_where_a_deal_would_go() // B60, B61
    {
        var page = await _web.SignIn(Alice, path: "/administration/routing");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No rules yet" })).ToBeVisibleAsync();
        await page.Press("Add a rule");
        await Assertions.Expect(page.Locator("#rule-solution")).ToBeFocusedAsync();
        await page.Locator("#rule-solution").SelectOptionAsync("SOL-34104-EBB");
        await page.Locator("#rule-country").SelectOptionAsync("DE");
        await page.Press("Save");
        await Assertions.Expect(page.Locator("#rule-location-fault")).ToHaveTextAsync("Choose the location that gets these deals.");
        await page.Locator("#rule-location").SelectOptionAsync("4001");
        await page.Press("Save");
        await Assertions.Expect(page.Locator(".routing-rules tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator(".said")).ToContainTextAsync("“Contoso Field Service (SOL-34104-EBB), Germany”: deals go to Contoso Ankara (4001)");

        await page.Locator("#try-solution").SelectOptionAsync("SOL-34104-EBB");
        await Assertions.Expect(page.Locator(".routing-answer")).ToContainTextAsync("No rule fits");
        await page.Locator("#try-country").SelectOptionAsync("DE");
        await Assertions.Expect(page.Locator(".routing-answer")).ToContainTextAsync("It goes to Contoso Ankara (4001), by the rule “Contoso Field Service (SOL-34104-EBB), Germany”.");

        // The same pair once more: the server's answer stands at the field.
        await page.Press("Add a rule");
        await page.Locator("#rule-solution").SelectOptionAsync("SOL-34104-EBB");
        await page.Locator("#rule-country").SelectOptionAsync("DE");
        await page.Locator("#rule-location").SelectOptionAsync("4002");
        await page.Press("Save");
        await Assertions.Expect(page.Locator("#rule-solution-fault")).ToContainTextAsync("it leads to 4001");
        await page.Press("Cancel");

        await page.GetByRole(AriaRole.Button, new() { Name = "Change the rule “" }).ClickAsync();
        await page.Locator("#rule-country").SelectOptionAsync("");
        await page.Locator("#rule-location").SelectOptionAsync("4002");
        await page.Press("Save");
        await Assertions.Expect(page.Locator(".routing-rules tbody tr")).ToContainTextAsync("All countries");
        await Assertions.Expect(page.Locator(".routing-answer")).ToContainTextAsync("It goes to Contoso Bursa (4002)");

        await page.GetByRole(AriaRole.Button, new() { Name = "Remove the rule “" }).ClickAsync();
        await page.Locator("dialog").GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No rules yet" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeFocusedAsync();
        Assert.Empty((await _web.Server.Get(Alice, $"{Org}/routing")).Json["rules"]!.AsArray());
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_referrals_user_reads_the_rules_and_changes_none() // B61
    {
        await Arrange(_web.Server);
        var page = await _web.SignIn(Bob, path: "/administration/routing");
        await Assertions.Expect(page.Locator(".routing-rules tbody tr")).ToHaveCountAsync(4);
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Rules are edited by a Referrals admin for all of Contoso Company.");
        await Assertions.Expect(page.Locator("main").GetByRole(AriaRole.Button)).ToHaveCountAsync(0);
        await page.Locator("#try-country").SelectOptionAsync("FR");
        await Assertions.Expect(page.Locator(".routing-answer")).ToContainTextAsync("It goes to Contoso Lyon (4003)");
        await page.Context.CloseAsync();
    }

    private static async Task Locations(TandemServer server)
    {
        foreach (var (id, name, mpnId) in new[] { ("ankara", "Contoso Ankara", "4001"), ("bursa", "Contoso Bursa", "4002"), ("lyon", "Contoso Lyon", "4003") })
            (await server.Send(Alice, HttpMethod.Put, $"{Org}/locations/{id}", $$"""{"name":"{{name}}","mpnId":"{{mpnId}}"}""")).Is(200);
    }
}

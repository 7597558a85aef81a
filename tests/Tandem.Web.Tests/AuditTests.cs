using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Each test has a server of its own, since it reads all that was changed.</summary>
public sealed class AuditTests(Browser browser) : IAsyncLifetime
{
    private const string Org = $"/admin/organizations/{Contoso}";

    private readonly WebFixture _web = new(browser);

    public ValueTask InitializeAsync() => _web.InitializeAsync();

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    [Fact]
    public async Task Changes_are_read_as_sentences_and_the_address_keeps_what_was_chosen()
    {
        var bob = (string)(await _web.Server.Get(Alice, $"{Org}/users")).Value.Single(u => (string?)u["email"] == Bob)["id"]!;
        (await _web.Server.Post(Alice, $"{Org}/users/{bob}/roles", new JsonObject { ["role"] = "Referrals admin", ["mpnId"] = "4711" })).Is(201);
        (await _web.Server.Post(Alice, $"{Org}/users/{bob}/roles", new JsonObject { ["role"] = "Sales agent" })).Is(201);
        (await _web.Server.Send(Sam, HttpMethod.Put, $"{Org}/locations/ankara", """{"name":"Ankara","mpnId":"8"}""")).Is(200);
        (await _web.Server.Send(Sam, HttpMethod.Put, $"{Org}/locations/ankara", """{"name":"Ankara Ofis","mpnId":"9"}""")).Is(200);

        var page = await _web.SignIn(Alice, path: "/administration/audit");
        var sentences = page.Locator(".audit-sentence");
        await Assertions.Expect(sentences).ToHaveTextAsync(
        [
            "Sam Sato changed the location Ankara Ofis",
            "Sam Sato added the location Ankara",
            "Alice Archer gave Bob Baker the role Sales agent for the entire company",
            "Alice Archer gave Bob Baker the role Referrals admin for 4711",
        ]);
        await Assertions.Expect(page.Locator(".audit-values").First).ToContainTextAsync("PartnerID: 8 became 9");

        await page.Locator("#kind").SelectOptionAsync("Role");
        await Assertions.Expect(sentences).ToHaveCountAsync(2);
        Assert.EndsWith("/administration/audit?kind=Role", page.Url, StringComparison.Ordinal);
        await page.Locator("#by").FillAsync("bob");
        await Assertions.Expect(page.Locator("#by-list option")).ToHaveCountAsync(1);
        await page.Locator("#by").BlurAsync();
        await Assertions.Expect(page.Locator("#by")).ToHaveValueAsync(Bob);
        await Assertions.Expect(page).ToHaveURLAsync(new Regex($@"/administration/audit\?by={bob}&kind=Role$"));
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No change fits" })).ToBeVisibleAsync();
        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Assertions.Expect(page.Locator("#by")).ToHaveValueAsync(Bob);
        await page.GoBackAsync();
        await Assertions.Expect(sentences).ToHaveCountAsync(2);
        await Assertions.Expect(page.Locator("#by")).ToHaveValueAsync("");
        await page.Locator("#by").FillAsync("Nobody of that name");
        await page.Locator("#by").BlurAsync();
        await Assertions.Expect(page.Locator("#by-fault")).ToContainTextAsync("Choose from the list");
        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Assertions.Expect(sentences).ToHaveCountAsync(2);
        await page.Locator("#from").FillAsync("2031-01-01");
        await page.Locator("#from").BlurAsync();
        await Assertions.Expect(sentences).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "Clear the filter" }).ClickAsync();
        await Assertions.Expect(sentences).ToHaveCountAsync(4);
        // An operator is a person of another organization, and offered as one of those on the page.
        await page.Locator("#by").FillAsync("Sam Sato");
        await Assertions.Expect(sentences).ToHaveCountAsync(2);
        await Assertions.Expect(sentences.First).ToContainTextAsync("Sam Sato changed");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Older_ones_come_when_asked_for_and_only_an_administrator_reads()
    {
        for (var i = 0; i < 55; i++)
            (await _web.Server.Send(Alice, HttpMethod.Put, $"{Org}/solutions/SOL-{i}", $$"""{"name":"Solution {{i}}"}""")).Is(200);
        var page = await _web.SignIn(Alice, path: "/administration/audit");
        await Assertions.Expect(page.Locator(".audit-sentence")).ToHaveCountAsync(50);
        await page.Press("Show older ones");
        await Assertions.Expect(page.Locator(".audit-sentence")).ToHaveCountAsync(55);
        await Assertions.Expect(page.Locator(".audit-sentence").Last).ToHaveTextAsync("Alice Archer added the solution Solution 0");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Show older ones" })).ToHaveCountAsync(0);
        await page.Context.CloseAsync();

        var bob = await _web.SignIn(Bob, path: "/administration/audit");
        await Assertions.Expect(bob.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("You have no access to this page");
        await bob.Context.CloseAsync();
    }
}

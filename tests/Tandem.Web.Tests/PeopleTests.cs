using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>The people of a large organization; a server of its own, so that no other test's people are among them.</summary>
public sealed class PeopleTests(Browser browser) : IAsyncLifetime
{
    private const int Many = 230;
    private readonly WebFixture _web = new(browser);

    public static TheoryData<int, bool, string> Looks => LookTests.Looks;

    public async ValueTask InitializeAsync()
    {
        await _web.InitializeAsync();
        for (var i = 0; i < Many; i++)
        {
            (await _web.Server.Post(Alice, $"/admin/organizations/{Contoso}/users",
                new JsonObject { ["email"] = $"person{i:000}@contoso.example", ["name"] = $"Person {i:000}" })).Is(201);
        }
    }

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    [Fact]
    public async Task Hundreds_are_paged_through_and_searched_as_one_types_with_all_letters_kept()
    {
        var page = await _web.SignIn(Alice, path: "/administration/people");
        var (rows, said, search) = (page.Locator("tbody tr"), page.Locator("search [role=status]"), page.GetByRole(AriaRole.Searchbox));
        await Expect(said).ToHaveTextAsync($"People: {Many + 3}");
        await Expect(rows).ToHaveCountAsync(100);
        await page.GetByRole(AriaRole.Link, new() { Name = "Next page" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new Regex("after="));
        await Expect(rows.First).ToContainTextAsync("Person 097");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "First page" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Next page" }).ClickAsync();
        await Expect(rows).ToHaveCountAsync(Many + 3 - 200);
        await Expect(rows.Last).ToContainTextAsync("Person 229");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Next page" })).ToHaveCountAsync(0);

        // A search begins on its first page. Typed by hand: pauses between some letters, none lost.
        await search.PressSequentiallyAsync("person 1", new() { Delay = 120 });
        await search.PressSequentiallyAsync("2 contoso", new() { Delay = 20 });
        await Expect(rows).ToHaveCountAsync(13);
        await Expect(said).ToHaveTextAsync("People: 13");
        await Expect(search).ToHaveValueAsync("person 12 contoso");
        await Expect(search).ToBeFocusedAsync();
        await Expect(page).ToHaveURLAsync(new Regex("people\\?q=person%2012%20contoso$"));
        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Expect(search).ToHaveValueAsync("person 12 contoso");
        await Expect(rows).ToHaveCountAsync(13);
        await search.FillAsync("");
        await Expect(said).ToHaveTextAsync($"People: {Many + 3}");
        await Expect(page).ToHaveURLAsync(new Regex("people$"));
        await page.Context.CloseAsync();
    }

    [Theory, MemberData(nameof(Looks))]
    public async Task The_pages_are_accessible_and_fit(int width, bool isDark, string locale)
    {
        var look = new Look(width, isDark, locale);
        var people = (await _web.Server.Get(Alice, $"/admin/organizations/{Contoso}/users?search=person")).Value;
        var page = await _web.SignIn(Alice, look);
        foreach (var (name, path) in new[]
        {
            ("people-many", $"/administration/people?after={people[90]["id"]}"), ("people-found", "/administration/people?q=person+00"),
            ("audit-by", $"/administration/audit?by={people[0]["id"]}"),
        })
        {
            await page.GotoAsync(path);
            await page.WaitUntilReady();
            await LookTests.Check(page, name, look);
        }

        await page.Locator("#by").FillAsync("nobody of that name");
        await page.Locator("#by").BlurAsync();
        await Expect(page.Locator("#by-fault")).ToBeVisibleAsync();
        await LookTests.Check(page, "audit-by-fault", look);
        await page.Context.CloseAsync();
    }
}

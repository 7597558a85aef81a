using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>What an administrator does in an exchange only: passwords, and clients without a person.</summary>
public sealed class ExchangeAdministrationTests(Browser browser) : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("tandem-").FullName;
    private TandemServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        // The emulator's people have passwords, so its data will do for an exchange.
        await (await Start(data: _data)).DisposeAsync();
        _server = await Start(data: _data, settings: [("Tandem:Mode", "Exchange")]);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task An_administrator_adds_a_person_who_signs_in_until_the_password_is_another()
    {
        var alice = await SignIn(Alice, "Passw0rd!", "/administration/people/new");
        await alice.Type("Name", "Zoe Zimmer");
        await alice.Type("E-mail address", "Zoe@Contoso.example");
        await alice.Type("First password", "correct horse");
        await alice.GetByRole(AriaRole.Radio, new() { Name = "Referrals user" }).CheckAsync();
        await alice.Press("Add a person");
        await Expect(AdministrationTests.Title(alice)).ToHaveTextAsync("Zoe Zimmer");
        await Expect(alice.Locator(".plain-rows")).ToContainTextAsync("Referrals user · entire company");

        var zoe = await SignIn("zoe@contoso.example", "correct horse", "/");
        await Expect(AdministrationTests.Title(zoe)).ToHaveTextAsync("Pipeline");

        await alice.Type("New password", "battery staple");
        await alice.Press("Set the password");
        await Expect(AdministrationTests.Said(alice)).ToHaveTextAsync("The password is set.");
        await zoe.GotoAsync("/pipeline");
        await Expect(zoe.GetByLabel("Password")).ToBeVisibleAsync();
        await FillIn(zoe, "zoe@contoso.example", "battery staple");
        await Expect(AdministrationTests.Title(zoe)).ToHaveTextAsync("Pipeline");
        await alice.Context.CloseAsync();
        await zoe.Context.CloseAsync();
    }

    [Fact]
    public async Task A_service_client_gets_tokens_with_the_secret_that_is_shown_once_until_it_is_removed()
    {
        var page = await SignIn(Alice, "Passw0rd!", "/administration/clients");
        await page.Press("Add and show the secret");
        await Expect(page.Locator("#client-name-fault")).ToHaveTextAsync("Enter a name.");
        await Expect(page.Locator("#client-role-fault")).ToHaveTextAsync("Choose a role.");
        await page.Type("Name", "CRM connector");
        await page.Field("Role").SelectOptionAsync("Referrals admin");
        await page.Press("Add and show the secret");
        await Expect(page.Locator("#secret-title")).ToHaveTextAsync("Secret of CRM connector");
        foreach (var theme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = theme });
            await WebFixture.Picture(page, $"client-secret-{theme}");
            await WebFixture.CheckAccessibility(page, $"client-secret-{theme}");
        }

        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await page.Press("Copy");
        await Expect(page.Locator(".secret [role=status]")).ToHaveTextAsync("Copied");
        var secret = await page.EvaluateAsync<string>("navigator.clipboard.readText()");
        Assert.Equal(await page.Locator(".secret code").InnerTextAsync(), secret);
        var id = await page.Locator(".secret-notice dd").First.InnerTextAsync();
        var path = await page.Locator(".secret-notice dd").Last.InnerTextAsync();

        var token = (string)(await Token(path, id, secret))!["access_token"]!;
        (await _server.Get(token, Api)).Is(200);
        await page.Press("I have kept it");
        await Expect(page.Locator(".secret-notice")).ToHaveCountAsync(0);
        await page.ReloadAsync();
        await page.WaitUntilReady();
        await Expect(page.Locator(".plain-rows")).ToContainTextAsync("CRM connector · Referrals admin · entire company");
        await Expect(page.GetByText(secret)).ToHaveCountAsync(0);

        await page.Press("Remove CRM connector");
        await AdministrationTests.Confirm(page, "Remove CRM connector?", "Remove");
        await Expect(AdministrationTests.Said(page)).ToHaveTextAsync("CRM connector is removed.");
        Assert.Null(await Token(path, id, secret));
        await page.Context.CloseAsync();
    }

    private async Task<JsonNode?> Token(string path, string id, string secret)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = id,
            ["client_secret"] = secret,
            ["scope"] = "https://api.partner.microsoft.com/.default",
        });
        using var answer = await _server.Http.PostAsync(new Uri(path, UriKind.Relative), form, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return answer.StatusCode == HttpStatusCode.OK ? JsonNode.Parse(text) : null;
    }

    private async Task<IPage> SignIn(string email, string password, string path)
    {
        var context = await browser.Open(_server.Address, new Look());
        var page = await context.NewPageAsync();
        await page.GotoAsync(path);
        await FillIn(page, email, password);
        return page;
    }

    private static async Task FillIn(IPage page, string email, string password)
    {
        await page.GetByLabel("E-mail address").FillAsync(email);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.WaitUntilReady();
    }
}

using System.Net;
using System.Net.Sockets;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Signing in elsewhere than in the emulator: an exchange with passwords, and another issuer.</summary>
public sealed class ProviderTests(Browser browser)
{
    [Fact]
    public async Task An_exchange_knows_its_own_pages_without_registration_behind_its_public_address()
    {
        var data = Directory.CreateTempSubdirectory("tandem-").FullName;
        // The emulator's people have passwords, so its data will do for an exchange.
        await (await Start(data: data)).DisposeAsync();
        var port = FreePort();
        await using (var server = await Start(data: data, settings:
            [("Tandem:Mode", "Exchange"), ("urls", $"http://127.0.0.1:{port}"), ("Tandem:PublicUrl", $"http://localhost:{port}")]))
        {
            var context = await browser.Open($"http://localhost:{port}", new Look());
            var page = await context.NewPageAsync();
            await page.GotoAsync("/");
            await page.GetByLabel("E-mail address").FillAsync(Alice);
            await page.GetByLabel("Password").FillAsync("Passw0rd!");
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            await page.WaitUntilReady();
            Assert.Equal($"http://localhost:{port}/pipeline", page.Url);

            await page.Locator("details.menu:has(.avatar) > summary").ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
            await page.WaitUntilAt("**/signed-out");
            await context.CloseAsync();

            // Nobody else may pass for the pages.
            var elsewhere = await server.Get("", "/oauth2/v2.0/authorize?client_id=tandem-web&response_type=code&scope=openid"
                + "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&redirect_uri=https%3A%2F%2Fevil.example%2Fsignin-oidc");
            Assert.Equal(400, elsewhere.Status);
        }

        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Another_issuer_signs_people_in()
    {
        var data = Directory.CreateTempSubdirectory("tandem-").FullName;
        using (var issuer = await ServerProcess.Start(data))
        {
            await using var server = await Start(settings: ("Tandem:Identity:Authority", issuer.Address));
            var context = await browser.Open(server.Address, new Look());
            var page = await context.NewPageAsync();
            await page.GotoAsync("/");
            Assert.StartsWith(issuer.Address, page.Url, StringComparison.Ordinal);
            await page.GetByRole(AriaRole.Button, new() { Name = Carol }).ClickAsync();
            await page.WaitUntilReady();
            Assert.StartsWith(server.Address, page.Url, StringComparison.Ordinal);
            await Assertions.Expect(page.Locator(".user-name")).ToHaveTextAsync("Carol Carter");

            // Passwords are that issuer's business; here a person is known by the id there.
            await page.GotoAsync("/administration/people/new");
            await page.WaitUntilReady();
            await Assertions.Expect(page.Field("Object id")).ToBeVisibleAsync();
            await Assertions.Expect(page.Field("First password")).ToHaveCountAsync(0);
            await page.Type("Name", "Ferit Fabrik");
            await page.Type("E-mail address", "ferit@fabrikam.example");
            await page.Type("Object id", "oid-77");
            await page.Press("Add a person");
            await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Ferit Fabrik");
            await Assertions.Expect(page.Field("Object id")).ToHaveValueAsync("oid-77");

            await page.Locator("details.menu:has(.avatar) > summary").ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
            await page.WaitUntilAt($"{server.Address}/signed-out");
            await context.CloseAsync();
        }

        Directory.Delete(data, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

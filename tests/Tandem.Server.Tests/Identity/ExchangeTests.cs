using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Web;
using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using static Tandem.Server.Tests.Identity.IdentityServer;

namespace Tandem.Server.Tests.Identity;

/// <summary>The embedded issuer of an exchange knows its clients.</summary>
public sealed class ExchangeTests : IAsyncLifetime
{
    private static readonly string Verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
    private static readonly string Challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    private readonly Guid _robot = Guid.NewGuid();
    private IdentityServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await Start(new Dictionary<string, string>
        {
            ["Tandem:Mode"] = "Exchange",
            ["Tandem:Identity:PasswordAttemptsPerMinute"] = "6",
            ["Tandem:Identity:Clients:0:Id"] = "crm",
            ["Tandem:Identity:Clients:0:Secret"] = "crm-secret",
            ["Tandem:Identity:Clients:0:RedirectUris:0"] = "https://crm.example/back",
            ["Tandem:Identity:Clients:0:PostLogoutRedirectUris:0"] = "https://crm.example/bye",
            ["Tandem:Identity:Clients:1:Id"] = "cli",
            ["Tandem:Identity:Clients:1:RedirectUris:0"] = "http://127.0.0.1/back",
        });
        await using (var scope = _server.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>()
                .CreateAsync(IssuerClients.Describe(_robot.ToString(), "robot-secret"));
        }

        await _server.Change(db =>
        {
            db.ServiceClients.Add(new ServiceClient
            {
                Id = _robot,
                OrganizationId = Contoso,
                Name = "Nightly import",
                Role = Role.ReferralsUser,
                MpnId = "1234",
                CreatedAt = DateTimeOffset.UnixEpoch,
            });
            return Task.CompletedTask;
        });
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_e_mail_address_is_no_token() =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Ask("alice@contoso.example")).Status);

    [Theory]
    [InlineData("any-client", "", "invalid_client")]
    [InlineData("crm", "", "invalid_client")]
    [InlineData("crm", "&client_secret=wrong", "invalid_client")]
    [InlineData("cli", "&client_secret=crm-secret", "invalid_client")]
    public async Task Only_registered_clients_that_prove_themselves_get_tokens(string client, string proof, string error)
    {
        using var answer = await _server.Post("/common/oauth2/v2.0/token", PasswordForm("alice@contoso.example", client) + proof);

        Assert.InRange((int)answer.StatusCode, 400, 401);
        Assert.Equal(error, (await answer.Json())["error"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("crm", "&client_secret=crm-secret")]
    [InlineData("cli", "")]
    public async Task A_registered_client_signs_people_in(string client, string proof)
    {
        var given = await _server.PostJson("/common/oauth2/v2.0/token", PasswordForm("alice@contoso.example", client) + proof);

        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(given["access_token"]!.GetValue<string>())).Status);
    }

    [Fact]
    public async Task A_service_client_acts_with_its_role()     // R9
    {
        var given = await _server.PostJson("/common/oauth2/v2.0/token",
            $"grant_type=client_credentials&client_id={_robot}&client_secret=robot-secret&scope={Api}/.default");
        var token = given["access_token"]!.GetValue<string>();

        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(token)).Status);
        Assert.True((await _server.CallerOf(token)).Succeeded(out var caller, out _));
        Assert.True(caller.IsApplication);
        Assert.Equal(_robot, caller.UserId);
        Assert.Equal("Nightly import", caller.Name);
        Assert.Equal([new RoleGrant(Role.ReferralsUser, "1234")], caller.Roles);

        await _server.Change(async db => db.ServiceClients.Remove((await db.ServiceClients.FindAsync(_robot))!));
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.Ask(token)).Status);
        await _server.PostJson("/common/oauth2/v2.0/token",
            $"grant_type=client_credentials&client_id={_robot}&client_secret=robot-secret", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_service_client_proves_itself_and_signs_nobody_in()
    {
        using var wrong = await _server.Post("/common/oauth2/token", $"grant_type=client_credentials&client_id={_robot}&client_secret=no");
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);

        var error = await _server.PostJson("/common/oauth2/token",
            PasswordForm("alice@contoso.example", _robot.ToString()) + "&client_secret=robot-secret", HttpStatusCode.BadRequest);
        Assert.Equal("unauthorized_client", error["error"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_client_for_people_is_nobody_by_itself()
    {
        var error = await _server.PostJson("/common/oauth2/v2.0/token",
            "grant_type=client_credentials&client_id=crm&client_secret=crm-secret", HttpStatusCode.BadRequest);

        Assert.Equal("unauthorized_client", error["error"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("crm", "https://crm.example/back", true)]
    [InlineData("crm", "https://crm.example/back/", false)]
    [InlineData("crm", "https://evil.example/back", false)]
    [InlineData("cli", "http://127.0.0.1:49152/back", true)]     // RFC 8252: a native client's port is whatever is free
    [InlineData("cli", "http://127.0.0.1:49152/other", false)]
    [InlineData("cli", "https://127.0.0.1:49152/back", false)]
    [InlineData("cli", "http://localhost:49152/back", false)]
    public async Task Codes_go_to_registered_addresses_only(string client, string redirect, bool accepted)
    {
        using var answer = await _server.Client.Get(Authorize(client, redirect));

        Assert.Equal(accepted ? HttpStatusCode.OK : HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Null(answer.Headers.Location);
    }

    [Fact]
    public async Task The_sign_in_page_offers_nobody_and_takes_nobody_by_one_click()
    {
        using var browser = _server.Browser();
        var page = await browser.Read(Authorize("crm", "https://crm.example/back"));
        Assert.DoesNotContain("alice", page);
        var form = Hidden(page);
        form["account"] = "a11ce000-0000-4000-8000-000000000001";

        using var answer = await browser.Post("/common/oauth2/v2.0/authorize", form);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task A_person_signs_in_by_password_with_code_and_PKCE()
    {
        using var browser = _server.Browser();
        var form = Hidden(await browser.Read(Authorize("cli", "http://127.0.0.1:49152/back")));
        form["email"] = "alice@contoso.example";
        form["secret"] = Password;
        form["answer"] = "continue";
        using var answer = await browser.Post("/common/oauth2/v2.0/authorize", form);
        var code = HttpUtility.ParseQueryString(answer.Headers.Location!.Query)["code"];

        var given = await _server.PostJson("/common/oauth2/v2.0/token",
            $"grant_type=authorization_code&client_id=cli&code={code}&redirect_uri=http://127.0.0.1:49152/back&code_verifier={Verifier}");

        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(given["access_token"]!.GetValue<string>())).Status);
    }

    [Fact]
    public async Task Even_a_version_1_public_client_needs_PKCE()
    {
        using var answer = await _server.Client.Get(
            "/common/oauth2/authorize?client_id=cli&response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%3A4000%2Fback");

        Assert.Equal("invalid_request", HttpUtility.ParseQueryString(answer.Headers.Location!.Query)["error"]);
    }

    [Theory]
    [InlineData("https://crm.example/bye", HttpStatusCode.Redirect)]
    [InlineData("https://evil.example/bye", HttpStatusCode.BadRequest)]
    public async Task Signing_out_leads_to_registered_addresses_only(string address, HttpStatusCode expected)
    {
        using var answer = await _server.Client.Get("/common/oauth2/v2.0/logout?post_logout_redirect_uri=" + Uri.EscapeDataString(address));

        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task Guessing_one_persons_password_is_slow()
    {
        JsonNode? last = null;
        for (var i = 0; i < 8; i++)
        {
            using var answer = await _server.Post("/common/oauth2/v2.0/token",
                $"grant_type=password&client_id=cli&username=dan@fabrikam.example&password=guess{i}");
            last = await answer.Json();
        }

        Assert.Contains("too many attempts", last!["error_description"]!.GetValue<string>());
        await _server.PostJson("/common/oauth2/v2.0/token", PasswordForm("carol@fabrikam.example", "cli"));
    }

    private static string Authorize(string client, string redirect) =>
        $"/common/oauth2/v2.0/authorize?client_id={client}&response_type=code&redirect_uri={Uri.EscapeDataString(redirect)}"
        + $"&code_challenge={Challenge}&code_challenge_method=S256&scope=openid";
}

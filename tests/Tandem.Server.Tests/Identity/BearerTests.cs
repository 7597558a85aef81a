using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Server.Identity;
using static Tandem.Server.Tests.Identity.IdentityServer;

namespace Tandem.Server.Tests.Identity;

/// <summary>From a bearer token to a caller, with the emulator's own tokens.</summary>
public sealed class BearerTests(IssuerTests.Emulator emulator) : IClassFixture<IssuerTests.Emulator>
{
    private readonly IdentityServer _server = emulator.Server;

    [Theory]     // R8
    [InlineData(null, "carries no access token")]
    [InlineData("", "carries no access token")]
    [InlineData("Bearer", "malformed")]
    [InlineData("Bearer   ", "malformed")]
    [InlineData("Basic YTpi", "malformed")]
    [InlineData("Bearer abc", "malformed")]
    [InlineData("Bearer a.b.c", "malformed")]
    [InlineData("Bearer eyJhbGciOiJub25lIn0.e30.", "not issued by this server")]
    [InlineData("Bearer eyJhbGciOiJSUzI1NiJ9.e30.AAAA", "not issued by this server")]
    [InlineData("Bearer nobody@contoso.example", "e-mail")]
    public async Task A_missing_or_malformed_token_is_told_apart_and_never_repeated(string? header, string told)
    {
        var (status, error) = await _server.Ask(null, authorization: header);

        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Equal("unauthenticated", error!["code"]!.GetValue<string>());
        Assert.Contains(told, error["message"]!.GetValue<string>());
        Assert.DoesNotContain("eyJ", error.ToJsonString());
        Assert.DoesNotContain("nobody@", error.ToJsonString());
    }

    [Theory]     // R10, R11
    [InlineData("https://api.partner.microsoft.com", null, true)]
    [InlineData("https://api.partner.microsoft.com/", null, true)]
    [InlineData("https://API.partner.microsoft.com", null, true)]
    [InlineData("https://api.partnercenter.microsoft.com", null, true)]
    [InlineData("4990cffe-04e8-4e8b-808a-1175604b879f", null, true)]
    [InlineData("fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", null, true)]
    [InlineData("https://{host}", null, true)]
    [InlineData("http://{host}/", null, true)]
    [InlineData("https://127.0.0.1", null, true)]
    [InlineData("https://tandem.contoso.example", "tandem.contoso.example", true)]
    [InlineData("https://tandem.contoso.example/", "tandem.contoso.example:8443", true)]
    [InlineData("https://tandem.contoso.example:8443", "tandem.contoso.example:8443", true)]
    [InlineData("https://tandem.contoso.example", null, false)]
    [InlineData("https://tandem.contoso.example.evil.example", "tandem.contoso.example", false)]
    [InlineData("https://tandem.contoso.example:9", "tandem.contoso.example:8443", true)]
    [InlineData("https://tandem.contoso.example:443.evil.example", "tandem.contoso.example", false)]
    [InlineData("https://[::1]", "[::1]:8443", true)]
    [InlineData("https://[::2]", "[::1]:8443", false)]
    [InlineData("https://tandem.contoso.example/path", "tandem.contoso.example", false)]
    [InlineData("https://tandem.contoso.example@evil.example", "tandem.contoso.example", false)]
    [InlineData("https://graph.microsoft.com", null, false)]
    [InlineData("00000003-0000-0000-c000-000000000000", null, false)]
    [InlineData("api://api.partner.microsoft.com", null, false)]
    public async Task A_token_is_good_for_the_documented_audiences_and_the_servers_own_names(string audience, string? host, bool accepted)
    {
        audience = audience.Replace("{host}", _server.Address.Authority, StringComparison.Ordinal);
        var given = await _server.PostJson("/common/oauth2/token", PasswordForm("alice@contoso.example") + "&resource=" + Uri.EscapeDataString(audience));
        var token = given["access_token"]!.GetValue<string>();

        for (var time = 1; time <= 2; time++)     // the second time from the cache
        {
            var (status, error) = await _server.Ask(token, host);
            Assert.Equal(accepted ? HttpStatusCode.NotFound : HttpStatusCode.Unauthorized, status);
            if (!accepted)
            {
                Assert.Contains("wrong audience", error!["message"]!.GetValue<string>());
                Assert.Contains(Api, error["message"]!.GetValue<string>());
            }
        }
    }

    [Fact]
    public async Task A_token_that_was_good_under_one_name_is_checked_again_under_another()     // R10
    {
        var given = await _server.PostJson("/common/oauth2/token", PasswordForm("alice@contoso.example") + "&resource=https://one.example");
        var token = given["access_token"]!.GetValue<string>();

        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(token, "one.example")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Ask(token, "two.example")).Status);
    }

    [Fact]
    public async Task A_changed_or_foreign_signature_is_refused()     // R8
    {
        var token = await _server.Token();
        var parts = token.Split('.');
        var claims = Jwt.Claims(token);
        claims["oid"] = "5a300000-0000-4000-8000-000000000006";
        var signature = parts[2].ToCharArray();
        signature[10] = signature[10] == 'A' ? 'B' : 'A';
        using var key = RSA.Create(2048);
        var kid = Jwt.Header(token)["kid"]!.GetValue<string>();
        var unsigned = Jwt.Encode(new JsonObject { ["alg"] = "none", ["kid"] = kid, ["typ"] = "at+jwt" });

        foreach (var forged in new[]
        {
            $"{parts[0]}.{Jwt.Encode(claims)}.{parts[2]}",
            $"{parts[0]}.{parts[1]}.{new string(signature)}",
            $"{parts[0]}.{parts[1]}.",
            $"{unsigned}.{parts[1]}.",
            $"{unsigned}.{parts[1]}.{parts[2]}",
            Jwt.Signed(key, kid, claims, "at+jwt"),
            Jwt.Signed(key, "another", claims, "at+jwt"),
        })
        {
            var (status, error) = await _server.Ask(forged);
            Assert.Equal(HttpStatusCode.Unauthorized, status);
            Assert.Equal("unauthenticated", error!["code"]!.GetValue<string>());
        }

        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(token)).Status);
    }

    [Fact]
    public async Task An_identity_token_is_no_access_token()
    {
        // Its audience is the client, which here is one of the audiences that are accepted.
        var given = await _server.PostJson("/common/oauth2/token",
            PasswordForm("alice@contoso.example", "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd") + "&scope=openid");

        var (status, error) = await _server.Ask(given["id_token"]!.GetValue<string>());

        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("not an access token", error!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_refresh_token_is_no_access_token()
    {
        var given = await _server.PostJson("/common/oauth2/token", PasswordForm("alice@contoso.example"));

        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Ask(given["refresh_token"]!.GetValue<string>())).Status);
    }

    [Theory]     // R9, B1, B12
    [InlineData("alice@contoso.example", HttpStatusCode.NotFound)]
    [InlineData("BOB@contoso.example", HttpStatusCode.NotFound)]
    [InlineData("eve@contoso.example", HttpStatusCode.Forbidden)]
    public async Task An_e_mail_address_is_a_token_in_the_emulator(string email, HttpStatusCode expected)
    {
        Assert.Equal(expected, (await _server.Ask(email)).Status);
        Assert.Equal(expected, (await _server.Ask(await _server.Token(email))).Status);
    }

    [Fact]
    public async Task A_caller_is_who_the_directory_says()     // B5
    {
        foreach (var token in new[] { "alice@contoso.example", await _server.Token() })
        {
            Assert.True((await _server.CallerOf(token)).Succeeded(out var caller, out _));
            Assert.Equal(Contoso, caller.OrganizationId);
            Assert.Equal("Contoso Company", caller.OrganizationName);
            Assert.Equal(Guid.Parse("a11ce000-0000-4000-8000-000000000001"), caller.UserId);
            Assert.Equal("Alice Archer", caller.Name);
            Assert.Equal(["alice@contoso.example"], caller.Emails);
            Assert.True(caller.IsCompanyAdmin);
            Assert.False(caller.IsApplication);
        }
    }

    [Theory]     // R9, B10
    [InlineData($"/{Contoso}/oauth2/v2.0/token")]
    [InlineData("/contoso.example/oauth2/v2.0/token")]
    [InlineData("/msft/oauth2/token")]
    [InlineData("/common/oauth2/token")]
    public async Task An_application_has_no_role_in_the_emulator(string address)
    {
        var given = await _server.PostJson(address, "grant_type=client_credentials&client_id=robot&client_secret=x");

        var (status, error) = await _server.Ask(given["access_token"]!.GetValue<string>());

        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Equal("accessDenied", error!["code"]!.GetValue<string>());
        Assert.Equal("roleRequired", error["innerError"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task An_application_belongs_to_the_organization_whose_tenant_it_asked()     // W2
    {
        var given = await _server.PostJson("/fabrikam.example/oauth2/token", "grant_type=client_credentials&client_id=robot");

        Assert.True((await _server.CallerOf(given["access_token"]!.GetValue<string>())).Succeeded(out var caller, out _));
        Assert.True(caller.IsApplication);
        Assert.Equal("Fabrikam", caller.OrganizationName);
        Assert.Empty(caller.Roles);
    }

    [Fact]
    public async Task Many_callers_at_once_are_themselves()
    {
        string[] people = ["alice@contoso.example", "bob@contoso.example", "carol@fabrikam.example", "dan@fabrikam.example", "sam@microsoft.example"];
        var tokens = await Task.WhenAll(people.Select(p => _server.Token(p)));

        await Parallel.ForAsync(0, 400, async (i, _) =>
        {
            Assert.True((await _server.CallerOf(tokens[i % people.Length])).Succeeded(out var caller, out var _));
            Assert.Equal(people[i % people.Length], caller.Email);
        });
    }

    [Fact]
    public async Task A_known_token_costs_next_to_nothing()
    {
        var token = await _server.Token();
        var resolver = _server.Services.GetRequiredService<CallerResolver>();
        var context = new DefaultHttpContext { RequestServices = _server.Services };
        context.Request.Headers.Authorization = $"Bearer {token}";
        await resolver.Resolve(context);

        const int Rounds = 10_000;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
        {
            var answer = resolver.Resolve(context);
            Assert.True(answer.IsCompletedSuccessfully);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Rounds, 0, 128);
    }
}

using System.Net;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Tandem.Server.Identity;
using static Tandem.Server.Tests.Identity.IdentityServer;

namespace Tandem.Server.Tests.Identity;

/// <summary>Tokens of OpenID Connect providers that the settings name.</summary>
public sealed class ExternalProviderTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.Parse("2026-03-01T12:00:00Z", null));
    private FakeProvider _provider = null!;
    private IdentityServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _provider = await FakeProvider.Start();
        _server = await Start(new Dictionary<string, string>
        {
            ["Tandem:Mode"] = "Exchange",
            ["Tandem:Identity:Authority"] = _provider.Address,
            ["Tandem:Identity:Audiences:0"] = "api://tandem",
        }, _clock);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task A_token_of_a_second_issuer_process_is_proven_by_its_published_keys()     // R8
    {
        await using var issuer = await IssuerProcess.Start();
        await using var server = await Start(new Dictionary<string, string>
        {
            ["Tandem:Mode"] = "Exchange",
            ["Tandem:Identity:Authority"] = issuer.Address + "/common/v2.0",
        });
        var token = await issuer.Token("alice@contoso.example");

        Assert.Equal(HttpStatusCode.NotFound, (await server.Ask(token)).Status);
        // Its roles claim gave it nothing that the directory does not: eve holds none in either.
        Assert.Equal(HttpStatusCode.Forbidden, (await server.Ask(await issuer.Token("eve@contoso.example"))).Status);
        // The same issuer under another name is another issuer.
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Ask(await issuer.Token("alice@contoso.example", "organizations"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Ask(token[..^4] + "AAAA")).Status);
        // And without the setting it is a stranger.
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Ask(token)).Status);
    }

    [Theory]     // B1
    [InlineData("Referrals admin")]
    [InlineData("Referral Admin")]
    [InlineData("ReferralsUser")]
    public async Task Somebody_whom_only_the_provider_knows_has_the_roles_of_the_token(string role)
    {
        var token = _provider.Token(c => c["roles"] = new JsonArray(role, "Something else"));

        var caller = await CallerOf(token);

        Assert.Equal(Contoso, caller.OrganizationId);
        Assert.Equal(Guid.Parse("11111111-2222-4333-8444-555555555555"), caller.UserId);
        Assert.Equal("Zoe Zimmer", caller.Name);
        Assert.Equal(["zoe@contoso.example"], caller.Emails);
        Assert.Equal([new RoleGrant(RoleNames.Read(role)!.Value, null)], caller.Roles);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(token)).Status);
    }

    [Fact]
    public async Task Somebody_without_a_role_is_known_but_not_admitted() =>     // B12
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.Ask(_provider.Token())).Status);

    [Fact]
    public async Task No_provider_makes_an_operator()
    {
        var caller = await CallerOf(_provider.Token(c => c["roles"] = new JsonArray("Operator", "Account admin")));

        Assert.Equal([new RoleGrant(Role.AccountAdmin, null)], caller.Roles);
    }

    [Fact]
    public async Task A_person_of_the_directory_is_found_by_object_id_or_address_and_roles_add_up()     // B1, B5
    {
        await _server.Change(async db => (await db.Users.SingleAsync(u => u.Email == "bob@contoso.example")).ExternalId = "bobs-id");

        var byId = await CallerOf(_provider.Token(c =>
        {
            c["oid"] = "bobs-id";
            c["upn"] = "Robert@contoso.example";
            c.Remove("preferred_username");
            c["roles"] = new JsonArray("Referrals admin");
        }));
        var byAddress = await CallerOf(_provider.Token(c => c["preferred_username"] = "ALICE@contoso.example"));

        Assert.Equal("Bob Baker", byId.Name);
        Assert.Equal(["bob@contoso.example", "robert@contoso.example"], byId.Emails);
        Assert.True(byId.Has(Role.ReferralsUser) && byId.Has(Role.ReferralsAdmin));
        Assert.Equal("Alice Archer", byAddress.Name);
    }

    [Fact]
    public async Task An_address_that_passed_to_another_person_does_not_make_him_the_first()
    {
        await _server.Change(async db => (await db.Users.SingleAsync(u => u.Email == "bob@contoso.example")).ExternalId = "bobs-id");

        var other = await CallerOf(_provider.Token(c => c["preferred_username"] = "bob@contoso.example"));
        var unverified = await CallerOf(_provider.Token(c =>
        {
            c["email"] = "alice@contoso.example";
            c["email_verified"] = false;
        }));

        Assert.Equal("Zoe Zimmer", other.Name);
        Assert.Equal("Zoe Zimmer", unverified.Name);
    }

    [Fact]
    public async Task A_disabled_person_is_not_let_in_by_the_provider()
    {
        await _server.Change(async db => (await db.Users.SingleAsync(u => u.Email == "alice@contoso.example")).IsEnabled = false);

        Assert.Equal(HttpStatusCode.Unauthorized,
            (await _server.Ask(_provider.Token(c => c["preferred_username"] = "alice@contoso.example"))).Status);
    }

    [Fact]
    public async Task A_person_of_another_organization_is_not_found_by_address()
    {
        var caller = await CallerOf(_provider.Token(c => c["preferred_username"] = "carol@fabrikam.example"));

        Assert.Equal(Contoso, caller.OrganizationId);
        Assert.Empty(caller.Roles);
    }

    [Fact]
    public async Task An_unknown_tenant_belongs_to_nobody()
    {
        var (status, error) = await _server.Ask(_provider.Token(c => c["tid"] = Guid.NewGuid().ToString()));

        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Equal("accessDenied", error!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_provider_that_is_bound_to_an_organization_speaks_for_no_other()
    {
        await using var second = await FakeProvider.Start();
        await using var server = await Start(new Dictionary<string, string>
        {
            ["Tandem:Mode"] = "Exchange",
            ["Tandem:Identity:Authority"] = _provider.Address,
            ["Tandem:Identity:Providers:0:Authority"] = second.Address,
            ["Tandem:Identity:Providers:0:Organization"] = "msft",
        }, _clock);

        var claimsContoso = await server.CallerOf(second.Token());
        var withoutTenant = await server.CallerOf(second.Token(c => c.Remove("tid")));

        Assert.Equal("msft", claimsContoso.Value!.OrganizationId);
        Assert.Equal("msft", withoutTenant.Value!.OrganizationId);
        Assert.Equal(Contoso, (await server.CallerOf(_provider.Token())).Value!.OrganizationId);
        // One provider's key does not sign for the other.
        Assert.Equal(401, (await server.CallerOf(second.Token(c => c["iss"] = _provider.Address))).Refusal!.Status);
    }

    [Fact]
    public async Task Entra_IDs_issuer_is_a_template()
    {
        await using var entra = await FakeProvider.Start("https://login.example/{tenantid}/v2.0");
        await using var server = await Start(new Dictionary<string, string>
        {
            ["Tandem:Mode"] = "Exchange",
            ["Tandem:Identity:Authority"] = entra.Address,
            ["Tandem:Identity:Issuers:0"] = "https://sts.example/{tenantid}/",
        }, _clock);

        foreach (var (issuer, status) in new[]
        {
            ($"https://login.example/{Contoso}/v2.0", HttpStatusCode.Forbidden), ($"https://sts.example/{Contoso}/", HttpStatusCode.Forbidden),
            ("https://login.example/2f0c1c4e-6a38-4f5e-9d0b-0f6a3f3b7a11/v2.0", HttpStatusCode.Unauthorized),
            ("https://login.example/{tenantid}/v2.0", HttpStatusCode.Unauthorized),
        })
        {
            Assert.Equal(status, (await server.Ask(entra.Token(c => c["iss"] = issuer))).Status);
        }
    }

    [Theory]     // R8, R10
    [InlineData("aud", "https://graph.microsoft.com", "wrong audience")]
    [InlineData("aud", "https://{host}.evil.example", "wrong audience")]
    [InlineData("iss", "https://elsewhere.example", "issuer")]
    [InlineData("exp", 1, "expired")]
    [InlineData("exp", null, "expired")]
    [InlineData("nbf", 4_000_000_000, "not valid yet")]
    public async Task What_is_wrong_is_told(string claim, object? value, string told)
    {
        var (status, error) = await _server.Ask(_provider.Token(c =>
        {
            c["exp"] = 4_100_000_000;
            c.Remove(claim);
            if (value is not null)
                c[claim] = value is string text ? text.Replace("{host}", _server.Address.Authority, StringComparison.Ordinal) : Convert.ToInt64(value, null);
        }));

        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains(told, error!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_configured_audience_is_accepted() =>     // R10
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.Ask(_provider.Token(c => c["aud"] = new JsonArray("other", "api://tandem")))).Status);

    [Fact]
    public async Task A_logout_token_is_no_access_token() =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Ask(_provider.Token(type: "logout+jwt"))).Status);

    [Fact]
    public async Task A_company_that_says_its_address_takes_no_other_from_the_Host_header()     // R10
    {
        await using var server = await Start(new Dictionary<string, string>
        {
            ["Tandem:Mode"] = "Exchange",
            ["Tandem:PublicUrl"] = "https://deals.contoso.example/",
            ["Tandem:Identity:Authority"] = _provider.Address,
        }, _clock);
        var stolen = _provider.Token(c => c["aud"] = "https://mail.contoso.example");

        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Ask(stolen, "mail.contoso.example")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await server.Ask(_provider.Token(c => c["aud"] = "https://deals.contoso.example"))).Status);
    }

    [Fact]
    public async Task A_new_key_of_the_provider_is_fetched()
    {
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.Ask(_provider.Token())).Status);
        _provider.ChangeKey();
        var token = _provider.Token();

        var status = HttpStatusCode.Unauthorized;
        for (var attempt = 0; attempt < 20 && status == HttpStatusCode.Unauthorized; attempt++)
        {
            (status, _) = await _server.Ask(token);
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Equal(HttpStatusCode.Forbidden, status);
    }

    [Fact]
    public async Task A_provider_that_does_not_answer_is_not_the_callers_fault()
    {
        await using var server = await Start(new Dictionary<string, string>
        {
            ["Tandem:Mode"] = "Exchange",
            ["Tandem:Identity:Authority"] = "http://127.0.0.1:9",
        }, _clock);

        using var answer = await server.Call(_provider.Token());

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task An_application_of_the_provider_has_no_role() =>     // R9, B10
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.Ask(_provider.Token(c =>
        {
            c["idtyp"] = "app";
            c["appid"] = "robot";
            c["roles"] = new JsonArray("Referrals admin");
            c.Remove("preferred_username");
        }))).Status);

    private async Task<Caller> CallerOf(string token)
    {
        var outcome = await _server.CallerOf(token);
        Assert.True(outcome.Succeeded(out var caller, out var refusal), refusal?.Message);
        return caller;
    }
}

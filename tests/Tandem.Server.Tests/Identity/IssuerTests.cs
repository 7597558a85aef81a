using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Web;
using static Tandem.Server.Tests.Identity.IdentityServer;

namespace Tandem.Server.Tests.Identity;

/// <summary>The embedded issuer: every grant, at every address that clients know.</summary>
public sealed class IssuerTests(IssuerTests.Emulator emulator) : IClassFixture<IssuerTests.Emulator>
{
    private const string Redirect = "https://client.example/back";

    private readonly IdentityServer _server = emulator.Server;

    public static TheoryData<string> Tenants => [$"/{Contoso}", "/msft", "/contoso.example", "/common", "/organizations", "/consumers", ""];

    [Theory, MemberData(nameof(Tenants))]
    public async Task Every_tenant_has_every_address(string tenant)     // R10
    {
        var v2 = await _server.PostJson($"{tenant}/oauth2/v2.0/token", PasswordForm("alice@contoso.example") + $"&scope={Api}/.default offline_access openid");
        var v1 = await _server.PostJson($"{tenant}/oauth2/token", PasswordForm("alice@contoso.example") + $"&resource={Api}&scope=openid");

        foreach (var answer in new[] { v1, v2 })
        {
            Assert.Equal("Bearer", answer["token_type"]!.GetValue<string>());
            Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(answer["access_token"]!.GetValue<string>())).Status);
            Assert.NotNull(answer["refresh_token"]);
            Assert.NotNull(answer["id_token"]);
        }

        foreach (var address in new[] { "oauth2/v2.0/authorize", "oauth2/authorize", "oauth2/v2.0/logout", "oauth2/logout", "devicelogin", "oauth2/deviceauth" })
            Assert.Contains("<main>", await (await _server.Client.Get($"{tenant}/{address}")).Text());
        foreach (var address in new[] { "oauth2/v2.0/devicecode", "oauth2/devicecode" })
            Assert.NotNull((await _server.PostJson($"{tenant}/{address}", "client_id=x"))["user_code"]);
        foreach (var address in new[] { "discovery/v2.0/keys", "discovery/keys" })
            Assert.Single(JsonNode.Parse(await _server.Client.Read($"{tenant}/{address}"))!["keys"]!.AsArray());
    }

    [Theory]
    [InlineData("/common/v2.0", "/common/v2.0", "/common/oauth2/v2.0/token")]
    [InlineData("/common", "/common/", "/common/oauth2/token")]
    [InlineData("", "/", "/oauth2/v2.0/token")]
    public async Task A_description_names_the_issuer_of_the_tokens_that_its_endpoints_give(string description, string issuer, string token)
    {
        var read = JsonNode.Parse(await _server.Client.Read($"{description}/.well-known/openid-configuration"))!;
        var root = _server.Address.ToString().TrimEnd('/');

        Assert.Equal(root + issuer, read["issuer"]!.GetValue<string>());
        Assert.Equal(root + token, read["token_endpoint"]!.GetValue<string>());
        var given = await _server.PostJson(token, PasswordForm("alice@contoso.example") + "&scope=openid");
        Assert.Equal(root + issuer, Jwt.Claims(given["access_token"]!.GetValue<string>())["iss"]!.GetValue<string>());
        Assert.Equal(root + issuer, Jwt.Claims(given["id_token"]!.GetValue<string>())["iss"]!.GetValue<string>());
        var keys = JsonNode.Parse(await _server.Client.Read(read["jwks_uri"]!.GetValue<string>()))!["keys"]!.AsArray();
        Assert.Equal(keys[0]!["kid"]!.GetValue<string>(), Jwt.Header(given["access_token"]!.GetValue<string>())["kid"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_token_says_what_Entra_IDs_say()
    {
        var token = await _server.Token(tenant: Contoso);

        var claims = Jwt.Claims(token);
        Assert.Equal("RS256", Jwt.Header(token)["alg"]!.GetValue<string>());
        Assert.Equal(Api, claims["aud"]!.GetValue<string>());
        Assert.Equal("a11ce000-0000-4000-8000-000000000001", claims["oid"]!.GetValue<string>());
        Assert.Equal(Contoso, claims["tid"]!.GetValue<string>());
        foreach (var address in new[] { "upn", "email", "preferred_username" })
            Assert.Equal("alice@contoso.example", claims[address]!.GetValue<string>());
        Assert.Equal("Alice Archer", claims["name"]!.GetValue<string>());
        Assert.Equal("any-client", claims["appid"]!.GetValue<string>());
        Assert.Equal("any-client", claims["azp"]!.GetValue<string>());
        Assert.Equal("user_impersonation", claims["scp"]!.GetValue<string>());
        Assert.Equal("2.0", claims["ver"]!.GetValue<string>());
        Assert.Equal(3600, claims["exp"]!.GetValue<long>() - claims["iat"]!.GetValue<long>());
        Assert.Equal(claims["iat"]!.GetValue<long>(), claims["nbf"]!.GetValue<long>());
    }

    [Fact]
    public async Task Version_1_writes_numbers_as_texts()
    {
        var answer = await _server.PostJson("/common/oauth2/token", PasswordForm("alice@contoso.example") + $"&resource={Api}&scope=openid");

        foreach (var number in new[] { "expires_in", "ext_expires_in", "expires_on", "not_before" })
        {
            Assert.Equal(JsonValueKind.String, answer[number]!.GetValueKind());
            Assert.True(long.TryParse(answer[number]!.GetValue<string>(), out _));
        }

        Assert.Equal(Api, answer["resource"]!.GetValue<string>());
        var claims = Jwt.Claims(answer["access_token"]!.GetValue<string>());
        Assert.Equal(answer["expires_on"]!.GetValue<string>(), claims["exp"]!.ToString());
        Assert.Equal("1.0", claims["ver"]!.GetValue<string>());
    }

    [Fact]
    public async Task Version_2_writes_numbers_as_numbers()
    {
        var answer = await _server.PostJson("/common/oauth2/v2.0/token", PasswordForm("alice@contoso.example") + $"&scope={Api}/.default");

        Assert.InRange(answer["expires_in"]!.GetValue<int>(), 3590, 3600);
        Assert.InRange(answer["ext_expires_in"]!.GetValue<int>(), 3590, 3600);
        Assert.Null(answer["resource"]);
        Assert.Null(answer["refresh_token"]);
        Assert.Contains($"{Api}/user_impersonation", answer["scope"]!.GetValue<string>());
    }

    [Theory]     // R10, R11
    [InlineData("oauth2/v2.0/token", "scope=https://api.partnercenter.microsoft.com/.default", "https://api.partnercenter.microsoft.com")]
    [InlineData("oauth2/v2.0/token", "scope=openid https://api.partner.microsoft.com/user_impersonation", Api)]
    [InlineData("oauth2/v2.0/token", "scope=fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd/.default", "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd")]
    [InlineData("oauth2/v2.0/token", "scope=api://other/.default", "api://other")]
    [InlineData("oauth2/v2.0/token", "scope=https://graph.windows.net//.default", "https://graph.windows.net/")]
    [InlineData("oauth2/v2.0/token", "scope=openid", Api)]
    [InlineData("oauth2/v2.0/token", "scope=user_impersonation", Api)]
    [InlineData("oauth2/v2.0/token", "", Api)]
    [InlineData("oauth2/token", "scope=openid", Api)]
    [InlineData("oauth2/token", "resource=https://localhost:5080", "https://localhost:5080")]
    [InlineData("oauth2/token", "resource=fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd")]
    public async Task Scope_or_resource_decides_the_audience(string address, string asked, string audience)
    {
        var answer = await _server.PostJson($"/common/{address}", PasswordForm("alice@contoso.example") + "&" + asked);

        Assert.Equal(audience, Jwt.Claims(answer["access_token"]!.GetValue<string>())["aud"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("client_secret=whatever")]
    [InlineData("client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=e30.e30.e30")]
    [InlineData("")]
    public async Task The_emulator_takes_any_client_with_any_or_no_secret(string proof) =>
        await _server.PostJson("/common/oauth2/v2.0/token", PasswordForm("alice@contoso.example", Guid.NewGuid().ToString()) + "&" + proof);

    [Fact]
    public async Task A_client_may_name_itself_in_a_Basic_header()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/{Contoso}/oauth2/v2.0/token");
        request.Headers.Add("Authorization", "Basic " + Convert.ToBase64String("my%20client:any"u8));
        request.Content = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("scope", Api + "/.default")]);
        using var answer = await _server.Client.Send(request);

        var given = JsonNode.Parse(await answer.Text())!;
        Assert.Equal("my client", Jwt.Claims(given["access_token"]!.GetValue<string>())["appid"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("alice@contoso.example", "wrong")]
    [InlineData("nobody@contoso.example", Password)]
    public async Task A_wrong_password_and_an_unknown_person_look_the_same(string email, string password)
    {
        var error = await _server.PostJson("/common/oauth2/v2.0/token",
            $"grant_type=password&client_id=x&username={email}&password={password}", HttpStatusCode.BadRequest);

        Assert.Equal("invalid_grant", error["error"]!.GetValue<string>());
        Assert.Equal("The e-mail address or the password is wrong.", error["error_description"]!.GetValue<string>());
    }

    [Fact]
    public async Task An_application_token_names_no_person()
    {
        var answer = await _server.PostJson($"/{Contoso}/oauth2/v2.0/token",
            $"grant_type=client_credentials&client_id=robot&client_secret=x&scope={Api}/.default");

        var claims = Jwt.Claims(answer["access_token"]!.GetValue<string>());
        Assert.Equal("app", claims["idtyp"]!.GetValue<string>());
        Assert.Equal("robot", claims["appid"]!.GetValue<string>());
        Assert.Equal(Contoso, claims["tid"]!.GetValue<string>());
        Assert.Empty(claims["roles"]!.AsArray());
        foreach (var absent in new[] { "upn", "email", "preferred_username", "scp", "name" })
            Assert.Null(claims[absent]);
        Assert.Null(answer["refresh_token"]);
    }

    [Fact]
    public async Task A_code_is_given_to_the_person_who_signs_in_and_turned_in_with_its_verifier()
    {
        var verifier = Verifier();
        using var browser = _server.Browser();
        var (code, state) = await Authorize(browser, "/common/oauth2/v2.0/authorize", verifier, page =>
        {
            page["email"] = "carol@fabrikam.example";
            page["secret"] = Password;
            page["answer"] = "continue";
        });

        Assert.Equal("abc", state);
        var answer = await TurnIn(code, verifier);
        Assert.Equal("carol@fabrikam.example", Jwt.Claims(answer["access_token"]!.GetValue<string>())["upn"]!.GetValue<string>());
        Assert.Equal("n-1", Jwt.Claims(answer["id_token"]!.GetValue<string>())["nonce"]!.GetValue<string>());
        Assert.NotNull(answer["refresh_token"]);

        var again = await TurnIn(code, verifier, HttpStatusCode.BadRequest);
        Assert.Equal("invalid_grant", again["error"]!.GetValue<string>());
    }

    [Fact]
    public async Task One_click_signs_in_a_user_of_the_emulator()
    {
        var verifier = Verifier();
        using var browser = _server.Browser();
        var (code, _) = await Authorize(browser, "/common/oauth2/v2.0/authorize", verifier, page =>
            page["account"] = "b0b00000-0000-4000-8000-000000000002");

        var answer = await TurnIn(code, verifier);
        Assert.Equal("bob@contoso.example", Jwt.Claims(answer["access_token"]!.GetValue<string>())["upn"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_wrong_verifier_is_refused()
    {
        using var browser = _server.Browser();
        var (code, _) = await Authorize(browser, "/common/oauth2/v2.0/authorize", Verifier(), SignInAsAlice);

        var error = await TurnIn(code, Verifier(), HttpStatusCode.BadRequest);

        Assert.Equal("invalid_grant", error["error"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_code_without_its_verifier_is_refused()
    {
        using var browser = _server.Browser();
        var (code, _) = await Authorize(browser, "/common/oauth2/v2.0/authorize", Verifier(), SignInAsAlice);

        await _server.PostJson("/common/oauth2/v2.0/token",
            $"grant_type=authorization_code&client_id=web&code={code}&redirect_uri={Uri.EscapeDataString(Redirect)}", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_plain_challenge_proves_nothing()
    {
        using var answer = await _server.Client.Get($"/common/oauth2/v2.0/authorize?client_id=web&response_type=code"
            + $"&redirect_uri={Uri.EscapeDataString(Redirect)}&code_challenge={Verifier()}&code_challenge_method=plain");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("code_challenge_method", await answer.Text());
    }

    [Fact]
    public async Task PKCE_is_required()
    {
        using var answer = await _server.Client.Get(
            $"/common/oauth2/v2.0/authorize?client_id=web&response_type=code&redirect_uri={Uri.EscapeDataString(Redirect)}&state=s");

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        var query = HttpUtility.ParseQueryString(answer.Headers.Location!.Query);
        Assert.Equal("invalid_request", query["error"]);
        Assert.Equal("s", query["state"]);
    }

    [Fact]
    public async Task A_version_1_client_is_older_than_PKCE()
    {
        using var browser = _server.Browser();
        var page = await browser.Read(
            $"/common/oauth2/authorize?client_id=web&response_type=code&redirect_uri={Uri.EscapeDataString(Redirect)}&resource=api%3A%2F%2Ffirst");
        var form = Hidden(page);
        SignInAsAlice(form);
        using var signedIn = await browser.Post("/common/oauth2/authorize", form);
        var code = HttpUtility.ParseQueryString(signedIn.Headers.Location!.Query)["code"];

        var answer = await _server.PostJson("/common/oauth2/token",
            $"grant_type=authorization_code&client_id=web&client_secret=s&code={code}&redirect_uri={Uri.EscapeDataString(Redirect)}");

        Assert.Equal("api://first", answer["resource"]!.GetValue<string>());
        Assert.NotNull(answer["refresh_token"]);
    }

    [Fact]
    public async Task A_page_without_its_own_token_signs_nobody_in()
    {
        using var browser = _server.Browser();
        var page = await browser.Read(AuthorizeAddress("/common/oauth2/v2.0/authorize", Verifier()));
        var form = Hidden(page);
        SignInAsAlice(form);

        // Another site can make a browser post this form, but it has neither the cookie nor the field.
        using var elsewhere = _server.Browser();
        using var forged = await elsewhere.Post("/common/oauth2/v2.0/authorize", form);
        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        form.Remove("__RequestVerificationToken");
        using var bare = await browser.Post("/common/oauth2/v2.0/authorize", form);
        Assert.Equal(HttpStatusCode.BadRequest, bare.StatusCode);
    }

    [Fact]
    public async Task Pages_run_no_script_and_write_what_they_are_told_as_text()
    {
        using var answer = await _server.Client.Get(
            AuthorizeAddress("/common/oauth2/v2.0/authorize", Verifier()).Replace("client_id=web", "client_id=" + Uri.EscapeDataString("<script>alert(1)</script>\""), StringComparison.Ordinal));
        var html = await answer.Text();

        Assert.DoesNotContain("<script", html);
        Assert.Contains("alice@contoso.example", html);
        Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task Cancelling_and_prompt_none_are_answered_to_the_client()
    {
        using var browser = _server.Browser();
        var form = Hidden(await browser.Read(AuthorizeAddress("/common/oauth2/v2.0/authorize", Verifier())));
        form["answer"] = "cancel";
        using var cancelled = await browser.Post("/common/oauth2/v2.0/authorize", form);
        Assert.Equal("access_denied", HttpUtility.ParseQueryString(cancelled.Headers.Location!.Query)["error"]);

        using var silent = await browser.Get(AuthorizeAddress("/common/oauth2/v2.0/authorize", Verifier()) + "&prompt=none");
        Assert.Equal("login_required", HttpUtility.ParseQueryString(silent.Headers.Location!.Query)["error"]);
    }

    [Theory]
    [InlineData("oauth2/v2.0", "urn:ietf:params:oauth:grant-type:device_code", "device_code")]
    [InlineData("oauth2/v2.0", "device_code", "device_code")]
    [InlineData("oauth2", "device_code", "code")]
    public async Task A_device_waits_until_its_person_has_signed_in(string version, string grant, string parameter)
    {
        var device = await _server.PostJson($"/common/{version}/devicecode", $"client_id=tv&scope={Api}/.default offline_access");
        var poll = $"grant_type={Uri.EscapeDataString(grant)}&client_id=tv&{parameter}={device["device_code"]}";
        var waiting = await _server.PostJson($"/common/{version}/token", poll, HttpStatusCode.BadRequest);
        Assert.Equal("authorization_pending", waiting["error"]!.GetValue<string>());
        Assert.Contains(device["user_code"]!.GetValue<string>(), device["message"]!.GetValue<string>());

        using var browser = _server.Browser();
        var address = (device["verification_url"] ?? device["verification_uri"])!.GetValue<string>() + "?user_code=" + device["user_code"];
        var page = await browser.Read(address);
        Assert.Contains("tv on another device", page);
        var form = Hidden(page);
        form["email"] = "dan@fabrikam.example";
        form["secret"] = Password;
        form["answer"] = "continue";
        using var done = await browser.Post(address, form);
        Assert.Contains("You are signed in", await done.Text());

        var answer = await _server.PostJson($"/common/{version}/token", poll);
        Assert.Equal("dan@fabrikam.example", Jwt.Claims(answer["access_token"]!.GetValue<string>())["upn"]!.GetValue<string>());
        Assert.NotNull(answer["refresh_token"]);
        var again = await _server.PostJson($"/common/{version}/token", poll, HttpStatusCode.BadRequest);
        Assert.Equal("invalid_grant", again["error"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_declined_device_is_told()
    {
        var device = await _server.PostJson("/common/oauth2/v2.0/devicecode", "client_id=tv");
        using var browser = _server.Browser();
        var address = "/common/devicelogin?user_code=" + device["user_code"];
        var form = Hidden(await browser.Read(address));
        form["answer"] = "cancel";
        using var done = await browser.Post(address, form);
        Assert.Contains("Declined", await done.Text());

        var error = await _server.PostJson("/common/oauth2/v2.0/token",
            $"grant_type=device_code&client_id=tv&device_code={device["device_code"]}", HttpStatusCode.BadRequest);
        Assert.Equal("access_denied", error["error"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("tr,en;q=0.5", "", "", "tr", "Oturum aç", "Ya da şu kişi olarak devam edin")]
    [InlineData("de-AT,de;q=0.9,tr-TR;q=0.8", "", "", "tr", "Oturum aç", "Parola")]
    [InlineData("tr", "&ui_locales=fr%20en-GB", "", "en", "Sign in", "Or continue as")]
    [InlineData("en", "&ui_locales=fr", "c=tr|uic=tr", "tr", "Oturum aç", "rol yok")]
    [InlineData("de", "", "nonsense", "en", "Sign in", "no role")]
    public async Task Pages_speak_the_persons_language(
        string accepted, string asked, string cookie, string language, string heading, string other) // OpenID Connect Core 3.1.2.1
    {
        using var http = new HttpClient { BaseAddress = _server.Address };
        using var request = new HttpRequestMessage(
            HttpMethod.Get, AuthorizeAddress("/common/oauth2/v2.0/authorize", Verifier()) + asked);
        request.Headers.TryAddWithoutValidation("Accept-Language", accepted);
        request.Headers.TryAddWithoutValidation("Cookie", $".AspNetCore.Culture={Uri.EscapeDataString(cookie)}");
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var html = WebUtility.HtmlDecode(await answer.Text());

        Assert.Contains($"<html lang=\"{language}\">", html);
        Assert.Contains($"<h1>{heading}</h1>", html);
        Assert.Contains(other, html);
    }

    [Fact]
    public async Task An_unknown_device_code_is_told_on_the_page()
    {
        using var answer = await _server.Client.Get("/common/devicelogin?user_code=000000000000");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("not known", await answer.Text());
    }

    [Fact]
    public async Task A_refresh_token_is_good_once_and_for_any_service()
    {
        var first = await _server.PostJson("/common/oauth2/v2.0/token", PasswordForm("alice@contoso.example") + $"&scope={Api}/.default offline_access");
        var second = await Refresh(first, "&scope=https://api.partnercenter.microsoft.com/.default");
        Assert.Equal("https://api.partnercenter.microsoft.com", Jwt.Claims(second["access_token"]!.GetValue<string>())["aud"]!.GetValue<string>());
        Assert.NotEqual(first["refresh_token"]!.GetValue<string>(), second["refresh_token"]!.GetValue<string>());

        var reused = await Refresh(first, "", HttpStatusCode.BadRequest);
        Assert.Equal("invalid_grant", reused["error"]!.GetValue<string>());
        // Either of the two holders is a thief: nobody keeps what came of it.
        await Refresh(second, "", HttpStatusCode.BadRequest);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Ask(second["access_token"]!.GetValue<string>())).Status);
    }

    [Fact]
    public async Task Of_many_who_turn_in_one_refresh_token_at_once_one_wins()
    {
        var first = await _server.PostJson("/common/oauth2/token", PasswordForm("alice@contoso.example"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _server.Post(
            "/common/oauth2/token", $"grant_type=refresh_token&client_id=any-client&refresh_token={first["refresh_token"]}")));

        Assert.InRange(answers.Count(a => a.StatusCode == HttpStatusCode.OK), 0, 1);
        Assert.DoesNotContain(answers, a => (int)a.StatusCode >= 500);
    }

    [Fact]
    public async Task A_revoked_refresh_token_and_what_came_of_it_end_at_once()
    {
        var given = await _server.PostJson("/common/oauth2/v2.0/token", PasswordForm("alice@contoso.example") + $"&scope={Api}/.default offline_access");
        var token = given["access_token"]!.GetValue<string>();
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(token)).Status);

        using var revoked = await _server.Post("/common/oauth2/v2.0/revoke", $"client_id=any-client&token={given["refresh_token"]}");

        Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        await Refresh(given, "", HttpStatusCode.BadRequest);
        var (status, error) = await _server.Ask(token);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("revoked", error!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task Signing_out_leads_back_to_the_client()
    {
        using var answer = await _server.Client.Get("/common/oauth2/v2.0/logout?post_logout_redirect_uri=https%3A%2F%2Fclient.example%2Fbye&state=x");

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.StartsWith("https://client.example/bye", answer.Headers.Location!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("grant_type=nonsense&client_id=x")]
    [InlineData("grant_type=password&client_id=x")]
    [InlineData("grant_type=refresh_token&client_id=x&refresh_token=abc")]
    [InlineData("grant_type=authorization_code&client_id=x&code=abc&redirect_uri=https%3A%2F%2Fx")]
    [InlineData("grant_type=password&username=alice%40contoso.example&password=Passw0rd!")]
    [InlineData("grant_type=client_credentials&grant_type=password&client_id=x")]
    public async Task A_bad_token_request_gets_OAuths_error(string form)
    {
        using var answer = await _server.Post("/common/oauth2/v2.0/token", form);

        Assert.InRange((int)answer.StatusCode, 400, 401);
        var error = JsonNode.Parse(await answer.Text())!;
        Assert.Equal(JsonValueKind.String, error["error"]!.GetValueKind());
        Assert.NotEqual("", error["error_description"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("/a%2Fb/oauth2/v2.0/token")]
    [InlineData("/<x>/oauth2/v2.0/token")]
    [InlineData("/a/b/oauth2/v2.0/token")]
    [InlineData("/common/oauth2/v3.0/token")]
    public async Task Other_addresses_are_not_the_issuers(string address)
    {
        using var answer = await _server.Post(address, PasswordForm("alice@contoso.example"));

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private Task<JsonObject> Refresh(JsonObject given, string more, HttpStatusCode expected = HttpStatusCode.OK) => _server.PostJson(
        "/common/oauth2/v2.0/token", $"grant_type=refresh_token&client_id=any-client&refresh_token={given["refresh_token"]}{more}", expected);

    private Task<JsonObject> TurnIn(string code, string verifier, HttpStatusCode expected = HttpStatusCode.OK) => _server.PostJson(
        // Fetched at one tenant, turned in at another.
        $"/{Contoso}/oauth2/v2.0/token",
        $"grant_type=authorization_code&client_id=web&code={code}&redirect_uri={Uri.EscapeDataString(Redirect)}&code_verifier={verifier}", expected);

    private static async Task<(string Code, string? State)> Authorize(
        Browser browser, string address, string verifier, Action<Dictionary<string, string>> fill)
    {
        var form = Hidden(await browser.Read(AuthorizeAddress(address, verifier)));
        fill(form);
        using var answer = await browser.Post(address, form);
        Assert.True(answer.StatusCode == HttpStatusCode.Redirect, await answer.Text());
        Assert.StartsWith(Redirect, answer.Headers.Location!.ToString(), StringComparison.Ordinal);
        var query = HttpUtility.ParseQueryString(answer.Headers.Location.Query);
        Assert.EndsWith("/common/v2.0", query["iss"]);
        return (query["code"]!, query["state"]);
    }

    private static string AuthorizeAddress(string address, string verifier) =>
        $"{address}?client_id=web&response_type=code&redirect_uri={Uri.EscapeDataString(Redirect)}&state=abc&nonce=n-1"
        + $"&scope={Uri.EscapeDataString(Api + "/.default openid offline_access")}"
        + $"&code_challenge={Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))}&code_challenge_method=S256";

    private static string Verifier() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static void SignInAsAlice(Dictionary<string, string> page)
    {
        page["email"] = "alice@contoso.example";
        page["secret"] = Password;
        page["answer"] = "continue";
    }

    public sealed class Emulator : IAsyncLifetime
    {
        public IdentityServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await Start();

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}

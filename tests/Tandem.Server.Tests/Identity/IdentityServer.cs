using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tandem.Server.Audit;
using Tandem.Server.Emulator;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;
using Tandem.Server.Tests.Fixtures;

namespace Tandem.Server.Tests.Identity;

/// <summary>A whole server on a free port, with its own database file, set up by its settings.</summary>
public sealed class IdentityServer : IAsyncDisposable
{
    public const string Contoso = "7d23e5ca-19dc-4eaa-aac8-5e6b559f0d1d";
    public const string Api = "https://api.partner.microsoft.com";
    public const string Password = "Passw0rd!";

    private readonly WebApplication _app;
    private readonly bool _ownsFolder;

    private IdentityServer(WebApplication app, string folder, bool ownsFolder)
    {
        (_app, Folder, _ownsFolder) = (app, folder, ownsFolder);
        Address = new Uri(app.Urls.Single());
        Client = Browser();
    }

    public string Folder { get; }

    public Uri Address { get; }

    public Browser Client { get; }

    internal IServiceProvider Services => _app.Services;

    public static async Task<IdentityServer> Start(
        IReadOnlyDictionary<string, string>? settings = null, TimeProvider? clock = null, string? folder = null,
        Action<IServiceCollection>? services = null)
    {
        var owned = folder is null;
        folder ??= Directory.CreateTempSubdirectory("tandem-identity-").FullName;
        string[] args = ["--urls", "http://127.0.0.1:0", "--Tandem:DataDirectory", folder,
            .. await TestDatabase.SettingsOf(folder),
            .. (settings ?? new Dictionary<string, string>()).SelectMany(s => new[] { "--" + s.Key, s.Value })];
        var app = TandemApp.Create(args, builder =>
        {
            builder.Logging.ClearProviders();
            if (clock is not null)
                builder.Services.AddSingleton(clock);
            services?.Invoke(builder.Services);
        });
        await app.Prepare();
        var directory = app.Services.GetRequiredService<OrganizationDirectory>();
        if (directory.Current.IsEmpty)
        {
            await EmulatorSeed.Plant(
                app.Services.GetRequiredService<HotDatabase>(), app.Services.GetRequiredService<TimeProvider>().GetUtcNow(), default);
            await directory.Reload(default);
        }

        await app.StartAsync();
        return new IdentityServer(app, folder, owned);
    }

    /// <summary>A client with cookies of its own that follows no redirection.</summary>
    public Browser Browser() => new(Address);

    public Task<HttpResponseMessage> Post(string address, string form) =>
        Client.Post(address, new StringContent(form, new MediaTypeHeaderValue("application/x-www-form-urlencoded")));

    public async Task<JsonObject> PostJson(string address, string form, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var answer = await Post(address, form);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(expected == answer.StatusCode, $"{answer.StatusCode}: {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    public async Task<string> Token(string email = "alice@contoso.example", string scope = Api + "/.default", string tenant = "organizations") =>
        (await PostJson($"/{tenant}/oauth2/v2.0/token", PasswordForm(email) + $"&scope={Uri.EscapeDataString(scope)}"))["access_token"]!.GetValue<string>();

    public static string PasswordForm(string email, string client = "any-client") =>
        $"grant_type=password&client_id={client}&username={email}&password={Uri.EscapeDataString(Password)}";

    /// <summary>Calls the Referrals API: 404 for somebody who may, since there is no such referral.</summary>
    public async Task<HttpResponseMessage> Call(string? token, string? host = null, string? authorization = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1.0/engagements/referrals/00000000-0000-4000-8000-00000000dead");
        if ((authorization ?? (token is null ? null : $"Bearer {token}")) is { } header)
            request.Headers.TryAddWithoutValidation("Authorization", header);
        request.Headers.Host = host;
        return await Client.Send(request);
    }

    public async Task<(HttpStatusCode Status, JsonObject? Error)> Ask(string? token, string? host = null, string? authorization = null)
    {
        using var answer = await Call(token, host, authorization);
        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync())?["error"]?.AsObject();
        if (answer.StatusCode == HttpStatusCode.Unauthorized)
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
        return (answer.StatusCode, error);
    }

    internal async Task<Outcome<Caller>> CallerOf(string token)
    {
        var context = new DefaultHttpContext { RequestServices = Services };
        context.Request.Headers.Authorization = $"Bearer {token}";
        context.Request.Host = new HostString(Address.Authority);
        return await Services.GetRequiredService<CallerResolver>().Resolve(context);
    }

    internal async Task Change(Func<TandemDb, Task> change)
    {
        await using var scope = Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TandemDb>();
        db.Author = new AdminAuthor(null, "test", null, Services.GetRequiredService<TimeProvider>().GetUtcNow());
        await change(db);
        await db.SaveChangesAsync();
        await Services.GetRequiredService<OrganizationDirectory>().Reload(default);
    }

    /// <summary>The hidden fields of a page's form.</summary>
    public static Dictionary<string, string> Hidden(string html) => Regex
        .Matches(html, "<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\">")
        .GroupBy(m => m.Groups[1].Value).ToDictionary(g => g.Key, g => WebUtility.HtmlDecode(g.First().Groups[2].Value));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_ownsFolder)
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(Folder, recursive: true);
        }
    }
}

/// <summary>A browser: it has cookies of its own, and shows redirections rather than following them.</summary>
public sealed class Browser(Uri address) : IDisposable
{
    private readonly HttpClient _http =
        new(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = address };

    public Task<HttpResponseMessage> Get(string address) => _http.GetAsync(address);

    public Task<string> Read(string address) => _http.GetStringAsync(address);

    public Task<HttpResponseMessage> Post(string address, HttpContent content) => _http.PostAsync(address, content);

    public Task<HttpResponseMessage> Post(string address, IEnumerable<KeyValuePair<string, string>> form) =>
        Post(address, new FormUrlEncodedContent(form));

    public Task<HttpResponseMessage> Send(HttpRequestMessage request) => _http.SendAsync(request);

    public void Dispose() => _http.Dispose();
}

internal static class Answers
{
    public static Task<string> Text(this HttpResponseMessage answer) => answer.Content.ReadAsStringAsync();

    public static async Task<JsonNode> Json(this HttpResponseMessage answer) => JsonNode.Parse(await answer.Text())!;
}

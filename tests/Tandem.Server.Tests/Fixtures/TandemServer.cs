using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Tandem.Server.Referrals;
using Tandem.Server.Storage;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>The real server on a free port, set up as an operator would: by its settings.</summary>
public sealed class TandemServer : IAsyncDisposable
{
    public const string Contoso = "7d23e5ca-19dc-4eaa-aac8-5e6b559f0d1d";
    public const string Fabrikam = "2f0c1c4e-6a38-4f5e-9d0b-0f6a3f3b7a11";
    public const string FabrikamLocation = "5b1e7a52-7a0e-4c0f-8a55-0f9d2c6f1e22";
    public const string ContosoLocation = "01e2abcd-52b0-4af3-a3ae-1fd1530b3563";
    public const string Alice = "alice@contoso.example";
    public const string Bob = "bob@contoso.example";
    public const string Eve = "eve@contoso.example";
    public const string Carol = "carol@fabrikam.example";
    public const string Dan = "dan@fabrikam.example";
    public const string Sam = "sam@microsoft.example";
    public const string Api = "/v1.0/engagements/referrals";

    private readonly WebApplication _app;
    private readonly bool _ownsData;

    private TandemServer(WebApplication app, string data, bool ownsData, FakeTimeProvider? clock)
    {
        _app = app;
        _ownsData = ownsData;
        Data = data;
        Clock = clock!;
        Address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 }) { BaseAddress = new Uri(Address) };
    }

    public string Address { get; }

    /// <summary>The data folder.</summary>
    public string Data { get; }

    /// <summary>The server's clock; only there when the server was started with one.</summary>
    public FakeTimeProvider Clock { get; }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public static Task<TandemServer> Start(
        FakeTimeProvider? clock = null, string? data = null, params (string Name, string Value)[] settings) =>
        Start(static _ => { }, clock, data, settings);

    /// <param name="services">Replaces what an operator cannot.</param>
    public static async Task<TandemServer> Start(
        Action<IServiceCollection> services, FakeTimeProvider? clock = null, string? data = null,
        params (string Name, string Value)[] settings)
    {
        var folder = data ?? Directory.CreateTempSubdirectory("tandem-").FullName;
        var app = TandemApp.Create(
            [
                "--urls=http://127.0.0.1:0",
                $"--Tandem:DataDirectory={folder}",
                "--Logging:LogLevel:Default=Error",
                "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Error",
                .. await TestDatabase.SettingsOf(folder),
                .. settings.Select(s => $"--{s.Name}={s.Value}"),
            ],
            builder =>
            {
                if (clock is not null)
                    builder.Services.AddSingleton<TimeProvider>(clock);
                services(builder.Services);
            });
        await app.Prepare();
        await app.StartAsync();
        return new TandemServer(app, folder, data is null, clock);
    }

    public static FakeTimeProvider At(string time) => new(DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Does the background work that is due now.</summary>
    internal Task<int> RunDueWork() => Services.GetRequiredService<ExpiryWorker>().RunOnce(TestContext.Current.CancellationToken);

    /// <summary>
    /// Waits until the log can be read to its end: on PostgreSQL it ends before the oldest transaction that runs in any
    /// database, such as that of a test beside this one.
    /// </summary>
    internal async Task Settle()
    {
        var log = Services.GetRequiredService<ChangeLog>();
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(5, TestContext.Current.CancellationToken))
        {
            var last = await TestDatabase.Ask(Data,
                "SELECT transaction_id || '-' || sequence FROM change_log ORDER BY transaction_id DESC, sequence DESC LIMIT 1");
            if ((await log.End(TestContext.Current.CancellationToken)).ToString() == (last as string ?? "0-0"))
                return;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), "The log does not settle.");
        }
    }

    public Task<Reply> Get(string user, string path, params (string Name, string Value)[] headers) =>
        Send(user, HttpMethod.Get, path, null, headers);

    public Task<Reply> Post(string user, string path, JsonNode? body, params (string Name, string Value)[] headers) =>
        Send(user, HttpMethod.Post, path, body?.ToJsonString() ?? "", headers);

    public Task<Reply> Put(string user, string path, JsonNode body, params (string Name, string Value)[] headers) =>
        Send(user, HttpMethod.Put, path, body.ToJsonString(), headers);

    public Task<Reply> Patch(string user, string path, JsonNode body, params (string Name, string Value)[] headers) =>
        Send(user, HttpMethod.Patch, path, body.ToJsonString(), headers);

    /// <param name="user">E-mail of a seeded user, a token, or empty for nobody.</param>
    public async Task<Reply> Send(
        string user, HttpMethod method, string path, string? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.RelativeOrAbsolute));
        if (user.Length > 0)
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {user}");
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        foreach (var (name, value) in headers)
        {
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase) && request.Content is not null)
            {
                request.Content.Headers.Remove("Content-Type");
                request.Content.Headers.TryAddWithoutValidation("Content-Type", value);
            }
            else
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var all = response.Headers.Concat(response.Content.Headers)
            .ToDictionary(h => h.Key, h => string.Join(",", h.Value), StringComparer.OrdinalIgnoreCase);
        return new Reply((int)response.StatusCode, all, Encoding.UTF8.GetString(bytes));
    }

    /// <summary>Ends it as an operator does; its data stays until it is disposed.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (_ownsData)
            Directory.Delete(Data, recursive: true);
    }
}

/// <summary>An answer, read whole.</summary>
public sealed record Reply(int Status, IReadOnlyDictionary<string, string> Headers, string Text)
{
    private JsonNode? _json;

    public JsonNode Json => _json ??= JsonNode.Parse(Text, documentOptions: new JsonDocumentOptions { MaxDepth = 256 })!;

    public string Id => (string)Json["id"]!;

    public string ETag => (string)Json["eTag"]!;

    public string EngagementId => (string)Json["engagementId"]!;

    public string Pair => $"{Json["status"]}/{Json["substatus"]}";

    public IReadOnlyList<JsonNode> Value => [.. Json["value"]!.AsArray().Select(v => v!)];

    /// <summary>The specific code of an error, or its code when it has none.</summary>
    public string? InnerCode => (string?)Json["error"]?["innerError"]?["code"];

    public string? Target => (string?)Json["error"]?["target"];

    /// <summary>The specific codes of all faults, first to last.</summary>
    public IReadOnlyList<string> InnerCodes
    {
        get
        {
            var codes = new List<string>();
            for (var inner = Json["error"]?["innerError"]; inner is not null; inner = inner["innerError"])
                codes.Add((string)inner["code"]!);
            return codes;
        }
    }

    public override string ToString() => $"{Status} {Text}";

    public Reply Is(int status)
    {
        Assert.True(Status == status, $"Expected {status}, got {Status}: {Text}");
        return this;
    }

    /// <summary>An error in the documented shape: its status, specific code and target.</summary>
    public Reply Refuses(int status, string? innerCode = null, string? target = null)
    {
        Is(status);
        ErrorShape.Check(this);
        if (innerCode is not null)
            Assert.Contains(innerCode, InnerCodes);
        if (target is not null)
            Assert.Equal(target, Target);
        return this;
    }
}

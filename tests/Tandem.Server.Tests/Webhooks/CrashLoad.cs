using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>
/// Clients that change referrals while their servers are killed, before a receiver that fails every third call; and the
/// check of what the receiver got in the end.
/// </summary>
internal sealed class CrashLoad : IAsyncDisposable
{
    private const int LastVersion = 4;

    private readonly ConcurrentDictionary<string, int> _acknowledged = new();
    private readonly ConcurrentDictionary<ServerProcess, (CancellationTokenSource Stop, List<Task> Writers)> _writing = new();
    private readonly WebhookReceiver _receiver;
    private int _answers;
    private int _calls;

    private CrashLoad(WebhookReceiver receiver) => _receiver = receiver;

    /// <summary>The folder that all servers share.</summary>
    public string Data { get; } = Directory.CreateTempSubdirectory("tandem-hooks-").FullName;

    /// <summary>Changes acknowledged until now.</summary>
    public int Answers => Volatile.Read(ref _answers);

    /// <summary>Calls received until now.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public IReadOnlyList<ReceivedCall> Received => _receiver.Calls;

    public static async Task<CrashLoad> Start() => new(await WebhookReceiver.Start());

    /// <summary>An address of the receiver that fails every third call.</summary>
    public string Failing(string path)
    {
        _receiver.On(path, call =>
        {
            Interlocked.Increment(ref _calls);
            return call.Number % 3 == 0 ? new WebhookAnswer(500) : WebhookAnswer.Ok;
        });
        return _receiver.Address + path;
    }

    /// <summary>A client for each of the users creates referrals and changes each of them, at most so many.</summary>
    public void Write(ServerProcess server, int most, params string[] users)
    {
        var stop = new CancellationTokenSource();
        _writing[server] = (stop, [.. users.Select(user => Task.Run(() => Write(server, user, most, stop.Token)))]);
    }

    /// <summary>SIGKILL, and the end of those who wrote.</summary>
    public async Task Kill(ServerProcess server)
    {
        server.Kill();
        if (!_writing.TryRemove(server, out var writing))
            return;
        await writing.Stop.CancelAsync();
        await Task.WhenAll(writing.Writers);
        writing.Stop.Dispose();
    }

    public static async Task Until(Func<bool> isSo)
    {
        for (var waited = Stopwatch.StartNew(); !isSo(); await Task.Delay(1, TestContext.Current.CancellationToken))
            Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2), "Nothing happens any more.");
    }

    /// <summary>Waits until all that was committed is delivered. What waits for a retry is sent at once, as an operator may.</summary>
    public async Task Drain(ServerProcess server, params string[] users)
    {
        await Task.WhenAll(_writing.Values.SelectMany(w => w.Writers));
        foreach (var user in users)
        {
            using var http = Client(server, user);
            foreach (var subscription in (await Send(http, HttpMethod.Get, Hooks.V2, null))!["value"]!.AsArray())
            {
                var path = $"{Hooks.V2}/{subscription!["id"]}";
                for (var waited = Stopwatch.StartNew();
                    await Hooks.HasUnplanned(Data)
                    || (await Send(http, HttpMethod.Get, $"{path}/deliveries?state=Pending", null))!["value"]!.AsArray().Count > 0;
                    await Task.Delay(200, TestContext.Current.CancellationToken))
                {
                    Assert.True(waited.Elapsed < TimeSpan.FromMinutes(3), "Deliveries are still pending.");
                    await Send(http, HttpMethod.Post, $"{path}/resend",
                        new JsonObject { ["since"] = "2000-01-01T00:00:00Z", ["state"] = "Pending" });
                }
            }
        }
    }

    /// <summary>
    /// Every committed change of a referral, acknowledged or not, came to every path at least once; in order; and with
    /// the same id and bytes each time.
    /// </summary>
    /// <param name="organizations">Whose referrals a path is told of.</param>
    public async Task Check(params (string Path, string Organization)[] organizations)
    {
        Assert.NotEmpty(_acknowledged);
        var all = await Stored();
        Assert.All(_acknowledged, a => Assert.InRange(all[a.Key].Version, a.Value, LastVersion));
        foreach (var (path, organization) in organizations)
        {
            var lanes = Received.Where(c => c.Path == path).GroupBy(c => c.Referral()).ToDictionary(l => l.Key, l => l.ToList());
            var stored = all.Where(r => r.Value.Organization == organization).ToDictionary(r => r.Key, r => r.Value.Version);
            Assert.Equal(stored.Keys.Order(StringComparer.Ordinal), lanes.Keys.Order(StringComparer.Ordinal));
            foreach (var (id, calls) in lanes)
            {
                var events = calls.Select(c => c.EventId()).Distinct().ToList();
                Assert.Equal(stored[id], events.Count);
                // As many different bodies as ids: no event was raised twice, and a repeat has the same bytes.
                Assert.Equal(events.Count, calls.Select(c => c.Text).Distinct().Count());
                Assert.Equal(events.Count, calls.Select(c => (c.EventId(), c.Text)).Distinct().Count());
                var times = calls.DistinctBy(c => c.EventId()).Select(Time).ToList();
                Assert.Equal(times.Order(StringComparer.Ordinal), times);
                // Nothing is tried before all that came before it was taken.
                var taken = new HashSet<string>();
                foreach (var call in calls)
                {
                    Assert.Subset(taken, events.TakeWhile(e => e != call.EventId()).ToHashSet());
                    if (call.Answer.Status == 200)
                        taken.Add(call.EventId());
                }

                Assert.Equal(events.Count, taken.Count);
            }
        }
    }

    /// <summary>The id of each delivery's event, and how many of its attempts are stored as successful.</summary>
    public static async Task<Dictionary<string, int>> StoredSuccesses(ServerProcess server, string user)
    {
        using var http = Client(server, user);
        var successes = new Dictionary<string, int>();
        foreach (var subscription in (await Send(http, HttpMethod.Get, Hooks.V2, null))!["value"]!.AsArray())
        {
            for (var next = $"{Hooks.V2}/{subscription!["id"]}/deliveries"; next is not null;)
            {
                var page = (await Send(http, HttpMethod.Get, next, null))!;
                foreach (var delivery in page["value"]!.AsArray())
                    successes[(string)delivery!["eventId"]!] = delivery["attempts"]!.AsArray().Count(a => (int?)a!["status"] == 200);
                next = (string?)page["next"];
            }
        }

        return successes;
    }

    public static async Task<JsonNode?> Send(ServerProcess server, string user, HttpMethod method, string path, JsonNode body)
    {
        using var http = Client(server, user);
        return await Send(http, method, path, body);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (stop, writers) in _writing.Values)
        {
            await stop.CancelAsync();
            await Task.WhenAll(writers);
            stop.Dispose();
        }

        await _receiver.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(Data, recursive: true);
    }

    private async Task Write(ServerProcess server, string user, int most, CancellationToken stop)
    {
        using var http = Client(server, user);
        try
        {
            for (var made = 0; made < most && !stop.IsCancellationRequested; made++)
            {
                var id = (string)(await Send(http, HttpMethod.Post, Api, Bodies.Minimum()))!["id"]!;
                Acknowledge(id, 1);
                for (var version = 2; version <= LastVersion; version++)
                {
                    await Send(http, HttpMethod.Patch, $"{Api}/{id}", new JsonObject { ["name"] = $"{version}" });
                    Acknowledge(id, version);
                }
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or IOException)
        {
            // The server is gone: what was not answered is not acknowledged.
        }
    }

    private void Acknowledge(string id, int version)
    {
        _acknowledged[id] = version;
        Interlocked.Increment(ref _answers);
    }

    private async Task<Dictionary<string, (string Organization, int Version)>> Stored()
    {
        const string One = "id || ' ' || organization_id || ' ' || version";
        var all = TestDatabase.IsPostgres ? $"string_agg({One}, ',')" : $"group_concat({One}, ',')";
        return ((string)(await TestDatabase.Ask(Data, $"SELECT {all} FROM referrals"))!).Split(',').Select(r => r.Split(' '))
            .ToDictionary(r => r[0], r => (r[1], int.Parse(r[2], System.Globalization.CultureInfo.InvariantCulture)));
    }

    // As text of one width, so that it can be compared.
    private static string Time(ReceivedCall call) =>
        (string?)call.Json()["ResourceChangeUtcDate"] ?? ((string)call.Json()["time"]!).TrimEnd('Z').PadRight(27, '0');

    private static HttpClient Client(ServerProcess server, string user)
    {
        var http = new HttpClient { BaseAddress = new Uri(server.Address), Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {user}");
        return http;
    }

    private static async Task<JsonNode?> Send(HttpClient http, HttpMethod method, string path, JsonNode? body)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return JsonNode.Parse(await response.Content.ReadAsStringAsync());
    }
}

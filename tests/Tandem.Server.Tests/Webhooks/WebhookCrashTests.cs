using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>Servers that are killed, and several of them: no event is lost, and none is sent by two.</summary>
public sealed class WebhookCrashTests
{
    private const int Kills = 5;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_committed_change_is_delivered_in_order_through_kills_and_failures() // W39, W40
    {
        var data = Directory.CreateTempSubdirectory("tandem-hooks-").FullName;
        await using var receiver = await WebhookReceiver.Start();
        receiver.FailEvery("/v1", 3).FailEvery("/v2", 3);
        var random = new Random(20_261_125);
        // The versions of each referral that were acknowledged.
        var acknowledged = new ConcurrentDictionary<string, int>();
        var answers = 0;
        for (var round = 0; round < Kills; round++)
        {
            using var server = await ServerProcess.Start(data);
            using var http = Client(server);
            if (round == 0)
            {
                await Send(http, HttpMethod.Post, Hooks.V1, Hooks.Registration($"{receiver.Address}/v1"));
                await Send(http, HttpMethod.Post, Hooks.V2, new JsonObject { ["url"] = $"{receiver.Address}/v2" });
            }

            using var stop = new CancellationTokenSource();
            var writers = Enumerable.Range(0, 3).Select(_ => Write(http, stop.Token)).ToList();
            var enough = Volatile.Read(ref answers) + random.Next(20, 60);
            while (Volatile.Read(ref answers) < enough)
                await Task.Delay(1, Cancellation);
            server.Kill();
            await stop.CancelAsync();
            await Task.WhenAll(writers);
        }

        using (var server = await ServerProcess.Start(data))
        {
            using var http = Client(server);
            var subscriptions = (await Send(http, HttpMethod.Get, Hooks.V2, null))!["value"]!.AsArray();
            foreach (var id in subscriptions.Select(s => (string)s!["id"]!))
            {
                // Not waiting for the retries is what an operator may do, too.
                var again = new JsonObject { ["since"] = "2000-01-01T00:00:00Z", ["state"] = "Pending" };
                for (var waited = Stopwatch.StartNew();
                    (await Send(http, HttpMethod.Get, $"{Hooks.V2}/{id}/deliveries?state=Pending", null))!["value"]!.AsArray().Count > 0
                    || await Hooks.HasUnplanned(data);)
                {
                    Assert.True(waited.Elapsed < TimeSpan.FromMinutes(3), "Deliveries are still pending.");
                    await Send(http, HttpMethod.Post, $"{Hooks.V2}/{id}/resend", again);
                    await Task.Delay(200, Cancellation);
                }
            }
        }

        Assert.NotEmpty(acknowledged);
        foreach (var path in new[] { "/v1", "/v2" })
            Check([.. receiver.Calls.Where(c => c.Path == path)], acknowledged, await Stored(data));
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(data, recursive: true);

        async Task Write(HttpClient http, CancellationToken stop)
        {
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    var id = (string)(await Send(http, HttpMethod.Post, Api, Bodies.Minimum()))!["id"]!;
                    acknowledged[id] = 1;
                    Interlocked.Increment(ref answers);
                    for (var version = 2; version <= 4; version++)
                    {
                        await Send(http, HttpMethod.Patch, $"{Api}/{id}", new JsonObject { ["name"] = $"{version}" });
                        acknowledged[id] = version;
                        Interlocked.Increment(ref answers);
                    }
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or IOException)
            {
                // The server is gone: what was not answered is not acknowledged.
            }
        }
    }

    [Fact]
    public async Task Two_nodes_deliver_each_event_once() // W39
    {
        await using var receiver = await WebhookReceiver.Start();
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        for (var i = 0; i < 4; i++)
            await first.Subscribe(Alice, $"{receiver.Address}/{i}");
        await second.Until(Alice, Hooks.V2, r => r.Value.Count == 4);
        await Task.WhenAll(Enumerable.Range(0, 2).SelectMany(i => new[] { first, second }).Select(async node =>
        {
            for (var i = 0; i < 10; i++)
            {
                var deal = await node.Own();
                (await node.Rename(deal.Id, "Renamed")).Is(204);
            }
        }));
        await receiver.Until(4 * 4 * 20, Cancellation);
        foreach (var subscription in (await first.Get(Alice, Hooks.V2)).Value)
            await first.Until(Alice, $"{Hooks.V2}/{subscription["id"]}/deliveries?state=Pending", r => r.Value.Count == 0);
        Assert.Equal(4 * 4 * 20, receiver.Calls.Count);
        Assert.Equal(4 * 4 * 20, receiver.Calls.Select(c => (c.Path, c.EventId())).Distinct().Count());
        foreach (var lane in receiver.Calls.GroupBy(c => (c.Path, c.Referral())))
            Assert.Equal(["tandem.referral.created", "tandem.referral.updated"], lane.Select(c => (string)c.Json()["type"]!));
    }

    [Fact]
    public async Task A_node_that_stops_leaves_its_work_to_the_other() // W40
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/", WebhookAnswer.Hang);
        await using var first = await Start();
        await first.Subscribe(Alice, $"{receiver.Address}/");
        await first.Own();
        await receiver.Until(1, Cancellation);
        await using var second = await Start(data: first.Data);
        receiver.On("/", WebhookAnswer.Ok);
        await first.StopAsync();
        var calls = await receiver.Until(2, Cancellation);
        Assert.Equal(calls[0].EventId(), calls[1].EventId());
        Assert.Equal(calls[0].Text, calls[1].Text);
    }

    private static void Check(IReadOnlyList<ReceivedCall> calls, ConcurrentDictionary<string, int> acknowledged, HashSet<string> stored)
    {
        var lanes = calls.GroupBy(c => c.Referral()).ToDictionary(l => l.Key, l => l.ToList());
        foreach (var (id, version) in acknowledged)
            Assert.True(lanes.TryGetValue(id, out var lane) && Taken(lane).Count >= version, $"{id} was delivered less than {version} times.");
        foreach (var lane in lanes.Values)
        {
            var times = Taken(lane).Select(Time).ToList();
            Assert.Equal(times.Order(StringComparer.Ordinal), times);
            // A repeat has the same bytes.
            Assert.All(lane.GroupBy(c => c.EventId()), e => Assert.Single(e.Select(c => c.Text).Distinct()));
        }

        Assert.Equal(stored.Order(StringComparer.Ordinal), lanes.Keys.Order(StringComparer.Ordinal));

        // Each event by the first time that it was taken.
        static List<ReceivedCall> Taken(List<ReceivedCall> lane) =>
            [.. lane.Where(c => c.Answer.Status == 200).DistinctBy(c => c.EventId())];

        static string Time(ReceivedCall call) => (string?)call.Json()["ResourceChangeUtcDate"] ?? ((string)call.Json()["time"]!).TrimEnd('Z').PadRight(27, '0');
    }

    private static async Task<HashSet<string>> Stored(string data)
    {
        var all = TestDatabase.IsPostgres ? "string_agg(id::text, ' ')" : "group_concat(id, ' ')";
        return [.. ((string)(await TestDatabase.Ask(data, $"SELECT {all} FROM referrals"))!).Split(' ')];
    }

    private static HttpClient Client(ServerProcess server)
    {
        var http = new HttpClient { BaseAddress = new Uri(server.Address), Timeout = TimeSpan.FromSeconds(10) };
        http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {Alice}");
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

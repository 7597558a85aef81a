using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Storage;

/// <summary>The process is killed in the middle of writing, again and again.</summary>
public sealed class CrashTests
{
    private const int Kills = 20;
    private const int Writers = 8;
    private int _answers;

    [Fact]
    public async Task Every_acknowledged_write_survives_a_kill()
    {
        var data = Directory.CreateTempSubdirectory("tandem-crash-").FullName;
        var random = new Random(20_261_123);
        // Id of each acknowledged creation, and the last acknowledged value of each.
        var acknowledged = new ConcurrentDictionary<string, int>();
        for (var round = 0; round < Kills; round++)
        {
            using var server = await ServerProcess.Start(data);
            using var http = new HttpClient { BaseAddress = new Uri(server.Address), Timeout = TimeSpan.FromSeconds(10) };
            http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {Alice}");
            using var stop = new CancellationTokenSource();
            var writers = Enumerable.Range(0, Writers).Select(_ => Write(http, acknowledged, stop.Token)).ToList();
            // Killed between two acknowledgements, wherever that is; a slow machine only takes longer.
            var enough = _answers + random.Next(5, 60);
            while (Volatile.Read(ref _answers) < enough)
                await Task.Delay(1, TestContext.Current.CancellationToken);
            server.Kill();
            await stop.CancelAsync();
            await Task.WhenAll(writers);
        }

        using (var server = await ServerProcess.Start(data))
        {
            using var http = new HttpClient { BaseAddress = new Uri(server.Address) };
            http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {Alice}");
            foreach (var (id, value) in acknowledged)
            {
                var stored = JsonNode.Parse(await http.GetStringAsync(new Uri($"{Api}/{id}", UriKind.Relative), TestContext.Current.CancellationToken))!;
                // A later write may have been stored without its acknowledgement having arrived.
                Assert.InRange((int)(decimal)stored["details"]!["dealValue"]!, value, value + 1);
            }
        }

        await CheckLog(data);
        SqliteConnection.ClearAllPools();
        Directory.Delete(data, recursive: true);
    }

    private async Task Write(HttpClient http, ConcurrentDictionary<string, int> acknowledged, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var body = Bodies.Minimum(b => b["details"]!["dealValue"] = 0);
                var created = await Send(http, HttpMethod.Post, Api, body);
                var id = (string)created!["id"]!;
                acknowledged[id] = 0;
                Interlocked.Increment(ref _answers);
                for (var value = 1; value <= 3; value++)
                {
                    await Send(http, HttpMethod.Patch, $"{Api}/{id}", new JsonObject { ["details"] = new JsonObject { ["dealValue"] = value } });
                    acknowledged[id] = value;
                    Interlocked.Increment(ref _answers);
                }
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or IOException)
        {
            // The server is gone: what was not answered is not acknowledged.
        }
    }

    private static async Task<JsonNode?> Send(HttpClient http, HttpMethod method, string path, JsonNode body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return JsonNode.Parse(await response.Content.ReadAsStringAsync());
    }

    // No document without its row in the log, no row without its document, and no gap between versions.
    private static async Task CheckLog(string data)
    {
        if (!TestDatabase.IsPostgres)
            Assert.Equal("ok", await TestDatabase.Ask(data, "PRAGMA integrity_check"));
        var tag = TestDatabase.IsPostgres ? "document::json ->> 'eTag'" : "json_extract(document, '$.eTag')";
        await None("referrals r WHERE r.version <> (SELECT COUNT(*) FROM change_log c WHERE c.referral_id = r.id)");
        await None("referrals r WHERE r.version <> (SELECT MAX(version) FROM change_log c WHERE c.referral_id = r.id)");
        await None("change_log c WHERE NOT EXISTS (SELECT 1 FROM referrals r WHERE r.id = c.referral_id)");
        await None($"referrals r WHERE {tag} <> (SELECT etag_after FROM change_log c WHERE c.referral_id = r.id ORDER BY sequence DESC LIMIT 1)");

        async Task None(string faults) => Assert.Equal(0L, await TestDatabase.Ask(data, $"SELECT COUNT(*) FROM {faults}"));
    }
}

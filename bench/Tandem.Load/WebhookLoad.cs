using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Tandem.Load;

/// <summary>What webhooks cost whoever writes, and how soon good receivers hear of a change beside hostile ones.</summary>
internal sealed class WebhookLoad(ServerUnderTest server, string createBody, int seconds)
{
    private const string Api = "/v1.0/engagements/referrals";
    private const string Subscriptions = "/webhooks/v2/subscriptions";
    private const int Ten = 10;
    private const int Twenty = 20;

    // With and without by turns: the machine is not the same from one minute to the next.
    private const int Turns = 5;

    /// <summary>Creates with ten subscriptions and with none, at so many connections at a time.</summary>
    public async Task<(Measured Without, Measured With)> Creates(int connections, params int[] processes)
    {
        await using var receiver = await BenchReceiver.Start();
        var (without, with) = (new List<Measured>(), new List<Measured>());
        // The first turn is the warm-up.
        for (var turn = 0; turn <= Turns; turn++)
        {
            var alone = await Create();
            await Subscribe(Enumerable.Range(0, Ten).Select(i => $"{receiver.Address}/good/{i}"));
            var told = await Create();
            await Unsubscribe();
            if (turn == 0)
                continue;
            without.Add(alone);
            with.Add(told);
        }

        return (Middle(without), Middle(with));

        Task<Measured> Create() => Wrk.Run(server.Url, Wrk.Sends("POST", [Api], server.Token, "application/json", createBody),
            seconds, connections, isWarm: true, processes);
        static Measured Middle(List<Measured> turns) => turns.OrderBy(m => m.PerSecond).ElementAt(turns.Count / 2);
    }

    /// <summary>How long after a change, made at a person's pace, twenty good receivers hear of it beside twenty hostile ones.</summary>
    public async Task<Measured> Deliveries()
    {
        await using var receiver = await BenchReceiver.Start();
        await Subscribe(receiver.HostileUrls(Twenty));
        await Subscribe(Enumerable.Range(0, Twenty).Select(i => $"{receiver.Address}/good/{i}"));
        // Connections are made and code is compiled.
        await Changes(seconds: 2);
        receiver.Forget();
        var changes = await Changes(seconds * 5);
        for (var waited = Stopwatch.StartNew(); receiver.Count < changes * Twenty; await Task.Delay(50))
        {
            if (waited.Elapsed > TimeSpan.FromMinutes(2))
                throw new InvalidOperationException($"{receiver.Count} of {changes * Twenty} deliveries came.");
        }

        var delays = receiver.Delays.Order().ToList();
        await Unsubscribe();
        return new(changes / (seconds * 5.0), Text(0.5), Text(0.99));

        string Text(double part) =>
            string.Create(CultureInfo.InvariantCulture, $"{delays[(int)(delays.Count * part)].TotalMilliseconds:0}ms");
    }

    private async Task<int> Changes(int seconds)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var (time, changes) = (Stopwatch.StartNew(), 0);
        for (; time.Elapsed.TotalSeconds < seconds; changes++)
        {
            await server.Create(createBody);
            await pace.WaitForNextTickAsync();
        }

        return changes;
    }

    private async Task Subscribe(IEnumerable<string> urls)
    {
        foreach (var url in urls)
        {
            using var answer = await server.Http.PostAsJsonAsync(Subscriptions, new { url });
            answer.EnsureSuccessStatusCode();
        }
    }

    private async Task Unsubscribe()
    {
        var all = JsonNode.Parse(await server.Http.GetStringAsync(new Uri(Subscriptions, UriKind.Relative)))!["value"]!.AsArray();
        foreach (var subscription in all)
        {
            using var answer = await server.Http.DeleteAsync(new Uri($"{Subscriptions}/{subscription!["id"]}", UriKind.Relative));
            answer.EnsureSuccessStatusCode();
        }
    }
}

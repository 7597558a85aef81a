using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Tandem.Server.Tests.Fixtures;
using Tandem.Server.Webhooks;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>
/// Many events that wait behind a few: a look finds what is due among them, and what waits comes in its order.
/// </summary>
public sealed class BacklogTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task More_events_than_a_look_reads_wait_behind_one_and_come_in_order_after_it() // W39
    {
        const int Behind = WebhookStore.MostDue + 30;
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        await server.Subscribe(Alice, $"{receiver.Address}/");
        var (stuck, log) = await Stuck(server, receiver);
        for (var i = 0; i < Behind; i++)
            (await server.Rename(stuck, $"{i}")).Is(204);
        await server.Planned();
        // It is looked for behind all of them.
        var free = await server.Own();
        await receiver.Until(c => c.Any(x => x.Referral() == free.Id), Cancellation);
        Assert.Single(receiver.Calls, c => c.Referral() == stuck);

        receiver.On("/", WebhookAnswer.Ok);
        clock.Advance(TimeSpan.FromSeconds(13));
        var calls = await receiver.Until(c => c.Count(x => x.Referral() == stuck) == Behind + 2, Cancellation);
        await server.Until(Alice, $"{log}?state=Pending", r => r.Value.Count == 0);
        Assert.Equal(Behind + 3, receiver.Calls.Count);
        var lane = calls.Where(c => c.Referral() == stuck).ToList();
        Assert.Equal(lane[0].EventId(), lane[1].EventId());
        Assert.Equal(await Raised(server, log, stuck), lane.Skip(1).Select(c => c.EventId()));
    }

    [Fact]
    public async Task What_waits_behind_another_names_no_time_and_is_not_sent_before_it_by_asking_for_it() // W39, W42
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        await server.Subscribe(Alice, $"{receiver.Address}/");
        var (stuck, log) = await Stuck(server, receiver);
        for (var i = 0; i < 3; i++)
            (await server.Rename(stuck, $"{i}")).Is(204);
        var waiting = await UntilBehind(server, log, 3);
        var raised = await Raised(server, log, stuck);
        Assert.Equal("2026-11-20T08:00:1", ((string)waiting.Value[^1]["nextAttemptDateTime"]!)[..18]);

        (await server.Post(Alice, $"{log}/{raised[2]}/resend", null)).Is(202);
        (await server.Post(Alice, Resend(log), Since("2000-01-01T00:00:00Z", "Failed"))).Is(202);
        var free = await server.Own();
        await receiver.Until(c => c.Any(x => x.Referral() == free.Id), Cancellation);
        Assert.Single(receiver.Calls, c => c.Referral() == stuck);

        // All that waits is asked for: the first one goes at once, before its time, and the others follow.
        receiver.On("/", WebhookAnswer.Ok);
        (await server.Post(Alice, Resend(log), Since("2000-01-01T00:00:00Z", "Pending"))).Is(202);
        await receiver.Until(c => c.Count(x => x.Referral() == stuck) == 5, Cancellation);
        await server.Until(Alice, $"{log}?state=Pending", r => r.Value.Count == 0);
        Assert.Equal(raised, receiver.Calls.Where(c => c.Referral() == stuck).Skip(1).Select(c => c.EventId()));
    }

    [Fact]
    public async Task An_old_event_is_sent_again_before_those_that_wait() // W39, W42
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        await server.Subscribe(Alice, $"{receiver.Address}/");
        var deal = await server.Own();
        var old = (await receiver.Until(1, Cancellation))[0].EventId();
        var log = await Log(server);
        await server.Until(Alice, $"{log}?state=Delivered", r => r.Value.Count == 1);
        receiver.On("/", c => c.EventId() == old ? WebhookAnswer.Ok : new WebhookAnswer(503));
        for (var i = 0; i < 3; i++)
            (await server.Rename(deal.Id, $"{i}")).Is(204);
        await UntilBehind(server, log, 2);

        (await server.Post(Alice, $"{log}/{old}/resend", null)).Is(202);
        await receiver.Until(3, Cancellation);
        await server.Until(Alice, $"{log}?state=Delivered", r => r.Value.Count == 1 && Attempts(r.Value[0]) == 2);
        receiver.On("/", WebhookAnswer.Ok);
        clock.Advance(TimeSpan.FromSeconds(13));
        await receiver.Until(6, Cancellation);
        await server.Until(Alice, $"{log}?state=Pending", r => r.Value.Count == 0);
        var raised = await Raised(server, log, deal.Id);
        Assert.Equal([old, raised[1], old, .. raised.Skip(1)], receiver.Calls.Select(c => c.EventId()));
    }

    [Fact]
    public async Task A_paused_subscription_resumes_in_order_with_what_waits_behind_others() // W39
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        await server.Subscribe(Alice, $"{receiver.Address}/");
        var (stuck, log) = await Stuck(server, receiver);
        (await server.Rename(stuck, "1")).Is(204);
        await UntilBehind(server, log, 1);
        var subscription = log[..^"/deliveries".Length];
        (await server.Post(Alice, $"{subscription}/pause", null)).Is(200);
        (await server.Rename(stuck, "2")).Is(204);
        var other = await server.Own();
        (await server.Rename(other.Id, "1")).Is(204);
        await server.Planned();
        clock.Advance(TimeSpan.FromSeconds(13));
        receiver.On("/", WebhookAnswer.Ok);
        (await server.Post(Alice, $"{subscription}/resume", null)).Is(200);
        await receiver.Until(6, Cancellation);
        await server.Until(Alice, $"{log}?state=Pending", r => r.Value.Count == 0);
        foreach (var referral in new[] { stuck, other.Id })
        {
            Assert.Equal(await Raised(server, log, referral),
                receiver.Calls.Where(c => c.Referral() == referral && c.Answer.Status == 200).Select(c => c.EventId()));
        }
    }

    [Fact]
    public async Task What_waits_follows_when_the_one_in_front_of_it_is_too_old_to_be_kept()
    {
        var clock = At("2026-10-01T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        await server.Subscribe(Alice, $"{receiver.Address}/");
        var (stuck, log) = await Stuck(server, receiver);
        clock.Advance(TimeSpan.FromSeconds(5));
        (await server.Rename(stuck, "Later")).Is(204);
        await UntilBehind(server, log, 1);
        var subscription = log[..^"/deliveries".Length];
        (await server.Post(Alice, $"{subscription}/pause", null)).Is(200);
        clock.Advance(TimeSpan.FromDays(30) - TimeSpan.FromSeconds(3));
        var kept = (await server.Until(Alice, log, r => r.Value.Count == 1)).Value[0];
        receiver.On("/", WebhookAnswer.Ok);
        (await server.Post(Alice, $"{subscription}/resume", null)).Is(200);
        var calls = await receiver.Until(2, Cancellation);
        Assert.Equal((string)kept["eventId"]!, calls[1].EventId());
    }

    [Theory]
    [InlineData(null, 2)]
    [InlineData("Pending", 1)]
    public async Task What_is_being_sent_is_sent_again_if_all_was_asked_for_and_not_if_what_waits_was(string? state, int times) // W42
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        receiver.On("/", WebhookAnswer.OkAfter(taken.Task), WebhookAnswer.Ok);
        await server.Subscribe(Alice, $"{receiver.Address}/");
        var deal = await server.Own();
        var log = await Log(server);
        await receiver.Until(1, Cancellation);
        clock.Advance(TimeSpan.FromSeconds(1));
        var resent = await server.Post(Alice, Resend(log), Since("2000-01-01T00:00:00Z", state));
        Assert.Equal(1, (long)resent.Is(202).Json["count"]!);
        // One at a time: nothing else is sent while the answer is awaited.
        var free = await server.Own();
        await receiver.Until(c => c.Any(x => x.Referral() == free.Id), Cancellation);
        Assert.Single(receiver.Calls, c => c.Referral() == deal.Id);

        taken.SetResult();
        await server.Until(Alice, log, r => r.Value.All(d => (string)d["state"]! == "Delivered"));
        var calls = receiver.Calls.Where(c => c.Referral() == deal.Id).ToList();
        Assert.Equal(times, calls.Count);
        Assert.Single(calls.Select(c => c.EventId()).Distinct());
        var both = (await server.Get(Alice, $"{log}?referralId={deal.Id}")).Is(200).Value.Single();
        Assert.Equal(times, Attempts(both));
    }

    [Fact]
    public async Task All_that_waits_is_dropped_with_its_subscription() // W12
    {
        const string Waiting = "SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'Pending'";
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        var (id, _) = await server.Subscribe(Alice, $"{receiver.Address}/");
        (await server.Post(Alice, $"{Hooks.V2}/{id}/pause", null)).Is(200);
        await server.Own();
        await server.Planned();
        // More than are dropped at a time.
        Assert.Equal(1L, await TestDatabase.Ask(server.Data, Waiting));
        await TestDatabase.Ask(server.Data, "INSERT INTO webhook_deliveries (event_id, subscription_id, organization_id, "
            + "referral_id, name, state, due_at, attempts, created_at, log) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
            + "WHERE i < 1200) SELECT event_id, subscription_id, organization_id, referral_id, name, state, due_at, attempts, created_at, "
            + "log FROM webhook_deliveries, n");
        Assert.Equal(1201L, await TestDatabase.Ask(server.Data, Waiting));
        (await server.Send(Alice, HttpMethod.Delete, $"{Hooks.V2}/{id}", null)).Is(204);
        Assert.Equal(0L, await TestDatabase.Ask(server.Data, Waiting));
        Assert.Equal(1201L, await TestDatabase.Ask(server.Data, Waiting.Replace("Pending", "Dropped", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Nothing_is_put_behind_what_somebody_is_just_taking_away() // W39
    {
        const string Take = "UPDATE webhook_deliveries SET state = 'Delivered' WHERE sequence = ";
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        var (id, _) = await server.Subscribe(Alice, $"{receiver.Address}/");
        (await server.Post(Alice, $"{Hooks.V2}/{id}/pause", null)).Is(200);
        var deal = await server.Own();
        for (var i = 0; i < 2; i++)
            (await server.Rename(deal.Id, $"{i}")).Is(204);
        await server.Planned();
        var sequences = new List<long>();
        for (var i = 0; i < 3; i++)
        {
            sequences.Add((long)(await TestDatabase.Ask(server.Data,
                $"SELECT sequence FROM webhook_deliveries ORDER BY sequence LIMIT 1 OFFSET {i}"))!);
        }

        var store = server.Services.GetRequiredService<WebhookStore>();
        Assert.Equal(1, await store.PutBehind([sequences[0], sequences[2]], Cancellation));
        if (TestDatabase.IsPostgres)
        {
            // A courier has stored that the first was taken, has looked for others behind it, and commits only now.
            await using var source = NpgsqlDataSource.Create(await TestDatabase.Database(Path.GetFileName(server.Data)));
            await using var connection = await source.OpenConnectionAsync(Cancellation);
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await using var command = new NpgsqlCommand($"{Take}{sequences[0]}", connection, transaction);
            await command.ExecuteNonQueryAsync(Cancellation);
            Assert.Equal(0, await store.PutBehind([sequences[1]], Cancellation));
            await transaction.CommitAsync(Cancellation);
        }
        else
        {
            await TestDatabase.Ask(server.Data, $"{Take}{sequences[0]}");
        }

        Assert.Equal(0, await store.PutBehind([sequences[1]], Cancellation));
        (await server.Post(Alice, $"{Hooks.V2}/{id}/resume", null)).Is(200);
        var calls = await receiver.Until(2, Cancellation);
        Assert.Equal((await Raised(server, $"{Hooks.V2}/{id}/deliveries", deal.Id)).Skip(1), calls.Select(c => c.EventId()));
    }

    /// <summary>A referral whose first event has failed once and waits for its retry; other referrals' events are taken.</summary>
    private static async Task<(string Referral, string Log)> Stuck(TandemServer server, WebhookReceiver receiver)
    {
        string? stuck = null;
        receiver.On("/", c => c.Referral() == (stuck ??= c.Referral()) ? new WebhookAnswer(503) : WebhookAnswer.Ok);
        var deal = await server.Own();
        var log = await Log(server);
        await server.Until(Alice, log, r => r.Value is [{ } only] && Attempts(only) == 1);
        return (deal.Id, log);
    }

    private static Task<Reply> UntilBehind(TandemServer server, string log, int count) => server.Until(Alice, $"{log}?state=Pending",
        r => r.Value.Count == count + 1 && r.Value.Take(count).All(d => d["nextAttemptDateTime"] is null));

    private static async Task<List<string>> Raised(TandemServer server, string log, string referral)
    {
        var raised = new List<string>();
        for (string? page = $"{log}?referralId={referral}"; page is not null;)
        {
            var reply = (await server.Get(Alice, page)).Is(200);
            raised.AddRange(reply.Value.Select(d => (string)d["eventId"]!));
            page = (string?)reply.Json["next"];
        }

        raised.Reverse();
        return raised;
    }

    private static async Task<string> Log(TandemServer server) =>
        $"{Hooks.V2}/{(await server.Get(Alice, Hooks.V2)).Is(200).Value.Single()["id"]}/deliveries";

    private static string Resend(string log) => log.Replace("/deliveries", "/resend", StringComparison.Ordinal);

    private static JsonObject Since(string time, string? state) => state is null
        ? new() { ["since"] = time }
        : new() { ["since"] = time, ["state"] = state };

    private static int Attempts(JsonNode delivery) => delivery["attempts"]!.AsArray().Count;
}

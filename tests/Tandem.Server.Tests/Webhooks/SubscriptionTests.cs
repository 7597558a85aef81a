using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>Tandem's own subscriptions.</summary>
public sealed class SubscriptionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_subscription_carries_the_referral_as_the_recipient_sees_it_signed_by_its_secret()
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        var (_, secret) = await server.Subscribe(Alice, $"{receiver.Address}/contoso");
        var (_, theirSecret) = await server.Subscribe(Carol, $"{receiver.Address}/fabrikam");
        var (own, _) = await server.Shared(FabrikamLocation);
        await receiver.Until(c => c.Any(x => x.Referral() == own.Id), Cancellation);
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/name", "Seen"), ("/externalReferenceId", "CRM-7")))).Is(204);
        var calls = await receiver.Until(c => c.Any(Is("/contoso", "Seen")) && c.Any(Is("/fabrikam", "Seen")), Cancellation);
        var (ours, theirs) = (calls.First(Is("/contoso", "Seen")), calls.First(Is("/fabrikam", "Seen")));

        Assert.Equal("application/cloudevents+json; charset=utf-8", ours.Headers["Content-Type"]);
        Assert.True(await ours.IsSigned(secret));
        Assert.True(await theirs.IsSigned(theirSecret));
        Assert.False(await ours.IsSigned(theirSecret));
        ours.Body[^3] ^= 1;
        Assert.False(await ours.IsSigned(secret));
        ours.Body[^3] ^= 1;

        var body = ours.Json();
        Assert.Equal("1.0", (string)body["specversion"]!);
        Assert.Equal(ours.Headers["webhook-id"], (string)body["id"]!);
        Assert.Equal("tandem.referral.updated", (string)body["type"]!);
        Assert.Equal($"{server.Address}/v1.0/engagements/referrals", (string)body["source"]!);
        Assert.Equal(own.Id, (string)body["subject"]!);
        Assert.Equal(["externalReferenceId", "name"], Properties(ours).Order(StringComparer.Ordinal));
        Assert.Equal("tandem.related-referral.updated", (string)theirs.Json()["type"]!);
        Assert.Equal(["name"], Properties(theirs));

        // The same as each of them reads.
        var read = (await server.Get(Alice, $"{Api}/{own.Id}")).Is(200).Json.AsObject();
        read.Remove("@odata.context");
        Assert.Equal(read.ToJsonString(), body["data"]!["referral"]!.ToJsonString());
        Assert.Equal("CRM-7", (string)body["data"]!["referral"]!["externalReferenceId"]!);
        read = (await server.Get(Carol, $"{Api}/{own.Id}")).Is(200).Json.AsObject();
        read.Remove("@odata.context");
        Assert.Equal(read.ToJsonString(), theirs.Json()["data"]!["referral"]!.ToJsonString());
        Assert.Null(theirs.Json()["data"]!["referral"]!["externalReferenceId"]);

        static Func<ReceivedCall, bool> Is(string path, string name) =>
            c => c.Path == path && (string?)c.Json()["data"]!["referral"]!["name"] == name;

        static List<string> Properties(ReceivedCall call) =>
            [.. call.Json()["data"]!["changedProperties"]!.AsArray().Select(p => (string)p!)];
    }

    [Fact]
    public async Task Several_subscriptions_of_an_organization_each_get_what_they_ask_for()
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        await server.Register(Alice, $"{receiver.Address}/v1");
        await server.Subscribe(Alice, $"{receiver.Address}/all");
        await server.Subscribe(Alice, $"{receiver.Address}/updates", b => b["events"] = new JsonArray("Referral-Updated"));
        await server.Subscribe(Alice, $"{receiver.Address}/closed", b => b["statuses"] = new JsonArray("closed"));
        await server.Subscribe(Alice, $"{receiver.Address}/large", b => b["filter"] = "details/dealValue ge 1000");
        var (small, large) = (await server.Own(change: b => b["details"]!["dealValue"] = 10), await server.Own(change: b => b["details"]!["dealValue"] = 5000));
        // An event shows, and is filtered by, what is there when it is planned.
        await receiver.Until(2 + 2 + 1, Cancellation);
        (await server.Status(Alice, small.Id, "Closed", "Lost")).Is(200);
        await receiver.Until(3 + 3 + 1 + 1 + 1, Cancellation);
        await Settled(server);
        var got = receiver.Calls.ToLookup(c => c.Path);
        Assert.Equal([3, 3, 1, 1, 1], new[] { "/v1", "/all", "/updates", "/closed", "/large" }.Select(p => got[p].Count()));
        Assert.Equal(small.Id, got["/updates"].Single().Referral());
        Assert.Equal("Closed", (string)got["/closed"].Single().Json()["data"]!["referral"]!["status"]!);
        Assert.Equal(large.Id, got["/large"].Single().Referral());

        // An event has one id, whoever gets it.
        Assert.Equal(got["/updates"].Single().EventId(), got["/closed"].Single().EventId());
    }

    [Fact]
    public async Task A_filter_cannot_ask_for_what_the_subscriber_does_not_see() // B14
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        var (own, _) = await server.Shared(FabrikamLocation);
        await server.Subscribe(Carol, $"{receiver.Address}/hidden", b => b["filter"] = "externalReferenceId eq 'CRM-7'");
        await server.Subscribe(Carol, $"{receiver.Address}/seen", b => b["filter"] = "name eq 'Seen'");
        await server.Subscribe(Alice, $"{receiver.Address}/own", b => b["filter"] = "externalReferenceId eq 'CRM-7'");
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/name", "Seen"), ("/externalReferenceId", "CRM-7")))).Is(204);
        await receiver.Until(2, Cancellation);
        await Settled(server);
        Assert.Equal(["/own", "/seen"], receiver.Calls.Select(c => c.Path).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{}""", "url")]
    [InlineData("""{ "url": "nonsense" }""", "url")]
    [InlineData("""{ "url": "https://contoso.com/", "events": [] }""", "events")]
    [InlineData("""{ "url": "https://contoso.com/", "events": ["test-created"] }""", "events")]
    [InlineData("""{ "url": "https://contoso.com/", "events": [null] }""", "events")]
    [InlineData("""{ "url": "https://contoso.com/", "statuses": ["Nearly"] }""", "statuses")]
    [InlineData("""{ "url": "https://contoso.com/", "filter": "nonsense eq 1" }""", "$filter")]
    [InlineData("""{ "url": "https://contoso.com/", "filter": "details/dealValue ge 'x'" }""", "$filter")]
    [InlineData("""{ "url": "https://contoso.com/", "evnts": [] }""", "evnts")]
    [InlineData("""{ "url": 7 }""", "url")]
    [InlineData("""{ "url": "https://contoso.com/a\u0000b" }""", "url")]
    [InlineData("""[]""", "body")]
    public async Task A_wrong_draft_is_named(string body, string target)
    {
        await using var server = await Start();
        var refused = (await server.Send(Alice, HttpMethod.Post, Hooks.V2, body)).Is(400);
        Assert.StartsWith("application/problem+json", refused.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.Equal(target, (string)refused.Json["errors"]![0]!["target"]!);
        Assert.Empty((await server.Get(Alice, Hooks.V2)).Is(200).Value);
    }

    [Fact]
    public async Task A_secret_is_shown_once_and_the_old_one_signs_for_a_day_after_a_rotation()
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        var (id, old) = await server.Subscribe(Alice, receiver.Address);
        Assert.Null((await server.Get(Alice, $"{Hooks.V2}/{id}")).Is(200).Json["secret"]);
        var fresh = (string)(await server.Post(Alice, $"{Hooks.V2}/{id}/rotate", null)).Is(200).Json["secret"]!;
        Assert.NotEqual(old, fresh);
        await server.Own();
        var call = (await receiver.Until(1, Cancellation))[0];
        Assert.True(await call.IsSigned(old, clock) && await call.IsSigned(fresh, clock));
        Assert.Equal(clock.GetUtcNow().ToUnixTimeSeconds(), long.Parse(call.Headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture));
        clock.Advance(TimeSpan.FromHours(24));
        await server.Own();
        call = (await receiver.Until(2, Cancellation))[1];
        Assert.True(await call.IsSigned(fresh, clock));
        Assert.False(await call.IsSigned(old, clock));
    }

    [Fact]
    public async Task A_paused_subscription_keeps_its_events_and_the_log_sends_again_since_a_time() // W42
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        var (id, _) = await server.Subscribe(Alice, receiver.Address);
        var one = $"{Hooks.V2}/{id}";
        await server.Own();
        await receiver.Until(1, Cancellation);
        await server.Until(Alice, $"{one}/deliveries?state=Delivered", r => r.Value.Count == 1);
        Assert.Equal("Paused", (string)(await server.Post(Alice, $"{one}/pause", null)).Is(200).Json["state"]!);
        clock.Advance(TimeSpan.FromHours(1));
        var since = clock.GetUtcNow();
        await server.Own();
        await server.Own();
        await server.Until(Alice, $"{one}/deliveries?state=Pending", r => r.Value.Count == 2);
        Assert.Single(receiver.Calls);
        (await server.Post(Alice, $"{one}/resume", null)).Is(200);
        await receiver.Until(3, Cancellation);
        await server.Until(Alice, $"{one}/deliveries?state=Delivered", r => r.Value.Count == 3);

        var again = new JsonObject { ["since"] = since.ToString("O", System.Globalization.CultureInfo.InvariantCulture) };
        Assert.Equal(2, (long)(await server.Post(Alice, $"{one}/resend", again)).Is(202).Json["count"]!);
        var calls = await receiver.Until(5, Cancellation);
        Assert.Equal(calls.Skip(1).Take(2).Select(c => c.EventId()).Order(), calls.Skip(3).Select(c => c.EventId()).Order());
        (await server.Post(Alice, $"{one}/resend", new JsonObject())).Is(400);
        (await server.Get(Alice, $"{one}/deliveries?state=nonsense")).Is(400);

        // Another organization's subscription does not exist.
        foreach (var path in new[] { one, $"{one}/deliveries", $"{one}/deliveries/{calls[0].EventId()}" })
            (await server.Get(Carol, path)).Is(404);
        (await server.Post(Carol, $"{one}/pause", null)).Is(404);
        (await server.Send(Alice, HttpMethod.Delete, one, null)).Is(204);
        (await server.Get(Alice, one)).Is(404);
    }

    [Fact]
    public async Task The_log_comes_in_pages_and_is_kept_thirty_days()
    {
        var clock = At("2026-10-01T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        var (id, _) = await server.Subscribe(Alice, receiver.Address);
        for (var i = 0; i < 105; i++)
            await server.Own();
        var path = $"{Hooks.V2}/{id}/deliveries";
        await receiver.Until(105, Cancellation);
        await server.Until(Alice, $"{path}?state=Pending", r => r.Value.Count == 0);
        var first = (await server.Get(Alice, path)).Is(200);
        var second = (await server.Get(Alice, (string)first.Json["next"]!)).Is(200);
        Assert.Equal([100, 5], new[] { first.Value.Count, second.Value.Count });
        Assert.Null(second.Json["next"]);
        Assert.Equal(105, first.Value.Concat(second.Value).Select(d => (string)d["eventId"]!).Distinct().Count());

        clock.Advance(TimeSpan.FromDays(30.1));
        await server.Until(Alice, path, r => r.Value.Count == 0);
        Assert.Equal(0L, await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM webhook_events"));
    }

    [Fact]
    public async Task The_log_tells_what_a_referral_caused()
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        var (id, _) = await server.Subscribe(Alice, receiver.Address);
        var path = $"{Hooks.V2}/{id}/deliveries";
        var (deal, other) = (await server.Own(), await server.Own());
        for (var i = 0; i < 104; i++)
            (await server.Rename(deal.Id, $"{i}")).Is(204);
        await receiver.Until(106, Cancellation);
        await server.Until(Alice, $"{path}?state=Pending", r => r.Value.Count == 0);

        // The condition goes along to the next page.
        var first = (await server.Get(Alice, $"{path}?referralId={deal.Id}&state=delivered")).Is(200);
        var second = (await server.Get(Alice, (string)first.Json["next"]!)).Is(200);
        Assert.Equal([100, 5], new[] { first.Value.Count, second.Value.Count });
        Assert.All(first.Value.Concat(second.Value), d => Assert.Equal(deal.Id, (string)d["referralId"]!));
        Assert.Equal("referral-created", (string)second.Value[^1]["event"]!);
        var one = (await server.Get(Alice, $"{path}?referralId={other.Id}")).Is(200);
        Assert.Equal(other.Id, (string)one.Value.Single()["referralId"]!);
        Assert.Null(one.Json["next"]);
        Assert.Empty((await server.Get(Alice, $"{path}?referralId={Guid.NewGuid()}")).Is(200).Value);
        Assert.Contains("referralId", (await server.Get(Alice, $"{path}?referralId=first")).Is(400).Text, StringComparison.Ordinal);
        (await server.Get(Carol, $"{path}?referralId={deal.Id}")).Is(404);
    }

    [Fact]
    public async Task A_receiver_that_fails_for_five_days_is_paused_until_somebody_resumes_it()
    {
        var clock = At("2026-11-01T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/", new WebhookAnswer(500));
        var (id, _) = await server.Subscribe(Alice, $"{receiver.Address}/");
        var one = $"{Hooks.V2}/{id}";
        await server.Own();
        await receiver.Until(1, Cancellation);
        var failing = await server.Until(Alice, $"{one}/deliveries", r => r.Value is [{ } only] && only["attempts"]!.AsArray().Count == 1);
        clock.Advance(TimeSpan.FromDays(4.9));
        await receiver.Until(2, Cancellation);
        await server.Until(Alice, $"{one}/deliveries", r => r.Value[0]["attempts"]!.AsArray().Count == 2);
        Assert.Equal("Active", (string)(await server.Get(Alice, one)).Json["state"]!);
        clock.Advance(TimeSpan.FromDays(0.2));
        var paused = await server.Until(Alice, one, r => (string)r.Json["state"]! == "Paused");
        Assert.Equal("2026-11-01T08:00:00Z", (string)paused.Json["failingSince"]!);
        Assert.NotNull(failing);
        Assert.Contains("five days", (string)paused.Json["pausedBecause"]!, StringComparison.Ordinal);

        // Whoever mends the receiver resumes, and misses nothing.
        receiver.On("/", WebhookAnswer.Ok);
        await server.Own();
        (await server.Post(Alice, $"{one}/resume", null)).Is(200);
        // Taken before the clock goes on, which would end an attempt that is under way.
        await server.Until(Alice, $"{one}/deliveries?state=Delivered", r => r.Value.Count == 1);
        clock.Advance(TimeSpan.FromHours(1.1));
        await server.Until(Alice, $"{one}/deliveries?state=Delivered", r => r.Value.Count == 2);
        Assert.Null((await server.Get(Alice, one)).Json["failingSince"]);
    }

    [Theory]
    [InlineData("""{ "since": "yesterday" }""", "since")]
    [InlineData("""{ "since": "2026-02-30T00:00:00Z" }""", "since")]
    [InlineData("""{ "since": "0001-01-01T00:00:00+14:00" }""", "since")]
    [InlineData("""{ "since": "9999-12-31T23:59:59-14:00" }""", "since")]
    [InlineData("""{ "since": 5 }""", "since")]
    [InlineData("""{ "since": "2026-01-01T00:00:00Z", "SINCE": "later" }""", "since")]
    [InlineData("""{ "state": "Failed" }""", "since")]
    [InlineData("""{ "since": "2026-01-01T00:00:00Z", "state": "Lost" }""", "state")]
    [InlineData("""{ "since": "2026-01-01T00:00:00Z", "state": 2 }""", "state")]
    [InlineData("""{ "since": "2026-01-01T00:00:00Z", "state": "2" }""", "state")]
    [InlineData("""{ "since": "2026-01-01T00:00:00Z", "state": "pending, failed" }""", "state")]
    [InlineData("""{ "since": "2026-01-01T00:00:00Z", "state": "Failed", "State": ["Failed"] }""", "state")]
    [InlineData("""[]""", "body")]
    public async Task What_cannot_be_sent_again_is_named(string body, string target) // W42
    {
        await using var server = await Start();
        var (id, _) = await server.Subscribe(Alice, "https://contoso.com/");
        var refused = (await server.Send(Alice, HttpMethod.Post, $"{Hooks.V2}/{id}/resend", body)).Is(400);
        Assert.Equal(target, ((string)refused.Json["errors"]![0]!["target"]!).ToLowerInvariant());
        (await server.Send(Alice, HttpMethod.Post, $"{Hooks.V2}/{id}/resend", """{ "since": "2026-01-01", "state": "failed" }""")).Is(202);
    }

    [Fact]
    public async Task Changes_at_the_same_time_on_two_nodes_take_nothing_back()
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        await using var receiver = await WebhookReceiver.Start();
        var (id, _) = await first.Subscribe(Alice, receiver.Address);
        var one = $"{Hooks.V2}/{id}";
        var secret = "";
        for (var round = 0; round < 5; round++)
        {
            var (url, filter) = ($"{receiver.Address}/{round}", $"name ne 'Name {round}'");
            var events = new JsonArray("referral-created", round % 2 == 0 ? "referral-updated" : "related-referral-created");
            var statuses = new JsonArray("Active", round % 2 == 0 ? "New" : "Closed");
            var rotated = first.Post(Alice, $"{one}/rotate", null);
            // A subscription is known at once to the node that did not make it.
            foreach (var reply in await Task.WhenAll(
                rotated,
                second.Patch(Alice, one, new JsonObject { ["url"] = url }),
                first.Patch(Alice, one, new JsonObject { ["events"] = events.DeepClone() }),
                second.Patch(Alice, one, new JsonObject { ["statuses"] = statuses.DeepClone() }),
                first.Patch(Alice, one, new JsonObject { ["filter"] = filter }),
                second.Post(Alice, $"{one}/pause", null)))
                reply.Is(200);
            secret = (string)(await rotated).Json["secret"]!;
            var now = (await second.Get(Alice, one)).Is(200).Json;
            Assert.Equal((url, filter, "Paused"), ((string)now["url"]!, (string)now["filter"]!, (string)now["state"]!));
            Assert.Equal((events.ToJsonString(), statuses.ToJsonString()), (now["events"]!.ToJsonString(), now["statuses"]!.ToJsonString()));
            (await first.Post(Alice, $"{one}/resume", null)).Is(200);
        }

        await first.Own();
        var call = (await receiver.Until(1, Cancellation))[0];
        Assert.Equal("/4", call.Path);
        Assert.True(await call.IsSigned(secret));
    }

    [Fact]
    public async Task A_key_of_yesterday_is_good_again_and_of_the_same_key_at_once_one_wins()
    {
        await using var server = await Start();
        var body = new JsonObject { ["url"] = "https://contoso.com/" };
        var first = (await server.Post(Alice, Hooks.V2, body, ("Idempotency-Key", "k"))).Is(201);
        // A day and an hour ago, and not forgotten yet.
        await TestDatabase.Ask(server.Data, "UPDATE idempotency_keys SET created_at = created_at - 90000000000");
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => server.Post(Alice, Hooks.V2, body, ("Idempotency-Key", "k"))));
        var second = Assert.Single(replies, r => r.Status == 201);
        Assert.NotEqual(first.Id, second.Id);
        Assert.All(replies.Where(r => r != second), r => Assert.Contains(second.Id, r.Is(409).Text, StringComparison.Ordinal));
        Assert.Equal(2, (await server.Get(Alice, Hooks.V2)).Value.Count);
    }

    [Fact]
    public async Task A_repeated_request_makes_one_subscription()
    {
        await using var server = await Start();
        var body = new JsonObject { ["url"] = "https://contoso.com/" };
        var made = (await server.Post(Alice, Hooks.V2, body, ("Idempotency-Key", "k"))).Is(201);
        Assert.Equal($"{Hooks.V2}/{made.Id}", made.Headers["Location"]);
        var again = (await server.Post(Alice, Hooks.V2, body, ("Idempotency-Key", "k"))).Is(409);
        Assert.Contains(made.Id, again.Text, StringComparison.Ordinal);
        Assert.Single((await server.Get(Alice, Hooks.V2)).Value);
    }

    [Fact]
    public async Task A_change_keeps_what_it_does_not_name_and_the_registration_is_changed_elsewhere()
    {
        await using var server = await Start();
        var (id, _) = await server.Subscribe(Alice, "https://contoso.com/", b => b["filter"] = "name eq 'x'");
        var changed = (await server.Patch(Alice, $"{Hooks.V2}/{id}", new JsonObject { ["statuses"] = new JsonArray("New") })).Is(200).Json;
        Assert.Equal("name eq 'x'", (string)changed["filter"]!);
        Assert.Equal("""["New"]""", changed["statuses"]!.ToJsonString());
        changed = (await server.Patch(Alice, $"{Hooks.V2}/{id}", new JsonObject { ["filter"] = "", ["statuses"] = new JsonArray() })).Is(200).Json;
        Assert.Null(changed["filter"]);
        Assert.Empty(changed["statuses"]!.AsArray());
        await server.Register(Alice, "https://contoso.com/");
        var registration = (string)(await server.Get(Alice, Hooks.V2)).Value.Single(s => (string)s["kind"]! == "PartnerCenter")["id"]!;
        (await server.Patch(Alice, $"{Hooks.V2}/{registration}", new JsonObject())).Is(400);
        (await server.Post(Alice, $"{Hooks.V2}/{registration}/rotate", null)).Is(400);
    }

    private static async Task Settled(TandemServer server)
    {
        await server.Planned();
        foreach (var user in new[] { Alice, Carol })
        {
            foreach (var subscription in (await server.Get(user, Hooks.V2)).Is(200).Value)
                await server.Until(user, $"{Hooks.V2}/{subscription["id"]}/deliveries?state=Pending", r => r.Value.Count == 0);
        }
    }
}

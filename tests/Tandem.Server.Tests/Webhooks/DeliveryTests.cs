using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>What a receiver gets, against a real listener.</summary>
public sealed class DeliveryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_published_checks_accept_every_event_and_refuse_a_changed_byte(bool usesHeader) // W31, W32, W33, W34, W43
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        await server.Register(Alice, $"{receiver.Address}/events", usesHeader);
        var deal = await server.Own();
        (await server.Rename(deal.Id, "Renamed")).Is(204);
        (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(200);

        var calls = await receiver.Until(3, Cancellation);
        Assert.Equal(["referral-created", "referral-updated"], calls.Where(c => c.Event() != "test-created").Select(c => c.Event()));
        foreach (var call in calls)
        {
            Assert.Equal("POST", call.Method);
            Assert.Equal("application/json; charset=utf-8", call.Headers["Content-Type"]);
            Assert.Equal(call.Body.Length.ToString(CultureInfo.InvariantCulture), call.Headers["Content-Length"]); // W24
            Assert.Equal("rsa-sha256", call.Headers["X-MS-Signature-Algorithm"]);
            Assert.Equal(usesHeader, call.Headers.ContainsKey("x-ms-signature"));
            Assert.Equal(!usesHeader, call.Headers.ContainsKey("Authorization"));
            // By hand, as the documents tell those who do without the client library, and by the library.
            Assert.True(await FollowsTheSteps(call, call.Body));
            Assert.True(await call.IsSigned(server));
            for (var i = 0; i < call.Body.Length; i += 7)
            {
                var changed = call.Body.ToArray();
                changed[i] ^= 1;
                Assert.False(await FollowsTheSteps(call, changed));
                Assert.False(await call.IsSigned(server, changed));
            }
        }
    }

    [Fact]
    public async Task The_body_has_the_five_properties_in_their_order() // W20, W21, W22, W23, W24
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        await server.Register(Alice, receiver.Address);
        var deal = await server.Own();
        var call = (await receiver.Until(1, Cancellation))[0];
        var time = DateTimeOffset.Parse((string)deal.Json["createdDateTime"]!, CultureInfo.InvariantCulture);
        var uri = $"{server.Address}/engagements/v1/referrals/{deal.Id}";
        Assert.Equal(
            $$"""{"EventName":"referral-created","ResourceUri":"{{uri}}","ResourceName":"referral","AuditUri":null,"ResourceChangeUtcDate":"{{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fffffff}}+00:00"}""",
            call.Text);
        var example = Bodies.Example("webhook-event-referral-created").AsObject();
        Assert.Equal(example.Select(p => p.Key), call.Json().Select(p => p.Key));

        // The address serves what the canonical one does (W20).
        var read = (await server.Get(Alice, uri)).Is(200);
        read = (await server.Put(Alice, uri, Changed(read.Json, "By its address"), ("If-Match", read.ETag))).Is(200);
        (await server.Patch(Alice, uri, Bodies.Replace(("/name", "Patched")), ("If-Match", read.ETag))).Is(204);
        var calls = await receiver.Until(3, Cancellation);
        Assert.Equal(["referral-created", "referral-updated", "referral-updated"], calls.Select(c => c.Event()));
    }

    [Fact]
    public async Task A_failed_event_is_tried_ten_times_with_the_same_bytes_and_then_kept_to_be_sent_again() // W24, W37, W38, W42
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/", new WebhookAnswer(500).Saying("broken"));
        await server.Register(Alice, $"{receiver.Address}/");
        var deal = await server.Own();
        var log = await Log(server, Alice);
        var wait = TimeSpan.FromSeconds(10);
        for (var attempt = 1; attempt <= 10; attempt++)
        {
            await receiver.Until(attempt, Cancellation);
            var state = attempt < 10 ? "Pending" : "Failed";
            await server.Until(Alice, log, r => Attempts(r) == attempt && (string)r.Value[0]["state"]! == state);
            // A moment too early nothing is sent; what is due is due at the latest a fifth later.
            clock.Advance(wait - TimeSpan.FromMilliseconds(1));
            clock.Advance((wait / 5) + TimeSpan.FromMilliseconds(2));
            wait = TimeSpan.FromSeconds(Math.Min(3600, wait.TotalSeconds * 2));
        }

        clock.Advance(TimeSpan.FromDays(1));
        // A later event passes the failed one.
        receiver.On("/", WebhookAnswer.Ok);
        (await server.Rename(deal.Id, "Later")).Is(204);
        var calls = await receiver.Until(11, Cancellation);
        Assert.All(calls.Take(10), c => Assert.Equal(calls[0].Text, c.Text));
        Assert.Single(calls.Take(10).Select(c => c.EventId()).Distinct());
        Assert.Equal("referral-updated", calls[10].Event());

        var failed = (await server.Get(Alice, $"{log}?state=failed")).Is(200).Value.Single();
        Assert.Equal(500, (int)failed["attempts"]![9]!["status"]!);
        Assert.Equal("broken", (string)failed["attempts"]![9]!["answer"]!);
        var one = $"{log}/{failed["eventId"]}";
        Assert.Equal(calls[0].Text, (string)(await server.Get(Alice, one)).Is(200).Json["body"]!);
        (await server.Post(Alice, $"{one}/resend", null)).Is(202);
        calls = await receiver.Until(12, Cancellation);
        Assert.Equal(calls[0].Text, calls[11].Text);
        Assert.Equal(calls[0].EventId(), calls[11].EventId());
        await server.Until(Alice, $"{log}?state=Failed", r => r.Value.Count == 0);
    }

    [Fact]
    public async Task What_is_taken_while_all_that_waits_is_sent_again_is_not_sent_again() // W39, W42
    {
        const string Take = "UPDATE webhook_deliveries SET state = 'Delivered'";
        await using var server = await Start(At("2026-11-20T08:00:00Z"));
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/", new WebhookAnswer(500));
        await server.Register(Alice, $"{receiver.Address}/");
        await server.Own();
        var log = await Log(server, Alice);
        await server.Until(Alice, log, r => Attempts(r) == 1);
        Task<Reply> Resend() => server.Post(Alice, log.Replace("/deliveries", "/resend", StringComparison.Ordinal),
            new JsonObject { ["since"] = "2000-01-01T00:00:00Z", ["state"] = "Pending" });
        Reply resent;
        if (TestDatabase.IsPostgres)
        {
            // Another node stores that the event was taken, and commits when the resend has found it waiting.
            await using var source = NpgsqlDataSource.Create(await TestDatabase.Database(Path.GetFileName(server.Data)));
            await using var connection = await source.OpenConnectionAsync(Cancellation);
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await using var command = new NpgsqlCommand(Take, connection, transaction);
            await command.ExecuteNonQueryAsync(Cancellation);
            var resend = Resend();
            await server.Blocks();
            await transaction.CommitAsync(Cancellation);
            resent = await resend;
        }
        else
        {
            // SQLite has one writer at a time.
            await TestDatabase.Ask(server.Data, Take);
            resent = await Resend();
        }

        Assert.Equal(0, (long)resent.Is(202).Json["count"]!);
        Assert.Equal("Delivered", (string)(await server.Get(Alice, log)).Is(200).Value.Single()["state"]!);
    }

    [Fact]
    public async Task A_referrals_events_wait_behind_its_retry_and_others_flow_on() // W39
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        await server.Register(Alice, $"{receiver.Address}/");
        var (stuck, free) = (await server.Own(), await server.Own());
        await receiver.Until(2, Cancellation);
        receiver.On("/", c => c.Referral() == stuck.Id ? new WebhookAnswer(503) : WebhookAnswer.Ok);
        (await server.Rename(stuck.Id, "1")).Is(204);
        await receiver.Until(3, Cancellation);
        for (var i = 2; i <= 4; i++)
        {
            (await server.Rename(stuck.Id, $"{i}")).Is(204);
            (await server.Rename(free.Id, $"{i}")).Is(204);
        }

        var calls = await receiver.Until(6, Cancellation);
        Assert.Equal(3, calls.Skip(3).Count(c => c.Referral() == free.Id));
        receiver.On("/", WebhookAnswer.Ok);
        await server.Until(Alice, await Log(server, Alice), r => r.Value.Count == 9);
        clock.Advance(TimeSpan.FromSeconds(13));
        calls = await receiver.Until(10, Cancellation);
        var times = calls.Skip(3).Where(c => c.Referral() == stuck.Id && c.Answer.Status == 200)
            .Select(c => (string)c.Json()["ResourceChangeUtcDate"]!).ToList();
        Assert.Equal(4, times.Count);
        Assert.Equal(times.Order(StringComparer.Ordinal), times);
    }

    [Fact]
    public async Task Without_a_crash_nothing_comes_twice() // W39
    {
        const int Writers = 4;
        const int Changes = 50;
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        for (var i = 0; i < 5; i++)
            await server.Subscribe(Alice, $"{receiver.Address}/{i}");
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async _ =>
        {
            for (var i = 0; i < Changes; i++)
                await server.Own();
        }));
        await receiver.Until(Writers * Changes * 5, Cancellation);
        foreach (var subscription in (await server.Get(Alice, Hooks.V2)).Value)
            await server.Until(Alice, $"{Hooks.V2}/{subscription["id"]}/deliveries?state=Pending", r => r.Value.Count == 0);
        Assert.Equal(Writers * Changes * 5, receiver.Calls.Count);
        Assert.Equal(Writers * Changes * 5, receiver.Calls.Select(c => (c.Path, c.EventId())).Distinct().Count());
    }

    [Fact]
    public async Task Gone_ends_the_retries_at_once() // W38
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/", WebhookAnswer.Gone);
        await server.Register(Alice, $"{receiver.Address}/");
        await server.Own();
        await server.Until(Alice, await Log(server, Alice), r => r.Value is [{ } only] && (string)only["state"]! == "Failed");
        Assert.Single(receiver.Calls);
    }

    [Fact]
    public async Task Redirects_are_failures_and_a_receivers_wish_to_wait_is_heard() // W36, W38
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/", WebhookAnswer.Redirect("/elsewhere"), WebhookAnswer.RetryAfter("600"), WebhookAnswer.Ok);
        await server.Register(Alice, $"{receiver.Address}/");
        await server.Own();
        var log = await Log(server, Alice);
        await server.Until(Alice, log, r => Attempts(r) == 1);
        clock.Advance(TimeSpan.FromSeconds(13));
        var waiting = await server.Until(Alice, log, r => Attempts(r) == 2);
        Assert.Equal("2026-11-20T08:10:13Z", (string)waiting.Value[0]["nextAttemptDateTime"]!);
        Assert.Equal([307, 503], waiting.Value[0]["attempts"]!.AsArray().Select(a => (int)a!["status"]!));
        clock.Advance(TimeSpan.FromSeconds(600));
        await receiver.Until(3, Cancellation);
        Assert.DoesNotContain(receiver.Calls, c => c.Path != "/");
    }

    [Fact]
    public async Task What_waits_goes_to_the_new_address_in_the_new_form_if_it_is_still_wanted() // W15, W41
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/old", new WebhookAnswer(500));
        await server.Register(Alice, $"{receiver.Address}/old");
        await server.Own();
        await receiver.Until(1, Cancellation);
        var log = await Log(server, Alice);
        await server.Until(Alice, log, r => Attempts(r) == 1);
        (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(200);
        await receiver.Until(2, Cancellation);
        await server.Until(Alice, log, r => r.Value.Count == 2 && r.Value.All(d => d["attempts"]!.AsArray().Count == 1));
        await server.Register(Alice, $"{receiver.Address}/new", true, "referral-created");
        clock.Advance(TimeSpan.FromSeconds(13));
        var calls = await receiver.Until(3, Cancellation);
        Assert.Equal("/new", calls[2].Path);
        Assert.Equal("referral-created", calls[2].Event());
        Assert.True(calls[2].Headers.ContainsKey("x-ms-signature"));
        Assert.Equal(calls.First(c => c.Event() == "referral-created").Text, calls[2].Text);
        await server.Until(Alice, $"{log}?state=dropped", r => r.Value.Count == 1);
    }

    [Fact]
    public async Task An_event_counts_if_it_is_subscribed_when_it_is_raised() // W15, W12
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        var deal = await server.Own();
        await server.Register(Alice, $"{receiver.Address}/", false, "referral-created");
        (await server.Rename(deal.Id, "Not subscribed")).Is(204);
        await server.Register(Alice, $"{receiver.Address}/", false, "referral-updated");
        var second = await server.Own();
        (await server.Rename(second.Id, "Subscribed")).Is(204);
        (await server.Send(Alice, HttpMethod.Delete, Hooks.V1, null)).Is(204);
        (await server.Rename(second.Id, "Not registered")).Is(204);
        await server.Register(Alice, $"{receiver.Address}/last");
        (await server.Rename(second.Id, "Registered again")).Is(204);
        var calls = await receiver.Until(c => c.Any(x => x.Path == "/last"), Cancellation);
        var last = (await server.Get(Alice, $"{Api}/{second.Id}")).Is(200);
        Assert.Single(calls, c => c.Path == "/last");
        Assert.Equal(Instant(last), Instant(calls[^1]));
        // The one before may have been dropped with the registration that it was raised for.
        Assert.All(calls.Where(c => c.Path == "/"), c => Assert.Equal((second.Id, "referral-updated"), (c.Referral(), c.Event())));
        Assert.InRange(calls.Count(c => c.Path == "/"), 0, 1);
    }

    [Fact]
    public async Task What_was_changed_before_a_registration_is_not_told_when_it_is_read_only_later() // W15
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        var deal = await server.Own();
        await server.Settle();
        // A transaction of somebody else keeps the log from being read in order. SQLite has no such thing.
        await using var other = TestDatabase.IsPostgres ? new NpgsqlConnection($"{TestDatabase.Postgres};Database=postgres;Pooling=false") : null;
        if (other is not null)
        {
            await other.OpenAsync(Cancellation);
            await using var begin = new NpgsqlCommand("BEGIN; SELECT pg_current_xact_id()", other);
            await begin.ExecuteNonQueryAsync(Cancellation);
        }

        (await server.Rename(deal.Id, "Before")).Is(204);
        await server.Register(Alice, $"{receiver.Address}/");
        (await server.Rename(deal.Id, "After")).Is(204);
        if (other is not null)
            await other.CloseAsync();
        await receiver.Until(1, Cancellation);
        await server.Settle();
        var log = await Log(server, Alice);
        Assert.Single((await server.Until(Alice, $"{log}?state=delivered", r => r.Value.Count > 0)).Value);
        Assert.Equal(Instant((await server.Get(Alice, $"{Api}/{deal.Id}")).Is(200)), Instant(Assert.Single(receiver.Calls)));
    }

    [Fact]
    public async Task A_new_key_gets_a_new_address_and_the_old_certificate_stays() // W34
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        await server.Register(Alice, $"{receiver.Address}/");
        await server.Own();
        var before = (await receiver.Until(1, Cancellation))[0];
        var made = (await server.Post(Sam, "/webhooks/v2/keys/rotate", null)).Is(200);
        await server.Own();
        var after = (await receiver.Until(2, Cancellation))[1];
        Assert.Equal((string)made.Json["certificateUrl"]!, after.Headers["X-MS-Certificate-Url"]);
        Assert.NotEqual(before.Headers["X-MS-Certificate-Url"], after.Headers["X-MS-Certificate-Url"]);
        Assert.True(await after.IsSigned(server));
        Assert.True(await before.IsSigned(server));
        var old = (await server.Get("", before.Headers["X-MS-Certificate-Url"])).Is(200);
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", old.Text, StringComparison.Ordinal);
        Assert.StartsWith("application/x-x509-ca-cert", old.Headers["Content-Type"], StringComparison.Ordinal);
        (await server.Get("", $"/webhooks/certificates/{new string('0', 40)}.cer")).Is(404);
    }

    [Fact]
    public async Task Who_hangs_has_failed_after_thirty_seconds() // W36
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/hang", WebhookAnswer.Hang);
        var (id, _) = await server.Subscribe(Alice, $"{receiver.Address}/hang");
        await server.Own();
        await receiver.Until(1, Cancellation);
        var log = $"{Hooks.V2}/{id}/deliveries";
        Assert.All((await server.Get(Alice, log)).Is(200).Value, d => Assert.Empty(d["attempts"]!.AsArray()));
        clock.Advance(TimeSpan.FromSeconds(30));
        var late = await server.Until(Alice, log, r => Attempts(r) == 1);
        Assert.Equal("No answer within 30 seconds.", (string)late.Value[^1]["attempts"]![0]!["fault"]!);
    }

    [Fact]
    public async Task Twenty_hostile_receivers_hold_up_nothing_of_twenty_good_ones() // W36, W39, W40
    {
        const int Each = 20;
        const int Deals = 5;
        const int Changes = 4;
        await using var server = await Start();
        await using var good = await WebhookReceiver.Start();
        await using var hostile = await WebhookReceiver.Start();
        await using var silent = await WebhookReceiver.StartRaw(RawAnswers.Silent);
        await using var slow = await WebhookReceiver.StartRaw(RawAnswers.DripHead);
        await using var endless = await WebhookReceiver.StartRaw(RawAnswers.EndlessHeader);
        await using var garbage = await WebhookReceiver.StartRaw(RawAnswers.Gibberish);
        await using var broken = await WebhookReceiver.StartRaw(RawAnswers.BrokenTls);
        await using var hangup = await WebhookReceiver.StartRaw(RawAnswers.Hangup);
        // Those that say 200 first and then go on for ever have taken the event; all others never do.
        string[] takers = [$"{hostile.Address}/drip", $"{hostile.Address}/endless"];
        string[] paths = ["/drip", "/endless", "/hang", "/redirect", "/close", "/broken"];
        hostile.On("/hang", WebhookAnswer.Hang).On("/drip", WebhookAnswer.Drip()).On("/endless", WebhookAnswer.Endless)
            .On("/redirect", WebhookAnswer.Redirect("/elsewhere")).On("/close", WebhookAnswer.Close).On("/broken", new WebhookAnswer(500))
            .On("/elsewhere", WebhookAnswer.Ok);
        string[] traps =
        [
            .. paths.Select(path => hostile.Address + path), silent.Address, slow.Address, endless.Address, garbage.Address,
            hangup.Address,
            broken.Address.Replace("http:", "https:", StringComparison.Ordinal), "http://127.0.0.1:9/",
        ];
        var hostiles = new List<(string Id, string Url)>();
        for (var i = 0; i < Each; i++)
        {
            hostiles.Add(((await server.Subscribe(Alice, traps[i % traps.Length])).Id, traps[i % traps.Length]));
            await server.Subscribe(Alice, $"{good.Address}/{i}");
        }

        await Task.WhenAll(Enumerable.Range(0, Deals).Select(async _ =>
        {
            var deal = await server.Own();
            for (var i = 1; i < Changes; i++)
                (await server.Rename(deal.Id, $"{i}")).Is(204);
        }));
        var calls = await good.Until(Each * Deals * Changes, Cancellation);

        // All is with the good ones, in order; and of the hostile ones each was asked and still holds its first call or
        // waits for its next one.
        var lanes = calls.GroupBy(c => (c.Path, c.Referral())).ToList();
        Assert.Equal(Each * Deals, lanes.Count);
        Assert.All(lanes, lane =>
        {
            var times = lane.Select(c => (string)c.Json()["time"]!).ToList();
            Assert.Equal(Changes, times.Distinct().Count());
            Assert.Equal(times.Order(StringComparer.Ordinal), times);
        });
        foreach (var path in paths)
            await hostile.Until(c => c.Any(x => x.Path == path), Cancellation);
        Assert.DoesNotContain(hostile.Calls, c => c.Path == "/elsewhere");
        foreach (var trap in new[] { silent, slow, endless, garbage, broken, hangup })
            await trap.UntilConnected(Cancellation);
        foreach (var (id, _) in hostiles.Where(h => !takers.Contains(h.Url)))
        {
            var waiting = (await server.Get(Alice, $"{Hooks.V2}/{id}/deliveries")).Is(200).Value;
            Assert.Equal(Deals * Changes, waiting.Count);
            Assert.All(waiting, d => Assert.Equal("Pending", (string)d["state"]!));
        }
    }

    /// <summary>
    /// The published steps: the certificate from its address, the algorithm, the signature from the header that has it,
    /// over the bytes as they came.
    /// </summary>
    private static async Task<bool> FollowsTheSteps(ReceivedCall call, byte[] body)
    {
        if (call.Headers["X-MS-Signature-Algorithm"] != "rsa-sha256")
            return false;
        using var http = new HttpClient();
        var pem = await http.GetStringAsync(new Uri(call.Headers["X-MS-Certificate-Url"]), Cancellation);
        var header = call.Headers.TryGetValue("Authorization", out var authorization) ? authorization : call.Headers["x-ms-signature"];
        if (header.Split(' ') is not ["Signature", var signature])
            return false;
        using var certificate = X509CertificateLoader.LoadCertificate(Encoding.ASCII.GetBytes(pem));
        using var key = certificate.GetRSAPublicKey()!;
        return key.VerifyData(body, Convert.FromBase64String(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private static DateTimeOffset Instant(Reply referral) =>
        DateTimeOffset.Parse((string)referral.Json["updatedDateTime"]!, CultureInfo.InvariantCulture);

    private static DateTimeOffset Instant(ReceivedCall call) =>
        DateTimeOffset.Parse((string)call.Json()["ResourceChangeUtcDate"]!, CultureInfo.InvariantCulture);

    private static async Task<string> Log(TandemServer server, string user) =>
        $"{Hooks.V2}/{(await server.Get(user, Hooks.V2)).Is(200).Value.Single(s => (string)s["kind"]! == "PartnerCenter")["id"]}/deliveries";

    private static int Attempts(Reply log) => log.Value.Count == 0 ? 0 : log.Value[^1]["attempts"]!.AsArray().Count;

    private static JsonObject Changed(JsonNode referral, string name)
    {
        var changed = JsonNode.Parse(Encoding.UTF8.GetBytes(referral.ToJsonString()))!.AsObject();
        changed["name"] = name;
        return changed;
    }
}

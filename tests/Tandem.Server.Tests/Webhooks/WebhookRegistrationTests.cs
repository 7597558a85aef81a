using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>The registration of the Partner Center webhooks, as its clients write it.</summary>
public sealed class WebhookRegistrationTests
{
    private const string Url = "https://hooks.contoso.com/partnercenter/events";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("webhook-registration-request")]
    [InlineData("webhook-registration-connector-request")] // W4, W43: a string for a boolean
    public async Task A_documented_registration_is_answered_as_documented(string example) // W1, W2, W6, W7, W9, W10, W11
    {
        await using var server = await Start();
        var names = (await server.Get(Alice, $"{Hooks.V1}/events")).Is(200).Json;
        Assert.Equal(Bodies.Example("webhook-events-response").ToJsonString(), names.ToJsonString());

        var body = Bodies.Example(example).AsObject();
        var made = (await server.Post(Alice, Hooks.V1, body)).Is(200);
        Assert.Equal(Bodies.Example("webhook-registration-response").AsObject().Select(p => p.Key), made.Json.AsObject().Select(p => p.Key));
        Assert.Equal(Contoso, (string)made.Json["SubscriberId"]!);
        Assert.Equal((string)body["WebhookUrl"]!, (string)made.Json["WebhookUrl"]!);
        Assert.Equal(body["WebhookEvents"]!.ToJsonString(), made.Json["WebhookEvents"]!.ToJsonString());

        var seen = (await server.Get(Alice, Hooks.V1)).Is(200);
        Assert.Equal(Bodies.Example("webhook-registration-get-response").AsObject().Select(p => p.Key), seen.Json.AsObject().Select(p => p.Key));
        var put = (await server.Put(Alice, Hooks.V1, body)).Is(200);
        Assert.Equal(made.Text, put.Text);
    }

    [Fact]
    public async Task Paths_and_names_are_read_in_any_case() // W1, W4
    {
        await using var server = await Start();
        var body = new JsonObject
        {
            ["webhookurl"] = Url,
            ["WEBHOOKEVENTS"] = new JsonArray("REFERRAL-Created", "referral-created", "Test-Created"),
            ["signatureTokenToMsSignatureHeader"] = "True",
            ["somethingElse"] = 1,
        };
        var made = (await server.Put(Alice, "/Webhooks/V1/Registration/", body)).Is(200); // W11: PUT creates
        Assert.Equal("""["referral-created","test-created"]""", made.Json["WebhookEvents"]!.ToJsonString()); // W14
        (await server.Post(Alice, "/webhooks/v1/REGISTRATION/ValidationEvents/", null)).Is(200);
    }

    [Fact]
    public async Task Of_names_that_differ_by_case_the_last_one_counts_whatever_the_first_one_says() // W4, R14
    {
        await using var server = await Start();
        var made = (await server.Send(Alice, HttpMethod.Post, Hooks.V1, $$"""
            { "WebhookUrl": "nonsense", "webhookUrl": "{{Url}}",
              "webhookEvents": [], "WebhookEvents": ["test-created"],
              "SignatureTokenToMsSignatureHeader": "perhaps", "signatureTokenToMsSignatureHeader": "true" }
            """)).Is(200);
        Assert.Equal(Url, (string)made.Json["WebhookUrl"]!);
        Assert.Equal("""["test-created"]""", made.Json["WebhookEvents"]!.ToJsonString());
        ErrorShape.CheckWebhook((await server.Send(Alice, HttpMethod.Post, Hooks.V1,
            $$"""{ "WebhookUrl": "{{Url}}", "WebhookEvents": ["test-created"], "webhookevents": [] }""")).Is(400));
    }

    [Fact]
    public async Task The_last_registration_wins_and_deleting_it_is_final() // W8, W10, W12
    {
        await using var server = await Start();
        await server.Register(Alice, "https://first.contoso.com/");
        await server.Register(Alice, "https://second.contoso.com/", false, "referral-created");
        var seen = (await server.Get(Alice, Hooks.V1)).Is(200).Json;
        Assert.Equal("https://second.contoso.com/", (string)seen["WebhookUrl"]!);
        Assert.Single(seen["WebhookEvents"]!.AsArray());
        Assert.Single((await server.Get(Alice, Hooks.V2)).Is(200).Value);
        ErrorShape.CheckWebhook((await server.Get(Carol, Hooks.V1)).Is(404)); // another tenant's is not seen

        (await server.Send(Alice, HttpMethod.Delete, Hooks.V1, null)).Is(204);
        ErrorShape.CheckWebhook((await server.Get(Alice, Hooks.V1)).Is(404));
        ErrorShape.CheckWebhook((await server.Send(Alice, HttpMethod.Delete, Hooks.V1, null)).Is(404));
    }

    [Fact]
    public async Task Registering_at_the_same_time_leaves_one_registration() // W8
    {
        await using var server = await Start();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => server.Register(Alice, $"https://r{i}.contoso.com/")));
        Assert.Single((await server.Get(Alice, Hooks.V2)).Is(200).Value);
    }

    [Theory]
    [InlineData("WebhookUrl", "null")] // W13
    [InlineData("WebhookUrl", "7")]
    [InlineData("WebhookUrl", "\"\"")]
    [InlineData("WebhookUrl", "\"/relative\"")]
    [InlineData("WebhookUrl", "\"ftp://contoso.com/\"")]
    [InlineData("WebhookUrl", "\"https://user:secret@contoso.com/\"")]
    [InlineData("WebhookUrl", "\"https://contoso.com/a\\u0000b\"")]
    [InlineData("WebhookUrl", "\"https://contoso.com/a\\r\\nb\"")]
    [InlineData("WebhookEvents", "null")] // W14
    [InlineData("WebhookEvents", "[]")]
    [InlineData("WebhookEvents", "\"referral-created\"")]
    [InlineData("WebhookEvents", "[7]")]
    [InlineData("WebhookEvents", "[\"referral-deleted\"]")]
    [InlineData("WebhookEvents", "[\"dap-\"]")]
    [InlineData("WebhookEvents", "[\"dap-two words\"]")]
    [InlineData("SignatureTokenToMsSignatureHeader", "\"perhaps\"")]
    public async Task A_wrong_value_is_named(string property, string value) // W30
    {
        await using var server = await Start();
        var body = Hooks.Registration(Url);
        body[property] = JsonNode.Parse(value);
        var refused = (await server.Post(Alice, Hooks.V1, body)).Is(400);
        ErrorShape.CheckWebhook(refused);
        Assert.Contains(property, refused.Json["data"]!.AsArray().Select(d => (string)d!));
        Assert.Contains(property, (string)refused.Json["description"]!, StringComparison.Ordinal);
        if (value.Contains("deleted", StringComparison.Ordinal))
            Assert.Contains("referral-deleted", (string)refused.Json["description"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_emulator_calls_loopback_and_no_address_is_longer_than_2048() // W13
    {
        await using var server = await Start();
        (await server.Post(Alice, Hooks.V1, Hooks.Registration("http://127.0.0.1:9/"))).Is(200);
        (await server.Post(Alice, Hooks.V1, Hooks.Registration($"https://contoso.com/{new string('x', 2048)}"))).Is(400);
    }

    [Fact]
    public async Task Names_of_the_original_service_are_stored_and_never_raised() // W14
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        string[] names = ["invoice-ready", "dap-admin-relationship-approved", "granular-admin-relationship-created", "usagerecords-thresholdexceeded"];
        var made = await server.Register(Alice, receiver.Address, false, [.. names, "test-created"]);
        Assert.Equal(5, made.Json["WebhookEvents"]!.AsArray().Count);
        await server.Own();
        (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(200);
        var calls = await receiver.Until(1, Cancellation);
        Assert.Equal(["test-created"], calls.Select(c => c.Event()));
    }

    [Fact]
    public async Task Every_refusal_has_the_shape_of_this_family_and_every_answer_its_headers() // W5, W30
    {
        await using var server = await Start();
        var body = Hooks.Registration(Url).ToJsonString();
        foreach (var (refused, status) in new[]
        {
            (await server.Send("", HttpMethod.Get, Hooks.V1, null), 401),
            (await server.Send("nonsense", HttpMethod.Get, Hooks.V1, null), 401),
            (await server.Get(Bob, Hooks.V1), 403), // W3
            (await server.Get(Alice, $"{Hooks.V1}/nothing"), 404),
            (await server.Send(Alice, HttpMethod.Patch, Hooks.V1, "{}"), 405),
            (await server.Send(Alice, HttpMethod.Post, Hooks.V1, body, ("Content-Type", "text/plain")), 415),
            (await server.Send(Alice, HttpMethod.Post, Hooks.V1, "{"), 400),
            (await server.Send(Alice, HttpMethod.Post, Hooks.V1, "[]"), 400),
            (await server.Send(Alice, HttpMethod.Post, Hooks.V1, ""), 400),
        })
        {
            refused.Is(status);
            ErrorShape.CheckWebhook(refused);
            CheckHeaders(refused);
        }

        var id = Guid.NewGuid().ToString();
        var answer = (await server.Get(Alice, $"{Hooks.V1}/events", ("MS-CorrelationId", id), ("MS-RequestId", id), ("X-Locale", "de-DE"))).Is(200);
        CheckHeaders(answer);
        Assert.Equal(id, answer.Headers["MS-CorrelationId"]);
        Assert.Equal(id, answer.Headers["MS-RequestId"]);
        foreach (var type in new[] { "", "garbage", ": application/json" })
            (await server.Send(Alice, HttpMethod.Post, Hooks.V1, body, ("Content-Type", type))).Is(200);

        static void CheckHeaders(Reply reply)
        {
            Assert.True(Guid.TryParse(reply.Headers["MS-CorrelationId"], out _));
            Assert.True(Guid.TryParse(reply.Headers["MS-RequestId"], out _));
            Assert.Equal("en-US", reply.Headers["X-Locale"]);
        }
    }

    [Fact]
    public async Task A_header_whose_name_ends_in_a_colon_is_read() // W5, W43
    {
        await using var server = await Start();
        var body = Hooks.Registration(Url).ToJsonString();
        using var client = new TcpClient();
        var address = new Uri(server.Address);
        await client.ConnectAsync(address.Host, address.Port, Cancellation);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(
            $"POST {Hooks.V1} HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {Alice}\r\nContent-Type:: application/json\r\n"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"), Cancellation);
        using var reader = new StreamReader(stream);
        Assert.StartsWith("HTTP/1.1 200", await reader.ReadToEndAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_application_acts_for_its_tenant() // W2, W3
    {
        await using var server = await Start();
        using var form = new FormUrlEncodedContent([
            new("grant_type", "client_credentials"), new("client_id", "connector"), new("client_secret", "s"),
            new("scope", "https://api.partnercenter.microsoft.com/.default")]);
        using var answer = await server.Http.PostAsync(new Uri($"/{Contoso}/oauth2/v2.0/token", UriKind.Relative), form, Cancellation);
        var token = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!["access_token"]!;
        await server.Register(token, Url);
        (await server.Get(token, Api)).Is(403); // as R9 has it
        Assert.Equal(Url, (string)(await server.Get(Alice, Hooks.V1)).Is(200).Json["WebhookUrl"]!);
    }

    [Theory]
    [InlineData("Global admin", true)]
    [InlineData("Billing admin", true)]
    [InlineData("Admin agent", true)]
    [InlineData("Sales agent", true)]
    [InlineData("Helpdesk agent", true)]
    [InlineData("Referrals user", false)]
    [InlineData("Business profile admin", false)]
    [InlineData("Account admin", false)]
    public async Task The_role_decides_who_may_register(string role, bool may) // W3
    {
        await using var server = await Start();
        var users = (await server.Get(Alice, $"/admin/organizations/{Contoso}/users")).Is(200).Value;
        var eve = (string)users.First(u => (string)u["email"]! == Eve)["id"]!;
        (await server.Post(Alice, $"/admin/organizations/{Contoso}/users/{eve}/roles", new JsonObject { ["role"] = role })).Is(201);
        (await server.Post(Eve, Hooks.V1, Hooks.Registration(Url))).Is(may ? 200 : 403);
        // Registering tells where referrals are, not what is in them.
        (await server.Post(Eve, Hooks.V2, new JsonObject { ["url"] = Url })).Is(403);
    }

    [Fact]
    public async Task A_test_event_is_delivered_and_its_result_is_kept_seven_days() // W16, W18, W20, W31
    {
        var clock = At("2026-11-20T08:00:00.1234567Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        ErrorShape.CheckWebhook((await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(400));
        await server.Register(Alice, receiver.Address, false, "referral-created");
        ErrorShape.CheckWebhook((await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(400));
        receiver.On("/", new WebhookAnswer(503).Saying("not now"), WebhookAnswer.Ok);
        await server.Register(Alice, $"{receiver.Address}/");
        var asked = (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(200).Json.AsObject();
        Assert.Equal(["correlationId"], asked.Select(p => p.Key));
        var id = (string)asked["correlationId"]!;

        var call = (await receiver.Until(1, Cancellation))[0];
        Assert.Equal(id, call.Headers["MS-CorrelationId"]);
        Assert.Equal("test", (string)call.Json()["ResourceName"]!);
        Assert.Equal($"{server.Address}{Hooks.V1}/validationEvents/{id}", (string)call.Json()["ResourceUri"]!);
        Assert.Equal("2026-11-20T08:00:00.1234560+00:00", (string)call.Json()["ResourceChangeUtcDate"]!);
        await server.Until(Alice, $"{Hooks.V1}/validationEvents/{id}", r => (string)r.Json["status"]! == "completed");
        clock.Advance(TimeSpan.FromSeconds(13));
        await receiver.Until(2, Cancellation);
        var result = (await server.Until(
            Alice, $"{Hooks.V1}/validationEvents/{id}", r => r.Json["results"]!.AsArray().Count == 2)).Is(200).Json;
        var example = Bodies.Example("webhook-validation-result-response");
        Assert.Equal(example.AsObject().Select(p => p.Key), result.AsObject().Select(p => p.Key));
        Assert.Equal(example["results"]![0]!.AsObject().Select(p => p.Key), result["results"]![0]!.AsObject().Select(p => p.Key));
        Assert.Equal(Contoso, (string)result["partnerId"]!);
        Assert.Equal($"{receiver.Address}/", (string)result["callbackUrl"]!);
        Assert.Equal(["ServiceUnavailable", "OK"], result["results"]!.AsArray().Select(r => (string)r!["responseCode"]!));
        Assert.Equal("not now", (string)result["results"]![0]!["responseMessage"]!);
        Assert.Equal("2026-11-20T08:00:00.1234567", (string)result["results"]![0]!["dateTimeUtc"]!);
        Assert.False((bool)result["results"]![0]!["systemError"]!);

        ErrorShape.CheckWebhook((await server.Get(Carol, $"{Hooks.V1}/validationEvents/{id}")).Is(404));
        ErrorShape.CheckWebhook((await server.Get(Alice, $"{Hooks.V1}/validationEvents/{Guid.NewGuid()}")).Is(404));
        clock.Advance(TimeSpan.FromDays(6.9));
        (await server.Get(Alice, $"{Hooks.V1}/validationEvents/{id}")).Is(200);
        clock.Advance(TimeSpan.FromDays(0.2));
        (await server.Get(Alice, $"{Hooks.V1}/validationEvents/{id}")).Is(404);
    }

    [Fact]
    public async Task Two_test_events_a_minute_and_no_more() // W17
    {
        var clock = At("2026-11-20T08:00:00Z");
        await using var server = await Start(clock);
        await server.Register(Alice, "http://127.0.0.1:9/");
        await server.Register(Carol, "http://127.0.0.1:9/");
        (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(200);
        clock.Advance(TimeSpan.FromSeconds(20));
        (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(200);
        var refused = (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(429);
        ErrorShape.CheckWebhook(refused);
        Assert.Equal("40", refused.Headers["Retry-After"]);
        // They are the tenant's, whatever it registers.
        (await server.Send(Alice, HttpMethod.Delete, Hooks.V1, null)).Is(204);
        await server.Register(Alice, "http://127.0.0.1:9/");
        (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(429);
        (await server.Post(Carol, $"{Hooks.V1}/validationEvents", null)).Is(200);
        clock.Advance(TimeSpan.FromSeconds(41));
        (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(200);
        (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(429);
    }
}

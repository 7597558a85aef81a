using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Http;

/// <summary>Paths, headers, errors and limits that all operations share.</summary>
public sealed class HeaderAndErrorTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TandemServer _server = fixture.Server;

    [Theory] // R1, R2, R3, R4
    [InlineData("/V1.0/Engagements/REFERRALS/{0}")]
    [InlineData("/v1.0/engagements/referrals/{0}/")]
    [InlineData("/v1.0/engagements/referrals/{0}//")]
    [InlineData("/v1.0/engagments/referrals/{0}")]
    [InlineData("/engagements/v1/referrals/{0}")]
    [InlineData("/v1.0/referrals/{0}")]
    public async Task A_referral_is_found_under_every_name_of_its_address(string form)
    {
        var deal = await _server.Own();
        var path = string.Format(null, form, deal.Id);
        var read = (await _server.Get(Alice, path)).Is(200);
        Assert.Equal($"{_server.Address}{Api}/{deal.Id}", (string?)read.Json["links"]!["self"]!["uri"]); // R88
        (await _server.Patch(Alice, path, Bodies.Replace(("/name", "x")))).Is(204);
        (await _server.Put(Alice, path, new JsonObject { ["name"] = "y" }, ("if-match", "*"))).Is(200);
        (await _server.Get(Alice, string.Format(null, form, "")[..^1] + "?$top=1")).Is(200);
        (await _server.Post(Alice, string.Format(null, form, "").TrimEnd('/'), Bodies.Minimum())).Is(201);
    }

    [Fact]
    public async Task An_id_is_a_guid_in_any_case_with_or_without_braces() // R5
    {
        var deal = await _server.Own();
        (await _server.Get(Alice, $"{Api}/{deal.Id.ToUpperInvariant()}")).Is(200);
        (await _server.Get(Alice, $"{Api}/%7B{deal.Id}%7D")).Is(200);
        foreach (var id in new[] { "1", "not-a-guid", deal.Id.Replace("-", "", StringComparison.Ordinal), "..%2f", "%20" })
            (await _server.Get(Alice, $"{Api}/{id}")).Refuses(404);
    }

    [Fact]
    public async Task Wrong_methods_and_unknown_paths_are_answered_in_shape() // R1, R6, R102
    {
        var deal = await _server.Own();
        foreach (var method in new[] { "DELETE", "POST", "OPTIONS", "TRACE", "PROPFIND" })
        {
            var reply = await _server.Send(Alice, new HttpMethod(method), $"{Api}/{deal.Id}", null);
            reply.Refuses(405);
            Assert.Equal("GET,PATCH,PUT", reply.Headers["Allow"]);
        }

        (await _server.Send(Alice, HttpMethod.Delete, Api, null)).Refuses(405);
        foreach (var path in new[] { "/v1.0", "/v1.0/engagements", "/v2.0/engagements/referrals", "/nothing", $"{Api}/{deal.Id}/nothing", "/v1.0/referralsx" })
            (await _server.Get(Alice, path)).Refuses(404);
    }

    [Fact]
    public async Task Every_answer_carries_its_tracing_headers() // R12
    {
        var (client, correlation, request) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        foreach (var path in new[] { Api, "/nothing", $"{Api}/{Guid.NewGuid()}" })
        {
            var traced = await _server.Get(Alice, path, ("client-request-id", client), ("MS-CorrelationId", correlation), ("MS-RequestId", request));
            Assert.Equal(client, traced.Headers["client-request-id"]);
            Assert.Equal(correlation, traced.Headers["MS-CorrelationId"]);
            Assert.Equal(request, traced.Headers["MS-RequestId"]);
            Assert.True(Guid.TryParse(traced.Headers["Request-ID"], out _));
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$", traced.Headers["timestamp"]);
            Assert.Equal("application/json; charset=utf-8", traced.Headers["Content-Type"]);
        }

        var plain = await _server.Get(Alice, Api, ("client-request-id", "not a guid"), ("MS-CorrelationId", "x"), ("X-Locale", "tr"), ("MS-Contract-Version", "v1"));
        Assert.True(Guid.TryParse(plain.Is(200).Headers["client-request-id"], out _));
        Assert.False(plain.Headers.ContainsKey("MS-CorrelationId"));
        Assert.NotEqual(plain.Headers["Request-ID"], (await _server.Get(Alice, Api)).Headers["Request-ID"]);
    }

    [Theory] // §3 Accept
    [InlineData("application/json", 200)]
    [InlineData("*/*", 200)]
    [InlineData("application/*;q=0.5", 200)]
    [InlineData("text/html, application/json;q=0.1", 200)]
    [InlineData("application/json;odata.metadata=minimal", 200)]
    [InlineData("text/html", 406)]
    [InlineData("application/xml, text/plain", 406)]
    [InlineData("application/json;q=0", 406)]
    public async Task Json_must_be_acceptable(string accept, int status)
    {
        var reply = await _server.Get(Alice, Api, ("Accept", accept));
        if (status == 200)
            reply.Is(200);
        else
            reply.Refuses(406, null, "Accept");
    }

    [Theory] // §3 Content-Type
    [InlineData("application/json", 201)]
    [InlineData("application/json; charset=utf-8", 201)]
    [InlineData("APPLICATION/JSON;odata=verbose", 201)]
    [InlineData("text/plain", 415)]
    [InlineData("application/xml", 415)]
    [InlineData("application/json; charset=utf-16", 415)]
    [InlineData("application/json-patch+json", 415)]
    public async Task Bodies_are_json(string type, int status)
    {
        var reply = await _server.Post(Alice, Api, Bodies.Minimum(), ("Content-Type", type));
        if (status == 201)
            reply.Is(201);
        else
            reply.Refuses(415, null, "Content-Type");
    }

    [Fact]
    public async Task A_missing_content_type_means_json_and_one_on_get_means_nothing() // §3
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Api) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Bodies.Minimum().ToJsonString())) };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Alice}");
        using var created = await _server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        (await _server.Send(Alice, HttpMethod.Get, Api, "x", ("Content-Type", "text/plain"))).Is(200);
    }

    [Fact]
    public async Task Strangers_are_turned_away_before_anything_is_read() // R8
    {
        foreach (var token in new[] { "", "x", "nobody@nowhere.example", "a.b.c" })
        {
            var reply = await _server.Send(token, HttpMethod.Post, Api, "{ not json");
            reply.Refuses(401, null, "Authorization");
            Assert.Equal("Bearer", reply.Headers["WWW-Authenticate"]);
        }

        (await _server.Get("", Api, ("Authorization", "Basic YWxpY2U6cHc="))).Refuses(401);
    }

    [Fact]
    public async Task A_body_above_one_mebibyte_is_too_large() // R107
    {
        var reply = await _server.Send(Alice, HttpMethod.Post, Api, new string(' ', (1024 * 1024) + 1));
        reply.Refuses(413);
        (await _server.Send(Alice, HttpMethod.Post, Api, new string(' ', 7 * 1024 * 1024))).Refuses(413);
        (await _server.Send(Alice, HttpMethod.Post, Api, new string(' ', 1024 * 1024))).Refuses(400, "missingProperty");
    }

    [Theory] // R102
    [InlineData("{")]
    [InlineData("nonsense")]
    [InlineData("{\"type\":\"Shared\"} trailing")]
    [InlineData("{\"type\":\"\\ud800\",\"customerProfile\":{}}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("[1,2]")]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("   ")]
    public async Task Unreadable_json_is_refused_in_shape(string body) =>
        (await _server.Send(Alice, HttpMethod.Post, Api, body)).Refuses(400);

    [Fact]
    public async Task Deep_nesting_and_broken_utf8_are_refused() // R26
    {
        (await _server.Send(Alice, HttpMethod.Post, Api, $"{string.Concat(Enumerable.Repeat("{\"a\":", 100))}1{new string('}', 100)}")).Refuses(400);
        using var request = new HttpRequestMessage(HttpMethod.Post, Api) { Content = new ByteArrayContent([.. "{\"name\":\""u8, 0xC3, 0x28, .. "\"}"u8]) };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Alice}");
        using var reply = await _server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
    }

    [Fact]
    public async Task An_error_names_code_message_target_and_inner_error() // R102, R103, R104
    {
        var reply = await _server.Post(Alice, Api, Bodies.Minimum(b => b["details"]!["currency"] = "XXQ"));
        reply.Refuses(400, "invalidCurrency", "details.currency");
        Assert.DoesNotContain("unAuthorized", reply.Text, StringComparison.Ordinal);
        Assert.Contains("USD", (string)reply.Json["error"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_get_by_id_has_context_tag_and_answers_304() // R67, R84, R28
    {
        var deal = await _server.Own();
        var read = await _server.Get(Alice, $"{Api}/{deal.Id}");
        Assert.Equal($"{_server.Address}/v1.0/$metadata#Referrals/$entity", (string?)read.Json["@odata.context"]);
        Assert.Equal("@odata.context", read.Json.AsObject().First().Key);
        Assert.Equal(read.ETag, read.Headers["ETag"]);
        var unchanged = await _server.Get(Alice, $"{Api}/{deal.Id}", ("If-None-Match", deal.ETag));
        Assert.Equal("", unchanged.Is(304).Text);
        (await _server.Get(Alice, $"{Api}/{deal.Id}", ("If-None-Match", "\"other\""))).Is(200);
        // R88: literal blanks and quotes inside the JSON text
        Assert.Contains($"?$filter=engagementId eq '{deal.EngagementId}'\"", read.Text, StringComparison.Ordinal);
    }

    [Theory] // R13
    [InlineData("client-request-id")]
    [InlineData("MS-RequestId")]
    [InlineData("Idempotency-Key")]
    [InlineData("Idempotency-Key", 30)]
    public async Task A_repeated_post_creates_one_referral(string header, int times = 1)
    {
        await using var server = await Start(At("2026-03-01T10:00:00Z"));
        var key = string.Concat(Enumerable.Repeat($"{Guid.NewGuid()}", times));
        var body = Bodies.Minimum();
        var first = (await server.Post(Alice, Api, body, (header, key))).Is(201);
        (await server.Patch(Alice, $"{Api}/{first.Id}", Bodies.Replace(("/name", "later")))).Is(204);
        var again = (await server.Post(Alice, Api, body.DeepClone(), (header, key))).Is(201);
        Assert.Equal(first.Text, again.Text);
        Assert.Equal(first.Headers["Location"], again.Headers["Location"]);
        Assert.Equal("true", again.Headers["Idempotency-Replayed"]);
        Assert.Single((await server.Get(Alice, Api)).Value);
        (await server.Post(Alice, Api, Bodies.Minimum(b => b["name"] = "other"), (header, key))).Refuses(409, "resourceModified", header);
        // The key is the user's own, and is forgotten after a day.
        Assert.NotEqual(first.Id, (await server.Post(Bob, Api, body.DeepClone(), (header, key))).Is(201).Id);
        server.Clock.Advance(TimeSpan.FromHours(24));
        Assert.NotEqual(first.Id, (await server.Post(Alice, Api, body.DeepClone(), (header, key))).Is(201).Id);
    }

    [Fact]
    public async Task Repeats_that_race_create_one_referral() // R13
    {
        await using var server = await Start();
        var key = Guid.NewGuid().ToString();
        var replies = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => server.Post(Alice, Api, Bodies.Minimum(), ("Idempotency-Key", key))));
        Assert.Single(replies.Select(r => r.Is(201).Id).Distinct());
        Assert.Single((await server.Get(Alice, Api)).Value);
    }

    [Fact]
    public async Task The_public_address_begins_every_link_when_one_is_set() // R60, R88, W20
    {
        await using var server = await Start(settings: ("Tandem:PublicUrl", "https://exchange.example/"));
        var deal = await server.Own();
        Assert.StartsWith("https://exchange.example/v1.0/", (string)deal.Json["links"]!["self"]!["uri"]!, StringComparison.Ordinal);
        Assert.StartsWith("https://exchange.example/v1.0/", deal.Headers["Location"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_cut_short_stores_nothing_and_harms_nobody()
    {
        using var socket = new TcpClient();
        var address = new Uri(_server.Address);
        await socket.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {Api} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Alice}\r\nContent-Length: 500\r\n\r\n{{\"type\":"), TestContext.Current.CancellationToken);
        socket.Close();
        (await _server.Get(Alice, Api)).Is(200);
    }

    [Fact]
    public async Task No_rate_is_limited_by_default() // R108
    {
        for (var i = 0; i < 300; i++)
            (await _server.Get(Alice, $"{Api}?$top=0")).Is(200);
    }

    [Fact]
    public async Task Health_metadata_and_description_are_open()
    {
        Assert.Equal("Healthy", (await _server.Get("", "/healthz")).Is(200).Text);
        Assert.Equal("Healthy", (await _server.Get("", "/readyz")).Is(200).Text);
        Assert.Contains("EntityType Name=\"Referral\"", (await _server.Get("", "/v1.0/$metadata")).Is(200).Text, StringComparison.Ordinal);
        Assert.Contains("scalar", (await _server.Get("", "/scalar/")).Is(200).Text, StringComparison.OrdinalIgnoreCase);
    }
}

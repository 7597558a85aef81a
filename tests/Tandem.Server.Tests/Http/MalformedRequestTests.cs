using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tandem.Contracts.Reading;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Http;

/// <summary>20,000 requests that are wrong in some way, made from the contract's grammar and from noise.</summary>
public sealed class MalformedRequestTests
{
    private const int Requests = 20_000;
    private const int Seed = 2_026_11;
    private const int Workers = 8;

    private static readonly string[] Leaves =
    [
        "null", "true", "\"\"", "\"x\"", "0", "-1", "1e999", "123456789012345678901234567890", "[]", "{}", "[[]]", "[null]", "{\"a\":{}}",
        "\"\\u0000\"", "\"\\ud800\"", "\"2026-13-45\"", "\"9999-12-31T23:59:59.9999999-14:00\"", "\"0001-01-01T00:00:00+14:00\"", "\"USD\"",
        "\"🙂\"", "\"'; DROP TABLE referrals; --\"", "[1,2,3]", "\"Closed\"", "\"Won\"", "\"msft\"", "1.00000000000000000001",
    ];

    private static readonly string[] FilterWords =
    [
        "eq", "ne", "gt", "and", "or", "not", "(", ")", "'", "''", "'x'", "status", "name", "team", "/", "any", "any(t:", "t/email", "all(",
        "in", "('a',", "null", "1", "-1.5e300", "2026-01-01", "2026-01-01T00:00:00Z", "contains(", "tolower(", "details/dealValue", "$it", "@p",
        "7d23e5ca-19dc-4eaa-aac8-5e6b559f0d1d", "geo.distance(", "duration'P1D'", "engagementId", "%", "_", "\0", "🙂", "true", "has", "add", "div",
        "cast(", "isof(", "{", "}", "[", "]", ":", ",", ";", "--", "/*",
    ];

    [Fact]
    public async Task Nothing_a_client_sends_to_the_webhooks_is_a_fault_of_the_server() // W4, W30
    {
        await using var server = await Start();
        var id = (await server.Post(Alice, "/webhooks/v2/subscriptions", new JsonObject { ["url"] = "http://127.0.0.1:9/" })).Is(201).Id;
        var one = $"/webhooks/v2/subscriptions/{id}";
        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Post, "/webhooks/v1/registration", """{"WebhookUrl":"http://127.0.0.1:9/","WebhookEvents":["test-created"],"SignatureTokenToMsSignatureHeader":true}"""),
            (HttpMethod.Patch, one, """{"url":"http://127.0.0.1:9/","events":["referral-created"],"statuses":["New"],"filter":"name eq 'x'"}"""),
            (HttpMethod.Post, $"{one}/resend", """{"since":"2026-01-01T00:00:00Z","state":"Failed"}"""),
        })
        {
            var members = JsonNode.Parse(body)!.AsObject();
            foreach (var (name, value) in members)
            {
                var others = string.Concat(members.Where(m => m.Key != name).Select(m => $"\"{m.Key}\":{m.Value!.ToJsonString()},"));
                // In the place of the value, within it, and as the second of two.
                foreach (var leaf in Leaves.Append("\"http://127.0.0.1:9/\\u0000\"").Append("\"http://127.0.0.1:9/\\u0085\""))
                {
                    var right = $"\"{name}\":{value!.ToJsonString()}";
                    foreach (var wrong in new[] { $"\"{name}\":{leaf}", $"\"{name}\":[{leaf}]", $"{right},\"{name.ToUpperInvariant()}\":{leaf}" })
                    {
                        var reply = await server.Send(Alice, method, path, $"{{{others}{wrong}}}");
                        Assert.True(reply.Status < 500, $"{path} {wrong}: {reply}");
                        if (reply.Status >= 400 && path.StartsWith("/webhooks/v1", StringComparison.Ordinal))
                            ErrorShape.CheckWebhook(reply);
                    }
                }
            }
        }
    }

    [Fact]
    public async Task A_null_character_in_an_option_is_named() // W30, R102
    {
        await using var server = await Start();
        (await server.Get(Alice, "/v1.0/engagements/reports/stages?partner=a%00b")).Refuses(400, "invalidValue", "partner");
        (await server.Get(Alice, $"{Api}?$filter=name eq 'a%00b'")).Refuses(400, "invalidFilter", "$filter");
        foreach (var list in new[] { "users", "locations", "solutions" })
        {
            var refused = (await server.Get(Alice, $"/admin/organizations/{Contoso}/{list}?after=%00")).Is(400);
            Assert.Equal("after", (string)refused.Json["errors"]![0]!["target"]!);
        }

        var hooks = (await server.Get(Alice, "/webhooks/v1/registration?x=%00")).Is(400);
        ErrorShape.CheckWebhook(hooks);
        Assert.Equal("x", (string)hooks.Json["data"]![0]!);
    }

    [Theory]
    [InlineData("Content-Length: 9000000\r\n\r\n{", "413")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nnone\r\n", "400")]
    public async Task What_a_client_sends_too_much_of_or_wrongly_is_no_error_in_the_log(string rest, string status) // R107
    {
        using var lines = new LogLines();
        await using var server = await Start(services => services.AddSingleton<ILoggerProvider>(lines));
        using var client = new TcpClient();
        var address = new Uri(server.Address);
        await client.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {Api} HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {Alice}\r\nConnection: close\r\n{rest}"),
            TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        Assert.StartsWith($"HTTP/1.1 {status}", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(lines.All);
    }

    [Fact]
    public async Task Nothing_a_client_sends_is_a_server_error() // R102
    {
        await using var server = await Start();
        var (own, other) = await server.Shared();
        var failures = new List<string>();
        var statuses = new Dictionary<int, int>();
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async worker =>
        {
            var random = new Random(Seed + worker);
            for (var i = 0; i < Requests / Workers; i++)
            {
                using var request = Make(random, own, other);
                var said = request.Content is null ? "" : Encoding.UTF8.GetString(await request.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
                using var response = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
                var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                var fault = Judge(response, text);
                lock (failures)
                {
                    statuses[(int)response.StatusCode] = statuses.GetValueOrDefault((int)response.StatusCode) + 1;
                    if (fault is not null)
                        failures.Add($"{fault}: {request.Method} {request.RequestUri} {said} -> {(int)response.StatusCode} {text}");
                }
            }
        }));
        Assert.True(failures.Count == 0, $"{failures.Count} of {Requests} (seed {Seed}):{Environment.NewLine}{string.Join(Environment.NewLine, failures.Take(10))}");
        // The generator makes what it should: most of it is wrong, in many ways.
        Assert.True(statuses.Where(s => s.Key >= 400).Sum(s => s.Value) > Requests / 2, JsonSerializer.Serialize(statuses));
        (await server.Get(Alice, $"{Api}/{own.Id}")).Is(200);
    }

    private static string? Judge(HttpResponseMessage response, string text)
    {
        var status = (int)response.StatusCode;
        if (status >= 500)
            return "A server error";
        if (status < 400)
            return null;
        try
        {
            var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(",", h.Value), StringComparer.OrdinalIgnoreCase);
            ErrorShape.Check(new Reply(status, headers, text));
            return null;
        }
        catch (Exception failure) when (failure is Xunit.Sdk.XunitException or JsonException or KeyNotFoundException)
        {
            return $"Not the documented shape ({failure.Message})";
        }
    }

    private static HttpRequestMessage Make(Random random, Reply own, Reply other)
    {
        var id = random.Next(3) switch
        {
            0 => own.Id,
            1 => other.Id,
            _ => Guid.NewGuid().ToString(),
        };
        return random.Next(8) switch
        {
            0 => Request(HttpMethod.Post, Api, Body(random), random),
            1 => Request(HttpMethod.Post, Api, Noise(random, Body(random)), random),
            2 => Request(HttpMethod.Put, $"{Api}/{id}", Body(random), random),
            3 => Request(HttpMethod.Patch, $"{Api}/{id}", Patch(random), random),
            4 => Request(HttpMethod.Patch, $"{Api}/{id}", Noise(random, Patch(random)), random),
            5 => Request(HttpMethod.Patch, $"{Api}/{id}", Body(random), random),
            6 => Request(HttpMethod.Get, $"{Api}?{Query(random)}", null, random),
            _ => Request(new HttpMethod(Pick(random, ["GET", "DELETE", "POST", "PATCH", "PUT", "QUERY"])), Address(random, id), null, random),
        };
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, byte[]? body, Random random)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Pick(random, [Alice, Alice, Alice, Sam, Bob, Eve, "a.b.c", "🙂"])}");
        if (random.Next(3) == 0)
            request.Headers.TryAddWithoutValidation("If-Match", Pick(random, ["*", "\"x\"", "W/", ",,,", "\"", ""]));
        if (random.Next(10) == 0)
            request.Headers.TryAddWithoutValidation(Pick(random, ["Prefer", "Accept", "X-Caller-Id", "client-request-id", "Idempotency-Key"]), Pick(random, ["return=", ";;=", "return=representation", "\"", new string('k', 300), "é"]));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (random.Next(20) > 0)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", Pick(random, ["application/json", "application/json", "application/json", "application/merge-patch+json", "text/plain", "a/b;c", ";"]));
        }

        return request;
    }

    // A body with every kind of wrong value at places that the contract has, and some it has not.
    private static byte[] Body(Random random)
    {
        var body = random.Next(3) == 0 ? Bodies.Example("create-shared-request").AsObject() : Bodies.Minimum();
        for (var n = random.Next(1, 5); n > 0; n--)
            Spoil(body, ContractType.Referral, random);
        return Encoding.UTF8.GetBytes(body.ToJsonString());
    }

    private static void Spoil(JsonObject target, ContractType type, Random random)
    {
        while (true)
        {
            var property = type.Properties[random.Next(type.Properties.Length)];
            var name = random.Next(15) == 0 ? property.Name + "x" : random.Next(10) == 0 ? property.Name.ToUpperInvariant() : property.Name;
            if (property.Kind == ContractKind.Object && random.Next(3) > 0)
            {
                if (target[name] is not JsonObject below)
                    target[name] = below = [];
                (target, type) = (below, property.Nested!);
                continue;
            }

            if (property is { Kind: ContractKind.List, ElementKind: ContractKind.Object } && random.Next(2) > 0)
            {
                var element = new JsonObject();
                target[name] = random.Next(4) == 0 ? element : new JsonArray([.. Enumerable.Repeat<JsonNode?>(null, random.Next(3)), element]);
                (target, type) = (element, property.Nested!);
                continue;
            }

            target[name] = random.Next(12) == 0
                ? JsonValue.Create(new string('x', random.Next(20_000)))
                : Leaf(random);
            return;
        }
    }

    private static JsonNode? Leaf(Random random)
    {
        var text = Pick(random, Leaves);
        // A half surrogate cannot be held by a node; it comes in by the noise.
        return text.Contains("ud800", StringComparison.Ordinal) ? JsonValue.Create("half") : JsonNode.Parse(text);
    }

    private static byte[] Patch(Random random)
    {
        var operations = new JsonArray();
        for (var n = random.Next(1, 5); n > 0; n--)
        {
            var path = new StringBuilder();
            var type = ContractType.Referral;
            while (type is not null && path.Length < 200)
            {
                var property = type.Properties[random.Next(type.Properties.Length)];
                path.Append('/').Append(random.Next(20) == 0 ? "~2" : property.Name);
                if (property.Kind == ContractKind.List && random.Next(3) > 0)
                    path.Append('/').Append(Pick(random, ["0", "-", "1", "-1", "99999999999", "x", ""]));
                type = random.Next(3) > 0 ? property.Nested : null;
            }

            var operation = new JsonObject { ["op"] = Pick(random, ["add", "replace", "REPLACE", "remove", "move", "test", ""]), ["path"] = path.ToString() };
            if (random.Next(15) > 0)
                operation["value"] = Leaf(random);
            if (random.Next(15) == 0)
                operation["path"] = Leaf(random);
            operations.Add(random.Next(25) == 0 ? Leaf(random) : operation);
        }

        return Encoding.UTF8.GetBytes(operations.ToJsonString());
    }

    // Bytes are dropped, doubled, flipped and put in.
    private static byte[] Noise(Random random, byte[] body)
    {
        var noisy = body.ToList();
        for (var n = random.Next(1, 6); n > 0 && noisy.Count > 0; n--)
        {
            var at = random.Next(noisy.Count);
            switch (random.Next(5))
            {
                case 0:
                    noisy.RemoveRange(at, Math.Min(random.Next(1, 20), noisy.Count - at));
                    break;
                case 1:
                    noisy[at] = (byte)random.Next(256);
                    break;
                case 2:
                    noisy.InsertRange(at, noisy.GetRange(at, Math.Min(random.Next(1, 20), noisy.Count - at)));
                    break;
                case 3:
                    noisy.InsertRange(at, Encoding.UTF8.GetBytes(Pick(random, ["\\ud800", "\\u0000", "\uFEFF", "{", "}", "[", "]", ",", "\"", "//", "NaN", "/*"])));
                    break;
                default:
                    noisy.RemoveRange(at, noisy.Count - at);
                    break;
            }
        }

        return [.. noisy];
    }

    private static string Query(Random random)
    {
        var options = new List<string>();
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var value = new StringBuilder();
            for (var words = random.Next(1, 14); words > 0; words--)
                value.Append(Pick(random, FilterWords)).Append(random.Next(4) == 0 ? "" : " ");
            var name = Pick(random, ["$filter", "$filter", "$filter", "$orderby", "$select", "$top", "$skip", "$count", "$skiptoken", "$expand", "$apply", "x"]);
            options.Add($"{name}={Uri.EscapeDataString(value.ToString())}");
        }

        return string.Join('&', options);
    }

    private static string Address(Random random, string id) => Pick(random,
    [
        $"{Api}/{id}/", $"{Api}/{id}/history?$top=x", $"{Api}/%7b{id}", "/v1.0/engagements", $"{Api}/{id}/x", "/v1.0/referrals", $"/v1.0//engagements/referrals/{id}",
        "/engagements/v1/referrals", $"{Api}/{Uri.EscapeDataString("é🙂")}", $"{Api}/{id}%20", "/v1.0/%24metadata/x", $"{Api}/{id}/history?$skiptoken=-1",
    ]);

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];
}

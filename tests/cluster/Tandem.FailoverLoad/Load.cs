using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Tandem.FailoverLoad;

/// <summary>Clients as they should be: a write is sent again, as it was, until it is answered; each time to the other server.</summary>
internal sealed class Load(IReadOnlyList<TandemNode> servers, Tally tally) : IDisposable
{
    private const int Writers = 8;
    private const string Api = "/v1.0/engagements/referrals";
    private static readonly TimeSpan BetweenWrites = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan BetweenReads = TimeSpan.FromMilliseconds(50);
    // Shorter than Retry-After asks for, so that the gaps are measured and not the clients' patience.
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(200);

    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 100 }) { Timeout = TimeSpan.FromSeconds(20) };
    private volatile string? _newest;

    /// <summary>Runs until it is told to stop; what was begun is finished.</summary>
    public Task Run(CancellationToken stop) => Task.WhenAll(
    [
        .. Enumerable.Range(0, Writers).Select(i => Write(i, stop)),
        .. servers.SelectMany(s => (IEnumerable<Task>)[Read(s, stop), SignIn(s, stop)]),
    ]);

    public void Dispose() => _http.Dispose();

    private async Task Write(int writer, CancellationToken stop)
    {
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"writer-{writer}-{number}");
            var (id, tag) = await Create(writer + number, key);
            for (var value = 1; value <= 3; value++)
                tag = await Update(writer + number, id, tag, value);
            for (var value = 4; value <= 5; value++)
                await Update(writer + number, id, null, value);
        }
    }

    private async Task<(string Id, string ETag)> Create(int turn, string key)
    {
        var body = new JsonObject
        {
            ["type"] = "Independent",
            ["name"] = key,
            ["externalReferenceId"] = key,
            ["customerProfile"] = new JsonObject { ["name"] = "Adventure Works" },
            ["consent"] = new JsonObject(),
            ["details"] = new JsonObject { ["dealValue"] = 0 },
        }.ToJsonString();
        var (answer, isAgain) = await Send(turn, HttpMethod.Post, Api, body, ("Idempotency-Key", key));
        using (answer)
        {
            if (isAgain)
                Interlocked.Increment(ref tally.CreatedAgain);
            var created = await Expect(answer, HttpStatusCode.Created);
            var (id, tag) = ((string)created["id"]!, (string)created["eTag"]!);
            tally.Created[key] = id;
            tally.Acknowledge(id, tag);
            _newest = id;
            await Task.Delay(BetweenWrites);
            return (id, tag);
        }
    }

    private async Task<string> Update(int turn, string id, string? tag, int value)
    {
        var body = new JsonObject { ["details"] = new JsonObject { ["dealValue"] = value } }.ToJsonString();
        (string, string)[] headers = tag is null ? [] : [("If-Match", tag)];
        var (answer, isAgain) = await Send(turn, HttpMethod.Patch, $"{Api}/{id}", body, headers);
        using (answer)
        {
            if (isAgain)
                Interlocked.Increment(ref tally.UpdatedAgain);
            if (answer.StatusCode == HttpStatusCode.PreconditionFailed && isAgain)
            {
                // The first attempt was stored, and its answer lost; nobody else writes here.
                Interlocked.Increment(ref tally.WereStored);
                tag = await Reread(turn, id, value);
            }
            else
            {
                tag = (string)(await Expect(answer, HttpStatusCode.OK))["eTag"]!;
            }

            tally.Acknowledge(id, tag);
            await Task.Delay(BetweenWrites);
            return tag;
        }
    }

    private async Task<string> Reread(int turn, string id, int value)
    {
        var (answer, _) = await Send(turn, HttpMethod.Get, $"{Api}/{id}", null);
        using (answer)
        {
            var stored = await Expect(answer, HttpStatusCode.OK);
            if ((decimal)stored["details"]!["dealValue"]! != value)
                tally.Faults.Enqueue($"{id} was refused with 412 and holds {stored["details"]!["dealValue"]} instead of {value}.");
            return (string)stored["eTag"]!;
        }
    }

    /// <summary>Sends until it is answered; tells whether an earlier attempt may have been stored.</summary>
    private async Task<(HttpResponseMessage Answer, bool MayBeStored)> Send(
        int turn, HttpMethod method, string path, string? body, params (string Name, string Value)[] headers)
    {
        var mayBeStored = false;
        for (var attempt = 0; ; attempt++)
        {
            var server = servers[(turn + attempt) % servers.Count];
            using var request = new HttpRequestMessage(method, new Uri(server.Address, path));
            if (body is not null)
                request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
            foreach (var (name, value) in headers)
                request.Headers.TryAddWithoutValidation(name, value);
            var answer = await Try(request);
            if (answer is not null && answer.StatusCode != HttpStatusCode.ServiceUnavailable && (int)answer.StatusCode < 500)
                return (answer, mayBeStored);
            mayBeStored |= answer is null || await Unavailable(answer);
            answer?.Dispose();
            await Task.Delay(BetweenAttempts);
        }
    }

    private async Task<HttpResponseMessage?> Try(HttpRequestMessage request)
    {
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer alice@contoso.example");
        try
        {
            return await _http.SendAsync(request);
        }
        catch (Exception lost) when (lost is HttpRequestException or TaskCanceledException)
        {
            tally.Unanswered.Enqueue(tally.Now);
            return null;
        }
    }

    /// <summary>Checks an answer of the 5xx kind; tells whether the write may be stored.</summary>
    private async Task<bool> Unavailable(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        var error = answer.Content.Headers.ContentType?.MediaType == "application/json" ? JsonNode.Parse(text)?["error"] : null;
        var isUnknown = (string?)error?["innerError"]?["code"] == "outcomeUnknown";
        if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || answer.Headers.RetryAfter is null
            || (string?)error?["code"] != "serviceNotAvailable")
            Fault(answer, text);
        (isUnknown ? tally.Unknown : tally.Refused).Enqueue(tally.Now);
        return isUnknown;
    }

    private async Task<JsonNode> Expect(HttpResponseMessage answer, HttpStatusCode status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        if (answer.StatusCode == status)
            return JsonNode.Parse(text)!;
        Fault(answer, text);
        throw new InvalidOperationException($"Expected {status}, got {answer.StatusCode}: {text}");
    }

    // Reads one referral, now and then a list, and asks after the server's health.
    private async Task Read(TandemNode server, CancellationToken stop)
    {
        for (var number = 0; !stop.IsCancellationRequested; number++, await Task.Delay(BetweenReads, CancellationToken.None))
        {
            if (_newest is not { } id)
                continue;
            var path = number % 10 == 9 ? $"{Api}?$top=20&$orderby=createdDateTime desc" : $"{Api}/{id}";
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, path));
            using var answer = await Try(request);
            if (answer?.StatusCode == HttpStatusCode.OK)
                tally.Reads.Enqueue(tally.Now);
            else if (answer is not null)
                await Unavailable(answer);

            using var asked = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, "/healthz"));
            using var health = await Try(asked);
            if (health?.StatusCode != HttpStatusCode.OK)
                tally.Faults.Enqueue($"/healthz answered {health?.StatusCode}.");
        }
    }

    private async Task SignIn(TandemNode server, CancellationToken stop)
    {
        for (; !stop.IsCancellationRequested; await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None))
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, "/common/oauth2/v2.0/token"))
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string>
                {
                    ["grant_type"] = "password",
                    ["client_id"] = "load",
                    ["scope"] = "openid",
                    ["username"] = "alice@contoso.example",
                    ["password"] = "Passw0rd!",
                }),
            };
            using var answer = await Try(request);
            if (answer is null || answer.IsSuccessStatusCode)
                continue;
            var text = await answer.Content.ReadAsStringAsync(CancellationToken.None);
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable && answer.Headers.RetryAfter is not null
                && (string?)JsonNode.Parse(text)?["error"] == "temporarily_unavailable")
                tally.Refused.Enqueue(tally.Now);
            else
                Fault(answer, text);
        }
    }

    private void Fault(HttpResponseMessage answer, string text) =>
        tally.Faults.Enqueue($"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri?.AbsolutePath} answered {(int)answer.StatusCode}: {text}");
}

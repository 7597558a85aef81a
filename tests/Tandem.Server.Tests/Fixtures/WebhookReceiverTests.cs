using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Connections;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>A receiver that does not misbehave as told would let other tests pass for nothing.</summary>
public sealed class WebhookReceiverTests : IDisposable
{
    private static readonly byte[] Body = [0xEF, 0x00, 0xFF, 0x7B];

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    [Fact]
    public async Task A_call_is_kept_as_it_came()
    {
        await using var receiver = await WebhookReceiver.Start();
        using var answer = await Post(receiver.Address + "/hook");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        var call = Assert.Single(await receiver.Until(1, Cancellation));
        Assert.Equal(("POST", "/hook", 1), (call.Method, call.Path, call.Number));
        Assert.Equal(Body, call.Body);
        Assert.Equal("Signature abc", call.Headers["x-ms-signature"]);
        Assert.Equal(1, receiver.Connections);
    }

    [Fact]
    public async Task Answers_follow_the_script()
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/once", new WebhookAnswer(500), WebhookAnswer.RetryAfter("7"), WebhookAnswer.Ok.Saying("thanks"));
        receiver.FailEvery("/third", 3).On("/gone", WebhookAnswer.Gone).On("/moved", WebhookAnswer.Redirect("http://127.0.0.1:1/"));

        Assert.Equal([500, 503, 200, 200], await Statuses(receiver, "/once", 4));
        Assert.Equal([200, 200, 500, 200, 200, 500], await Statuses(receiver, "/third", 6));
        Assert.Equal([410], await Statuses(receiver, "/gone", 1));
        Assert.Equal([307], await Statuses(receiver, "/moved", 1));
        Assert.Equal(12, receiver.Calls.Count);
        Assert.Equal([500, 503, 200, 200], receiver.Calls.Where(c => c.Path == "/once").Select(c => c.Answer.Status));
        using var last = await Post(receiver.Address + "/once");
        Assert.Equal("thanks", await last.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task A_wait_ends_when_what_it_waits_for_comes()
    {
        await using var receiver = await WebhookReceiver.Start();
        var waiting = receiver.Until(calls => calls.Any(c => c.Path == "/b"), Cancellation);
        await Statuses(receiver, "/a", 1);
        Assert.False(waiting.IsCompleted);
        await Statuses(receiver, "/b", 1);
        Assert.Equal(["/a", "/b"], (await waiting).Select(c => c.Path));
    }

    [Fact]
    public async Task Answers_that_never_end_do_not()
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/hang", WebhookAnswer.Hang).On("/drip", WebhookAnswer.Drip(TimeSpan.FromMilliseconds(20)))
            .On("/endless", WebhookAnswer.Endless).On("/late", WebhookAnswer.Ok.After(TimeSpan.FromMilliseconds(200)));

        using var brief = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var hanging = Post(receiver.Address + "/hang", brief.Token);
        await receiver.Until(1, Cancellation);
        Assert.False(hanging.IsCompleted);
        await brief.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);

        Assert.Equal(3, await ReadAtLeast(receiver.Address + "/drip", 3, atOnce: 1));
        Assert.Equal(10_000_000, await ReadAtLeast(receiver.Address + "/endless", 10_000_000, atOnce: 64 * 1024));
        var clock = Stopwatch.StartNew();
        await Statuses(receiver, "/late", 1);
        Assert.True(clock.ElapsedMilliseconds >= 190, $"The answer was to be late and came after {clock.Elapsed}.");
    }

    [Fact]
    public async Task An_outage_ends_at_the_same_address()
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/close", WebhookAnswer.Close);
        await Assert.ThrowsAsync<HttpRequestException>(() => Post(receiver.Address + "/close"));
        receiver.On("/hang", WebhookAnswer.Hang);
        var hanging = Post(receiver.Address + "/hang");
        await receiver.Until(2, Cancellation);

        await receiver.Down();
        await Assert.ThrowsAsync<HttpRequestException>(() => hanging);
        await Assert.ThrowsAsync<HttpRequestException>(() => Post(receiver.Address + "/hook"));

        await receiver.Up();
        Assert.Equal([200], await Statuses(receiver, "/hook", 1));
        Assert.Equal(3, receiver.Calls.Count);
    }

    public static TheoryData<string, string> Raw => new()
    {
        { nameof(RawAnswers.Hangup), "http" },
        { nameof(RawAnswers.Gibberish), "http" },
        { nameof(RawAnswers.EndlessHeader), "http" },
        { nameof(RawAnswers.BrokenTls), "https" },
    };

    [Theory, MemberData(nameof(Raw))]
    public async Task A_listener_that_speaks_no_http_fails_the_call(string behaviour, string scheme)
    {
        await using var receiver = await WebhookReceiver.StartRaw(
            typeof(RawAnswers).GetMethod(behaviour)!.CreateDelegate<ConnectionDelegate>());
        await Assert.ThrowsAsync<HttpRequestException>(() => Post($"{scheme}://127.0.0.1:{receiver.Port}/"));
        Assert.InRange(receiver.Connections, 1, 5);
        Assert.Empty(receiver.Calls);
    }

    [Theory]
    [InlineData(nameof(RawAnswers.Silent))]
    [InlineData(nameof(RawAnswers.DripHead))]
    public async Task A_listener_that_says_nothing_keeps_the_caller_waiting(string behaviour)
    {
        await using var receiver = await WebhookReceiver.StartRaw(
            typeof(RawAnswers).GetMethod(behaviour)!.CreateDelegate<ConnectionDelegate>());
        using var brief = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        brief.CancelAfter(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Post(receiver.Address + "/", brief.Token));
        Assert.Equal(1, receiver.Connections);
    }

    public void Dispose() => _http.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task<HttpResponseMessage> Post(string url, CancellationToken? cancellation = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url)) { Content = new ByteArrayContent(Body) };
        request.Headers.Add("x-ms-signature", "Signature abc");
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json", Encoding.UTF8.WebName);
        return _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation ?? Cancellation);
    }

    private async Task<List<int>> Statuses(WebhookReceiver receiver, string path, int calls)
    {
        var statuses = new List<int>();
        for (var i = 0; i < calls; i++)
        {
            using var answer = await Post(receiver.Address + path);
            statuses.Add((int)answer.StatusCode);
        }

        return statuses;
    }

    private async Task<int> ReadAtLeast(string url, int bytes, int atOnce)
    {
        using var answer = await Post(url);
        using var body = await answer.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[atOnce];
        for (var read = 0; read < bytes;)
        {
            var now = await body.ReadAsync(buffer, Cancellation);
            if (now == 0)
                return read;
            read += now;
        }

        return bytes;
    }
}

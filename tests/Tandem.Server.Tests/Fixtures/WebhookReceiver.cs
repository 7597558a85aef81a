using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>One call that a <see cref="WebhookReceiver"/> got, and what it was told to answer.</summary>
/// <param name="Number">The how many-th call of its path, from 1.</param>
/// <param name="Headers">Names without regard to case; several values are joined by a comma.</param>
/// <param name="Body">The bytes as they came.</param>
/// <param name="At">When it was read whole.</param>
/// <param name="Connection">Tells apart the connections that calls came by.</param>
public sealed record ReceivedCall(
    int Number, string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body, DateTimeOffset At, string Connection)
{
    public WebhookAnswer Answer { get; init; } = WebhookAnswer.Ok;

    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>How a <see cref="WebhookReceiver"/> behaves to one call.</summary>
/// <param name="Status">Status of the answer; 0 for none.</param>
public sealed record WebhookAnswer(int Status)
{
    private static readonly byte[] Block = Encoding.ASCII.GetBytes(new string('x', 64 * 1024));

    private Func<HttpContext, CancellationToken, Task> Send { get; init; } = (_, _) => Task.CompletedTask;

    private TimeSpan Delay { get; init; }

    private (string Name, string Value)[] Headers { get; init; } = [];

    public static WebhookAnswer Ok { get; } = new(200);

    /// <summary>410: the receiver wants no further events.</summary>
    public static WebhookAnswer Gone { get; } = new(410);

    /// <summary>Reads the call and says nothing, for ever.</summary>
    public static WebhookAnswer Hang { get; } =
        new(0) { Send = (_, end) => Task.Delay(Timeout.Infinite, end) };

    /// <summary>Ends the connection where the answer should come.</summary>
    public static WebhookAnswer Close { get; } =
        new(0) { Send = (context, _) => { context.Abort(); return Task.CompletedTask; } };

    /// <summary>200, and then bytes as fast as they go, for ever.</summary>
    public static WebhookAnswer Endless { get; } = new(200)
    {
        Send = async (context, end) =>
        {
            while (!end.IsCancellationRequested)
                await context.Response.Body.WriteAsync(Block, end);
        },
    };

    /// <summary>200, and then a byte now and again, for ever.</summary>
    public static WebhookAnswer Drip(TimeSpan? every = null) => new(200)
    {
        Send = async (context, end) =>
        {
            while (!end.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(Block.AsMemory(0, 1), end);
                await context.Response.Body.FlushAsync(end);
                await Task.Delay(every ?? TimeSpan.FromSeconds(1), end);
            }
        },
    };

    public static WebhookAnswer Redirect(string location, int status = 307) => new WebhookAnswer(status).With("Location", location);

    public static WebhookAnswer RetryAfter(string value, int status = 503) => new WebhookAnswer(status).With("Retry-After", value);

    /// <summary>200, once something has happened.</summary>
    public static WebhookAnswer OkAfter(Task something) => new(200) { Send = (_, end) => something.WaitAsync(end) };

    public WebhookAnswer After(TimeSpan delay) => this with { Delay = delay };

    public WebhookAnswer With(string header, string value) => this with { Headers = [.. Headers, (header, value)] };

    public WebhookAnswer Saying(string text) =>
        this with { Send = (context, end) => context.Response.WriteAsync(text, end) };

    internal async Task Give(HttpContext context, CancellationToken end)
    {
        if (Delay > TimeSpan.Zero)
            await Task.Delay(Delay, end);
        context.Response.StatusCode = Status == 0 ? StatusCodes.Status200OK : Status;
        foreach (var (name, value) in Headers)
            context.Response.Headers[name] = value;
        await Send(context, end);
    }
}

/// <summary>
/// A real receiver of webhooks on loopback that behaves as it is told, path by path, and remembers what it got.
/// A path that nothing was said about answers 200.
/// </summary>
public sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, Func<ReceivedCall, WebhookAnswer>> _scripts = new();
    private readonly Dictionary<string, int> _numbers = [];
    private readonly List<ReceivedCall> _calls = [];
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly X509Certificate2? _certificate;
    private readonly ConnectionDelegate? _raw;
    private CancellationTokenSource _stopping = new();
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication? _app;
    private int _port;
    private int _connections;

    private WebhookReceiver(X509Certificate2? certificate, ConnectionDelegate? raw) => (_certificate, _raw) = (certificate, raw);

    /// <summary>Without a slash at its end.</summary>
    public string Address => $"{(_certificate is null ? "http" : "https")}://127.0.0.1:{_port}";

    public int Port => _port;

    /// <summary>All calls until now, in the order in which they were read.</summary>
    public IReadOnlyList<ReceivedCall> Calls
    {
        get
        {
            lock (_gate)
                return [.. _calls];
        }
    }

    /// <summary>Connections accepted until now, whether a call came by them or not.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <param name="certificate">With its key, to speak TLS.</param>
    public static async Task<WebhookReceiver> Start(X509Certificate2? certificate = null)
    {
        var receiver = new WebhookReceiver(certificate, null);
        await receiver.Up();
        return receiver;
    }

    /// <summary>A listener that never gets as far as a call: see <see cref="RawAnswers"/>.</summary>
    public static async Task<WebhookReceiver> StartRaw(ConnectionDelegate raw)
    {
        var receiver = new WebhookReceiver(null, raw);
        await receiver.Up();
        return receiver;
    }

    /// <summary>Says how a path behaves, from now on; the last answer is repeated.</summary>
    public WebhookReceiver On(string path, params WebhookAnswer[] answers)
    {
        var said = 0;
        return On(path, _ => answers[Math.Min(Interlocked.Increment(ref said), answers.Length) - 1]);
    }

    /// <summary>Says how a path behaves to each call.</summary>
    public WebhookReceiver On(string path, Func<ReceivedCall, WebhookAnswer> script)
    {
        _scripts[path] = script;
        return this;
    }

    /// <summary>Every so many-th call of a path is answered otherwise than with 200.</summary>
    public WebhookReceiver FailEvery(string path, int every, WebhookAnswer? failure = null) =>
        On(path, call => call.Number % every == 0 ? failure ?? new WebhookAnswer(500) : WebhookAnswer.Ok);

    /// <summary>Waits for so many calls.</summary>
    public Task<IReadOnlyList<ReceivedCall>> Until(int count, CancellationToken cancellation) =>
        Until(calls => calls.Count >= count, cancellation);

    /// <summary>Waits until the calls are as wanted; a minute without a further call fails the test.</summary>
    public async Task<IReadOnlyList<ReceivedCall>> Until(Func<IReadOnlyList<ReceivedCall>, bool> reached, CancellationToken cancellation)
    {
        while (true)
        {
            Task news;
            IReadOnlyList<ReceivedCall> calls;
            lock (_gate)
                (news, calls) = (_news.Task, [.. _calls]);
            if (reached(calls))
                return calls;
            try
            {
                await news.WaitAsync(TimeSpan.FromMinutes(1), cancellation);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"The receiver got {calls.Count} calls and waited a minute in vain for another one.");
            }
        }
    }

    /// <summary>Waits for the first connection, whether a call comes by it or not.</summary>
    public Task UntilConnected(CancellationToken cancellation) => _connected.Task.WaitAsync(TimeSpan.FromMinutes(1), cancellation);

    /// <summary>Ends all connections and listens no more: an outage.</summary>
    public async Task Down()
    {
        if (_app is not { } app)
            return;
        _app = null;
        await _stopping.CancelAsync();
        // A cancelled token: connections are not waited for.
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
        _stopping.Dispose();
    }

    /// <summary>Listens again, at the same address.</summary>
    public async Task Up()
    {
        _stopping = new CancellationTokenSource();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        if (_certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port, Accept));
        var app = builder.Build();
        app.Run(Answer);
        await app.StartAsync();
        _port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        _app = app;
    }

    public async ValueTask DisposeAsync() => await Down();

    private void Accept(ListenOptions listen)
    {
        var stopping = _stopping.Token;
        listen.Use(next => async connection =>
        {
            Interlocked.Increment(ref _connections);
            _connected.TrySetResult();
            using var end = stopping.Register(connection.Abort);
            await next(connection);
        });
        if (_raw is not null)
            listen.Use(_ => _raw);
        else if (_certificate is not null)
            listen.UseHttps(_certificate);
    }

    private async Task Answer(HttpContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        try
        {
            var call = await Read(context, end.Token);
            await call.Answer.Give(context, end.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // Whoever called has gone, or the test is over; there is nobody left to be answered.
            context.Abort();
        }
    }

    private async Task<ReceivedCall> Read(HttpContext context, CancellationToken end)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, end);
        var path = context.Request.Path.Value!;
        var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        TaskCompletionSource news;
        ReceivedCall call;
        lock (_gate)
        {
            var number = _numbers[path] = _numbers.GetValueOrDefault(path) + 1;
            call = new ReceivedCall(
                number, context.Request.Method, path, headers, body.ToArray(), TimeProvider.System.GetUtcNow(), context.Connection.Id);
            if (_scripts.TryGetValue(path, out var script))
                call = call with { Answer = script(call) };
            _calls.Add(call);
            (news, _news) = (_news, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        news.SetResult();
        return call;
    }
}

/// <summary>What listeners do that do not speak HTTP, or not well; for <see cref="WebhookReceiver.StartRaw"/>.</summary>
public static class RawAnswers
{
    /// <summary>Takes the connection and says nothing.</summary>
    public static Task Silent(ConnectionContext connection) => UntilClosed(connection);

    /// <summary>Ends the connection as soon as it is there.</summary>
    public static Task Hangup(ConnectionContext connection)
    {
        connection.Abort();
        return Task.CompletedTask;
    }

    /// <summary>Answers a TLS handshake, or whatever comes, with something else.</summary>
    public static async Task BrokenTls(ConnectionContext connection)
    {
        await connection.Transport.Input.ReadAsync(connection.ConnectionClosed);
        await Say(connection, "\x15\x03\x03\0\x02\x02\x28 this is no handshake");
    }

    /// <summary>Answers with something that is no HTTP.</summary>
    public static async Task Gibberish(ConnectionContext connection)
    {
        await connection.Transport.Input.ReadAsync(connection.ConnectionClosed);
        await Say(connection, "220 mail.example ESMTP\r\n");
    }

    /// <summary>A header line without an end, for ever.</summary>
    public static async Task EndlessHeader(ConnectionContext connection)
    {
        await Say(connection, "HTTP/1.1 200 OK\r\nX-Endless: ");
        while (!connection.ConnectionClosed.IsCancellationRequested)
            await Say(connection, new string('x', 4096));
    }

    /// <summary>The answer's head, a byte now and again.</summary>
    public static async Task DripHead(ConnectionContext connection)
    {
        foreach (var letter in "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Slow: " + new string('x', 10_000))
        {
            if (connection.ConnectionClosed.IsCancellationRequested)
                return;
            await Say(connection, letter.ToString());
            await Task.Delay(TimeSpan.FromSeconds(1), connection.ConnectionClosed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task Say(ConnectionContext connection, string text) =>
        await connection.Transport.Output.WriteAsync(Encoding.Latin1.GetBytes(text), connection.ConnectionClosed);

    private static Task UntilClosed(ConnectionContext connection) =>
        Task.Delay(Timeout.Infinite, connection.ConnectionClosed).ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}

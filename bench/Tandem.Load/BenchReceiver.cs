using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Tandem.Load;

/// <summary>Receivers of webhooks: good ones, which note how old a change is when they hear of it, and hostile ones.</summary>
internal sealed class BenchReceiver : IAsyncDisposable
{
    private static readonly byte[] Block = new byte[16 * 1024];
    private static readonly string[] Habits = ["hang", "drip", "endless", "redirect", "close", "broken"];

    private readonly WebApplication _app;
    private readonly TcpListener _raw = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private ConcurrentQueue<TimeSpan> _delays = new();

    private BenchReceiver(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    public int Count => _delays.Count;

    public IEnumerable<TimeSpan> Delays => _delays;

    public static async Task<BenchReceiver> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new BenchReceiver(builder.Build());
        receiver._app.Map("/good/{number}", receiver.Take);
        receiver._app.Map("/hostile/{how}", receiver.Annoy);
        receiver._raw.Start();
        _ = receiver.SayNonsense();
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>So many addresses of every kind by turns.</summary>
    public IEnumerable<string> HostileUrls(int count)
    {
        var raw = $"127.0.0.1:{((IPEndPoint)_raw.LocalEndpoint).Port}/";
        string[] urls =
        [
            .. Habits.Select(how => $"{Address}/hostile/{how}"), $"http://{raw}", $"https://{raw}",
        ];
        return Enumerable.Range(0, count).Select(i => urls[i % urls.Length]);
    }

    public void Forget() => _delays = new();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _raw.Dispose();
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task Take(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        var time = DateTimeOffset.Parse(body.RootElement.GetProperty("time").GetString()!, CultureInfo.InvariantCulture);
        _delays.Enqueue(TimeProvider.System.GetUtcNow() - time);
    }

    private async Task Annoy(HttpContext context, string how)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        try
        {
            switch (how)
            {
                case "hang":
                    await Task.Delay(Timeout.Infinite, end.Token);
                    break;
                case "drip":
                    for (; ; await Task.Delay(200, end.Token))
                    {
                        await context.Response.Body.WriteAsync(Block.AsMemory(0, 1), end.Token);
                        await context.Response.Body.FlushAsync(end.Token);
                    }

                case "endless":
                    // With a breath between: hostile ones run beside the good ones' clock here, and writing without one
                    // takes a whole core from it.
                    for (; ; await Task.Delay(1, end.Token))
                        await context.Response.Body.WriteAsync(Block, end.Token);
                case "redirect":
                    context.Response.Redirect("/hostile/redirect");
                    break;
                case "close":
                    context.Abort();
                    break;
                default:
                    context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                    break;
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            context.Abort();
        }
    }

    private async Task SayNonsense()
    {
        try
        {
            while (true)
            {
                using var client = await _raw.AcceptTcpClientAsync(_stopping.Token);
                await client.GetStream().WriteAsync("220 mail.example ESMTP\r\n"u8.ToArray(), _stopping.Token);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException or IOException)
        {
            // The measuring is over.
        }
    }
}

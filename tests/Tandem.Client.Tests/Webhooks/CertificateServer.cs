using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Tandem.Client.Tests.Webhooks;

/// <summary>A real server of certificates that signs as Partner Center does.</summary>
internal sealed class CertificateServer : IAsyncDisposable
{
    // To make a key takes longer than a test: there are two, and paths take them in turn.
    private static readonly ConcurrentDictionary<int, Lazy<RSAParameters>> Made = new();

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, RequestDelegate> _answers = new();
    private readonly Dictionary<string, RSA> _keys = [];

    private CertificateServer(WebApplication app) => _app = app;

    /// <summary>With a slash at its end.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Paths that were asked for.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    public static async Task<CertificateServer> Start()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var server = new CertificateServer(builder.Build());
        server._app.Run(server.Answer);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        server.Address = new Uri(server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/");
        return server;
    }

    public void On(string path, RequestDelegate answer) => _answers[path] = answer;

    /// <summary>Makes a key whose certificate is served at a path, as the text or bytes that <paramref name="form"/> makes of it.</summary>
    public Uri Serve(string path, Func<X509Certificate2, byte[]> form)
    {
        var number = _keys.Count % 2;
        var key = RSA.Create(Made.GetOrAdd(number, _ => new(NewKey)).Value);
        if (!_keys.TryAdd(path, key))
            throw new InvalidOperationException($"{path} has its key already.");
        using var certificate = new CertificateRequest("CN=Tandem", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        var bytes = form(certificate);
        On(path, context => context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask());
        return new Uri(Address, path);
    }

    /// <summary>The headers of an event that the key of a path has signed.</summary>
    public Dictionary<string, string> Sign(string path, byte[] body, string header = "Authorization") => new()
    {
        [header] = "Signature " + Convert.ToBase64String(_keys[path].SignData(body, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
        ["X-MS-Certificate-Url"] = new Uri(Address, path).AbsoluteUri,
        ["X-MS-Signature-Algorithm"] = "rsa-sha256",
    };

    public async ValueTask DisposeAsync()
    {
        // Nobody is waited for.
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        foreach (var key in _keys.Values)
            key.Dispose();
    }

    private static RSAParameters NewKey()
    {
        using var key = RSA.Create(2048);
        return key.ExportParameters(includePrivateParameters: true);
    }

    private Task Answer(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Asked.Enqueue(path);
        if (_answers.TryGetValue(path, out var answer))
            return answer(context);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Tandem.Client.Tests.Webhooks;

/// <summary>The sample in samples/webhook-receiver, run as it is.</summary>
public sealed class ReceiverSampleTests
{
    private static readonly byte[] Event = Encoding.UTF8.GetBytes(
        """
        {"EventName":"referral-created","ResourceUri":"https://tandem.contoso.com/engagements/v1/referrals/1","ResourceName":"referral",
        "AuditUri":null,"ResourceChangeUtcDate":"2018-02-17T00:05:39.5485487+00:00"}
        """);

    [Fact]
    public async Task The_sample_registers_itself_and_tells_good_events_from_bad_ones() // W7, W31
    {
        await using var server = await CertificateServer.Start();
        server.Serve("/one.cer", certificate => Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
        JsonNode? registration = null;
        string? token = null;
        server.On("/webhooks/v1/registration", async context =>
        {
            token = context.Request.Headers.Authorization;
            registration = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            await context.Response.WriteAsync("{}", context.RequestAborted);
        });

        using var sample = Run($"--tandem={server.Address}", "--token=alice@contoso.example", $"--receiver=http://127.0.0.1:{FreePort()}");
        try
        {
            Assert.StartsWith("Registered ", await sample.StandardOutput.ReadLineAsync(Cancellation), StringComparison.Ordinal);
            Assert.Equal("Bearer alice@contoso.example", token);
            Assert.Equal(5, registration!["WebhookEvents"]!.AsArray().Count);
            var hook = new Uri((string)registration["WebhookUrl"]!);

            Assert.Equal(HttpStatusCode.OK, await Send(hook, server.Sign("/one.cer", Event), Event));
            Assert.StartsWith("ACCEPTED referral-created ", await sample.StandardOutput.ReadLineAsync(Cancellation), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, await Send(hook, server.Sign("/one.cer", Event, "x-ms-signature"), Event));
            Assert.StartsWith("ACCEPTED referral-created ", await sample.StandardOutput.ReadLineAsync(Cancellation), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.Unauthorized, await Send(hook, server.Sign("/one.cer", Event), [.. Event, 0]));
            Assert.StartsWith("REFUSED  WrongSignature: ", await sample.StandardOutput.ReadLineAsync(Cancellation), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.Unauthorized, await Send(hook, [], Event));
            Assert.StartsWith("REFUSED  NoSignature: ", await sample.StandardOutput.ReadLineAsync(Cancellation), StringComparison.Ordinal);
        }
        finally
        {
            sample.Kill();
            await sample.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Process Run(params string[] arguments)
    {
        // Beside this one in the folder of built projects, in the same configuration.
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var program = Path.Combine(here.Parent!.Parent!.FullName, "webhook-receiver", here.Name, "webhook-receiver.dll");
        return Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true })!;
    }

    private static async Task<HttpStatusCode> Send(Uri hook, Dictionary<string, string> headers, byte[] body)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, hook) { Content = new ByteArrayContent(body) };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await http.SendAsync(request, Cancellation);
        return answer.StatusCode;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

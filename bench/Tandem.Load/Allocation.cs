using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Tandem.Server;

namespace Tandem.Load;

/// <summary>
/// What a request allocates: the server runs in this process, and the client is a bare socket that allocates nothing
/// worth counting.
/// </summary>
internal static class Allocation
{
    private const int Requests = 4000;

    public static async Task<(double Get, double Create)> Measure(string folder, string body)
    {
        var port = MeasuredProcess.FreePort();
        await using var app = TandemApp.Create([$"--urls=http://127.0.0.1:{port}", $"--Tandem:DataDirectory={folder}", "--Logging:LogLevel:Default=Error"]);
        await app.Prepare();
        await app.StartAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", port);
        var create = Encoding.UTF8.GetBytes("POST /v1.0/engagements/referrals HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer alice@contoso.example\r\n"
            + string.Create(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
        var buffer = new byte[64 * 1024];
        var length = Exchange(socket, create, buffer);
        var text = Encoding.UTF8.GetString(buffer, 0, length);
        var id = (string)JsonNode.Parse(text[text.IndexOf('{', StringComparison.Ordinal)..])!["id"]!;
        var get = Encoding.UTF8.GetBytes($"GET /v1.0/engagements/referrals/{id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer alice@contoso.example\r\n\r\n");
        var result = (PerRequest(socket, get, buffer), PerRequest(socket, create, buffer));
        await app.StopAsync();
        return result;
    }

    private static double PerRequest(Socket socket, byte[] request, byte[] buffer)
    {
        for (var i = 0; i < Requests; i++)
            Exchange(socket, request, buffer);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Requests; i++)
            Exchange(socket, request, buffer);
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Requests;
    }

    // Sends, and reads one answer whose end its Content-Length tells.
    private static int Exchange(Socket socket, byte[] request, byte[] buffer)
    {
        socket.Send(request);
        var (length, expected) = (0, int.MaxValue);
        while (length < expected)
        {
            length += socket.Receive(buffer.AsSpan(length));
            var answer = buffer.AsSpan(0, length);
            var end = answer.IndexOf("\r\n\r\n"u8);
            if (end < 0)
                continue;
            var header = answer[(answer.IndexOf("Content-Length: "u8) + 16)..];
            expected = end + 4 + int.Parse(header[..header.IndexOf("\r\n"u8)], CultureInfo.InvariantCulture);
        }

        return length;
    }
}

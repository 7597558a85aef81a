using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>The server as a process of its own, to be killed.</summary>
public sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, string address) => (_process, Address) = (process, address);

    public string Address { get; }

    public static string Program => typeof(TandemApp).Assembly.Location;

    public static async Task<ServerProcess> Start(string data, params string[] settings)
    {
        var address = $"http://127.0.0.1:{FreePort()}";
        var process = Run(
            [$"--urls={address}", $"--Tandem:DataDirectory={data}", "--Logging:LogLevel:Default=Error", .. await TestDatabase.SettingsOf(data), .. settings]);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(1) };
        var deadline = Stopwatch.StartNew();
        while (deadline.Elapsed < TimeSpan.FromSeconds(60))
        {
            try
            {
                using var ready = await http.GetAsync(new Uri($"{address}/readyz"));
                if (ready.IsSuccessStatusCode)
                    return new ServerProcess(process, address);
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
            {
                // Not up yet.
            }

            await Task.Delay(50);
        }

        process.Kill();
        throw new InvalidOperationException("The server did not start within a minute.");
    }

    /// <summary>Starts the program with arguments; its output is redirected.</summary>
    public static Process Run(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.ArgumentList.Add(Program);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>SIGKILL: no time to finish anything.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

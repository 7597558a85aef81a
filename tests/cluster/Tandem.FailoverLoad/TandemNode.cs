using System.Diagnostics;

namespace Tandem.FailoverLoad;

/// <summary>A Tandem server on the cluster, started once.</summary>
internal sealed class TandemNode : IDisposable
{
    private Process? _process;

    public TandemNode(string folder, string connection)
    {
        Address = new Uri($"http://127.0.0.1:{Programs.FreePort()}");
        _process = Programs.Start(
            $"{folder}.log", "dotnet", Path.Combine(AppContext.BaseDirectory, "Tandem.Server.dll"), $"--urls={Address}",
            $"--Tandem:DataDirectory={folder}", $"--ConnectionStrings:Tandem={connection}", "--Logging:LogLevel:Default=Warning");
    }

    public Uri Address { get; }

    public bool Runs => _process is { HasExited: false };

    public async Task Ready()
    {
        using var http = new HttpClient();
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromMinutes(1) && Runs; await Task.Delay(100))
        {
            try
            {
                using var ready = await http.GetAsync(new Uri(Address, "/readyz"));
                if (ready.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not up yet.
            }
        }

        throw new TimeoutException("A Tandem server has not started.");
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _process, null) is not { } process)
            return;
        Programs.Kill(process);
        process.Dispose();
    }
}

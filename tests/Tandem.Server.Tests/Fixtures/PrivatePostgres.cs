using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>A PostgreSQL cluster of the test's own, to be stopped and started again under a server.</summary>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    // The newest installed version; eng/with-postgres has seen to it that there is one.
    private static readonly string Binaries = Directory.GetDirectories("/usr/lib/postgresql")
        .MaxBy(folder => int.Parse(Path.GetFileName(folder), System.Globalization.CultureInfo.InvariantCulture))! + "/bin";

    private readonly string _folder = Directory.CreateTempSubdirectory("tandem-postgres-").FullName;
    private readonly int _port = FreePort();

    private PrivatePostgres()
    {
    }

    /// <summary>Connection string of a database that is not there yet.</summary>
    public string Connection => $"Host=127.0.0.1;Port={_port};Username=tandem;Database=tandem;Maximum Pool Size=20";

    public static async Task<PrivatePostgres> Start()
    {
        var postgres = new PrivatePostgres();
        if (Environment.IsPrivilegedProcess)
            await Run("chown", "postgres", postgres._folder);
        await RunAsOwner("initdb", "-D", postgres.Data, "-U", "tandem", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync");
        await postgres.StartAgain();
        return postgres;
    }

    /// <param name="standby">Name of the standby that each commit waits for.</param>
    public Task StartAgain(string standby = "") => RunAsOwner(
        "pg_ctl", "-D", Data, "-l", $"{_folder}/log", "-w", "start",
        "-o", $"-p {_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={_folder} -c fsync=off "
        + $"-c synchronous_standby_names={standby}");

    /// <param name="mode"><c>fast</c> as an administrator would, or <c>immediate</c> as a crash.</param>
    public Task Stop(string mode) => RunAsOwner("pg_ctl", "-D", Data, "-m", mode, "-w", "stop");

    public async ValueTask DisposeAsync()
    {
        if (File.Exists($"{Data}/postmaster.pid"))
            await Stop("immediate");
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => $"{_folder}/data";

    // PostgreSQL refuses to run as root.
    private static Task RunAsOwner(string program, params string[] arguments) => Environment.IsPrivilegedProcess
        ? Run("runuser", ["-u", "postgres", "--", $"{Binaries}/{program}", .. arguments])
        : Run($"{Binaries}/{program}", arguments);

    private static async Task Run(string program, params string[] arguments)
    {
        // Nothing is redirected: the server that is started would keep the pipe open.
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$@\" >/dev/null 2>&1", program, program, .. arguments])
        {
            WorkingDirectory = "/",
        })!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

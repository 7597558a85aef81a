using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tandem.FailoverLoad;

/// <summary>Starts and kills the programs of the test, by their ids.</summary>
internal static class Programs
{
    /// <summary>Starts a program in the background; what it prints goes to a file. The id is the program's own.</summary>
    public static Process Start(string log, params IEnumerable<string> command) =>
        Process.Start(new ProcessStartInfo("sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", log, .. command])
        {
            WorkingDirectory = "/",
        })!;

    /// <summary>Runs a program to its end.</summary>
    public static async Task Run(params IEnumerable<string> command)
    {
        using var process = Start("/dev/stderr", command);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}.");
    }

    /// <summary>SIGKILL, to a program that was started here.</summary>
    public static void Kill(Process process)
    {
        if (!process.HasExited)
            process.Kill();
    }

    /// <summary>SIGKILL, to a process that may be gone already.</summary>
    public static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            // As dead as it should be.
        }
    }

    public static Task Signal(string signal, IEnumerable<int> ids) =>
        Run(["sh", "-c", "signal=$1; shift; kill -s \"$signal\" \"$@\"", "sh", signal, .. ids.Select(id => $"{id}")]);

    /// <summary>What a process was started with; empty when it is gone.</summary>
    public static string CommandOf(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>The processes that a process has started and that live.</summary>
    public static List<int> ChildrenOf(int id) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var child) ? child : 0)
            .Where(child => child > 0 && ParentOf(child) == id),
    ];

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static int? ParentOf(int id)
    {
        try
        {
            // The name in parentheses may hold anything.
            var text = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace Tandem.Load;

/// <summary>What a tool measured.</summary>
internal sealed record Measured(double PerSecond, string P50 = "", string P99 = "", double CpuPerThousand = 0, double Failed = 0);

/// <summary>Puts load on an address with wrk, and watches what it costs.</summary>
internal static partial class Wrk
{
    public const int Connections = 32;

    /// <param name="url">Scheme, host and port.</param>
    /// <param name="script">Lua: how a request is made.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="processes">Whose processor time is counted.</param>
    public static Task<Measured> Run(string url, string script, int seconds, params int[] processes) =>
        Run(url, script, seconds, Connections, isWarm: false, processes);

    /// <param name="connections">Requests at a time.</param>
    /// <param name="isWarm">Whether the server has done the same just now.</param>
    public static async Task<Measured> Run(
        string url, string script, int seconds, int connections, bool isWarm, params int[] processes)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, script);
        // A server runs for weeks, and compiles itself anew in its first seconds.
        if (!isWarm)
            await MeasuredProcess.Output("wrk", "-t1", $"-c{connections}", $"-d{seconds}s", "-s", file, url);
        var before = processes.Sum(MeasuredProcess.CpuSeconds);
        var text = await MeasuredProcess.Output("wrk", "-t1", $"-c{connections}", $"-d{seconds}s", "--latency", "-s", file, url);
        var cpu = processes.Sum(MeasuredProcess.CpuSeconds) - before;
        File.Delete(file);
        var requests = Number(Requests().Match(text));
        var failed = Number(Failures().Match(text));
        if (failed > 0)
            Console.Error.WriteLine($"{failed} answers of {url} were no success:\n{text}");
        return new Measured(Number(Rate().Match(text)), P50().Match(text).Groups[1].Value, P99().Match(text).Groups[1].Value,
            requests == 0 ? 0 : cpu / requests * 1000, failed);
    }

    public static string Gets(IEnumerable<string> paths, string token) => $$"""
        local paths = { {{string.Join(", ", paths.Select(p => $"\"{p}\""))}} }
        local headers = { ["Authorization"] = "Bearer {{token}}" }
        local i = 0
        request = function()
          i = i % #paths + 1
          return wrk.format("GET", paths[i], headers)
        end
        """;

    public static string Sends(string method, IEnumerable<string> paths, string token, string type, string body) => $$"""
        local paths = { {{string.Join(", ", paths.Select(p => $"\"{p}\""))}} }
        local headers = { ["Authorization"] = "Bearer {{token}}", ["Content-Type"] = "{{type}}" }
        local body = [==[{{body}}]==]
        local i = 0
        request = function()
          i = i + 1
          return wrk.format("{{method}}", paths[i % #paths + 1], headers, (body:gsub("@number", tostring(i))))
        end
        """;

    private static double Number(Match match) =>
        match.Success ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex Failures();

    [GeneratedRegex(@"^\s+50%\s+(\S+)", RegexOptions.Multiline)]
    private static partial Regex P50();

    [GeneratedRegex(@"^\s+99%\s+(\S+)", RegexOptions.Multiline)]
    private static partial Regex P99();
}

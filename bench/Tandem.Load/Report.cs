using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Tandem.Load;

/// <summary>The figures of a run, beside what they are to reach.</summary>
internal sealed class Report
{
    private const string Marker = "<!-- results -->";
    private readonly Dictionary<(string Data, string What), Measured> _measured = [];
    private readonly Dictionary<string, double> _idle = [];
    private readonly Dictionary<string, double> _loaded = [];
    private readonly Dictionary<string, long> _transferred = [];
    private (double Get, double Create) _allocation;

    public void Add(string data, string what, Measured measured)
    {
        _measured[(data, what)] = measured;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {data} {what}: {measured.PerSecond:N0}/s, p50 {measured.P50}, p99 {measured.P99}, {measured.CpuPerThousand:N3} s per 1,000"));
    }

    public void Idle(string data, double megabytes) => Memory(_idle, data, "idle", megabytes);

    public void Loaded(string data, double megabytes) => Memory(_loaded, data, "under load", megabytes);

    public void Transferred(string page, long bytes)
    {
        _transferred[page] = bytes;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {page}: {bytes / 1000} kB"));
    }

    public void Allocation((double Get, double Create) bytes)
    {
        _allocation = bytes;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  allocation: get {bytes.Get / 1000:N1} kB, create {bytes.Create / 1000:N1} kB"));
    }

    public string Write(int small, int large, int seconds)
    {
        var text = new StringBuilder();
        Line($"{TimeProvider.System.GetLocalNow():yyyy-MM-dd}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, {Wrk.Connections} connections, "
            + $"{seconds} s a case; {small:N0} referrals, {large:N0} for pages and filters.");
        Line("");
        Line("| Work | To reach | Measured |");
        Line("| --- | --- | --- |");
        Row("get, SQLite", "≥ 0.45 of Kestrel from memory", Ratio("SQLite", "get", "kestrel get"));
        Row("get, SQLite: CPU", "≤ 0.035 s per 1,000", $"{Of("SQLite", "get").CpuPerThousand:0.000} s");
        Row("list of 100, SQLite", "≥ 0.75 of Kestrel from memory", Ratio("SQLite", "list", "kestrel list"));
        Row("create, SQLite", "≥ 0.4 of the bare database", Ratio("SQLite", "create", "floor create"));
        Row("update, SQLite", "≥ 0.4 of the bare database", Ratio("SQLite", "update", "floor update"));
        Row("get, PostgreSQL", "≥ 0.3 of pgbench", Ratio("PostgreSQL", "get", "floor get"));
        Row("get, PostgreSQL: CPU with the database's", "≤ 0.16 s per 1,000", $"{Of("PostgreSQL", "get").CpuPerThousand:0.000} s");
        Row("list of 100, PostgreSQL", "≥ 0.5 of pgbench", Ratio("PostgreSQL", "list", "floor list"));
        Row("create, PostgreSQL", "≥ 0.5 of pgbench", Ratio("PostgreSQL", "create", "floor create"));
        Row("update, PostgreSQL", "≥ 0.5 of pgbench", Ratio("PostgreSQL", "update", "floor update"));
        foreach (var data in new[] { "SQLite", "PostgreSQL" })
        {
            Row($"page 1,000 against page 1, {data}", "≤ 1.5 times", Times(data, "page 1000"));
            foreach (var (what, _) in BenchData.Filters)
                Row($"filter on {what}, {data}", "≤ 3 times a page without", Times(data, $"filter {what}"));
            Row($"memory idle, {data}", "≤ 130 MB", $"{_idle[data]:0} MB");
            Row($"memory under load, {data}", "≤ 300 MB", $"{_loaded[data]:0} MB");
        }

        foreach (var data in new[] { "SQLite", "PostgreSQL" })
        {
            foreach (var connections in new[] { 1, Wrk.Connections })
            {
                var create = $"webhooks, create by {connections} with";
                Row($"create with ten webhooks against none, {connections} at a time, {data}", "≤ 1.1 times",
                    $"{Of(data, $"{create} none").PerSecond / Of(data, $"{create} ten").PerSecond:0.00}");
            }

            Row($"commit to delivery beside 20 hostile receivers, p99, {data}", "≤ 2,000 ms", Of(data, "webhooks, commit to delivery").P99);
        }

        Row("web page of the first person at a server just started", "≤ 1,500 ms", Of("SQLite", "browser first sign-in").P50);
        foreach (var (page, _) in PageLoad.Pages)
        {
            Row($"web page {page}, empty cache, median", "≤ 1,500 ms", Of("SQLite", $"browser {page}").P50);
            Row($"web page {page}, transferred", "≤ 400 kB", $"{_transferred[page] / 1000} kB");
        }

        Row("allocation, get", "≤ 4 kB", $"{_allocation.Get / 1000:0.0} kB");
        Row("allocation, create", "≤ 60 kB", $"{_allocation.Create / 1000:0.0} kB");
        Line("");
        Line("| Case | per second | p50 | p99 | CPU s per 1,000 |");
        Line("| --- | --- | --- | --- | --- |");
        foreach (var ((data, what), measured) in _measured)
        {
            Line($"| {data} {what} | {(measured.PerSecond > 0 ? $"{measured.PerSecond:N0}" : "")} | {measured.P50} | {measured.P99} | "
                + $"{(measured.CpuPerThousand > 0 ? $"{measured.CpuPerThousand:0.000}" : "")} |");
        }

        return text.ToString();

        void Line(string line) => text.AppendLine(line);
        void Row(string work, string reach, string measured) => Line($"| {work} | {reach} | {measured} |");
        string Ratio(string data, string what, string floor) => $"{Of(data, what).PerSecond / Of(data, floor).PerSecond:0.00}";
        string Times(string data, string what) => $"{Of(data, "page 1").PerSecond / Of(data, what).PerSecond:0.00}";
    }

    /// <summary>Puts the results behind the marker of bench/README.md.</summary>
    public static void Save(string text, [CallerFilePath] string here = "")
    {
        var file = Path.Combine(Path.GetDirectoryName(here)!, "..", "README.md");
        var page = File.ReadAllText(file);
        File.WriteAllText(file, page[..(page.IndexOf(Marker, StringComparison.Ordinal) + Marker.Length)] + "\n" + text);
    }

    private static void Memory(Dictionary<string, double> kept, string data, string when, double megabytes)
    {
        kept[data] = megabytes;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {data} memory {when}: {megabytes:0} MB"));
    }

    private Measured Of(string data, string what) => _measured[(data, what)];
}

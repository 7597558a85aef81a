using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Tandem.Server.Emulator;

namespace Tandem.Load;

/// <summary>Measures both databases beside their floors, in one run, and writes the report.</summary>
/// <param name="isQuick">A second a case, to see that it runs.</param>
/// <param name="only">Part of the name of the cases to measure, such as <c>PostgreSQL get</c>; empty for all.</param>
internal sealed class LoadRun(bool isQuick, string only)
{
    private const string Api = "/v1.0/engagements/referrals";
    private static readonly string[] Reads = ["get", "list"];
    private readonly int _seconds = isQuick ? 1 : 4;
    private readonly int _small = isQuick ? 2_000 : 20_000;
    private readonly int _large = isQuick ? 10_000 : 200_000;
    private readonly Report _report = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("tandem-bench-").FullName;

    private static string Program => Path.Combine(AppContext.BaseDirectory, "Tandem.Server.dll");

    private static string Self => Path.Combine(AppContext.BaseDirectory, "Tandem.Load.dll");

    public async Task<int> Run()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var postgres = Environment.GetEnvironmentVariable("TANDEM_TEST_POSTGRES")
            ?? throw new InvalidOperationException("TANDEM_TEST_POSTGRES is not set; start this through bench/run.");
        try
        {
            await Measure(new SqliteData(Path.Combine(_folder, "small")), new SqliteData(Path.Combine(_folder, "large")));
            await Measure(await PostgresData.Create(postgres, "small"), await PostgresData.Create(postgres, "large"));
            await Webhooks(new SqliteData(Path.Combine(_folder, "hooks")));
            await Webhooks(await PostgresData.Create(postgres, "hooks"));
            await People(new SqliteData(Path.Combine(_folder, "people")));
            if (Wants("SQLite", "allocation"))
                _report.Allocation(await Allocation.Measure(Path.Combine(_folder, "allocation"), Body()));
        }
        finally
        {
            Directory.Delete(_folder, recursive: true);
        }

        // A part of the cases is for whoever works on them; the report holds all.
        if (only.Length > 0)
            return 0;
        var text = _report.Write(_small, _large, _seconds);
        Console.WriteLine(text);
        if (!isQuick)
            Report.Save(text);
        return 0;
    }

    private async Task Measure(BenchData small, BenchData large)
    {
        var name = small.Name;
        if (!Wants(name, "get", "list", "update", "create") && !Wants(name, "page", "filter"))
            return;

        string get, list;
        Say($"{name}: {_small} referrals");
        // The first start sets the database up; a server is started far more often than that.
        (await Start(small)).Dispose();
        using (var server = await Start(small))
        {
            _report.Idle(name, server.IdleMegabytes);
            var model = await server.Create(Body());
            await small.Multiply(model, _small);
            var ids = Enumerable.Range(1, 1000).Select(i => $"{Api}/{BenchData.Id(i * (_small / 1000))}").ToList();
            int[] used = [server.Process.Id, .. small.Processes];

            get = await server.Http.GetStringAsync(new Uri(ids[0], UriKind.Relative));
            list = await server.Http.GetStringAsync(new Uri($"{Api}?$top=100", UriKind.Relative));
            await Case(name, "get", () => Wrk.Run(server.Url, Wrk.Gets(ids, server.Token), _seconds, used));
            await Case(name, "list", () => Wrk.Run(server.Url, Wrk.Gets([$"{Api}?$top=100"], server.Token), _seconds, used));
            await Case(name, "update", () => Wrk.Run(server.Url, Wrk.Sends("PATCH", ids, server.Token, "application/json-patch+json",
                """[{"op":"replace","path":"/details/dealValue","value":@number}]"""), _seconds, used));
            await Case(name, "create", () => Wrk.Run(
                server.Url, Wrk.Sends("POST", [Api], server.Token, "application/json", Body()), _seconds, used));
            _report.Loaded(name, MeasuredProcess.ResidentMegabytes(server.Process.Id));
        }

        Say($"{name}: floors");
        await Floors(small, get, list);
        if (!Wants(name, "page", "filter"))
            return;

        Say($"{name}: {_large} referrals");
        using (var server = await Start(large))
        {
            await large.Multiply(await server.Create(Body()), _large);
            await Pages(name, server, large);
        }
    }

    private async Task Webhooks(BenchData data)
    {
        var name = data.Name;
        if (!Wants(name, "webhooks"))
            return;
        Say($"{name}: webhooks");
        (await Start(data)).Dispose();
        using var server = await Start(data);
        var load = new WebhookLoad(server, Body(), isQuick ? 1 : 3);
        // At a person's pace first: what is behind a load is behind the load.
        _report.Add(name, "webhooks, commit to delivery", await load.Deliveries());
        foreach (var connections in new[] { 1, Wrk.Connections })
        {
            var (without, with) = await load.Creates(connections, [server.Process.Id, .. data.Processes]);
            _report.Add(name, $"webhooks, create by {connections} with none", without);
            _report.Add(name, $"webhooks, create by {connections} with ten", with);
        }
    }

    // The pages talk to the API; which database is behind it is measured above.
    private async Task People(BenchData data)
    {
        if (!Wants(data.Name, "browser"))
            return;
        Say($"{data.Name}: web pages");
        (await Start(data)).Dispose();
        await using var load = new PageLoad(isQuick ? 2 : 11);
        using var server = await Start(data, async url =>
            _report.Add(data.Name, "browser first sign-in", await load.FirstSignIn(url)));
        await data.Multiply(await server.Create(Body()), 2_000);
        foreach (var (name, path) in PageLoad.Pages)
        {
            var (time, bytes) = await load.Look(path);
            _report.Add(data.Name, $"browser {name}", time);
            _report.Transferred(name, bytes);
        }
    }

    private bool Wants(string name, params IEnumerable<string> cases) =>
        cases.Any(c => only.Length == 0 || $"{name} {c}".Contains(only, StringComparison.OrdinalIgnoreCase)
            || only.StartsWith($"{name} {c}", StringComparison.OrdinalIgnoreCase));

    private async Task Case(string name, string what, Func<Task<Measured>> measure)
    {
        if (Wants(name, what))
            _report.Add(name, what, await measure());
    }

    private async Task Floors(BenchData data, string get, string list)
    {
        foreach (var (what, floor) in await data.Floors(_seconds))
        {
            if (Wants(data.Name, what))
                _report.Add(data.Name, $"floor {what}", await floor());
        }

        var (getFile, listFile) = (Path.Combine(_folder, "get.json"), Path.Combine(_folder, "list.json"));
        await File.WriteAllTextAsync(getFile, get);
        await File.WriteAllTextAsync(listFile, list);
        var url = $"http://127.0.0.1:{MeasuredProcess.FreePort()}";
        using var kestrel = MeasuredProcess.Start("dotnet", Self, "answer", url, getFile, listFile);
        await Ready(url + "/get");
        foreach (var what in Reads.Where(w => Wants(data.Name, w)))
            _report.Add(data.Name, $"kestrel {what}", await Wrk.Run(url, Wrk.Gets([$"/{what}"], "none"), _seconds, kestrel.Id));
    }

    private async Task Pages(string name, ServerUnderTest server, BenchData data)
    {
        // The thousandth page, as a client reaches it.
        var pages = isQuick ? 50 : 1000;
        var path = Api;
        for (var page = 1; page < pages; page++)
        {
            var answer = JsonNode.Parse(await server.Http.GetStringAsync(new Uri(path, UriKind.RelativeOrAbsolute)))!;
            path = (string)answer["@odata.nextLink"]!;
        }

        int[] used = [server.Process.Id, .. data.Processes];
        _report.Add(name, "page 1", await Wrk.Run(server.Url, Wrk.Gets([Api], server.Token), _seconds, used));
        await Case(name, "page 1000", () => Wrk.Run(server.Url, Wrk.Gets([new Uri(path).PathAndQuery], server.Token), _seconds, used));
        foreach (var (what, filter) in BenchData.Filters)
        {
            await Case(name, $"filter {what}", () => Wrk.Run(
                server.Url, Wrk.Gets([$"{Api}?$filter={Uri.EscapeDataString(filter)}"], server.Token), _seconds, used));
        }
    }

    /// <param name="first">Comes to the server before anybody else.</param>
    private static async Task<ServerUnderTest> Start(BenchData data, Func<string, Task>? first = null)
    {
        var url = $"http://127.0.0.1:{MeasuredProcess.FreePort()}";
        var process = MeasuredProcess.Start("dotnet", [Program, $"--urls={url}", "--Logging:LogLevel:Default=Error", .. data.Settings]);
        await Ready(url + "/readyz");
        await Task.Delay(TimeSpan.FromSeconds(3));
        var idle = MeasuredProcess.ResidentMegabytes(process.Id);
        if (first is not null)
            await first(url);
        var http = new HttpClient { BaseAddress = new Uri(url) };
        using var form = new FormUrlEncodedContent([
            new("grant_type", "password"), new("client_id", "bench"), new("username", "alice@contoso.example"),
            new("password", EmulatorSeed.Password)]);
        using var answer = await http.PostAsync(new Uri("/common/oauth2/token", UriKind.Relative), form);
        var token = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["access_token"]!;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new ServerUnderTest(url, token, process, http, idle);
    }

    private static async Task Ready(string url)
    {
        using var http = new HttpClient();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(url));
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException) when (attempt < 600)
            {
                // Not up yet.
            }

            await Task.Delay(50);
        }
    }

    private static string Body() => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "create-request.json"));

    private static void Say(string text) =>
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetLocalNow():HH:mm:ss} {text}"));
}

/// <summary>A running Tandem and somebody signed in.</summary>
internal sealed record ServerUnderTest(string Url, string Token, MeasuredProcess Process, HttpClient Http, double IdleMegabytes) : IDisposable
{
    public async Task<JsonNode> Create(string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await Http.PostAsync(new Uri("/v1.0/engagements/referrals", UriKind.Relative), content);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException(text);
    }

    public void Dispose()
    {
        Http.Dispose();
        Process.Dispose();
    }
}

using System.Text.Json.Nodes;
using ExcelDataReader;
using Microsoft.Extensions.Time.Testing;
using Tandem.Client;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals.Reports;

/// <summary>The options of reports, their two forms, and the edges of days, amounts and empty exchanges.</summary>
public sealed class ReportEndpointTests
{
    private const string Reports = "/v1.0/engagements/reports";
    private const string Workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    public static TheoryData<string> All => ["stages", "outcomes", "times", "partners", "solutions", "sources"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(All))]
    public async Task Where_there_is_nothing_a_report_is_empty(string report)
    {
        await using var server = await Start();
        Assert.Empty((await server.Get(Alice, $"{Reports}/{report}?from=2026-01-01&to=2026-01-01&by=week")).Is(200).Value);
        var csv = (await server.Get(Alice, $"{Reports}/{report}", ("Accept", "text/csv"))).Is(200);
        Assert.Matches("^\uFEFFstart,[A-Za-z0-9,]+\r\n$", csv.Text);
    }

    [Fact]
    public async Task One_deal_is_one_line()
    {
        await using var server = await Start();
        await server.Own(change: b => b["details"] = new JsonObject { ["dealValue"] = 0.10m, ["currency"] = "EUR" });
        var row = Assert.Single((await server.Get(Alice, $"{Reports}/sources")).Is(200).Value);
        Assert.Equal(
            """{"start":null,"direction":"Outgoing","organizationId":"7d23e5ca-19dc-4eaa-aac8-5e6b559f0d1d","organizationName":"Contoso Company","""
            + "\"currency\":\"EUR\",\"count\":1,\"dealValue\":0.1,\"openCount\":1,\"openValue\":0.1,\"wonCount\":0,\"wonValue\":0,\"lostCount\":0,\"lostValue\":0}",
            row.ToJsonString());
    }

    [Fact]
    public async Task Cents_are_not_lost_in_large_sums_and_currencies_are_never_added_up()
    {
        await using var server = await Start();
        foreach (var (value, currency) in new[] { (900_000_000_000_000m, "USD"), (0.01m, "USD"), (0.02m, "USD"), (900_000_000_000_000m, "USD"), (7.5m, "EUR"), (0.5m, "EUR"), (3m, null) })
            await server.Own(change: b => b["details"] = new JsonObject { ["dealValue"] = value, ["currency"] = currency });
        foreach (var path in new[] { $"{Reports}/stages", $"{Reports}/sources", "/v1.0/engagements/totals" })
        {
            Assert.Equal([" 3", "EUR 8", "USD 1800000000000000.03"],
                (await server.Get(Alice, path)).Is(200).Value.Select(r => $"{r["currency"]} {r["dealValue"]}").Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task A_day_begins_and_ends_in_utc_to_the_microsecond()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        await using var server = await Start(clock);
        // Years, quarters and weeks begin here, and 2026-03-01 is a Sunday.
        foreach (var time in new[] { "2026-02-28T23:59:59.999999Z", "2026-03-01T00:00:00Z", "2026-03-01T23:59:59.999999Z", "2026-03-02T00:00:00Z", "2026-03-31T23:59:59.999999Z", "2026-04-01T00:00:00Z", "2027-01-01T00:00:00Z" })
        {
            clock.SetUtcNow(DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture));
            await server.Own();
        }

        Assert.Equal(["2026-02-01 1", "2026-03-01 4", "2026-04-01 1", "2027-01-01 1"], await Steps("by=month"));
        Assert.Equal(["2026-01-01 5", "2026-04-01 1", "2027-01-01 1"], await Steps("by=quarter"));
        Assert.Equal(["2026-02-23 3", "2026-03-02 1", "2026-03-30 2", "2026-12-28 1"], await Steps("by=Week"));
        Assert.Equal([" 2"], await Steps("from=2026-03-01&to=2026-03-01"));
        Assert.Equal([" 3"], await Steps("from=2026-03-31"));
        Assert.Equal([" 1"], await Steps("to=2026-02-28"));

        async Task<List<string>> Steps(string options) =>
            [.. (await server.Get(Alice, $"{Reports}/sources?{options}")).Is(200).Value.Select(r => $"{((string?)r["start"])?[..10]} {r["count"]}")];
    }

    [Theory]
    [InlineData("by=year", "by", "week, month or quarter")]
    [InlineData("from=01.02.2026", "from", "2026-03-24")]
    [InlineData("to=2026-02-30", "to", "2026-03-24")]
    [InlineData("from=2026-02-02&to=2026-02-01", "from", "exchange them")]
    [InlineData("form=2026-02-02", "form", "did you mean from?")]
    [InlineData("$top=5", "$top", "$filter, partner, from, to, by, format")]
    [InlineData("by=week&by=month", "by", "give it once")]
    [InlineData("$filter=color eq 'red'", "$filter", "color")]
    [InlineData("format=pdf", "format", "json, csv or xlsx")]
    public async Task What_a_report_cannot_do_is_refused(string options, string target, string hint) // R66
    {
        await using var server = await Start();
        foreach (var report in All)
        {
            var refused = (await server.Get(Alice, $"{Reports}/{report.Data}?{options}")).Refuses(400, target: target);
            Assert.Contains(hint, refused.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_filter_and_the_edges_of_time_are_no_trouble()
    {
        await using var server = await Start();
        await server.Own();
        foreach (var report in All)
        {
            foreach (var options in new[] { "from=0001-01-01&to=9999-12-31&by=week", "partner=%20", "partner=O'Brien", "by=", "$filter=engagementId eq 00000000-0000-0000-0000-000000000000 and contains(details/notes,'x')" })
                (await server.Get(Alice, $"{Reports}/{report.Data}?{options}")).Is(200);
        }

        (await server.Get(Alice, $"{Reports}/nothing")).Refuses(404);
    }

    [Theory]
    [InlineData(null, "application/json")]
    [InlineData("*/*", "application/json")]
    [InlineData("text/html, */*;q=0.8", "application/json")]
    [InlineData("text/csv", "text/csv")]
    [InlineData("text/csv, application/json;q=0.5", "text/csv")]
    [InlineData("text/csv;q=0.1, application/json", "application/json")]
    [InlineData("text/*", "text/csv")]
    [InlineData(Workbook, Workbook)]
    [InlineData("application/*;q=0.5, " + Workbook, Workbook)]
    [InlineData("application/*", "application/json")]
    [InlineData("application/xml", null)]
    public async Task The_form_is_the_one_that_is_accepted_best(string? accept, string? form)
    {
        await using var server = await Start();
        (string, string)[] headers = accept is null ? [] : [("Accept", accept)];
        var reply = await server.Get(Alice, $"{Reports}/stages", headers);
        if (form is null)
            reply.Refuses(406, target: "Accept");
        else
            Assert.StartsWith(form, reply.Is(200).Headers["Content-Type"], StringComparison.Ordinal);
        Assert.StartsWith("text/csv", (await server.Get(Alice, $"{Reports}/stages?format=csv", headers)).Is(200).Headers["Content-Type"], StringComparison.Ordinal);
        Assert.Equal(Workbook, (await server.Get(Alice, $"{Reports}/stages?format=XLSX", headers)).Is(200).Headers["Content-Type"]);
    }

    [Fact]
    public async Task A_file_says_what_the_json_says_and_computes_nothing()
    {
        await using var server = await Start();
        foreach (var (id, name) in new[] { ("=1+1", "=HYPERLINK(\"http://evil.example\",\"Çok ucuz\")"), ("+SOL", "@name"), ("SOL-ABC-DEF", "-3, \"quoted\"\nline") })
        {
            await server.Own(change: b => b["details"] = new JsonObject
            {
                ["dealValue"] = 1_234.5m,
                ["currency"] = "TRY",
                ["requirements"] = new JsonObject { ["solutions"] = new JsonArray(new JsonObject { ["id"] = id, ["name"] = name, ["type"] = "Name" }) },
            });
        }

        var csv = (await server.Get(Alice, $"{Reports}/solutions?by=month&format=csv")).Is(200);
        Assert.Equal("attachment; filename=\"solutions.csv\"", csv.Headers["Content-Disposition"]);
        var month = (await server.Get(Alice, $"{Reports}/solutions?by=month")).Value[0]["start"]!.ToString()[..10];
        const string Amounts = "TRY,1,1234.5,1,1234.5,0,0,0,0";
        Assert.Equal(
            $""""
            start,solutionId,solutionName,currency,count,dealValue,openCount,openValue,wonCount,wonValue,lostCount,lostValue
            {month},"'+SOL","'@name",{Amounts}
            {month},"'=1+1","'=HYPERLINK(""http://evil.example"",""Çok ucuz"")",{Amounts}
            {month},SOL-ABC-DEF,"'-3, ""quoted""
            line",{Amounts}

            """".ReplaceLineEndings("\n"), csv.Text.TrimStart('\uFEFF').ReplaceLineEndings("\n"));
        var bytes = await new TandemClient(server.Http, Alice).Reports.CsvAsync("solutions", new ReportQuery { By = ReportStep.Month }, Cancellation);
        Assert.Equal(csv.Text, System.Text.Encoding.UTF8.GetString(bytes));
    }

    [Theory, MemberData(nameof(All))]
    public async Task A_workbook_says_what_the_json_says_with_numbers_that_can_be_added_up(string report)
    {
        await using var server = await Start();
        var (own, _) = await server.Shared(FabrikamLocation);
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/details/dealValue", 1_234.5m), ("/details/currency", "TRY")))).Is(204);
        (await server.Status(Alice, (await server.Own()).Id, "Closed", "Won")).Is(200);
        var rows = (await server.Get(Alice, $"{Reports}/{report}?by=month")).Is(200).Value;
        Assert.NotEmpty(rows);

        var cells = Read(await new TandemClient(server.Http, Alice).Reports.WorkbookAsync(report, new ReportQuery { By = ReportStep.Month }, Cancellation));
        Assert.Equal(rows[0].AsObject().Select(p => p.Key), cells[0]);
        Assert.Equal(rows.Count, cells.Count - 1);
        foreach (var (row, line) in rows.Zip(cells.Skip(1)))
            Assert.Equal(row.AsObject().Select(p => Plain(p.Value)), line);

        static object? Plain(JsonNode? value) => value is null ? null
            : value.GetValueKind() == System.Text.Json.JsonValueKind.Number ? (double)value.GetValue<decimal>()
            : DateTimeOffset.TryParse((string)value!, System.Globalization.CultureInfo.InvariantCulture, out var day) ? day.UtcDateTime
            : (string)value!;
    }

    [Fact]
    public async Task Where_there_is_nothing_a_workbook_has_its_header()
    {
        await using var server = await Start();
        var cells = Read(await new TandemClient(server.Http, Alice).Reports.WorkbookAsync("times", cancellation: Cancellation));
        Assert.Equal(["start", "measure", "count", "medianHours", "percentile90Hours"], Assert.Single(cells));
    }

    [Fact]
    public async Task A_workbook_holds_no_formula_and_no_number_that_is_not_the_sum()
    {
        await using var server = await Start();
        foreach (var value in new[] { 900_000_000_000_000m, 900_000_000_000_000m, 0.03m })
        {
            await server.Own(change: b => b["details"] = new JsonObject
            {
                ["dealValue"] = value,
                ["currency"] = "USD",
                ["requirements"] = new JsonObject { ["solutions"] = new JsonArray(new JsonObject { ["id"] = "=1+1", ["name"] = "@sum\u0001(\n1)", ["type"] = "Name" }) },
            });
        }

        var bytes = await new TandemClient(server.Http, Alice).Reports.WorkbookAsync("solutions", cancellation: Cancellation);
        var row = Read(bytes)[1];
        Assert.Equal(["=1+1", "@sum(\n1)", "USD", 3d, "1800000000000000.03"], row.Skip(1).Take(5));
        using var zip = new System.IO.Compression.ZipArchive(new MemoryStream(bytes));
        using var sheet = new StreamReader(zip.Entries.Single(e => e.FullName.EndsWith("sheet1.xml", StringComparison.Ordinal)).Open());
        Assert.DoesNotContain("<f>", await sheet.ReadToEndAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_a_cell_cannot_hold_is_cut()
    {
        await using var server = await Start();
        await server.Own(change: b => b["details"]!["requirements"] = new JsonObject
        {
            ["solutions"] = new JsonArray(new JsonObject { ["id"] = new string('s', 40_000), ["name"] = new string('n', 40_000), ["type"] = "Name" }),
        });
        var row = Read(await new TandemClient(server.Http, Alice).Reports.WorkbookAsync("solutions", cancellation: Cancellation))[1];
        Assert.Equal([new string('s', 32_767), new string('n', 32_767)], row.Skip(1).Take(2));
    }

    private static List<object?[]> Read(byte[] workbook)
    {
        System.Text.Encoding.RegisterProvider(System.Text.CodePagesEncodingProvider.Instance);
        using var reader = ExcelReaderFactory.CreateOpenXmlReader(new MemoryStream(workbook));
        var rows = new List<object?[]>();
        while (reader.Read())
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetValue)]);
        return rows;
    }
}

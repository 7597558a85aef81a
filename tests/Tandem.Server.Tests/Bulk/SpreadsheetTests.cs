using System.IO.Compression;
using System.Net;
using System.Text;
using SpreadCheetah;
using Tandem.Client;
using Tandem.Contracts.Bulk;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Bulk;

/// <summary>Files as programs write them, and files that mean harm.</summary>
public sealed class SpreadsheetTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Name = "Işık Çözüm ğüş";
    private readonly BulkClient _alice = fixture.Server.Bulk(Alice);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("utf-8", false, ","), InlineData("utf-8", true, ";"), InlineData("utf-16", true, "\t"), InlineData("utf-16BE", true, ","),
     InlineData("utf-16", false, ";"), InlineData("windows-1254", false, ";")]
    public async Task Text_is_read_in_the_encoding_and_with_the_separator_it_has(string encoding, bool hasMark, string separator)
    {
        var writes = CodePagesEncodingProvider.Instance.GetEncoding(encoding) ?? Encoding.GetEncoding(encoding);
        var text = string.Join('\n', string.Join(separator, "Customer Name", "City", "Notes"), string.Join(separator, Name, "İstanbul", "\"two\nlines\""));
        var import = await _alice.Send([.. hasMark ? writes.GetPreamble() : [], .. writes.GetBytes(text)]);
        Assert.Equal($"{Name}|İstanbul|two\nlines", string.Join('|', (await _alice.Row(import)).Changes.Select(c => c.After)));
    }

    [Fact]
    public async Task Western_text_is_not_taken_for_Turkish()
    {
        var import = await _alice.Send(CodePagesEncodingProvider.Instance.GetEncoding(1252)!.GetBytes("Customer Name,City\nMüller & Söhne – Größe,Zürich"));
        Assert.Equal("Müller & Söhne – Größe", (await _alice.Row(import)).Changes[0].After);
    }

    [Fact]
    public async Task A_workbook_is_read_with_its_numbers_and_dates()
    {
        var import = await _alice.Send(await Workbook(
            [new("Customer Name"), new("Estimated Deal Value"), new("Estimated Close Date"), new("Azure Certified Device"), new("Notes")],
            [new(Name), new(1234.5), new(new DateTime(2027, 3, 24)), new(true), new("'=kept")],
            [],
            [new("Second"), new(0.1m), new("03/25/2027"), new("No"), new(12)]));
        var rows = await _alice.Rows(import);
        Assert.Equal([2, 4], rows.Select(r => r.Number));
        Assert.Equal($"{Name}|1234.5|03/24/2027|True|=kept", string.Join('|', rows[0].Changes.Select(c => c.After)));
        Assert.Equal("Second|0.1|03/25/2027|No|12", string.Join('|', rows[1].Changes.Select(c => c.After)));
        Assert.All(rows, r => Assert.Empty(r.Faults));
    }

    public static TheoryData<string, string> Hostile => new()
    {
        { "empty", "is empty" },
        { "header alone", "no row below" },
        { "binary", "neither CSV nor a workbook" },
        { "old workbook", "format before 2007" },
        { "broken workbook", "cannot be read" },
        { "no workbook", "cannot be read" },
        { "bomb", "unpacks to far more" },
        { "lying bomb", "cannot be read" },
        { "columns", "more than 400 columns" },
        { "wide workbook", "more than 400 columns" },
        { "rows", "more than 10,000 rows" },
        { "cell", "more than 32,767 characters" },
        { "entities", "cannot be read" },
    };

    [Theory, MemberData(nameof(Hostile))]
    public async Task A_file_that_means_harm_is_refused_with_a_reason(string kind, string message)
    {
        var refused = await Assert.ThrowsAsync<TandemException>(async () => await _alice.SendAsync(await File(kind), "x", cancellation: Cancellation));
        Assert.Equal((HttpStatusCode.BadRequest, "body"), (refused.Status, refused.Target));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_too_large_is_refused_before_it_is_read()
    {
        using var content = new ByteArrayContent(new byte[17 * 1024 * 1024]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1.0/engagements/imports") { Content = content };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Alice}");
        request.Headers.ExpectContinue = true;
        using var response = await fixture.Server.Http.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("16 MiB", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    private static async Task<byte[]> File(string kind) => kind switch
    {
        "empty" => [],
        "header alone" => "Customer Name,City\r\n"u8.ToArray(),
        "binary" => [0x7F, 0x45, 0x4C, 0x46, 0, 0, 0, 1, 2, 3],
        "old workbook" => [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0, 0],
        "broken workbook" => (await Workbook([new("Customer Name")], [new("x")]))[..^200],
        "no workbook" => Zip(("readme.txt", "nothing"u8.ToArray())),
        "bomb" => Zip(("xl/worksheets/sheet1.xml", new byte[210 * 1024 * 1024])),
        "lying bomb" => Lie(Zip(("xl/worksheets/sheet1.xml", new byte[210 * 1024 * 1024]))),
        "columns" => Encoding.UTF8.GetBytes($"{new string(',', 1_000_000)}x\nx"),
        "wide workbook" => await Workbook([.. Enumerable.Range(0, 500).Select(i => new DataCell($"c{i}"))], [new("x")]),
        "rows" => Encoding.UTF8.GetBytes("Customer Name\n" + string.Concat(Enumerable.Repeat("x\n", BulkLayout.MostRows + 1))),
        "cell" => Encoding.UTF8.GetBytes($"Customer Name\n{new string('x', 40_000)}"),
        _ => Zip(
            ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"u8.ToArray()),
            ("xl/workbook.xml", """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets><sheet name="&b;" sheetId="1"/></sheets></workbook>"""u8.ToArray())),
    };

    private static byte[] Zip(params (string Name, byte[] Bytes)[] entries)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    // The size in the central directory becomes a harmless one.
    private static byte[] Lie(byte[] zip)
    {
        var directory = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BitConverter.TryWriteBytes(zip.AsSpan(directory + 24), 100u);
        return zip;
    }

    private static async Task<byte[]> Workbook(params DataCell[][] rows)
    {
        using var bytes = new MemoryStream();
        await using (var workbook = await SpreadCheetah.Spreadsheet.CreateNewAsync(bytes, cancellationToken: Cancellation))
        {
            await workbook.StartWorksheetAsync("Deals", token: Cancellation);
            foreach (var row in rows)
                await workbook.AddRowAsync(row, Cancellation);
            await workbook.FinishAsync(Cancellation);
        }

        return bytes.ToArray();
    }
}

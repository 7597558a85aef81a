using System.Globalization;
using SpreadCheetah;
using SpreadCheetah.Styling;
using SpreadCheetah.Worksheets;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Bulk;

namespace Tandem.Server.Referrals.Reports;

/// <summary>A report as a workbook: the columns of the CSV file, with numbers that can be added up and days that are days.</summary>
internal static class ReportWorkbook
{
    public const string MediaType = BulkWriter.WorkbookType;

    private const double Width = 18;

    // More does not open.
    private const int LongestCell = 32_767;

    private static readonly SpreadCheetahOptions Form = new() { DefaultDateTimeFormat = NumberFormat.Custom("yyyy-mm-dd") };

    public static async Task<byte[]> Write<TRow>(string name, IReadOnlyList<TRow> rows, CancellationToken cancellation)
        where TRow : ReportRow
    {
        var columns = ContractType.Of(typeof(TRow)).Properties;
        using var file = new MemoryStream();
        await using (var workbook = await SpreadCheetah.Spreadsheet.CreateNewAsync(file, Form, cancellation))
        {
            await workbook.StartWorksheetAsync(name, new WorksheetOptions { FrozenRows = 1, DefaultColumnWidth = Width }, cancellation);
            var heading = workbook.AddStyle(new Style { Font = { Bold = true } });
            await workbook.AddHeaderRowAsync([.. columns.Select(c => c.Name)], heading, cancellation);
            foreach (var row in rows)
                await workbook.AddRowAsync([.. columns.Select(c => Cell(c.Get(row)))], cancellation);
            await workbook.FinishAsync(cancellation);
        }

        return file.ToArray();
    }

    // A text cell is never a formula. A sum that has more digits than a workbook keeps is a text, and exact.
    private static DataCell Cell(object? value) => value switch
    {
        null => default,
        DateTimeOffset day => new(day.UtcDateTime),
        long number => new(number),
        decimal number when CellText.FitsWorkbook(number, out var kept) => new(kept),
        _ => new(Cut(CellText.GuardInWorkbook(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""))),
    };

    private static string Cut(string text) => text.Length <= LongestCell ? text : text[..LongestCell];
}

using CsvHelper;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;

namespace Tandem.Server.Referrals.Reports;

/// <summary>A report as a file for spreadsheets: the columns are the properties of its JSON.</summary>
internal static class ReportCsv
{
    public const string MediaType = "text/csv; charset=utf-8";

    private static readonly CsvWriterOptions Form = new()
    {
        // A name that begins as a formula does would be computed by who opens the file.
        Injection = CsvInjection.Escape,
        // Without it Excel takes the file for one of an old code page.
        WriteByteOrderMark = true,
    };

    public static byte[] Write<TRow>(IReadOnlyList<TRow> rows)
        where TRow : ReportRow
    {
        var columns = ContractType.Of(typeof(TRow)).Properties;
        using var file = new MemoryStream();
        using (var writer = CsvWriter.Create(file, Form, leaveOpen: true))
        {
            writer.WriteHeader([.. columns.Select(c => c.Name)]);
            foreach (var row in rows)
            {
                foreach (var column in columns)
                    writer.WriteField(Plain(column.Get(row)));
                writer.EndRecord();
            }
        }

        return file.ToArray();
    }

    private static object? Plain(object? value) => value switch
    {
        DateTimeOffset day => DateOnly.FromDateTime(day.UtcDateTime),
        Enum name => name.ToString(),
        _ => value,
    };
}

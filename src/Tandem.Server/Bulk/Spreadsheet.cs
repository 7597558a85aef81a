using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml;
using CsvHelper;
using ExcelDataReader;
using ExcelDataReader.Exceptions;
using Tandem.Contracts.Bulk;
using Tandem.Server.Http;

namespace Tandem.Server.Bulk;

/// <summary>A row of a file with its number there.</summary>
internal sealed record SheetRow(int Number, IReadOnlyList<string> Cells);

/// <summary>
/// The first sheet of a workbook, or a CSV file, as texts: what is hostile or no table at all is refused before it costs
/// much.
/// </summary>
internal sealed record Spreadsheet(IReadOnlyList<string> Headers, IReadOnlyList<SheetRow> Rows)
{
    /// <summary>Largest file.</summary>
    public const int MostBytes = 16 * 1024 * 1024;

    private const int MostColumns = 400;
    private const int LongestCell = 32_767;
    private const int LongestHeader = 200;

    // A workbook of 10,000 rows with all columns filled unpacks to less.
    private const long MostUnpacked = 200 * 1024 * 1024;

    private static readonly string[] DateForms = ["MM/dd/yyyy", "yyyy-MM-dd'T'HH:mm:ss"];

    public static Refusal TooLarge { get; } = new(StatusCodes.Status413PayloadTooLarge, null, "body",
        $"The file is larger than {MostBytes / 1024 / 1024} MiB; cut it into several.");

    /// <param name="file">The bytes as they came.</param>
    public static Outcome<Spreadsheet> Read(byte[] file)
    {
        if (file.Length == 0)
            return Bad("The file is empty.");
        if (file.AsSpan().StartsWith("PK\u0003\u0004"u8))
            return ReadWorkbook(file);
        // The signature of a compound file: the old format, or a workbook with a password.
        if (file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xD0, 0xCF, 0x11, 0xE0]))
            return Bad("The workbook is of the format before 2007, or has a password; save it as .xlsx without a password, or as CSV.");
        return ReadText(Decode(file));
    }

    private static Outcome<Spreadsheet> ReadText(string text)
    {
        if (text.AsSpan(0, Math.Min(text.Length, 4096)).Contains('\0'))
            return Bad("The file is neither CSV nor a workbook (.xlsx).");
        using var reader = CsvReader.FromText(text, new CsvReaderOptions { HasHeader = false, TrackLineNumbers = false, PoolStrings = true });
        return Collect(Records(reader));
    }

    private static IEnumerable<string[]> Records(CsvReader reader)
    {
        while (reader.Read())
        {
            var cells = new string[Math.Min(reader.FieldCount, MostColumns + 1)];
            for (var i = 0; i < cells.Length; i++)
                cells[i] = reader.GetString(i);
            yield return cells;
        }
    }

    private static Outcome<Spreadsheet> ReadWorkbook(byte[] file)
    {
        try
        {
            // What an entry says of its size is also the most that is ever read of it.
            using (var zip = new ZipArchive(new MemoryStream(file), ZipArchiveMode.Read))
            {
                if (zip.Entries.Sum(e => Math.Max(0, e.Length)) > MostUnpacked || zip.Entries.Count > 1000)
                    return Bad("The workbook unpacks to far more than it can need; save the sheet with the deals alone, or as CSV.");
            }

            // The library wants Windows' code pages to be there, though no workbook of this format is written in one.
            Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
            using var reader = ExcelReaderFactory.CreateOpenXmlReader(new MemoryStream(file));
            return reader.FieldCount > MostColumns ? TooWide : Collect(Records(reader));
        }
        catch (Exception failure) when (failure is ExcelReaderException or InvalidDataException or XmlException or FormatException
            or OverflowException or ArgumentException or NullReferenceException or IndexOutOfRangeException or KeyNotFoundException or EndOfStreamException)
        {
            // The library throws whatever it stumbles over.
            return Bad("The workbook cannot be read: it is damaged, or no workbook. Open it in a spreadsheet program and save it anew, or as CSV.");
        }
    }

    private static IEnumerable<string[]> Records(IExcelDataReader reader)
    {
        while (reader.Read())
        {
            var cells = new string[reader.FieldCount];
            for (var i = 0; i < cells.Length; i++)
                cells[i] = Text(reader.GetValue(i));
            yield return cells;
        }
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        DateTime time => time.ToString(DateForms[time.TimeOfDay == TimeSpan.Zero ? 0 : 1], CultureInfo.InvariantCulture),
        // 0.1 as a double and as it was typed are the same text up to 15 digits.
        double number => number.ToString("G15", CultureInfo.InvariantCulture) is var text && text.Contains('E', StringComparison.Ordinal)
            && Math.Abs(number) < 1e15 ? ((decimal)number).ToString(CultureInfo.InvariantCulture) : text,
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static Outcome<Spreadsheet> Collect(IEnumerable<string[]> records)
    {
        List<string>? headers = null;
        var rows = new List<SheetRow>();
        var number = 0;
        foreach (var record in records)
        {
            number++;
            if (headers is null && record.Length > MostColumns)
                return TooWide;
            if (Array.TrueForAll(record, string.IsNullOrWhiteSpace))
                continue;
            if (headers is null)
            {
                headers = [.. record.Select(h => h.Trim()).Select(h => h.Length > LongestHeader ? h[..LongestHeader] : h)];
                while (headers.Count > 0 && headers[^1].Length == 0)
                    headers.RemoveAt(headers.Count - 1);
                continue;
            }

            if (rows.Count == BulkLayout.MostRows)
                return Bad($"The file has more than {BulkLayout.MostRows:N0} rows; cut it into several.");
            if (Array.Exists(record, c => c.Length > LongestCell))
                return Bad($"A cell of row {number} has more than {LongestCell:N0} characters; shorten it.");
            rows.Add(new SheetRow(number, [.. record.Take(headers.Count).Select(c => CellText.Unguard(c.Replace("\0", "", StringComparison.Ordinal).Trim()))]));
        }

        if (headers is null)
            return Bad("The file is empty.");
        return rows.Count == 0
            ? Bad("The file has no row below its header.")
            : new Spreadsheet(headers, rows);
    }

    // A byte order mark says it; else UTF-16 where every other byte is zero, UTF-8 if it can be that, and at last what
    // Windows writes: the Turkish page where it makes letters of what would be Icelandic in the Western one.
    private static string Decode(byte[] file)
    {
        if (file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
            return Encoding.Unicode.GetString(file, 2, file.Length - 2);
        if (file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return Encoding.BigEndianUnicode.GetString(file, 2, file.Length - 2);
        if (file is [not 0, 0, not 0, 0, ..])
            return Encoding.Unicode.GetString(file);
        var start = file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? 3 : 0;
        if (System.Text.Unicode.Utf8.IsValid(file.AsSpan(start)))
            return Encoding.UTF8.GetString(file, start, file.Length - start);

        // ð ý þ Ð Ý Þ there are ğ ı ş Ğ İ Ş here.
        var turkish = ((ReadOnlySpan<byte>)file).ContainsAny((ReadOnlySpan<byte>)[0xF0, 0xFD, 0xFE, 0xD0, 0xDD, 0xDE]);
        return CodePagesEncodingProvider.Instance.GetEncoding(turkish ? 1254 : 1252)!.GetString(file);
    }

    private static Outcome<Spreadsheet> Bad(string message) => Refusal.Invalid("body", "invalidValue", message);

    private static Outcome<Spreadsheet> TooWide { get; } = Bad($"The file has more than {MostColumns} columns; leave out those that are no deal's.");
}

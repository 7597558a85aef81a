using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using Tandem.Contracts.Reading;

namespace Tandem.Server.Bulk;

/// <summary>
/// How values stand in cells: months first, a point before decimals, Yes and No. What a spreadsheet would take for a
/// formula has an apostrophe before it, which is taken away when the cell is read.
/// </summary>
internal static partial class CellText
{
    private static readonly string[] DateForms = ["M/d/yyyy", "M/d/yyyy H:mm", "M/d/yyyy H:mm:ss", "M/d/yyyy h:mm tt", "M/d/yyyy h:mm:ss tt"];

    public static string Of(bool? value) => value switch { true => "Yes", false => "No", null => "" };

    public static string Of(DateTimeOffset? day) => day?.UtcDateTime.ToString("MM/dd/yyyy", CultureInfo.InvariantCulture) ?? "";

    public static string Of(decimal? number) => number?.ToString("0.############################", CultureInfo.InvariantCulture) ?? "";

    public static bool TryBoolean(string cell, out bool value)
    {
        value = cell.ToLowerInvariant() is "yes" or "y" or "true" or "1" or "evet";
        return value || cell.ToLowerInvariant() is "no" or "n" or "false" or "0" or "hayır";
    }

    public static bool TryDay(string cell, out DateTimeOffset day)
    {
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal | DateTimeStyles.AllowWhiteSpaces;
        return DateTimeOffset.TryParseExact(cell, DateForms, CultureInfo.InvariantCulture, Utc, out day) || WireTime.TryParse(cell, out day);
    }

    /// <summary>A number with a point before its decimals; commas only where they part thousands, so that 1,5 is not 15.</summary>
    public static bool TryNumber(string cell, out decimal number)
    {
        number = 0;
        return Number().IsMatch(cell)
            && decimal.TryParse(cell.Replace(",", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>A text as a cell of a CSV file that a spreadsheet shows as the text that it is.</summary>
    public static string Guard(string text) => Formula().IsMatch(text) ? "'" + text : text;

    /// <summary>A text cell of a workbook is never a formula; only what looks guarded is guarded once more.</summary>
    public static string GuardInWorkbook(string text) => Plain(text.StartsWith('\'') ? Guard(text) : text);

    /// <summary>Whether a workbook, which keeps 15 digits, keeps a number as it is.</summary>
    public static bool FitsWorkbook(decimal number, out double kept)
    {
        kept = (double)number;
        return kept.ToString("G15", CultureInfo.InvariantCulture) == Of(number);
    }

    /// <summary>Whether a file could make no difference between two texts: a workbook keeps neither CR nor control characters.</summary>
    public static bool AreAlike(string left, string right) => left == right || Plain(left) == Plain(right);

    public static string Unguard(string cell) => cell.StartsWith('\'') && Formula().IsMatch(cell) ? cell[1..] : cell;

    public static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string Plain(string text) =>
        string.Concat(text.ReplaceLineEndings("\n").Where(c =>
            char.IsSurrogate(c) || (XmlConvert.IsXmlChar(c) && (!char.IsControl(c) || c is '\n' or '\t'))));

    [GeneratedRegex(@"^(\d{1,15}|\d{1,3}(,\d{3})+)(\.\d{1,12})?$", RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    [GeneratedRegex(@"^'*[=+\-@\t\r]", RegexOptions.CultureInvariant)]
    private static partial Regex Formula();
}

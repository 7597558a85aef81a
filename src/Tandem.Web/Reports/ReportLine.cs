using System.Globalization;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Reports;

/// <summary>A line of a table, and a place of the chart above it.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Cells">Its numbers.</param>
/// <param name="Values">The numbers that the chart shows.</param>
public sealed record ReportLine(string Name, IReadOnlyList<ReportCell> Cells, IReadOnlyList<double> Values);

/// <summary>A number of a table.</summary>
/// <param name="Text">As people read it.</param>
/// <param name="Link">Where the referrals can be seen that it counts, and no others; null for nowhere.</param>
public sealed record ReportCell(string Text, string? Link = null)
{
    public static implicit operator ReportCell(string text) => new(text);

    /// <summary>A number of referrals. None are not worth a look.</summary>
    public static ReportCell Of(long number, string? link = null) =>
        new(number.ToString("N0", CultureInfo.CurrentCulture), number == 0 ? null : link);
}

/// <summary>A series of a chart: its name, and the theme's colour for it.</summary>
public sealed record ReportColour(string Name, string Colour);

internal static class ReportAmounts
{
    /// <summary>One amount for each currency, such as <c>1,250 USD · 80 EUR</c>; empty when nothing has a value.</summary>
    public static string Worth<T>(this IEnumerable<T> rows)
        where T : ReportedAmounts => string.Join(" · ", rows
            .GroupBy(r => r.Currency, r => r.DealValue)
            .Select(c => (Currency: c.Key, Sum: c.Sum()))
            .Where(c => c.Sum != 0)
            .OrderBy(c => c.Currency, StringComparer.Ordinal)
            .Select(c => Viewer.Money(c.Sum, c.Currency)));

    public static long Number<T>(this IEnumerable<T> rows)
        where T : ReportedAmounts => rows.Sum(r => r.Count);
}

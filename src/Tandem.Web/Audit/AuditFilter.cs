using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Client;
using Tandem.Contracts.Organizations;

namespace Tandem.Web.Audit;

/// <summary>What the person chose to see: it stands in the address. What makes no sense there is left out.</summary>
public sealed record AuditFilter
{
    private const string Path = "administration/audit";
    private const string DayFormat = "yyyy-MM-dd";

    public static AuditFilter None { get; } = new();

    /// <summary>Id of a person or service client.</summary>
    public string? By { get; init; }

    public string? Kind { get; init; }

    /// <summary>The first day, as the address and a date field have it.</summary>
    public string? From { get; init; }

    public string? To { get; init; }

    /// <summary>The address of the page that shows it, from the base address on.</summary>
    public string Address => new[] { ("by", By), ("kind", Kind), ("from", From), ("to", To) }
        .Where(o => o.Item2 is not null)
        .Aggregate(Path, (address, option) => QueryHelpers.AddQueryString(address, option.Item1, option.Item2!));

    public static AuditFilter Parse(Uri address)
    {
        var query = QueryHelpers.ParseQuery(address.Query);
        return new()
        {
            By = Guid.TryParse(Sent("by"), out var by) ? by.ToString() : null,
            Kind = Array.Find(Enum.GetNames<AuditKind>(), k => k.Equals(Sent("kind"), StringComparison.OrdinalIgnoreCase)),
            From = Day(Sent("from"))?.ToString(DayFormat, CultureInfo.InvariantCulture),
            To = Day(Sent("to"))?.ToString(DayFormat, CultureInfo.InvariantCulture),
        };

        string? Sent(string name) => query.TryGetValue(name, out var value) ? value.ToString() : null;
    }

    public AuditQuery Query() => new()
    {
        By = Guid.TryParse(By, out var by) ? by : null,
        Kind = Enum.TryParse<AuditKind>(Kind, out var kind) ? kind : null,
        From = Day(From),
        To = Day(To),
    };

    private static DateOnly? Day(string? text) =>
        DateOnly.TryParseExact(text, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1 and < 9999 ? day : null;
}

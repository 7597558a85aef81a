using System.Globalization;
using Tandem.Contracts.Organizations;

namespace Tandem.Client;

/// <summary>Which administrative changes to list; all of them when nothing is set.</summary>
public sealed record AuditQuery
{
    /// <summary>By this user or service client.</summary>
    public Guid? By { get; init; }

    /// <summary>About this.</summary>
    public AuditKind? Kind { get; init; }

    /// <summary>From this day on (UTC).</summary>
    public DateOnly? From { get; init; }

    /// <summary>Up to this day, and on it (UTC).</summary>
    public DateOnly? To { get; init; }

    internal string Write(long? after)
    {
        var options = new[]
        {
            ("after", after?.ToString(CultureInfo.InvariantCulture)), ("by", By?.ToString()), ("kind", Kind?.ToString()),
            ("from", From?.ToString("O", CultureInfo.InvariantCulture)), ("to", To?.ToString("O", CultureInfo.InvariantCulture)),
        }.Where(o => o.Item2 is not null).Select(o => $"{o.Item1}={Uri.EscapeDataString(o.Item2!)}");
        return string.Join('&', options) is { Length: > 0 } query ? $"?{query}" : "";
    }
}

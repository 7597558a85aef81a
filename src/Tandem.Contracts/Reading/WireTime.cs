using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tandem.Contracts.Reading;

/// <summary>Times on the wire: ISO 8601, kept to the microsecond, which is all that PostgreSQL stores.</summary>
public static class WireTime
{
    private static readonly string[] Forms =
    [
        "yyyy-MM-dd",
        "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd HH:mmK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>
    /// Reads a date (midnight UTC) or a time with any offset (UTC when it has none); the result is in UTC.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out DateTimeOffset time)
    {
        const DateTimeStyles Style = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        time = default;
        text = text?.Trim();
        if (text is null || !DateTimeOffset.TryParseExact(text, Forms, CultureInfo.InvariantCulture, Style, out time))
            return false;
        time = ToMicroseconds(time);
        return true;
    }

    /// <summary>Cuts a time to whole microseconds.</summary>
    public static DateTimeOffset ToMicroseconds(DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    /// <summary>Microseconds since 1970-01-01T00:00:00Z, the form in which the database compares times.</summary>
    public static long ToUnixMicroseconds(DateTimeOffset time) =>
        (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>The time of a number of microseconds since 1970-01-01T00:00:00Z.</summary>
    public static DateTimeOffset FromUnixMicroseconds(long microseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
}

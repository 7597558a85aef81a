using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Tandem.Server.Http;

/// <summary>Entity tags of referrals (R84–R87; RFC 9110).</summary>
internal static class EntityTag
{
    /// <summary>A tag of the documented look; two versions never share one.</summary>
    public static string Of(int version, DateTimeOffset updatedAt) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{version:x8}-0000-0000-0000-{updatedAt.ToUnixTimeSeconds():x8}0000\"");

    public static bool IsAny(StringValues header) =>
        header.Any(h => h is not null && h.Split(',').Any(t => t.Trim() == "*"));

    /// <summary>Whether one of the sent tags is the current one; a W/ prefix and missing quotes are forgiven (R85).</summary>
    public static bool Matches(StringValues header, string current)
    {
        foreach (var line in header)
        {
            foreach (var sent in (line ?? "").Split(','))
            {
                var tag = sent.AsSpan().Trim();
                if (tag is "*")
                    return true;
                if (tag.StartsWith("W/", StringComparison.OrdinalIgnoreCase))
                    tag = tag[2..];
                if (tag.Trim('"').SequenceEqual(current.AsSpan().Trim('"')))
                    return true;
            }
        }

        return false;
    }
}

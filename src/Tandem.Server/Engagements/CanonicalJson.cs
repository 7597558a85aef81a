using System.Globalization;
using System.Text;

namespace Tandem.Server.Engagements;

/// <summary>
/// JSON in its one canonical form (RFC 8785): members in the order of their names, no white space, and only what must be
/// escaped escaped. For texts, whole numbers, truth values, lists and objects, which is all that a sealed history holds.
/// </summary>
internal static class CanonicalJson
{
    public static string Write(SortedDictionary<string, object?> value)
    {
        var text = new StringBuilder(512);
        Write(text, value);
        return text.ToString();
    }

    /// <summary>An object to be written; its members are sorted by UTF-16 code units, as the form wants it.</summary>
    public static SortedDictionary<string, object?> Object() => new(StringComparer.Ordinal);

    private static void Write(StringBuilder text, object? value)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case string s:
                Quote(text, s);
                break;
            case bool b:
                text.Append(b ? "true" : "false");
                break;
            case int or long:
                text.Append(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
                break;
            case IEnumerable<string> list:
                Join(text, '[', ']', list, Quote);
                break;
            case SortedDictionary<string, object?> members:
                Join(text, '{', '}', members, static (text, member) =>
                {
                    Quote(text, member.Key);
                    text.Append(':');
                    Write(text, member.Value);
                });
                break;
            default:
                throw new ArgumentException($"{value.GetType()} has no canonical form here.", nameof(value));
        }
    }

    private static void Join<T>(StringBuilder text, char open, char close, IEnumerable<T> items, Action<StringBuilder, T> write)
    {
        text.Append(open);
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst)
                text.Append(',');
            isFirst = false;
            write(text, item);
        }

        text.Append(close);
    }

    private static void Quote(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\f' => text.Append("\\f"),
                '\r' => text.Append("\\r"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}

using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Tandem.Server.Http;

namespace Tandem.Server.Engagements;

/// <summary>
/// JSON in its one canonical form (RFC 8785): members in the order of their names, no white space, and only what must be
/// escaped escaped. For texts, whole numbers, truth values, lists and objects, which is all that a sealed history holds.
/// </summary>
internal static class CanonicalJson
{
    private const int LikelySize = 4 * 1024;

    private static readonly SearchValues<char> Escaped =
        SearchValues.Create(['"', '\\', .. Enumerable.Range(0, ' ').Select(c => (char)c)]);

    public static string Write(SortedDictionary<string, object?> value)
    {
        using var json = new PooledBuffer(LikelySize);
        Write(json, value);
        return Encoding.UTF8.GetString(json.Written.Span);
    }

    /// <summary>SHA-256 of what <see cref="Write(SortedDictionary{string, object?})"/> answers.</summary>
    public static byte[] Digest(SortedDictionary<string, object?> value)
    {
        using var json = new PooledBuffer(LikelySize);
        Write(json, value);
        return SHA256.HashData(json.Written.Span);
    }

    /// <summary>An object to be written; its members are sorted by UTF-16 code units, as the form wants it.</summary>
    public static SortedDictionary<string, object?> Object() => new(StringComparer.Ordinal);

    private static void Write(PooledBuffer json, object? value)
    {
        switch (value)
        {
            case null:
                json.Write("null"u8);
                break;
            case string s:
                Quote(json, s);
                break;
            case bool b:
                json.Write(b ? "true"u8 : "false"u8);
                break;
            case int i:
                Number(json, i);
                break;
            case long l:
                Number(json, l);
                break;
            case IEnumerable<string> list:
                Join(json, "["u8, "]"u8, list, Quote);
                break;
            case SortedDictionary<string, object?> members:
                Join(json, "{"u8, "}"u8, members, static (json, member) =>
                {
                    Quote(json, member.Key);
                    json.Write(":"u8);
                    Write(json, member.Value);
                });
                break;
            default:
                throw new ArgumentException($"{value.GetType()} has no canonical form here.", nameof(value));
        }
    }

    private static void Number(PooledBuffer json, long value)
    {
        const int Longest = 20;
        Utf8Formatter.TryFormat(value, json.GetSpan(Longest), out var length);
        json.Advance(length);
    }

    private static void Join<T>(
        PooledBuffer json, ReadOnlySpan<byte> open, ReadOnlySpan<byte> close, IEnumerable<T> items, Action<PooledBuffer, T> write)
    {
        json.Write(open);
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst)
                json.Write(","u8);
            isFirst = false;
            write(json, item);
        }

        json.Write(close);
    }

    private static void Quote(PooledBuffer json, string value)
    {
        json.Write("\""u8);
        var rest = value.AsSpan();
        for (int at; (at = rest.IndexOfAny(Escaped)) >= 0; rest = rest[(at + 1)..])
        {
            Encoding.UTF8.GetBytes(rest[..at], json);
            Encoding.UTF8.GetBytes(Escape(rest[at]), json);
        }

        Encoding.UTF8.GetBytes(rest, json);
        json.Write("\""u8);
    }

    private static string Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\f' => "\\f",
        '\r' => "\\r",
        _ => $"\\u{(int)c:x4}",
    };
}

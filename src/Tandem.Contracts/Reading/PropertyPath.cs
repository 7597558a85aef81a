using System.Collections.Frozen;
using System.Text;

namespace Tandem.Contracts.Reading;

/// <summary>Paths of a referral's properties: one text for each in memory, however often it is read, compared and told.</summary>
public static class PropertyPath
{
    private const int Likely = 128;

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Known =
        Below(ContractType.Referral, "").ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The text of a path.</summary>
    public static string Of(ReadOnlySpan<char> path) => Known.TryGetValue(path, out var known) ? known : path.ToString();

    /// <param name="prefix">Empty, or the path of what holds the property with a dot behind it.</param>
    /// <param name="name">The property.</param>
    public static string Of(string prefix, string name)
    {
        Span<char> path = stackalloc char[Likely];
        return prefix.Length == 0 ? name
            : path.TryWrite($"{prefix}{name}", out var length) ? Of(path[..length])
            : prefix + name;
    }

    /// <summary>The paths of a UTF-8 text that holds them one behind the other, a space between.</summary>
    public static string[] Split(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return [];
        var paths = new string[text.Count((byte)' ') + 1];
        var count = 0;
        foreach (var path in text.Split((byte)' '))
            paths[count++] = Of(text[path]);
        return paths;
    }

    private static string Of(ReadOnlySpan<byte> utf8)
    {
        Span<char> path = stackalloc char[Likely];
        return Encoding.UTF8.TryGetChars(utf8, path, out var length) ? Of(path[..length]) : Encoding.UTF8.GetString(utf8);
    }

    private static IEnumerable<string> Below(ContractType type, string prefix) => type.Properties.SelectMany(p =>
        p.Kind == ContractKind.Object ? Below(p.Nested!, $"{prefix}{p.Name}.").Prepend(prefix + p.Name) : [prefix + p.Name]);
}

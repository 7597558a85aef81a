namespace Tandem.Contracts.Reading;

/// <summary>Finds the known name that a misspelt one most likely means.</summary>
public static class Spelling
{
    /// <summary>The nearest of <paramref name="known"/> by edit distance; null when none is within a third.</summary>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        // A distance between very long texts says nothing and costs much.
        if (name.Length is 0 or > 64)
            return null;

        var limit = Math.Max(1, name.Length / 3);
        var best = known
            .Select(k => (Name: k, Distance: Distance(name, k)))
            .OrderBy(k => k.Distance)
            .FirstOrDefault();
        return best.Name is not null && best.Distance <= limit ? best.Name : null;
    }

    private static int Distance(string left, string right)
    {
        Span<int> row = stackalloc int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++)
            row[j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var cost = char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost));
            }
        }

        return row[right.Length];
    }
}

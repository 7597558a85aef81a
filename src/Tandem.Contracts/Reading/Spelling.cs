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

    // Edit distance in which two swapped letters count as one slip.
    private static int Distance(string left, string right)
    {
        var rows = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
            rows[i, 0] = i;
        for (var j = 0; j <= right.Length; j++)
            rows[0, j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            for (var j = 1; j <= right.Length; j++)
            {
                var cost = Same(left[i - 1], right[j - 1]) ? 0 : 1;
                rows[i, j] = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && Same(left[i - 1], right[j - 2]) && Same(left[i - 2], right[j - 1]))
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }

        return rows[left.Length, right.Length];
    }

    private static bool Same(char left, char right) => char.ToUpperInvariant(left) == char.ToUpperInvariant(right);
}

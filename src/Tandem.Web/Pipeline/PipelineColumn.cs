namespace Tandem.Web.Pipeline;

/// <summary>A column of the table.</summary>
/// <param name="Key">Its name in the address and in the texts.</param>
/// <param name="Properties">What it is ordered by.</param>
public sealed record PipelineColumn(string Key, params string[] Properties)
{
    public const string Name = "name";
    private const string Latest = "updated";

    public static IReadOnlyList<PipelineColumn> All { get; } =
    [
        new(Name, "name"),
        new("customer", "customerProfile/name"),
        new("state", "status", "substatus"),
        new("stage", "salesStage"),
        new("value", "details/dealValue"),
        new("closing", "details/closingDateTime"),
        new("updated", "updatedDateTime"),
        new("created", "createdDateTime"),
        new("type", "type"),
        new("qualification", "qualification"),
        new("direction", "direction"),
        new("country", "customerProfile/address/country"),
        new("reference", "externalReferenceId"),
    ];

    private static IReadOnlyList<string> AtFirst { get; } = [.. All.Take(7).Select(c => c.Key)];

    public string? Class => Key switch
    {
        "value" => "number",
        "closing" or "updated" or "created" => "whole",
        _ => null,
    };

    public bool IsFixed => Key == Name;

    /// <summary>The columns to show; the deal's name is always there.</summary>
    public static IReadOnlyList<PipelineColumn> Shown(PipelineQuery query)
    {
        var chosen = query.List(PipelineQuery.Columns);
        return [.. All.Where(c => c.IsFixed || (chosen.Count == 0 ? AtFirst : chosen).Contains(c.Key))];
    }

    /// <summary>The query with this column shown, or no longer.</summary>
    public PipelineQuery Toggle(PipelineQuery query)
    {
        var keys = Shown(query).Select(c => c.Key).ToHashSet();
        if (!keys.Remove(Key))
            keys.Add(Key);
        return query.With(PipelineQuery.Columns, keys.SetEquals(AtFirst) ? null : string.Join(',', All.Select(c => c.Key).Where(keys.Contains)));
    }

    /// <summary>The order of the list: the latest change first unless another was chosen.</summary>
    public static string OrderOf(PipelineQuery query)
    {
        var (column, isDescending) = Sorted(query);
        return string.Join(',', column.Properties.Select(p => isDescending ? $"{p} desc" : p));
    }

    /// <summary>What <c>aria-sort</c> says of this column; null when the list is ordered by another.</summary>
    public string? Direction(PipelineQuery query) => Sorted(query) switch
    {
        (var column, _) when column != this => null,
        (_, true) => "descending",
        _ => "ascending",
    };

    /// <summary>The query ordered by this column; the other way round when it is already.</summary>
    public PipelineQuery Sort(PipelineQuery query) =>
        query.With(PipelineQuery.Sort, Direction(query) == "ascending" ? $"-{Key}" : Key);

    private static (PipelineColumn Column, bool IsDescending) Sorted(PipelineQuery query)
    {
        var sort = query[PipelineQuery.Sort];
        return All.FirstOrDefault(c => c.Key == sort.TrimStart('-')) is { } column
            ? (column, sort.StartsWith('-'))
            : (All.First(c => c.Key == Latest), true);
    }
}

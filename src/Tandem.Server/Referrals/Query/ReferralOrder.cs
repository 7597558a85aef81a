using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals.Query;

/// <summary>One key of <c>$orderby</c>.</summary>
internal sealed record OrderKey(IReadOnlyList<ContractProperty> Path, bool Descending)
{
    public ContractKind Kind => Path[^1].Kind;

    /// <summary>Whether a row may be without a value, or be shown without it in the restricted view.</summary>
    public bool IsNullable => Path[^1].IsNullable;
}

/// <summary>Parses <c>$orderby</c>; ties are broken by id.</summary>
internal static class ReferralOrder
{
    private const int MostKeys = 8;

    public static Outcome<IReadOnlyList<OrderKey>> Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return Accept([new OrderKey([ContractType.Referral.Find("createdDateTime", out _)!], true)]);

        var keys = new List<OrderKey>();
        foreach (var part in text.Split(','))
        {
            var words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words.Length is 0 or > 2)
                return Invalid("each key is a property, optionally followed by asc or desc");
            var descending = words.Length == 2 && words[1].Equals("desc", StringComparison.OrdinalIgnoreCase);
            if (words.Length == 2 && !descending && !words[1].Equals("asc", StringComparison.OrdinalIgnoreCase))
                return Invalid($"'{words[1]}' is neither asc nor desc");

            var path = new List<ContractProperty>();
            var type = ContractType.Referral;
            foreach (var name in words[0].Split('/'))
            {
                if (type?.Find(name, out _) is not { } property)
                {
                    var nearest = type?.Nearest(name);
                    return Invalid($"there is no property {words[0]}{(nearest is null ? "" : $"; did you mean {nearest}?")}");
                }

                path.Add(property);
                type = property.Kind == ContractKind.Object ? property.Nested : null;
            }

            if (path[^1].Kind is ContractKind.Object or ContractKind.List or ContractKind.Json || path[0].Name is "@odata.context" or "links")
                return Invalid($"{words[0]} is no scalar property");
            if (!keys.Exists(k => k.Path.SequenceEqual(path)))
                keys.Add(new OrderKey(path, descending));
        }

        return keys.Count <= MostKeys ? Accept(keys) : Invalid($"at most {MostKeys} keys are supported");

        static Outcome<IReadOnlyList<OrderKey>> Accept(IReadOnlyList<OrderKey> keys) => new(keys);

        static Refusal Invalid(string why) => Refusal.Invalid("$orderby", "invalidValue",
            $"$orderby cannot be used: {why}. Example: $orderby=createdDateTime desc,name.");
    }
}

/// <summary>Where a page ended: the order values and the id of its last row.</summary>
internal sealed record PagePosition(IReadOnlyList<object?> Values, Guid Id)
{
    /// <summary>The value of a key as it comes back from a token.</summary>
    public static object? ReadValue(JsonElement value, ContractKind kind) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number when kind == ContractKind.Number => value.GetDouble(),
        JsonValueKind.Number => value.GetInt64(),
        JsonValueKind.String when kind == ContractKind.Guid => value.GetGuid(),
        _ => value.GetString(),
    };

    /// <summary>The condition "comes after this position" in the given order.</summary>
    public string After(IReadOnlyList<(string Sql, OrderKey Key)> keys, bool idDescending, SqlParameters parameters)
    {
        var id = parameters.Add(Id);
        if (keys is [var (sql, only)] && !only.IsNullable && only.Descending == idDescending)
        {
            // One range of the index (organization, key, id).
            return $"({sql}, r.id) {(idDescending ? "<" : ">")} ({parameters.Add(Values[0])}, {id})";
        }

        var alternatives = new List<string>();
        var same = new List<string>();
        for (var i = 0; i < keys.Count; i++)
        {
            var value = Values[i] is null ? null : parameters.Add(Values[i]);
            if (Beyond(keys[i].Sql, keys[i].Key, value) is { } beyond)
                alternatives.Add(string.Join(" AND ", same.Append(beyond)));
            same.Add(value is null ? $"{keys[i].Sql} IS NULL" : $"{keys[i].Sql} = {value}");
        }

        alternatives.Add(string.Join(" AND ", same.Append($"r.id {(idDescending ? "<" : ">")} {id}")));
        return $"({string.Join(" OR ", alternatives.Select(a => $"({a})"))})";
    }

    // Nulls come first when ascending and last when descending.
    private static string? Beyond(string sql, OrderKey key, string? value) => (key.Descending, value) switch
    {
        (false, null) => $"{sql} IS NOT NULL",
        (false, _) => $"{sql} > {value}",
        (true, null) => null,
        (true, _) when key.IsNullable => $"({sql} < {value} OR {sql} IS NULL)",
        (true, _) => $"{sql} < {value}",
    };
}

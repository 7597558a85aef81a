using System.Data.Common;
using System.Globalization;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals.Query;

/// <summary>A property to order by.</summary>
internal sealed record OrderKey(ReferralPath Path, bool IsDescending);

/// <summary>
/// The order of a list. The id always comes last, so that no two rows are equal and a page can continue behind a row.
/// Texts order by their folded form and null comes before every value.
/// </summary>
internal sealed class ReferralOrder
{
    public const int MostKeys = 8;
    private const int LongestText = 2_048;

    private static readonly ReferralPath Id = PathOf("id");

    private ReferralOrder(IReadOnlyList<OrderKey> keys) => Keys = keys;

    /// <summary>The newest first.</summary>
    public static ReferralOrder Default { get; } = WithId([new(PathOf("createdDateTime"), true)]);

    public IReadOnlyList<OrderKey> Keys { get; }

    public static Outcome<ReferralOrder> Parse(string text)
    {
        if (text.Length > LongestText)
            return Refuse($"$orderby has {text.Length} characters; at most {LongestText} are read.");

        var keys = new List<OrderKey>();
        foreach (var item in text.Split(','))
        {
            var words = item.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            bool? isDescending = words.Length switch
            {
                1 => false,
                2 when words[1].Equals("asc", StringComparison.OrdinalIgnoreCase) => false,
                2 when words[1].Equals("desc", StringComparison.OrdinalIgnoreCase) => true,
                _ => null,
            };
            if (isDescending is null)
                return Refuse($"'{Shorten(item.Trim())}' is no order; write a property and asc or desc, such as createdDateTime desc.");

            string? fault = null;
            if (ReferralPath.Resolve(FilterScope.Referral, words[0].Split('/'), (_, message) => fault = message) is not { } path)
                return Refuse($"In $orderby, {fault}");
            if (!path.IsScalar)
                return Refuse($"{path.Text} is {(path.Kind == ContractKind.Object ? "an object" : "a list")} and has no order; name a single value.");
            if (keys.TrueForAll(k => k.Path.Text != path.Text))
                keys.Add(new(path, isDescending.Value));
        }

        if (keys.Count > MostKeys)
            return Refuse($"$orderby names {keys.Count} properties; at most {MostKeys} are allowed.");
        return WithId(keys);
    }

    /// <summary>The expressions of the keys, to be selected beside a row.</summary>
    public IReadOnlyList<string> Expressions(QueryDialect dialect, bool restricted)
    {
        var sql = new FilterSql(dialect, restricted);
        return [.. Keys.Select(k => Expression(sql, dialect, k))];
    }

    /// <summary>What stands behind ORDER BY.</summary>
    public string OrderBy(QueryDialect dialect, bool restricted)
    {
        var sql = new FilterSql(dialect, restricted);
        return string.Join(", ", Keys.Select(k => Expression(sql, dialect, k) + (k.IsDescending ? " DESC" : "")
            + (sql.IsNullable(k.Path) ? dialect.NullOrder(k.IsDescending) : "")));
    }

    /// <summary>The rows that come behind a position.</summary>
    public string After(QueryDialect dialect, bool restricted, IReadOnlyList<object?> position)
    {
        var sql = new FilterSql(dialect, restricted);
        var expressions = Keys.Select(k => Expression(sql, dialect, k)).ToList();
        if (Keys.All(k => k.IsDescending == Keys[0].IsDescending && !sql.IsNullable(k.Path)))
        {
            // One comparison of rows, which both databases answer from an index over the same columns.
            return $"({string.Join(", ", expressions)}) {(Keys[0].IsDescending ? '<' : '>')} "
                + $"({string.Join(", ", Keys.Select((_, i) => ParameterName(i)))})";
        }

        string? after = null;
        for (var i = Keys.Count - 1; i >= 0; i--)
            after = After(expressions[i], i, position[i], Keys[i].IsDescending, sql.IsNullable(Keys[i].Path), after);
        return after!;
    }

    public static bool IsParameter(string name) => name.StartsWith("@k", StringComparison.Ordinal);

    public static IEnumerable<QueryParameter> Parameters(QueryDialect dialect, IReadOnlyList<object?> position) => position
        .Select((value, i) => (value, i)).Where(p => p.value is not null)
        .Select(p => new QueryParameter(ParameterName(p.i), dialect.Value(p.value!)));

    /// <summary>Reads the position of a row whose keys were selected from <paramref name="first"/> on.</summary>
    public object?[] ReadPosition(DbDataReader reader, int first) =>
        [.. Keys.Select((k, i) => QueryDialect.ReadKey(reader, first + i, k.Path.Kind))];

    private static string After(string key, int number, object? value, bool isDescending, bool isNullable, string? rest)
    {
        if (value is null)
        {
            // Behind null come, ascending, all values; descending, only the rest of the nulls.
            var sameNull = rest is null ? null : $"({key} IS NULL AND {rest})";
            var behind = isDescending ? null : $"{key} IS NOT NULL";
            return sameNull is null ? behind ?? "1 = 0" : behind is null ? sameNull : $"({behind} OR {sameNull})";
        }

        var parameter = ParameterName(number);
        var further = $"{key} {(isDescending ? '<' : '>')} {parameter}";
        var orNull = isDescending && isNullable ? $" OR {key} IS NULL" : "";
        if (rest is null)
            return orNull.Length > 0 ? $"({further}{orNull})" : further;

        // The first condition says nothing new, but lets the database start in the middle of an index.
        return $"(({key} {(isDescending ? "<=" : ">=")} {parameter}{orNull}) AND ({further}{orNull} OR ({key} = {parameter} AND {rest})))";
    }

    private static string Expression(FilterSql sql, QueryDialect dialect, OrderKey key)
    {
        var expression = sql.WriteProperty(key.Path);
        return key.Path.Kind is ContractKind.Text or ContractKind.Enumeration ? dialect.Ordered(expression) : expression;
    }

    // In the direction of the key before it, as an index on both is read.
    private static ReferralOrder WithId(List<OrderKey> keys)
    {
        var id = keys.FindIndex(k => k.Path.Text == Id.Text);
        return new(id >= 0 ? keys[..(id + 1)] : [.. keys, new OrderKey(Id, keys[^1].IsDescending)]);
    }

    private static ReferralPath PathOf(string name) => ReferralPath.Resolve(FilterScope.Referral, [name], (_, _) => { })!;

    private static string ParameterName(int number) => string.Create(CultureInfo.InvariantCulture, $"@k{number}");

    private static string Shorten(string text) => text.Length <= 60 ? text : $"{text.AsSpan(0, 57)}...";

    private static Refusal Refuse(string message) => Refusal.Invalid("$orderby", "invalidValue", message);
}

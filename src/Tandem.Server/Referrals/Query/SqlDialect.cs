using Microsoft.Data.Sqlite;
using Tandem.Contracts.Reading;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Query;

/// <summary>The few words of a query in which SQLite and PostgreSQL differ.</summary>
internal abstract class SqlDialect
{
    public static SqlDialect Of(DatabaseKind kind) => kind == DatabaseKind.Sqlite ? new Sqlite() : new Postgres();

    /// <summary>Registers what the SQL of this dialect calls.</summary>
    public static void Register(SqliteConnection connection)
    {
        connection.CreateFunction("fold", (string? text) => text?.ToLowerInvariant(), isDeterministic: true);
        connection.CreateFunction("wire_time",
            (string? text) => WireTime.TryParse(text, out var time) ? WireTime.ToUnixMicroseconds(time) : (long?)null,
            isDeterministic: true);
    }

    public abstract string False { get; }

    /// <summary>A scalar of a JSON value as text, number, truth or microseconds.</summary>
    /// <param name="json">The document, or an element of a list.</param>
    /// <param name="path">Names below it; none for the value itself.</param>
    public abstract string Scalar(string json, IReadOnlyList<string> path, ContractKind kind);

    /// <summary>The elements of a JSON list as a table with a column <c>value</c>.</summary>
    public abstract string Elements(string json, IReadOnlyList<string> path, string alias);

    public abstract string SameOrBothNull(string left, string right);

    public abstract string Different(string left, string right);

    /// <summary>Position of one text in another, from 1; 0 when it is not there.</summary>
    public abstract string Position(string text, string part);

    public abstract string EndsWith(string text, string part);

    /// <summary>Part of a time in microseconds: year, month, day, hour, minute or second, in UTC.</summary>
    public abstract string TimePart(string microseconds, string part);

    /// <summary>Nulls first when ascending, last when descending.</summary>
    public abstract string Order(string key, bool descending, bool isNullable);

    private sealed class Sqlite : SqlDialect
    {
        public override string False => "0";

        public override string Scalar(string json, IReadOnlyList<string> path, ContractKind kind)
        {
            var value = path.Count == 0 ? json : $"json_extract({json}, '$.{string.Join('.', path)}')";
            return kind switch
            {
                ContractKind.Text => $"fold({value})",
                ContractKind.Number => $"CAST({value} AS REAL)",
                ContractKind.Time => $"wire_time({value})",
                _ => value,
            };
        }

        public override string Elements(string json, IReadOnlyList<string> path, string alias) =>
            $"json_each({json}, '$.{string.Join('.', path)}') {alias}";

        public override string SameOrBothNull(string left, string right) => $"{left} IS {right}";

        public override string Different(string left, string right) => $"{left} IS NOT {right}";

        public override string Position(string text, string part) => $"instr({text}, {part})";

        public override string EndsWith(string text, string part) =>
            $"(length({part}) = 0 OR substr({text}, -length({part})) = {part})";

        public override string TimePart(string microseconds, string part)
        {
            var format = part switch
            {
                "year" => "%Y",
                "month" => "%m",
                "day" => "%d",
                "hour" => "%H",
                "minute" => "%M",
                _ => "%S",
            };
            return $"CAST(strftime('{format}', {microseconds} / 1000000, 'unixepoch') AS INTEGER)";
        }

        public override string Order(string key, bool descending, bool isNullable) => descending ? $"{key} DESC" : key;
    }

    private sealed class Postgres : SqlDialect
    {
        public override string False => "FALSE";

        public override string Scalar(string json, IReadOnlyList<string> path, ContractKind kind)
        {
            var value = $"({Json(json)} #>> '{{{string.Join(',', path)}}}')";
            return kind switch
            {
                ContractKind.Text => $"(lower({value} COLLATE \"und-x-icu\") COLLATE \"C\")",
                ContractKind.Number => $"{value}::double precision",
                ContractKind.Boolean => $"{value}::boolean",
                ContractKind.Time => $"(extract(epoch FROM {value}::timestamptz) * 1000000)::bigint",
                _ => value,
            };
        }

        public override string Elements(string json, IReadOnlyList<string> path, string alias) =>
            $"jsonb_array_elements({Json(json)} #> '{{{string.Join(',', path)}}}') {alias}(value)";

        public override string SameOrBothNull(string left, string right) => $"{left} IS NOT DISTINCT FROM {right}";

        public override string Different(string left, string right) => $"{left} IS DISTINCT FROM {right}";

        public override string Position(string text, string part) => $"strpos({text}, {part})";

        public override string EndsWith(string text, string part) => $"right({text}, length({part})) = {part}";

        public override string TimePart(string microseconds, string part) =>
            $"floor(extract({part} FROM to_timestamp({microseconds} / 1000000.0) AT TIME ZONE 'UTC'))::int";

        public override string Order(string key, bool descending, bool isNullable) => (descending, isNullable) switch
        {
            (true, true) => $"{key} DESC NULLS LAST",
            (true, false) => $"{key} DESC",
            (false, true) => $"{key} NULLS FIRST",
            _ => key,
        };

        private static string Json(string json) => json.EndsWith(".value", StringComparison.Ordinal) ? json : $"{json}::jsonb";
    }
}

/// <summary>Values of a statement; nothing a client sends becomes part of its text.</summary>
internal sealed class SqlParameters(HotDatabase database)
{
    private readonly List<(string Name, object? Value)> _values = [];

    public IReadOnlyList<(string Name, object? Value)> Values => _values;

    public string Add(object? value)
    {
        var name = $"@q{_values.Count}";
        _values.Add((name, value is Guid id ? database.Id(id) : value));
        return name;
    }
}

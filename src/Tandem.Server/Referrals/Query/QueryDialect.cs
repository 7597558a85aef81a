using System.Data.Common;
using Microsoft.Data.Sqlite;
using Tandem.Contracts.Reading;
using Tandem.Server.Referrals.Reports;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Query;

/// <summary>A named value of a statement, in the form that the database's driver takes.</summary>
internal readonly record struct QueryParameter(string Name, object Value);

/// <summary>What the two databases say differently about documents, texts and times.</summary>
internal abstract class QueryDialect
{
    public static QueryDialect Sqlite { get; } = new SqliteDialect();

    public static QueryDialect Postgres { get; } = new PostgresDialect();

    public abstract DatabaseKind Kind { get; }

    /// <summary>The document of <c>referrals r</c>, to look into.</summary>
    public abstract string Document { get; }

    /// <summary>The solutions of <c>referrals r</c>, a list; from the document in rows that have it nowhere else.</summary>
    public abstract string Solutions { get; }

    /// <summary>The column that finds a row the fastest.</summary>
    public abstract string RowPlace { get; }

    /// <summary>Further columns of a count: what it has seen, where a position in the log does not say so.</summary>
    public abstract string Snapshot { get; }

    public static QueryDialect Of(DatabaseKind kind) => kind == DatabaseKind.Sqlite ? Sqlite : Postgres;

    /// <summary>Adds the functions that <see cref="Sqlite"/> statements call; each connection needs them.</summary>
    public static void RegisterFunctions(SqliteConnection connection)
    {
        connection.CreateFunction("fold", (string? text) => text?.ToLowerInvariant(), isDeterministic: true);
        connection.CreateFunction("micros",
            (string? text) => WireTime.TryParse(text, out var time) ? WireTime.ToUnixMicroseconds(time) : (long?)null, isDeterministic: true);
        // As decimals, since cents that are added up as doubles get lost; a double is one to 15 digits, as in PostgreSQL.
        connection.CreateAggregate("exact_sum", 0m, (decimal sum, double? value) => sum + (decimal)(value ?? 0), isDeterministic: true);
    }

    /// <summary>A value as the driver takes it.</summary>
    public abstract object Value(object value);

    /// <summary>The scalar at a path of a JSON value; texts folded, times in microseconds. The empty path is the value itself.</summary>
    public abstract string Scalar(string json, IEnumerable<string> path, ContractKind kind);

    /// <summary>A table <paramref name="alias"/> whose column <c>value</c> holds the elements of a list. The empty path is the value itself.</summary>
    public abstract string Elements(string json, IEnumerable<string> path, string alias);

    /// <summary>How many elements a list has.</summary>
    public abstract string Count(string json, IEnumerable<string> path);

    /// <summary>A text that both databases order alike, by its UTF-8 bytes.</summary>
    public abstract string Ordered(string text);

    public abstract string GuidAsText(string guid);

    /// <summary>The sum of a number that may be null, to the cent.</summary>
    public abstract string Sum(string number);

    /// <summary>The first day, such as <c>2026-10-01</c>, of the week, month or quarter (UTC) that a time falls into.</summary>
    public abstract string StartOf(ReportStep step, string microseconds);

    public abstract string Call(FilterFunction function, IReadOnlyList<string> arguments);

    public abstract string Test(TextTestKind kind, string text, string part);

    /// <summary>What follows an order key that may be null: nulls come first, and last when descending.</summary>
    public abstract string NullOrder(bool descending);

    /// <summary>Reads an order key as <see cref="SkipTokens"/> keeps it.</summary>
    public static object? ReadKey(DbDataReader reader, int ordinal, ContractKind kind)
    {
        if (reader.IsDBNull(ordinal))
            return null;
        return kind switch
        {
            ContractKind.Number => reader.GetDouble(ordinal),
            ContractKind.Time => reader.GetInt64(ordinal),
            ContractKind.Boolean => reader.GetBoolean(ordinal),
            ContractKind.Guid => reader.GetGuid(ordinal),
            _ => reader.GetString(ordinal),
        };
    }

    // Rounded down, also before 1970.
    protected static string WholeSeconds(string microseconds) =>
        $"(({microseconds}) - ((({microseconds}) % 1000000) + 1000000) % 1000000) / 1000000";

    private sealed class SqliteDialect : QueryDialect
    {
        public override DatabaseKind Kind => DatabaseKind.Sqlite;

        public override string Document => "r.document";

        public override string Solutions => "COALESCE(r.solutions, json_extract(r.document, '$.details.requirements.solutions'))";

        public override string RowPlace => "rowid";

        public override string Snapshot => "";

        // The driver would write a GUID in upper case.
        public override object Value(object value) => value is Guid guid ? guid.ToString("D") : value;

        public override string Scalar(string json, IEnumerable<string> path, ContractKind kind)
        {
            var value = path.Any() ? $"json_extract({json}, '{Path(path)}')" : json;
            return kind switch
            {
                ContractKind.Text => $"fold({value})",
                ContractKind.Time => $"micros({value})",
                _ => value,
            };
        }

        public override string Elements(string json, IEnumerable<string> path, string alias) =>
            $"json_each({json}, '{Path(path)}') AS {alias}";

        public override string Count(string json, IEnumerable<string> path) => $"json_array_length({json}, '{Path(path)}')";

        public override string Ordered(string text) => text;

        public override string GuidAsText(string guid) => guid;

        public override string Sum(string number) => $"exact_sum({number})";

        public override string StartOf(ReportStep step, string microseconds)
        {
            var time = $"{WholeSeconds(microseconds)}, 'unixepoch'";
            return step switch
            {
                // The Sunday that comes, or is; the Monday before it.
                ReportStep.Week => $"date({time}, 'weekday 0', '-6 days')",
                ReportStep.Month => $"date({time}, 'start of month')",
                _ => $"date({time}, 'start of month', '-' || ((CAST(strftime('%m', {time}) AS INTEGER) + 2) % 3) || ' months')",
            };
        }

        public override string Call(FilterFunction function, IReadOnlyList<string> arguments) => function switch
        {
            FilterFunction.Trim => $"trim({arguments[0]})",
            FilterFunction.Concat => $"({arguments[0]} || {arguments[1]})",
            FilterFunction.Length => $"length({arguments[0]})",
            FilterFunction.IndexOf => $"(instr({arguments[0]}, {arguments[1]}) - 1)",
            FilterFunction.Year => Part('Y', arguments[0]),
            FilterFunction.Month => Part('m', arguments[0]),
            FilterFunction.Day => Part('d', arguments[0]),
            FilterFunction.Hour => Part('H', arguments[0]),
            FilterFunction.Minute => Part('M', arguments[0]),
            _ => Part('S', arguments[0]),
        };

        public override string Test(TextTestKind kind, string text, string part) => kind switch
        {
            TextTestKind.Contains => $"instr({text}, {part}) > 0",
            TextTestKind.StartsWith => $"substr({text}, 1, length({part})) = {part}",
            _ => $"(length({text}) >= length({part}) AND substr({text}, length({text}) - length({part}) + 1) = {part})",
        };

        public override string NullOrder(bool descending) => "";

        private static string Path(IEnumerable<string> path) => string.Join('.', path.Prepend("$"));

        private static string Part(char part, string microseconds) =>
            $"CAST(strftime('%{part}', {WholeSeconds(microseconds)}, 'unixepoch') AS INTEGER)";
    }

    private sealed class PostgresDialect : QueryDialect
    {
        public override DatabaseKind Kind => DatabaseKind.Postgres;

        public override string Document => "r.document::jsonb";

        public override string Solutions => "COALESCE(r.solutions::jsonb, r.document::jsonb #> '{details,requirements,solutions}')";

        public override string RowPlace => "id";

        public override string Snapshot =>
            ", pg_current_snapshot()::text, pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

        public override object Value(object value) => value;

        public override string Scalar(string json, IEnumerable<string> path, ContractKind kind)
        {
            var value = $"({json} #>> '{Path(path)}')";
            return kind switch
            {
                ContractKind.Text => Fold(value),
                ContractKind.Number => $"{value}::double precision",
                ContractKind.Boolean => $"{value}::boolean",
                ContractKind.Time => $"(extract(epoch from {value}::timestamptz) * 1000000)::bigint",
                ContractKind.Guid => $"{value}::uuid",
                _ => value,
            };
        }

        public override string Elements(string json, IEnumerable<string> path, string alias) =>
            $"jsonb_array_elements({json} #> '{Path(path)}') AS {alias}(value)";

        public override string Count(string json, IEnumerable<string> path) => $"jsonb_array_length({json} #> '{Path(path)}')";

        public override string Ordered(string text) => $"({text}) COLLATE \"C\"";

        public override string GuidAsText(string guid) => $"{guid}::text";

        public override string Sum(string number) => $"COALESCE(SUM(({number})::numeric), 0)";

        public override string StartOf(ReportStep step, string microseconds) =>
            $"to_char(date_trunc('{step.ToString().ToLowerInvariant()}', to_timestamp({WholeSeconds(microseconds)}) AT TIME ZONE 'UTC'), 'YYYY-MM-DD')";

        public override string Call(FilterFunction function, IReadOnlyList<string> arguments) => function switch
        {
            FilterFunction.Trim => $"btrim({arguments[0]})",
            FilterFunction.Concat => $"({arguments[0]} || {arguments[1]})",
            FilterFunction.Length => $"length({arguments[0]})",
            FilterFunction.IndexOf => $"(strpos({arguments[0]}, {arguments[1]}) - 1)",
            FilterFunction.Year => Part("year", arguments[0]),
            FilterFunction.Month => Part("month", arguments[0]),
            FilterFunction.Day => Part("day", arguments[0]),
            FilterFunction.Hour => Part("hour", arguments[0]),
            FilterFunction.Minute => Part("minute", arguments[0]),
            _ => Part("second", arguments[0]),
        };

        public override string Test(TextTestKind kind, string text, string part) => kind switch
        {
            TextTestKind.Contains => $"strpos({text}, {part}) > 0",
            TextTestKind.StartsWith => $"starts_with({text}, {part})",
            _ => $"(length({text}) >= length({part}) AND right({text}, length({part})) = {part})",
        };

        public override string NullOrder(bool descending) => descending ? " NULLS LAST" : " NULLS FIRST";

        private static string Path(IEnumerable<string> path) => $"{{{string.Join(',', path)}}}";

        // As .NET folds, which knows neither the final sigma nor a dotted capital I.
        private static string Fold(string text) =>
            $"replace(lower(replace({text}, 'Σ', 'σ') COLLATE \"und-x-icu\"), U&'i\\0307', 'İ') COLLATE \"C\"";

        private static string Part(string part, string microseconds) =>
            $"extract({part} from to_timestamp({WholeSeconds(microseconds)}) AT TIME ZONE 'UTC')::integer";
    }
}

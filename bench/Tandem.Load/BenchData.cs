using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Npgsql;
using Tandem.Server.Storage;

namespace Tandem.Load;

/// <summary>A database under measurement: filled by SQL from one referral that the API made, and measured bare.</summary>
internal abstract class BenchData
{
    // What differs between the copies; all else is as the API stored it.
    private static readonly Dictionary<string, string> Varied = new()
    {
        ["id"] = "{id}",
        ["engagement_id"] = "{engagement}",
        ["created_at"] = "created_at + i * 1000",
        ["updated_at"] = "updated_at + i * 1000",
        ["status"] = "CASE WHEN i % 100 = 0 THEN 'Closed' ELSE status END",
        ["registration_status"] = "CASE WHEN i % 4000 = 0 THEN 'ReviewPending' ELSE registration_status END",
        ["name"] = "'deal ' || i",
        ["customer_name"] = "'customer ' || (i % 20000)",
        ["country"] = "CASE WHEN i % 2000 = 0 THEN 'tr' ELSE 'us' END",
        ["deal_value"] = "i",
        ["external_reference_id"] = "'ext-' || i",
        ["document"] = "replace(replace(document, '{model}', {text}), '{group}', {groupText})",
    };

    public static IReadOnlyList<(string What, string Filter)> Filters { get; } =
    [
        ("status, one in 100", "status eq 'Closed'"),
        ("customer, one in 20,000", "customerProfile/name eq 'Customer 77'"),
        ("value, one in 1,000", "details/dealValue lt 200"),
        ("country, one in 2,000", "customerProfile/address/country eq 'TR'"),
        ("registration, one in 4,000", "registrationStatus eq 'ReviewPending'"),
        ("reference, one", "externalReferenceId eq 'ext-5000'"),
    ];

    public abstract string Name { get; }

    public abstract IReadOnlyList<string> Settings { get; }

    /// <summary>Processes whose time is the database's.</summary>
    public virtual IReadOnlyList<int> Processes => [];

    /// <summary>The id of a copy.</summary>
    public static string Id(int number) => string.Create(CultureInfo.InvariantCulture, $"00000000-0000-4000-8000-{number:x12}");

    public abstract Task Multiply(JsonNode model, int count);

    /// <summary>What the database does with the same statements, without HTTP.</summary>
    public abstract Task<IReadOnlyList<(string What, Func<Task<Measured>> Measure)>> Floors(int seconds);

    protected static string Copy(JsonNode model, string id, string engagement, string text, string groupText) =>
        $"INSERT INTO referrals ({string.Join(", ", ReferralStore.Columns.Select(c => c.Name))}) SELECT "
        + string.Join(", ", ReferralStore.Columns.Select(c => Varied.GetValueOrDefault(c.Name, c.Name)
            .Replace("{id}", id, StringComparison.Ordinal).Replace("{engagement}", engagement, StringComparison.Ordinal)
            .Replace("{text}", text, StringComparison.Ordinal)
            .Replace("{groupText}", groupText, StringComparison.Ordinal)
            .Replace("{group}", (string)model["engagementId"]!, StringComparison.Ordinal).Replace("{model}", (string)model["id"]!, StringComparison.Ordinal)))
        + $" FROM referrals, n WHERE id = '{model["id"]}'";

    /// <summary>The stored values of a referral, in the order of the columns.</summary>
    protected static async Task<object[]> Values(DbConnection connection, string id)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {string.Join(", ", ReferralStore.Columns.Select(c => c.Name))} FROM referrals WHERE id = '{id}'";
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        var values = new object[row.FieldCount];
        row.GetValues(values);
        return values;
    }

    protected static object?[] LogValues(object id, object[] referral) =>
        [id, referral[1], referral[2], "Updated", 2, "\"00000001-0\"", "\"00000002-0\"", referral[10], referral[2], referral[30], "Alice Archer",
            "alice@contoso.example", "wrk", "details.dealValue", referral[4], referral[5], referral[28], SHA256.HashData([]), null];
}

/// <summary>An SQLite file, and the bare loop over the same statements in groups of 32.</summary>
internal sealed class SqliteData(string folder) : BenchData
{
    private const int Group = 32;

    public override string Name => "SQLite";

    public override IReadOnlyList<string> Settings => [$"--Tandem:DataDirectory={folder}"];

    public override async Task Multiply(JsonNode model, int count)
    {
        await using var connection = await Open();
        await Run(connection, $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
            .Replace("WITH", "CREATE TEMP TABLE n AS WITH", StringComparison.Ordinal) + "SELECT i FROM n");
        const string Id = "printf('00000000-0000-4000-8000-%012x', i)";
        const string Engagement = "printf('00000000-0000-4000-9000-%012x', i)";
        await Run(connection, Copy(model, Id, Engagement, Id, Engagement));
        await Run(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        await Run(connection, "ANALYZE");
    }

    public override Task<IReadOnlyList<(string What, Func<Task<Measured>> Measure)>> Floors(int seconds) =>
        Task.FromResult<IReadOnlyList<(string, Func<Task<Measured>>)>>(
            [("create", () => Write(seconds, Create)), ("update", () => Write(seconds, Update))]);

    private async Task<Measured> Write(int seconds, Func<object[], Action<Statements>> make)
    {
        await using var connection = await Open();
        await Run(connection, "PRAGMA journal_mode = WAL");
        await Run(connection, "PRAGMA synchronous = FULL");
        await Run(connection, "PRAGMA cache_size = -8000");
        return new(Loop(connection, seconds, make(await Values(connection, Id(1)))));
    }

    private static Action<Statements> Create(object[] values) => statements =>
        {
            var id = Guid.NewGuid().ToString();
            (values[0], values[1]) = (id, Guid.NewGuid().ToString());
            statements.Run(ReferralStore.Insert, values);
            for (var i = 0; i < 3; i++)
                statements.Run(ReferralStore.InsertMember, id, i / 2, i % 2, "joe.hansen@contoso.com");
            statements.Run(ReferralStore.AppendToLog, LogValues(id, values));
        };

    private static Action<Statements> Update(object[] values)
    {
        var versions = new Dictionary<int, long>();
        var number = 0;
        return statements =>
        {
            // Referrals that the load before left alone.
            number = (number + 7) % 1000;
            var id = Id(number + 2);
            if (!versions.TryGetValue(number, out var version))
                version = statements.Version(id);
            values[0] = id;
            values[1] = id.Replace("-8000-", "-9000-", StringComparison.Ordinal);
            values[3] = version + 1;
            statements.Run(ReferralStore.CompareAndSet, [.. values, version]);
            statements.Run(ReferralStore.AppendToLog, LogValues(id, values));
            versions[number] = version + 1;
        };
    }

    private static double Loop(SqliteConnection connection, int seconds, Action<Statements> write)
    {
        using var statements = new Statements(connection);
        var (time, done) = (Stopwatch.StartNew(), 0);
        while (time.Elapsed.TotalSeconds < seconds)
        {
            statements.Text("BEGIN IMMEDIATE");
            for (var i = 0; i < Group; i++)
                write(statements);
            statements.Text("COMMIT");
            done += Group;
        }

        return done / time.Elapsed.TotalSeconds;
    }

    private async Task<SqliteConnection> Open()
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "tandem.db")};Pooling=False;Default Timeout=60");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task Run(SqliteConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private sealed class Statements(SqliteConnection connection) : IDisposable
    {
        private readonly Dictionary<string, SqliteCommand> _prepared = [];

        public void Text(string sql) => Prepared(sql).ExecuteNonQuery();

        public void Run(HotSql sql, params object?[] values)
        {
            var command = Prepared(sql.Text);
            for (var i = 0; i < values.Length; i++)
            {
                if (i == command.Parameters.Count)
                    command.Parameters.Add(new SqliteParameter($"${i + 1}", null));
                command.Parameters[i].Value = values[i] ?? DBNull.Value;
            }

            if (command.ExecuteNonQuery() != 1)
                throw new InvalidOperationException($"Nothing changed: {sql.Text}");
        }

        public long Version(string id)
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT version FROM referrals WHERE id = '{id}'";
            return (long)command.ExecuteScalar()!;
        }

        public void Dispose()
        {
            foreach (var command in _prepared.Values)
                command.Dispose();
        }

        private SqliteCommand Prepared(string sql)
        {
            if (_prepared.TryGetValue(sql, out var command))
                return command;
            command = connection.CreateCommand();
            command.CommandText = sql;
            return _prepared[sql] = command;
        }
    }
}

/// <summary>A PostgreSQL database, and pgbench over the same statements on as many connections.</summary>
internal sealed class PostgresData : BenchData
{
    private readonly string _connection;
    private readonly NpgsqlConnectionStringBuilder _settings;

    private PostgresData(string connection, int postmaster) =>
        (_connection, _settings, Processes) = (connection, new(connection), [postmaster]);

    public override string Name => "PostgreSQL";

    public override IReadOnlyList<string> Settings =>
        [$"--ConnectionStrings:Tandem={_connection};Maximum Pool Size={Wrk.Connections}", "--Tandem:DataDirectory=/nonexistent"];

    public override IReadOnlyList<int> Processes { get; }

    public static async Task<PostgresData> Create(string server, string name)
    {
        await using var connection = new NpgsqlConnection($"{server};Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync();
        await using var ask = new NpgsqlCommand("SELECT setting FROM pg_settings WHERE name = 'data_directory'", connection);
        var folder = (string)(await ask.ExecuteScalarAsync())!;
        var postmaster = int.Parse(File.ReadLines(Path.Combine(folder, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        return new PostgresData($"{server};Database={name}", postmaster);
    }

    public override async Task Multiply(JsonNode model, int count)
    {
        await using var connection = await Open();
        const string Id = "'00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0')";
        const string Engagement = "'00000000-0000-4000-9000-' || lpad(to_hex(i), 12, '0')";
        await Run(connection, $"CREATE TEMP TABLE n AS SELECT i FROM generate_series(1, {count}) i");
        await Run(connection, Copy(model, $"({Id})::uuid", $"({Engagement})::uuid", Id, Engagement));
        await Run(connection, "VACUUM ANALYZE referrals");
        await Run(connection, "CHECKPOINT");
    }

    public override async Task<IReadOnlyList<(string What, Func<Task<Measured>> Measure)>> Floors(int seconds)
    {
        await using var connection = await Open();
        var values = await Values(connection, Id(1));
        const string Random = "('00000000-0000-4000-8000-' || lpad(to_hex(:n::int), 12, '0'))::uuid";
        var get = ReferralStore.ById.Text.Replace("$1", Random, StringComparison.Ordinal);
        var list = $"SELECT {ReferralStore.Facts}, r.created_at, r.id FROM referrals r WHERE r.organization_id = '{values[2]}' "
            + "AND 1 = 1 AND (r.archives_at IS NULL OR r.archives_at > 1) ORDER BY r.created_at DESC, r.id DESC LIMIT 101";
        var log = Fill(ReferralStore.AppendToLog, LogValues(values[0], values));
        var insert = Fill(ReferralStore.Insert, [new Sql("gen_random_uuid()"), new Sql("gen_random_uuid()"), .. values[2..]]);
        var member = Fill(ReferralStore.InsertMember, new Sql("(SELECT id FROM referrals LIMIT 1)"), 1, new Sql("nextval('bench_members')"), "joe.hansen@contoso.com");
        await Run(connection, "CREATE SEQUENCE bench_members START 1000");
        var engagement = ReferralStore.EngagementOf.Text.Replace("$1", Random, StringComparison.Ordinal);
        // Time and value are new each time, as a change makes them: PostgreSQL writes no index for a row that stays as it was.
        object[] changed = [.. values];
        (changed[10], changed[19]) = (new Sql("(extract(epoch from clock_timestamp()) * 1000000)::bigint"), new Sql("random() * 1000000"));
        var update = Fill(ReferralStore.CompareAndSet,
            [new Sql(Random), new Sql("engagement_id"), values[2], new Sql("version + 1"), .. changed[4..], new Sql("version")]);
        const string Set = "\\set n random(2, 1000)\n";
        return
        [
            ("get", () => Pgbench($"{Set}{get};", seconds)),
            ("list", () => Pgbench($"{list};", seconds)),
            ("create", () => Pgbench(
                $"\\startpipeline\nBEGIN;\n{insert};\n{member};\n{member};\n{member};\n{log};\nCOMMIT;\n\\endpipeline", seconds)),
            ("update", () => Pgbench($"{Set}{engagement};\n\\startpipeline\nBEGIN;\n{update};\n{log};\nCOMMIT;\n\\endpipeline", seconds)),
        ];
    }

    // Values are written into the text, but for JSON, whose colons pgbench would take for variables.
    private static string Fill(HotSql sql, params object?[] values)
    {
        var text = sql.Text;
        for (var i = values.Length; i >= 1; i--)
        {
            var value = values[i - 1] switch
            {
                null or DBNull => "NULL",
                Sql raw => raw.Text,
                string document when document.StartsWith('{') => ":document",
                string solutions when solutions.StartsWith('[') => ":solutions",
                string or Guid => $"'{values[i - 1]!.ToString()!.Replace("'", "''", StringComparison.Ordinal)}'",
                bool flag => flag ? "true" : "false",
                byte[] bytes => $"'\\x{Convert.ToHexStringLower(bytes)}'",
                var number => Convert.ToString(number, CultureInfo.InvariantCulture)!,
            };
            text = text.Replace($"${i}", value, StringComparison.Ordinal);
        }

        return text;
    }

    private async Task<Measured> Pgbench(string script, int seconds)
    {
        await using var connection = await Open();
        var values = await Values(connection, Id(1));
        var (document, solutions) = (Value("document"), Value("solutions"));
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, script + "\n");
        var text = await MeasuredProcess.Output("pgbench",
            ["-n", "-M", "prepared", "-c", $"{Wrk.Connections}", "-j", "1", "-T", $"{seconds}", "-D", document, "-D", solutions, "-f", file,
            "-h", _settings.Host!, "-p", $"{_settings.Port}", "-U", _settings.Username!, _settings.Database!]);
        File.Delete(file);
        var line = text.Split('\n').Single(l => l.StartsWith("tps = ", StringComparison.Ordinal));
        return new Measured(double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture));

        string Value(string name) => $"{name}={values[Array.FindIndex(ReferralStore.Columns, c => c.Name == name)]}";
    }

    private async Task<NpgsqlConnection> Open()
    {
        var connection = new NpgsqlConnection($"{_connection};Pooling=false;Command Timeout=600");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task Run(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private sealed record Sql(string Text);
}

using System.Data.Common;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Npgsql;
using Tandem.Server.Tests.Fixtures;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Tests.Referrals.Query;

/// <summary>A referral as it is stored.</summary>
internal sealed record QueryRow(Referral Referral, bool IsLead);

/// <summary>
/// A real database with the columns that queries use: SQLite in a temporary file, or the PostgreSQL that the variable
/// <c>TANDEM_TEST_POSTGRES</c> names.
/// </summary>
internal sealed class QueryDatabase : IAsyncDisposable
{
    private const string Schema = """
        CREATE TABLE referrals (
            id {guid} PRIMARY KEY, engagement_id {guid} NOT NULL, organization_id text NOT NULL,
            status text NOT NULL, substatus text NOT NULL, type text NOT NULL, qualification text NOT NULL,
            direction text NOT NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL, expires_at bigint,
            accepted_at bigint, closed_at bigint, closing_at bigint, external_reference_id text, name text,
            customer_name text, country text, deal_value double precision, currency text, mpn_id text, sales_stage text,
            campaign_id text, registration_status text NOT NULL, favorite {boolean} NOT NULL, invited_by text,
            contacts_shared {boolean} NOT NULL, shared_with_sellers {boolean} NOT NULL, is_lead {boolean} NOT NULL, archives_at bigint, document text NOT NULL, solutions text);
        CREATE TABLE referral_members (
            referral_id {guid} NOT NULL, side int NOT NULL, position int NOT NULL, email text NOT NULL,
            PRIMARY KEY (referral_id, side, position));
        CREATE INDEX members_by_email ON referral_members (email, side, referral_id);
        CREATE INDEX referrals_by_age ON referrals (organization_id, created_at, id);
        """;

    private readonly DbConnection _connection;
    private readonly string _place;

    private QueryDatabase(DbConnection connection, QueryDialect dialect, string place) =>
        (_connection, Dialect, _place) = (connection, dialect, place);

    public QueryDialect Dialect { get; }

    public DbConnection Connection => _connection;

    /// <summary>The databases at hand.</summary>
    public static TheoryData<string> Kinds => !TestDatabase.IsPostgres ? ["Sqlite"] : ["Sqlite", "Postgres"];

    public static async Task<QueryDatabase> Open(string kind, IEnumerable<QueryRow> rows)
    {
        var cancellation = TestContext.Current.CancellationToken;
        QueryDatabase database;
        if (kind == nameof(DatabaseKind.Sqlite))
        {
            var file = Path.Combine(Path.GetTempPath(), $"tandem-query-{Guid.NewGuid():N}.db");
            var sqlite = new SqliteConnection($"Data Source={file};Pooling=False");
            await sqlite.OpenAsync(cancellation);
            QueryDialect.RegisterFunctions(sqlite);
            database = new(sqlite, QueryDialect.Sqlite, file);
            await database.Execute(Schema.Replace("{guid}", "text", StringComparison.Ordinal).Replace("{boolean}", "int", StringComparison.Ordinal), []);
        }
        else
        {
            var schema = $"query_{Guid.NewGuid():N}";
            var postgres = new NpgsqlConnection($"{TestDatabase.Postgres};Database=postgres");
            await postgres.OpenAsync(cancellation);
            database = new(postgres, QueryDialect.Postgres, schema);
            await database.Execute($"CREATE SCHEMA {schema}", []);
            await database.Execute($"SET search_path = {schema}", []);
            await database.Execute(Schema.Replace("{guid}", "uuid", StringComparison.Ordinal).Replace("{boolean}", "boolean", StringComparison.Ordinal), []);
        }

        await database.Execute("BEGIN", []);
        foreach (var row in rows)
            await database.Insert(row);
        await database.Execute("COMMIT", []);
        return database;
    }

    public async Task Insert(QueryRow row)
    {
        var r = row.Referral;
        await InsertInto("referrals", new()
        {
            ["id"] = r.Id,
            ["engagement_id"] = r.EngagementId,
            ["organization_id"] = Fold(r.OrganizationId),
            ["status"] = r.Status.ToString(),
            ["substatus"] = r.Substatus.ToString(),
            ["type"] = r.Type.ToString(),
            ["qualification"] = r.Qualification.ToString(),
            ["direction"] = r.Direction.ToString(),
            ["created_at"] = Micros(r.CreatedDateTime),
            ["updated_at"] = Micros(r.UpdatedDateTime),
            ["expires_at"] = Micros(r.ExpirationDateTime),
            ["accepted_at"] = Micros(r.AcceptedDateTime),
            ["closed_at"] = Micros(r.ClosedDateTime),
            ["closing_at"] = Micros(r.Details.ClosingDateTime),
            ["external_reference_id"] = Fold(r.ExternalReferenceId),
            ["name"] = Fold(r.Name),
            ["customer_name"] = Fold(r.CustomerProfile.Name),
            ["country"] = Fold(r.CustomerProfile.Address.Country),
            ["deal_value"] = (double?)r.Details.DealValue,
            ["currency"] = Fold(r.Details.Currency),
            ["mpn_id"] = Fold(r.MpnId),
            ["sales_stage"] = Fold(r.SalesStage),
            ["campaign_id"] = Fold(r.CampaignId),
            ["registration_status"] = r.RegistrationStatus.ToString(),
            ["favorite"] = r.Favorite,
            ["invited_by"] = Fold(r.InviteContext.InvitedBy.OrganizationId),
            ["contacts_shared"] = r.Consent.ConsentToToShareInfoWithOthers == true,
            ["shared_with_sellers"] = r.Consent.ConsentToShareReferralWithMicrosoftSellers,
            ["is_lead"] = row.IsLead,
            ["document"] = Encoding.UTF8.GetString(Document(r)),
            // Rows that an older version wrote do not have it.
            ["solutions"] = r.Id.ToByteArray()[15] % 3 == 0 ? null : JsonSerializer.Serialize(r.Details.Requirements.Solutions, ReferralJson.Wire.ListSolutionTag),
        });
        foreach (var (side, members) in new[] { (0, r.Team), (1, r.CustomerProfile.Team) })
        {
            for (var i = 0; i < members.Count; i++)
            {
                if (Fold(members[i].Email) is { Length: > 0 } email)
                    await InsertInto("referral_members", new() { ["referral_id"] = r.Id, ["side"] = side, ["position"] = i, ["email"] = email });
            }
        }
    }

    /// <summary>Ids in the order of the rows.</summary>
    public async Task<List<Guid>> Ids(string where, string orderBy, IEnumerable<QueryParameter> parameters)
    {
        await using var command = Command($"SELECT r.id FROM referrals r WHERE {where} ORDER BY {orderBy}", parameters);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var ids = new List<Guid>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            ids.Add(reader.GetGuid(0));
        return ids;
    }

    /// <summary>What the statements of a list answer: the ids of its page, and how many rows all pages have.</summary>
    public async Task<(List<Guid> Ids, long Count)> List(ListStatements statements, string page)
    {
        var parameters = statements.Parameters.Values.ToList();
        var ids = new List<Guid>();
        await using (var command = Command(page, parameters))
        await using (var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken))
        {
            // One row more than the page is read, to know whether there is another.
            while (ids.Count < statements.PageSize && await reader.ReadAsync(TestContext.Current.CancellationToken))
                ids.Add(JsonDocument.Parse(reader.GetString(0)).RootElement.GetProperty("id").GetGuid());
        }

        await using var count = Command(statements.Count, parameters);
        await using var counted = await count.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        Assert.True(await counted.ReadAsync(TestContext.Current.CancellationToken));
        return (ids, counted.GetInt64(0));
    }

    /// <summary>A page as the store reads it: ids, and the position of the last row.</summary>
    public async Task<(List<Guid> Ids, object?[]? Last)> Page(ReferralOrder order, QuerySql sql, string scope, int size)
    {
        var where = $"{scope} AND {sql.Filter ?? "1 = 1"} AND {sql.After ?? "1 = 1"}";
        await using var command = Command(
            $"SELECT r.id, {string.Join(", ", sql.Keys)} FROM referrals r WHERE {where} ORDER BY {sql.OrderBy} LIMIT {size}", sql.Parameters);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var ids = new List<Guid>();
        object?[]? last = null;
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            ids.Add(reader.GetGuid(0));
            last = order.ReadPosition(reader, 1);
        }

        return (ids, last);
    }

    public async Task<string> Explain(string statement, IEnumerable<QueryParameter> parameters)
    {
        await using var command = Command($"EXPLAIN QUERY PLAN {statement}", parameters);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var plan = new StringBuilder();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            plan.AppendLine(reader.GetString(3));
        return plan.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        if (Dialect.Kind == DatabaseKind.Postgres)
            await Execute($"DROP SCHEMA {_place} CASCADE", []);
        await _connection.DisposeAsync();
        if (Dialect.Kind == DatabaseKind.Sqlite)
            File.Delete(_place);
    }

    public static byte[] Document(Referral referral) => JsonSerializer.SerializeToUtf8Bytes(referral, ReferralJson.Wire.Referral);

    private async Task InsertInto(string table, Dictionary<string, object?> values)
    {
        var statement = $"INSERT INTO {table} ({string.Join(", ", values.Keys)}) VALUES ({string.Join(", ", values.Keys.Select(k => "@" + k))})";
        await Execute(statement, values.Select(v => new QueryParameter("@" + v.Key, v.Value is null ? DBNull.Value : Dialect.Value(v.Value))));
    }

    private async Task Execute(string statement, IEnumerable<QueryParameter> parameters)
    {
        await using var command = Command(statement, parameters);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private DbCommand Command(string statement, IEnumerable<QueryParameter> parameters)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // The statement is the subject of the test.
        command.CommandText = statement;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static string? Fold(string? text) => text?.ToLowerInvariant();

    private static long? Micros(DateTimeOffset? time) => time is { } t ? WireTime.ToUnixMicroseconds(t) : null;
}

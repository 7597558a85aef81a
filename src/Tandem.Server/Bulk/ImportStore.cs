using System.Data.Common;
using System.Text.Json;
using Tandem.Contracts.Bulk;
using Tandem.Contracts.Reading;
using Tandem.Server.Identity;
using Tandem.Server.Storage;
using static NpgsqlTypes.NpgsqlDbType;

namespace Tandem.Server.Bulk;

/// <summary>An import as it is stored.</summary>
internal sealed record StoredImport
{
    public required Guid Id { get; init; }

    public required Caller Caller { get; init; }

    public required string FileName { get; init; }

    public required string FileDigest { get; init; }

    public required IReadOnlyList<ImportColumn> Columns { get; init; }

    public required ImportState State { get; init; }

    public required int Revision { get; init; }

    public string? Problem { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public bool IsAtWork => State is ImportState.Checking or ImportState.Running or ImportState.Undoing;
}

/// <summary>A row as it is stored.</summary>
internal sealed record StoredImportRow(
    int Number, IReadOnlyList<string> Cells, ImportRowState State, ImportAction Action, string Label, Guid? ReferralId, string? ETag,
    string? Reverse, IReadOnlyList<ImportFault> Faults, IReadOnlyList<ImportChange> Changes);

/// <summary>Imports and their rows, in prepared SQL; leased by import.</summary>
internal sealed class ImportStore(HotDatabase database)
{
    /// <summary>A node that is gone holds its imports for as long as this.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan KeepTime = TimeSpan.FromDays(30);
    private const int Chunk = 200;

    private const string Facts = "id, caller, file_name, file_digest, columns, state, revision, problem, created_at";
    private const string RowFacts = "number, cells, state, action, label, referral_id, etag, reverse, faults, changes";

    private static readonly HotSql Insert = new(
        "INSERT INTO imports (id, organization_id, user_id, caller, file_name, file_digest, columns, headers_digest, state, revision, "
        + "created_at, leased_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'Checking', -1, $9, 0)",
        Uuid, Text, Uuid, Text, Text, Text, Text, Text, Bigint);

    private static readonly HotSql InsertRow = new(
        "INSERT INTO import_rows (import_id, number, cells, state, action, label) VALUES ($1, $2, $3, 'Waiting', 'None', '')", Uuid, Integer, Text);

    private static readonly HotSql Complete = new("UPDATE imports SET revision = 0 WHERE id = $1 AND revision = -1", Uuid);

    private static readonly HotSql KeepRevision = new("UPDATE imports SET revision = revision WHERE id = $1 AND revision = $2", Uuid, Integer);

    private static readonly HotSql Check = new(
        "UPDATE import_rows SET state = $3, action = $4, label = $5, referral_id = $6, etag = $7, faults = $8, changes = $9 "
        + "WHERE import_id = $1 AND number = $2 AND state = 'Waiting'",
        Uuid, Integer, Text, Text, Text, Uuid, Text, Text, Text);

    private static readonly HotSql Store = new(
        "UPDATE import_rows SET state = 'Stored', referral_id = $3, etag = $4, reverse = $5 "
        + "WHERE import_id = $1 AND number = $2 AND state = 'Ready'",
        Uuid, Integer, Uuid, Text, Text);

    private static readonly HotSql Undo = new(
        "UPDATE import_rows SET state = 'Undone', etag = $3 WHERE import_id = $1 AND number = $2 AND state = 'Stored'", Uuid, Integer, Text);

    private static readonly HotSql Move = new(
        "UPDATE import_rows SET state = $4, faults = $5 WHERE import_id = $1 AND number = $2 AND state = $3", Uuid, Integer, Text, Text, Text);

    /// <summary>What stores a row's outcome in the transaction of its referral: never one without the other.</summary>
    public static HotStatement Stored(Guid import, int number, Guid referral, string etag, string? reverse) =>
        new(Store, true, import, number, referral, etag, reverse);

    /// <summary>The same for a row that is taken back.</summary>
    public static HotStatement Undone(Guid import, int number, string etag) => new(Undo, true, import, number, etag);

    /// <summary>Stores a new import, some rows at a time; it is seen once it is complete.</summary>
    /// <exception cref="UniqueViolationException">The same request came before.</exception>
    public async Task Add(StoredImport import, string headersDigest, IReadOnlyList<SheetRow> rows, CancellationToken cancellation)
    {
        await database.Write([new HotStatement(Insert, false, import.Id, import.Caller.OrganizationId, import.Caller.UserId,
            JsonSerializer.Serialize(import.Caller, ImportCallerJson.Default.Caller), import.FileName, import.FileDigest,
            JsonSerializer.Serialize([.. import.Columns], BulkJson.Default.ListImportColumn), headersDigest,
            WireTime.ToUnixMicroseconds(import.CreatedAt))], cancellation);
        foreach (var chunk in rows.Chunk(Chunk))
        {
            await database.Write([.. chunk.Select(r => new HotStatement(InsertRow, false,
                import.Id, r.Number, JsonSerializer.Serialize([.. r.Cells], BulkJson.Default.ListString)))], cancellation);
        }

        await database.Write([new HotStatement(Complete, true, import.Id)], cancellation);
    }

    public ValueTask<StoredImport?> Find(Guid id, CancellationToken cancellation) =>
        database.Read(id, static async (session, id, cancellation) =>
        {
            await using var row = await session.Command($"SELECT {Facts} FROM imports WHERE id = @id AND revision >= 0")
                .With("@id", session.Database.Id(id)).ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation) ? ReadImport(row) : null;
        }, cancellation);

    /// <summary>A person's imports, newest first.</summary>
    public ValueTask<List<StoredImport>> Of(Caller caller, int most, CancellationToken cancellation) =>
        database.Read((caller, most), static async (session, ask, cancellation) =>
        {
            var imports = new List<StoredImport>();
            await using var row = await session.Command(
                $"SELECT {Facts} FROM imports WHERE user_id = @user AND organization_id = @organization AND revision >= 0 "
                + "ORDER BY created_at DESC LIMIT @most")
                .With("@user", session.Database.Id(ask.caller.UserId)).With("@organization", ask.caller.OrganizationId).With("@most", ask.most)
                .ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                imports.Add(ReadImport(row));
            return imports;
        }, cancellation);

    /// <summary>What the same headers were taken for the last time.</summary>
    public ValueTask<List<ImportColumn>?> LastColumns(Caller caller, string headersDigest, CancellationToken cancellation) =>
        database.Read((caller, headersDigest), static async (session, ask, cancellation) =>
        {
            var columns = await session.Command("SELECT columns FROM imports WHERE user_id = @user AND headers_digest = @digest "
                + "ORDER BY created_at DESC LIMIT 1")
                .With("@user", session.Database.Id(ask.caller.UserId)).With("@digest", ask.headersDigest).ExecuteScalarAsync(cancellation);
            return columns is string json ? JsonSerializer.Deserialize(json, BulkJson.Default.ListImportColumn) : null;
        }, cancellation);

    public ValueTask<ImportCounts> Count(Guid import, CancellationToken cancellation) =>
        database.Read(import, static async (session, import, cancellation) =>
        {
            var counts = new Dictionary<(string State, string Action), int>();
            await using var row = await session.Command(
                "SELECT state, action, COUNT(*) FROM import_rows WHERE import_id = @id GROUP BY state, action")
                .With("@id", session.Database.Id(import)).ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                counts[(row.GetString(0), row.GetString(1))] = (int)row.GetInt64(2);
            return new ImportCounts
            {
                Rows = counts.Values.Sum(),
                Waiting = All(ImportRowState.Waiting),
                ToCreate = Some(ImportRowState.Ready, ImportAction.Create),
                ToUpdate = Some(ImportRowState.Ready, ImportAction.Update),
                Unchanged = All(ImportRowState.Unchanged),
                Faulty = All(ImportRowState.Faulty),
                Created = Some(ImportRowState.Stored, ImportAction.Create),
                Updated = Some(ImportRowState.Stored, ImportAction.Update),
                Refused = All(ImportRowState.Refused),
                Undone = All(ImportRowState.Undone),
                Left = All(ImportRowState.Left),
            };

            int Some(ImportRowState state, ImportAction action) => counts.GetValueOrDefault((state.ToString(), action.ToString()));
            int All(ImportRowState state) => Enum.GetValues<ImportAction>().Sum(a => Some(state, a));
        }, cancellation);

    /// <summary>How many rows are in some states, and a part of them in the order of the file.</summary>
    public ValueTask<(int Count, List<StoredImportRow> Rows)> Rows(
        Guid import, IReadOnlyCollection<ImportRowState> states, int skip, int most, CancellationToken cancellation) =>
        database.Read((import, states, skip, most), static async (session, ask, cancellation) =>
        {
            // Names of an enumeration, never what somebody sent.
            var condition = "import_id = @id"
                + (ask.states.Count == 0 ? "" : $" AND state IN ({string.Join(", ", ask.states.Select(s => $"'{s}'"))})");
            var id = session.Database.Id(ask.import);
            var count = (long)(await session.Command($"SELECT COUNT(*) FROM import_rows WHERE {condition}").With("@id", id)
                .ExecuteScalarAsync(cancellation))!;
            var rows = await ReadRows(session.Command(
                $"SELECT {RowFacts} FROM import_rows WHERE {condition} ORDER BY number LIMIT @most OFFSET @skip")
                .With("@id", id).With("@most", ask.most).With("@skip", ask.skip), cancellation);
            return ((int)count, rows);
        }, cancellation);

    /// <summary>The next rows that are in a state; the last ones first when they are to be taken back.</summary>
    public ValueTask<List<StoredImportRow>> Next(
        Guid import, ImportRowState state, bool fromEnd, int most, CancellationToken cancellation) =>
        database.Read((import, state, fromEnd, most), static (session, ask, cancellation) => ReadRows(session.Command(
            $"SELECT {RowFacts} FROM import_rows WHERE import_id = @id AND state = @state ORDER BY number{(ask.fromEnd ? " DESC" : "")} LIMIT @most")
            .With("@id", session.Database.Id(ask.import)).With("@state", ask.state.ToString()).With("@most", ask.most), cancellation), cancellation);

    /// <summary>The referrals that checked rows name.</summary>
    public ValueTask<HashSet<Guid>> Named(Guid import, CancellationToken cancellation) =>
        database.Read(import, static async (session, import, cancellation) =>
        {
            var named = new HashSet<Guid>();
            await using var row = await session.Command(
                "SELECT referral_id FROM import_rows WHERE import_id = @id AND referral_id IS NOT NULL AND state <> 'Waiting'")
                .With("@id", session.Database.Id(import)).ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                named.Add(row.GetGuid(0));
            return named;
        }, cancellation);

    /// <summary>Stores what a check of some rows found, unless the person decided something else meanwhile.</summary>
    public Task<bool> Checked(StoredImport import, IEnumerable<StoredImportRow> rows, CancellationToken cancellation) =>
        database.Write([
            new HotStatement(KeepRevision, true, import.Id, import.Revision),
            .. rows.Select(r => new HotStatement(Check, false, import.Id, r.Number, r.State.ToString(), r.Action.ToString(), r.Label,
                r.ReferralId, r.ETag, FaultsOf(r.Faults), r.Changes.Count == 0 ? null
                    : JsonSerializer.Serialize([.. r.Changes], BulkJson.Default.ListImportChange)))], cancellation);

    /// <summary>A row that could not be stored or taken back, or needed nothing.</summary>
    public Task<bool> MoveRow(
        Guid import, int number, ImportRowState from, ImportRowState to, IReadOnlyList<ImportFault> faults, CancellationToken cancellation) =>
        database.Write([new HotStatement(Move, true, import, number, from.ToString(), to.ToString(), FaultsOf(faults))], cancellation);

    /// <summary>Changes the state, if it is still the one that the person, or the worker, has seen.</summary>
    /// <param name="import">As it was read.</param>
    /// <param name="to">Its new state.</param>
    /// <param name="problem">Why it stopped before its end.</param>
    /// <param name="caller">Who decided it; null to leave that as it is.</param>
    public Task<bool> MoveTo(StoredImport import, ImportState to, string? problem, Caller? caller, CancellationToken cancellation) =>
        database.Write(async (session, cancellation) => await session.Command(
            "UPDATE imports SET state = @to, problem = @problem, revision = revision + 1, caller = COALESCE(@caller, caller) "
            + "WHERE id = @id AND state = @from AND revision = @revision")
            .With("@to", to.ToString()).With("@problem", problem)
            .With("@caller", caller is null ? null : JsonSerializer.Serialize(caller, ImportCallerJson.Default.Caller))
            .With("@id", database.Id(import.Id)).With("@from", import.State.ToString()).With("@revision", import.Revision)
            .ExecuteNonQueryAsync(cancellation) == 1, cancellation);

    /// <summary>Takes the columns for something else, and checks all rows anew.</summary>
    public Task<bool> Map(StoredImport import, List<ImportColumn> columns, CancellationToken cancellation) =>
        database.Write(async (session, cancellation) =>
        {
            var id = database.Id(import.Id);
            if (await session.Command("UPDATE imports SET columns = @columns, state = 'Checking', problem = NULL, revision = revision + 1 "
                + "WHERE id = @id AND state IN ('Checking', 'Ready') AND revision = @revision")
                .With("@columns", JsonSerializer.Serialize(columns, BulkJson.Default.ListImportColumn)).With("@id", id)
                .With("@revision", import.Revision).ExecuteNonQueryAsync(cancellation) == 0)
                return false;
            await session.Command("UPDATE import_rows SET state = 'Waiting', action = 'None', referral_id = NULL, etag = NULL, "
                + "faults = NULL, changes = NULL WHERE import_id = @id").With("@id", id).ExecuteNonQueryAsync(cancellation);
            return true;
        }, cancellation);

    /// <summary>Forgets an import that is not at work.</summary>
    public Task<bool> Remove(StoredImport import, CancellationToken cancellation) => database.Write(async (session, cancellation) =>
    {
        // The import before its rows, as whoever works on it: one waits for the other, and never both.
        if (await session.Command("DELETE FROM imports WHERE id = @id AND state NOT IN ('Running', 'Undoing')")
            .With("@id", database.Id(import.Id)).ExecuteNonQueryAsync(cancellation) == 0)
            return false;
        await session.Command("DELETE FROM import_rows WHERE import_id = @id").With("@id", database.Id(import.Id)).ExecuteNonQueryAsync(cancellation);
        return true;
    }, cancellation);

    /// <summary>Forgets imports whose time is up: their cells are people's data.</summary>
    public async Task Prune(DateTimeOffset now, CancellationToken cancellation)
    {
        var old = await database.Read(WireTime.ToUnixMicroseconds(now - KeepTime), static async (session, before, cancellation) =>
        {
            var ids = new List<Guid>();
            await using var row = await session.Command("SELECT id FROM imports WHERE created_at < @before")
                .With("@before", before).ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                ids.Add(row.GetGuid(0));
            return ids;
        }, cancellation);
        foreach (var id in old)
        {
            await database.Write(async (session, cancellation) =>
            {
                await session.Command("DELETE FROM imports WHERE id = @id").With("@id", database.Id(id)).ExecuteNonQueryAsync(cancellation);
                await session.Command("DELETE FROM import_rows WHERE import_id = @id").With("@id", database.Id(id)).ExecuteNonQueryAsync(cancellation);
                return true;
            }, cancellation);
        }
    }

    /// <summary>The node takes or keeps the right to work on imports that no other living node has.</summary>
    /// <param name="node">This node.</param>
    /// <param name="keep">Those that it works on.</param>
    /// <param name="most">How many more it takes.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<HashSet<Guid>> Lease(Guid node, IReadOnlyCollection<Guid> keep, int most, CancellationToken cancellation)
    {
        var leased = new HashSet<Guid>();
        // Mostly there is nothing to do, and then nothing is written.
        if (keep.Count == 0 && !await IsAnyAtWork(cancellation))
            return leased;
        var isPostgres = database.Kind == DatabaseKind.Postgres;
        var now = isPostgres
            ? "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
            : "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";
        var until = $"{now} + {(long)LeaseTime.TotalMicroseconds}";
        var locking = isPostgres ? "FOR UPDATE SKIP LOCKED" : "";
        await database.Write(async (session, cancellation) =>
        {
            leased.Clear();
            if (keep.Count > 0)
            {
                await Run(session.Command($"UPDATE imports SET leased_until = {until} WHERE leased_by = @node AND id {database.Among("@ids")} "
                    + "AND state IN ('Checking', 'Running', 'Undoing') RETURNING id").With("@ids", database.Ids(keep)));
            }

            if (most > 0)
            {
                await Run(session.Command($"UPDATE imports SET leased_by = @node, leased_until = {until} WHERE id IN (SELECT id FROM imports "
                    + "WHERE state IN ('Checking', 'Running', 'Undoing') AND revision >= 0 "
                    + $"AND (leased_by IS NULL OR leased_until < {now}) ORDER BY created_at LIMIT @most {locking}) RETURNING id").With("@most", most));
            }

            return leased.Count > 0;
        }, cancellation);
        return leased;

        async Task Run(DbCommand command)
        {
            await using var row = await command.With("@node", database.Id(node)).ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                leased.Add(row.GetGuid(0));
        }
    }

    /// <summary>Another node, or this one, may take it at once.</summary>
    public Task<bool> Release(Guid node, Guid import, CancellationToken cancellation) => database.Write(async (session, cancellation) =>
        await session.Command("UPDATE imports SET leased_by = NULL WHERE leased_by = @node AND id = @id")
            .With("@node", database.Id(node)).With("@id", database.Id(import)).ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    private ValueTask<bool> IsAnyAtWork(CancellationToken cancellation) => database.Read(0, static async (session, _, cancellation) =>
        await session.Command("SELECT 1 FROM imports WHERE state IN ('Checking', 'Running', 'Undoing') AND revision >= 0 LIMIT 1")
            .ExecuteScalarAsync(cancellation) is not null, cancellation);

    private static string? FaultsOf(IReadOnlyList<ImportFault> faults) =>
        faults.Count == 0 ? null : JsonSerializer.Serialize([.. faults], BulkJson.Default.ListImportFault);

    private static StoredImport ReadImport(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Caller = JsonSerializer.Deserialize(row.GetString(1), ImportCallerJson.Default.Caller)!,
        FileName = row.GetString(2),
        FileDigest = row.GetString(3),
        Columns = JsonSerializer.Deserialize(row.GetString(4), BulkJson.Default.ListImportColumn)!,
        State = Enum.Parse<ImportState>(row.GetString(5)),
        Revision = row.GetInt32(6),
        Problem = row.IsDBNull(7) ? null : row.GetString(7),
        CreatedAt = WireTime.FromUnixMicroseconds(row.GetInt64(8)),
    };

    private static async ValueTask<List<StoredImportRow>> ReadRows(DbCommand command, CancellationToken cancellation)
    {
        var rows = new List<StoredImportRow>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            rows.Add(new(row.GetInt32(0), JsonSerializer.Deserialize(row.GetString(1), BulkJson.Default.ListString)!,
                Enum.Parse<ImportRowState>(row.GetString(2)), Enum.Parse<ImportAction>(row.GetString(3)), row.GetString(4),
                row.IsDBNull(5) ? null : row.GetGuid(5), Text(6), Text(7),
                Text(8) is { } faults ? JsonSerializer.Deserialize(faults, BulkJson.Default.ListImportFault)! : [],
                Text(9) is { } changes ? JsonSerializer.Deserialize(changes, BulkJson.Default.ListImportChange)! : []));
        }

        return rows;

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
    }
}

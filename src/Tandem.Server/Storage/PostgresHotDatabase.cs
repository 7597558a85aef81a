using System.Collections.Concurrent;
using System.Data.Common;
using Npgsql;
using NpgsqlTypes;

namespace Tandem.Server.Storage;

/// <summary>
/// PostgreSQL 15 or newer: pooled connections whose statements Npgsql prepares by itself, and a read replica if there is
/// one.
/// </summary>
internal sealed class PostgresHotDatabase(DatabaseConnection connection) : HotDatabase, IAsyncDisposable
{
    // How long a read waits for the replica before it asks the primary.
    private const int MostLooks = 4;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(5);

    // Of a write that waits for one that waits for it.
    private const int MostAttempts = 5;

    private static readonly HotSql Position = new("SELECT pg_current_wal_flush_lsn()");
    private static readonly HotSql HasReplayed = new("SELECT pg_last_wal_replay_lsn() >= $1", NpgsqlDbType.PgLsn);

    private readonly NpgsqlDataSource _source = Open(connection.ConnectionString);
    private readonly TimeSpan _longestWrite = LongestWrite(connection.ConnectionString);
    private readonly NpgsqlDataSource? _replica = connection.ReadReplica is { } replica ? Open(replica) : null;
    private long _replicaReads;

    private readonly ConcurrentDictionary<HotSql, string> _must = new();

    public override DatabaseKind Kind => DatabaseKind.Postgres;

    /// <summary>Reads that the replica answered.</summary>
    public long ReplicaReads => Interlocked.Read(ref _replicaReads);

    public override object Id(Guid id) => id;

    public override async ValueTask<TResult> Read<TState, TResult>(
        TState state, Func<HotSession, TState, CancellationToken, ValueTask<TResult>> query, CancellationToken cancellation)
    {
        for (var isSecond = false; ; isSecond = true)
        {
            try
            {
                await using var open = await Connect(_source, cancellation);
                await using var session = new Session(this, open, null);
                return await query(session, state, cancellation);
            }
            catch (NpgsqlException cut) when (!isSecond && WasCut(cut))
            {
                // A pooled connection may have ended while nobody used it; the next one is new.
            }
            catch (NpgsqlException failure) when (DatabaseAwayException.Means(failure))
            {
                throw new DatabaseAwayException(failure, mayBeStored: false);
            }
        }
    }

    public override async ValueTask<TResult> ReadAside<TState, TResult>(
        TState state, Func<HotSession, TState, CancellationToken, ValueTask<TResult>> query, CancellationToken cancellation)
    {
        if (_replica is null)
            return await Read(state, query, cancellation);

        // Whoever has written, through whichever node, reads what he wrote: the replica answers when it has come as far
        // as the primary is now. Asking the primary for its place costs little beside a list.
        var position = await Read(0, static async (session, _, cancellation) =>
            await session.Command(Position).ExecuteScalarAsync(cancellation), cancellation);
        try
        {
            await using var open = await Connect(_replica, cancellation);
            await using var session = new Session(this, open, null, isReplica: true);
            for (var look = 1; look <= MostLooks; look++)
            {
                if (await session.Command(HasReplayed, position).ExecuteScalarAsync(cancellation) is true)
                {
                    var answer = await query(session, state, cancellation);
                    Interlocked.Increment(ref _replicaReads);
                    return answer;
                }

                await Task.Delay(BetweenLooks, cancellation);
            }
        }
        catch (DbException failure) when (failure.IsTransient)
        {
            // The replica is away, or what it replays was in the way: the primary knows as well.
        }

        return await Read(state, query, cancellation);
    }

    public override async Task<bool> Write(
        Func<HotSession, CancellationToken, ValueTask<bool>> write, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await WriteOnce(write, cancellation);
            }
            catch (DatabaseAwayException victim) when (
                attempt < MostAttempts && victim.InnerException is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected })
            {
                // Two waited for each other, and the database undid the one so that the other goes on: now it is its turn.
            }
        }
    }

    private async Task<bool> WriteOnce(
        Func<HotSession, CancellationToken, ValueTask<bool>> write, CancellationToken cancellation)
    {
        var commits = false;
        try
        {
            await using var open = await Connect(_source, cancellation);
            await using var transaction = await open.BeginTransactionAsync(cancellation);
            await using var session = new Session(this, open, transaction);
            var kept = await write(session, cancellation);
            commits = kept;
            if (kept)
                await transaction.CommitAsync(CancellationToken.None);
            return kept;
        }
        catch (PostgresException violation) when (violation.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new UniqueViolationException(violation.TableName ?? "referrals", violation);
        }
        catch (NpgsqlException failure) when (DatabaseAwayException.Means(failure))
        {
            throw new DatabaseAwayException(failure, commits && DatabaseAwayException.MayHideCommit(failure));
        }
    }

    public override async Task<bool> Write(IReadOnlyList<HotStatement> statements, CancellationToken cancellation)
    {
        var open = await Connect(_source, cancellation);
        try
        {
            return await Run(open, statements).WaitAsync(_longestWrite, CancellationToken.None);
        }
        catch (TimeoutException late)
        {
            throw new DatabaseAwayException(late, mayBeStored: true);
        }
    }

    // Never told to stop, also when nobody waits for it any more: a commit that is stopped while it waits for its standby
    // is visible, and lost with the primary.
    private async Task<bool> Run(NpgsqlConnection connection, IReadOnlyList<HotStatement> statements)
    {
        await using var open = connection;
        // Without a transaction of its own, a batch is one: all of it or nothing.
        await using var batch = new NpgsqlBatch(open) { Timeout = 0 };
        foreach (var statement in statements)
        {
            var command = new NpgsqlBatchCommand(statement.MustChange ? Must(statement.Sql) : statement.Sql.Text);
            Fill(command.Parameters, statement.Sql, statement.Values);
            batch.BatchCommands.Add(command);
        }

        try
        {
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
            return true;
        }
        catch (PostgresException overtaken) when (overtaken.SqlState is
            PostgresErrorCodes.DivisionByZero or PostgresErrorCodes.DeadlockDetected)
        {
            return false;
        }
        catch (PostgresException violation) when (violation.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new UniqueViolationException(violation.TableName ?? "referrals", violation);
        }
        catch (NpgsqlException failure) when (DatabaseAwayException.Means(failure))
        {
            throw new DatabaseAwayException(failure, DatabaseAwayException.MayHideCommit(failure));
        }
    }

    private static async ValueTask<NpgsqlConnection> Connect(NpgsqlDataSource source, CancellationToken cancellation)
    {
        try
        {
            return await source.OpenConnectionAsync(cancellation);
        }
        catch (Exception failure) when (DatabaseAwayException.Means(failure))
        {
            throw new DatabaseAwayException(failure, mayBeStored: false);
        }
    }

    // By the server's end, not by its answer or by a clock.
    private static bool WasCut(NpgsqlException failure) =>
        failure.InnerException is IOException
        || failure.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown;

    // A statement of a batch cannot look at what the one before it did. What must change a row fails where it changes
    // none, and with it the batch.
    private string Must(HotSql sql) => _must.GetOrAdd(sql, static sql =>
        $"WITH changed AS ({sql.Text} RETURNING 1) SELECT 1 / count(*) FROM changed");

    private static void Fill(NpgsqlParameterCollection parameters, HotSql sql, ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
            parameters.Add(new NpgsqlParameter { NpgsqlDbType = sql.Types[i], Value = values[i] ?? DBNull.Value });
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        if (_replica is not null)
            await _replica.DisposeAsync();
    }

    // As long as any other command, which the connection string says.
    private static TimeSpan LongestWrite(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString).CommandTimeout is > 0 and var seconds
            ? TimeSpan.FromSeconds(seconds)
            : Timeout.InfiniteTimeSpan;

    // With several hosts the data source, and not the connection string, says which of them is wanted.
    private static NpgsqlDataSource Open(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxAutoPrepare = 64,
            AutoPrepareMinUsages = 2,
            // Nothing here changes a session, and seven statements that say so would go with every borrowed connection.
            NoResetOnClose = true,
        };
        if (settings.Host?.Contains(',', StringComparison.Ordinal) != true)
            return Builder(settings).Build();
        var wanted = settings.TargetSessionAttributes is { } text
            ? Enum.Parse<TargetSessionAttributes>(text.Replace("-", "", StringComparison.Ordinal), ignoreCase: true)
            : TargetSessionAttributes.Primary;
        settings.TargetSessionAttributes = null;
        return Builder(settings).BuildMultiHost().WithTargetSession(wanted);
    }

    // Compiling a query takes longer than any of ours does without.
    private static NpgsqlDataSourceBuilder Builder(NpgsqlConnectionStringBuilder settings)
    {
        const string Plain = "SET jit = off";
        return new NpgsqlDataSourceBuilder(settings.ToString()).UsePhysicalConnectionInitializer(
            static connection =>
            {
                using var command = new NpgsqlCommand(Plain, connection);
                command.ExecuteNonQuery();
            },
            static async connection =>
            {
                await using var command = new NpgsqlCommand(Plain, connection);
                await command.ExecuteNonQueryAsync();
            });
    }

    private sealed class Session(
        HotDatabase database, NpgsqlConnection connection, NpgsqlTransaction? transaction, bool isReplica = false)
        : HotSession(database), IAsyncDisposable
    {
        private readonly List<NpgsqlCommand> _commands = [];

        public override bool IsReplica => isReplica;

        public override DbCommand Command(string sql)
        {
            var command = new NpgsqlCommand(sql, connection, transaction);
            _commands.Add(command);
            return command;
        }

        public override DbCommand Command(HotSql sql, params ReadOnlySpan<object?> values)
        {
            var command = new NpgsqlCommand(sql.Text, connection, transaction);
            Fill(command.Parameters, sql, values);
            _commands.Add(command);
            return command;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var command in _commands)
                await command.DisposeAsync();
        }
    }
}

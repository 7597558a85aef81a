using System.Collections.Concurrent;
using System.Data.Common;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Tandem.Server.Referrals.Query;

namespace Tandem.Server.Storage;

/// <summary>
/// SQLite in WAL mode with <c>synchronous=FULL</c>: many pooled readers and one writer, which takes all writes that wait
/// into one transaction, a savepoint each, and answers each of them after the commit.
/// </summary>
internal sealed class SqliteHotDatabase : HotDatabase, IDisposable
{
    private const int LargestGroup = 128;
    private const int GroupsBetweenStatistics = 2000;
    private readonly string _connectionString;
    private readonly SqliteWriteGate _gate;
    private readonly ILogger<SqliteHotDatabase> _logger;
    private readonly ConcurrentBag<Session> _readers = [];
    private readonly SemaphoreSlim _readerSlots = new(Math.Max(4, Environment.ProcessorCount * 2));
    private readonly Channel<PendingWrite> _writes = Channel.CreateBounded<PendingWrite>(
        new BoundedChannelOptions(4096) { SingleReader = true });

    // Started by the first write.
    private readonly Lazy<Task> _writer;

    public SqliteHotDatabase(DatabaseConnection connection, SqliteWriteGate gate, ILogger<SqliteHotDatabase> logger)
    {
        // The sessions are pooled here, with their prepared statements.
        _connectionString = new SqliteConnectionStringBuilder(connection.ConnectionString) { Pooling = false }.ToString();
        _gate = gate;
        _logger = logger;
        _writer = new(() => Task.Factory.StartNew(
            WriteGroups, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap());
    }

    // A connection is used by one thread at a time, so SQLite need not lock it for every value that is read. Only the
    // first in the process to open a database decides; later it stays as it is.
    static SqliteHotDatabase()
    {
        SQLitePCL.Batteries_V2.Init();
        _ = SQLitePCL.raw.sqlite3_config(SQLitePCL.raw.SQLITE_CONFIG_MULTITHREAD);
    }

    public override DatabaseKind Kind => DatabaseKind.Sqlite;

    public override object Id(Guid id) => id.ToString("D");

    public override async ValueTask<TResult> Read<TState, TResult>(
        TState state, Func<HotSession, TState, CancellationToken, ValueTask<TResult>> query, CancellationToken cancellation)
    {
        await _readerSlots.WaitAsync(cancellation);
        var session = _readers.TryTake(out var pooled) ? pooled : Open();
        try
        {
            return await query(session, state, cancellation);
        }
        finally
        {
            _readers.Add(session);
            _readerSlots.Release();
        }
    }

    // A list may be long in coming. SQLite works on this thread until it is interrupted from another one.
    public override ValueTask<TResult> ReadAside<TState, TResult>(
        TState state, Func<HotSession, TState, CancellationToken, ValueTask<TResult>> query, CancellationToken cancellation) =>
        Read((state, query), static async (session, ask, cancellation) =>
        {
            await using var stop = cancellation.UnsafeRegister(static session => ((Session)session!).Interrupt(), session);
            try
            {
                return await ask.query(session, ask.state, cancellation);
            }
            catch (SqliteException interrupted) when (interrupted.SqliteErrorCode == SQLitePCL.raw.SQLITE_INTERRUPT)
            {
                throw new OperationCanceledException("The query was interrupted.", interrupted, cancellation);
            }
        }, cancellation);

    public override async Task<bool> Write(
        Func<HotSession, CancellationToken, ValueTask<bool>> write, CancellationToken cancellation)
    {
        var pending = new PendingWrite(write);
        _ = _writer.Value;
        await _writes.Writer.WriteAsync(pending, cancellation);
        // Not given up any more: the write may be in the group that is just being committed.
        return await pending.Done.Task;
    }

    public override Task<bool> Write(IReadOnlyList<HotStatement> statements, CancellationToken cancellation) =>
        Write((session, _) =>
        {
            foreach (var (sql, mustChange, values) in statements)
            {
                if (session.Command(sql, values).ExecuteNonQuery() == 0 && mustChange)
                    return ValueTask.FromResult(false);
            }

            return ValueTask.FromResult(true);
        }, cancellation);

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _writes.Writer.TryComplete();
        if (_writer.IsValueCreated)
            await _writer.Value.WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        while (_readers.TryTake(out var session))
            session.Dispose();
        _readerSlots.Dispose();
    }

    private async Task WriteGroups()
    {
        Session? session = null;
        var groups = 0L;
        var group = new List<PendingWrite>(LargestGroup);
        while (await _writes.Reader.WaitToReadAsync())
        {
            await _gate.Enter(CancellationToken.None);
            try
            {
                group.Clear();
                while (group.Count < LargestGroup && _writes.Reader.TryRead(out var pending))
                    group.Add(pending);
                session ??= Open();
                await CommitGroup(session, group);
                // The planner's statistics, which a growing table outlives.
                if (++groups % GroupsBetweenStatistics == 0)
                    session.Run("PRAGMA optimize");
            }
            catch (SqliteException failure)
            {
                // The disk is full or gone: none of the group is stored, and each caller learns it.
                _logger.LogError(failure, "A group of {Count} writes could not be stored.", group.Count);
                foreach (var pending in group)
                    pending.Done.TrySetException(failure);
                session?.Dispose();
                session = null;
            }
            finally
            {
                _gate.Leave();
            }
        }

        session?.Dispose();
    }

    private static async Task CommitGroup(Session session, List<PendingWrite> group)
    {
        session.Run("BEGIN IMMEDIATE");
        foreach (var pending in group)
        {
            session.Run("SAVEPOINT one");
            try
            {
                pending.Kept = await pending.Write(session, CancellationToken.None);
            }
            catch (SqliteException failure) when (failure.SqliteExtendedErrorCode is
                SQLitePCL.raw.SQLITE_CONSTRAINT_UNIQUE or SQLitePCL.raw.SQLITE_CONSTRAINT_PRIMARYKEY)
            {
                // "UNIQUE constraint failed: table.column, …"
                var text = failure.Message;
                var table = text.Contains("idempotency_keys", StringComparison.Ordinal) ? "idempotency_keys" : "referrals";
                pending.Failure = new UniqueViolationException(table, failure);
            }
            catch (Exception failure) when (failure is not SqliteException)
            {
                // A fault of one write is that caller's, not the group's.
                pending.Failure = failure;
            }

            if (!pending.Kept)
                session.Run("ROLLBACK TO one");
            session.Run("RELEASE one");
        }

        session.Run("COMMIT");
        foreach (var pending in group)
        {
            if (pending.Failure is not null)
                pending.Done.TrySetException(pending.Failure);
            else
                pending.Done.TrySetResult(pending.Kept);
        }
    }

    private Session Open()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        QueryDialect.RegisterFunctions(connection);
        var session = new Session(this, connection);
        session.Run("PRAGMA journal_mode = WAL");
        session.Run("PRAGMA synchronous = FULL");
        session.Run("PRAGMA busy_timeout = 10000");
        session.Run("PRAGMA temp_store = MEMORY");
        session.Run("PRAGMA mmap_size = 33554432");
        session.Run("PRAGMA cache_size = -8000");
        session.Run("PRAGMA analysis_limit = 400");
        return session;
    }

    private sealed class PendingWrite(Func<HotSession, CancellationToken, ValueTask<bool>> write)
    {
        public Func<HotSession, CancellationToken, ValueTask<bool>> Write => write;

        // Continuations run elsewhere: the writer has the next group to take.
        public TaskCompletionSource<bool> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Kept { get; set; }

        public Exception? Failure { get; set; }
    }

    private sealed class Session(HotDatabase database, SqliteConnection connection) : HotSession(database), IDisposable
    {
        // Lists bring their own SQL text; the hot statements are few and stay prepared.
        private const int MostPrepared = 64;
        private readonly Dictionary<string, SqliteCommand> _prepared = [];

        public override DbCommand Command(string sql)
        {
            if (_prepared.TryGetValue(sql, out var command))
                return command;
            if (_prepared.Count >= MostPrepared)
            {
                foreach (var old in _prepared.Values)
                    old.Dispose();
                _prepared.Clear();
            }

            command = connection.CreateCommand();
            command.CommandText = sql;
            return _prepared[sql] = command;
        }

        public override DbCommand Command(HotSql sql, params ReadOnlySpan<object?> values)
        {
            var command = (SqliteCommand)Command(sql.Text);
            for (var i = 0; i < values.Length; i++)
            {
                var value = values[i] is Guid id ? Database.Id(id) : values[i] ?? DBNull.Value;
                if (i < command.Parameters.Count)
                    command.Parameters[i].Value = value;
                else
                    command.Parameters.Add(new SqliteParameter($"${i + 1}", value));
            }

            return command;
        }

        public void Interrupt() => SQLitePCL.raw.sqlite3_interrupt(connection.Handle);

        public void Run(string sql) => Command(sql).ExecuteNonQuery();

        public void Dispose()
        {
            foreach (var command in _prepared.Values)
                command.Dispose();
            connection.Dispose();
        }
    }
}

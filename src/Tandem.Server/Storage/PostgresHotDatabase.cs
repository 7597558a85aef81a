using System.Collections.Concurrent;
using System.Data.Common;
using Npgsql;

namespace Tandem.Server.Storage;

/// <summary>PostgreSQL 15 or newer: pooled connections whose statements Npgsql prepares by itself.</summary>
internal sealed class PostgresHotDatabase(DatabaseConnection connection) : HotDatabase, IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = new NpgsqlDataSourceBuilder(
        new NpgsqlConnectionStringBuilder(connection.ConnectionString) { MaxAutoPrepare = 64, AutoPrepareMinUsages = 2 }.ToString())
        .Build();

    private readonly ConcurrentDictionary<HotSql, string> _must = new();

    public override DatabaseKind Kind => DatabaseKind.Postgres;

    public override object Id(Guid id) => id;

    public override async ValueTask<TResult> Read<TState, TResult>(
        TState state, Func<HotSession, TState, CancellationToken, ValueTask<TResult>> query, CancellationToken cancellation)
    {
        await using var open = await _source.OpenConnectionAsync(cancellation);
        await using var session = new Session(this, open, null);
        return await query(session, state, cancellation);
    }

    public override async Task<bool> Write(
        Func<HotSession, CancellationToken, ValueTask<bool>> write, CancellationToken cancellation)
    {
        await using var open = await _source.OpenConnectionAsync(cancellation);
        await using var transaction = await open.BeginTransactionAsync(cancellation);
        await using var session = new Session(this, open, transaction);
        try
        {
            var kept = await write(session, cancellation);
            if (kept)
                await transaction.CommitAsync(CancellationToken.None);
            return kept;
        }
        catch (PostgresException violation) when (violation.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new UniqueViolationException(violation.TableName ?? "referrals", violation);
        }
    }

    public override async Task<bool> Write(IReadOnlyList<HotStatement> statements, CancellationToken cancellation)
    {
        await using var open = await _source.OpenConnectionAsync(cancellation);
        // Without a transaction of its own, a batch is one: all of it or nothing.
        await using var batch = new NpgsqlBatch(open);
        foreach (var statement in statements)
        {
            var command = new NpgsqlBatchCommand(statement.MustChange ? Must(statement.Sql) : statement.Sql.Text);
            Fill(command.Parameters, statement.Sql, statement.Values);
            batch.BatchCommands.Add(command);
        }

        try
        {
            // Not given up any more: it may be committed by now.
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
    }

    // A statement of a batch cannot look at what the one before it did. What must change a row fails where it changes
    // none, and with it the batch.
    private string Must(HotSql sql) => _must.GetOrAdd(sql, static sql =>
        $"WITH changed AS ({sql.Text} RETURNING 1) SELECT 1 / count(*) FROM changed");

    private static void Fill(NpgsqlParameterCollection parameters, HotSql sql, ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
            parameters.Add(new NpgsqlParameter { NpgsqlDbType = sql.Types[i], Value = values[i] ?? DBNull.Value });
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private sealed class Session(HotDatabase database, NpgsqlConnection connection, NpgsqlTransaction? transaction)
        : HotSession(database), IAsyncDisposable
    {
        private readonly List<NpgsqlCommand> _commands = [];

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

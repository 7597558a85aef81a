using System.Data.Common;
using Npgsql;

namespace Tandem.Server.Storage;

/// <summary>PostgreSQL 15 or newer: pooled connections whose statements Npgsql prepares by itself.</summary>
internal sealed class PostgresHotDatabase(DatabaseConnection connection) : HotDatabase, IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = new NpgsqlDataSourceBuilder(
        new NpgsqlConnectionStringBuilder(connection.ConnectionString) { MaxAutoPrepare = 64, AutoPrepareMinUsages = 2 }.ToString())
        .Build();

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

        public async ValueTask DisposeAsync()
        {
            foreach (var command in _commands)
                await command.DisposeAsync();
        }
    }
}

using System.Data.Common;

namespace Tandem.Server.Storage;

/// <summary>
/// The seam between <see cref="ReferralStore"/>'s SQL and a database: connections with prepared statements, one way to
/// write, and the few words that differ.
/// </summary>
internal abstract class HotDatabase
{
    public abstract DatabaseKind Kind { get; }

    /// <summary>Runs a query on a pooled connection.</summary>
    public abstract ValueTask<TResult> Read<TState, TResult>(
        TState state, Func<HotSession, TState, CancellationToken, ValueTask<TResult>> query, CancellationToken cancellation);

    /// <summary>
    /// Runs a query that a read replica may answer, if there is one: it has then everything that was committed before.
    /// </summary>
    public virtual ValueTask<TResult> ReadAside<TState, TResult>(
        TState state, Func<HotSession, TState, CancellationToken, ValueTask<TResult>> query, CancellationToken cancellation) =>
        Read(state, query, cancellation);

    /// <summary>
    /// Runs a write in a transaction and answers after the commit. Answering false undoes what the write did. A violated
    /// unique index is <see cref="UniqueViolationException"/>. A write that met another one in a deadlock is run anew.
    /// </summary>
    public abstract Task<bool> Write(Func<HotSession, CancellationToken, ValueTask<bool>> write, CancellationToken cancellation);

    /// <summary>
    /// Runs statements in a transaction, in one round trip where there are any, and answers after the commit. False when
    /// one that must change a row changes none; then nothing is stored.
    /// </summary>
    public abstract Task<bool> Write(IReadOnlyList<HotStatement> statements, CancellationToken cancellation);

    /// <summary>An id as the database keeps it: text on SQLite, <c>uuid</c> on PostgreSQL.</summary>
    public abstract object Id(Guid id);

    /// <summary>Some ids as one parameter: an array on PostgreSQL, JSON on SQLite.</summary>
    public object Ids(IEnumerable<Guid> ids) => Kind == DatabaseKind.Postgres
        ? ids.ToArray()
        : $"[{string.Join(',', ids.Select(i => $"\"{i:D}\""))}]";

    /// <summary>What follows a column that is to be one of the <see cref="Ids"/> of a parameter.</summary>
    public string Among(string parameter) =>
        Kind == DatabaseKind.Postgres ? $"= ANY({parameter})" : $"IN (SELECT value FROM json_each({parameter}))";
}

/// <summary>One connection with its prepared statements; used by one request at a time.</summary>
internal abstract class HotSession(HotDatabase database)
{
    public HotDatabase Database => database;

    /// <summary>Whether it reads a copy that is written elsewhere.</summary>
    public virtual bool IsReplica => false;

    /// <summary>A statement to fill in and run; its parameters are named in the text as <c>@name</c>.</summary>
    public abstract DbCommand Command(string sql);

    /// <summary>A hot statement to run, with its values.</summary>
    public abstract DbCommand Command(HotSql sql, params ReadOnlySpan<object?> values);
}

/// <summary>Somebody else was first: an open referral in the engagement, or the same idempotency key.</summary>
internal sealed class UniqueViolationException(string table, Exception inner) : Exception($"Unique index of {table}.", inner)
{
    public string Table => table;
}

internal static class HotCommands
{
    public static DbCommand With(this DbCommand command, string name, object? value)
    {
        DbParameter parameter;
        if (command.Parameters.Contains(name))
        {
            parameter = command.Parameters[name];
        }
        else
        {
            parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }

        parameter.Value = value ?? DBNull.Value;
        return command;
    }
}

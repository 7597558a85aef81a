using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace Tandem.Server.Storage;

/// <summary>The database cannot be reached now: it restarts, another node of its cluster takes over, or the network is cut.</summary>
internal sealed class DatabaseAwayException(Exception inner, bool mayBeStored) : DbException(inner.Message, inner)
{
    /// <summary>
    /// Whether the connection was lost over a write. Then nobody knows: the commit may have happened, and only its answer
    /// be lost.
    /// </summary>
    public bool MayBeStored => mayBeStored;

    public override bool IsTransient => true;

    /// <summary>The absence behind a failure, also where the entity framework has wrapped it; null for other failures.</summary>
    public static DatabaseAwayException? In(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is DatabaseAwayException away)
                return away;
            if (failure is NpgsqlException broken && Means(broken))
                return new(broken, MayHideCommit(broken));
        }

        return null;
    }

    /// <summary>Whether opening a connection, or talking on it, failed for want of a database.</summary>
    public static bool Means(Exception failure) => failure switch
    {
        // After a failover, a connection to what is a replica now.
        PostgresException refusal => refusal.IsTransient || refusal.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction,
        NpgsqlOperationInProgressException => false,
        // Not the database's answer, hence no answer.
        NpgsqlException => true,
        // Names that cannot be resolved come as they are.
        _ => failure is SocketException or IOException or TimeoutException,
    };

    /// <summary>A statement that was refused stored nothing; one whose connection ended may have.</summary>
    public static bool MayHideCommit(NpgsqlException failure) => failure is not PostgresException { InvariantSeverity: "ERROR" };
}

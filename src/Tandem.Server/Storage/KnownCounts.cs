using System.Text;
using Microsoft.Extensions.Caching.Memory;
using NpgsqlTypes;
using Tandem.Server.Referrals.Query;

namespace Tandem.Server.Storage;

/// <summary>
/// How many referrals a list has over all pages (R58). Every page says it, and counting 200,000 rows costs a hundred
/// times the page. A count holds until its organization has another row in the change log, which is asked for each time;
/// so it is always the count of now, whichever node wrote.
/// </summary>
internal sealed class KnownCounts : IDisposable
{
    // In characters of keys: some thousand lists.
    private const int MostKept = 4 * 1024 * 1024;

    // On SQLite the last row of the organization tells whether there is a newer one.
    private static readonly HotSql LastChange = new(
        "SELECT sequence FROM change_log WHERE organization_id = $1 ORDER BY transaction_id DESC, sequence DESC LIMIT 1",
        NpgsqlDbType.Text);

    // On PostgreSQL rows do not appear in the order of their numbers: is there one that the count did not see?
    private static readonly HotSql UnseenChange = new(
        "SELECT EXISTS (SELECT 1 FROM change_log WHERE organization_id = $1 AND transaction_id >= $2 "
        + "AND NOT pg_visible_in_snapshot(transaction_id::text::xid8, $3::pg_snapshot))",
        NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Text);

    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = MostKept });

    public async ValueTask<long> Of(HotSession session, ListStatements list, CancellationToken cancellation)
    {
        // A standby does not tell which transactions its snapshot has left out.
        if (list.Owner is null || session.IsReplica)
            return (await Count(session, list, cancellation)).Number;

        var isSqlite = session.Database.Kind == DatabaseKind.Sqlite;
        var key = Key(list);
        // Read before the count: a change in between makes the count too new, and the next request counts again.
        var last = isSqlite ? await Last(session, list.Owner, cancellation) : 0;
        if (_kept.TryGetValue(key, out KnownCount? known) && known!.HoldsUntil > list.Now
            && (isSqlite ? known.Position == last : !await HasUnseen(session, list.Owner, known, cancellation)))
        {
            return known.Number;
        }

        var counted = await Count(session, list, cancellation);
        _kept.Set(key, isSqlite ? counted with { Position = last } : counted,
            new MemoryCacheEntryOptions { Size = key.Length, SlidingExpiration = TimeSpan.FromMinutes(10) });
        return counted.Number;
    }

    public void Dispose() => _kept.Dispose();

    private static async ValueTask<KnownCount> Count(HotSession session, ListStatements list, CancellationToken cancellation)
    {
        var isSqlite = session.Database.Kind == DatabaseKind.Sqlite;
        await using var row = await ReferralStore.Fill(session.Command(list.Count), list.Parameters)
            .ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        var until = row.IsDBNull(1) ? long.MaxValue : row.GetInt64(1);
        return new KnownCount(row.GetInt64(0), until, isSqlite ? 0 : row.GetInt64(3), isSqlite ? "" : row.GetString(2));
    }

    private static async ValueTask<long> Last(HotSession session, string owner, CancellationToken cancellation) =>
        await session.Command(LastChange, owner).ExecuteScalarAsync(cancellation) is long last ? last : 0;

    private static async ValueTask<bool> HasUnseen(
        HotSession session, string owner, KnownCount known, CancellationToken cancellation) =>
        await session.Command(UnseenChange, owner, known.Position, known.Snapshot).ExecuteScalarAsync(cancellation) is true;

    private static string Key(ListStatements list)
    {
        var key = new StringBuilder(list.Count, list.Count.Length + 256);
        foreach (var (name, value) in list.Parameters.Values)
        {
            // A list that goes on behind a row has the same count.
            if (name != ReferralScope.NowParameter && !ReferralOrder.IsParameter(name))
                key.Append('\n').Append(name).Append('=').Append(value);
        }

        return key.ToString();
    }

    /// <summary>A count and what it was counted on.</summary>
    /// <param name="Number">Referrals over all pages.</param>
    /// <param name="HoldsUntil">When the first of them leaves the lists by itself (B29).</param>
    /// <param name="Position">The last row of the log on SQLite; on PostgreSQL the oldest transaction that ran then.</param>
    /// <param name="Snapshot">On PostgreSQL, which transactions the count saw.</param>
    private sealed record KnownCount(long Number, long HoldsUntil, long Position, string Snapshot);
}

using System.Data.Common;
using System.Diagnostics;
using System.Security.Cryptography;
using Tandem.Server.Engagements;
using static NpgsqlTypes.NpgsqlDbType;

namespace Tandem.Server.Storage;

/// <summary>A sealed link, and the row of the log that it names: null when that is gone, or cannot be read any more.</summary>
internal sealed record SealedChange(HistoryLink Link, LoggedChange? Change);

/// <summary>A row of the log, as far as the order of an engagement's changes needs it.</summary>
internal readonly record struct LoggedRow(long Sequence, Guid ReferralId, int Version);

/// <summary>How far an engagement's history was sealed at a moment.</summary>
/// <param name="Count">Links.</param>
/// <param name="Rows">The engagement's rows of the log, in the order of commits.</param>
/// <param name="Sealed">How many of them the sealing has passed.</param>
internal sealed record SealedHistory(int Count, IReadOnlyList<LoggedRow> Rows, int Sealed);

/// <summary>
/// Seals the change log behind the writes: a reader of the log, in the order of commits, that adds one link for each
/// change to the chain of its engagement. A write waits for no other one because of it.
/// </summary>
internal sealed class HistorySeals(HotDatabase database, ChangeLog log)
{
    public const string Reader = "seals";

    // Small enough that a writer who waits behind a batch does not notice.
    private const int Batch = 100;

    private static readonly HotSql Insert = new(
        "INSERT INTO history_seals (engagement_id, number, sequence, nonce, public_part, private_digest, hash) "
        + "VALUES ($1, $2, $3, $4, $5, $6, $7)", Uuid, Integer, Bigint, Bytea, Text, Bytea, Bytea);

    private const string LinkColumns = "s.number, s.sequence, s.nonce, s.public_part, s.private_digest, s.hash";
    private const int LinkColumnCount = 6;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    /// <summary>Seals what can be read of the log now, unless another node is at it.</summary>
    public async Task<int> SealAll(CancellationToken cancellation)
    {
        var all = 0;
        while (await SealSome(cancellation) is > 0 and var taken)
            all += taken;
        return all;
    }

    /// <summary>Seals the next changes; answers how many.</summary>
    public Task<int> SealSome(CancellationToken cancellation) => log.Consume(Reader, Batch, Seal, cancellation);

    /// <summary>
    /// Where the sealing of an engagement stands once all that was committed at the call is sealed, by this node or another
    /// one; at the latest after a time.
    /// </summary>
    public async Task<SealedHistory> CatchUp(Guid engagementId, TimeSpan longest, CancellationToken cancellation)
    {
        var history = await Of(engagementId, cancellation);
        var committed = history.Rows.Count;
        for (var started = Stopwatch.GetTimestamp(); history.Sealed < committed && Stopwatch.GetElapsedTime(started) < longest;)
        {
            // What is missing waits for another node, or for an older transaction.
            if (await SealAll(cancellation) == 0)
                await Task.Delay(BetweenLooks, cancellation);
            history = await Of(engagementId, cancellation);
        }

        return history;
    }

    /// <summary>Where the sealing of an engagement stands.</summary>
    public ValueTask<SealedHistory> Of(Guid engagementId, CancellationToken cancellation) =>
        database.Read(engagementId, static async (session, engagementId, cancellation) =>
        {
            var id = session.Database.Id(engagementId);
            var (count, position) = (0, LogPosition.Start);
            // One statement, one moment.
            var state = session.Command(
                "SELECT (SELECT MAX(number) FROM history_seals WHERE engagement_id = @engagement), "
                + "(SELECT transaction_id FROM log_readers WHERE name = @reader), (SELECT sequence FROM log_readers WHERE name = @reader)")
                .With("@engagement", id).With("@reader", Reader);
            await using (var row = await state.ExecuteReaderAsync(cancellation))
            {
                await row.ReadAsync(cancellation);
                if (!row.IsDBNull(0))
                    count = row.GetInt32(0);
                if (!row.IsDBNull(1))
                    position = new(row.GetInt64(1), row.GetInt64(2));
            }

            // By the referrals: the log has no index of engagements, which every write would pay for.
            var rows = session.Command(
                "SELECT c.transaction_id, c.sequence, c.referral_id, c.version FROM change_log c WHERE c.engagement_id = @engagement "
                + "AND c.referral_id IN (SELECT id FROM referrals WHERE engagement_id = @engagement) ORDER BY 1, 2")
                .With("@engagement", id);
            var history = new List<LoggedRow>();
            var passed = 0;
            await using var next = await rows.ExecuteReaderAsync(cancellation);
            while (await next.ReadAsync(cancellation))
            {
                var at = new LogPosition(next.GetInt64(0), next.GetInt64(1));
                history.Add(new(at.Sequence, next.GetGuid(2), next.GetInt32(3)));
                passed += at.CompareTo(position) <= 0 ? 1 : 0;
            }

            return new SealedHistory(count, history, passed);
        }, cancellation);

    /// <summary>The next links behind a number.</summary>
    public ValueTask<List<SealedChange>> Read(Guid engagementId, int after, int most, CancellationToken cancellation) =>
        database.Read((engagementId, after, most), static async (session, ask, cancellation) =>
        {
            var command = session.Command(
                $"SELECT {ChangeLog.Columns}, {LinkColumns} FROM history_seals s LEFT JOIN change_log c ON c.sequence = s.sequence "
                + "WHERE s.engagement_id = @engagement AND s.number > @after ORDER BY s.number LIMIT @most")
                .With("@engagement", session.Database.Id(ask.engagementId)).With("@after", ask.after).With("@most", ask.most);
            var links = new List<SealedChange>();
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                links.Add(new(ReadLink(row, row.FieldCount - LinkColumnCount), ReadChange(row)));
            return links;
        }, cancellation);

    // Stored with the reader's move from where it stood: a link is written once, whoever crashes or is at it as well.
    private async ValueTask<IReadOnlyList<HotStatement>> Seal(IReadOnlyList<LoggedChange> changes, CancellationToken cancellation)
    {
        var heads = await Heads(changes.Select(c => c.EngagementId).Distinct(), cancellation);
        var statements = new List<HotStatement>(changes.Count);
        foreach (var change in changes)
        {
            var (number, hash) = heads.GetValueOrDefault(change.EngagementId);
            var link = HistoryLink.Seal(change, number + 1, hash, RandomNumberGenerator.GetBytes(HistoryLink.NonceSize));
            heads[change.EngagementId] = (link.Number, link.Hash);
            statements.Add(new(Insert, false,
                change.EngagementId, link.Number, link.Sequence, link.Nonce, link.PublicPart, link.PrivateDigest, link.Hash));
        }

        return statements;
    }

    // The last link of each chain, found by its number: a long chain costs no more than a short one.
    private ValueTask<Dictionary<Guid, (int Number, byte[] Hash)>> Heads(IEnumerable<Guid> engagements, CancellationToken cancellation) =>
        database.Read(engagements, static async (session, engagements, cancellation) =>
        {
            var asked = session.Database.Kind == DatabaseKind.Postgres ? "unnest(@ids) AS e(value)" : "json_each(@ids) AS e";
            var command = session.Command(
                $"SELECT s.engagement_id, s.number, s.hash FROM {asked} CROSS JOIN history_seals s WHERE s.engagement_id = e.value "
                + "AND s.number = (SELECT MAX(m.number) FROM history_seals m WHERE m.engagement_id = e.value)")
                .With("@ids", session.Database.Ids(engagements));
            var heads = new Dictionary<Guid, (int, byte[])>();
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                heads.Add(row.GetGuid(0), (row.GetInt32(1), row.GetFieldValue<byte[]>(2)));
            return heads;
        }, cancellation);

    private static HistoryLink ReadLink(DbDataReader row, int first) => new(
        row.GetInt32(first), row.GetInt64(first + 1), row.GetFieldValue<byte[]>(first + 2), row.GetString(first + 3),
        row.GetFieldValue<byte[]>(first + 4), row.GetFieldValue<byte[]>(first + 5));

    private static LoggedChange? ReadChange(DbDataReader row)
    {
        if (row.IsDBNull(1))
            return null;
        try
        {
            return ChangeLog.ReadRow(row);
        }
        catch (Exception altered) when (altered is ArgumentException or FormatException or InvalidOperationException or InvalidCastException)
        {
            // Whoever writes into the log by hand may write anything.
            return null;
        }
    }
}

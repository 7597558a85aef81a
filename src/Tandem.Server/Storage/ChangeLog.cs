using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using NpgsqlTypes;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Organizations;
using Tandem.Server.Referrals;

namespace Tandem.Server.Storage;

/// <summary>A place in the change log. Places are in the order of commits.</summary>
internal readonly record struct LogPosition(long Transaction, long Sequence) : IComparable<LogPosition>
{
    public static LogPosition Start => default;

    public int CompareTo(LogPosition other) =>
        Transaction != other.Transaction ? Transaction.CompareTo(other.Transaction) : Sequence.CompareTo(other.Sequence);

    public static bool operator <(LogPosition left, LogPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(LogPosition left, LogPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(LogPosition left, LogPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(LogPosition left, LogPosition right) => left.CompareTo(right) >= 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Transaction}-{Sequence}");

    public static bool TryParse([NotNullWhen(true)] string? text, out LogPosition position)
    {
        position = default;
        if (text?.Split('-') is not [var first, var second]
            || !long.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var transaction)
            || !long.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
            return false;
        position = new(transaction, sequence);
        return true;
    }
}

/// <summary>One row of the log.</summary>
internal sealed record LoggedChange
{
    public required LogPosition Position { get; init; }

    public required Guid ReferralId { get; init; }

    public required Guid EngagementId { get; init; }

    /// <summary>Who owns the referral.</summary>
    public required string OrganizationId { get; init; }

    public required ReferralChangeKind Kind { get; init; }

    public required int Version { get; init; }

    public string? ETagBefore { get; init; }

    public required string ETagAfter { get; init; }

    public required DateTimeOffset ChangedAt { get; init; }

    public required ChangeAuthor Author { get; init; }

    public string? Via { get; init; }

    public required IReadOnlyList<string> Properties { get; init; }

    /// <summary>After the change, like the three behind it; null in rows of versions that did not note it.</summary>
    public string? Status { get; init; }

    public string? Substatus { get; init; }

    /// <summary>The customer's contacts may be shown to other parties, as long as the referral is not expired (B15).</summary>
    public bool? ContactsShared { get; init; }

    /// <summary>SHA-256 of the stored document.</summary>
    public byte[]? DocumentDigest { get; init; }
}

/// <summary>Whom the changes between two places of the log may concern.</summary>
/// <param name="End">The last place that was looked at.</param>
/// <param name="Owners">Organizations one of whose referrals changed.</param>
/// <param name="Parties">Organizations with a part in an engagement in which a referral changed.</param>
internal sealed record ConcernedParties(LogPosition End, IReadOnlySet<string> Owners, IReadOnlySet<string> Parties);

/// <summary>
/// Reads the change log in the order of commits. On SQLite the row number is that order. On PostgreSQL it is not: rows
/// carry their transaction, and readers stop before the oldest one that still runs, so that nothing that commits late is
/// ever skipped.
/// </summary>
internal sealed class ChangeLog(HotDatabase database)
{
    /// <summary>The columns of a <see cref="LoggedChange"/>, of <c>change_log c</c>.</summary>
    public const string Columns =
        "c.transaction_id, c.sequence, c.referral_id, c.engagement_id, c.organization_id, c.kind, c.version, c.etag_before, "
        + "c.etag_after, c.changed_at, c.actor_organization_id, c.actor_user_id, c.actor_name, c.actor_email, c.via, "
        + "c.properties, c.status, c.substatus, c.contacts_shared, c.document_digest";

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private static readonly HotSql AddReader = new(
        "INSERT INTO log_readers (name, transaction_id, sequence) VALUES ($1, 0, 0) ON CONFLICT (name) DO NOTHING",
        NpgsqlDbType.Text);

    private static readonly HotSql MoveReader = new(
        "UPDATE log_readers SET transaction_id = $2, sequence = $3 WHERE name = $1 AND transaction_id = $4 AND sequence = $5",
        NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint);

    private static readonly HotSql SkipReader = new(
        "UPDATE log_readers SET transaction_id = $2, sequence = $3 WHERE name = $1 AND (transaction_id, sequence) < ($2, $3)",
        NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint);

    private readonly string _settled = database.Kind == DatabaseKind.Postgres
        ? "transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        : "1 = 1";

    private volatile TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LogPosition _seen;

    /// <summary>The next changes behind a position.</summary>
    public ValueTask<List<LoggedChange>> ReadAfter(LogPosition after, int most, CancellationToken cancellation) =>
        database.Read((Log: this, after, most), static (session, ask, cancellation) =>
            ask.Log.ReadAfter(session, ask.after, ask.most, cancellation), cancellation);

    /// <summary>The position of the last change that can be read now.</summary>
    public ValueTask<LogPosition> End(CancellationToken cancellation) => Last(_settled, cancellation);

    /// <summary>
    /// The position of the last change that is committed now; on PostgreSQL it may be read only later, when the
    /// transactions that began before it have ended.
    /// </summary>
    public ValueTask<LogPosition> LastCommitted(CancellationToken cancellation) => Last("1 = 1", cancellation);

    /// <summary>Whom the next changes behind a position may concern; null when there are none.</summary>
    public ValueTask<ConcernedParties?> ConcernedAfter(LogPosition after, int most, CancellationToken cancellation) =>
        database.Read((_settled, after, most), static async (session, ask, cancellation) =>
        {
            var command = session.Command(
                "SELECT c.transaction_id, c.sequence, c.organization_id, p.organization_id, p.creator_organization_id, "
                + "p.shared_with_sellers FROM (SELECT transaction_id, sequence, organization_id, engagement_id FROM change_log "
                + $"WHERE (transaction_id, sequence) > (@transaction, @sequence) AND {ask._settled} "
                + "ORDER BY transaction_id, sequence LIMIT @most) AS c LEFT JOIN referrals p ON p.engagement_id = c.engagement_id")
                .With("@transaction", ask.after.Transaction).With("@sequence", ask.after.Sequence).With("@most", ask.most);
            var (end, owners, parties) = (ask.after, new HashSet<string>(), new HashSet<string>());
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                var position = new LogPosition(row.GetInt64(0), row.GetInt64(1));
                end = position > end ? position : end;
                owners.Add(row.GetString(2));
                if (row.IsDBNull(3))
                    continue;
                parties.Add(row.GetString(3));
                parties.Add(row.GetString(4));
                if (row.GetBoolean(5))
                    parties.Add(Organization.Microsoft);
            }

            return owners.Count == 0 ? null : new ConcernedParties(end, owners, parties);
        }, cancellation);

    /// <summary>Ends when there may be more to read than there was when it was asked for.</summary>
    public Task Moved => _next.Task;

    /// <summary>Ends at the next change by any node, and after a second at the latest: look, then wait again.</summary>
    public async Task Changed(CancellationToken cancellation)
    {
        using var longest = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        longest.CancelAfter(LongestWait);
        await _next.Task.WaitAsync(longest.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Wakes who waits: this node committed a change.</summary>
    public void Signal() =>
        Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Wakes who waits when there is more to read than last time.</summary>
    public async ValueTask Look(CancellationToken cancellation)
    {
        var end = await End(cancellation);
        if (end == _seen)
            return;
        _seen = end;
        Signal();
    }

    /// <summary>
    /// Lets a named reader take the next changes. What follows from them is worked out first and stored then, in the
    /// transaction that moves its position, so that a database with one writer is not held up by the thinking. Of
    /// several nodes that take the same changes one stores; the work of the others is dropped.
    /// </summary>
    /// <returns>How many changes it took.</returns>
    public async Task<int> Consume(
        string reader, int most,
        Func<IReadOnlyList<LoggedChange>, CancellationToken, ValueTask<IReadOnlyList<HotStatement>>> prepare,
        CancellationToken cancellation)
    {
        var position = await Begin(reader, cancellation);
        var changes = await ReadAfter(position, most, cancellation);
        if (changes.Count == 0)
            return 0;
        var end = changes[^1].Position;
        var statements = await prepare(changes, cancellation);
        return await Move(reader, position, end, statements, cancellation) ? changes.Count : 0;
    }

    /// <summary>How far a named reader has come; one that is new begins at the start.</summary>
    public async ValueTask<LogPosition> Begin(string reader, CancellationToken cancellation)
    {
        if (await Position(reader, cancellation) is { } position)
            return position;
        await database.Write([new(AddReader, false, reader)], cancellation);
        return LogPosition.Start;
    }

    /// <summary>
    /// Stores what follows from a named reader's move from one place to the next; false, and nothing, when another node
    /// has moved it.
    /// </summary>
    public Task<bool> Move(
        string reader, LogPosition from, LogPosition to, IReadOnlyList<HotStatement> statements, CancellationToken cancellation) =>
        database.Write(
            [new(MoveReader, true, reader, to.Transaction, to.Sequence, from.Transaction, from.Sequence), .. statements], cancellation);

    /// <summary>Moves a named reader to an end of the log: there is nothing for it in what it has not read.</summary>
    public async Task Skip(string reader, LogPosition end, CancellationToken cancellation)
    {
        if (await Position(reader, cancellation) is { } position && position.CompareTo(end) >= 0)
            return;
        await database.Write([new(AddReader, false, reader), new(SkipReader, false, reader, end.Transaction, end.Sequence)], cancellation);
    }

    private ValueTask<LogPosition> Last(string condition, CancellationToken cancellation) =>
        database.Read(condition, static async (session, condition, cancellation) =>
        {
            var command = session.Command(
                $"SELECT transaction_id, sequence FROM change_log WHERE {condition} "
                + "ORDER BY transaction_id DESC, sequence DESC LIMIT 1");
            await using var row = await command.ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation) ? new LogPosition(row.GetInt64(0), row.GetInt64(1)) : LogPosition.Start;
        }, cancellation);

    /// <summary>How far a named reader has come; null when it has not begun.</summary>
    public ValueTask<LogPosition?> Position(string reader, CancellationToken cancellation) =>
        database.Read(reader, static async (session, reader, cancellation) =>
        {
            await using var row = await session.Command("SELECT transaction_id, sequence FROM log_readers WHERE name = @name")
                .With("@name", reader).ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation) ? new LogPosition(row.GetInt64(0), row.GetInt64(1)) : (LogPosition?)null;
        }, cancellation);

    private async ValueTask<List<LoggedChange>> ReadAfter(
        HotSession session, LogPosition after, int most, CancellationToken cancellation)
    {
        var command = session.Command(
            $"SELECT {Columns} FROM change_log c WHERE (transaction_id, sequence) > (@transaction, @sequence) AND {_settled} "
            + "ORDER BY transaction_id, sequence LIMIT @most")
            .With("@transaction", after.Transaction).With("@sequence", after.Sequence).With("@most", most);
        var changes = new List<LoggedChange>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            changes.Add(ReadRow(row));
        return changes;
    }

    /// <summary>Reads a row that begins with <see cref="Columns"/>.</summary>
    public static LoggedChange ReadRow(DbDataReader row) => new()
    {
        Position = new(row.GetInt64(0), row.GetInt64(1)),
        ReferralId = row.GetGuid(2),
        EngagementId = row.GetGuid(3),
        OrganizationId = row.GetString(4),
        Kind = Enum.Parse<ReferralChangeKind>(row.GetString(5)),
        Version = row.GetInt32(6),
        ETagBefore = row.IsDBNull(7) ? null : row.GetString(7),
        ETagAfter = row.GetString(8),
        ChangedAt = WireTime.FromUnixMicroseconds(row.GetInt64(9)),
        Author = new(
            row.IsDBNull(10) ? null : row.GetString(10), row.IsDBNull(11) ? null : row.GetGuid(11), row.GetString(12),
            row.IsDBNull(13) ? null : row.GetString(13)),
        Via = row.IsDBNull(14) ? null : row.GetString(14),
        Properties = PropertyPath.Split(new HotRow(row).Utf8(15)),
        Status = row.IsDBNull(16) ? null : row.GetString(16),
        Substatus = row.IsDBNull(17) ? null : row.GetString(17),
        ContactsShared = row.IsDBNull(18) ? null : row.GetBoolean(18),
        DocumentDigest = row.IsDBNull(19) ? null : row.GetFieldValue<byte[]>(19),
    };
}

using System.Data.Common;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using NpgsqlTypes;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Http;
using Tandem.Server.Referrals;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Referrals.Reports;
using static NpgsqlTypes.NpgsqlDbType;

namespace Tandem.Server.Storage;

/// <summary>What became of a write.</summary>
internal enum WriteResult
{
    /// <summary>Stored, and on disk.</summary>
    Stored,

    /// <summary>Another request changed one of the referrals first; read again and decide again.</summary>
    Overtaken,

    /// <summary>The owner already has an open referral in the engagement (R92).</summary>
    AlreadyExists,

    /// <summary>The idempotency key was used meanwhile; its first answer is there.</summary>
    Repeated,
}

/// <summary>The first answer to a POST with an idempotency key.</summary>
internal sealed record FirstAnswer(string Key, string RequestDigest, int Status, string? Location, string Body);

/// <summary>
/// Reads and writes the hot tables with prepared SQL. A stored change is two writes in one transaction: the document with
/// its promoted columns, and one row in the change log.
/// </summary>
internal sealed class ReferralStore(
    HotDatabase database, ChangeLog log, KnownCounts counts, TimeProvider clock, IOptions<TandemOptions> options)
{
    /// <summary>The columns of a <see cref="StoredReferral"/>, of <c>referrals r</c>.</summary>
    public const string Facts =
        "r.id, r.engagement_id, r.organization_id, r.version, r.status, r.substatus, r.type, r.mpn_id, "
        + "r.creator_organization_id, r.creator_user_id, r.is_lead, r.archives_at, r.expires_at, r.reminds_at, "
        + "r.shared_with_sellers, r.updated_at, r.document";

    private static readonly TimeSpan IdempotencyTime = TimeSpan.FromHours(24);

    internal static readonly HotSql ById = new($"SELECT {Facts} FROM referrals r WHERE r.id = $1", Uuid);

    internal static readonly HotSql EngagementById = new(
        $"SELECT {Facts} FROM referrals r WHERE r.engagement_id = $1 ORDER BY r.created_at, r.id", Uuid);

    internal static readonly HotSql EngagementOf = new(
        $"SELECT {Facts} FROM referrals r WHERE r.engagement_id = (SELECT engagement_id FROM referrals WHERE id = $1) "
        + "ORDER BY r.created_at, r.id", Uuid);

    // The promoted columns, in the order of Promoted.
    internal static readonly (string Name, NpgsqlDbType Type)[] Columns =
    [
        ("id", Uuid), ("engagement_id", Uuid), ("organization_id", Text), ("version", Integer), ("status", Text),
        ("substatus", Text), ("type", Text), ("qualification", Text), ("direction", Text), ("created_at", Bigint),
        ("updated_at", Bigint), ("expires_at", Bigint), ("accepted_at", Bigint), ("closed_at", Bigint),
        ("closing_at", Bigint), ("external_reference_id", Text), ("name", Text), ("customer_name", Text),
        ("country", Text), ("deal_value", NpgsqlDbType.Double), ("currency", Text), ("mpn_id", Text), ("sales_stage", Text),
        ("campaign_id", Text), ("registration_status", Text), ("favorite", NpgsqlDbType.Boolean), ("invited_by", Text),
        ("shared_with_sellers", NpgsqlDbType.Boolean), ("contacts_shared", NpgsqlDbType.Boolean),
        ("creator_organization_id", Text), ("creator_user_id", Uuid), ("is_lead", NpgsqlDbType.Boolean),
        ("archives_at", Bigint), ("reminds_at", Bigint), ("document", Text), ("solutions", Text),
    ];

    internal static readonly HotSql Insert = InsertInto("referrals", Columns);

    internal static readonly HotSql CompareAndSet = new(
        $"UPDATE referrals SET {string.Join(", ", Columns.Skip(1).Select((c, i) => $"{c.Name} = {Place(c.Name, i + 2)}"))} "
        + $"WHERE id = $1 AND version = ${Columns.Length + 1}",
        [.. Columns.Select(c => c.Type), Integer]);

    private static readonly HotSql Reminded = new(
        "UPDATE referrals SET reminds_at = NULL WHERE id = $1 AND version = $2 AND reminds_at IS NOT NULL", Uuid, Integer);

    private static readonly HotSql DeleteMembers = new("DELETE FROM referral_members WHERE referral_id = $1", Uuid);

    internal static readonly HotSql InsertMember = InsertInto(
        "referral_members", ("referral_id", Uuid), ("side", Integer), ("position", Integer), ("email", Text));

    internal static readonly HotSql AppendToLog = InsertInto(
        "change_log", ("referral_id", Uuid), ("engagement_id", Uuid), ("organization_id", Text), ("kind", Text),
        ("version", Integer), ("etag_before", Text), ("etag_after", Text), ("changed_at", Bigint),
        ("actor_organization_id", Text), ("actor_user_id", Uuid), ("actor_name", Text), ("actor_email", Text),
        ("via", Text), ("properties", Text), ("status", Text), ("substatus", Text),
        ("contacts_shared", NpgsqlDbType.Boolean), ("document_digest", Bytea),
        ("lost_by", Text));

    private static readonly HotSql ForgetAnswer = new(
        "DELETE FROM idempotency_keys WHERE key = $1 AND created_at <= $2", Text, Bigint);

    private static readonly HotSql RememberAnswer = InsertInto(
        "idempotency_keys", ("key", Text), ("request_digest", Text), ("status", Integer), ("location", Text),
        ("body", Text), ("created_at", Bigint));

    public HotDatabase Database => database;

    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <param name="document">Holds the document that is found, which is good as long as the buffer is; an array of its own if null.</param>
    public ValueTask<StoredReferral?> Find(Guid id, CancellationToken cancellation, PooledBuffer? document = null) =>
        database.Read((id, document), static async (session, ask, cancellation) =>
        {
            await using var row = await session.Command(ById, ask.id).ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation) ? ReadRow(row, ask.document) : null;
        }, cancellation);

    /// <summary>The engagement of a referral, in one query; null when there is no such referral.</summary>
    public ValueTask<Engagement?> FindEngagementOf(Guid referralId, CancellationToken cancellation) =>
        ReadEngagement(EngagementOf, referralId, cancellation);

    public ValueTask<Engagement?> FindEngagement(Guid engagementId, CancellationToken cancellation) =>
        ReadEngagement(EngagementById, engagementId, cancellation);

    /// <summary>Several engagements at once, by their ids.</summary>
    public async ValueTask<Dictionary<Guid, Engagement>> FindEngagements(
        IReadOnlyCollection<Guid> ids, CancellationToken cancellation) =>
        (await database.Read(ids, static async (session, ids, cancellation) =>
        {
            var command = session.Command(
                $"SELECT {Facts} FROM referrals r WHERE r.engagement_id {session.Database.Among("@ids")} ORDER BY r.created_at, r.id")
                .With("@ids", session.Database.Ids(ids));
            return await ReadRows(command, cancellation);
        }, cancellation)).GroupBy(r => r.EngagementId).ToDictionary(e => e.Key, e => new Engagement(e.Key, [.. e]));

    /// <summary>Which of some referrals match a filter as the caller sees them, other parties' included.</summary>
    public ValueTask<HashSet<Guid>> Matching(
        ReferralFilter filter, Identity.Caller caller, IEnumerable<Guid> ids, long now, CancellationToken cancellation) =>
        database.Read((filter, caller, ids, now), static async (session, ask, cancellation) =>
        {
            var dialect = QueryDialect.Of(session.Database.Kind);
            var parameters = new SqlParameters(dialect);
            var scope = ReferralScope.Of(ask.caller, true, ask.now, parameters);
            parameters.Add(ask.filter.Parameters(dialect));
            var condition = ask.filter.SqlAcrossParties(dialect);
            if (condition.Contains(FilterSql.CallerParameter, StringComparison.Ordinal))
                parameters.Add([new(FilterSql.CallerParameter, ask.caller.OrganizationId)]);
            var command = Fill(session.Command(
                $"SELECT r.id FROM referrals r WHERE r.id {session.Database.Among("@ids")} AND {scope} AND {condition}"), parameters)
                .With("@ids", session.Database.Ids(ask.ids));
            var matching = new HashSet<Guid>();
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                matching.Add(row.GetGuid(0));
            return matching;
        }, cancellation);

    /// <summary>Unanswered referrals whose time is up (B26), oldest first.</summary>
    public ValueTask<List<StoredReferral>> Overdue(DateTimeOffset now, int most, CancellationToken cancellation) =>
        ReadDue("r.expires_at", now, most, cancellation);

    /// <summary>Referrals whose receiver is to be reminded (B28), oldest first.</summary>
    public ValueTask<List<StoredReferral>> DueReminders(DateTimeOffset now, int most, CancellationToken cancellation) =>
        ReadDue("r.reminds_at", now, most, cancellation);

    /// <summary>Unanswered referrals whose time is up within a stretch of time, oldest first.</summary>
    public ValueTask<List<StoredReferral>> Expiring(
        DateTimeOffset after, DateTimeOffset until, int most, CancellationToken cancellation) =>
        database.Read((after, until, most), static async (session, ask, cancellation) =>
        {
            var command = session.Command(
                $"SELECT {Facts} FROM referrals r WHERE r.expires_at IS NOT NULL AND r.expires_at > @after "
                + "AND r.expires_at <= @until AND r.status = 'New' ORDER BY r.expires_at LIMIT @most")
                .With("@after", WireTime.ToUnixMicroseconds(ask.after)).With("@until", WireTime.ToUnixMicroseconds(ask.until))
                .With("@most", ask.most);
            return await ReadRows(command, cancellation);
        }, cancellation);

    /// <summary>Reads a page of a list, handing each row over as the database holds it.</summary>
    /// <exception cref="QueryTimeoutException">The database looked for too long.</exception>
    public async ValueTask<ListPage> List(
        ListStatements statements, bool count, IListWriter writer, CancellationToken cancellation)
    {
        using var limit = new QueryLimit(options.Value.QueryTimeout, cancellation);
        try
        {
            return await ReadPage(statements, count, writer, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsReached)
        {
            throw limit.Reached;
        }
    }

    /// <summary>Counts the referrals of the caller's organization that match, and adds up their values.</summary>
    /// <exception cref="QueryTimeoutException">The database looked for too long.</exception>
    public async ValueTask<List<ReferralTotal>> Totals(
        ReferralFilter? filter, string? partner, Identity.Caller caller, long now, CancellationToken cancellation)
    {
        using var limit = new QueryLimit(options.Value.QueryTimeout, cancellation);
        try
        {
            return await database.ReadAside((filter, partner, caller, now), ReadTotals, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsReached)
        {
            throw limit.Reached;
        }
    }

    /// <summary>A referral's changes before a position, newest first.</summary>
    public ValueTask<List<ReferralHistoryEntry>> History(
        Guid referralId, long before, int most, CancellationToken cancellation) =>
        database.ReadAside((referralId, before, most), static async (session, ask, cancellation) =>
        {
            var command = session.Command(
                "SELECT sequence, kind, changed_at, actor_organization_id, actor_name, actor_email, via, properties, "
                + "etag_before, etag_after FROM change_log WHERE referral_id = @id AND sequence < @before "
                + "ORDER BY sequence DESC LIMIT @most")
                .With("@id", session.Database.Id(ask.referralId)).With("@before", ask.before).With("@most", ask.most);
            var entries = new List<ReferralHistoryEntry>();
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                entries.Add(new ReferralHistoryEntry
                {
                    Sequence = row.GetInt64(0),
                    Kind = Enum.Parse<ReferralChangeKind>(row.GetString(1)),
                    ChangedDateTime = WireTime.FromUnixMicroseconds(row.GetInt64(2)),
                    ChangedBy = new ReferralChangeAuthor
                    {
                        OrganizationId = TextOrNull(row, 3),
                        Name = row.GetString(4),
                        Email = TextOrNull(row, 5),
                    },
                    Via = TextOrNull(row, 6),
                    Properties = [.. PropertyPath.Split(new HotRow(row).Utf8(7))],
                    ETagBefore = TextOrNull(row, 8),
                    ETagAfter = row.GetString(9),
                });
            }

            return entries;
        }, cancellation);

    public ValueTask<FirstAnswer?> FindFirstAnswer(string key, CancellationToken cancellation) =>
        database.Read((key, Since: WireTime.ToUnixMicroseconds(clock.GetUtcNow() - IdempotencyTime)), static async (session, ask, cancellation) =>
        {
            var command = session.Command(
                "SELECT request_digest, status, location, body FROM idempotency_keys WHERE key = @key AND created_at > @since")
                .With("@key", ask.key).With("@since", ask.Since);
            await using var row = await command.ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation)
                ? new FirstAnswer(ask.key, row.GetString(0), row.GetInt32(1), TextOrNull(row, 2), row.GetString(3))
                : null;
        }, cancellation);

    public Task<bool> ForgetOldAnswers(CancellationToken cancellation) =>
        database.Write(async (session, cancellation) =>
        {
            await session.Command("DELETE FROM idempotency_keys WHERE created_at <= @since")
                .With("@since", WireTime.ToUnixMicroseconds(clock.GetUtcNow() - IdempotencyTime))
                .ExecuteNonQueryAsync(cancellation);
            return true;
        }, cancellation);

    /// <summary>Stores all changes or none.</summary>
    /// <param name="prepared">The changes, as <see cref="PreparedChange.Of"/> made them.</param>
    /// <param name="answer">What to answer when the same POST comes again.</param>
    public Task<WriteResult> Write(
        IReadOnlyList<PreparedChange> prepared, FirstAnswer? answer, CancellationToken cancellation) =>
        Write(prepared, answer, null, cancellation);

    /// <param name="prepared">The changes.</param>
    /// <param name="answer">What to answer when the same POST comes again.</param>
    /// <param name="beside">Another statement of the same transaction.</param>
    public async Task<WriteResult> Write(
        IReadOnlyList<PreparedChange> prepared, FirstAnswer? answer, HotStatement? beside, CancellationToken cancellation)
    {
        try
        {
            var statements = new List<HotStatement>(prepared.Count * 3);
            foreach (var change in prepared)
                AddChange(statements, change);
            if (answer is not null)
                statements.AddRange(Remembering(answer));
            if (beside is not null)
                statements.Add(beside);
            var kept = await database.Write(statements, cancellation);
            if (kept)
                log.Signal();
            return kept ? WriteResult.Stored : WriteResult.Overtaken;
        }
        catch (UniqueViolationException violation)
        {
            return violation.Table == "idempotency_keys" ? WriteResult.Repeated : WriteResult.AlreadyExists;
        }
    }

    private static HotSql InsertInto(string table, params (string Name, NpgsqlDbType Type)[] columns) => new(
        $"INSERT INTO {table} ({string.Join(", ", columns.Select(c => c.Name))}) "
        + $"VALUES ({string.Join(", ", columns.Select((c, i) => Place(c.Name, i + 1)))})",
        [.. columns.Select(c => c.Type)]);

    // A document is handed over as the UTF-8 that it is. SQLite's driver takes bytes for a blob.
    private static string Place(string column, int number) => column == "document" ? $"CAST(${number} AS TEXT)" : $"${number}";

    private static void AddChange(List<HotStatement> statements, PreparedChange prepared)
    {
        var (change, referral) = (prepared.Change, prepared.Change.After);
        if (!prepared.ChangesDocument)
            statements.Add(new(Reminded, true, referral.Id, change.Before!.Version));
        else if (change.Before is null)
            statements.Add(new(Insert, false, Promoted(prepared)));
        else
            statements.Add(new(CompareAndSet, true, [.. Promoted(prepared), change.Before.Version]));

        if (prepared.ChangesMembers)
        {
            if (change.Before is not null)
                statements.Add(new(DeleteMembers, false, referral.Id));
            AddMembers(statements, referral.Id, ReferralMemberRow.TeamSide, referral.Team);
            AddMembers(statements, referral.Id, ReferralMemberRow.CustomerSide, referral.CustomerProfile.Team);
        }

        statements.Add(new(AppendToLog, false,
            referral.Id, referral.EngagementId, referral.OrganizationId, change.Kind.ToString(), prepared.Version,
            change.Before?.ETag, referral.ETag, WireTime.ToUnixMicroseconds(prepared.At), change.Author.OrganizationId,
            change.Author.UserId, change.Author.Name, change.Author.Email, change.Via, string.Join(' ', change.Properties),
            referral.Status.ToString(), referral.Substatus.ToString(), Visibility.SharesContacts(referral),
            prepared.DocumentDigest, LostBy(change)));
    }

    private static object?[] Promoted(PreparedChange prepared)
    {
        var (change, r) = (prepared.Change, prepared.Change.After);
        var category = Category(change);
        return
        [
            r.Id, r.EngagementId, r.OrganizationId, prepared.Version, r.Status.ToString(),
            r.Substatus.ToString(), r.Type.ToString(), r.Qualification.ToString(), r.Direction.ToString(),
            Time(r.CreatedDateTime), Time(r.UpdatedDateTime), Time(r.ExpirationDateTime), Time(r.AcceptedDateTime),
            Time(r.ClosedDateTime), Time(r.Details.ClosingDateTime), Fold(r.ExternalReferenceId), Fold(r.Name),
            Fold(r.CustomerProfile.Name), Fold(r.CustomerProfile.Address.Country), (double?)r.Details.DealValue,
            Fold(r.Details.Currency), Fold(r.MpnId), Fold(r.SalesStage), Fold(r.CampaignId),
            r.RegistrationStatus.ToString(), r.Favorite, Fold(r.InviteContext.InvitedBy.OrganizationId),
            r.Consent.ConsentToShareReferralWithMicrosoftSellers, Visibility.SharesContacts(r),
            change.CreatorOrganizationId, change.CreatorUserId, category != ReferralCategory.CosellOpportunity,
            category == ReferralCategory.MarketplaceLead ? Time(r.CreatedDateTime.AddMonths(6)) : null,
            Time(change.RemindsAt), prepared.Document,
            JsonSerializer.Serialize(r.Details.Requirements.Solutions, ReferralJson.Wire.ListSolutionTag),
        ];
    }

    private static ReferralCategory Category(ReferralChange change) =>
        change.CreatorOrganizationId == change.After.OrganizationId ? ReferralCategory.CosellOpportunity : DealKinds.CategoryOf(change.After);

    private static string? LostBy(ReferralChange change)
    {
        if (change.Before is not { } before)
            return null;
        var lost = new List<string?>();
        if (change.Properties.Contains("team"))
        {
            lost.AddRange(before.Read().Team.Select(m => Fold(m.Email))
                .Except(change.After.Team.Select(m => Fold(m.Email))).Where(e => !string.IsNullOrEmpty(e)));
        }

        // Admins of a location do not see its leads (B4).
        if (!before.IsLead && before.MpnId is { } location && Category(change) != ReferralCategory.CosellOpportunity)
            lost.Add(Fold(location));
        return lost.Count == 0 ? null : $"\n{string.Join('\n', lost)}\n";
    }

    private static void AddMembers(List<HotStatement> statements, Guid id, int side, List<Member> members)
    {
        for (var i = 0; i < members.Count; i++)
        {
            if (!string.IsNullOrEmpty(members[i].Email))
                statements.Add(new(InsertMember, false, id, side, i, Fold(members[i].Email)));
        }
    }

    /// <summary>The statements that remember an answer, also where an older one of the same key is not forgotten yet.</summary>
    public IReadOnlyList<HotStatement> Remembering(FirstAnswer answer)
    {
        var now = clock.GetUtcNow();
        return
        [
            new(ForgetAnswer, false, answer.Key, WireTime.ToUnixMicroseconds(now - IdempotencyTime)),
            new(RememberAnswer, false,
                answer.Key, answer.RequestDigest, answer.Status, answer.Location, answer.Body, WireTime.ToUnixMicroseconds(now)),
        ];
    }

    private ValueTask<ListPage> ReadPage(
        ListStatements statements, bool count, IListWriter writer, CancellationToken cancellation) =>
        database.ReadAside((counts, statements, count, writer), static async (session, ask, cancellation) =>
        {
            var (statements, page) = (ask.statements, ask.statements.Page);
            long? count = ask.count ? await ask.counts.Of(session, statements, cancellation) : null;
            // A replica that gave up half-way is followed by the primary.
            ask.writer.Begin(count);
            if (count == 0)
                return new ListPage(0, null);
            if (statements.PageOfFew is not null && statements.CountOfFew is not null)
            {
                var found = count ?? (long)(await Fill(session.Command(statements.CountOfFew), statements.Parameters)
                    .ExecuteScalarAsync(cancellation))!;
                page = found <= ListStatements.MostOfFew ? statements.PageOfFew : page;
            }

            IReadOnlyList<object?>? last = null;
            var shown = 0;
            await using var reader = await Fill(session.Command(page), statements.Parameters).ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                if (shown == statements.PageSize)
                    return new ListPage(shown, last);
                ask.writer.Write(new ListedReferral(new HotRow(reader)));
                if (++shown == statements.PageSize)
                    last = statements.Order.ReadPosition(reader, ListedReferral.Columns);
            }

            return new ListPage(shown, null);
        }, cancellation);

    private static async ValueTask<List<ReferralTotal>> ReadTotals(
        HotSession session, (ReferralFilter? Filter, string? Partner, Identity.Caller Caller, long Now) ask, CancellationToken cancellation)
    {
        const string Group = "r.status, r.substatus, r.sales_stage, r.currency";
        var dialect = QueryDialect.Of(session.Database.Kind);
        var parameters = new SqlParameters(dialect);
        var condition = ReferralScope.OfOwn(ask.Caller, ask.Filter, ask.Partner, ask.Now, dialect, parameters);
        var totals = new List<ReferralTotal>();
        await using var row = await Fill(session.Command(
            $"SELECT {Group}, COUNT(*), {dialect.Sum("r.deal_value")} FROM referrals r WHERE {condition} GROUP BY {Group} ORDER BY {Group}"), parameters)
            .ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            totals.Add(new ReferralTotal
            {
                Status = Enum.Parse<ReferralStatus>(row.GetString(0)),
                Substatus = Enum.Parse<ReferralSubstatus>(row.GetString(1)),
                SalesStage = Report.Stage(TextOrNull(row, 2)),
                Currency = TextOrNull(row, 3)?.ToUpperInvariant(),
                Count = row.GetInt64(4),
                DealValue = Report.Plain(row.GetDecimal(5)),
            });
        }

        return totals;
    }

    private ValueTask<Engagement?> ReadEngagement(HotSql sql, Guid id, CancellationToken cancellation) =>
        database.Read((sql, id), static async (session, ask, cancellation) =>
        {
            var referrals = await ReadRows(session.Command(ask.sql, ask.id), cancellation);
            return referrals.Count == 0 ? null : new Engagement(referrals[0].EngagementId, referrals);
        }, cancellation);

    private ValueTask<List<StoredReferral>> ReadDue(string column, DateTimeOffset now, int most, CancellationToken cancellation) =>
        database.Read((column, now, most), static async (session, ask, cancellation) =>
        {
            var command = session.Command(
                $"SELECT {Facts} FROM referrals r WHERE {ask.column} IS NOT NULL AND {ask.column} <= @now AND r.status = 'New' "
                + $"ORDER BY {ask.column} LIMIT @most")
                .With("@now", WireTime.ToUnixMicroseconds(ask.now)).With("@most", ask.most);
            return await ReadRows(command, cancellation);
        }, cancellation);

    private static async ValueTask<List<StoredReferral>> ReadRows(DbCommand command, CancellationToken cancellation)
    {
        var referrals = new List<StoredReferral>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            referrals.Add(ReadRow(row));
        return referrals;
    }

    private static StoredReferral ReadRow(DbDataReader reader, PooledBuffer? document = null)
    {
        var row = new HotRow(reader);
        document?.Write(row.Utf8(16));
        return new()
        {
            Id = row.Guid(0),
            EngagementId = row.Guid(1),
            OrganizationId = row.Text(2),
            Version = row.Int32(3),
            Status = row.Enumeration<ReferralStatus>(4),
            Substatus = row.Enumeration<ReferralSubstatus>(5),
            Type = row.Enumeration<ReferralType>(6),
            MpnId = row.TextOrNull(7),
            CreatorOrganizationId = row.Text(8),
            CreatorUserId = row.Guid(9),
            IsLead = row.Boolean(10),
            ArchivesAt = TimeOrNull(row, 11),
            ExpiresAt = TimeOrNull(row, 12),
            RemindsAt = TimeOrNull(row, 13),
            SharedWithSellers = row.Boolean(14),
            UpdatedAt = WireTime.FromUnixMicroseconds(row.Int64(15)),
            Document = document?.Written ?? row.Utf8(16).ToArray(),
        };
    }

    internal static DbCommand Fill(DbCommand command, SqlParameters parameters)
    {
        foreach (var (name, value) in parameters.Values)
            command.With(name, value);

        return command;
    }

    private static string? TextOrNull(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset? TimeOrNull(HotRow row, int column) =>
        row.IsNull(column) ? null : WireTime.FromUnixMicroseconds(row.Int64(column));

    private static long? Time(DateTimeOffset? time) => time is { } value ? WireTime.ToUnixMicroseconds(value) : null;

    // Comparison ignores case, in every language alike and on both databases: the columns hold the folded text.
    private static string? Fold(string? text) => text?.ToLowerInvariant();
}

/// <summary>A change ready to be stored: with its version, time, tag and bytes.</summary>
internal sealed class PreparedChange
{
    private PreparedChange(ReferralChange change) => Change = change;

    public ReferralChange Change { get; }

    public int Version { get; private init; }

    public DateTimeOffset At { get; private init; }

    /// <summary>False for a reminder, which leaves only its row in the log.</summary>
    public bool ChangesDocument { get; private init; }

    public bool ChangesMembers { get; private init; }

    /// <summary>UTF-8 JSON.</summary>
    public byte[] Document { get; private init; } = [];

    /// <summary>SHA-256 of what is stored once the change is, for the history that can be proven.</summary>
    public byte[] DocumentDigest => SHA256.HashData(ChangesDocument ? Document : Change.Before!.Document.Span);

    /// <summary>Stamps the new document; its time is later than the one before, however fast the clock (R84).</summary>
    public static PreparedChange Of(ReferralChange change, DateTimeOffset now)
    {
        var referral = change.After;
        if (change.Kind == ReferralChangeKind.ReminderDue)
            return new(change) { Version = change.Before!.Version, At = now };

        var version = change.Version;
        var at = change.Before is { } before && now <= before.UpdatedAt ? before.UpdatedAt.AddMicroseconds(1) : now;
        referral.UpdatedDateTime = at;
        referral.ETag = EntityTag.Of(version, at);
        return new(change)
        {
            Version = version,
            At = at,
            ChangesDocument = true,
            ChangesMembers = change.Before is null || change.Properties.Any(p => p is "team" or "customerProfile.team"),
            Document = JsonSerializer.SerializeToUtf8Bytes(referral, ReferralJson.Wire.Referral),
        };
    }
}

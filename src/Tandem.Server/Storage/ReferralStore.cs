using System.Data.Common;
using System.Text;
using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Http;
using Tandem.Server.Referrals;
using Tandem.Server.Referrals.Query;

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
internal sealed class ReferralStore(HotDatabase database, ChangeLog log, TimeProvider clock)
{
    /// <summary>The columns of a <see cref="StoredReferral"/>, of <c>referrals r</c>.</summary>
    public const string Facts =
        "r.id, r.engagement_id, r.organization_id, r.version, r.status, r.substatus, r.type, r.mpn_id, "
        + "r.creator_organization_id, r.creator_user_id, r.is_lead, r.archives_at, r.expires_at, r.reminds_at, "
        + "r.shared_with_sellers, r.updated_at, r.document";

    private const string Columns =
        "engagement_id, organization_id, version, status, substatus, type, qualification, direction, created_at, "
        + "updated_at, expires_at, accepted_at, closed_at, closing_at, external_reference_id, name, customer_name, country, "
        + "deal_value, currency, mpn_id, sales_stage, campaign_id, registration_status, favorite, invited_by, "
        + "shared_with_sellers, contacts_shared, creator_organization_id, creator_user_id, is_lead, archives_at, reminds_at, "
        + "document";

    private static readonly TimeSpan IdempotencyTime = TimeSpan.FromHours(24);

    private static readonly string Insert =
        $"INSERT INTO referrals (id, {Columns}) VALUES (@id, {string.Join(", ", Columns.Split(", ").Select(c => "@" + c))})";

    private static readonly string CompareAndSet =
        $"UPDATE referrals SET {string.Join(", ", Columns.Split(", ").Select(c => $"{c} = @{c}"))} WHERE id = @id AND version = @before";

    public HotDatabase Database => database;

    public ValueTask<StoredReferral?> Find(Guid id, CancellationToken cancellation) =>
        database.Read(id, static async (session, id, cancellation) =>
        {
            var command = session.Command($"SELECT {Facts} FROM referrals r WHERE r.id = @id").With("@id", session.Database.Id(id));
            await using var row = await command.ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation) ? ReadRow(row) : null;
        }, cancellation);

    /// <summary>The engagement of a referral, in one query; null when there is no such referral.</summary>
    public ValueTask<Engagement?> FindEngagementOf(Guid referralId, CancellationToken cancellation) =>
        ReadEngagement("r.engagement_id = (SELECT engagement_id FROM referrals WHERE id = @id)", referralId, cancellation);

    public ValueTask<Engagement?> FindEngagement(Guid engagementId, CancellationToken cancellation) =>
        ReadEngagement("r.engagement_id = @id", engagementId, cancellation);

    /// <summary>Unanswered referrals whose time is up (B26), oldest first.</summary>
    public ValueTask<List<StoredReferral>> Overdue(DateTimeOffset now, int most, CancellationToken cancellation) =>
        ReadDue("r.expires_at", now, most, cancellation);

    /// <summary>Referrals whose receiver is to be reminded (B28), oldest first.</summary>
    public ValueTask<List<StoredReferral>> DueReminders(DateTimeOffset now, int most, CancellationToken cancellation) =>
        ReadDue("r.reminds_at", now, most, cancellation);

    /// <summary>A page of a list and, if asked for, the number of all matches.</summary>
    public ValueTask<ListPage> List(ListStatements statements, bool count, CancellationToken cancellation) =>
        database.Read((statements, count), static async (session, ask, cancellation) =>
        {
            var statements = ask.statements;
            var facts = Facts.Split(", ").Length;
            var rows = new List<ListedReferral>();
            await using (var row = await Fill(session.Command(statements.Page), statements.Parameters).ExecuteReaderAsync(cancellation))
            {
                while (await row.ReadAsync(cancellation))
                {
                    var referral = ReadRow(row);
                    rows.Add(new ListedReferral(referral, statements.Order.ReadPosition(row, facts)));
                }
            }

            long? all = ask.count
                ? (long)(await Fill(session.Command(statements.Count), statements.Parameters).ExecuteScalarAsync(cancellation))!
                : null;
            return new ListPage(rows, all);
        }, cancellation);

    /// <summary>A referral's changes before a position, newest first.</summary>
    public ValueTask<List<ReferralHistoryEntry>> History(
        Guid referralId, long before, int most, CancellationToken cancellation) =>
        database.Read((referralId, before, most), static async (session, ask, cancellation) =>
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
                        OrganizationId = Text(row, 3),
                        Name = row.GetString(4),
                        Email = Text(row, 5),
                    },
                    Via = Text(row, 6),
                    Properties = [.. row.GetString(7).Split(' ', StringSplitOptions.RemoveEmptyEntries)],
                    ETagBefore = Text(row, 8),
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
                ? new FirstAnswer(ask.key, row.GetString(0), row.GetInt32(1), Text(row, 2), row.GetString(3))
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
    public async Task<WriteResult> Write(
        IReadOnlyList<PreparedChange> prepared, FirstAnswer? answer, CancellationToken cancellation)
    {
        try
        {
            var kept = await database.Write(async (session, cancellation) =>
            {
                foreach (var change in prepared)
                {
                    if (!await WriteOne(session, change, cancellation))
                        return false;
                }

                if (answer is not null)
                    await WriteAnswer(session, answer, cancellation);
                return true;
            }, cancellation);
            if (kept)
                log.Signal();
            return kept ? WriteResult.Stored : WriteResult.Overtaken;
        }
        catch (UniqueViolationException violation)
        {
            return violation.Table == "idempotency_keys" ? WriteResult.Repeated : WriteResult.AlreadyExists;
        }
    }

    private static async ValueTask<bool> WriteOne(HotSession session, PreparedChange prepared, CancellationToken cancellation)
    {
        var (change, referral) = (prepared.Change, prepared.Change.After);
        var id = session.Database.Id(referral.Id);
        if (prepared.ChangesDocument)
        {
            var command = session.Command(change.Before is null ? Insert : CompareAndSet);
            if (change.Before is not null)
                command.With("@before", change.Before.Version);
            Fill(command, session.Database, prepared);
            if (await command.ExecuteNonQueryAsync(cancellation) == 0)
                return false;
            if (prepared.ChangesMembers)
                await WriteMembers(session, id, referral, isNew: change.Before is null, cancellation);
        }
        else
        {
            var command = session.Command("UPDATE referrals SET reminds_at = NULL WHERE id = @id AND version = @before AND reminds_at IS NOT NULL")
                .With("@id", id).With("@before", change.Before!.Version);
            if (await command.ExecuteNonQueryAsync(cancellation) == 0)
                return false;
        }

        await session.Command(
            "INSERT INTO change_log (referral_id, engagement_id, organization_id, kind, version, etag_before, etag_after, "
            + "changed_at, actor_organization_id, actor_user_id, actor_name, actor_email, via, properties) VALUES (@id, "
            + "@engagement, @organization, @kind, @version, @etagBefore, @etagAfter, @at, @actorOrganization, @actorUser, "
            + "@actorName, @actorEmail, @via, @properties)")
            .With("@id", id)
            .With("@engagement", session.Database.Id(referral.EngagementId))
            .With("@organization", referral.OrganizationId)
            .With("@kind", change.Kind.ToString())
            .With("@version", prepared.Version)
            .With("@etagBefore", change.Before?.ETag)
            .With("@etagAfter", referral.ETag)
            .With("@at", WireTime.ToUnixMicroseconds(prepared.At))
            .With("@actorOrganization", change.Author.OrganizationId)
            .With("@actorUser", change.Author.UserId is { } user ? session.Database.Id(user) : null)
            .With("@actorName", change.Author.Name)
            .With("@actorEmail", change.Author.Email)
            .With("@via", change.Via)
            .With("@properties", string.Join(' ', change.Properties))
            .ExecuteNonQueryAsync(cancellation);
        return true;
    }

    private static void Fill(DbCommand command, HotDatabase database, PreparedChange prepared)
    {
        var (change, r) = (prepared.Change, prepared.Change.After);
        var category = change.CreatorOrganizationId == r.OrganizationId ? ReferralCategory.CosellOpportunity : DealKinds.CategoryOf(r);
        command
            .With("@id", database.Id(r.Id))
            .With("@engagement_id", database.Id(r.EngagementId))
            .With("@organization_id", r.OrganizationId)
            .With("@version", prepared.Version)
            .With("@status", r.Status.ToString())
            .With("@substatus", r.Substatus.ToString())
            .With("@type", r.Type.ToString())
            .With("@qualification", r.Qualification.ToString())
            .With("@direction", r.Direction.ToString())
            .With("@created_at", WireTime.ToUnixMicroseconds(r.CreatedDateTime))
            .With("@updated_at", WireTime.ToUnixMicroseconds(r.UpdatedDateTime))
            .With("@expires_at", Time(r.ExpirationDateTime))
            .With("@accepted_at", Time(r.AcceptedDateTime))
            .With("@closed_at", Time(r.ClosedDateTime))
            .With("@closing_at", Time(r.Details.ClosingDateTime))
            .With("@external_reference_id", Fold(r.ExternalReferenceId))
            .With("@name", Fold(r.Name))
            .With("@customer_name", Fold(r.CustomerProfile.Name))
            .With("@country", Fold(r.CustomerProfile.Address.Country))
            .With("@deal_value", r.Details.DealValue is { } value ? (double)value : null)
            .With("@currency", Fold(r.Details.Currency))
            .With("@mpn_id", Fold(r.MpnId))
            .With("@sales_stage", Fold(r.SalesStage))
            .With("@campaign_id", Fold(r.CampaignId))
            .With("@registration_status", r.RegistrationStatus.ToString())
            .With("@favorite", r.Favorite)
            .With("@invited_by", Fold(r.InviteContext.InvitedBy.OrganizationId))
            .With("@shared_with_sellers", r.Consent.ConsentToShareReferralWithMicrosoftSellers)
            .With("@contacts_shared", r.Consent.ConsentToToShareInfoWithOthers == true)
            .With("@creator_organization_id", change.CreatorOrganizationId)
            .With("@creator_user_id", database.Id(change.CreatorUserId))
            .With("@is_lead", category != ReferralCategory.CosellOpportunity)
            .With("@archives_at", category == ReferralCategory.MarketplaceLead ? Time(r.CreatedDateTime.AddMonths(6)) : null)
            .With("@reminds_at", Time(change.RemindsAt))
            .With("@document", prepared.Document);
    }

    private static async ValueTask WriteMembers(
        HotSession session, object id, Referral referral, bool isNew, CancellationToken cancellation)
    {
        if (!isNew)
            await session.Command("DELETE FROM referral_members WHERE referral_id = @id").With("@id", id).ExecuteNonQueryAsync(cancellation);
        await WriteSide(ReferralMemberRow.TeamSide, referral.Team);
        await WriteSide(ReferralMemberRow.CustomerSide, referral.CustomerProfile.Team);

        async ValueTask WriteSide(int side, List<Member> members)
        {
            for (var i = 0; i < members.Count; i++)
            {
                if (string.IsNullOrEmpty(members[i].Email))
                    continue;
                await session.Command(
                    "INSERT INTO referral_members (referral_id, side, position, email) VALUES (@id, @side, @position, @email)")
                    .With("@id", id).With("@side", side).With("@position", i).With("@email", Fold(members[i].Email))
                    .ExecuteNonQueryAsync(cancellation);
            }
        }
    }

    private async ValueTask WriteAnswer(HotSession session, FirstAnswer answer, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        await session.Command("DELETE FROM idempotency_keys WHERE key = @key AND created_at <= @since")
            .With("@key", answer.Key).With("@since", WireTime.ToUnixMicroseconds(now - IdempotencyTime))
            .ExecuteNonQueryAsync(cancellation);
        await session.Command(
            "INSERT INTO idempotency_keys (key, request_digest, status, location, body, created_at) "
            + "VALUES (@key, @digest, @status, @location, @body, @at)")
            .With("@key", answer.Key).With("@digest", answer.RequestDigest).With("@status", answer.Status)
            .With("@location", answer.Location).With("@body", answer.Body).With("@at", WireTime.ToUnixMicroseconds(now))
            .ExecuteNonQueryAsync(cancellation);
    }

    private ValueTask<Engagement?> ReadEngagement(string where, Guid id, CancellationToken cancellation) =>
        database.Read((where, id), static async (session, ask, cancellation) =>
        {
            var command = session.Command($"SELECT {Facts} FROM referrals r WHERE {ask.where} ORDER BY r.created_at, r.id")
                .With("@id", session.Database.Id(ask.id));
            var referrals = await ReadRows(command, cancellation);
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

    private static StoredReferral ReadRow(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        EngagementId = row.GetGuid(1),
        OrganizationId = row.GetString(2),
        Version = row.GetInt32(3),
        Status = Enum.Parse<ReferralStatus>(row.GetString(4)),
        Substatus = Enum.Parse<ReferralSubstatus>(row.GetString(5)),
        Type = Enum.Parse<ReferralType>(row.GetString(6)),
        MpnId = Text(row, 7),
        CreatorOrganizationId = row.GetString(8),
        CreatorUserId = row.GetGuid(9),
        IsLead = row.GetBoolean(10),
        ArchivesAt = Time(row, 11),
        ExpiresAt = Time(row, 12),
        RemindsAt = Time(row, 13),
        SharedWithSellers = row.GetBoolean(14),
        UpdatedAt = WireTime.FromUnixMicroseconds(row.GetInt64(15)),
        Document = Encoding.UTF8.GetBytes(row.GetString(16)),
    };

    private static DbCommand Fill(DbCommand command, SqlParameters parameters)
    {
        foreach (var (name, value) in parameters.Values)
            command.With(name, value);

        return command;
    }

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset? Time(DbDataReader row, int column) =>
        row.IsDBNull(column) ? null : WireTime.FromUnixMicroseconds(row.GetInt64(column));

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

    public string Document { get; private init; } = "";

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
            Document = JsonSerializer.Serialize(referral, ReferralJson.Wire.Referral),
        };
    }
}

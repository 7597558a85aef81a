using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Tandem.Contracts.Notifications;
using Tandem.Contracts.Reading;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;
using static NpgsqlTypes.NpgsqlDbType;

namespace Tandem.Server.Notifications;

/// <summary>A place in a person's notices.</summary>
internal readonly record struct NoticePlace(long Time, Guid Id)
{
    public static NoticePlace Start { get; } = new(long.MaxValue, Guid.AllBitsSet);
}

/// <summary>The notices of people, in prepared SQL.</summary>
internal sealed class NoticeStore(HotDatabase database)
{
    /// <summary>Nobody reads more than this in one number.</summary>
    public const int MostUnread = 100;

    private const int Chunk = 500;
    private static readonly TimeSpan KeepTime = TimeSpan.FromDays(90);

    private static readonly HotSql InsertNotice = new(
        "INSERT INTO personal_notices (id, organization_id, user_id, email, kind, created_at, referral_id, deal_name, partner_name, "
        + "reason, expires_at, read_at, language, mail_state, mail_due_at, mail_attempts, mail_leased_until, is_digest, "
        + "subscription_id, receiver) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, 0, $16, $17, $18) "
        + "ON CONFLICT (id) DO NOTHING",
        Uuid, Text, Uuid, Text, Text, Bigint, Uuid, Text, Text, Text, Bigint, Bigint, Text, Text, Bigint,
        NpgsqlTypes.NpgsqlDbType.Boolean, Uuid, Text);

    private const string Columns =
        "n.id, n.kind, n.created_at, n.referral_id, n.deal_name, n.partner_name, n.reason, n.expires_at, n.read_at, n.subscription_id, n.receiver";

    /// <summary>The statement that stores a notice for one person, unless it is there already.</summary>
    /// <param name="mailAt">When its e-mail is due; null for none.</param>
    public static HotStatement Add(PlannedNotice notice, Recipient to, string language, DateTimeOffset? mailAt, bool isDigest)
    {
        var at = WireTime.ToUnixMicroseconds(notice.At);
        return new(InsertNotice, false, IdOf(notice, to), notice.OrganizationId, to.UserId, to.UserId is null ? to.Email : null,
            notice.Kind.ToString(), at, notice.ReferralId,
            // Who may not see the deal is told that there is one.
            to.Sees ? notice.DealName : null, to.Sees ? notice.PartnerName : null, to.Sees ? notice.Reason : null,
            notice.ExpiresAt is { } expires ? WireTime.ToUnixMicroseconds(expires) : null, to.DidIt ? at : null, language,
            (mailAt is null ? MailState.None : MailState.Waiting).ToString(),
            mailAt is { } due ? WireTime.ToUnixMicroseconds(due) : 0L, isDigest,
            notice.SubscriptionId, notice.Receiver);
    }

    /// <summary>
    /// A person's notices behind a place, newest first. Of a deal or a webhook that he may not see any more he is not told,
    /// whatever he was told before.
    /// </summary>
    public ValueTask<List<(NoticePlace Place, Notice Notice)>> List(
        Caller caller, NoticePlace after, int most, DateTimeOffset now, CancellationToken cancellation) =>
        database.Read((caller, after, most, now), static async (session, ask, cancellation) =>
        {
            var (condition, parameters) = Own(session.Database, ask.caller, ask.now);
            var command = ReferralStore.Fill(session.Command(
                $"SELECT {Columns} FROM personal_notices n WHERE {condition} AND (n.created_at, n.id) < (@time, @id) "
                + "ORDER BY n.created_at DESC, n.id DESC LIMIT @most"), parameters)
                .With("@time", ask.after.Time).With("@id", session.Database.Id(ask.after.Id)).With("@most", ask.most);
            var found = new List<(NoticePlace, Notice)>();
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                found.Add((new(row.GetInt64(2), row.GetGuid(0)), ReadRow(row)));
            return found;
        }, cancellation);

    /// <summary>How many a person has not read, up to <see cref="MostUnread"/>.</summary>
    public ValueTask<int> Unread(Caller caller, DateTimeOffset now, CancellationToken cancellation) =>
        database.Read((caller, now), static async (session, ask, cancellation) =>
        {
            var (condition, parameters) = Own(session.Database, ask.caller, ask.now);
            return Convert.ToInt32(await ReferralStore.Fill(session.Command(
                $"SELECT COUNT(*) FROM (SELECT 1 FROM personal_notices n WHERE {condition} AND n.read_at IS NULL "
                + $"LIMIT {MostUnread}) AS unread"), parameters).ExecuteScalarAsync(cancellation),
                System.Globalization.CultureInfo.InvariantCulture);
        }, cancellation);

    /// <summary>Marks one notice of a person as read; false when he has no such notice.</summary>
    public async Task<bool> MarkRead(Caller caller, Guid id, DateTimeOffset now, CancellationToken cancellation) =>
        await database.Write(async (session, cancellation) => await session.Command(
            "UPDATE personal_notices SET read_at = COALESCE(read_at, @now) WHERE id = @id AND user_id = @user")
            .With("@now", WireTime.ToUnixMicroseconds(now)).With("@id", database.Id(id)).With("@user", database.Id(caller.UserId))
            .ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    /// <summary>Marks everything as read that a person has been told.</summary>
    public Task MarkAllRead(Caller caller, DateTimeOffset now, CancellationToken cancellation) =>
        database.Write(async (session, cancellation) => await session.Command(
            "UPDATE personal_notices SET read_at = @now WHERE user_id = @user AND read_at IS NULL")
            .With("@now", WireTime.ToUnixMicroseconds(now)).With("@user", database.Id(caller.UserId))
            .ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    /// <summary>How people want to be told; who has said nothing is absent.</summary>
    public ValueTask<Dictionary<Guid, NoticeSettings>> Settings(IReadOnlyCollection<Guid> users, CancellationToken cancellation) =>
        database.Read(users, static async (session, users, cancellation) =>
        {
            var found = new Dictionary<Guid, NoticeSettings>();
            await using var row = await session.Command(
                $"SELECT user_id, without_email, language FROM notice_settings WHERE user_id {session.Database.Among("@ids")}")
                .With("@ids", session.Database.Ids(users)).ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                found[row.GetGuid(0)] = new NoticeSettings
                {
                    WithoutEmail = [.. row.GetString(1).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Enum.Parse<NoticeTopic>)],
                    Language = row.IsDBNull(2) ? null : row.GetString(2),
                };
            }

            return found;
        }, cancellation);

    public Task SetSettings(Guid user, NoticeSettings settings, CancellationToken cancellation) =>
        database.Write(async (session, cancellation) =>
        {
            await session.Command("INSERT INTO notice_settings (user_id, without_email, language) VALUES (@user, @topics, @language) "
                + "ON CONFLICT (user_id) DO UPDATE SET without_email = excluded.without_email, language = excluded.language")
                .With("@user", database.Id(user)).With("@topics", string.Join(' ', settings.WithoutEmail.Distinct()))
                .With("@language", settings.Language).ExecuteNonQueryAsync(cancellation);
            return true;
        }, cancellation);

    /// <summary>How many leads people have been told of by e-mail since a time (B55).</summary>
    public ValueTask<Dictionary<Guid, int>> LeadsSince(
        IReadOnlyCollection<Guid> users, DateTimeOffset since, CancellationToken cancellation) =>
        database.Read((users, since), static async (session, ask, cancellation) =>
        {
            var counts = new Dictionary<Guid, int>();
            await using var row = await session.Command(
                $"SELECT user_id, COUNT(*) FROM personal_notices WHERE user_id {session.Database.Among("@ids")} AND created_at >= @since "
                + $"AND kind = '{NoticeKind.LeadReceived}' AND mail_state <> '{MailState.None}' GROUP BY user_id")
                .With("@ids", session.Database.Ids(ask.users)).With("@since", WireTime.ToUnixMicroseconds(ask.since))
                .ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                counts[row.GetGuid(0)] = (int)row.GetInt64(1);
            return counts;
        }, cancellation);

    /// <summary>Forgets what is older than 90 days, a little at a time; true when there may be more.</summary>
    public async Task<bool> Prune(DateTimeOffset now, CancellationToken cancellation)
    {
        var since = WireTime.ToUnixMicroseconds(now - KeepTime);
        // A look before the write: most of the time there is nothing.
        var oldest = await database.Read(0, static async (session, _, cancellation) =>
            await session.Command("SELECT MIN(created_at) FROM personal_notices").ExecuteScalarAsync(cancellation) as long?, cancellation);
        if (oldest is null || oldest >= since)
            return false;
        var removed = 0;
        await database.Write(async (session, cancellation) =>
        {
            removed = await session.Command("DELETE FROM personal_notices WHERE id IN "
                + $"(SELECT id FROM personal_notices WHERE created_at < @since ORDER BY created_at LIMIT {Chunk})")
                .With("@since", since).ExecuteNonQueryAsync(cancellation);
            return removed > 0;
        }, cancellation);
        return removed == Chunk;
    }

    private static (string Condition, SqlParameters Parameters) Own(HotDatabase database, Caller caller, DateTimeOffset now)
    {
        var parameters = new SqlParameters(QueryDialect.Of(database.Kind));
        var scope = ReferralScope.Of(caller, withOthers: true, WireTime.ToUnixMicroseconds(now), parameters, ofFew: true);
        // Each as a value, looked up by its key: PostgreSQL would read the whole table for one EXISTS or another.
        var sees = $"(SELECT 1 FROM referrals r WHERE r.id = n.referral_id AND {scope}) = 1";
        if (caller.IsCompanyAdmin)
        {
            sees = $"({sees} OR (SELECT 1 FROM webhook_subscriptions s WHERE s.id = n.subscription_id "
                + "AND s.organization_id = n.organization_id) = 1)";
        }

        var condition = $"n.user_id = {parameters.Add(caller.UserId)} AND n.organization_id = {parameters.Add(caller.OrganizationId)} AND {sees}";
        return (condition, parameters);
    }

    private static Notice ReadRow(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Kind = Enum.Parse<NoticeKind>(row.GetString(1)),
        DateTime = WireTime.FromUnixMicroseconds(row.GetInt64(2)),
        ReferralId = row.IsDBNull(3) ? null : row.GetGuid(3),
        DealName = row.IsDBNull(4) ? null : row.GetString(4),
        PartnerName = row.IsDBNull(5) ? null : row.GetString(5),
        Reason = row.IsDBNull(6) ? null : row.GetString(6),
        ExpirationDateTime = row.IsDBNull(7) ? null : WireTime.FromUnixMicroseconds(row.GetInt64(7)),
        IsRead = !row.IsDBNull(8),
        SubscriptionId = row.IsDBNull(9) ? null : row.GetGuid(9),
        Receiver = row.IsDBNull(10) ? null : row.GetString(10),
    };

    private static Guid IdOf(PlannedNotice notice, Recipient to) =>
        new(SHA256.HashData(Encoding.UTF8.GetBytes($"{notice.Source}|{to.UserId?.ToString() ?? to.Email}")).AsSpan(0, 16));
}

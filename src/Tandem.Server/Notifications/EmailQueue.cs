using System.Data.Common;
using Tandem.Contracts.Notifications;
using Tandem.Contracts.Reading;
using Tandem.Server.Storage;

namespace Tandem.Server.Notifications;

/// <summary>A notice whose e-mail is due.</summary>
internal sealed record DueMail(
    Guid Id, string OrganizationId, Guid? UserId, string? Email, Notice Notice, string Language, int Attempts, bool IsDigest);

/// <summary>
/// The e-mail that waits: rows of the notices. A node that sends holds what it sends for a while, so that of several one
/// sends; one that dies leaves it to whoever looks next.
/// </summary>
internal sealed class EmailQueue(HotDatabase database)
{
    /// <summary>Longer than any attempt takes.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(60);

    private const int MostFaults = 50;

    private const string Columns = "id, organization_id, user_id, email, kind, created_at, referral_id, deal_name, partner_name, "
        + "reason, expires_at, language, mail_attempts, is_digest, subscription_id, receiver";

    private readonly string _now = database.Kind == DatabaseKind.Postgres
        ? "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
        : "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";

    /// <summary>The next message to send: one notice, or all of a person's digest. Empty when nothing is due.</summary>
    public async Task<List<DueMail>> Claim(DateTimeOffset now, CancellationToken cancellation)
    {
        var claimed = new List<DueMail>();
        if (await NextDue(cancellation) is not { } due || due > now)
            return claimed;
        var skip = database.Kind == DatabaseKind.Postgres ? " FOR UPDATE SKIP LOCKED" : "";
        var isFree = $"mail_state = 'Waiting' AND mail_due_at <= @now AND mail_leased_until < {_now}";
        var lease = $"UPDATE personal_notices SET mail_leased_until = {_now} + {(long)LeaseTime.TotalMicroseconds} WHERE ";
        await database.Write(async (session, cancellation) =>
        {
            claimed.Clear();
            // Of a digest the first row stands for all: while a node holds it, no other begins with another. Equal to one, and
            // not among those of a query: PostgreSQL may run that again for each row, and then finds another one each time.
            claimed.AddRange(await Read(session.Command(
                $"{lease} id = (SELECT n.id FROM personal_notices n WHERE {isFree} AND NOT (n.is_digest AND EXISTS "
                + "(SELECT 1 FROM personal_notices f WHERE f.user_id = n.user_id AND f.is_digest AND f.mail_state = 'Waiting' "
                + $"AND f.mail_due_at <= @now AND f.id < n.id)) ORDER BY n.mail_due_at, n.created_at, n.id LIMIT 1{skip}) RETURNING {Columns}")
                .With("@now", WireTime.ToUnixMicroseconds(now)), cancellation));
            if (claimed is [{ IsDigest: true, UserId: { } user }])
            {
                claimed.AddRange(await Read(session.Command($"{lease} user_id = @user AND is_digest AND {isFree} RETURNING {Columns}")
                    .With("@user", database.Id(user)).With("@now", WireTime.ToUnixMicroseconds(now)), cancellation));
            }

            return claimed.Count > 0;
        }, cancellation);
        claimed.Sort((a, b) => a.Notice.DateTime.CompareTo(b.Notice.DateTime));
        return claimed;
    }

    /// <summary>When something is due next, whoever sends it; null when nothing waits.</summary>
    public ValueTask<DateTimeOffset?> NextDue(CancellationToken cancellation) =>
        database.Read(_now, static async (session, now, cancellation) => await session.Command(
            $"SELECT MIN(mail_due_at) FROM personal_notices WHERE mail_state = 'Waiting' AND mail_leased_until < {now}")
            .ExecuteScalarAsync(cancellation) is long at ? WireTime.FromUnixMicroseconds(at) : (DateTimeOffset?)null, cancellation);

    /// <summary>Notes what became of a message and lets go of it.</summary>
    /// <param name="due">When it is tried again, where it waits.</param>
    public Task Note(
        IEnumerable<Guid> ids, MailState state, int attempts, DateTimeOffset due, string? answer, CancellationToken cancellation) =>
        database.Write(async (session, cancellation) => await session.Command(
            "UPDATE personal_notices SET mail_state = @state, mail_attempts = @attempts, mail_due_at = @due, mail_leased_until = 0, "
            + $"mail_answer = @answer WHERE id {database.Among("@ids")} AND mail_state = 'Waiting'")
            .With("@state", state.ToString()).With("@attempts", attempts).With("@due", WireTime.ToUnixMicroseconds(due))
            .With("@answer", answer).With("@ids", database.Ids(ids)).ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    /// <summary>
    /// A server that starts may have other settings: what was not taken before is due at once. On an embedded database nobody
    /// else sends, so that what a killed server held is free.
    /// </summary>
    public async Task Restart(DateTimeOffset now, CancellationToken cancellation)
    {
        var sets = database.Kind == DatabaseKind.Postgres ? "mail_due_at = @now" : "mail_due_at = @now, mail_leased_until = 0";
        const string Held = "mail_state = 'Waiting' AND (mail_attempts > 0 OR mail_leased_until > 0)";
        // A look before the write: most of the time there is nothing.
        var isAny = await database.Read(Held, static async (session, held, cancellation) => await session.Command(
            $"SELECT 1 FROM personal_notices WHERE {held} LIMIT 1").ExecuteScalarAsync(cancellation) is not null, cancellation);
        if (!isAny)
            return;
        await database.Write(async (session, cancellation) => await session.Command(
            $"UPDATE personal_notices SET {sets} WHERE {Held}").With("@now", WireTime.ToUnixMicroseconds(now))
            .ExecuteNonQueryAsync(cancellation) > 0, cancellation);
    }

    /// <summary>How many messages are in a state, of an organization or of all.</summary>
    public ValueTask<Dictionary<MailState, int>> Counts(string? organization, CancellationToken cancellation) =>
        database.Read(organization, static async (session, organization, cancellation) =>
        {
            var counts = new Dictionary<MailState, int>();
            await using var row = await Of(session.Command("SELECT mail_state, COUNT(*) FROM personal_notices "
                + $"WHERE mail_state <> 'None'{Where(organization)} GROUP BY mail_state"), organization).ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                counts[Enum.Parse<MailState>(row.GetString(0))] = (int)row.GetInt64(1);
            return counts;
        }, cancellation);

    /// <summary>Messages that were not taken, newest first.</summary>
    /// <param name="addressOf">The address of a user.</param>
    public ValueTask<List<EmailFault>> Faults(string? organization, Func<Guid, string?> addressOf, CancellationToken cancellation) =>
        database.Read((organization, addressOf), static async (session, ask, cancellation) =>
        {
            var faults = new List<EmailFault>();
            var command = Of(session.Command("SELECT id, user_id, email, kind, created_at, mail_attempts, mail_state, mail_answer "
                + "FROM personal_notices WHERE (mail_state = 'Failed' OR (mail_state = 'Waiting' AND mail_attempts > 0))"
                + $"{Where(ask.organization)} ORDER BY created_at DESC, id LIMIT {MostFaults}"), ask.organization);
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                faults.Add(new EmailFault
                {
                    Id = row.GetGuid(0),
                    To = row.IsDBNull(1) ? row.GetString(2) : ask.addressOf(row.GetGuid(1)),
                    Kind = Enum.Parse<NoticeKind>(row.GetString(3)),
                    DateTime = WireTime.FromUnixMicroseconds(row.GetInt64(4)),
                    Attempts = row.GetInt32(5),
                    IsGivenUp = row.GetString(6) == nameof(MailState.Failed),
                    Answer = row.IsDBNull(7) ? null : row.GetString(7),
                });
            }

            return faults;
        }, cancellation);

    private static string Where(string? organization) => organization is null ? "" : " AND organization_id = @organization";

    private static DbCommand Of(DbCommand command, string? organization) =>
        organization is null ? command : command.With("@organization", organization);

    private static async ValueTask<List<DueMail>> Read(DbCommand command, CancellationToken cancellation)
    {
        var mails = new List<DueMail>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            mails.Add(new(row.GetGuid(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetGuid(2), Text(row, 3),
                new Notice
                {
                    Id = row.GetGuid(0),
                    Kind = Enum.Parse<NoticeKind>(row.GetString(4)),
                    DateTime = WireTime.FromUnixMicroseconds(row.GetInt64(5)),
                    ReferralId = row.IsDBNull(6) ? null : row.GetGuid(6),
                    DealName = Text(row, 7),
                    PartnerName = Text(row, 8),
                    Reason = Text(row, 9),
                    ExpirationDateTime = row.IsDBNull(10) ? null : WireTime.FromUnixMicroseconds(row.GetInt64(10)),
                    SubscriptionId = row.IsDBNull(14) ? null : row.GetGuid(14),
                    Receiver = Text(row, 15),
                }, row.GetString(11), row.GetInt32(12), row.GetBoolean(13)));
        }

        return mails;
    }

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}

using System.Data.Common;
using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Storage;
using static NpgsqlTypes.NpgsqlDbType;

namespace Tandem.Server.Webhooks;

/// <summary>A delivery that may be tried now: the first that is pending of its referral.</summary>
/// <param name="DueAt">As it was read: another time says that somebody asked for it meanwhile.</param>
internal sealed record DueDelivery(
    long Sequence, Guid SubscriptionId, Guid EventId, Guid? ReferralId, string Name, long DueAt, int Attempts,
    IReadOnlyList<DeliveryAttempt> Log, byte[] Body);

/// <summary>Some of what is due, oldest first: what may be tried, and what is behind another one of its referral.</summary>
internal sealed record DuePage(IReadOnlyList<DueDelivery> First, IReadOnlyList<long> Behind)
{
    public bool IsFull => First.Count + Behind.Count == WebhookStore.MostDue;
}

/// <summary>What became of an attempt, or of a delivery that is not wanted any more.</summary>
internal sealed record DeliveryResult(
    DueDelivery Delivery, DeliveryState State, int Attempts, DateTimeOffset DueAt, DeliveryAttempt? Attempt);

/// <summary>Deliveries and their log, in prepared SQL; planned in batches, leased by subscription.</summary>
internal sealed class WebhookStore(HotDatabase database)
{
    public const int MostDue = 128;

    /// <summary>
    /// Due when the one in front of it is done. A delivery is put there when a look finds it due behind another one, so
    /// that later looks pass over what is due and not over what waits; whoever ends the one in front brings it back.
    /// </summary>
    public const long Behind = long.MaxValue;

    /// <summary>
    /// A node that is gone holds its subscriptions for as long as this; one that lives says so three times meanwhile.
    /// </summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan KeepTime = TimeSpan.FromDays(30);
    private const int Chunk = 500;
    private const int LongestLog = 50;

    private static readonly HotSql InsertEvent = new(
        "INSERT INTO webhook_events (id, created_at, body) VALUES ($1, $2, $3)", Uuid, Bigint, Bytea);

    private static readonly HotSql InsertDelivery = new(
        "INSERT INTO webhook_deliveries (event_id, subscription_id, organization_id, referral_id, name, state, due_at, "
        + "attempts, created_at, log) VALUES ($1, $2, $3, $4, $5, 'Pending', $6, 0, $6, '[]')",
        Uuid, Uuid, Text, Uuid, Text, Bigint);

    // Whoever asked for it after the attempt began gets it again; the log has the attempt all the same.
    private static readonly HotSql Note = new(
        "UPDATE webhook_deliveries SET state = CASE WHEN due_at = $2 THEN $3 ELSE state END, "
        + "attempts = CASE WHEN due_at = $2 THEN $4 ELSE attempts END, due_at = CASE WHEN due_at = $2 THEN $5 ELSE due_at END, "
        + "log = $6 WHERE sequence = $1 AND state = 'Pending'",
        Bigint, Bigint, Text, Integer, Bigint, Text);

    // By the index of referrals: the plus keeps the one of due times away, where all that wait lie together.
    private static readonly HotSql BringNext = new(
        "UPDATE webhook_deliveries SET due_at = created_at WHERE sequence = (SELECT MIN(sequence) FROM webhook_deliveries "
        + $"WHERE subscription_id = $1 AND referral_id = $2 AND state = 'Pending' AND sequence > $3 AND +due_at = {Behind})",
        Uuid, Uuid, Bigint);

    // The older ones of its referral that are pending; a test event has no referral, and waits for nothing.
    private const string InFront = "SELECT 1 FROM webhook_deliveries f WHERE f.subscription_id = d.subscription_id "
        + "AND f.referral_id = d.referral_id AND f.state = 'Pending' AND f.sequence < d.sequence";

    private static readonly HotSql SelectDue = new(
        "SELECT d.sequence, d.event_id, d.referral_id, d.name, d.due_at, d.attempts, d.log, e.body FROM (SELECT d.*, "
        + $"NOT EXISTS ({InFront}) AS is_first FROM webhook_deliveries d WHERE d.subscription_id = $1 AND d.state = 'Pending' "
        + $"AND d.due_at <= $2 ORDER BY d.due_at, d.sequence LIMIT {MostDue}) d "
        + "LEFT JOIN webhook_events e ON e.id = CASE WHEN d.is_first THEN d.event_id END ORDER BY d.due_at, d.sequence", Uuid, Bigint);

    private static readonly HotSql SelectNextDue = new(
        "SELECT MIN(due_at) FROM webhook_deliveries WHERE subscription_id = $1 AND state = 'Pending' "
        + $"AND due_at < {Behind}", Uuid);

    private static readonly HotSql SelectWaiting = new(
        "SELECT s.id FROM webhook_subscriptions s WHERE s.state = 'Active' AND EXISTS (SELECT 1 FROM webhook_deliveries d "
        + "WHERE d.subscription_id = s.id AND d.state = 'Pending' AND d.due_at <= $1)", Bigint);

    // What is behind another one stays there.
    private static readonly string Again = $"CASE WHEN due_at = {Behind} THEN due_at ELSE @now END";

    private static readonly HotSql FailsSince = new(
        "UPDATE webhook_subscriptions SET failing_since = $2 WHERE id = $1", Uuid, Bigint);

    // The database's clock, which is all nodes'.
    private readonly string _now = database.Kind == DatabaseKind.Postgres
        ? "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
        : "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";

    public HotDatabase Database => database;

    /// <summary>The statements that store an event and its deliveries.</summary>
    public static void Plan(
        List<HotStatement> statements, Guid eventId, byte[] body, string name, Guid? referralId, DateTimeOffset now,
        IEnumerable<Subscription> subscriptions)
    {
        var at = WireTime.ToUnixMicroseconds(now);
        statements.Add(new(InsertEvent, false, eventId, at, body));
        foreach (var subscription in subscriptions)
        {
            statements.Add(new(InsertDelivery, false,
                eventId, subscription.Id, subscription.OrganizationId, referralId, name, at));
        }
    }

    /// <summary>Raises a test event, unless the tenant has asked for too many (W17).</summary>
    /// <returns>How long to wait; null when it was raised.</returns>
    public async Task<TimeSpan?> RaiseTest(
        Subscription registration, Guid id, byte[] body, DateTimeOffset now, int mostPerMinute, CancellationToken cancellation)
    {
        TimeSpan? wait = null;
        var minute = TimeSpan.FromMinutes(1);
        await database.Write(async (session, cancellation) =>
        {
            // One request of the tenant after another, also on several nodes.
            var locking = database.Kind == DatabaseKind.Postgres ? " FOR UPDATE" : "";
            await session.Command($"SELECT 1 FROM webhook_subscriptions WHERE id = @id{locking}")
                .With("@id", database.Id(registration.Id)).ExecuteScalarAsync(cancellation);
            var recent = new List<long>();
            var command = session.Command("SELECT created_at FROM webhook_deliveries WHERE organization_id = @organization "
                + $"AND name = '{EventNames.TestCreated}' AND created_at > @since ORDER BY sequence DESC LIMIT @most")
                .With("@organization", registration.OrganizationId).With("@since", WireTime.ToUnixMicroseconds(now - minute))
                .With("@most", mostPerMinute);
            await using (var row = await command.ExecuteReaderAsync(cancellation))
            {
                while (await row.ReadAsync(cancellation))
                    recent.Add(row.GetInt64(0));
            }

            wait = recent.Count < mostPerMinute ? null : WireTime.FromUnixMicroseconds(recent[^1]) + minute - now;
            if (wait is not null)
                return false;
            var statements = new List<HotStatement>();
            Plan(statements, id, body, EventNames.TestCreated, null, now, [registration]);
            foreach (var (sql, _, values) in statements)
                await session.Command(sql, values).ExecuteNonQueryAsync(cancellation);
            return true;
        }, cancellation);
        return wait;
    }

    /// <summary>The node takes the right to send for subscriptions that no other living node has.</summary>
    /// <returns>Those that it has now, and since when each fails.</returns>
    public async Task<Dictionary<Guid, DateTimeOffset?>> Lease(
        Guid node, IReadOnlyCollection<Guid> subscriptions, CancellationToken cancellation)
    {
        var leased = new Dictionary<Guid, DateTimeOffset?>();
        var free = $"(leased_by IS NULL OR leased_by = @node OR leased_until < {_now})";
        var sql = $"UPDATE webhook_subscriptions SET leased_by = @node, leased_until = {_now} + {(long)LeaseTime.TotalMicroseconds} "
            + $"WHERE id IN (SELECT id FROM webhook_subscriptions WHERE id {database.Among("@ids")} AND {free} "
            + $"{(database.Kind == DatabaseKind.Postgres ? "FOR UPDATE SKIP LOCKED" : "")}) RETURNING id, failing_since";
        await database.Write(async (session, cancellation) =>
        {
            leased.Clear();
            var command = session.Command(sql).With("@node", database.Id(node)).With("@ids", database.Ids(subscriptions));
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                leased[row.GetGuid(0)] = TimeOrNull(row, 1);
            return leased.Count > 0;
        }, cancellation);
        return leased;
    }

    /// <summary>The node keeps the right that it has. It waits for whoever changes a subscription just then.</summary>
    /// <returns>Those that it still has.</returns>
    public async Task<HashSet<Guid>> Renew(Guid node, IReadOnlyCollection<Guid> subscriptions, CancellationToken cancellation)
    {
        var kept = new HashSet<Guid>();
        await database.Write(async (session, cancellation) =>
        {
            kept.Clear();
            await using var row = await session.Command(
                $"UPDATE webhook_subscriptions SET leased_until = {_now} + {(long)LeaseTime.TotalMicroseconds} "
                + $"WHERE leased_by = @node AND id {database.Among("@ids")} RETURNING id")
                .With("@node", database.Id(node)).With("@ids", database.Ids(subscriptions)).ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                kept.Add(row.GetGuid(0));
            return kept.Count > 0;
        }, cancellation);
        return kept;
    }

    /// <summary>Another node may send at once for what this one held.</summary>
    public Task<bool> Release(Guid node, CancellationToken cancellation) => database.Write(async (session, cancellation) =>
        await session.Command("UPDATE webhook_subscriptions SET leased_by = NULL WHERE leased_by = @node")
            .With("@node", database.Id(node)).ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    /// <summary>What is due of a subscription.</summary>
    public ValueTask<DuePage> Due(Guid subscription, DateTimeOffset now, CancellationToken cancellation) =>
        database.Read((subscription, now), static async (session, ask, cancellation) =>
        {
            var (first, behind) = (new List<DueDelivery>(), new List<long>());
            await using var row = await session.Command(SelectDue, ask.subscription, WireTime.ToUnixMicroseconds(ask.now))
                .ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                if (row.IsDBNull(7))
                {
                    behind.Add(row.GetInt64(0));
                }
                else
                {
                    first.Add(new(row.GetInt64(0), ask.subscription, row.GetGuid(1), row.IsDBNull(2) ? null : row.GetGuid(2),
                        row.GetString(3), row.GetInt64(4), row.GetInt32(5), ReadLog(row.GetString(6)), row.GetFieldValue<byte[]>(7)));
                }
            }

            return new DuePage(first, behind);
        }, cancellation);

    /// <summary>Puts deliveries behind the ones in front of them, if these are still there; answers how many.</summary>
    public async Task<int> PutBehind(IReadOnlyCollection<long> deliveries, CancellationToken cancellation)
    {
        // What is held while this looks is neither done before nor after it: who ends the one in front finds what was put
        // behind. Where somebody else is at work the delivery stays as it is, so that nobody waits for this.
        var isPostgres = database.Kind == DatabaseKind.Postgres;
        var sql = $"UPDATE webhook_deliveries SET due_at = {Behind} WHERE sequence IN (SELECT d.sequence FROM webhook_deliveries d "
            + $"WHERE d.sequence {(isPostgres ? "= ANY(@ids)" : "IN (SELECT value FROM json_each(@ids))")} AND d.state = 'Pending' "
            + $"AND EXISTS ({InFront}{(isPostgres ? " FOR SHARE SKIP LOCKED" : "")}){(isPostgres ? " FOR UPDATE SKIP LOCKED" : "")})";
        object ids = isPostgres ? deliveries.ToArray() : $"[{string.Join(',', deliveries)}]";
        var count = 0;
        await database.Write(async (session, cancellation) =>
            (count = await session.Command(sql).With("@ids", ids).ExecuteNonQueryAsync(cancellation)) > 0, cancellation);
        return count;
    }

    /// <summary>When the next delivery of a subscription is due; null when none is pending.</summary>
    public ValueTask<DateTimeOffset?> NextDue(Guid subscription, CancellationToken cancellation) =>
        database.Read(subscription, static async (session, subscription, cancellation) =>
            await session.Command(SelectNextDue, subscription).ExecuteScalarAsync(cancellation) is long at
                ? WireTime.FromUnixMicroseconds(at)
                : (DateTimeOffset?)null, cancellation);

    /// <summary>Active subscriptions with something to send now, whoever sends it.</summary>
    public ValueTask<List<Guid>> Waiting(DateTimeOffset now, CancellationToken cancellation) =>
        database.Read(now, static async (session, now, cancellation) =>
        {
            var waiting = new List<Guid>();
            await using var row = await session.Command(SelectWaiting, WireTime.ToUnixMicroseconds(now))
                .ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                waiting.Add(row.GetGuid(0));
            return waiting;
        }, cancellation);

    /// <summary>The statements that store what became of a delivery.</summary>
    public static void NoteResult(List<HotStatement> statements, DeliveryResult result)
    {
        var delivery = result.Delivery;
        var log = result.Attempt is null ? delivery.Log : [.. delivery.Log.TakeLast(LongestLog - 1), result.Attempt];
        statements.Add(new(Note, false, delivery.Sequence, delivery.DueAt, result.State.ToString(), result.Attempts,
            WireTime.ToUnixMicroseconds(result.DueAt), JsonSerializer.Serialize(log, WebhookJson.Default.IReadOnlyListDeliveryAttempt)));
        if (result.State != DeliveryState.Pending && delivery.ReferralId is { } referral)
            statements.Add(new(BringNext, false, delivery.SubscriptionId, referral, delivery.Sequence));
    }

    public static HotStatement NoteFailing(Guid subscription, DateTimeOffset? since) =>
        new(FailsSince, false, subscription, since is { } time ? WireTime.ToUnixMicroseconds(time) : null);

    /// <summary>Forgets what is older than 30 days, a little at a time; true when there may be more.</summary>
    public async Task<bool> Prune(DateTimeOffset now, CancellationToken cancellation)
    {
        var since = WireTime.ToUnixMicroseconds(now - KeepTime);
        var removed = 0;
        // A look before the write: most of the time there is nothing.
        var oldest = await database.Read(0, static async (session, _, cancellation) =>
            await session.Command("SELECT MIN(created_at) FROM webhook_events").ExecuteScalarAsync(cancellation) as long?, cancellation);
        if (oldest is null || oldest >= since)
            return false;
        await database.Write(async (session, cancellation) =>
        {
            var pending = new List<(Guid Subscription, Guid Referral, long Sequence)>();
            removed = 0;
            await using (var row = await session.Command(
                "DELETE FROM webhook_deliveries WHERE sequence IN (SELECT sequence FROM (SELECT sequence, created_at "
                + $"FROM webhook_deliveries ORDER BY sequence LIMIT {Chunk}) AS oldest WHERE created_at < @since) "
                + "RETURNING subscription_id, referral_id, sequence, state")
                .With("@since", since).ExecuteReaderAsync(cancellation))
            {
                for (; await row.ReadAsync(cancellation); removed++)
                {
                    if (row.GetString(3) == nameof(DeliveryState.Pending) && !row.IsDBNull(1))
                        pending.Add((row.GetGuid(0), row.GetGuid(1), row.GetInt64(2)));
                }
            }

            foreach (var last in pending.GroupBy(p => (p.Subscription, p.Referral)).Select(g => g.MaxBy(p => p.Sequence)))
            {
                await session.Command(BringNext, last.Subscription, last.Referral, last.Sequence)
                    .ExecuteNonQueryAsync(cancellation);
            }

            if (removed < Chunk)
            {
                // Not before its deliveries, which clocks that differ may keep a little longer.
                removed += await session.Command("DELETE FROM webhook_events WHERE id IN (SELECT id FROM webhook_events e WHERE "
                    + "created_at < @since AND NOT EXISTS (SELECT 1 FROM webhook_deliveries WHERE event_id = e.id) "
                    + $"ORDER BY created_at LIMIT {Chunk})")
                    .With("@since", since).ExecuteNonQueryAsync(cancellation);
            }

            return removed > 0;
        }, cancellation);
        return removed > 0;
    }

    /// <summary>Deliveries of a subscription before a place, newest first.</summary>
    public ValueTask<List<(long Sequence, DeliveryView View)>> Log(
        Guid subscription, DeliveryState? state, Guid? referral, long before, int most, CancellationToken cancellation) =>
        database.Read((subscription, state, referral, before, most), static async (session, ask, cancellation) =>
        {
            // The word itself, so that the index of the failed ones serves.
            var condition = ask.state is { } state ? $" AND state = '{state}'" : "";
            if (ask.referral is not null)
                condition += " AND referral_id = @referral";
            var command = session.Command($"SELECT {LogColumns} FROM webhook_deliveries d WHERE subscription_id = @id "
                + $"AND sequence < @before{condition} ORDER BY sequence DESC LIMIT @most")
                .With("@id", session.Database.Id(ask.subscription)).With("@before", ask.before).With("@most", ask.most);
            if (ask.referral is { } referral)
                command.With("@referral", session.Database.Id(referral));
            return await ReadViews(command, cancellation);
        }, cancellation);

    /// <summary>One delivery, with its body.</summary>
    public ValueTask<DeliveryView?> Find(Guid subscription, Guid eventId, CancellationToken cancellation) =>
        database.Read((subscription, eventId), static async (session, ask, cancellation) =>
        {
            var command = session.Command($"SELECT {LogColumns}, e.body FROM webhook_deliveries d "
                + "JOIN webhook_events e ON e.id = d.event_id WHERE d.event_id = @event AND d.subscription_id = @id")
                .With("@event", session.Database.Id(ask.eventId)).With("@id", session.Database.Id(ask.subscription));
            await using var row = await command.ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation)
                ? ReadView(row) with { Body = System.Text.Encoding.UTF8.GetString(row.GetFieldValue<byte[]>(8)) }
                : null;
        }, cancellation);

    /// <summary>A test event of an organization (W18).</summary>
    public ValueTask<DeliveryView?> FindTest(
        string organization, Guid eventId, DateTimeOffset since, CancellationToken cancellation) =>
        database.Read((organization, eventId, since), static async (session, ask, cancellation) =>
        {
            var command = session.Command($"SELECT {LogColumns} FROM webhook_deliveries d WHERE event_id = @event "
                + $"AND organization_id = @organization AND name = '{EventNames.TestCreated}' AND created_at > @since")
                .With("@event", session.Database.Id(ask.eventId)).With("@organization", ask.organization)
                .With("@since", WireTime.ToUnixMicroseconds(ask.since));
            return (await ReadViews(command, cancellation)) is [var found, ..] ? found.View : null;
        }, cancellation);

    /// <summary>Sends a delivery again, or at once when it waits; false when there is none.</summary>
    public Task<bool> Resend(Guid subscription, Guid eventId, DateTimeOffset now, CancellationToken cancellation) =>
        database.Write(async (session, cancellation) => await session.Command(
            $"UPDATE webhook_deliveries SET state = 'Pending', attempts = 0, due_at = {Again} "
            + "WHERE event_id = @event AND subscription_id = @id")
            .With("@now", WireTime.ToUnixMicroseconds(now)).With("@event", database.Id(eventId))
            .With("@id", database.Id(subscription)).ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    /// <summary>Sends again what was raised since a time, and at once what waits.</summary>
    public Task<long> ResendSince(
        Guid subscription, DateTimeOffset since, DeliveryState? state, DateTimeOffset now, CancellationToken cancellation)
    {
        // Who asks for what waits does not ask for what is just being sent.
        var due = state == DeliveryState.Pending ? $"CASE WHEN due_at < @now THEN due_at ELSE {Again} END" : Again;
        var condition = state is { } wanted ? $"state = '{wanted}'" : "1 = 1";
        return ChangeAll(
            database, subscription, $"state = 'Pending', attempts = 0, due_at = {due}", $"created_at >= @since AND {condition}",
            c => c.With("@now", WireTime.ToUnixMicroseconds(now)).With("@since", WireTime.ToUnixMicroseconds(since)), cancellation);
    }

    /// <summary>Drops what waits for a subscription that is gone.</summary>
    public static Task<long> Drop(HotDatabase database, Guid subscription, CancellationToken cancellation) =>
        ChangeAll(database, subscription, "state = 'Dropped'", "state = 'Pending'", c => c, cancellation);

    // A little at a time, so that nobody waits for it.
    private static async Task<long> ChangeAll(
        HotDatabase database, Guid subscription, string change, string condition, Func<DbCommand, DbCommand> fill,
        CancellationToken cancellation)
    {
        // A courier may be storing what became of it: then it is not what was asked for any more.
        var locking = database.Kind == DatabaseKind.Postgres ? " FOR UPDATE" : "";
        var (count, after) = (0L, 0L);
        while (true)
        {
            var chunk = new List<long>();
            await database.Write(async (session, cancellation) =>
            {
                chunk.Clear();
                var command = session.Command(
                    $"UPDATE webhook_deliveries SET {change} WHERE sequence IN (SELECT sequence FROM webhook_deliveries "
                    + $"WHERE subscription_id = @id AND sequence > @after AND {condition} ORDER BY sequence LIMIT {Chunk}{locking}) "
                    + "RETURNING sequence").With("@id", database.Id(subscription)).With("@after", after);
                await using var row = await fill(command).ExecuteReaderAsync(cancellation);
                while (await row.ReadAsync(cancellation))
                    chunk.Add(row.GetInt64(0));
                return chunk.Count > 0;
            }, cancellation);
            count += chunk.Count;
            if (chunk.Count < Chunk)
                return count;
            after = chunk.Max();
        }
    }

    private const string LogColumns = "d.sequence, d.event_id, d.name, d.referral_id, d.state, d.created_at, d.due_at, d.log";

    private static async ValueTask<List<(long Sequence, DeliveryView View)>> ReadViews(
        DbCommand command, CancellationToken cancellation)
    {
        var views = new List<(long, DeliveryView)>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            views.Add((row.GetInt64(0), ReadView(row)));
        return views;
    }

    private static DeliveryView ReadView(DbDataReader row)
    {
        var state = Enum.Parse<DeliveryState>(row.GetString(4));
        return new()
        {
            EventId = row.GetGuid(1),
            Event = row.GetString(2),
            ReferralId = row.IsDBNull(3) ? null : row.GetGuid(3),
            State = state,
            RaisedDateTime = WireTime.FromUnixMicroseconds(row.GetInt64(5)),
            NextAttemptDateTime = state == DeliveryState.Pending && row.GetInt64(6) is var due and not Behind
                ? WireTime.FromUnixMicroseconds(due)
                : null,
            Attempts = ReadLog(row.GetString(7)),
        };
    }

    private static IReadOnlyList<DeliveryAttempt> ReadLog(string json) =>
        JsonSerializer.Deserialize(json, WebhookJson.Default.IReadOnlyListDeliveryAttempt)!;

    private static DateTimeOffset? TimeOrNull(DbDataReader row, int column) =>
        row.IsDBNull(column) ? null : WireTime.FromUnixMicroseconds(row.GetInt64(column));
}

using System.Collections.Frozen;
using System.Data.Common;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Audit;
using Tandem.Server.Notifications;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

/// <summary>
/// All subscriptions, in memory: they change rarely, and every change of a referral asks for them. Where there is none,
/// nothing is read but the stamp that all nodes watch anyway.
/// </summary>
internal sealed class SubscriptionDirectory(
    HotDatabase database, ChangeLog log, OrganizationDirectory organizations, NoticeWriter notices, TimeProvider clock)
    : ISharedCache, IDisposable
{
    private const string Columns = "id, organization_id, kind, url, events, uses_signature_header, statuses, filter, secret, "
        + "old_secret, old_secret_until, state, paused_because, failing_since, since_transaction, since_sequence, created_at";

    private readonly SemaphoreSlim _reading = new(1, 1);
    private volatile Snapshot _current = new(Guid.Empty, []);
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsEmpty => _current.ById.Count == 0;

    /// <summary>Ends when they change.</summary>
    public Task Changed => _changed.Task;

    string ISharedCache.Name => SharedStateRow.Webhooks;

    Guid ISharedCache.Stamp => _current.Stamp;

    async ValueTask ISharedCache.Refresh(Guid stamp, CancellationToken cancellation) => await Reload(cancellation);

    public Subscription? Find(Guid id) => _current.ById.GetValueOrDefault(id);

    public IEnumerable<Subscription> Of(string organization) => _current.ByOrganization[organization];

    public Subscription? RegistrationOf(string organization) =>
        Of(organization).FirstOrDefault(s => s.Kind == SubscriptionKind.PartnerCenter);

    /// <summary>Reads them anew if any node has changed them since: what was stored before the call is known after it.</summary>
    public async ValueTask CatchUp(CancellationToken cancellation)
    {
        var stamp = await database.Read(0, static (session, _, cancellation) => ReadStamp(session, cancellation), cancellation);
        if (stamp != _current.Stamp)
            await Reload(cancellation);
    }

    /// <summary>Reads them as they are now, with what the couriers have noted of them.</summary>
    public async Task Reload(CancellationToken cancellation)
    {
        // One after another: an older reading must not replace a newer one.
        await _reading.WaitAsync(cancellation);
        try
        {
            await Read(cancellation);
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    private async Task Read(CancellationToken cancellation)
    {
        var before = _current.Stamp;
        _current = await database.Read(0, static async (session, _, cancellation) =>
        {
            // The stamp first: what changes while the rest is read makes another stamp, and another reading.
            var stamp = await ReadStamp(session, cancellation);
            var subscriptions = new List<Subscription>();
            await using var row = await session.Command($"SELECT {Columns} FROM webhook_subscriptions ORDER BY created_at, id")
                .ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                subscriptions.Add(ReadRow(row));
            return new Snapshot(stamp, subscriptions);
        }, cancellation);
        if (_current.Stamp == before)
            return;
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Adds a subscription, which begins with the changes that are stored from now on (W15).</summary>
    /// <param name="author">Whom the audit names.</param>
    /// <param name="answer">What remembers the answer under an idempotency key, in the same transaction.</param>
    public async Task Add(
        Subscription subscription, AdminAuthor author, IReadOnlyList<HotStatement> answer, CancellationToken cancellation)
    {
        var since = await log.End(cancellation);
        await Write(async (session, cancellation) =>
        {
            foreach (var (sql, _, values) in answer)
                await session.Command(sql, values).ExecuteNonQueryAsync(cancellation);
            var command = session.Command($"INSERT INTO webhook_subscriptions ({Columns}, leased_until) VALUES (@id, "
                + "@organization, @kind, @url, @events, @header, @statuses, @filter, @secret, @old, @until, @state, @because, "
                + "NULL, @transaction, @sequence, @created, 0)");
            await Fill(command, subscription).With("@organization", subscription.OrganizationId)
                .With("@kind", subscription.Kind.ToString()).With("@transaction", since.Transaction)
                .With("@sequence", since.Sequence).With("@created", WireTime.ToUnixMicroseconds(subscription.CreatedAt))
                .ExecuteNonQueryAsync(cancellation);
            await Note(session, SubscriptionAudit.Of(author, null, subscription), cancellation);
            return true;
        }, cancellation);
    }

    /// <summary>
    /// Changes a subscription as it is stored, and not as this node remembers it: of two changes at the same time neither
    /// takes the other one back.
    /// </summary>
    /// <returns>What it is now; null when it is gone.</returns>
    public async Task<Subscription?> Change(
        Guid id, Func<Subscription, Subscription> change, AdminAuthor author, CancellationToken cancellation)
    {
        Subscription? changed = null;
        await Write(async (session, cancellation) =>
        {
            changed = null;
            if (await ReadLocked(session, id, cancellation) is not { } before)
                return false;
            changed = change(before);
            await Fill(session.Command(
                "UPDATE webhook_subscriptions SET url = @url, events = @events, uses_signature_header = @header, "
                + "statuses = @statuses, filter = @filter, secret = @secret, old_secret = @old, old_secret_until = @until, "
                // Resumed, or somewhere else: it has five days again.
                + "failing_since = CASE WHEN url <> @url OR (state = 'Paused' AND @state = 'Active') THEN NULL ELSE failing_since END, "
                + "state = @state, paused_because = @because WHERE id = @id"), changed)
                .ExecuteNonQueryAsync(cancellation);
            await Note(session, SubscriptionAudit.Of(author, before, changed), cancellation);
            return true;
        }, cancellation);
        return changed;
    }

    /// <summary>Removes a subscription and drops what waits for it (W12); false when it is gone.</summary>
    public async Task<bool> Remove(Subscription subscription, AdminAuthor author, CancellationToken cancellation)
    {
        var isRemoved = await Write(async (session, cancellation) =>
        {
            if (await session.Command("DELETE FROM webhook_subscriptions WHERE id = @id").With("@id", database.Id(subscription.Id))
                .ExecuteNonQueryAsync(cancellation) == 0)
                return false;
            await Note(session, SubscriptionAudit.Of(author, subscription, null), cancellation);
            return true;
        }, cancellation);
        // Afterwards, since there may be many: what has no subscription is not sent.
        if (isRemoved)
            await WebhookStore.Drop(database, subscription.Id, cancellation);
        return isRemoved;
    }

    /// <summary>Pauses a receiver that has failed for too long, and tells the people who may resume it.</summary>
    /// <param name="since">When it began to fail; one that has been resumed or moved meanwhile has five days again.</param>
    public async Task<bool> Pause(
        Subscription subscription, DateTimeOffset since, string because, CancellationToken cancellation)
    {
        // In the transaction of the pause: of several nodes one tells. The e-mail leaves when the sender next looks.
        var (told, _) = await notices.Statements([NoticePlan.Paused(subscription, organizations.Current, clock.GetUtcNow())], cancellation);
        return await Write(async (session, cancellation) =>
        {
            if (await session.Command("UPDATE webhook_subscriptions SET state = 'Paused', paused_because = @because "
                + "WHERE id = @id AND state = 'Active' AND failing_since <= @since").With("@because", because)
                .With("@id", database.Id(subscription.Id)).With("@since", WireTime.ToUnixMicroseconds(since)).ExecuteNonQueryAsync(cancellation) == 0)
                return false;
            foreach (var notice in told)
                await session.Command(notice.Sql, notice.Values).ExecuteNonQueryAsync(cancellation);
            return true;
        }, cancellation);
    }

    // SQLite has one writer at a time.
    private static async ValueTask<Subscription?> ReadLocked(HotSession session, Guid id, CancellationToken cancellation)
    {
        var locking = session.Database.Kind == DatabaseKind.Postgres ? " FOR UPDATE" : "";
        await using var row = await session.Command($"SELECT {Columns} FROM webhook_subscriptions WHERE id = @id{locking}")
            .With("@id", session.Database.Id(id)).ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) ? ReadRow(row) : null;
    }

    private static Task Note(HotSession session, AdminChange? change, CancellationToken cancellation) =>
        change?.Write(session, cancellation) ?? Task.CompletedTask;

    private async Task<bool> Write(Func<HotSession, CancellationToken, ValueTask<bool>> write, CancellationToken cancellation)
    {
        var kept = await database.Write(async (session, cancellation) =>
        {
            if (!await write(session, cancellation))
                return false;
            await session.Command("UPDATE shared_state SET stamp = @stamp WHERE name = @name")
                .With("@stamp", database.Id(Guid.NewGuid())).With("@name", SharedStateRow.Webhooks)
                .ExecuteNonQueryAsync(cancellation);
            return true;
        }, cancellation);
        await Reload(cancellation);
        return kept;
    }

    private DbCommand Fill(DbCommand command, Subscription subscription) => command
        .With("@id", database.Id(subscription.Id))
        .With("@url", subscription.Url)
        .With("@events", string.Join(' ', subscription.Events))
        .With("@header", subscription.UsesSignatureHeader)
        .With("@statuses", string.Join(' ', subscription.Statuses))
        .With("@filter", subscription.Filter)
        .With("@secret", subscription.Secret)
        .With("@old", subscription.OldSecret)
        .With("@until", subscription.OldSecretUntil is { } until ? WireTime.ToUnixMicroseconds(until) : null)
        .With("@state", subscription.State.ToString())
        .With("@because", subscription.PausedBecause);

    private static async ValueTask<Guid> ReadStamp(HotSession session, CancellationToken cancellation)
    {
        await using var row = await session.Command($"SELECT stamp FROM shared_state WHERE name = '{SharedStateRow.Webhooks}'")
            .ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return row.GetGuid(0);
    }

    private static Subscription ReadRow(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        OrganizationId = row.GetString(1),
        Kind = Enum.Parse<SubscriptionKind>(row.GetString(2)),
        Url = row.GetString(3),
        Events = row.GetString(4).Split(' ', StringSplitOptions.RemoveEmptyEntries),
        UsesSignatureHeader = row.GetBoolean(5),
        Statuses = row.GetString(6).Split(' ', StringSplitOptions.RemoveEmptyEntries),
        Filter = row.IsDBNull(7) ? null : row.GetString(7),
        Secret = row.IsDBNull(8) ? null : row.GetFieldValue<byte[]>(8),
        OldSecret = row.IsDBNull(9) ? null : row.GetFieldValue<byte[]>(9),
        OldSecretUntil = TimeOrNull(row, 10),
        State = Enum.Parse<SubscriptionState>(row.GetString(11)),
        PausedBecause = row.IsDBNull(12) ? null : row.GetString(12),
        FailingSince = TimeOrNull(row, 13),
        Since = new(row.GetInt64(14), row.GetInt64(15)),
        CreatedAt = WireTime.FromUnixMicroseconds(row.GetInt64(16)),
    };

    private static DateTimeOffset? TimeOrNull(DbDataReader row, int column) =>
        row.IsDBNull(column) ? null : WireTime.FromUnixMicroseconds(row.GetInt64(column));

    private sealed class Snapshot(Guid stamp, IReadOnlyCollection<Subscription> subscriptions)
    {
        public Guid Stamp => stamp;

        public FrozenDictionary<Guid, Subscription> ById { get; } = subscriptions.ToFrozenDictionary(s => s.Id);

        public ILookup<string, Subscription> ByOrganization { get; } = subscriptions.ToLookup(s => s.OrganizationId);
    }
}

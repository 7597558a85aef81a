using Microsoft.Extensions.Options;
using Tandem.Contracts.Reading;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Feed;

/// <summary>A page of changes.</summary>
/// <param name="Told">How many referrals it tells of.</param>
/// <param name="Next">Where the next page begins: within the round, or the next round.</param>
/// <param name="IsLast">Whether it is the last page of its round.</param>
internal sealed record DeltaPage(int Told, DeltaState Next, bool IsLast);

/// <summary>Reads what changed in a list, from the change log.</summary>
internal sealed class ReferralFeed(HotDatabase database, ChangeLog log, TimeProvider clock, IOptions<TandemOptions> options)
{
    // A page ends after this many scans of the log even when there was nothing to tell.
    private const int MostScans = 5;

    /// <summary>Where the log ends now.</summary>
    public ValueTask<LogPosition> End(CancellationToken cancellation) => log.End(cancellation);

    /// <summary>Writes the next page of changes; null when the log ends before the place of the reader.</summary>
    /// <exception cref="QueryTimeoutException">The database looked for too long.</exception>
    public async ValueTask<DeltaPage?> Read(
        DeltaState state, ReferralQuery query, Caller caller, ListBody body, CancellationToken cancellation)
    {
        // By another node's clock, the round may have begun later than it is here.
        var now = Math.Max(WireTime.ToUnixMicroseconds(clock.GetUtcNow()), state.Until?.Time ?? state.From.Time);
        var until = state.Until;
        if (until is null)
        {
            var end = await log.End(cancellation);
            if (end < state.From.Position)
                return null;
            until = new(end, now);
        }

        var round = new Round(state, until, new DeltaStatements(query, caller, database.Kind, state, until, now), body);
        using var limit = new QueryLimit(options.Value.QueryTimeout, cancellation);
        try
        {
            // Everything up to the end of the round was committed before, so that a replica has it.
            return await database.ReadAside(round, static (session, round, cancellation) => round.Read(session, cancellation), limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsReached)
        {
            throw limit.Reached;
        }
    }

    private sealed class Round(DeltaState state, DeltaEnd until, DeltaStatements statements, ListBody body)
    {
        private int _told;

        private int Room => ReferralQuery.LargestPage - _told;

        public async ValueTask<DeltaPage> Read(HotSession session, CancellationToken cancellation)
        {
            // A replica that gave up half-way is followed by the primary.
            body.BeginDelta();
            _told = 0;
            var after = state.After;
            for (var scans = 0; after < until.Position; scans++)
            {
                if (Room == 0 || scans == MostScans)
                    return new(_told, state with { Until = until, After = after }, IsLast: false);
                after = await ReadLog(session, after, cancellation);
            }

            var told = await ReadArchived(session, state.Archived ?? new(state.From.Time, Guid.AllBitsSet), cancellation);
            return told is null
                ? new(_told, Following(), IsLast: true)
                : new(_told, state with { Until = until, After = after, Archived = told }, IsLast: false);
        }

        private DeltaState Following() => state with
        {
            From = new(until.Position, until.Time, state.From.Scope),
            Until = null,
            After = until.Position,
            Archived = null,
        };

        private async ValueTask<LogPosition> ReadLog(HotSession session, LogPosition after, CancellationToken cancellation)
        {
            var bound = await statements.Bound(session, after, cancellation);
            var (sql, parameters) = statements.Told(after, bound, Room);
            await using var reader = await ReferralStore.Fill(session.Command(sql), parameters).ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var row = new HotRow(reader);
                if (row.Boolean(DeltaStatements.Shown))
                    body.Write(new ListedReferral(row));
                else
                    body.WriteRemoved(row.Guid(DeltaStatements.Shown + 4), isGone: row.Boolean(DeltaStatements.Shown + 1));
                _told++;
                if (Room == 0)
                    return new(row.Int64(DeltaStatements.Shown + 2), row.Int64(DeltaStatements.Shown + 3));
            }

            return bound;
        }

        /// <summary>The last lead that was told of; null when there are no more of them.</summary>
        private async ValueTask<ArchivedLead?> ReadArchived(HotSession session, ArchivedLead after, CancellationToken cancellation)
        {
            var (sql, parameters) = statements.Archived(after, Room + 1);
            await using var reader = await ReferralStore.Fill(session.Command(sql), parameters).ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                if (Room == 0)
                    return after;
                var row = new HotRow(reader);
                after = new(row.Int64(1), row.Guid(0));
                body.WriteRemoved(after.Id, isGone: true);
                _told++;
            }

            return null;
        }
    }
}

using System.Globalization;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Feed;

/// <summary>
/// The statements of one page of changes. A row of the log names a referral; it is told at the last row of the round that
/// touches it, as it is now: shown when the caller sees it and the filter holds, removed when he sees it no longer or
/// the filter does not hold any more, and not at all when he never could see it.
/// </summary>
internal sealed class DeltaStatements
{
    /// <summary>Behind the facts of a row: whether it is shown, whether it was archived, its place in the log, and its id.</summary>
    public const int Shown = ListedReferral.Columns;

    private readonly QueryDialect _dialect;
    private readonly Caller _caller;
    private readonly ReferralQuery _query;
    private readonly DeltaState _state;
    private readonly DeltaEnd _until;
    private readonly long _now;

    /// <param name="query">What the list was asked for.</param>
    /// <param name="state">Where the reader is.</param>
    /// <param name="until">The end of the round.</param>
    /// <param name="now">The time now; not before the time of the round.</param>
    public DeltaStatements(ReferralQuery query, Caller caller, DatabaseKind database, DeltaState state, DeltaEnd until, long now)
    {
        (_query, _caller, _state, _until, _now) = (query, caller, state, until, now);
        _dialect = QueryDialect.Of(database);
    }

    /// <summary>Where a scan that begins behind a position ends.</summary>
    public ValueTask<LogPosition> Bound(HotSession session, LogPosition after, CancellationToken cancellation)
    {
        var parameters = new SqlParameters(_dialect);
        return LogSql.Bound(session, Candidates(parameters), parameters, after, _until.Position, cancellation);
    }

    /// <summary>What is told of the changes behind a position, up to another.</summary>
    public (string Sql, SqlParameters Parameters) Told(LogPosition after, LogPosition bound, int most)
    {
        var parameters = new SqlParameters(_dialect);
        var sql = _query.Sql(_dialect, _caller);
        parameters.Add(sql.Parameters);
        var scope = ReferralScope.Of(_caller, _query.ReachesOtherParties, _now, parameters, ofFew: true);
        var archived = IsArchived(parameters);
        var (from, until) = (LogMark.Of(_state.From.Position, parameters), LogMark.Of(_until.Position, parameters));
        var text = $"SELECT {ListedReferral.Facts(parameters.Add(_caller.OrganizationId))}, ({scope}{(sql.Filter is null ? "" : $" AND ({sql.Filter})")}) IS TRUE, "
            + $"({archived}) IS TRUE, c.transaction_id, c.sequence, r.id FROM change_log c CROSS JOIN referrals r "
            + $"WHERE {Candidates(parameters)} AND {LogMark.Of(after, parameters).IsBefore("c")} "
            + $"AND {LogMark.Of(bound, parameters).IsNotBefore("c")} AND {LogSql.IsChange("c")} AND {Touched(parameters)}{Parties(parameters)} "
            + $"AND ({scope} OR {archived} OR {LostSight(from, until, parameters)}) "
            + $"AND NOT EXISTS ({TouchedLater(from, until, parameters)}) "
            + string.Create(CultureInfo.InvariantCulture, $"ORDER BY c.transaction_id, c.sequence LIMIT {most}");
        return (text, parameters);
    }

    /// <summary>
    /// Leads that left the lists by themselves since the round before, and of which the log says nothing (B29).
    /// </summary>
    public (string Sql, SqlParameters Parameters) Archived(ArchivedLead after, int most)
    {
        var parameters = new SqlParameters(_dialect);
        var (from, until) = (LogMark.Of(_state.From.Position, parameters), LogMark.Of(_until.Position, parameters));
        // Who left the team of an archived lead did so in a row of the log, and is told there.
        var sql = $"SELECT r.id, r.archives_at FROM referrals r WHERE {ReferralScope.Owned(_caller, parameters)} "
            + $"AND r.archives_at IS NOT NULL AND (r.archives_at, r.id) > ({parameters.Add(after.At)}, {parameters.Add(after.Id)}) "
            + $"AND r.archives_at <= {parameters.Add(_until.Time)}{Parties(parameters)} "
            + "AND NOT EXISTS (SELECT 1 FROM change_log l WHERE l.referral_id = r.id "
            + $"AND {from.IsBefore("l")} AND {until.IsNotBefore("l")} AND {LogSql.IsChange("l")}) "
            + string.Create(CultureInfo.InvariantCulture, $"ORDER BY r.archives_at, r.id LIMIT {most}");
        return (sql, parameters);
    }

    // The rows of the log that can matter, found by an index.
    private string Candidates(SqlParameters parameters)
    {
        if (_query.Filter?.EngagementIds.FirstOrDefault() is { } engagement && engagement != Guid.Empty)
            return $"c.referral_id IN (SELECT e.id FROM referrals e WHERE e.engagement_id = {parameters.Add(engagement)})";
        var own = parameters.Add(_caller.OrganizationId);
        return _query.Filter?.OrganizationIds.FirstOrDefault() is { } organization
            ? $"c.organization_id IN ({own}, {parameters.Add(organization)})"
            : $"c.organization_id = {own}";
    }

    // What the filter fixes was never otherwise: of other parties' referrals nothing is to be told. The organization is
    // written so that no index over its many referrals is tried, where the row of the log leads to one.
    private string Parties(SqlParameters parameters) =>
        string.Concat(_query.Filter?.EngagementIds.Select(e => $" AND r.engagement_id = {parameters.Add(e)}") ?? [])
        + string.Concat(_query.Filter?.OrganizationIds.Select(o => $" AND r.organization_id || '' = {parameters.Add(o)}") ?? []);

    private string IsArchived(SqlParameters parameters) =>
        $"({ReferralScope.Owned(_caller, parameters)} AND r.archives_at <= {parameters.Add(_until.Time)})";

    private string Touched(SqlParameters parameters) => !_query.ReachesOtherParties
        ? "r.id = c.referral_id"
        : $"r.engagement_id = c.engagement_id AND {Touches("c", parameters)}";

    private string TouchedLater(LogMark from, LogMark until, SqlParameters parameters)
    {
        var inRound = $"{from.IsBefore("l")} AND {until.IsNotBefore("l")} AND {LogSql.IsChange("l")}";
        return _query.ReachesOtherParties
            ? "SELECT 1 FROM change_log l WHERE l.referral_id IN (SELECT e.id FROM referrals e WHERE e.engagement_id = r.engagement_id) "
                + $"AND {LogSql.IsLater("l", "c")} AND {inRound} AND {Touches("l", parameters)}"
            // The changes of one referral are in the order of their numbers, by which they are found.
            : $"SELECT 1 FROM change_log l WHERE l.referral_id = c.referral_id AND l.sequence > c.sequence AND {inRound}";
    }

    // A change of a referral touches it, and where it changes who of its owner may see it, also what he sees by that of
    // the other parties' (B12).
    private string Touches(string row, SqlParameters parameters)
    {
        var organization = parameters.Add(_caller.OrganizationId);
        return $"({row}.referral_id = r.id OR ({row}.organization_id = {organization} AND r.organization_id <> {organization} "
            + $"AND ({row}.kind = 'Created' OR {LogSql.Changes(row, "team", _dialect)} OR {LogSql.Changes(row, "type", _dialect)} "
            + $"OR {LogSql.Changes(row, "qualification", _dialect)})))";
    }

    // Whether the caller saw the referral within the round and lost sight of it by a change of his own organization's.
    private string LostSight(LogMark from, LogMark until, SqlParameters parameters)
    {
        var names = _caller.IsCompanyAdmin ? []
            : _caller.Emails.Concat(_caller.AdminLocations.Select(l => l.ToLowerInvariant()))
                .Select(n => _dialect.Test(TextTestKind.Contains, "x.lost_by", parameters.Add($"\n{n}\n"))).ToList();
        if (names.Count == 0)
            return "1 = 0";
        var lost = $"{from.IsBefore("x")} AND {until.IsNotBefore("x")} AND x.lost_by IS NOT NULL AND ({string.Join(" OR ", names)})";
        var organization = parameters.Add(_caller.OrganizationId);
        var own = $"(r.organization_id = {organization} "
            + $"AND EXISTS (SELECT 1 FROM change_log x WHERE x.referral_id = r.id AND {lost}))";
        if (!_query.ReachesOtherParties)
            return own;
        // Another party's referral that came, or became a shared one, only afterwards was never seen.
        return $"({own} OR (r.organization_id <> {organization} AND r.type = 'Shared' AND EXISTS (SELECT 1 FROM referrals o "
            + $"CROSS JOIN change_log x WHERE o.engagement_id = r.engagement_id AND o.organization_id = {organization} "
            + $"AND x.referral_id = o.id AND {lost} AND NOT EXISTS (SELECT 1 FROM change_log y WHERE y.referral_id = r.id "
            + $"AND {LogSql.IsLater("y", "x")} AND (y.kind = 'Created' OR {LogSql.Changes("y", "type", _dialect)})))))";
    }
}

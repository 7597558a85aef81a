using System.Globalization;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Feed;

/// <summary>The statements of the event stream: the rows of the log whose referral the caller sees now.</summary>
internal sealed class ChangeStatements(Caller caller, DatabaseKind database, long now)
{
    private readonly QueryDialect _dialect = QueryDialect.Of(database);

    /// <summary>Where a scan that begins behind a position ends.</summary>
    public ValueTask<LogPosition> Bound(HotSession session, LogPosition after, LogPosition end, CancellationToken cancellation) =>
        LogSql.Bound(session, "1 = 1", new(_dialect), after, end, cancellation);

    /// <summary>The visible changes behind a position, up to another; the document only where it decides what is shown.</summary>
    public (string Sql, SqlParameters Parameters) Visible(LogPosition after, LogPosition bound, int most)
    {
        var parameters = new SqlParameters(_dialect);
        var scope = ReferralScope.Of(caller, withOthers: true, now, parameters, ofFew: true);
        var sql = "SELECT c.transaction_id, c.sequence, c.referral_id, c.engagement_id, c.organization_id, c.kind, c.changed_at, "
            + $"c.etag_after, c.properties, CASE WHEN c.organization_id <> {parameters.Add(caller.OrganizationId)} THEN r.document END "
            + "FROM change_log c CROSS JOIN referrals r WHERE r.id = c.referral_id "
            + $"AND {LogMark.Of(after, parameters).IsBefore("c")} AND {LogMark.Of(bound, parameters).IsNotBefore("c")} "
            + $"AND {LogSql.IsChange("c")} AND {scope} "
            + string.Create(CultureInfo.InvariantCulture, $"ORDER BY c.transaction_id, c.sequence LIMIT {most}");
        return (sql, parameters);
    }
}

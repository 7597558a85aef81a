using Microsoft.Extensions.Options;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Reports;

/// <summary>Lets the database compute a report, in one query that a replica may answer.</summary>
internal sealed class ReportReader(
    HotDatabase database, OrganizationDirectory directory, IOptions<TandemOptions> options, TimeProvider clock)
{
    /// <summary>At most one row more than <see cref="ReportSql.MostRows"/>, which tells that there are too many.</summary>
    /// <exception cref="QueryTimeoutException">The database computed for too long.</exception>
    public async ValueTask<List<TRow>> Read<TRow>(Report<TRow> report, ReportAsk ask, Caller caller, CancellationToken cancellation)
        where TRow : ReportRow
    {
        using var limit = new QueryLimit(options.Value.QueryTimeout, cancellation);
        try
        {
            var now = WireTime.ToUnixMicroseconds(clock.GetUtcNow());
            return await database.ReadAside((report, ask, caller, now, directory.Current), static async (session, read, cancellation) =>
            {
                var (report, ask, caller, now, directory) = read;
                var sql = new ReportSql(QueryDialect.Of(session.Database.Kind), caller, ask, now);
                var command = ReferralStore.Fill(session.Command(report.Sql(sql)), sql.Parameters);
                var rows = new List<TRow>();
                await using var row = await command.ExecuteReaderAsync(cancellation);
                while (await row.ReadAsync(cancellation))
                    rows.Add(report.Read(row, directory));
                return rows;
            }, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsReached)
        {
            throw limit.Reached;
        }
    }
}

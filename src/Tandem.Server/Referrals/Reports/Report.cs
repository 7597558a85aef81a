using System.Data.Common;
using System.Globalization;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;
using Tandem.Server.Organizations;

namespace Tandem.Server.Referrals.Reports;

/// <summary>A report: its statement, and how a row of the answer is read.</summary>
/// <param name="Name">Last part of its address.</param>
/// <param name="Summary">What it tells.</param>
/// <param name="Sql">Writes the statement.</param>
/// <param name="Read">Reads a row; who an organization is, the directory knows.</param>
internal sealed record Report<TRow>(
    string Name, string Summary, Func<ReportSql, string> Sql, Func<DbDataReader, DirectorySnapshot, TRow> Read)
    where TRow : ReportRow;

internal static class Report
{
    private const decimal MicrosecondsPerHour = 3_600_000_000m;

    public static readonly Report<StageReportRow> Stages = new(
        "stages", "Report: the open pipeline by sales stage", sql => sql.Stages(), static (row, _) => Amounts(row, 3, new StageReportRow
        {
            Status = Enum.Parse<ReferralStatus>(row.GetString(1)),
            SalesStage = Stage(Text(row, 2)),
        }));

    public static readonly Report<OutcomeReportRow> Outcomes = new(
        "outcomes", "Report: what became of the referrals that were closed", sql => sql.Outcomes(),
        static (row, _) => Amounts(row, 2, new OutcomeReportRow { Outcome = Enum.Parse<ReferralSubstatus>(row.GetString(1)) }));

    public static readonly Report<TimeReportRow> Times = new(
        "times", "Report: how long answers and outcomes took", sql => sql.Times(), static (row, _) => new TimeReportRow
        {
            Start = Start(row),
            Measure = Enum.Parse<ReportedTime>(row.GetString(1)),
            Count = row.GetInt64(2),
            MedianHours = Hours(row.GetInt64(3)),
            Percentile90Hours = Hours(row.GetInt64(4)),
        });

    public static readonly Report<PartnerReportRow> Partners = new(
        "partners", "Report: referrals by partner", sql => sql.Partners(), static (row, directory) =>
        {
            var partner = Text(row, 1);
            return Deals(row, 2, 5, new PartnerReportRow { OrganizationId = partner, OrganizationName = Find(directory, partner)?.Name });
        });

    public static readonly Report<SolutionReportRow> Solutions = new(
        "solutions", "Report: referrals by solution", sql => sql.BySolution(), static (row, _) =>
            Deals(row, 2, 7, new SolutionReportRow { SolutionId = Text(row, 5), SolutionName = Text(row, 6) }));

    public static readonly Report<SourceReportRow> Sources = new(
        "sources", "Report: referrals by who brought them", sql => sql.Sources(), static (row, directory) =>
        {
            // Folded in its column; the directory has the one spelling.
            var inviter = Text(row, 2);
            var known = Find(directory, inviter);
            return Deals(row, 3, 6, new SourceReportRow
            {
                Direction = Enum.Parse<ReferralDirection>(row.GetString(1)),
                OrganizationId = known?.Id ?? inviter,
                OrganizationName = known?.Name,
            });
        });

    /// <summary>A sum without the zeros at its end, which the databases leave there or not.</summary>
    public static decimal Plain(decimal sum) => sum / 1.0000000000000000000000000000m;

    /// <summary>A sales stage, which is folded in its column; the contract has one spelling of each.</summary>
    public static string? Stage(string? folded) => folded is not null && SalesStages.TryRead(folded, out var stage) ? stage : folded;

    private static TRow Amounts<TRow>(DbDataReader row, int currency, TRow amounts)
        where TRow : ReportedAmounts
    {
        amounts.Start = Start(row);
        amounts.Currency = Text(row, currency)?.ToUpperInvariant();
        amounts.Count = row.GetInt64(currency + 1);
        amounts.DealValue = Plain(row.GetDecimal(currency + 2));
        return amounts;
    }

    private static TRow Deals<TRow>(DbDataReader row, int currency, int became, TRow deals)
        where TRow : ReportedDeals
    {
        (deals.OpenCount, deals.OpenValue) = (row.GetInt64(became), Plain(row.GetDecimal(became + 1)));
        (deals.WonCount, deals.WonValue) = (row.GetInt64(became + 2), Plain(row.GetDecimal(became + 3)));
        (deals.LostCount, deals.LostValue) = (row.GetInt64(became + 4), Plain(row.GetDecimal(became + 5)));
        return Amounts(row, currency, deals);
    }

    private static Organization? Find(DirectorySnapshot directory, string? id) => id is null ? null : directory.Organization(id);

    private static DateTimeOffset? Start(DbDataReader row) => Text(row, 0) is { } day
        ? new DateTimeOffset(DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture), TimeOnly.MinValue, TimeSpan.Zero)
        : null;

    private static decimal Hours(long microseconds) => Plain(Math.Round(microseconds / MicrosecondsPerHour, 2));

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}

using System.Globalization;
using Tandem.Contracts.Reading;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Query;

namespace Tandem.Server.Referrals.Reports;

/// <summary>Writes each report as one statement, which starts from what the caller may see of his own organization's referrals.</summary>
internal sealed class ReportSql
{
    /// <summary>A filter or a period makes it less; nobody reads so many lines.</summary>
    public const int MostRows = 10_000;

    private const string Deal = "r.currency, r.deal_value, r.status, r.substatus";
    private static readonly string[] States = ["d.status <> 'Closed'", "d.substatus = 'Won'", "d.substatus = 'Lost'"];

    // An invitation that was not answered until then has expired (B26), whatever its outcome was corrected to.
    private static readonly string AnswerTime =
        (CreateReferral.AnswerTime.Ticks / TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture);

    private readonly QueryDialect _dialect;
    private readonly ReportAsk _ask;
    private readonly string _own;
    private readonly string? _from;
    private readonly string? _before;

    public ReportSql(QueryDialect dialect, Caller caller, ReportAsk ask, long now)
    {
        (_dialect, _ask) = (dialect, ask);
        Parameters = new SqlParameters(dialect);
        _own = ReferralScope.OfOwn(caller, ask.Filter, ask.Partner, now, dialect, Parameters);
        _from = ask.From is { } from ? Parameters.Add(from) : null;
        _before = ask.Before is { } before ? Parameters.Add(before) : null;
    }

    public SqlParameters Parameters { get; }

    public string Stages() => Amounts(
        $"SELECT {Start("r.created_at")} AS start, r.sales_stage, {Deal} FROM referrals r "
        + $"WHERE {_own} AND r.status <> 'Closed'{Within("r.created_at")}",
        ["d.status", "d.sales_stage"], []);

    public string Outcomes() => Amounts(
        $"SELECT {Start("r.closed_at")} AS start, {Deal} FROM referrals r WHERE {_own} AND r.status = 'Closed'{Within("r.closed_at")}",
        ["d.substatus"], []);

    public string Sources() => Amounts(
        $"SELECT {Start("r.created_at")} AS start, r.direction, r.invited_by, {Deal} FROM referrals r WHERE {_own}{Within("r.created_at")}",
        ["d.direction", "d.invited_by"], Became());

    // A partner may have had several referrals in an engagement, one after the other.
    public string Partners() => Amounts(
        $"SELECT DISTINCT {Start("r.created_at")} AS start, r.id, p.organization_id, {Deal} FROM referrals r "
        + $"LEFT JOIN referrals p ON {Partner("r")} WHERE {_own}{Within("r.created_at")}",
        ["d.organization_id"], Became());

    // The same solution twice in a deal is one; its id is compared as $filter compares it, and shown as it was written.
    public string BySolution()
    {
        var id = $"NULLIF({_dialect.Scalar("s.value", ["id"], ContractKind.Text)}, '')";
        var (shown, name) = (_dialect.Scalar("s.value", ["id"], ContractKind.Enumeration), _dialect.Scalar("s.value", ["name"], ContractKind.Enumeration));
        return Amounts(
            $"SELECT {Start("r.created_at")} AS start, {id} AS solution, {First(shown)} AS shown, {First(name)} AS name, {Deal} FROM referrals r "
            + $"LEFT JOIN {_dialect.Elements(_dialect.Solutions, [], "s")} ON TRUE WHERE {_own}{Within("r.created_at")} GROUP BY r.id, {id}",
            ["d.solution"], [First($"CASE WHEN d.solution IS NOT NULL THEN d.shown END"), First("d.name"), .. Became()]);
    }

    /// <summary>
    /// Answers and outcomes with the time they took. A referral that was accepted when it was created asked for no answer.
    /// </summary>
    public string Times()
    {
        var taken =
            $"SELECT 'OwnAnswer' AS measure, o.answered_at AS ended_at, o.answered_at - o.created_at AS took FROM own o WHERE o.answered_at > o.created_at "
            + "UNION ALL SELECT 'PartnerAnswer', a.answered_at, a.answered_at - a.created_at FROM ("
            + $"SELECT DISTINCT p.id, p.created_at, {Answered("p")} AS answered_at FROM own o JOIN referrals p ON {Partner("o")} "
            + "AND p.creator_organization_id = o.organization_id) a WHERE a.answered_at > a.created_at "
            + "UNION ALL SELECT o.substatus, o.closed_at, o.closed_at - o.created_at FROM own o WHERE o.status = 'Closed' AND o.substatus IN ('Won', 'Lost')";
        const string Group = "t.start, t.measure";
        return
            $"WITH own AS (SELECT r.id, r.engagement_id, r.organization_id, r.status, r.substatus, r.created_at, r.closed_at, {Answered("r")} AS answered_at "
            + $"FROM referrals r WHERE {_own}), taken AS ({taken}), "
            + $"timed AS (SELECT {Start("e.ended_at")} AS start, e.measure, e.took FROM taken e WHERE e.ended_at IS NOT NULL{Within("e.ended_at")}), "
            + $"ranked AS (SELECT {Group}, t.took, ROW_NUMBER() OVER (PARTITION BY {Group} ORDER BY t.took) AS place, "
            + $"COUNT(*) OVER (PARTITION BY {Group}) AS number FROM timed t) "
            // The nearest rank, in whole numbers: places from 1 on, rounded up.
            + $"SELECT {Group}, MAX(t.number), MAX(CASE WHEN t.place = (t.number + 1) / 2 THEN t.took END), "
            + $"MAX(CASE WHEN t.place = (t.number * 9 + 9) / 10 THEN t.took END) FROM ranked t GROUP BY {Group} "
            + $"{OrderBy(["t.start", "t.measure"])} LIMIT {MostRows + 1}";
    }

    private string Amounts(string deals, string[] groups, IEnumerable<string> further)
    {
        string[] keys = ["d.start", .. groups, "d.currency"];
        return $"SELECT {string.Join(", ", [.. keys, "COUNT(*)", _dialect.Sum("d.deal_value"), .. further])} FROM ({deals}) d "
            + $"GROUP BY {string.Join(", ", keys)} {OrderBy(keys)} LIMIT {MostRows + 1}";
    }

    private IEnumerable<string> Became() => States.SelectMany<string, string>(
        state => [$"COUNT(CASE WHEN {state} THEN 1 END)", _dialect.Sum($"CASE WHEN {state} THEN d.deal_value END")]);

    private string Partner(string own) => PartnerOption.Others(own, _ask.Partner);

    private static string Answered(string row) =>
        $"COALESCE({row}.accepted_at, CASE WHEN {row}.substatus <> 'Expired' AND {row}.closed_at < {row}.created_at + {AnswerTime} THEN {row}.closed_at END)";

    private string Start(string time) => _ask.Step is { } step ? _dialect.StartOf(step, time) : "CAST(NULL AS TEXT)";

    private string Within(string time) =>
        (_from is null ? "" : $" AND {time} >= {_from}") + (_before is null ? "" : $" AND {time} < {_before}");

    private string First(string text) => $"MIN({_dialect.Ordered(text)})";

    private string OrderBy(IEnumerable<string> texts) =>
        $"ORDER BY {string.Join(", ", texts.Select(t => _dialect.Ordered(t) + _dialect.NullOrder(descending: false)))}";
}

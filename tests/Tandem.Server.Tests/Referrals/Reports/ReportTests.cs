using System.Globalization;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals.Reports;

/// <summary>What the database computes is what the lists hold, counted here once more and in another way.</summary>
public sealed class ReportTests(BusyMonths months) : IClassFixture<BusyMonths>
{
    private static readonly Dictionary<string, string> Names = new() { [Contoso] = "Contoso Company", [Fabrikam] = "Fabrikam", ["msft"] = "Microsoft" };

    /// <summary>Periods and steps; the list's filter, with the same as a condition on a referral.</summary>
    public static TheoryData<string?, string?, ReportStep?, string?> Questions => new()
    {
        { null, null, null, null },
        { null, null, ReportStep.Month, null },
        { "2026-02-01", "2026-03-31", ReportStep.Week, null },
        { "2026-02-28", null, ReportStep.Quarter, null },
        { null, "2026-04-01", null, "details/currency eq 'USD'" },
        { null, null, ReportStep.Month, "type eq 'Shared'" },
        { "2030-01-01", null, ReportStep.Month, null },
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ReportsClient Reports => new TandemClient(months.Server.Http, Alice).Reports;

    [Theory, MemberData(nameof(Questions))]
    public async Task The_pipeline_is_counted_by_stage(string? first, string? last, ReportStep? step, string? filter)
    {
        var rows = await Reports.StagesAsync(Query(first, last, step, filter), Cancellation);
        Same(
            from r in Of(filter)
            where r.Status != ReferralStatus.Closed && Within(r.CreatedDateTime, first, last)
            group r by (Start(r.CreatedDateTime, step), r.Status, r.SalesStage, r.Details.Currency) into g
            select $"{g.Key}: {Amount(g)}",
            rows.Select(r => $"{(Day(r.Start), r.Status, r.SalesStage, r.Currency)}: {r.Count} worth {r.DealValue:G29}"));
    }

    [Theory, MemberData(nameof(Questions))]
    public async Task Outcomes_are_counted_by_the_time_of_closing(string? first, string? last, ReportStep? step, string? filter)
    {
        var rows = await Reports.OutcomesAsync(Query(first, last, step, filter), Cancellation);
        Same(
            from r in Of(filter)
            where r.Status == ReferralStatus.Closed && Within(r.ClosedDateTime!.Value, first, last)
            group r by (Start(r.ClosedDateTime!.Value, step), r.Substatus, r.Details.Currency) into g
            select $"{g.Key}: {Amount(g)}",
            rows.Select(r => $"{(Day(r.Start), r.Outcome, r.Currency)}: {r.Count} worth {r.DealValue:G29}"));
    }

    [Theory, MemberData(nameof(Questions))]
    public async Task Sources_are_counted_by_who_invited(string? first, string? last, ReportStep? step, string? filter)
    {
        var rows = await Reports.SourcesAsync(Query(first, last, step, filter), Cancellation);
        Same(
            from r in Of(filter)
            where Within(r.CreatedDateTime, first, last)
            let inviter = r.InviteContext.InvitedBy.OrganizationId!
            group r by (Start(r.CreatedDateTime, step), r.Direction, inviter, Names[inviter], r.Details.Currency) into g
            select $"{g.Key}: {Deals(g)}",
            rows.Select(r => $"{(Day(r.Start), r.Direction, r.OrganizationId!, r.OrganizationName!, r.Currency)}: {Deals(r)}"));
    }

    [Theory, MemberData(nameof(Questions))]
    public async Task Partners_are_counted_by_who_works_on_the_engagement(string? first, string? last, ReportStep? step, string? filter)
    {
        var rows = await Reports.PartnersAsync(Query(first, last, step, filter), Cancellation);
        Same(
            from r in Of(filter)
            where Within(r.CreatedDateTime, first, last)
            from partner in PartnersOf(r).DefaultIfEmpty()
            group r by (Start(r.CreatedDateTime, step), partner, partner is null ? null : Names[partner], r.Details.Currency) into g
            select $"{g.Key}: {Deals(g)}",
            rows.Select(r => $"{(Day(r.Start), r.OrganizationId, r.OrganizationName, r.Currency)}: {Deals(r)}"));
    }

    [Theory, MemberData(nameof(Questions))]
    public async Task Solutions_are_counted_once_a_deal(string? first, string? last, ReportStep? step, string? filter)
    {
        var rows = await Reports.SolutionsAsync(Query(first, last, step, filter), Cancellation);
        Same(
            from r in Of(filter)
            where Within(r.CreatedDateTime, first, last)
            from solution in r.Details.Requirements.Solutions.Select(s => s.Id.ToUpperInvariant()).Distinct().DefaultIfEmpty()
            group r by (Start(r.CreatedDateTime, step), solution, r.Details.Currency) into g
            select $"{g.Key}: {Deals(g)}",
            rows.Select(r => $"{(Day(r.Start), r.SolutionId?.ToUpperInvariant(), r.Currency)}: {Deals(r)}"));
        Assert.All(rows, r => Assert.Equal(r.SolutionId is null, r.SolutionName is null));
    }

    [Theory, MemberData(nameof(Questions))]
    public async Task Times_are_those_of_answers_and_outcomes(string? first, string? last, ReportStep? step, string? filter) // B26
    {
        var own = Of(filter).ToList();
        var engagements = own.Select(r => r.EngagementId).ToHashSet();
        var taken = own.Where(r => r.AcceptedDateTime != r.CreatedDateTime).Select(r => (ReportedTime.OwnAnswer, Referral: r, End: AnswerTo(r)))
            // Fabrikam has invited Contoso, too; its own referral there is no answer.
            .Concat(months.Others.Where(r => engagements.Contains(r.EngagementId) && r.InviteContext.InvitedBy.OrganizationId == Contoso)
                .Select(r => (ReportedTime.PartnerAnswer, Referral: r, End: AnswerTo(r))))
            .Concat(own.Where(r => r.Substatus == ReferralSubstatus.Won).Select(r => (ReportedTime.Won, Referral: r, End: r.ClosedDateTime)))
            .Concat(own.Where(r => r.Substatus == ReferralSubstatus.Lost).Select(r => (ReportedTime.Lost, Referral: r, End: r.ClosedDateTime)));
        var rows = await Reports.TimesAsync(Query(first, last, step, filter), Cancellation);
        Same(
            from t in taken
            where t.End is { } end && Within(end, first, last)
            group (t.End!.Value - t.Referral.CreatedDateTime).TotalHours by (Start(t.End!.Value, step), t.Item1) into g
            let times = g.Order().ToList()
            select $"{g.Key}: {times.Count}, {Ranked(times, .5):F2}, {Ranked(times, .9):F2}",
            rows.Select(r => $"{(Day(r.Start), r.Measure)}: {r.Count}, {r.MedianHours:F2}, {r.Percentile90Hours:F2}"));
    }

    [Fact]
    public async Task There_is_something_to_count()
    {
        Assert.InRange(months.Own.Count, 80, 160);
        Assert.Equal(4, (await Reports.TimesAsync(cancellation: Cancellation)).Count(t => t.Count > 5));
        Assert.Equal(3, (await Reports.PartnersAsync(new ReportQuery { Filter = "details/currency eq 'USD'" }, Cancellation)).Count);
        Assert.Equal(["Declined", "Error", "Expired", "Lost", "Won"],
            (await Reports.OutcomesAsync(cancellation: Cancellation)).Select(o => $"{o.Outcome}").Distinct().Order());
        Assert.Contains(months.Own, r => r is { Substatus: ReferralSubstatus.Lost, AcceptedDateTime: null } && r.ClosedDateTime - r.CreatedDateTime >= TimeSpan.FromDays(14));
        Assert.Contains(months.Own, r => PartnersOf(r).Count() == 2);
    }

    [Fact]
    public async Task A_partner_narrows_every_report()
    {
        var query = new ReportQuery { Partner = Fabrikam };
        var expected = months.Own.Where(r => PartnersOf(r).Contains(Fabrikam)).ToList();
        Assert.Equal(expected.Count, (await Reports.SourcesAsync(query, Cancellation)).Sum(r => r.Count));
        Assert.Equal(expected.Count(r => r.Status == ReferralStatus.Closed), (await Reports.OutcomesAsync(query, Cancellation)).Sum(r => r.Count));
        Assert.Equal(expected.Count(r => r.Status != ReferralStatus.Closed), (await Reports.StagesAsync(query, Cancellation)).Sum(r => r.Count));
        var partners = await Reports.PartnersAsync(query, Cancellation);
        Assert.All(partners, p => Assert.Equal("Fabrikam", p.OrganizationName));
        Assert.Equal(expected.Count, partners.Sum(p => p.Count));
        var answers = months.Others.Count(r => r.OrganizationId == Fabrikam && r.InviteContext.InvitedBy.OrganizationId == Contoso && AnswerTo(r) is not null);
        Assert.Equal(answers, (await Reports.TimesAsync(query, Cancellation)).Single(t => t.Measure == ReportedTime.PartnerAnswer).Count);
        Assert.Empty(await Reports.PartnersAsync(query with { Partner = Guid.NewGuid().ToString() }, Cancellation));
    }

    [Fact]
    public async Task Who_sees_only_his_own_deals_gets_reports_on_those() // B3, B13
    {
        var bobs = new TandemClient(months.Server.Http, Bob);
        var seen = await bobs.Referrals.ListAsync(cancellation: Cancellation).ToListAsync(Cancellation);
        Assert.InRange(seen.Count, 1, months.Own.Count - 1);
        Assert.Equal(seen.Count, (await bobs.Reports.SourcesAsync(cancellation: Cancellation)).Sum(r => r.Count));
        Assert.Equal(seen.Count, (await bobs.Reports.PartnersAsync(cancellation: Cancellation)).Sum(r => r.Count));
        // He is in no shared deal's team, so no partner's answer is any business of his.
        Assert.DoesNotContain(await bobs.Reports.TimesAsync(cancellation: Cancellation), t => t.Measure == ReportedTime.PartnerAnswer);
        Assert.Empty(await new TandemClient(months.Server.Http, Dan).Reports.TimesAsync(cancellation: Cancellation));
    }

    private IEnumerable<Referral> Of(string? filter) => months.Own.Where(r => filter switch
    {
        "details/currency eq 'USD'" => r.Details.Currency == "USD",
        "type eq 'Shared'" => r.Type == ReferralType.Shared,
        _ => true,
    });

    private IEnumerable<string> PartnersOf(Referral own) =>
        months.Others.Where(o => o.EngagementId == own.EngagementId).Select(o => o.OrganizationId!).Distinct();

    // Closed without an acceptance is an answer as well, as long as it could be one.
    private static DateTimeOffset? AnswerTo(Referral r) => r.AcceptedDateTime
        ?? (r.Substatus != ReferralSubstatus.Expired && r.ClosedDateTime - r.CreatedDateTime < TimeSpan.FromDays(14) ? r.ClosedDateTime : null);

    private static double Ranked(List<double> times, double part) => times[(int)Math.Ceiling(times.Count * part) - 1];

    private static string? Start(DateTimeOffset time, ReportStep? step)
    {
        var day = time.UtcDateTime.Date;
        return step switch
        {
            null => null,
            ReportStep.Week => $"{day.AddDays(-(((int)day.DayOfWeek + 6) % 7)):yyyy-MM-dd}",
            ReportStep.Month => $"{day:yyyy-MM}-01",
            _ => $"{day.Year}-{(((day.Month - 1) / 3) * 3) + 1:00}-01",
        };
    }

    private static bool Within(DateTimeOffset time, string? first, string? last)
    {
        var day = time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return string.CompareOrdinal(day, first ?? "") >= 0 && (last is null || string.CompareOrdinal(day, last) <= 0);
    }

    private static ReportQuery Query(string? first, string? last, ReportStep? step, string? filter) => new()
    {
        From = first is null ? null : DateOnly.Parse(first, CultureInfo.InvariantCulture),
        To = last is null ? null : DateOnly.Parse(last, CultureInfo.InvariantCulture),
        By = step,
        Filter = filter,
    };

    private static string? Day(DateTimeOffset? start) => start?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Amount(IEnumerable<Referral> referrals) => $"{referrals.Count()} worth {referrals.Sum(r => r.Details.DealValue ?? 0):G29}";

    private static string Deals(IEnumerable<Referral> referrals) => $"{Amount(referrals)}, open {Amount(referrals.Where(r => r.Status != ReferralStatus.Closed))}, "
        + $"won {Amount(referrals.Where(r => r.Substatus == ReferralSubstatus.Won))}, lost {Amount(referrals.Where(r => r.Substatus == ReferralSubstatus.Lost))}";

    private static string Deals(ReportedDeals row) => $"{row.Count} worth {row.DealValue:G29}, open {row.OpenCount} worth {row.OpenValue:G29}, "
        + $"won {row.WonCount} worth {row.WonValue:G29}, lost {row.LostCount} worth {row.LostValue:G29}";

    private static void Same(IEnumerable<string> expected, IEnumerable<string> actual) =>
        Assert.Equal(string.Join('\n', expected.Order(StringComparer.Ordinal)), string.Join('\n', actual.Order(StringComparer.Ordinal)));
}

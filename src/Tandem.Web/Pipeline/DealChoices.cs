using Tandem.Client;
using Tandem.Contracts.Referrals;

namespace Tandem.Web.Pipeline;

/// <summary>Something to choose, as it stands in the address and as people read it.</summary>
public sealed record DealChoice(string Value, string Name);

/// <summary>What deals can be narrowed by and only the deals themselves know: it is taken from the reports on all of them.</summary>
public sealed record DealChoices(
    IReadOnlyList<DealChoice> Partners, IReadOnlyList<DealChoice> Solutions, IReadOnlyList<DealChoice> Inviters, IReadOnlyList<DealChoice> Currencies)
{
    public static DealChoices Nothing { get; } = new([], [], [], []);

    public static async Task<DealChoices> Load(ReportsClient reports, CancellationToken cancellation)
    {
        var partners = await reports.PartnersAsync(cancellation: cancellation);
        var solutions = await reports.SolutionsAsync(cancellation: cancellation);
        return Of(partners, solutions, await reports.SourcesAsync(cancellation: cancellation));
    }

    public static DealChoices Of(
        IReadOnlyList<PartnerReportRow> partners, IReadOnlyList<SolutionReportRow> solutions, IReadOnlyList<SourceReportRow> sources) => new(
        Sorted(partners.Select(p => (p.OrganizationId, p.OrganizationName))),
        Sorted(solutions.Select(s => (s.SolutionId, s.SolutionName))),
        Sorted(sources.Where(s => s.Direction == ReferralDirection.Incoming).Select(s => (s.OrganizationId, s.OrganizationName))),
        Sorted(partners.Select(p => (p.Currency, p.Currency))));

    private static List<DealChoice> Sorted(IEnumerable<(string? Value, string? Name)> choices) =>
    [
        .. choices.Where(c => c.Value is not null).DistinctBy(c => c.Value, StringComparer.OrdinalIgnoreCase)
            .Select(c => new DealChoice(c.Value!, c.Name ?? c.Value!)).OrderBy(c => c.Name, StringComparer.CurrentCulture),
    ];
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Tandem.Contracts.Referrals;

namespace Tandem.Server.Organizations;

/// <summary>Which partner location gets the deals that Microsoft sends to an organization (B60).</summary>
internal sealed class RoutingRule : IDirectoryEntity, IEntityTypeConfiguration<RoutingRule>
{
    public required Guid Id { get; init; }

    public required string OrganizationId { get; init; }

    /// <summary>Solution that it is for; empty for all. Not null, so that the index keeps two rules for one pair out.</summary>
    public required string SolutionId { get; set; }

    /// <summary>Customer's country, two upper-case letters; empty for all.</summary>
    public required string Country { get; set; }

    /// <summary>PartnerID that the deal gets.</summary>
    public required string MpnId { get; set; }

    /// <summary>Smaller is more precise, and wins: both named, a solution, a country, neither.</summary>
    public int Rank => (SolutionId.Length > 0, Country.Length > 0) switch
    {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    };

    /// <summary>The rule that decides on a deal; null when none does.</summary>
    /// <param name="solutions">The deal's solutions. Of two that have rules of one rank, the first one counts.</param>
    public static RoutingRule? Deciding(IEnumerable<RoutingRule> rules, IReadOnlyList<string> solutions, string? country)
    {
        (RoutingRule Rule, int Rank, int Place)? best = null;
        foreach (var rule in rules)
        {
            var place = rule.SolutionId.Length == 0 ? 0 : IndexOf(solutions, rule.SolutionId);
            if (place < 0 || (rule.Country.Length > 0 && !rule.Country.Equals(country, StringComparison.OrdinalIgnoreCase)))
                continue;
            if (best is not { } found || (rule.Rank, place).CompareTo((found.Rank, found.Place)) < 0)
                best = (rule, rule.Rank, place);
        }

        return best?.Rule;
    }

    /// <summary>The solutions that a deal is routed by: those it is aimed at, then those it is about.</summary>
    public static IReadOnlyList<string> SolutionsOf(Referral deal) =>
    [
        .. deal.Target.Where(t => t.Type == TargetType.SolutionProfile).Select(t => t.Id ?? ""),
        .. deal.Details.Requirements.Solutions.Where(s => s.Type == SolutionType.Name).Select(s => s.Id),
    ];

    public void Configure(EntityTypeBuilder<RoutingRule> builder)
    {
        builder.ToTable("routing_rules");
        builder.HasIndex(r => new { r.OrganizationId, r.SolutionId, r.Country }).IsUnique();
    }

    private static int IndexOf(IReadOnlyList<string> solutions, string id)
    {
        for (var i = 0; i < solutions.Count; i++)
        {
            if (solutions[i].Equals(id, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        return -1;
    }
}

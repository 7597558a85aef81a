using Microsoft.Extensions.Primitives;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals.Query;

/// <summary>
/// <c>partner</c>, which lists, totals, exports and reports take: only those of the own organization's referrals on which
/// another organization works, too. No property of a referral says so, and <c>$filter</c> knows properties alone.
/// </summary>
internal static class PartnerOption
{
    public const string Name = "partner";

    public const string Description =
        $"An organization's id: only the own organization's referrals on which it works, too. {Nobody}: those without a partner.";

    /// <summary>Stands for those on which nobody else works. No organization has such an id.</summary>
    public const string Nobody = "none";

    /// <summary>The parameter that holds the partner's id.</summary>
    public const string Parameter = "@partner";

    /// <summary>Reads the option.</summary>
    /// <param name="values">As they were sent; empty when it was not.</param>
    /// <param name="partner">An id, or <see cref="Nobody"/>; null for everything.</param>
    public static Refusal? Read(StringValues values, out string? partner)
    {
        partner = values.ToString().Trim() is { Length: > 0 } text ? text.ToLowerInvariant() : null;
        return values.Count > 1 ? Refusal.Invalid(Name, "invalidValue", $"{Name} is given {values.Count} times; give it once.") : null;
    }

    /// <summary>Which of <c>referrals r</c>, all of them the caller's own organization's, the option lets through.</summary>
    public static string Condition(string partner, SqlParameters parameters)
    {
        if (partner == Nobody)
            return $"NOT EXISTS (SELECT 1 FROM referrals p WHERE {Others("r")})";
        parameters.Add([new(Parameter, partner)]);
        return $"EXISTS (SELECT 1 FROM referrals p WHERE {Others("r", partner)})";
    }

    /// <summary>Referrals <c>p</c> of the other parties that who sees the own one sees, too (B13).</summary>
    /// <param name="own">The row of the own referral.</param>
    /// <param name="partner">Only this one's, with <see cref="Parameter"/> in the statement; all of them when null.</param>
    public static string Others(string own, string? partner = null) =>
        $"p.engagement_id = {own}.engagement_id AND p.organization_id <> {own}.organization_id AND p.type = 'Shared'"
        // They are few in an engagement and many of an organization: an expression keeps SQLite from going through the
        // latter for each row.
        + (partner is null or Nobody ? "" : $" AND p.organization_id || '' = {Parameter}");
}

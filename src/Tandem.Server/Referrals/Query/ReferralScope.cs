using Tandem.Server.Identity;
using Tandem.Server.Organizations;

namespace Tandem.Server.Referrals.Query;

/// <summary>
/// Which rows a caller may see, as SQL: every list starts from it. Says the same as <see cref="Visibility"/> (B1–B19).
/// </summary>
internal static class ReferralScope
{
    /// <summary>The time that the condition is asked for, the one parameter that changes from request to request.</summary>
    public const string NowParameter = "@now";

    /// <param name="withOthers">Whether the other parties' referrals are asked for (R57).</param>
    /// <param name="ofFew">Whether few rows are looked at, of which each is asked for its engagement.</param>
    public static string Of(Caller caller, bool withOthers, long now, SqlParameters parameters, bool ofFew = false)
    {
        var own = $"({Owned(caller, parameters)} AND (r.archives_at IS NULL OR r.archives_at > {NowParameter}))";
        parameters.Add([new(NowParameter, now)]);
        if (!withOthers)
            return own;

        var organization = parameters.Add(caller.OrganizationId);
        var isParty = ofFew
            ? "EXISTS (SELECT 1 FROM referrals o WHERE o.engagement_id = r.engagement_id AND"
            : "r.engagement_id IN (SELECT o.engagement_id FROM referrals o WHERE";

        var alternatives = new List<string>
        {
            $"(r.type = 'Shared' AND {isParty} o.organization_id = {organization} AND {Role(caller, "o", parameters)}))",
            caller.IsCompanyAdmin
                ? $"r.creator_organization_id = {organization}"
                : $"(r.creator_organization_id = {organization} AND r.creator_user_id = {parameters.Add(caller.UserId)})",
        };
        if (caller.OrganizationId == Organization.Microsoft && caller.IsCompanyAdmin)
            alternatives.Add("r.shared_with_sellers");
        return $"({own} OR (r.organization_id <> {organization} AND ({string.Join(" OR ", alternatives)})))";
    }

    /// <summary>The referrals of the caller's own organization that he may see, narrowed by a filter and a partner, if there are.</summary>
    public static string OfOwn(
        Caller caller, ReferralFilter? filter, string? partner, long now, QueryDialect dialect, SqlParameters parameters)
    {
        var condition = Of(caller, withOthers: false, now, parameters);
        if (partner is not null)
            condition += $" AND {PartnerOption.Condition(partner, parameters)}";
        if (filter is null)
            return condition;
        condition += $" AND {filter.Sql(dialect)}";
        parameters.Add(filter.Parameters(dialect));
        if (condition.Contains(FilterSql.CallerParameter, StringComparison.Ordinal))
            parameters.Add([new(FilterSql.CallerParameter, caller.OrganizationId)]);
        return condition;
    }

    /// <summary>The referrals of the caller's organization that he may see, archived leads among them.</summary>
    public static string Owned(Caller caller, SqlParameters parameters) =>
        $"r.organization_id = {parameters.Add(caller.OrganizationId)} AND {Role(caller, "r", parameters)}";

    private static string Role(Caller caller, string row, SqlParameters parameters)
    {
        if (caller.IsCompanyAdmin)
            return "1 = 1";
        var byOffice = $"{row}.creator_user_id = {parameters.Add(caller.UserId)}";
        var locations = caller.AdminLocations.Select(l => parameters.Add(l.ToLowerInvariant())).ToList();
        if (locations.Count > 0)
            byOffice = $"({byOffice} OR {row}.mpn_id IN ({string.Join(", ", locations)}))";
        // Leads are for company-wide admins, and for those whom they put into the team (B4).
        var condition = $"(NOT {row}.is_lead AND {byOffice})";
        var addresses = caller.Emails.Select(e => parameters.Add(e)).ToList();
        return addresses.Count == 0
            ? condition
            : $"({condition} OR {row}.id IN (SELECT t.referral_id FROM referral_members t WHERE t.side = 0 AND t.email IN ({string.Join(", ", addresses)})))";
    }
}

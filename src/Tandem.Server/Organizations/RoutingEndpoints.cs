using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.ValueLists;
using Tandem.Server.Http;
using Tandem.Server.Identity;

namespace Tandem.Server.Organizations;

/// <summary>
/// Rules for the deals that Microsoft sends (B60–B62). Unlike the rest of the administration they are a matter of the
/// organization's Referrals people: those read, and a company-wide admin edits.
/// </summary>
internal static class RoutingEndpoints
{
    private const int MostRules = 1000;

    public static void MapRouting(this IEndpointRouteBuilder organization)
    {
        organization.MapGet("/routing", Get).WithSummary("Get the routing rules of inbound deals, and what they can name");
        organization.MapGet("/routing/decision", Decide).WithSummary("Where a deal with this solution and country would go");
        organization.MapPost("/routing", Create).WithSummary("Add a routing rule");
        organization.MapPatch("/routing/{rule:guid}", Change).WithSummary("Change a routing rule; later deals follow it");
        organization.MapDelete("/routing/{rule:guid}", Delete).WithSummary("Remove a routing rule");
    }

    private static async Task<IResult> Get(string organization, AdminRequest request)
    {
        if (IsRefused(organization, request, isEdit: false, out var refusal))
            return new RefusalResult(refusal);
        var found = await Read(request);
        return AdminEndpoints.Answer(
            new RoutingView
            {
                Rules = [.. found.RoutingRules.OrderBy(r => r.Rank).ThenBy(r => r.SolutionId, StringComparer.OrdinalIgnoreCase).ThenBy(r => r.Country, StringComparer.Ordinal).Select(View)],
                Locations = [.. found.Locations.Where(l => l.MpnId is not null).OrderBy(l => l.Name, StringComparer.OrdinalIgnoreCase).Select(AdminEndpoints.View)],
                Solutions = [.. found.Solutions.OrderBy(s => s.Name, StringComparer.OrdinalIgnoreCase).Select(AdminEndpoints.View)],
                PrimaryMpnId = found.PrimaryMpnId,
            },
            AdminJson.Default.RoutingView);
    }

    private static async Task<IResult> Decide(string organization, string? solution, string? country, AdminRequest request)
    {
        if (IsRefused(organization, request, isEdit: false, out var refusal))
            return new RefusalResult(refusal);
        var faults = new DraftFaults();
        var market = Country(faults, country);
        if (faults.Refusal is { } invalid)
            return new RefusalResult(invalid);
        var found = await Read(request);
        var rule = RoutingRule.Deciding(found.RoutingRules, [solution?.Trim() ?? ""], market);
        return AdminEndpoints.Answer(
            new RoutingDecision { MpnId = rule?.MpnId ?? found.PrimaryMpnId, RuleId = rule?.Id }, AdminJson.Default.RoutingDecision);
    }

    private static async Task<IResult> Create(string organization, AdminRequest request)
    {
        if (IsRefused(organization, request, isEdit: true, out var refusal)
            || !(await request.Body(AdminJson.Default.RoutingRuleDraft)).Succeeded(out var draft, out refusal))
            return new RefusalResult(refusal);
        if (await request.Repeat() is { } repeated)
            return repeated;

        var found = await Read(request);
        var rule = new RoutingRule { Id = Guid.NewGuid(), OrganizationId = found.Id, SolutionId = "", Country = "", MpnId = "" };
        if (Apply(rule, draft, found) is { } invalid)
            return new RefusalResult(invalid);
        if (found.RoutingRules.Count >= MostRules)
            return new RefusalResult(AdminEndpoints.Conflict("routing", $"An organization has at most {MostRules} routing rules; remove one first."));
        request.Db.Add(rule);
        return await request.Create($"/admin/organizations/{found.Id}/routing", View(rule), AdminJson.Default.RoutingRuleView);
    }

    private static async Task<IResult> Change(string organization, Guid rule, AdminRequest request)
    {
        if (IsRefused(organization, request, isEdit: true, out var refusal))
            return new RefusalResult(refusal);
        var found = await Read(request);
        if (found.RoutingRules.Find(r => r.Id == rule) is not { } known)
            return new RefusalResult(NoRule);
        if (!(await request.Body(AdminJson.Default.RoutingRuleDraft)).Succeeded(out var draft, out refusal))
            return new RefusalResult(refusal);
        return await AdminEndpoints.Saved(
            request, Apply(known, draft, found), () => AdminEndpoints.Answer(View(known), AdminJson.Default.RoutingRuleView));
    }

    private static async Task<IResult> Delete(string organization, Guid rule, AdminRequest request)
    {
        if (IsRefused(organization, request, isEdit: true, out var refusal))
            return new RefusalResult(refusal);
        return (await Read(request)).RoutingRules.Find(r => r.Id == rule) is { } known
            ? await AdminEndpoints.Removed(request, known)
            : new RefusalResult(NoRule);
    }

    // B61. To anybody else the organization does not exist, as everywhere.
    private static bool IsRefused(string organization, AdminRequest request, bool isEdit, [NotNullWhen(true)] out Refusal? refusal)
    {
        var caller = request.Caller;
        refusal = !string.Equals(organization, caller.OrganizationId, StringComparison.OrdinalIgnoreCase) ? AdminRequest.NoOrganization(organization)
            : !caller.HasReferralRole ? Refusal.Forbidden("routing", "roleRequired",
                $"Routing rules are seen with the role {RoleNames.Write(Role.ReferralsAdmin)} or {RoleNames.Write(Role.ReferralsUser)}; an account administrator gives them.")
            : isEdit && !caller.IsCompanyAdmin ? Refusal.Forbidden("routing", "roleRequired",
                $"Editing routing rules needs the role {RoleNames.Write(Role.ReferralsAdmin)} for the entire company; an account administrator gives it.")
            : null;
        return refusal is not null;
    }

    private static Task<Organization> Read(AdminRequest request) => request.Db.Organizations.AsSplitQuery()
        .Include(o => o.Locations).Include(o => o.Solutions).Include(o => o.RoutingRules)
        .SingleAsync(o => o.Id == request.Caller.OrganizationId, request.Cancellation);

    private static Refusal? Apply(RoutingRule rule, RoutingRuleDraft draft, Organization owner)
    {
        var faults = new DraftFaults();
        var solution = faults.Text("solutionId", draft.SolutionId, AdminEndpoints.LongestId, isRequired: false, mayBeEmpty: true) ?? rule.SolutionId;
        if (draft.SolutionId is not null && solution.Length > 0)
        {
            if (owner.Solutions.Find(s => s.Id.Equals(solution, StringComparison.OrdinalIgnoreCase)) is { } published)
                solution = published.Id;
            else
                faults.Add(Refusal.Invalid("solutionId", "invalidValue", "solutionId must be a solution that your organization publishes, or empty for all of them."));
        }

        var country = draft.Country is null ? rule.Country : Country(faults, draft.Country);
        // Until it has one, a rule is new.
        var location = faults.Text("mpnId", draft.MpnId, AdminEndpoints.LongestId, isRequired: rule.MpnId.Length == 0);
        if (location is { Length: > 0 } && !PartnerIds(owner).Contains(location, StringComparer.OrdinalIgnoreCase))
        {
            faults.Add(Refusal.Invalid("mpnId", "invalidValue", PartnerIds(owner).Any()
                ? $"mpnId must be the PartnerID of one of your locations: {string.Join(", ", PartnerIds(owner).Take(20))}."
                : "mpnId must be the PartnerID of one of your locations, and none has one yet; an account administrator enters it at a location."));
        }

        if (faults.Refusal is { } invalid)
            return invalid;
        if (owner.RoutingRules.Find(r => r.Id != rule.Id && r.SolutionId.Equals(solution, StringComparison.OrdinalIgnoreCase) && r.Country == country) is { } other)
        {
            return AdminEndpoints.Conflict("solutionId",
                $"There is a rule for {(solution.Length > 0 ? $"solution {solution}" : "all solutions")} and {(country.Length > 0 ? $"country {country}" : "all countries")} "
                + $"already: it leads to {other.MpnId}. Change that one, or name another pair.");
        }

        (rule.SolutionId, rule.Country, rule.MpnId) = (solution, country, location ?? rule.MpnId);
        return null;
    }

    private static IEnumerable<string> PartnerIds(Organization owner) => owner.Locations.Select(l => l.MpnId).Append(owner.PrimaryMpnId)
        .OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase);

    private static string Country(DraftFaults faults, string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return "";
        if (IsoCodes.TryCountry(text.Trim(), out var country))
            return country;
        faults.Add(Refusal.Invalid("country", "invalidValue", "country must be a country of ISO 3166-1, such as TR, or empty for all of them."));
        return "";
    }

    private static RoutingRuleView View(RoutingRule rule) => new()
    {
        Id = rule.Id,
        SolutionId = AdminEndpoints.Empty(rule.SolutionId),
        Country = AdminEndpoints.Empty(rule.Country),
        MpnId = rule.MpnId,
    };

    private static Refusal NoRule { get; } = Refusal.NotFound("rule", "The organization has no such routing rule.");
}

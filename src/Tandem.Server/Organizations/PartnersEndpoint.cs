using System.Text.Json;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;

namespace Tandem.Server.Organizations;

/// <summary>
/// <c>GET /v1.0/engagements/partners</c>: who can be invited into an engagement. Names, locations and published solutions
/// only; people, tenants and partner numbers of other organizations stay theirs.
/// </summary>
internal static class PartnersEndpoint
{
    public const string Path = "/v1.0/engagements/partners";

    private const int Most = 100;

    public static void MapPartners(this IEndpointRouteBuilder routes) =>
        routes.MapGet(Path, Get).WithName("FindPartners").WithTags("Engagements").WithSummary("Find organizations to invite")
            .Admit(Admission.Referrals).AddEndpointFilter(ContractPipeline.RequireJsonAccepted).Compress();

    private static async Task Get(HttpContext context, OrganizationDirectory directory, CancellationToken cancellation)
    {
        var search = context.Request.Query["search"].ToString().Trim();
        var page = new PartnerPage
        {
            Value =
            [
                .. directory.Current.Organizations.Where(o => IsFound(o, search))
                    .OrderBy(o => o.Name, StringComparer.OrdinalIgnoreCase).ThenBy(o => o.Id, StringComparer.Ordinal).Take(Most).Select(View),
            ],
        };
        context.Response.ContentType = "application/json; charset=utf-8";
        await JsonSerializer.SerializeAsync(context.Response.Body, page, ReferralJson.Wire.PartnerPage, cancellation);
    }

    private static bool IsFound(Organization organization, string search) =>
        search.Length == 0
        || organization.Name.Contains(search, StringComparison.OrdinalIgnoreCase)
        || organization.Id.Equals(search, StringComparison.OrdinalIgnoreCase)
        || organization.Locations.Exists(l => l.Name.Contains(search, StringComparison.OrdinalIgnoreCase)
            || l.Id.Equals(search, StringComparison.OrdinalIgnoreCase));

    private static Partner View(Organization organization) => new()
    {
        Id = organization.Id,
        Name = organization.Name,
        Locations = [.. organization.Locations.OrderBy(l => l.Name, StringComparer.OrdinalIgnoreCase).Select(l => new PartnerProfile { Id = l.Id, Name = l.Name })],
        Solutions = [.. organization.Solutions.OrderBy(s => s.Name, StringComparer.OrdinalIgnoreCase).Select(s => new PartnerProfile { Id = s.Id, Name = s.Name })],
    };
}

using System.Globalization;
using Tandem.Contracts.Organizations;
using Tandem.Server.Http;

namespace Tandem.Server.Organizations;

/// <summary>The people of an organization in the order of their names, page by page, and those that somebody searches for.</summary>
internal static class PeopleEndpoint
{
    private const int PageSize = 100;
    private const int LongestSearch = 100;

    public static void MapPeople(this IEndpointRouteBuilder organization) =>
        organization.MapGet("/users", List).WithSummary("List people, or those whose name, address or role has the words of a search");

    private static async Task<IResult> List(
        string organization, string? search, string? after, string? top, AdminRequest request, OrganizationDirectory directory)
    {
        if (!(await request.Managed(organization, readOnly: true)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        var people = (await directory.Latest(request.Cancellation)).PeopleOf(found.Id);
        var faults = new DraftFaults();
        var sought = faults.Text("search", search, LongestSearch, isRequired: false, mayBeEmpty: true) ?? "";
        var size = PageSize;
        if (!string.IsNullOrEmpty(top) && (!int.TryParse(top, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size is < 1 or > PageSize))
            faults.Add(Refusal.Invalid("top", "invalidValue", $"top must be a whole number from 1 to {PageSize}."));
        var place = -1;
        if (!string.IsNullOrEmpty(after) && (!Guid.TryParse(after, out var last) || !people.TryPlace(last, out place)))
            faults.Add(Refusal.Invalid("after", "invalidValue", "after must be the id of one of the organization's people; follow next as it is."));
        if (faults.Refusal is { } invalid)
            return new RefusalResult(invalid);

        var (count, page) = people.Find(sought, place, size + 1);
        return AdminEndpoints.Answer(
            new AdminPage<UserView>
            {
                Value = [.. page.Take(size).Select(AdminEndpoints.View)],
                Next = page.Count > size
                    ? $"/admin/organizations/{found.Id}/users" + QueryString.Create(new Dictionary<string, string?>
                    {
                        ["after"] = $"{page[size - 1].Id}",
                        ["search"] = sought,
                        ["top"] = top,
                    }.Where(o => !string.IsNullOrEmpty(o.Value)))
                    : null,
                Count = count,
            },
            AdminJson.Default.AdminPageUserView);
    }
}

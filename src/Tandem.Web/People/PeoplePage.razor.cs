using Microsoft.AspNetCore.Components;
using Tandem.Contracts.Organizations;
using Tandem.Web.Shared;

namespace Tandem.Web.People;

/// <summary>
/// Who is in the organization, and what each may do, page by page in the order of names. Search and page stand in the
/// address.
/// </summary>
public sealed partial class PeoplePage : IDisposable
{
    private readonly Typing _typing = new();
    private AdminPage<UserView>? _page;

    /// <summary>What is searched for.</summary>
    [SupplyParameterFromQuery(Name = "q")]
    public string? Query { get; set; }

    /// <summary>The last person of the page before.</summary>
    [SupplyParameterFromQuery]
    public string? After { get; set; }

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    /// <inheritdoc />
    public void Dispose() => _typing.Dispose();

    /// <inheritdoc />
    protected override void OnParametersSet() => _typing.Follow(Query ?? "");

    private async Task Load(CancellationToken cancellation) => _page = await Tandem.Administration.ListUsersPageAsync(
        Organization, Query, Guid.TryParse(After, out var after) ? after : null, cancellation: cancellation);

    private async Task Typed()
    {
        // A search begins on its first page, and is no step to go back to.
        if (await _typing.Paused(Clock) is { } searched && searched != (Query ?? ""))
            Navigation.NavigateTo(Address(searched, null), replace: true);
    }

    private string PageAfter(Guid? person) => Address(Query, person);

    private string Address(string? search, Guid? after) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
    {
        ["q"] = string.IsNullOrEmpty(search) ? null : search,
        ["after"] = after,
    });
}

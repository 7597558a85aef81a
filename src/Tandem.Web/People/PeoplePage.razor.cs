using System.Globalization;
using Microsoft.AspNetCore.Components;
using Tandem.Contracts.Organizations;

namespace Tandem.Web.People;

/// <summary>Who is in the organization, and what each may do. The search stands in the address.</summary>
public sealed partial class PeoplePage
{
    private const int MostShown = 100;

    private IReadOnlyList<UserView> _people = [];
    private string _search = "";

    /// <summary>What is searched for.</summary>
    [SupplyParameterFromQuery(Name = "q")]
    public string? Query { get; set; }

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private List<UserView> Matches { get; set; } = [];

    private async Task Load(CancellationToken cancellation)
    {
        _search = Query ?? "";
        var people = await Tandem.Administration.ListUsersAsync(Organization, cancellation).ToListAsync(cancellation);
        _people = [.. people.OrderBy(p => p.Name, StringComparer.Create(CultureInfo.CurrentCulture, ignoreCase: true)).ThenBy(p => p.Email, StringComparer.Ordinal)];
        Find();
    }

    private void Search()
    {
        Find();
        // Each letter is no step to go back to.
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter("q", _search.Length == 0 ? null : _search), replace: true);
    }

    private void Find()
    {
        var words = _search.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Matches = [.. _people.Where(p => words.All(w => Says(p, w)))];
    }

    private static bool Says(UserView person, string word) =>
        new[] { person.Name, person.Email }.Concat(person.Roles.SelectMany(r => new[] { r.Role, r.MpnId }))
            .Any(text => text?.Contains(word, StringComparison.CurrentCultureIgnoreCase) == true);
}

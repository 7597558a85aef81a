using Microsoft.AspNetCore.Components;
using Tandem.Contracts.Organizations;
using Tandem.Web.Shared.Forms;

namespace Tandem.Web.Administration;

/// <summary>What an organization is called, where it is, what it sells, and whose tokens belong to it.</summary>
public sealed partial class OrganizationPage
{
    private readonly Attempt _about = new("name", "primaryMpnId");
    private readonly Attempt _tenants = new("id");
    private readonly Attempt _new = new("name");
    private OrganizationView? _organization;
    private IReadOnlyList<Profile> _locations = [];
    private IReadOnlyList<Profile> _solutions = [];
    private ElementReference _tenantsTitle;
    private string? _name;
    private string? _primaryMpnId;
    private string? _tenant;
    private string? _newName;
    private string? _removing;
    private string? _said;
    private int _choices;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private async Task Load(CancellationToken cancellation)
    {
        var id = Organization;
        var organization = await Tandem.Administration.GetOrganizationAsync(id, cancellation);
        _locations = await ReadLocations(id, cancellation);
        _solutions = await ReadSolutions(id, cancellation);
        Array.ForEach([_about, _tenants, _new], a => a.Clear());
        Show(organization);
    }

    private void Show(OrganizationView organization) =>
        (_organization, _name, _primaryMpnId) = (organization, organization.Name, organization.PrimaryMpnId);

    private async Task Save()
    {
        _said = null;
        // An empty text takes a value away; an absent one would leave it.
        var draft = new OrganizationDraft { Name = _name ?? "", PrimaryMpnId = _primaryMpnId ?? "" };
        if (await _about.Make(
            async () => Show(await Tandem.Administration.ChangeOrganizationAsync(Organization, draft)),
            faults => Require(faults, "name", _name)))
            _said = Text["Saved"];
    }

    private async Task Add()
    {
        _said = null;
        if (await _new.Make(
            async () =>
            {
                var added = await Tandem.Administration.CreateOrganizationAsync(new OrganizationDraft { Name = _newName }, _new.Key);
                Navigation.NavigateTo($"administration/organization?{Choice}={added.Id}");
            },
            faults => Require(faults, "name", _newName)))
        {
            _said = Text["OrganizationAdded", _newName!];
            _newName = null;
            // The choice knows the new one, too.
            _choices++;
        }
    }

    private async Task AddTenant()
    {
        _said = null;
        var tenant = Guid.Empty;
        if (await _tenants.Make(
            async () =>
            {
                await Tandem.Administration.PutTenantAsync(Organization, tenant);
                Show(await Tandem.Administration.GetOrganizationAsync(Organization));
            },
            faults =>
            {
                if (!Guid.TryParse(_tenant, out tenant))
                    faults.Add("id", Text["TenantFault"]);
            }))
        {
            _said = Text["Saved"];
            _tenant = null;
        }
    }

    private async Task RemoveTenant(string tenant)
    {
        (_removing, _said) = (null, null);
        if (await _tenants.Make(async () =>
        {
            await Tandem.Administration.DeleteTenantAsync(Organization, Guid.Parse(tenant));
            Show(await Tandem.Administration.GetOrganizationAsync(Organization));
        }))
        {
            _said = Text["Removed", tenant];
            // The button that was pressed is gone.
            await _tenantsTitle.FocusAsync();
        }
    }

    private async Task SaveLocation(Profile location)
    {
        await Tandem.Administration.PutLocationAsync(Organization, location.Id, new ProfileDraft
        {
            Name = location.Name,
            MpnId = location.MpnId ?? "",
            ContactEmail = location.ContactEmail ?? "",
        });
        _locations = await ReadLocations(Organization);
        StateHasChanged();
    }

    private async Task DeleteLocation(Profile location)
    {
        await Tandem.Administration.DeleteLocationAsync(Organization, location.Id);
        _locations = await ReadLocations(Organization);
        StateHasChanged();
    }

    private async Task SaveSolution(Profile solution)
    {
        await Tandem.Administration.PutSolutionAsync(Organization, solution.Id, new ProfileDraft { Name = solution.Name });
        _solutions = await ReadSolutions(Organization);
        StateHasChanged();
    }

    private async Task DeleteSolution(Profile solution)
    {
        await Tandem.Administration.DeleteSolutionAsync(Organization, solution.Id);
        _solutions = await ReadSolutions(Organization);
        StateHasChanged();
    }

    private async Task<IReadOnlyList<Profile>> ReadLocations(string organization, CancellationToken cancellation = default) =>
        await Tandem.Administration.ListLocationsAsync(organization, cancellation)
            .Select(l => new Profile(l.Id, l.Name, l.MpnId, l.ContactEmail)).OrderBy(p => p.Name).ToListAsync(cancellation);

    private async Task<IReadOnlyList<Profile>> ReadSolutions(string organization, CancellationToken cancellation = default) =>
        await Tandem.Administration.ListSolutionsAsync(organization, cancellation)
            .Select(s => new Profile(s.Id, s.Name)).OrderBy(p => p.Name).ToListAsync(cancellation);

    private void Require(FormFaults faults, string field, string? value)
    {
        if (value is null)
            faults.Add(field, Text["NameMissing"]);
    }
}

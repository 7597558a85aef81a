using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;
using Tandem.Contracts.Organizations;
using Tandem.Web.Shared.Forms;

namespace Tandem.Web.People;

/// <summary>Adds a person, with a first password where people sign in here, and a first role.</summary>
public sealed partial class NewPersonPage
{
    private readonly Attempt _attempt = new("name", "email", "password", "externalId", "role", "mpnId");
    private IReadOnlyList<string> _locations = [];
    private UserView? _added;
    private string? _name;
    private string? _email;
    private string? _password;
    private string? _externalId;
    private string? _role;
    private string? _scope;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IOptions<WebOptions> Web { get; set; } = null!;

    private async Task Load(CancellationToken cancellation) =>
        _locations = await Tandem.Administration.PartnerIds(Organization, cancellation);

    private async Task Add()
    {
        if (await _attempt.Make(Store, Check))
            Navigation.NavigateTo(Link($"administration/people/{_added!.Id}"));
    }

    private async Task Store()
    {
        // Once only, also when the role is refused and asked for again.
        _added ??= await Tandem.Administration.CreateUserAsync(
            Organization, new UserDraft { Name = _name, Email = _email, Password = _password, ExternalId = _externalId }, _attempt.Key);
        if (_role is not null && _added.Roles.Count == 0)
            await Tandem.Administration.GiveRoleAsync(Organization, _added.Id, new RoleDraft { Role = _role, MpnId = _scope }, _attempt.Key);
    }

    private void Check(FormFaults faults)
    {
        if (_name is null)
            faults.Add("name", Text["NameMissing"]);
        if (_email is null)
            faults.Add("email", Text["EmailMissing"]);
    }
}

using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;
using Tandem.Contracts.Organizations;
using Tandem.Web.Shared.Forms;

namespace Tandem.Web.People;

/// <summary>One person: name and address, whether he may sign in, and roles with their scopes (B6, B11).</summary>
public sealed partial class PersonPage
{
    private readonly Attempt _about = new("name", "email", "externalId");
    private readonly Attempt _taking = new();
    private readonly Attempt _giving = new("role", "mpnId");
    private readonly Attempt _enabling = new();
    private readonly Attempt _securing = new("password");
    private UserView? _person;
    private IReadOnlyList<string> _locations = [];
    private ElementReference _heading;
    private ElementReference _rolesTitle;
    private Question? _asking;
    private string? _name;
    private string? _email;
    private string? _externalId;
    private string? _password;
    private string? _role;
    private string? _scope;
    private string? _said;

    /// <summary>The person's id.</summary>
    [Parameter]
    public Guid Id { get; set; }

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IOptions<WebOptions> Web { get; set; } = null!;

    private bool IsSelf => Id == Viewer.Me.Id;

    private async Task Load(CancellationToken cancellation)
    {
        _said = null;
        var person = await Tandem.Administration.GetUserAsync(Organization, Id, cancellation);
        _locations = await Tandem.Administration.PartnerIds(Organization, cancellation);
        Show(person);
    }

    private void Show(UserView person) =>
        (_person, _name, _email, _externalId) = (person, person.Name, person.Email, person.ExternalId);

    private async Task Read() => _person = await Tandem.Administration.GetUserAsync(Organization, Id);

    private async Task Save()
    {
        _said = null;
        var draft = new UserDraft { Name = _name, Email = _email, ExternalId = Web.Value.UsesPasswords ? null : _externalId ?? "" };
        if (await _about.Make(async () => Show(await Tandem.Administration.ChangeUserAsync(Organization, Id, draft)), Check))
            _said = Text["Saved"];

        void Check(FormFaults faults)
        {
            if (_name is null)
                faults.Add("name", Text["NameMissing"]);
            if (_email is null)
                faults.Add("email", Text["EmailMissing"]);
        }
    }

    private async Task Give()
    {
        _said = null;
        if (await _giving.Make(
            async () =>
            {
                await Tandem.Administration.GiveRoleAsync(Organization, Id, new RoleDraft { Role = _role, MpnId = _scope }, _giving.Key);
                await Read();
            },
            faults =>
            {
                if (_role is null)
                    faults.Add("role", Text["RoleMissing"]);
            }))
        {
            _said = Text["RoleGiven", _role!];
            (_role, _scope) = (null, null);
        }
    }

    private Task Do(Question question)
    {
        _asking = null;
        return question.Role is { } role ? Take(role, LocksOut(question)) : Enable(false);
    }

    private async Task Take(RoleView role, bool locksOut)
    {
        _said = null;
        var isTaken = await _taking.Make(async () =>
        {
            await Tandem.Administration.TakeRoleAsync(Organization, Id, role.Id);
            if (!locksOut)
                await Read();
        });
        if (!isTaken)
            return;
        if (locksOut)
        {
            // Nothing here is open any more: the page says so, and the navigation shows what is.
            Navigation.Refresh(forceReload: true);
            return;
        }

        _said = Text["RoleTaken", Text.Scoped(role)];
        await _rolesTitle.FocusAsync();
    }

    private async Task Enable(bool isEnabled)
    {
        _said = null;
        if (!await _enabling.Make(async () =>
            Show(await Tandem.Administration.ChangeUserAsync(Organization, Id, new UserDraft { IsEnabled = isEnabled }))))
            return;
        if (IsSelf && !isEnabled)
        {
            Navigation.Refresh(forceReload: true);
            return;
        }

        _said = Text[isEnabled ? "NowEnabled" : "NowDisabled", _person!.Name];
        await _heading.FocusAsync();
    }

    private async Task SetPassword()
    {
        _said = null;
        if (!await _securing.Make(
            () => Tandem.Administration.SetPasswordAsync(Organization, Id, _password!),
            faults =>
            {
                if (_password is null)
                    faults.Add("password", Text["PasswordMissing"]);
            }))
            return;
        _password = null;
        _said = Text["PasswordSet"];
    }

    // Whether the person on the chair would close the door behind himself.
    private bool LocksOut(Question question) => IsSelf && (question.Role is not { } role
        || ((role.Role is KnownRole.AccountAdmin or KnownRole.Operator)
            && !_person!.Roles.Any(r => r.Id != role.Id && r.Role is KnownRole.AccountAdmin or KnownRole.Operator)));

    private sealed record Question(RoleView? Role)
    {
        public static Question Disable { get; } = new((RoleView?)null);

        public static Question Take(RoleView role) => new(role);
    }
}

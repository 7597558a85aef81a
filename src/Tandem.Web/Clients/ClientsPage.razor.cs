using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;
using Tandem.Contracts.Organizations;
using Tandem.Web.Shared.Forms;

namespace Tandem.Web.Clients;

/// <summary>Programs that act for the organization without a person.</summary>
public sealed partial class ClientsPage
{
    private static readonly KeyValuePair<string, string>[] Roles =
        [KeyValuePair.Create("Referrals admin", "Referrals admin"), KeyValuePair.Create("Referrals user", "Referrals user")];

    private readonly Attempt _attempt = new("name", "role", "mpnId");
    private readonly Attempt _removal = new();
    private IReadOnlyList<ServiceClientView> _clients = [];
    private ServiceClientView? _added;
    private ServiceClientView? _removing;
    private ElementReference _heading;
    private string? _name;
    private string? _role;
    private string? _scope;
    private string? _said;

    [Inject]
    private IOptions<WebOptions> Web { get; set; } = null!;

    private string TokenPath => $"/{Organization}/oauth2/v2.0/token";

    private async Task Load(CancellationToken cancellation)
    {
        _added = null;
        _clients = await Tandem.Administration.ListClientsAsync(Organization, cancellation).ToListAsync(cancellation);
    }

    private async Task Add()
    {
        _said = null;
        ServiceClientView? added = null;
        if (!await _attempt.Make(
            async () => added = await Tandem.Administration.CreateClientAsync(
                Organization, new ServiceClientDraft { Name = _name, Role = _role, MpnId = _scope }, _attempt.Key),
            faults =>
            {
                if (_name is null)
                    faults.Add("name", Text["NameMissing"]);
                if (_role is null)
                    faults.Add("role", Text["RoleMissing"]);
            }))
            return;
        (_added, _name, _role, _scope) = (added, null, null, null);
        // Its own answer said the secret; the list never does.
        _clients = [.. _clients.Append(added! with { Secret = null }).OrderBy(c => c.Name, StringComparer.CurrentCultureIgnoreCase)];
    }

    private async Task Forget()
    {
        _added = null;
        await _heading.FocusAsync();
    }

    private async Task Remove(ServiceClientView doomed)
    {
        (_removing, _said) = (null, null);
        if (!await _removal.Make(() => Tandem.Administration.DeleteClientAsync(Organization, doomed.Id)))
            return;
        _clients = [.. _clients.Where(c => c.Id != doomed.Id)];
        _said = Text["Removed", doomed.Name];
        await _heading.FocusAsync();
    }
}

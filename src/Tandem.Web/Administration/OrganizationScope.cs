using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Web.Shared;

namespace Tandem.Web.Administration;

/// <summary>
/// A page that sets up one organization: the person's own, or the one that an operator has chosen, which stands in the
/// address.
/// </summary>
public abstract class OrganizationScope : ComponentBase
{
    /// <summary>Name of the choice in the address.</summary>
    internal const string Choice = "organization";

    /// <summary>What the address says.</summary>
    [SupplyParameterFromQuery(Name = Choice)]
    public string? Chosen { get; set; }

    [Inject]
    internal TandemClient Tandem { get; set; } = null!;

    [Inject]
    internal Viewer Viewer { get; set; } = null!;

    /// <summary>The organization that is set up.</summary>
    protected string Organization => Viewer.IsOperator && !string.IsNullOrWhiteSpace(Chosen) ? Chosen : Viewer.Me.OrganizationId;

    /// <summary>A link to another page of the same organization.</summary>
    protected string Link(string path) =>
        Organization == Viewer.Me.OrganizationId ? path : $"{path}?{Choice}={Uri.EscapeDataString(Organization)}";
}

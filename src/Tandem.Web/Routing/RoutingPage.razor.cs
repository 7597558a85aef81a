using System.Net;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Client;
using Tandem.Contracts.Organizations;
using Tandem.Web.Shared;
using Tandem.Web.Shared.Forms;

namespace Tandem.Web.Routing;

/// <summary>
/// Which location gets the deals that Microsoft sends (B60): the rules in the order in which they count, and where a deal
/// would go. A company-wide Referrals admin edits, everybody else with a Referrals role reads (B61).
/// </summary>
public sealed partial class RoutingPage : IDisposable
{
    private const string SolutionField = "solutionId";
    private const string CountryField = "country";
    private const string LocationField = "mpnId";

    private readonly CancellationTokenSource _leaving = new();
    private readonly Attempt _saving = new(SolutionField, CountryField, LocationField);
    private readonly Attempt _asking = new();
    private IReadOnlyList<KeyValuePair<string, string>> _countries = [];
    private Loaded? _loaded;
    private ElementReference _heading;
    private ElementReference _formElement;
    private RoutingView? _routing;
    private RuleForm? _form;
    private RoutingRuleView? _removing;
    private string? _said;
    private string? _trySolution;
    private string? _tryCountry;
    private string? _answer;
    private bool _leadsToForm;

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    private bool CanEdit => Viewer.IsCompanyReferralsAdmin;

    // Where rules may lead, by PartnerID: the locations that have one, and the primary one.
    private IReadOnlyList<KeyValuePair<string, string>> PartnerIds => _routing is null ? [] :
    [
        .. _routing.Locations.GroupBy(l => l.MpnId!, StringComparer.OrdinalIgnoreCase)
            .Select(g => KeyValuePair.Create(g.Key, Text["NamedLocation", string.Join(", ", g.Select(l => l.Name)), g.Key].Value)),
        .. _routing.PrimaryMpnId is { } primary && !_routing.Locations.Any(l => primary.Equals(l.MpnId, StringComparison.OrdinalIgnoreCase))
            ? [KeyValuePair.Create(primary, Text["Primary", primary].Value)]
            : Array.Empty<KeyValuePair<string, string>>(),
    ];

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override void OnInitialized() => _countries = ValueChoices.Countries();

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_leadsToForm)
            return;
        _leadsToForm = false;
        await Script.InvokeVoidAsync("tandem.focusFirst", _formElement);
    }

    private async Task Load(CancellationToken cancellation)
    {
        _routing = await Tandem.Administration.GetRoutingAsync(Viewer.Me.OrganizationId, cancellation);
        await Try(cancellation);
    }

    private void Edit(RoutingRuleView? rule)
    {
        _saving.Clear();
        _said = null;
        _form = new RuleForm { Id = rule?.Id, Solution = rule?.SolutionId, Country = rule?.Country, Location = rule?.MpnId };
        _leadsToForm = true;
    }

    private async Task Leave()
    {
        _form = null;
        await _heading.FocusAsync();
    }

    private async Task Save()
    {
        _said = null;
        if (_form is not { } form || !await _saving.Make(() => Store(form), Check))
            return;
        _form = null;
        await _loaded!.Reload();
        await _heading.FocusAsync();

        void Check(FormFaults faults)
        {
            if (form.Location is null)
                faults.Add(LocationField, Text["LocationMissing"]);
        }
    }

    private async Task Store(RuleForm form)
    {
        // Empty is all of them; absent would leave a rule as it is.
        var draft = new RoutingRuleDraft { SolutionId = form.Solution ?? "", Country = form.Country ?? "", MpnId = form.Location };
        var stored = form.Id is { } id
            ? await Tandem.Administration.ChangeRoutingRuleAsync(Viewer.Me.OrganizationId, id, draft, _leaving.Token)
            : await Tandem.Administration.CreateRoutingRuleAsync(Viewer.Me.OrganizationId, draft, _saving.Key, _leaving.Token);
        _said = Text["Saved", Pair(stored), LocationName(stored.MpnId)];
    }

    // Where the dialog was opened may be far down; whoever works by keyboard goes on from the top.
    private async Task Keep()
    {
        _removing = null;
        await _heading.FocusAsync();
    }

    private async Task Remove(RoutingRuleView rule)
    {
        (_removing, _said) = (null, null);
        if (!await _asking.Make(() => Delete(rule)))
            return;
        _said = Text["Removed", Pair(rule)];
        if (_form?.Id == rule.Id)
            _form = null;
        await _loaded!.Reload();
        await _heading.FocusAsync();
    }

    private async Task Delete(RoutingRuleView rule)
    {
        try
        {
            await Tandem.Administration.DeleteRoutingRuleAsync(Viewer.Me.OrganizationId, rule.Id, _leaving.Token);
        }
        catch (TandemException gone) when (gone.Status == HttpStatusCode.NotFound)
        {
            // A colleague was faster.
            return;
        }
    }

    private Task TrySolution(string? solution)
    {
        _trySolution = solution;
        return TryAgain();
    }

    private Task TryCountry(string? country)
    {
        _tryCountry = country;
        return TryAgain();
    }

    private async Task TryAgain()
    {
        if (!await _asking.Make(() => Try(_leaving.Token), leads: false))
            _answer = null;
    }

    // The server decides, by the rules as they are now.
    private async Task Try(CancellationToken cancellation)
    {
        var decision = await Tandem.Administration.DecideRoutingAsync(Viewer.Me.OrganizationId, _trySolution, _tryCountry, cancellation);
        _answer = decision.RuleId is { } id
            ? Text["GoesTo", LocationName(decision.MpnId!), _routing!.Rules.FirstOrDefault(r => r.Id == id) is { } rule ? Pair(rule) : ""]
            : decision.MpnId is { } primary ? Text["GoesToPrimary", LocationName(primary)] : Text["GoesNowhere"];
    }

    private string Fallback(RoutingView routing) =>
        routing.PrimaryMpnId is { } primary ? Text["Fallback", LocationName(primary)] : Text["FallbackNone"];

    private string Pair(RoutingRuleView rule) =>
        Text["Pair", SolutionName(rule.SolutionId), rule.Country is null ? Text["AnyCountry"].Value : CountryName(rule.Country)];

    private string SolutionName(string? id) => id is null ? Text["AllSolutions"]
        : _routing?.Solutions.FirstOrDefault(s => s.Id == id) is { } solution ? Text["NamedSolution", solution.Name, id] : id;

    private string CountryName(string? code) => code is null ? Text["AllCountries"] : ValueChoices.CountryName(code);

    private string LocationName(string mpnId) =>
        PartnerIds.FirstOrDefault(p => p.Key.Equals(mpnId, StringComparison.OrdinalIgnoreCase)).Value ?? mpnId;

    // What a rule names stays in its form, also when it has gone from the catalogue.
    private IEnumerable<KeyValuePair<string, string>> Solutions(string? chosen) => _routing!.Solutions
        .Select(s => KeyValuePair.Create(s.Id, SolutionName(s.Id)))
        .Concat(chosen is not null && _routing.Solutions.All(s => s.Id != chosen) ? [KeyValuePair.Create(chosen, chosen)] : []);

    private IEnumerable<KeyValuePair<string, string>> Locations(string? chosen) =>
        chosen is not null && !PartnerIds.Any(p => p.Key.Equals(chosen, StringComparison.OrdinalIgnoreCase))
            ? PartnerIds.Append(KeyValuePair.Create(chosen, chosen))
            : PartnerIds;

    private sealed class RuleForm
    {
        public Guid? Id { get; init; }

        public string? Solution { get; set; }

        public string? Country { get; set; }

        public string? Location { get; set; }
    }
}

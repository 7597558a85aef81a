using System.Globalization;
using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;
using Tandem.Web.Shared;
using Tandem.Web.Shared.Forms;
using Tandem.Web.SignIn;

namespace Tandem.Web.NewDeal;

/// <summary>A new deal: asks what its kind needs, warns of duplicates, and makes one deal however often it is pressed.</summary>
public sealed partial class NewDealPage : IDisposable
{
    private const string Microsoft = "msft";

    private static readonly string Untouched = new DealDraft().Fingerprint();

    private readonly CancellationTokenSource _leaving = new();
    private readonly DealDraft _draft = new();
    private readonly Attempt _attempt = new(DealDraft.Fields.All);
    private readonly List<Referral> _duplicates = [];
    private readonly List<SolutionTag> _solutions = [];
    private IReadOnlyList<KeyValuePair<string, string>> _countries = [];
    private bool _isMade;
    private int _search;
    private (string Fingerprint, string Key) _sent = ("", "");

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private static IEnumerable<KeyValuePair<string, string>> Currencies => Same(IsoCodes.Currencies);

    private static IEnumerable<KeyValuePair<string, string>> PartnerRoles => Same(SuggestedValues.PartnerRoles);

    private static IEnumerable<KeyValuePair<string, string>> Areas => Same(SuggestedValues.SolutionPlaysByArea.Keys);

    private IEnumerable<KeyValuePair<string, string>> Plays =>
        Same(_draft.SolutionArea is { } area ? SuggestedValues.SolutionPlaysByArea[area] : SuggestedValues.SolutionPlaysByArea.Values.SelectMany(p => p).Distinct());

    private bool HasChanges => !_isMade && _draft.Fingerprint() != Untouched;

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    private static IEnumerable<KeyValuePair<string, string>> Same(IEnumerable<string> values) => values.Select(v => KeyValuePair.Create(v, v));

    private async Task Load(CancellationToken cancellation)
    {
        _countries = ValueChoices.Countries();
        var own = (await Tandem.Referrals.FindPartnersAsync(Viewer.Me.OrganizationId, cancellation)).Value.Find(p => p.Id == Viewer.Me.OrganizationId);
        _solutions.Clear();
        // One's own first: Microsoft expects one of them at the first place.
        _solutions.AddRange((own?.Solutions ?? []).Select(s => new SolutionTag { Id = s.Id, Name = s.Name, Type = SolutionType.Name }));
        _solutions.AddRange(SuggestedValues.SolutionCategories.Select(c => new SolutionTag { Id = c, Name = c, Type = SolutionType.Category }));
    }

    private void ChooseArea(string? area)
    {
        _draft.SolutionArea = area;
        if (area is not null && !SuggestedValues.SolutionPlaysByArea[area].Contains(_draft.SolutionPlay!))
            _draft.SolutionPlay = null;
    }

    private async Task LookForDuplicates()
    {
        var search = ++_search;
        var conditions = new List<string>();
        if (_draft is { Customer: { } customer, PostalCode: { } code })
            conditions.Add($"(tolower(customerProfile/name) eq tolower({ReferralQuery.Quote(customer)}) and customerProfile/address/postalCode eq {ReferralQuery.Quote(code)})");
        if (_draft.Reference is { } reference)
            conditions.Add($"externalReferenceId eq {ReferralQuery.Quote(reference)}");
        var found = new List<Referral>();
        if (conditions.Count > 0)
        {
            try
            {
                var query = new ReferralQuery { Filter = string.Join(" or ", conditions), OrderBy = "createdDateTime desc", Top = 5 };
                found = (await Tandem.Referrals.ListPageAsync(query, _leaving.Token)).Value;
            }
            catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException)
            {
                // A warning is a kindness: without it the deal can be made all the same.
                return;
            }
        }

        // Of two searches that overlap, the later one counts.
        if (search != _search)
            return;
        _duplicates.Clear();
        _duplicates.AddRange(found);
    }

    private async Task Send() => await _attempt.Make(Create, faults =>
    {
        foreach (var field in _draft.Missing())
            faults.Add(field, Text["Missing"]);
        if (!DealDraft.TryAmount(_draft.Value, out _))
            faults.Add(DealDraft.Fields.Value, Text["NoAmount", 12500.5m.ToString("N2", CultureInfo.CurrentCulture)]);
    });

    private async Task Create()
    {
        // The same deal again, because the answer got lost, is the same deal; another content is another one.
        var fingerprint = _draft.Fingerprint();
        if (_sent.Fingerprint != fingerprint)
            _sent = (fingerprint, Guid.NewGuid().ToString());
        var deal = await Tandem.Referrals.CreateAsync(_draft.ToReferral(), _sent.Key, _leaving.Token);
        var isInvited = !_draft.AsksForHelp || await InviteMicrosoft(deal);
        _isMade = true;
        Navigation.NavigateTo(isInvited ? $"referrals/{deal.Id}" : $"referrals/{deal.Id}/invite");
    }

    // The deal exists by then: what fails here can be done again on the page for invitations.
    private async Task<bool> InviteMicrosoft(Referral deal)
    {
        try
        {
            await Tandem.Referrals.CreateAsync(Invite.Invitation.Into(deal, Microsoft, deal.InviteContext), $"{_sent.Key}-{Microsoft}", _leaving.Token);
            return true;
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or SignedOutException)
        {
            return false;
        }
    }
}

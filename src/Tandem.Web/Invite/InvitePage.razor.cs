using System.Net;
using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Live;
using Tandem.Web.Shared;
using Tandem.Web.Shared.Forms;

namespace Tandem.Web.Invite;

/// <summary>
/// Invites Microsoft or another partner into the engagement of a deal, and shows before what they will see of it; who is in
/// it already, and how they answer, is told without reload.
/// </summary>
public sealed partial class InvitePage : IDisposable
{
    private const string Microsoft = "msft";
    private const string TargetField = "target";
    private const string HelpField = "inviteContext.assistanceRequestCode";
    private const string MessageField = "inviteContext.notes";

    private readonly CancellationTokenSource _leaving = new();
    private readonly FormFaults _faults = new([TargetField, HelpField, MessageField]);
    private readonly List<Referral> _parties = [];
    private readonly List<Choice> _choices = [];
    private Loaded? _loaded;
    private ElementReference _summary;
    private Referral? _deal;
    private Choice? _chosen;
    private Exception? _failure;
    private string? _partnerText;
    private string? _help;
    private string? _message;
    private string? _said;
    private string _key = Guid.NewGuid().ToString();
    private bool _isSending;
    private bool _leadsToFaults;

    /// <summary>The deal's id.</summary>
    [Parameter]
    public Guid Id { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private LiveChanges Live { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    private bool IsMicrosoft => _chosen?.OrganizationId == Microsoft;

    // Who has an open referral in the engagement cannot be invited again (R92).
    private IReadOnlyList<string> PartnerNames =>
        [.. _choices.Where(c => !_parties.Exists(p => p.OrganizationId == c.OrganizationId && p.Status != ReferralStatus.Closed)).Select(c => c.Name)];

    // Who started an engagement was there first (B37). What a deal says of its inviter need not be so: clients send msft (R47).
    private string? Obstacle =>
        _deal!.OrganizationId != Viewer.Me.OrganizationId ? Text["NotYours"].Value
        : _parties.Exists(p => p.CreatedDateTime < _deal.CreatedDateTime) ? Text["Invited"].Value
        : _deal.Status == ReferralStatus.Closed ? Text["Closed"].Value
        : null;

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // Once they are there to be seen.
        if (!_leadsToFaults)
            return;
        _leadsToFaults = false;
        await _summary.FocusAsync();
    }

    private static string NameOf(Referral deal) => string.IsNullOrWhiteSpace(deal.Name) ? deal.CustomerProfile.Name : deal.Name;

    private async Task Load(CancellationToken cancellation)
    {
        await Live.Begin(cancellation);
        var deal = await Tandem.Referrals.GetAsync(Id, cancellation);
        var parties = await Tandem.Referrals.ListAsync(new ReferralQuery { Filter = $"engagementId eq '{deal.EngagementId}'" }, cancellation)
            .Where(r => r.OrganizationId != Viewer.Me.OrganizationId).ToListAsync(cancellation);
        if (_choices.Count == 0)
            await Find(null, cancellation);
        _deal = deal;
        _parties.Clear();
        _parties.AddRange(parties.OrderByDescending(p => p.CreatedDateTime));
        _help ??= deal.InviteContext.AssistanceRequestCode is var code and not AssistanceRequestCode.Unknown ? code.ToString() : null;
    }

    private async Task Hear(IReadOnlyList<ReferralEvent> changes)
    {
        if (_loaded is not null && (changes.Count == 0 || changes.Any(c => c.EngagementId == _deal?.EngagementId)))
            await _loaded.Reload();
    }

    private async Task Find(string? search, CancellationToken cancellation)
    {
        foreach (var partner in (await Tandem.Referrals.FindPartnersAsync(search, cancellation)).Value.Where(p => p.Id != Viewer.Me.OrganizationId))
        {
            // Which location, only where there are several.
            foreach (var location in partner.Locations.Where(l => !_choices.Exists(c => c.LocationId == l.Id)))
            {
                var name = partner.Locations.Count > 1 ? $"{partner.Name} – {location.Name}" : partner.Name;
                _choices.Add(new Choice(_choices.Exists(c => c.Name == name) ? $"{name} ({location.Id})" : name, partner.Id, location.Id));
            }
        }
    }

    private async Task Choose(string? text)
    {
        _partnerText = text;
        _chosen = Match();
        if (_chosen is null && text is not null)
        {
            try
            {
                await Find(text, _leaving.Token);
                _chosen = Match();
            }
            catch (Exception failure) when (failure is TandemException or HttpRequestException)
            {
                _failure = failure;
            }
        }

        _partnerText = _chosen?.Name ?? text;
        _faults.Clear();
        if (_chosen is null && text is not null)
            _faults.Add(TargetField, Text["NoPartner", text]);

        Choice? Match() => text is null ? null
            : _choices.Find(c => c.Name.Equals(text, StringComparison.CurrentCultureIgnoreCase) || c.LocationId.Equals(text, StringComparison.OrdinalIgnoreCase));
    }

    private async Task Send()
    {
        if (_isSending)
            return;
        _faults.Clear();
        (_failure, _said) = (null, null);
        if (_chosen is null)
            _faults.Add(TargetField, Text["ChoosePartner"]);
        else if (IsMicrosoft && _help is null)
            _faults.Add(HelpField, Text["ChooseHelp"]);
        if (_chosen is { } chosen && _faults.Count == 0)
            await Send(chosen);
        _leadsToFaults = _faults.Count > 0 || _failure is not null;
    }

    private async Task Send(Choice chosen)
    {
        _isSending = true;
        StateHasChanged();
        var context = new InviteContext { Notes = _message, AssistanceRequestCode = Enum.TryParse<AssistanceRequestCode>(_help, out var help) ? help : default };
        try
        {
            await Tandem.Referrals.CreateAsync(Invitation.Into(_deal!, chosen.LocationId, context), _key, _leaving.Token);
            _key = Guid.NewGuid().ToString();
            _said = Text["Sent", chosen.Name];
            (_chosen, _partnerText, _message) = (null, null, null);
            await _loaded!.Reload();
        }
        catch (TandemException refused) when (refused.Status is HttpStatusCode.BadRequest or HttpStatusCode.Conflict)
        {
            _key = Guid.NewGuid().ToString();
            _faults.Add(refused);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            _failure = failure;
        }

        _isSending = false;
    }

    // The restricted view (B14) of this deal, with contacts by consent (B15).
    private IEnumerable<(string Label, string Value)> Seen(Referral deal)
    {
        yield return (Text["Field.Name"], NameOf(deal));
        yield return (Text["Field.Customer"], string.Join(", ", new[]
        {
            deal.CustomerProfile.Name, deal.CustomerProfile.Address.PostalCode, deal.CustomerProfile.Address.City, deal.CustomerProfile.Address.Country,
        }.Where(p => !string.IsNullOrWhiteSpace(p))));
        if (Invitation.SharesContacts(deal))
            yield return (Text["Field.Contacts"], string.Join(", ", deal.CustomerProfile.Team.Select(Named)));
        yield return (Text["Field.Value"], Viewer.Money(deal.Details.DealValue, deal.Details.Currency));
        yield return (Text["Field.Closing"], Viewer.Day(deal.Details.ClosingDateTime));
        yield return (Text["Field.Solutions"], string.Join(", ", deal.Details.Requirements.Solutions.Select(s => string.IsNullOrEmpty(s.Name) ? s.Id : s.Name)));
        yield return (Text["Field.Team"], string.Join(", ", deal.Team.Select(Named)));
        yield return (Text["Field.Message"], _message ?? "");
        yield return (Text["Field.Status"], Text["StatusAsItIs"]);
    }

    private IEnumerable<string> NotSeen(Referral deal)
    {
        yield return Text["Hidden.Notes"];
        yield return Text["Hidden.Reference"];
        yield return Text["Hidden.Stage"];
        yield return Text["Hidden.Registrations"];
        if (!Invitation.SharesContacts(deal) && deal.CustomerProfile.Team.Count > 0)
            yield return Text["Hidden.Contacts"];
    }

    private static string Named(Member member) => $"{member.FirstName} {member.LastName}".Trim() is { Length: > 0 } name ? name : member.Email ?? "";

    private sealed record Choice(string Name, string OrganizationId, string LocationId);
}

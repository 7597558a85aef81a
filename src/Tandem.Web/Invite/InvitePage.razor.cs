using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Live;
using Tandem.Web.Referrals;
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
    private readonly Attempt _attempt = new(TargetField, HelpField, MessageField);
    private readonly Attempt _search = new();
    private readonly List<Referral> _parties = [];
    private readonly List<Choice> _choices = [];
    private Loaded? _loaded;
    private Referral? _deal;
    private Choice? _chosen;
    private string? _partnerText;
    private string? _help;
    private string? _message;
    private string? _said;

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
        if (_chosen is null && text is not null && await _search.Make(() => Find(text, _leaving.Token)))
            _chosen = Match();
        _partnerText = _chosen?.Name ?? text;
        _attempt.Clear();
        if (_chosen is null && text is not null && _search.Failure is null)
            _attempt.Faults.Add(TargetField, Text["NoPartner", text]);

        Choice? Match() => text is null ? null
            : _choices.Find(c => c.Name.Equals(text, StringComparison.CurrentCultureIgnoreCase) || c.LocationId.Equals(text, StringComparison.OrdinalIgnoreCase));
    }

    private async Task Send()
    {
        _said = null;
        if (await _attempt.Make(Create, Check))
            await _loaded!.Reload();
    }

    private void Check(FormFaults faults)
    {
        if (_chosen is null)
            faults.Add(TargetField, Text["ChoosePartner"]);
        else if (IsMicrosoft && _help is null)
            faults.Add(HelpField, Text["ChooseHelp"]);
    }

    private async Task Create()
    {
        var chosen = _chosen!;
        var context = new InviteContext { Notes = _message, AssistanceRequestCode = Enum.TryParse<AssistanceRequestCode>(_help, out var help) ? help : default };
        await Tandem.Referrals.CreateAsync(Invitation.Into(_deal!, chosen.LocationId, context), _attempt.Key, _leaving.Token);
        _said = Text["Sent", chosen.Name];
        (_chosen, _partnerText, _message) = (null, null, null);
    }

    // The restricted view (B14) of this deal, with contacts by consent (B15).
    private IEnumerable<(string Label, string Value)> Seen(Referral deal)
    {
        yield return (Text["Field.Name"], deal.Title());
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

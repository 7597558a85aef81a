using System.Net;
using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Live;
using Tandem.Web.Shared;

namespace Tandem.Web.Referrals;

/// <summary>One referral with all that belongs to it: both sides, what may be done next, and what has happened.</summary>
public sealed partial class ReferralDetailsPage
{
    private Referral? _referral;
    private List<Referral> _others = [];
    private Barrier? _barrier;

    // Why a referral that exists is not shown; the key of its texts.
    private enum Barrier
    {
        NotInTeam,
        Archived,
    }

    /// <summary>The referral's id.</summary>
    [Parameter]
    public Guid Id { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private LiveChanges Live { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    private string Name => _referral?.Title() ?? Text["Referral"];

    private bool IsOwn => _referral!.OrganizationId == Viewer.Me.OrganizationId;

    private bool CanEdit => IsOwn && _referral!.Status != ReferralStatus.Closed;

    private bool IsInvited => _referral!.InviteContext.InvitedBy.OrganizationId is { } inviter && inviter != _referral.OrganizationId;

    // Who started the engagement was there first (B37); whom a deal names as its inviter need not be who invited (R47).
    private bool CanInvite => CanEdit && !_others.Exists(o => o.CreatedDateTime < _referral!.CreatedDateTime);

    // From then on what the invitation said is fixed (R37, R39).
    private bool IsSent => _others.Count > 0 || IsInvited || _referral!.InviteContext.AssistanceRequestCode != AssistanceRequestCode.Unknown;

    private EditField[] CustomerFields => !CanEdit ? []
        : IsSent && !IsInvited ? [EditField.Size]
        : [EditField.Size, EditField.Contacts];

    private async Task Load(CancellationToken cancellation)
    {
        (_referral, _others, _barrier) = (null, [], null);
        await Live.Begin(cancellation);
        try
        {
            var referral = await Tandem.Referrals.GetAsync(Id, cancellation);
            _others = await Tandem.Engagements.ReferralsAsync(referral.EngagementId, cancellation)
                .Where(r => r.Id != referral.Id).ToListAsync(cancellation);
            _referral = referral;
        }
        catch (TandemException refused) when (refused.InnerCode == "notTeamMember")
        {
            _barrier = Barrier.NotInTeam;
        }
        catch (TandemException refused) when (refused.Status == HttpStatusCode.Gone)
        {
            _barrier = Barrier.Archived;
        }
    }

    // What the others do is shown as it happens. The own part stays as it was read: somebody may be editing it, and what
    // changed meanwhile is merged when it is saved.
    private async Task Hear(IReadOnlyList<ReferralEvent> changes)
    {
        if (_referral is not { } shown
            || (changes.Count > 0 && !changes.Any(c => c.EngagementId == shown.EngagementId && c.ReferralId != shown.Id)))
            return;
        try
        {
            _others = await Tandem.Engagements.ReferralsAsync(shown.EngagementId).Where(r => r.Id != shown.Id).ToListAsync();
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            // What is shown stays, with whatever is being edited; the next change is looked at again.
        }
    }

    // After a change; the other side may have moved as well.
    private async Task Take(Referral referral)
    {
        var all = await Tandem.Engagements.ReferralsAsync(referral.EngagementId).ToListAsync();
        (_referral, _others) = (referral, [.. all.Where(r => r.Id != referral.Id)]);
        // Who takes himself out of a team no longer sees the deal (B5).
        if (all.Count == _others.Count)
            _barrier = Barrier.NotInTeam;
    }

    private string YesNo(bool? answer) => answer switch
    {
        true => Text["Yes"],
        false => Text["No"],
        null => "",
    };

    private static IEnumerable<(string Key, string Id)> Tracking(TrackingInfo tracking) => new[]
    {
        ("MsxId", tracking.MicrosoftMsxId), ("FederalOpportunity", tracking.MicrosoftUSFedOpportunityId),
        ("FederalLead", tracking.MicrosoftUSFedLeadId), ("PscDeal", tracking.MigratedPscDealId),
        ("PscPartnerDeal", tracking.MigratedPscPartnerDealId),
    }.Where(t => !string.IsNullOrEmpty(t.Item2)).Select(t => (t.Item1, t.Item2!));

    private static string Address(Address address) => string.Join(", ", new[]
    {
        address.AddressLine1, address.AddressLine2, address.PostalCode, address.City, address.State, address.Country,
    }.Where(part => !string.IsNullOrWhiteSpace(part)));
}

using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;

namespace Tandem.Web.Referrals;

/// <summary>One referral and its history.</summary>
public sealed partial class ReferralDetailsPage
{
    private const int MostChanges = 50;
    private readonly List<ReferralHistoryEntry> _history = [];
    private Referral? _referral;

    /// <summary>The referral's id.</summary>
    [Parameter]
    public Guid Id { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    private string Name => _referral is null ? Text["Referral"]
        : string.IsNullOrWhiteSpace(_referral.Name) ? _referral.CustomerProfile.Name
        : _referral.Name;

    private async Task Load(CancellationToken cancellation)
    {
        var referral = await Tandem.Referrals.GetAsync(Id, cancellation);
        var history = await Tandem.Referrals.HistoryAsync(Id, cancellation).Take(MostChanges).ToListAsync(cancellation);
        _referral = referral;
        _history.Clear();
        _history.AddRange(history);
    }

    private static string Address(Address address) => string.Join(", ", new[]
    {
        address.AddressLine1, address.AddressLine2, address.PostalCode, address.City, address.State, address.Country,
    }.Where(part => !string.IsNullOrWhiteSpace(part)));
}

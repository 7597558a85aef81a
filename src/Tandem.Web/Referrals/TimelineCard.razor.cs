using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Client;
using Tandem.Contracts.Referrals;

namespace Tandem.Web.Referrals;

/// <summary>Who did what, on both sides; who brought the lead and who accepted it, with the proof of it.</summary>
public sealed partial class TimelineCard
{
    private const int Step = 20;
    private readonly List<TimelineEntry> _entries = [];
    private Timeline? _timeline;
    private ReferralHistoryEntry? _creation;
    private string? _shown;
    private Exception? _failure;
    private bool _isReading;

    /// <summary>The engagement's referrals as far as they are seen.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<Referral> Referrals { get; set; } = [];

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    private Referral Origin => Referrals.MinBy(r => r.CreatedDateTime)!;

    /// <inheritdoc />
    protected override Task OnParametersSetAsync()
    {
        var state = string.Join(' ', Referrals.Select(r => r.ETag));
        if (state == _shown)
            return Task.CompletedTask;
        _shown = state;
        return Begin();
    }

    private Task Begin()
    {
        _timeline = new Timeline(Referrals, id => Tandem.Referrals.HistoryAsync(id));
        _isReading = false;
        _entries.Clear();
        return More();
    }

    private async Task More()
    {
        if (_isReading || _timeline is not { } timeline)
            return;
        (_isReading, _failure) = (true, null);
        try
        {
            // As in the proof: who has created the first referral has brought the lead, whatever an invitation says.
            _creation ??= await Tandem.Referrals.HistoryAsync(Origin.Id).LastAsync();
            var next = await timeline.Next(Step);
            // Another one may have begun meanwhile.
            if (timeline == _timeline)
                _entries.AddRange(next);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            if (timeline == _timeline)
                (_failure, _timeline) = (failure, null);
        }
        finally
        {
            if (_timeline is null || timeline == _timeline)
                _isReading = false;
        }
    }

    private async Task Download()
    {
        _failure = null;
        try
        {
            var proof = await Tandem.Engagements.ProofAsync(Origin.EngagementId);
            using var stream = new DotNetStreamReference(new MemoryStream(Encoding.UTF8.GetBytes(proof)));
            await Script.InvokeVoidAsync("tandem.download", $"proof-{Origin.EngagementId}.json", "application/json", stream);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            _failure = failure;
        }
    }

    private string Author(ReferralChangeAuthor by)
    {
        var organization = Referrals.FirstOrDefault(r => r.OrganizationId == by.OrganizationId)?.Owner()
            // Who sent a lead has no record of his own.
            ?? Referrals.Select(r => r.InviteContext.InvitedBy).FirstOrDefault(i => i.OrganizationId == by.OrganizationId)?.OrganizationName;
        return by.OrganizationId is null ? Text["TheServer"]
            : organization is null ? by.Name
            : $"{by.Name} · {organization}";
    }

    private string Names(ReferralHistoryEntry change)
    {
        // Through what it was changed is no change of the deal.
        var names = change.Properties.Where(p => p is not ("lastModifiedVia" or "lastRunId")).Select(Text.Property).Distinct().ToList();
        return names.Count > 0 ? string.Join(", ", names) : Text.Property("lastModifiedVia");
    }
}

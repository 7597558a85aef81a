using Tandem.Contracts.Referrals;

namespace Tandem.Web.Referrals;

/// <summary>A change, and the referral it changed.</summary>
public sealed record TimelineEntry(Referral Referral, ReferralHistoryEntry Change);

/// <summary>The changes of all sides as one story, newest first, read as far as somebody looks.</summary>
internal sealed class Timeline(IReadOnlyList<Referral> referrals, Func<Guid, IAsyncEnumerable<ReferralHistoryEntry>> read)
{
    private readonly List<(Referral Referral, IAsyncEnumerator<ReferralHistoryEntry> Changes)> _heads = [];
    private bool _hasBegun;

    public bool HasMore => !_hasBegun || _heads.Count > 0;

    public async Task<IReadOnlyList<TimelineEntry>> Next(int count)
    {
        if (!_hasBegun)
        {
            foreach (var referral in referrals)
                await Advance((referral, read(referral.Id).GetAsyncEnumerator()));
            _hasBegun = true;
        }

        var entries = new List<TimelineEntry>();
        while (entries.Count < count && _heads.Count > 0)
        {
            var newest = _heads.MaxBy(h => (h.Changes.Current.ChangedDateTime, h.Changes.Current.Sequence));
            entries.Add(new TimelineEntry(newest.Referral, newest.Changes.Current));
            _heads.Remove(newest);
            await Advance(newest);
        }

        return entries;
    }

    // A history that is not read to its end holds nothing meanwhile: it asks for a page when it needs one.
    private async Task Advance((Referral Referral, IAsyncEnumerator<ReferralHistoryEntry> Changes) head)
    {
        if (await head.Changes.MoveNextAsync())
            _heads.Add(head);
        else
            await head.Changes.DisposeAsync();
    }
}

using System.Security.Cryptography;
using Tandem.Contracts.Engagements;
using Tandem.Contracts.Referrals;
using Tandem.Server.Referrals;
using Tandem.Server.Storage;

namespace Tandem.Server.Engagements;

/// <summary>
/// Compares an engagement's links, one after the other, with the change log and in the end with the documents: whatever
/// was changed, taken away, put in or moved in any of the three by another hand shows at the first link it touches.
/// </summary>
/// <param name="engagementId">The engagement.</param>
/// <param name="history">Its rows of the log, and how far they are sealed.</param>
internal sealed class ProofAudit(Guid engagementId, SealedHistory history)
{
    private readonly Dictionary<Guid, (LoggedChange Change, int Number)> _last = [];
    private byte[] _previous = EngagementProof.Beginning.ToArray();
    private int _count;

    /// <summary>Number of the first link that does not fit; null when all do.</summary>
    public int? FirstBroken { get; private set; }

    public void Add(SealedChange next)
    {
        var (link, change) = next;
        _count++;
        if (!Follows(link, change))
            Break(_count);
        _previous = link.Hash;
        if (change is not null)
            _last[change.ReferralId] = (change, link.Number);
    }

    /// <summary>Compares the ends of all three.</summary>
    /// <param name="referrals">The engagement's referrals, read after its links.</param>
    /// <param name="later">The log, read after the referrals.</param>
    public void End(IReadOnlyList<StoredReferral> referrals, SealedHistory later)
    {
        if (_count != history.Sealed)
            Break(Math.Min(_count, history.Sealed) + 1);
        var unsealed = later.Rows.Skip(_count).Select(r => (r.ReferralId, r.Version)).ToHashSet();
        foreach (var referral in referrals)
        {
            if (!_last.TryGetValue(referral.Id, out var last) || last.Change.Version < referral.Version)
            {
                if (!unsealed.Contains((referral.Id, referral.Version)))
                    Break(_count + 1);
            }
            else if (last.Change.Version > referral.Version || last.Change.ETagAfter != referral.ETag
                || (last.Change.DocumentDigest is { } digest && !SHA256.HashData(referral.Document.Span).AsSpan().SequenceEqual(digest)))
            {
                Break(last.Number);
            }
        }
    }

    private bool Follows(HistoryLink link, LoggedChange? change) =>
        link.Number == _count
        && change is not null
        && change.EngagementId == engagementId
        && link.Number <= history.Sealed && history.Rows[link.Number - 1].Sequence == link.Sequence
        && HistoryLink.PrivateDigestOf(change, link.Number, link.Nonce).AsSpan().SequenceEqual(link.PrivateDigest)
        && EngagementProof.Chain(_previous, HistoryLink.Digest(link.PublicPart), link.PrivateDigest).AsSpan().SequenceEqual(link.Hash)
        && ContinuesReferral(change);

    // A row that was put into the log before it was sealed follows from no change before it.
    private bool ContinuesReferral(LoggedChange change)
    {
        if (!_last.TryGetValue(change.ReferralId, out var last))
            return change is { Kind: ReferralChangeKind.Created, Version: 1 };
        return change.Kind switch
        {
            ReferralChangeKind.Created => false,
            ReferralChangeKind.ReminderDue => change.Version == last.Change.Version && change.ETagAfter == last.Change.ETagAfter,
            ReferralChangeKind.Updated or ReferralChangeKind.Expired =>
                change.Version == last.Change.Version + 1 && change.ETagBefore == last.Change.ETagAfter,
        };
    }

    private void Break(int number) => FirstBroken = Math.Min(FirstBroken ?? number, number);
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tandem.Contracts.Engagements;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;
using Tandem.Server.Referrals;
using Tandem.Server.Storage;

namespace Tandem.Server.Engagements;

/// <summary>
/// One link of an engagement's chain. It commits to two texts: the public part holds what every party sees of the change,
/// the private part all that the log says, with a random nonce, of which others see the digest only. What the texts say
/// is fixed for ever: a proof of today is checked in years.
/// </summary>
internal sealed record HistoryLink(int Number, long Sequence, byte[] Nonce, string PublicPart, byte[] PrivateDigest, byte[] Hash)
{
    public const int NonceSize = 32;

    /// <summary>Seals a change behind the link before it.</summary>
    /// <param name="change">The row of the log.</param>
    /// <param name="number">Counts the engagement's changes from 1.</param>
    /// <param name="previous">Hash of the link before; null for the first.</param>
    /// <param name="nonce">Random.</param>
    public static HistoryLink Seal(LoggedChange change, int number, byte[]? previous, byte[] nonce)
    {
        var publicPart = PublicPartOf(change, number);
        var privateDigest = PrivateDigestOf(change, number, nonce);
        return new(number, change.Position.Sequence, nonce, publicPart, privateDigest,
            EngagementProof.Chain(previous ?? EngagementProof.Beginning, Digest(publicPart), privateDigest));
    }

    public static byte[] Digest(string text)
    {
        using var bytes = new PooledBuffer(text.Length);
        Encoding.UTF8.GetBytes(text, bytes);
        return SHA256.HashData(bytes.Written.Span);
    }

    /// <summary>What every party may see; of a change of hidden properties no more than that there was one (B14).</summary>
    public static string PublicPartOf(LoggedChange change, int number)
    {
        var part = CanonicalJson.Object();
        part["engagementId"] = change.EngagementId.ToString();
        part["number"] = number;
        var showsContacts = change.ContactsShared == true && change.Substatus != nameof(ReferralSubstatus.Expired);
        var visible = change.Properties.Where(path => Visibility.IsVisibleToOthers(path, showsContacts)).ToList();
        if (!Visibility.IsVisibleToOthers(change.Kind, visible.Count))
            return CanonicalJson.Write(part);

        part["changedBy"] = Author(change);
        part["changedDateTime"] = Time(change.ChangedAt);
        part["eTag"] = change.ETagAfter;
        part["kind"] = change.Kind.ToString();
        part["organizationId"] = change.OrganizationId;
        part["properties"] = visible;
        part["referralId"] = change.ReferralId.ToString();
        part["status"] = change.Status;
        part["substatus"] = change.Substatus;
        part["version"] = change.Version;
        return CanonicalJson.Write(part);
    }

    /// <summary>All that the log says of a change: for its owner.</summary>
    public static string PrivatePartOf(LoggedChange change, int number, byte[] nonce) =>
        CanonicalJson.Write(PrivateMembers(change, number, nonce));

    /// <summary>The digest of <see cref="PrivatePartOf"/>, without the text.</summary>
    public static byte[] PrivateDigestOf(LoggedChange change, int number, byte[] nonce) =>
        CanonicalJson.Digest(PrivateMembers(change, number, nonce));

    private static SortedDictionary<string, object?> PrivateMembers(LoggedChange change, int number, byte[] nonce)
    {
        var author = Author(change);
        author["email"] = change.Author.Email;
        author["userId"] = change.Author.UserId?.ToString();
        var part = CanonicalJson.Object();
        part["changedBy"] = author;
        part["changedDateTime"] = Time(change.ChangedAt);
        part["contactsShared"] = change.ContactsShared;
        part["documentDigest"] = change.DocumentDigest is { } digest ? Convert.ToHexStringLower(digest) : null;
        part["eTag"] = change.ETagAfter;
        part["eTagBefore"] = change.ETagBefore;
        part["engagementId"] = change.EngagementId.ToString();
        part["kind"] = change.Kind.ToString();
        part["nonce"] = Convert.ToHexStringLower(nonce);
        part["number"] = number;
        part["organizationId"] = change.OrganizationId;
        part["properties"] = change.Properties;
        part["referralId"] = change.ReferralId.ToString();
        part["sequence"] = change.Position.Sequence;
        part["status"] = change.Status;
        part["substatus"] = change.Substatus;
        part["version"] = change.Version;
        part["via"] = change.Via;
        return part;
    }

    private static SortedDictionary<string, object?> Author(LoggedChange change)
    {
        var author = CanonicalJson.Object();
        author["name"] = change.Author.Name;
        author["organizationId"] = change.Author.OrganizationId;
        return author;
    }

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Tandem.Contracts.Engagements;

/// <summary>What <see cref="EngagementProof.Verify"/> found.</summary>
public sealed record ProofCheck
{
    private const string ServerSaysSo = "The server itself says that its change log or a document is not what was sealed.";

    private ProofCheck(IReadOnlyList<ProvenReferral> referrals) => Referrals = referrals;

    /// <summary>Whether every link fits.</summary>
    public bool Holds => FirstBroken is null;

    /// <summary>Number of the first link that does not fit; null when all do.</summary>
    public int? FirstBroken { get; private init; }

    /// <summary>What is wrong with it.</summary>
    public string? Fault { get; private init; }

    /// <summary>
    /// The referrals of the engagement that the reader sees, in the order of their creation: the first one says who
    /// brought the lead. Told by the links before <see cref="FirstBroken"/>.
    /// </summary>
    public IReadOnlyList<ProvenReferral> Referrals { get; }

    internal static ProofCheck Of(EngagementProof proof, EngagementProof? earlier)
    {
        var referrals = new List<ProvenReferral>();
        var previous = EngagementProof.Beginning.ToArray();
        for (var i = 0; i < proof.Links.Count; i++)
        {
            var link = proof.Links[i];
            try
            {
                if (FaultOf(proof, link, i + 1, previous) is { } fault)
                    return Broken(i + 1, fault);
                if (i < earlier?.Links.Count && earlier.Links[i].Hash != link.Hash)
                    return Broken(i + 1, "It is another one than in the earlier proof: history was rewritten from here on.");
                Note(link, referrals);
            }
            catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
            {
                return Broken(i + 1, "Its parts are not texts that a server seals.");
            }

            previous = Convert.FromHexString(link.Hash);
        }

        var end = proof.Links.Count + 1;
        return proof.Links.Count < earlier?.Links.Count
            ? Broken(end, "The earlier proof has it, and this one ends before it.")
            : proof.Count != proof.Links.Count || proof.Head != Convert.ToHexStringLower(previous)
            ? Broken(end, "The head of the proof is not its last link: the end is missing.")
            : proof.Intact ? new(referrals) : Broken(proof.FirstBroken ?? end, ServerSaysSo);

        ProofCheck Broken(int number, string fault) => new(referrals) { FirstBroken = number, Fault = fault };
    }

    private static string? FaultOf(EngagementProof proof, ProofLink link, int number, byte[] previous)
    {
        if (link.Number != number)
            return $"It is missing or out of its place: here stands number {link.Number}.";
        if (!Fits(link.Public, link.PublicDigest))
            return "Its public part is not what was sealed.";
        if (!Fits(link.Private, link.PrivateDigest))
            return "Its private part is not what was sealed: the server's change log was altered.";
        if (!TryDigest(link.PublicDigest, out var publicDigest) || !TryDigest(link.PrivateDigest, out var privateDigest)
            || link.Hash != Convert.ToHexStringLower(EngagementProof.Chain(previous, publicDigest, privateDigest)))
            return "Its hash does not follow from its parts and the link before it.";
        // The server sees what is hidden from the reader.
        return !proof.Intact && proof.FirstBroken <= number ? ServerSaysSo : SaysOf(link, proof.EngagementId);
    }

    private static string? SaysOf(ProofLink link, Guid engagementId)
    {
        foreach (var part in (ReadOnlySpan<string?>)[link.Public, link.Private])
        {
            if (part is null)
                continue;
            using var json = JsonDocument.Parse(part);
            if (json.RootElement.GetProperty("engagementId").GetGuid() != engagementId
                || json.RootElement.GetProperty("number").GetInt32() != link.Number)
                return "It was sealed as another link, or in another engagement.";
        }

        return null;
    }

    private static bool Fits(string? part, string digest) =>
        part is null || Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(part))) == digest;

    private static bool TryDigest(string text, out byte[] digest)
    {
        digest = new byte[SHA256.HashSizeInBytes];
        return text.Length == 2 * digest.Length && Convert.FromHexString(text, digest, out _, out _) == System.Buffers.OperationStatus.Done;
    }

    private static void Note(ProofLink link, List<ProvenReferral> referrals)
    {
        if (link.Public is null)
            return;
        using var json = JsonDocument.Parse(link.Public);
        var part = json.RootElement;
        // A change of what others do not see says no more than its number.
        if (!part.TryGetProperty("referralId", out var id))
            return;
        var at = part.GetProperty("changedDateTime").GetDateTimeOffset();
        var by = part.GetProperty("changedBy");
        var author = new ProvenAuthor(by.GetProperty("organizationId").GetString(), by.GetProperty("name").GetString()!);
        if (part.GetProperty("kind").GetString() == "Created")
            referrals.Add(new(id.GetGuid(), part.GetProperty("organizationId").GetString()!, author, at));
        // An own deal is accepted from the start; an invited party accepts later.
        var accepts = part.GetProperty("properties").EnumerateArray().Any(p => p.GetString() == "acceptedDateTime");
        var referral = referrals.FindIndex(r => r.Id == id.GetGuid());
        if (accepts && referral >= 0 && referrals[referral].AcceptedAt is null)
            referrals[referral] = referrals[referral] with { AcceptedBy = author, AcceptedAt = at };
    }
}

/// <summary>Who made a change.</summary>
/// <param name="OrganizationId">The organization; null for the server itself.</param>
/// <param name="Name">Display name of the user.</param>
public sealed record ProvenAuthor(string? OrganizationId, string Name);

/// <summary>What the chain says about one referral.</summary>
/// <param name="Id">Its id.</param>
/// <param name="OrganizationId">Who owns it.</param>
/// <param name="BroughtBy">Who created it.</param>
/// <param name="BroughtAt">When, UTC.</param>
public sealed record ProvenReferral(Guid Id, string OrganizationId, ProvenAuthor BroughtBy, DateTimeOffset BroughtAt)
{
    /// <summary>Who accepted it; null while nobody has.</summary>
    public ProvenAuthor? AcceptedBy { get; init; }

    /// <summary>When it was accepted, UTC.</summary>
    public DateTimeOffset? AcceptedAt { get; init; }
}

using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tandem.Contracts.Referrals;

namespace Tandem.Contracts.Engagements;

/// <summary>
/// The history of an engagement as a chain of hashes: each link commits to one change and to the link before it. Whoever
/// keeps a proof can show later who brought the lead and when it was accepted, and see whether anything was rewritten.
/// <see cref="Verify"/> recomputes it; <c>docs/proof.md</c> describes the same steps for other languages.
/// </summary>
public sealed class EngagementProof
{
    /// <summary>What stands for the hash before the first link: 32 zero bytes.</summary>
    [JsonIgnore]
    public static ReadOnlySpan<byte> Beginning => new byte[SHA256.HashSizeInBytes];

    /// <summary>The engagement whose history this is.</summary>
    public Guid EngagementId { get; set; }

    /// <summary>One link a change of any party's referral, in the order in which they were stored.</summary>
    public List<ProofLink> Links { get; set; } = [];

    /// <summary>How many links there are.</summary>
    public int Count { get; set; }

    /// <summary>Hash of the last link: it stands for the whole history up to there. Keep it.</summary>
    public string Head { get; set; } = "";

    /// <summary>When the server gave this proof, UTC.</summary>
    public DateTimeOffset ExportedDateTime { get; set; }

    /// <summary>Changes that are stored and not sealed yet; asking again shortly shows them.</summary>
    public int Pending { get; set; }

    /// <summary>
    /// Whether the server found its change log and its documents to be what was sealed. What others may not see is only
    /// checked there.
    /// </summary>
    public bool Intact { get; set; }

    /// <summary>Number of the first link that does not fit; null when all do.</summary>
    public int? FirstBroken { get; set; }

    /// <summary>
    /// The server's word for the head: a JSON Web Signature (RS256, type <c>tandem-proof+jwt</c>) over engagement, count,
    /// head and time, by a key that its <c>/common/discovery/v2.0/keys</c> publishes. Null when the server publishes no
    /// keys, or does not stand by the history.
    /// </summary>
    public string? Signature { get; set; }

    /// <summary>Reads a proof as the server gave it.</summary>
    /// <exception cref="JsonException">It is not a proof.</exception>
    public static EngagementProof Parse(string json) => JsonSerializer.Deserialize(json, ReferralJson.Wire.EngagementProof)
        ?? throw new JsonException("A proof is a JSON object.");

    /// <summary>The hash of a link: SHA-256 over the hash before it and the digests of its two parts.</summary>
    public static byte[] Chain(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> publicDigest, ReadOnlySpan<byte> privateDigest) =>
        SHA256.HashData([.. previous, .. publicDigest, .. privateDigest]);

    /// <summary>Recomputes the chain, and says what it proves.</summary>
    /// <param name="earlier">
    /// A proof of the same engagement that was kept: the new one must begin with the same links. Without it, a history
    /// that was rewritten from some link to its end cannot be told from a true one.
    /// </param>
    public ProofCheck Verify(EngagementProof? earlier = null) => ProofCheck.Of(this, earlier);
}

/// <summary>One change in the chain.</summary>
public sealed class ProofLink
{
    /// <summary>Counts the engagement's changes from 1.</summary>
    public int Number { get; set; }

    /// <summary>SHA-256 of the previous hash, <see cref="PublicDigest"/> and <see cref="PrivateDigest"/>; in hexadecimal.</summary>
    public string Hash { get; set; } = "";

    /// <summary>SHA-256 of the UTF-8 text of <see cref="Public"/>, in hexadecimal.</summary>
    public string PublicDigest { get; set; } = "";

    /// <summary>SHA-256 of the UTF-8 text of <see cref="Private"/>, in hexadecimal.</summary>
    public string PrivateDigest { get; set; } = "";

    /// <summary>
    /// What every party sees of the change, as canonical JSON (RFC 8785); of a change of hidden properties its number only.
    /// Null when the reader may not see the referral at all.
    /// </summary>
    public string? Public { get; set; }

    /// <summary>
    /// All that the server noted of the change, as canonical JSON with a random nonce: for those who see the referral as
    /// its owner does. Null to others.
    /// </summary>
    public string? Private { get; set; }

    /// <summary>Whether a referral, as a get by its owner answers it, is the one that was stored by this change.</summary>
    /// <param name="answer">The body of the answer, unchanged.</param>
    public bool Proves(ReadOnlySpan<byte> answer)
    {
        if (Private is null)
            return false;
        using var part = JsonDocument.Parse(Private);
        return part.RootElement.TryGetProperty("documentDigest", out var digest)
            && digest.GetString() == Convert.ToHexStringLower(SHA256.HashData(StoredDocument(answer)));
    }

    // An answer is the stored document with "@odata.context" before its members and "links" behind them.
    private static byte[] StoredDocument(ReadOnlySpan<byte> answer)
    {
        var reader = new Utf8JsonReader(answer);
        reader.Read();
        var (from, to) = ((int)reader.BytesConsumed, answer.Length - 1);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var (isContext, isLinks) = (reader.ValueTextEquals("@odata.context"u8), reader.ValueTextEquals("links"u8));
            reader.Read();
            reader.Skip();
            if (isContext)
                from = (int)reader.BytesConsumed + 1;
            if (isLinks)
                to = start - 1;
        }

        return [(byte)'{', .. answer[from..to], (byte)'}'];
    }
}

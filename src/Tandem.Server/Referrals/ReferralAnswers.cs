using System.Buffers;
using System.Text.Json;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals;

/// <summary>
/// Writes referrals: the stored bytes, with <c>links</c> and, on get by id, <c>@odata.context</c> added. Only the
/// restricted view reads the document.
/// </summary>
internal static class ReferralAnswers
{
    private const string JsonType = "application/json; charset=utf-8";

    /// <summary>One referral with its tag (R67, R84).</summary>
    public static async Task WriteReferral(
        HttpContext context, int status, ReadOnlyMemory<byte> document, StoredIdentity identity, string address, bool withContext)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = JsonType;
        response.Headers.ETag = identity.ETag;
        var links = LinkWriter.Of(address);
        using var output = new PooledBuffer(document.Length + 1024);
        output.Write("{"u8);
        if (withContext)
            links.WriteContext(output, "#Referrals/$entity"u8);
        WriteMembers(output, document.Span[1..], identity.Id, identity.EngagementId, links);
        response.ContentLength = output.Written.Length;
        await response.Body.WriteAsync(output.Written, context.RequestAborted);
    }

    /// <summary>One referral as an element of a list: links included, no context (R57).</summary>
    public static void WriteElement(
        IBufferWriter<byte> output, ReadOnlySpan<byte> document, Guid id, Guid engagementId, LinkWriter links)
    {
        output.Write("{"u8);
        WriteMembers(output, document[1..], id, engagementId, links);
    }

    public static string SelfLink(Guid id, string address) => $"{address}/v1.0/engagements/referrals/{id}";

    /// <summary>The document as another party may see it.</summary>
    public static byte[] Restricted(ReadOnlySpan<byte> document) =>
        JsonSerializer.SerializeToUtf8Bytes(Visibility.Restrict(Read(document)), ReferralJson.Wire.Referral);

    /// <summary>The document of an expired lead, as its owner sees it (B17).</summary>
    public static byte[] WithoutContacts(ReadOnlySpan<byte> document)
    {
        var shown = Read(document);
        shown.CustomerProfile.Team = [];
        return JsonSerializer.SerializeToUtf8Bytes(shown, ReferralJson.Wire.Referral);
    }

    /// <summary>The document as its owner sees it.</summary>
    public static ReadOnlyMemory<byte> Full(StoredReferral referral) =>
        Visibility.HidesContactsFromOwner(referral) ? WithoutContacts(referral.Document.Span) : referral.Document;

    private static Referral Read(ReadOnlySpan<byte> document) =>
        JsonSerializer.Deserialize(document, ReferralJson.Wire.Referral)!;

    // The rest of the stored object, without its closing brace, then the links.
    private static void WriteMembers(
        IBufferWriter<byte> output, ReadOnlySpan<byte> rest, Guid id, Guid engagementId, LinkWriter links)
    {
        output.Write(rest[..^1]);
        output.Write(",\"links\":"u8);
        links.WriteLinks(output, id, engagementId);
        output.Write("}"u8);
    }
}

/// <summary>What an answer needs to know of a referral beside its document.</summary>
internal readonly record struct StoredIdentity(Guid Id, Guid EngagementId, string ETag)
{
    public static StoredIdentity Of(StoredReferral referral) => new(referral.Id, referral.EngagementId, referral.ETag);

    public static StoredIdentity Of(Referral referral) => new(referral.Id, referral.EngagementId, referral.ETag);
}

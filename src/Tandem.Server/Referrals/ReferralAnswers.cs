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
        HttpContext context, int status, ReadOnlyMemory<byte> document, string etag, string address, bool withContext)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = JsonType;
        response.Headers.ETag = etag;
        var links = LinkWriter.Of(address);
        using var output = new PooledBuffer(document.Length + 1024);
        if (withContext)
        {
            output.Write("{"u8);
            links.WriteContext(output, "#Referrals/$entity"u8);
            WriteMembers(output, document.Span, document.Span[1..], links);
        }
        else
        {
            WriteElement(output, document.Span, links);
        }

        response.ContentLength = output.Written.Length;
        await response.Body.WriteAsync(output.Written, context.RequestAborted);
    }

    /// <summary>One referral as an element of a list: links included, no context (R57).</summary>
    public static void WriteElement(PooledBuffer output, ReadOnlySpan<byte> document, LinkWriter links) =>
        WriteMembers(output, document, document, links);

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

    // What is left of the stored object, without its closing brace, then the links.
    private static void WriteMembers(
        PooledBuffer output, ReadOnlySpan<byte> document, ReadOnlySpan<byte> rest, LinkWriter links)
    {
        output.Write(rest[..^1]);
        output.Write(",\"links\":"u8);
        links.WriteLinks(output, StoredIds.Of(document));
        output.Write("}"u8);
    }
}

/// <summary>The two ids of a stored document, as the text that they are in it.</summary>
internal readonly ref struct StoredIds
{
    // Every document begins alike (R28).
    private const int Length = 36;
    private static ReadOnlySpan<byte> BeforeId => "{\"id\":\""u8;
    private static ReadOnlySpan<byte> BeforeEngagement => "\",\"engagementId\":\""u8;

    public ReadOnlySpan<byte> Id { get; private init; }

    public ReadOnlySpan<byte> EngagementId { get; private init; }

    public static StoredIds Of(ReadOnlySpan<byte> document)
    {
        var engagement = BeforeId.Length + Length + BeforeEngagement.Length;
        return document.StartsWith(BeforeId) && document[(BeforeId.Length + Length)..].StartsWith(BeforeEngagement)
            ? new() { Id = document.Slice(BeforeId.Length, Length), EngagementId = document.Slice(engagement, Length) }
            : throw new InvalidDataException("A stored referral does not begin with its ids.");
    }
}

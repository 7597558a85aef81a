using System.Buffers;
using System.Text.Encodings.Web;
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
        var output = new ArrayBufferWriter<byte>(document.Length + 640);
        if (withContext)
        {
            output.Write("{\"@odata.context\":"u8);
            WriteJsonText(output, $"{address}/v1.0/$metadata#Referrals/$entity");
            output.Write(","u8);
            WriteMembers(output, document.Span[1..], identity.Id, identity.EngagementId, address);
        }
        else
        {
            output.Write("{"u8);
            WriteMembers(output, document.Span[1..], identity.Id, identity.EngagementId, address);
        }

        response.ContentLength = output.WrittenCount;
        await response.Body.WriteAsync(output.WrittenMemory, context.RequestAborted);
    }

    /// <summary>One referral as an element of a list: links included, no context (R57).</summary>
    public static void WriteElement(IBufferWriter<byte> output, ReadOnlySpan<byte> document, Guid id, Guid engagementId, string address)
    {
        output.Write("{"u8);
        WriteMembers(output, document[1..], id, engagementId, address);
    }

    /// <summary>The <c>links</c> object alone (R88).</summary>
    public static void WriteLinks(IBufferWriter<byte> output, Guid id, Guid engagementId, string address)
    {
        output.Write("{\"relatedReferrals\":{\"uri\":"u8);
        WriteJsonText(output, $"{address}/v1.0/engagements/referrals?$filter=engagementId eq '{engagementId}'");
        output.Write(",\"method\":\"GET\"},\"self\":{\"uri\":"u8);
        WriteJsonText(output, SelfLink(id, address));
        output.Write(",\"method\":\"GET\"}}"u8);
    }

    public static string SelfLink(Guid id, string address) => $"{address}/v1.0/engagements/referrals/{id}";

    /// <summary>The document as another party may see it.</summary>
    public static byte[] Restricted(StoredReferral referral) =>
        JsonSerializer.SerializeToUtf8Bytes(Visibility.Restrict(referral.Read()), ReferralJson.Wire.Referral);

    /// <summary>The document as its owner sees it.</summary>
    public static ReadOnlyMemory<byte> Full(StoredReferral referral)
    {
        if (!Visibility.HidesContactsFromOwner(referral))
            return referral.Document;
        var shown = referral.Read();
        shown.CustomerProfile.Team = [];
        return JsonSerializer.SerializeToUtf8Bytes(shown, ReferralJson.Wire.Referral);
    }

    // The rest of the stored object, without its closing brace, then the links.
    private static void WriteMembers(IBufferWriter<byte> output, ReadOnlySpan<byte> rest, Guid id, Guid engagementId, string address)
    {
        output.Write(rest[..^1]);
        output.Write(",\"links\":"u8);
        WriteLinks(output, id, engagementId, address);
        output.Write("}"u8);
    }

    private static void WriteJsonText(IBufferWriter<byte> output, string text)
    {
        output.Write("\""u8);
        output.Write(JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);
        output.Write("\""u8);
    }
}

/// <summary>What an answer needs to know of a referral beside its document.</summary>
internal readonly record struct StoredIdentity(Guid Id, Guid EngagementId, string ETag)
{
    public static StoredIdentity Of(StoredReferral referral) => new(referral.Id, referral.EngagementId, referral.ETag);

    public static StoredIdentity Of(Referral referral) => new(referral.Id, referral.EngagementId, referral.ETag);
}

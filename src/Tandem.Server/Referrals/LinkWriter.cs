using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals;

/// <summary>
/// Writes what an answer says of addresses (R57, R88). All answers to one host begin alike, so that beginning is encoded
/// once and kept.
/// </summary>
internal sealed class LinkWriter
{
    private static volatile LinkWriter? _last;

    private readonly string _address;
    private readonly byte[] _context;
    private readonly byte[] _related;
    private readonly byte[] _self;
    private readonly byte[] _next;
    private readonly byte[] _nextDelta;
    private readonly byte[] _delta;

    private LinkWriter(string address)
    {
        _address = address;
        _context = Encode($"\"@odata.context\":\"", "/v1.0/$metadata");
        _related = Encode("{\"relatedReferrals\":{\"uri\":\"", "/v1.0/engagements/referrals?$filter=engagementId eq '");
        _self = Encode("'\",\"method\":\"GET\"},\"self\":{\"uri\":\"", "/v1.0/engagements/referrals/");
        _next = Encode(",\"@odata.nextLink\":\"", "/v1.0/engagements/referrals?$skiptoken=");
        _nextDelta = Encode(",\"@odata.nextLink\":\"", "/v1.0/engagements/referrals?$deltatoken=");
        _delta = Encode(",\"@odata.deltaLink\":\"", "/v1.0/engagements/referrals?$deltatoken=");
    }

    /// <param name="address">Scheme and host, without a trailing slash; the host is the client's text.</param>
    public static LinkWriter Of(string address) =>
        _last is { } last && last._address == address ? last : _last = new LinkWriter(address);

    /// <summary><c>@odata.context</c> and a comma.</summary>
    public void WriteContext(PooledBuffer output, ReadOnlySpan<byte> fragment)
    {
        output.Write(_context);
        output.Write(fragment);
        output.Write("\","u8);
    }

    /// <summary>The <c>links</c> object alone (R88).</summary>
    public void WriteLinks(PooledBuffer output, StoredIds ids)
    {
        output.Write(_related);
        output.Write(ids.EngagementId);
        output.Write(_self);
        output.Write(ids.Id);
        output.Write("\",\"method\":\"GET\"}}"u8);
    }

    /// <summary><c>@odata.nextLink</c> with the comma before it; the token needs no escaping.</summary>
    public void WriteNext(PooledBuffer output, string token) => WriteLink(output, _next, token);

    /// <summary>The link to the next page of changes, or to the changes after them.</summary>
    public void WriteDelta(PooledBuffer output, string token, bool isLast) =>
        WriteLink(output, isLast ? _delta : _nextDelta, token);

    private static void WriteLink(PooledBuffer output, byte[] link, string token)
    {
        output.Write(link);
        Encoding.ASCII.GetBytes(token, output);
        output.Write("\""u8);
    }

    private byte[] Encode(string before, string after) =>
    [
        .. Encoding.UTF8.GetBytes(before),
        .. JsonEncodedText.Encode(_address + after, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes,
    ];
}

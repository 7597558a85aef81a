using System.Security.Cryptography;
using System.Text;
using Tandem.Server.Http;
using Tandem.Server.Identity;

namespace Tandem.Server.Referrals;

/// <summary>
/// What makes a repeated POST recognizable: <c>Idempotency-Key</c>, <c>client-request-id</c> or <c>MS-RequestId</c> of
/// the same user (R13).
/// </summary>
/// <param name="Header">The header it came from.</param>
/// <param name="Key">Digest of user, header and value.</param>
/// <param name="Digest">Digest of the body.</param>
internal sealed record RepeatKey(string Header, string Key, string Digest)
{
    public static RepeatKey? Of(HttpRequest request, Caller caller, ReadOnlySpan<byte> body)
    {
        var headers = request.Headers;
        var (header, value) = headers["Idempotency-Key"].ToString() is { Length: > 0 } key
            ? ("Idempotency-Key", key)
            : ContractPipeline.SentGuid(headers["client-request-id"]) is { } client
                ? ("client-request-id", client)
                : ("MS-RequestId", ContractPipeline.SentGuid(headers["MS-RequestId"]));
        return value is null ? null : new(
            header,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{caller.UserId}|{header}|{value}"))),
            Convert.ToHexStringLower(SHA256.HashData(body)));
    }
}

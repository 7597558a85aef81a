using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Tandem.Server.Tests.Identity;

internal static class Jwt
{
    public static JsonObject Claims(string token) => Part(token, 1);

    public static JsonObject Header(string token) => Part(token, 0);

    public static string Signed(RSA key, string keyId, JsonObject claims, string type = "JWT")
    {
        var header = new JsonObject { ["alg"] = "RS256", ["kid"] = keyId, ["typ"] = type };
        var body = $"{Encode(header)}.{Encode(claims)}";
        return $"{body}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(body), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    public static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));

    private static JsonObject Part(string token, int index) =>
        JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[index]))!.AsObject();
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tandem.Server.Webhooks;

/// <summary>Signatures as Standard Webhooks describes them.</summary>
internal static class StandardSignature
{
    private const string Prefix = "whsec_";

    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(32);

    /// <summary>A secret as receivers keep it.</summary>
    public static string Write(byte[] secret) => Prefix + Convert.ToBase64String(secret);

    /// <summary>One signature for each secret: while a rotation goes on, receivers know one or the other.</summary>
    public static string Sign(IEnumerable<byte[]> secrets, string id, long timestamp, byte[] body)
    {
        var head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}."));
        byte[] content = [.. head, .. body];
        return string.Join(' ', secrets.Select(s => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(s, content))}"));
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Server.Identity;

namespace Tandem.Server.Referrals.Query;

/// <summary>
/// A JSON object as a token in an address: encrypted and authenticated, and good only for the person who got it.
/// </summary>
internal sealed class SealedTokens(IDataProtector protector)
{
    public string Write(Caller caller, Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return WebEncoders.Base64UrlEncode(For(caller).Protect(buffer.ToArray()));
    }

    /// <summary>What the token holds; null when it is not one that was written for this caller.</summary>
    public JsonElement? Read(Caller caller, string token)
    {
        try
        {
            using var json = JsonDocument.Parse(For(caller).Unprotect(WebEncoders.Base64UrlDecode(token)));
            return json.RootElement.Clone();
        }
        catch (Exception unreadable) when (unreadable is FormatException or CryptographicException)
        {
            return null;
        }
    }

    public static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? value.GetString() : null;

    private IDataProtector For(Caller caller) =>
        protector.CreateProtector(caller.OrganizationId, caller.UserId.ToString("D", CultureInfo.InvariantCulture));
}

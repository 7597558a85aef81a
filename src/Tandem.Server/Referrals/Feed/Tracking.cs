using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tandem.Server.Identity;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Feed;

/// <summary>
/// From where on a list's changes are told: taken before its first page is read, so that nothing is missed between pages.
/// </summary>
/// <param name="Position">The end of the change log then.</param>
/// <param name="Time">The time then, in microseconds; archiving leaves no row in the log (B29).</param>
/// <param name="Scope">What the caller could see then.</param>
internal sealed record Tracking(LogPosition Position, long Time, string Scope)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteString("lp", Position.ToString());
        json.WriteNumber("lt", Time);
        json.WriteString("ls", Scope);
    }

    public static Tracking? Read(JsonElement root) =>
        root.TryGetProperty("ls", out var scope) && LogPosition.TryParse(root.GetProperty("lp").GetString(), out var position)
            ? new(position, root.GetProperty("lt").GetInt64(), scope.GetString()!)
            : null;
}

/// <summary>
/// What of a caller decides which referrals he sees (B2–B6). When it is another one, so may be every list, without a
/// change of any referral.
/// </summary>
internal static class ScopeDigest
{
    public static string Of(Caller caller)
    {
        if (caller.IsCompanyAdmin)
            return "company";
        var scope = string.Join('\n', caller.Emails.Order(StringComparer.Ordinal)) + "\n\n"
            + string.Join('\n', caller.AdminLocations.Select(l => l.ToLowerInvariant()).Order(StringComparer.Ordinal));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(scope)).AsSpan(0, 8));
    }
}

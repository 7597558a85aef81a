using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Server.Identity;

namespace Tandem.Server.Referrals.Query;

/// <summary>
/// Opaque, authenticated tokens for the next page (R60): they carry filter, order, select, top and position, and serve
/// the user who got them.
/// </summary>
internal sealed class SkipTokens(IDataProtectionProvider protection)
{
    private readonly IDataProtector _protector = protection.CreateProtector("Tandem.SkipToken.v1");

    public string Seal(Caller caller, QueryText text, long? top, PagePosition position)
    {
        var state = JsonSerializer.SerializeToUtf8Bytes(new State(
            caller.OrganizationId, caller.UserId, text, top, position.Id,
            [.. position.Values.Select(v => JsonSerializer.SerializeToElement(v))]));
        return WebEncoders.Base64UrlEncode(_protector.Protect(state));
    }

    /// <summary>The state of a token; null when it was altered, or given to somebody else.</summary>
    public State? Open(string token, Caller caller)
    {
        try
        {
            var state = JsonSerializer.Deserialize<State>(_protector.Unprotect(WebEncoders.Base64UrlDecode(token)));
            return state?.Organization == caller.OrganizationId && state.User == caller.UserId ? state : null;
        }
        catch (Exception failure) when (failure is CryptographicException or FormatException or JsonException)
        {
            return null;
        }
    }

    internal sealed record State(string Organization, Guid User, QueryText Text, long? Top, Guid Id, IReadOnlyList<JsonElement> Values)
    {
        public PagePosition? PositionFor(IReadOnlyList<OrderKey> order) =>
            new([.. order.Select((key, i) => PagePosition.ReadValue(Values[i], key.Kind))], Id);
    }
}

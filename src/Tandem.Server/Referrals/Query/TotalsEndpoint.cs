using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Query;

/// <summary>
/// <c>GET /v1.0/engagements/totals</c>: how many of the caller's own organization's referrals match a filter and
/// a partner, and what they are worth. Other parties' referrals are never added up: their value is the same deal once more.
/// </summary>
internal static class TotalsEndpoint
{
    // Beside the referrals and not below them, where a name is a referral's id (R6).
    public const string Path = "/v1.0/engagements/totals";

    public static async Task Get(
        HttpContext context, Caller caller, ReferralStore store, SkipTokens tokens, TimeProvider clock, CancellationToken cancellation)
    {
        var other = context.Request.Query.Keys.FirstOrDefault(o => o.StartsWith('$') && !o.Equals("$filter", StringComparison.OrdinalIgnoreCase));
        if (other is not null)
        {
            await context.Write(Refusal.Invalid(other.Length <= 60 ? other : other[..60], "invalidValue",
                "Totals take $filter and partner only; leave the option out, or read the list."));
            return;
        }

        if (!ReferralQuery.Parse(context.Request.Query, tokens, caller).Succeeded(out var query, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        var totals = new ReferralTotals
        {
            Value = await store.Totals(query.Filter, query.Partner, caller, WireTime.ToUnixMicroseconds(clock.GetUtcNow()), cancellation),
        };
        context.Response.ContentType = "application/json; charset=utf-8";
        await JsonSerializer.SerializeAsync(context.Response.Body, totals, ReferralJson.Wire.ReferralTotals, cancellation);
    }
}

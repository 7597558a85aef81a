using System.Globalization;
using System.Text.Json;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals;

/// <summary>
/// <c>GET /v1.0/engagements/referrals/{id}/history</c>: who changed what, when and through what, newest first. Visible
/// like the referral; the restricted view leaves out changes of hidden properties.
/// </summary>
internal static class HistoryEndpoint
{
    private const int PageSize = 100;

    public static async Task Get(
        string id, HttpContext context, Caller caller, ReferralStore store, ServerAddress address, TimeProvider clock,
        CancellationToken cancellation)
    {
        var found = await ReferralEndpoints.FindVisible(id, caller, store, clock, cancellation);
        if (!found.Succeeded(out var visible, out var refusal) || (refusal = ReadOptions(context.Request, out var size, out var before)) is not null)
        {
            await context.Write(refusal);
            return;
        }

        var referral = visible.Referral;
        var isRestricted = visible.View == ReferralView.Restricted;
        var shown = isRestricted ? referral.Read() : null;
        var page = new ReferralHistoryPage();
        // What others may not see can leave holes of any length, so read on until the page is full or the log ends.
        var hasMore = true;
        while (hasMore && page.Value.Count < size)
        {
            var entries = await store.History(referral.Id, before, PageSize, cancellation);
            hasMore = entries.Count == PageSize;
            foreach (var entry in entries)
            {
                if (page.Value.Count == size)
                {
                    hasMore = true;
                    break;
                }

                before = entry.Sequence;
                if (shown is null || Restrict(entry, shown, caller))
                    page.Value.Add(entry);
            }
        }

        if (hasMore)
        {
            page.ODataNextLink = $"{ReferralAnswers.SelfLink(referral.Id, address.Of(context.Request))}/history"
                + string.Create(CultureInfo.InvariantCulture, $"?$top={size}&$skiptoken={before}");
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        await JsonSerializer.SerializeAsync(context.Response.Body, page, ReferralJson.Wire.ReferralHistoryPage, cancellation);
    }

    // Others learn what happened to what they can see, and by which organization, not through which of its systems.
    private static bool Restrict(ReferralHistoryEntry entry, Referral shown, Caller caller)
    {
        entry.Properties.RemoveAll(path => !Visibility.IsVisibleToOthers(path, shown));
        entry.Via = null;
        if (entry.ChangedBy.OrganizationId != caller.OrganizationId)
            entry.ChangedBy.Email = null;
        return Visibility.IsVisibleToOthers(entry.Kind, entry.Properties.Count);
    }

    // The token is a position in a log that the caller sees anyway: nothing to authenticate.
    private static Refusal? ReadOptions(HttpRequest request, out int size, out long before)
    {
        (size, before) = (PageSize, long.MaxValue);
        if (request.Query.TryGetValue("$top", out var top)
            && (!int.TryParse(top, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size is < 1 or > PageSize))
            return Refusal.Invalid("$top", "invalidValue", $"$top must be a whole number from 1 to {PageSize}.");
        if (request.Query.TryGetValue("$skiptoken", out var token)
            && !long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out before))
            return Refusal.Invalid("$skiptoken", "invalidSkipToken", "The $skiptoken is not one that this server gave; follow @odata.nextLink.");
        return null;
    }
}

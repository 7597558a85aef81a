using Tandem.Contracts.Webhooks;

namespace Tandem.Server.Webhooks;

/// <summary>The events there are (W19), and those of the original service that are accepted and never raised (W14).</summary>
internal static class EventNames
{
    public const string ReferralCreated = "referral-created";
    public const string ReferralUpdated = "referral-updated";
    public const string RelatedReferralCreated = "related-referral-created";
    public const string RelatedReferralUpdated = "related-referral-updated";
    public const string TestCreated = "test-created";

    private static readonly string[] Foreign =
        ["subscription-updated", "usagerecords-thresholdExceeded", "invoice-ready", "azure-fraud-event-detected"];

    private static readonly string[] ForeignFamilies = ["dap-", "granular-admin-"];

    /// <summary>What Tandem's own endpoint knows.</summary>
    public static IReadOnlyList<string> OfReferrals { get; } =
        [ReferralCreated, ReferralUpdated, RelatedReferralCreated, RelatedReferralUpdated];

    public static IReadOnlyList<string> All { get; } = [.. OfReferrals, TestCreated];

    /// <summary>The name as it is emitted; null when the kind of subscription does not know it.</summary>
    public static string? Read(string sent, SubscriptionKind kind)
    {
        var name = sent.Trim();
        var known = kind == SubscriptionKind.PartnerCenter ? All.Concat(Foreign) : OfReferrals;
        return known.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? (kind == SubscriptionKind.PartnerCenter && IsOfForeignFamily(name) ? name.ToLowerInvariant() : null);
    }

    // A name is one word; it is kept in a list of words.
    private static bool IsOfForeignFamily(string name) =>
        name.Length <= 100
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
        && ForeignFamilies.Any(f => name.StartsWith(f, StringComparison.OrdinalIgnoreCase) && name.Length > f.Length);
}

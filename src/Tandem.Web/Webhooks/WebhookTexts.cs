using Microsoft.Extensions.Localization;
using Tandem.Web.Resources;

namespace Tandem.Web.Webhooks;

/// <summary>Webhooks in words.</summary>
internal static class WebhookTexts
{
    /// <summary>The events of referrals there are, as the API names them.</summary>
    public static IReadOnlyList<string> OfReferrals { get; } =
        ["referral-created", "referral-updated", "related-referral-created", "related-referral-updated"];

    /// <summary>An event; one that this page does not know is shown as it is.</summary>
    public static string Event(this IStringLocalizer<WebhooksText> text, string name) =>
        text[$"Event.{name}"] is { ResourceNotFound: false } known ? known : name;

    public static string Events(this IStringLocalizer<WebhooksText> text, IReadOnlyList<string> names) =>
        OfReferrals.All(names.Contains) ? text["AllEvents"] : string.Join(", ", names.Select(text.Event));

    /// <summary>The server behind an address: what one looks for among several receivers.</summary>
    public static string HostOf(string url) => Uri.TryCreate(url, UriKind.Absolute, out var address) ? address.Authority : url;
}

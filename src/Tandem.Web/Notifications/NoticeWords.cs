using Microsoft.Extensions.Localization;
using Tandem.Contracts.Notifications;
using Tandem.Web.Resources;

namespace Tandem.Web.Notifications;

/// <summary>Notices in words.</summary>
internal static class NoticeWords
{
    public static string PageOf(Notice notice) => notice.SubscriptionId is { } webhook
        ? $"administration/webhooks/{webhook}"
        : $"referrals/{notice.ReferralId}";

    public static string Say(this IStringLocalizer<NotificationText> text, Notice notice) => text[$"Notice.{notice.Kind}",
        (notice.Receiver ?? notice.DealName) is { } name && !string.IsNullOrWhiteSpace(name) ? name : text["Unnamed"],
        string.IsNullOrWhiteSpace(notice.PartnerName) ? text["UnnamedPartner"] : notice.PartnerName];
}

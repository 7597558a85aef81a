using Microsoft.Extensions.Localization;
using Tandem.Contracts.Notifications;
using Tandem.Web.Resources;

namespace Tandem.Web.Notifications;

/// <summary>Notices in words.</summary>
internal static class NoticeWords
{
    public static string Say(this IStringLocalizer<NotificationText> text, Notice notice) => text[$"Notice.{notice.Kind}",
        string.IsNullOrWhiteSpace(notice.DealName) ? text["Unnamed"] : notice.DealName,
        string.IsNullOrWhiteSpace(notice.PartnerName) ? text["UnnamedPartner"] : notice.PartnerName];
}

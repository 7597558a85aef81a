using System.Globalization;
using System.Net;
using System.Resources;
using System.Text;
using MimeKit;
using Tandem.Contracts.Notifications;

namespace Tandem.Server.Notifications;

/// <summary>Writes the messages, from the texts in <c>EmailText.resx</c>. Pure.</summary>
internal static class EmailText
{
    /// <summary>Languages there are texts in; the first one is the default.</summary>
    public static readonly string[] Languages = ["en", "tr"];

    private const int LongestName = 120;

    private static readonly ResourceManager Texts = new("Tandem.Server.Notifications.EmailText", typeof(EmailText).Assembly);

    /// <summary>The language for a culture such as <c>tr-TR</c> (B58).</summary>
    public static string LanguageOf(string? locale) =>
        Array.Find(Languages, l => locale?.Split('-', '_')[0].Equals(l, StringComparison.OrdinalIgnoreCase) == true) ?? Languages[0];

    /// <summary>The message that tells of a notice, or of several in one; null when the address is none.</summary>
    public static MimeMessage? Of(
        MailboxAddress sender, string name, string to, string language, IReadOnlyList<Notice> notices, bool isDigest, string server,
        DateTimeOffset now)
    {
        var text = new Language(language);
        var subject = isDigest ? text["DigestSubject", notices.Count] : text.Say("Subject", notices[0]);
        var (plain, html) = (new StringBuilder(), new StringBuilder());
        if (isDigest)
            Paragraph(plain, html, text["DigestBody", notices.Count]);
        foreach (var notice in notices)
        {
            var address = notice.SubscriptionId is { } webhook
                ? $"{server}/administration/webhooks/{webhook}"
                : $"{server}/referrals/{notice.ReferralId}";
            Paragraph(plain, html, isDigest ? text.Say("Subject", notice) : text.Say("Body", notice));
            if (notice.Reason is { Length: > 0 } reason)
                Paragraph(plain, html, text["Reason", Line(reason, 1000)]);
            if (notice.ExpirationDateTime is { } expires)
                Paragraph(plain, html, text["Expires", expires]);
            plain.Append(text["Open"]).Append(": ").Append(address).Append("\r\n\r\n");
            html.Append("<p>").Append(Link(address, text["Open"])).Append("</p>");
        }

        var settings = $"{server}/notifications/settings";
        var footer = text[notices[0].SubscriptionId is null ? "Footer" : "FooterWebhook"];
        plain.Append("--\r\n").Append(footer).Append("\r\n").Append(settings).Append("\r\n");
        html.Append("<hr><p style=\"color:#555\">").Append(WebUtility.HtmlEncode(footer)).Append("<br>")
            .Append(Link(settings, text["Settings"])).Append("</p>");
        return Write(sender, name, to, language, subject, plain.ToString(), html.ToString(), $"{notices[0].Id:N}", now);
    }

    /// <summary>The message that shows that e-mail works; null when the address is none.</summary>
    public static MimeMessage? Test(MailboxAddress sender, string name, string to, string language, DateTimeOffset now)
    {
        var text = new Language(language);
        var (plain, html) = (new StringBuilder(), new StringBuilder());
        Paragraph(plain, html, text["TestBody"]);
        return Write(sender, name, to, language, text["TestSubject"], plain.ToString(), html.ToString(), $"{Guid.NewGuid():N}", now);
    }

    private static MimeMessage? Write(
        MailboxAddress sender, string name, string to, string language, string subject, string plain, string html, string id,
        DateTimeOffset now)
    {
        MailboxAddress recipient;
        try
        {
            recipient = new MailboxAddress(Encoding.UTF8, Line(name, LongestName), to);
        }
        catch (ParseException)
        {
            return null;
        }

        var message = new MimeMessage
        {
            Subject = Line(subject, 200),
            Date = now,
            // The same at every attempt: whoever gets it twice can tell.
            MessageId = $"{id}@{sender.Domain}",
            Body = new BodyBuilder
            {
                TextBody = plain,
                HtmlBody = $"<!DOCTYPE html><html lang=\"{language}\"><head><meta charset=\"utf-8\">"
                    + $"<title>{WebUtility.HtmlEncode(Line(subject, 200))}</title></head>"
                    + $"<body style=\"font-family:system-ui,sans-serif;font-size:15px;line-height:1.5\">{html}</body></html>",
            }.ToMessageBody(),
        };
        message.From.Add(sender);
        message.To.Add(recipient);
        // No machine answers a machine (RFC 3834).
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Headers.Add("X-Auto-Response-Suppress", "All");
        message.Body.Headers.Add("Content-Language", language);
        return message;
    }

    private static string Link(string address, string text) =>
        $"<a href=\"{WebUtility.HtmlEncode(address)}\">{WebUtility.HtmlEncode(text)}</a>";

    private static void Paragraph(StringBuilder plain, StringBuilder html, string text)
    {
        plain.Append(text).Append("\r\n\r\n");
        html.Append("<p>").Append(WebUtility.HtmlEncode(text)).Append("</p>");
    }

    // Names are other people's: of one line, without what could be taken for a header or turn the text around.
    private static string Line(string? text, int longest)
    {
        var line = string.Concat((text ?? "").Select(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '\u2028' or '\u2029' ? ' ' : c)
            .Where(c => char.GetUnicodeCategory(c) != UnicodeCategory.Format));
        line = string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= longest ? line : $"{line[..longest].TrimEnd()}…";
    }

    private sealed class Language(string name)
    {
        private readonly CultureInfo _culture = CultureInfo.GetCultureInfo(name);

        public string this[string key] =>
            Texts.GetString(key, _culture) ?? throw new InvalidOperationException($"There is no text {key}.");

        public string this[string key, object value] => string.Format(_culture, this[key], value);

        public string Say(string what, Notice notice)
        {
            var name = Line(notice.Receiver ?? notice.DealName, LongestName);
            // Some tell nobody's name to who may not know it.
            var text = (name.Length == 0 ? Texts.GetString($"{what}.{notice.Kind}.Unnamed", _culture) : null) ?? this[$"{what}.{notice.Kind}"];
            return string.Format(_culture, text, name.Length > 0 ? name : this["Unnamed"],
                Line(notice.PartnerName, LongestName) is { Length: > 0 } partner ? partner : this["UnnamedPartner"]);
        }
    }
}

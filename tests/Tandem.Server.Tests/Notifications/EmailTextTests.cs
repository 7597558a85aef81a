using System.Collections;
using System.Globalization;
using System.Resources;
using System.Text.RegularExpressions;
using MimeKit;
using Tandem.Contracts.Notifications;
using Tandem.Server.Notifications;

namespace Tandem.Server.Tests.Notifications;

/// <summary>The words of the messages, in every language.</summary>
public sealed partial class EmailTextTests
{
    private static readonly MailboxAddress Sender = new("Tandem", "tandem@exchange.example");

    public static TheoryData<NoticeKind, string> Messages
    {
        get
        {
            var messages = new TheoryData<NoticeKind, string>();
            foreach (var kind in Enum.GetValues<NoticeKind>())
            {
                foreach (var language in EmailText.Languages)
                    messages.Add(kind, language);
            }

            return messages;
        }
    }

    [Theory, MemberData(nameof(Messages))]
    public void Every_notice_has_its_words_with_and_without_names(NoticeKind kind, string language) // B58
    {
        var named = Write(kind, language, "Warehouse", "Fabrikam");
        Assert.Contains("Warehouse", named.TextBody, StringComparison.Ordinal);
        var unnamed = Write(kind, language, null, null);
        foreach (var message in new[] { named, unnamed })
        {
            Assert.NotEmpty(message.Subject!);
            Assert.DoesNotMatch(@"\{\d", message.Subject + message.TextBody + message.HtmlBody);
            Assert.Contains($"<html lang=\"{language}\">", message.HtmlBody, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_text_is_there_in_every_language_with_the_same_places_to_fill() // B58
    {
        var texts = new ResourceManager(typeof(EmailText).FullName!, typeof(EmailText).Assembly);
        var english = Read(texts, CultureInfo.InvariantCulture);
        foreach (var language in EmailText.Languages.Skip(1))
        {
            var translated = Read(texts, CultureInfo.GetCultureInfo(language));
            Assert.Equal(english.Keys.Order(), translated.Keys.Order());
            Assert.All(english, t => Assert.Equal(Places(t.Value), Places(translated[t.Key])));
        }
    }

    [Theory] // B58
    [InlineData("tr-TR", "tr")]
    [InlineData("TR", "tr")]
    [InlineData("tr_CY", "tr")]
    [InlineData("en-us", "en")]
    [InlineData("de-DE", "en")]
    [InlineData("truly", "en")]
    [InlineData("", "en")]
    [InlineData(null, "en")]
    public void The_language_is_that_of_the_locale_or_English(string? locale, string language) =>
        Assert.Equal(language, EmailText.LanguageOf(locale));

    [Theory]
    [InlineData("a@b.example>, <c@d.example")]
    [InlineData("a@b.example\r\nBcc: c@d.example")]
    [InlineData("a@")]
    public void To_an_address_that_is_none_nothing_is_written(string address) =>
        Assert.Null(EmailText.Test(Sender, "Ada", address, "en", DateTimeOffset.UnixEpoch));

    private static MimeMessage Write(NoticeKind kind, string language, string? deal, string? partner) => EmailText.Of(
        Sender, "Ada", "ada@contoso.example", language,
        [
            new Notice
            {
                Id = Guid.NewGuid(),
                Kind = kind,
                DateTime = DateTimeOffset.UnixEpoch,
                ReferralId = kind == NoticeKind.WebhookPaused ? null : Guid.NewGuid(),
                SubscriptionId = kind == NoticeKind.WebhookPaused ? Guid.NewGuid() : null,
                Receiver = kind == NoticeKind.WebhookPaused ? deal : null,
                DealName = deal,
                PartnerName = partner,
                ExpirationDateTime = DateTimeOffset.UnixEpoch,
            },
        ],
        isDigest: false, "https://exchange.example", DateTimeOffset.UnixEpoch)!;

    private static Dictionary<string, string> Read(ResourceManager texts, CultureInfo culture) =>
        texts.GetResourceSet(culture, createIfNotExists: true, tryParents: false)!.Cast<DictionaryEntry>()
            .ToDictionary(e => (string)e.Key, e => (string)e.Value!);

    private static IEnumerable<string> Places(string text) => Place().Matches(text).Select(m => m.Value).Distinct().Order();

    [GeneratedRegex(@"\{\d+")]
    private static partial Regex Place();
}

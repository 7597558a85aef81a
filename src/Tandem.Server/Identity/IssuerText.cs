using System.Globalization;
using System.Resources;
using Microsoft.AspNetCore.Localization;

namespace Tandem.Server.Identity;

/// <summary>The texts of the embedded issuer's pages, in one language; what programs are told is English.</summary>
internal sealed class IssuerText
{
    private static readonly ResourceManager Texts = new(typeof(IssuerText).FullName!, typeof(IssuerText).Assembly);
    private static readonly CultureInfo[] Languages = [CultureInfo.GetCultureInfo("en"), CultureInfo.GetCultureInfo("tr")];

    private IssuerText(CultureInfo culture) => Culture = culture;

    public static IssuerText English { get; } = new(Languages[0]);

    public CultureInfo Culture { get; }

    public string this[string key] => Texts.GetString(key, Culture) ?? throw new ArgumentException($"There is no text {key}.", nameof(key));

    public string this[string key, params object?[] places] => string.Format(Culture, this[key], places);

    /// <summary>
    /// The language that the client asks for on the person's behalf (<c>ui_locales</c>, OpenID Connect Core 3.1.2.1), that he
    /// chose in Tandem's pages, or that his browser prefers.
    /// </summary>
    public static IssuerText Of(HttpContext context)
    {
        var request = context.Request;
        var asked = request.Query["ui_locales"].ToString();
        if (asked.Length == 0 && request.HasFormContentType)
            asked = request.Form["ui_locales"].ToString();
        IEnumerable<string> wanted =
        [
            .. asked.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            .. CookieRequestCultureProvider.ParseCookieValue(request.Cookies[CookieRequestCultureProvider.DefaultCookieName] ?? "")
                ?.UICultures.Select(c => c.ToString()) ?? [],
            .. request.GetTypedHeaders().AcceptLanguage.OrderByDescending(l => l.Quality ?? 1).Select(l => l.Value.ToString()),
        ];
        return wanted.Select(w => Array.Find(Languages, l => w.Equals(l.Name, StringComparison.OrdinalIgnoreCase)
            || w.StartsWith($"{l.Name}-", StringComparison.OrdinalIgnoreCase))).FirstOrDefault(l => l is not null) is { } language
                ? new(language)
                : English;
    }
}

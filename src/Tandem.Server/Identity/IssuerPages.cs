using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Antiforgery;

namespace Tandem.Server.Identity;

/// <summary>A person whom the emulator offers to sign in as.</summary>
internal sealed record SignInChoice(Guid Id, string Name, string Email, string Organization, string Roles);

/// <summary>What the sign-in page shows.</summary>
/// <param name="Carried">Fields that come back unchanged with the person's answer.</param>
internal sealed record SignInPage(
    string Purpose,
    AntiforgeryTokenSet Antiforgery,
    IEnumerable<KeyValuePair<string, string>> Carried,
    IReadOnlyList<SignInChoice> Choices,
    string? Email,
    string? Told);

/// <summary>The embedded issuer's pages: complete in themselves, without scripts.</summary>
internal static class IssuerPages
{
    private const string Style = """
        :root{color-scheme:light dark;--ink:#1b2430;--soft:#5a6675;--line:#cfd6df;--paper:#fff;--ground:#eef1f5;--accent:#0b5cad;--on-accent:#fff;--bad:#a4161a;--bad-paper:#fdecec}
        @media (prefers-color-scheme:dark){:root{--ink:#e8edf3;--soft:#a7b3c2;--line:#3b4654;--paper:#1c232c;--ground:#12171d;--accent:#7db7f5;--on-accent:#0b1622;--bad:#ffb3b5;--bad-paper:#43191b}}
        *{box-sizing:border-box}
        body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem 1rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
        main{width:100%;max-width:26rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem;padding:2rem 1.75rem;overflow-wrap:anywhere}
        .brand{margin:0 0 1.25rem;font-weight:700;letter-spacing:.02em;color:var(--accent)}
        h1{margin:0 0 .35rem;font-size:1.5rem;line-height:1.25}
        h2{margin:1.75rem 0 .5rem;font-size:1rem}
        p{margin:.35rem 0 1rem}
        .soft,small{color:var(--soft)}
        label{display:block;margin:.9rem 0 .25rem;font-weight:600}
        input{width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:.4rem}
        .code{font-size:1.25rem;letter-spacing:.15em;text-transform:uppercase}
        button{font:inherit;cursor:pointer;border-radius:.4rem;border:1px solid var(--line);background:var(--paper);color:inherit;padding:.6rem 1rem}
        button.main{background:var(--accent);border-color:var(--accent);color:var(--on-accent);font-weight:600}
        button:hover{border-color:var(--accent)}
        :focus-visible{outline:3px solid var(--accent);outline-offset:2px}
        .row{display:flex;gap:.6rem;margin-top:1.25rem}
        .people{list-style:none;margin:0;padding:0;display:grid;gap:.5rem}
        .people button{width:100%;text-align:start}
        .people small{display:block}
        .told{background:var(--bad-paper);color:var(--bad);border-radius:.4rem;padding:.6rem .8rem}
        """;

    // No script, no image, no frame, no other origin. Where a form may lead is left open: signing in ends with a
    // redirection to the client, and browsers hold that against form-action.
    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; frame-ancestors 'none'";

    public static IResult SignIn(SignInPage page, IssuerText text)
    {
        var html = new StringBuilder();
        html.Append("<h1>").Append(Safe(text["SignIn"])).Append("</h1><p class=\"soft\">").Append(Safe(page.Purpose)).Append("</p>");
        if (page.Told is not null)
            html.Append("<p class=\"told\" role=\"alert\">").Append(Safe(page.Told)).Append("</p>");

        html.Append("<form method=\"post\">");
        Hidden(html, page.Antiforgery.FormFieldName, page.Antiforgery.RequestToken ?? "");
        foreach (var (name, value) in page.Carried)
            Hidden(html, name, value);
        html.Append("<label for=\"email\">").Append(Safe(text["Email"])).Append("</label>")
            .Append("<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" value=\"").Append(Safe(page.Email)).Append("\">")
            .Append("<label for=\"secret\">").Append(Safe(text["Password"])).Append("</label>")
            .Append("<input id=\"secret\" name=\"secret\" type=\"password\" autocomplete=\"current-password\">")
            .Append("<div class=\"row\"><button class=\"main\" name=\"answer\" value=\"continue\">").Append(Safe(text["SignIn"]))
            .Append("</button><button name=\"answer\" value=\"cancel\">").Append(Safe(text["Cancel"])).Append("</button></div>");
        if (page.Choices.Count > 0)
        {
            html.Append("<h2>").Append(Safe(text["OrContinueAs"])).Append("</h2><ul class=\"people\">");
            foreach (var person in page.Choices)
            {
                html.Append("<li><button name=\"account\" value=\"").Append(person.Id).Append("\">").Append(Safe(person.Name))
                    .Append("<small>").Append(Safe($"{person.Email} · {person.Organization} · {person.Roles}")).Append("</small></button></li>");
            }

            html.Append("</ul>");
        }

        return Page(text, text["SignIn"], html.Append("</form>").ToString(), StatusOf(page.Told));
    }

    public static IResult DeviceCode(string? code, string? told, IssuerText text)
    {
        var html = new StringBuilder("<h1>").Append(Safe(text["EnterCode"])).Append("</h1><p class=\"soft\">")
            .Append(Safe(text["DeviceShowsIt"])).Append("</p>");
        if (told is not null)
            html.Append("<p class=\"told\" role=\"alert\">").Append(Safe(told)).Append("</p>");
        html.Append("<form method=\"get\"><label for=\"code\">").Append(Safe(text["Code"])).Append("</label>")
            .Append("<input id=\"code\" class=\"code\" name=\"user_code\" required autocomplete=\"off\" autocapitalize=\"characters\" value=\"")
            .Append(Safe(code)).Append("\"><div class=\"row\"><button class=\"main\">").Append(Safe(text["Next"]))
            .Append("</button></div></form>");
        return Page(text, text["EnterCode"], html.ToString(), StatusOf(told));
    }

    public static IResult Message(string title, string message, IssuerText text, int status = StatusCodes.Status200OK) =>
        Page(text, title, $"<h1>{Safe(title)}</h1><p>{Safe(message)}</p>", status);

    private static int StatusOf(string? told) => told is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;

    private static SafePage Page(IssuerText text, string title, string content, int status) => new(
        $"""
        <!DOCTYPE html>
        <html lang="{text.Culture.Name}">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{Safe(title)} – Tandem</title>
        <style>{Style}</style>
        </head>
        <body><main><p class="brand">Tandem</p>{content}</main></body>
        </html>
        """, status);

    private static void Hidden(StringBuilder html, string name, string value) =>
        html.Append("<input type=\"hidden\" name=\"").Append(Safe(name)).Append("\" value=\"").Append(Safe(value)).Append("\">");

    private static string Safe(string? text) => HtmlEncoder.Default.Encode(text ?? "");

    private sealed class SafePage(string html, int status) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.StatusCode = status;
            response.ContentType = "text/html; charset=utf-8";
            var headers = response.Headers;
            headers.ContentSecurityPolicy = Policy;
            headers.CacheControl = "no-store";
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            return response.WriteAsync(html, httpContext.RequestAborted);
        }
    }
}

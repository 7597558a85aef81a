using System.Net;
using System.Text;
using Microsoft.AspNetCore.Antiforgery;
using Tandem.Server.Organizations;

namespace Tandem.Server.Identity;

/// <summary>The issuer's few pages: plain forms that work without scripts.</summary>
internal static class IssuerPages
{
    private const string Style =
        "body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f4f5f7;color:#1b1f24;"
        + "font:16px/1.5 system-ui,sans-serif}main{box-sizing:border-box;width:min(26rem,94vw);margin:1rem;padding:2rem;"
        + "background:#fff;border:1px solid #d9dde3;border-radius:12px}h1{font-size:1.35rem;margin:0 0 1rem}"
        + "label{display:block;margin:.75rem 0 .25rem}input{box-sizing:border-box;width:100%;padding:.6rem;font:inherit;"
        + "border:1px solid #767c85;border-radius:8px}button{width:100%;margin-top:1rem;padding:.65rem;font:inherit;"
        + "border:0;border-radius:8px;background:#1f5fbf;color:#fff;cursor:pointer}button.choice{margin-top:.5rem;"
        + "background:#eef2f8;color:#1b1f24;text-align:left}button:focus-visible,input:focus-visible{outline:3px solid #f2a33a}"
        + "p.error{padding:.6rem;border-radius:8px;background:#fdecea;color:#8a1f11}h2{font-size:1rem;margin:1.75rem 0 0}"
        + "@media(prefers-color-scheme:dark){body{background:#15181c;color:#e8eaed}main{background:#1e2227;border-color:#343a42}"
        + "input{background:#15181c;color:inherit}button.choice{background:#2a3038;color:#e8eaed}}";

    public static IResult SignIn(string returnUrl, string name, bool failed, IEnumerable<User> offered, AntiforgeryTokenSet token)
    {
        var page = new StringBuilder();
        page.Append("<h1>Sign in to Tandem</h1>");
        if (failed)
            page.Append("<p class=error role=alert>The user name or password is wrong.</p>");
        page.Append("<form method=post>").Append(Hidden(token)).Append(Hidden("returnUrl", returnUrl))
            .Append("<label for=username>E-mail address</label><input id=username name=username type=email autocomplete=username required autofocus value=\"")
            .Append(Encode(name))
            .Append("\"><label for=password>Password</label><input id=password name=password type=password autocomplete=current-password required>")
            .Append("<button>Sign in</button></form>");
        var users = offered.ToList();
        if (users.Count > 0)
        {
            page.Append("<h2>Or, in the emulator, as one of</h2><form method=post>").Append(Hidden(token)).Append(Hidden("returnUrl", returnUrl));
            foreach (var user in users)
                page.Append("<button class=choice name=choose value=\"").Append(Encode(user.Email)).Append("\">").Append(Encode($"{user.Name} · {user.Email}")).Append("</button>");
            page.Append("</form>");
        }

        return Page("Sign in", page.ToString(), failed ? StatusCodes.Status401Unauthorized : StatusCodes.Status200OK);
    }

    public static IResult Device(User user, string code, bool wasWrong, AntiforgeryTokenSet token)
    {
        var page = new StringBuilder("<h1>Sign in on a device</h1>");
        if (wasWrong)
            page.Append("<p class=error role=alert>This code is not known, or it has expired. Check it on the device.</p>");
        if (code.Length == 0)
        {
            page.Append("<form method=get><label for=code>Code shown on the device</label>")
                .Append("<input id=code name=user_code autocomplete=off required autofocus><button>Next</button></form>");
        }
        else
        {
            page.Append("<p>A device wants to sign in as <strong>").Append(Encode(user.Name)).Append("</strong> with the code <strong>")
                .Append(Encode(code)).Append("</strong>. Go on only if you started this.</p><form method=post>")
                .Append(Hidden(token)).Append(Hidden("user_code", code))
                .Append("<button name=answer value=allow>Sign in on the device</button>")
                .Append("<button class=choice name=answer value=deny>Cancel</button></form>");
        }

        return Page("Device", page.ToString(), wasWrong ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK);
    }

    public static IResult Message(string title, string text, int status) =>
        Page(title, $"<h1>{Encode(title)}</h1><p>{Encode(text)}</p>", status);

    private static PageResult Page(string title, string body, int status) => new(
        $"<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">"
        + $"<title>{Encode(title)} · Tandem</title><style>{Style}</style></head><body><main>{body}</main></body></html>", status);

    private static string Hidden(AntiforgeryTokenSet token) => Hidden(token.FormFieldName, token.RequestToken ?? "");

    private static string Hidden(string name, string value) =>
        $"<input type=hidden name=\"{Encode(name)}\" value=\"{Encode(value)}\">";

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    private sealed class PageResult(string html, int status) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var headers = httpContext.Response.Headers;
            // Nothing from elsewhere, no scripts, no frames: the page asks for a password.
            headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
            headers.XFrameOptions = "DENY";
            headers.CacheControl = "no-store";
            headers["Referrer-Policy"] = "no-referrer";
            httpContext.Response.StatusCode = status;
            httpContext.Response.ContentType = "text/html; charset=utf-8";
            return httpContext.Response.WriteAsync(html, httpContext.RequestAborted);
        }
    }
}

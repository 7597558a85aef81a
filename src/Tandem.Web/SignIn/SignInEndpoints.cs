using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Localization;
using Microsoft.AspNetCore.Routing;
using Tandem.Web.Shared;

namespace Tandem.Web.SignIn;

/// <summary>What the pages cannot do over their connection, since it sets cookies: sign in, sign out, choose a language.</summary>
internal static class SignInEndpoints
{
    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Schemes.SignInPath, static (HttpContext context, string? returnUrl) => Results.Challenge(
            new AuthenticationProperties { RedirectUri = Local(context, returnUrl) }, [Schemes.OpenId])).ExcludeFromDescription();
        routes.MapPost(Schemes.SignOutPath, SignOut).ExcludeFromDescription();
        routes.MapGet("/language/{language}", ChooseLanguage).ExcludeFromDescription();
    }

    private static async Task<IResult> SignOut(HttpContext context, IAntiforgery antiforgery)
    {
        // An old page's form: nothing happens, and the page that comes has a new one.
        if (!await antiforgery.IsRequestValidAsync(context))
            return Results.LocalRedirect("~/");
        if (context.User.Identity?.IsAuthenticated != true)
            return Results.LocalRedirect("~" + Schemes.SignedOutPath);
        return Results.SignOut(new AuthenticationProperties { RedirectUri = context.Request.PathBase + Schemes.SignedOutPath }, [Schemes.Session, Schemes.OpenId]);
    }

    private static IResult ChooseLanguage(HttpContext context, string language, string? returnUrl)
    {
        if (Viewer.Languages.Contains(language))
        {
            context.Response.Cookies.Append(
                CookieRequestCultureProvider.DefaultCookieName,
                CookieRequestCultureProvider.MakeCookieValue(new RequestCulture(language)),
                new CookieOptions
                {
                    MaxAge = TimeSpan.FromDays(365),
                    SameSite = SameSiteMode.Lax,
                    HttpOnly = true,
                    Secure = context.Request.IsHttps,
                    IsEssential = true,
                });
        }

        return Results.Redirect(Local(context, returnUrl));
    }

    // Never to another site, whatever the link says.
    private static string Local(HttpContext context, string? path) =>
        $"{context.Request.PathBase}/{(path is not null && Uri.IsWellFormedUriString(path, UriKind.Relative) ? path.TrimStart('/', '\\') : "")}";
}

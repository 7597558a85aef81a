using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace Tandem.Web.SignIn;

/// <summary>
/// Finds out who browses. In place of ASP.NET's own middleware, which would run the embedded issuer's handlers for each page.
/// </summary>
internal sealed class SessionMiddleware(RequestDelegate next)
{
    public async Task Invoke(HttpContext context, IAuthenticationHandlerProvider handlers)
    {
        var path = context.Request.Path;
        if ((path == WebOptions.SignInCallback || path == WebOptions.SignOutCallback)
            && await handlers.GetHandlerAsync(context, Schemes.OpenId) is IAuthenticationRequestHandler provider
            && await provider.HandleRequestAsync())
        {
            return;
        }

        if ((await context.AuthenticateAsync(Schemes.Session)).Principal is { } person)
            context.User = person;
        await next(context);
    }
}

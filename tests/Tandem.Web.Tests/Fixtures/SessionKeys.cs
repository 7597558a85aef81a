using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Web.SignIn;

namespace Tandem.Web.Tests.Fixtures;

/// <summary>Finds a person's session, which only his browser knows.</summary>
internal static class SessionKeys
{
    public static Task<string> Of(IServiceProvider services, string email)
    {
        var store = (SessionStore)services.GetRequiredService<ITicketStore>();
        return Task.FromResult(store.Tickets.Last(t => t.Value.Principal.FindFirstValue("email") == email).Key);
    }
}

using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.SignIn;

namespace Tandem.Web.Tests.Fixtures;

/// <summary>Finds a person's session, which only his browser knows.</summary>
internal static class SessionExtensions
{
    public static ITicketStore Store(this TandemServer server) =>
        server.Services.GetRequiredService<PageServices>().Provider.GetRequiredService<ITicketStore>();

    public static string SessionOf(this TandemServer server, string email) =>
        ((SessionStore)server.Store()).Tickets.Single(t => t.Value.Principal.FindFirstValue("email") == email).Key;
}

using System.Security.Claims;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.SignIn;

namespace Tandem.Web.Tests.Fixtures;

/// <summary>Finds a person's session, which only his browser knows.</summary>
internal static class SessionExtensions
{
    public static SessionStore Store(this TandemServer server) =>
        server.Services.GetRequiredService<PageServices>().Provider.GetRequiredService<SessionStore>();

    public static string SessionOf(this TandemServer server, string email) =>
        server.Store().Recent.Single(s => s.Value.Ticket.Principal.FindFirstValue("email") == email).Key;
}

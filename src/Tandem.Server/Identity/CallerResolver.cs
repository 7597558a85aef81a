using Tandem.Server.Http;
using Tandem.Server.Organizations;

namespace Tandem.Server.Identity;

/// <summary>Turns the bearer token of a request into a <see cref="Caller"/>.</summary>
internal sealed class CallerResolver(OrganizationDirectory directory)
{
    public ValueTask<Outcome<Caller>> Resolve(HttpContext context)
    {
        var token = context.Request.Headers.Authorization.ToString();
        var user = token.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? directory.Current.UserByEmail(token[7..].Trim())
            : null;
        return ValueTask.FromResult<Outcome<Caller>>(user is not null && directory.Current.CallerOf(user) is { } caller
            ? caller
            : new Refusal(StatusCodes.Status401Unauthorized, null, "Authorization", "Send Authorization: Bearer <token>."));
    }
}

namespace Tandem.Server.Identity;

/// <summary>
/// Clients address the issuer as they address Entra ID: <c>/{tenant}/oauth2/v2.0/token</c> and the like. The tenant moves
/// into the path base, so that one set of endpoints serves all of them and discovery names what was asked for.
/// </summary>
internal static class TenantPaths
{
    private static readonly string[] Roots = ["/oauth2", "/discovery", "/v2.0/.well-known", "/.well-known"];

    public static bool IsIssuer(HttpContext context) =>
        Roots.Any(root => context.Request.Path.StartsWithSegments(root, StringComparison.OrdinalIgnoreCase));

    public static IApplicationBuilder UseTenantPaths(this IApplicationBuilder app) => app.Use(static (context, next) =>
    {
        var path = context.Request.Path.Value ?? "";
        if (path.Length > 1 && path.IndexOf('/', 1) is var end and > 0)
        {
            var rest = new PathString(path[end..]);
            if (!IsIssuer(context) && Roots.Any(root => rest.StartsWithSegments(root, StringComparison.OrdinalIgnoreCase)))
            {
                context.Request.PathBase = context.Request.PathBase.Add(path[..end]);
                context.Request.Path = rest;
            }
        }

        return next(context);
    });
}

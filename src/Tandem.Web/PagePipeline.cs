using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.StaticWebAssets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Localization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Tandem.Web.Bulk;
using Tandem.Web.Shared;
using Tandem.Web.SignIn;

namespace Tandem.Web;

/// <summary>The way of a request for a page.</summary>
internal static class PagePipeline
{
    private const string NotFoundPath = "/not-found";
    private const string FailurePath = "/failure";

    // Whoever asks for something below these gets the answers of the API, a browser too.
    private static readonly PathString[] NotPages = ["/v1.0", "/engagements", "/admin", "/webhooks", "/emulator", "/openapi", "/oauth2"];

    /// <param name="services">The pages' own services.</param>
    /// <param name="next">What comes after them in the server, for what is no page either.</param>
    public static RequestDelegate Build(IServiceProvider services, RequestDelegate next)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        // Found beside the program in a build's folder, absent in a published one, which has the files themselves.
        StaticWebAssetsLoader.UseStaticWebAssets(services.GetRequiredService<IWebHostEnvironment>(), configuration);
        // Else style sheets of a build's folder are read anew for each request, and sent uncompressed.
        configuration["ReloadStaticAssetsAtRuntime"] ??= "false";

        var pages = new ApplicationBuilder(services);
        pages.Use(RefuseWhileStopping(services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        pages.Use(UseServices(services));
        pages.Use(UsePublicAddress(services.GetRequiredService<IOptions<WebOptions>>().Value.PublicUrl));
        pages.Use(AnswerPrograms);
        pages.UseRequestLocalization(Languages);
        pages.UseWhen(WantsPage, static asked =>
        {
            asked.UseExceptionHandler(new ExceptionHandlerOptions
            {
                ExceptionHandlingPath = FailurePath,
                CreateScopeForErrors = true,
                // The database that keeps the sessions does not answer: trying again makes sense.
                StatusCodeSelector = static failure => failure is HttpRequestException ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status500InternalServerError,
            });
            asked.UseStatusCodePagesWithReExecute(NotFoundPath, createScopeForStatusCodePages: true);
        });
        pages.UseRouting();
        pages.UseMiddleware<SessionMiddleware>();
        pages.UseAuthorization();
        pages.UseAntiforgery();
        pages.Use(SetHeaders);
        pages.UseEndpoints(static routes =>
        {
            routes.MapStaticAssets().Add(static asset => asset.Metadata.Add(PublicAsset.Instance));
            routes.MapSignIn();
            routes.MapBulkFiles();
            routes.MapRazorComponents<App>().AddInteractiveServerRenderMode(static mode => mode.ContentSecurityFrameAncestorsPolicy = null)
                .WithStaticAssets();
        });
        pages.Run(next);
        return pages.Build();
    }

    // A page whose connection is closed because the server stops tries again at once, and would hold it up.
    private static Func<HttpContext, RequestDelegate, Task> RefuseWhileStopping(CancellationToken stopping) => (context, next) =>
    {
        if (!stopping.IsCancellationRequested)
            return next(context);
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.Connection = "close";
        return Task.CompletedTask;
    };

    private static Func<HttpContext, RequestDelegate, Task> UseServices(IServiceProvider services) => async (context, next) =>
    {
        var outer = context.RequestServices;
        await using var scope = services.CreateAsyncScope();
        context.RequestServices = scope.ServiceProvider;
        try
        {
            await next(context);
        }
        finally
        {
            context.RequestServices = outer;
        }
    };

    private static void Languages(RequestLocalizationOptions options)
    {
        options.SupportedCultures = options.SupportedUICultures = [.. Viewer.Languages.Select(CultureInfo.GetCultureInfo)];
        options.DefaultRequestCulture = new RequestCulture(Viewer.Languages[0]);
        options.ApplyCurrentCultureToResponseHeaders = true;
    }

    // Behind a proxy the request's own scheme and host are the proxy's business.
    private static Func<HttpContext, RequestDelegate, Task> UsePublicAddress(Uri? address) => (context, next) =>
    {
        if (address is not null)
        {
            context.Request.Scheme = address.Scheme;
            context.Request.Host = new HostString(address.Authority);
            context.Request.PathBase = new PathString(address.AbsolutePath.TrimEnd('/'));
        }

        return next(context);
    };

    // A program that calls the root wants to know where it is, not to see a page.
    private static Task AnswerPrograms(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path != "/" || AcceptsHtml(context.Request))
            return next(context);
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync("""
            {"name":"Tandem","referrals":"/v1.0/engagements/referrals","metadata":"/v1.0/$metadata","openApi":"/openapi/v1.json","reference":"/scalar","health":"/healthz"}
            """, context.RequestAborted);
    }

    private static bool WantsPage(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) && AcceptsHtml(context.Request)
        && !Array.Exists(NotPages, path => context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase));

    private static bool AcceptsHtml(HttpRequest request) =>
        request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    private static Task SetHeaders(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        if (context.GetEndpoint()?.Metadata.GetMetadata<PublicAsset>() is null)
        {
            // Scripts come from here alone. Styles are written by the components; where a form leads is left open, since
            // signing out ends at the identity provider.
            headers.ContentSecurityPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                + "connect-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";
            headers["Referrer-Policy"] = "same-origin";
            headers.CacheControl = "no-cache, no-store";
        }

        return next(context);
    }

    private sealed class PublicAsset
    {
        public static readonly PublicAsset Instance = new();
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Tandem.Web;

/// <summary>Puts the pages into a server.</summary>
public static class WebSetup
{
    /// <summary>Registers the settings; the services of the pages are made when the first page is asked for.</summary>
    public static IServiceCollection AddWeb(this IServiceCollection services)
    {
        services.AddOptions<WebOptions>().BindConfiguration("Tandem:Web").ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<PageServices>();
    }

    /// <summary>
    /// Answers what no other route of the server does. The pages have services and a pipeline of their own, which are put
    /// together when the first page is asked for: a call of the API passes by with one comparison, and the server starts,
    /// and stands idle, without them.
    /// </summary>
    public static void UseWeb(this WebApplication app) => app.Use(next =>
    {
        var pages = new Lazy<RequestDelegate>(() => PagePipeline.Build(app.Services.GetRequiredService<PageServices>().Provider, next));
        return context => context.GetEndpoint() is null ? pages.Value(context) : next(context);
    });
}

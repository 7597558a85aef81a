using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MudBlazor.Services;
using Tandem.Web.Layout;
using Tandem.Web.Live;
using Tandem.Web.Notifications;
using Tandem.Web.Shared;
using Tandem.Web.SignIn;

namespace Tandem.Web;

/// <summary>
/// What the pages are made of, apart from the server's own services: registering Blazor and MudBlazor alone would load ten
/// megabytes of libraries into a server that answers programs only.
/// </summary>
internal sealed class PageServices(IServiceProvider server) : IAsyncDisposable
{
    private readonly Lazy<ServiceProvider> _provider = new(() => Build(server));

    public IServiceProvider Provider => _provider.Value;

    public ValueTask DisposeAsync() => _provider.IsValueCreated ? _provider.Value.DisposeAsync() : ValueTask.CompletedTask;

    private static ServiceProvider Build(IServiceProvider server)
    {
        var services = new ServiceCollection();
        Share<IConfiguration>();
        Share<IWebHostEnvironment>();
        Share<IHostEnvironment>();
        Share<IHostApplicationLifetime>();
        Share<IServer>();
        Share<ILoggerFactory>();
        Share<TimeProvider>();
        Share<IDataProtectionProvider>();
        Share<ISessionTable>();
        Share<IMeterFactory>();
        Share<DiagnosticListener>();
        Share<DiagnosticSource>();
        Share<IOptions<WebOptions>>();
        services.AddLogging();
        services.AddRouting();
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddAntiforgery(static antiforgery => antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest);
        services.AddMudServices();
        services.AddLocalization();
        services.AddScoped<Viewer>();
        services.AddScoped<ThemeChoice>();
        services.AddScoped<LiveChanges>();
        services.AddScoped<NoticeMarks>();
        services.AddSignIn();
        return services.BuildServiceProvider();

        // The server's, and the server's to dispose of: an instance that was not made here is left alone.
        void Share<T>()
            where T : class => services.AddSingleton(server.GetRequiredService<T>());
    }
}

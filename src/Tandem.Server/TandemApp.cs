using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Tandem.Server.Audit;
using Tandem.Server.Bulk;
using Tandem.Server.Emulator;
using Tandem.Server.Engagements;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Notifications;
using Tandem.Server.Organizations;
using Tandem.Server.Referrals;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Referrals.Reports;
using Tandem.Server.Storage;
using Tandem.Server.Views;
using Tandem.Server.Webhooks;
using Tandem.Web;

namespace Tandem.Server;

/// <summary>Puts the server together; tests build the same one with other settings.</summary>
internal static class TandemApp
{
    public static WebApplication Create(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        // Settings lie beside the program, wherever it is started from.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = args,
            ContentRootPath = AppContext.BaseDirectory,
            // The pages' files are listed under the program's name, also when a test is the program.
            ApplicationName = typeof(TandemApp).Assembly.GetName().Name,
        });
        adjust?.Invoke(builder);
        if (string.IsNullOrEmpty(builder.Configuration["urls"]))
            builder.WebHost.UseUrls("http://localhost:5080");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Room for any filter within its own limit, so that the limit answers and not the connection.
            kestrel.Limits.MaxRequestLineSize = 64 * 1024;
            kestrel.Limits.MaxRequestBodySize = RequestBody.ReadLimit;
        });
        builder.Services.AddOptions<TandemOptions>().BindConfiguration("Tandem").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddStorage();
        builder.Services.AddSingleton<OrganizationDirectory>();
        builder.Services.AddIdentity();
        builder.Services.AddOutgoingCalls();
        builder.Services.AddCompression();
        builder.Services.AddReferrals();
        builder.Services.AddEngagements();
        builder.Services.AddSingleton<SavedViewStore>();
        builder.Services.AddBulk();
        builder.Services.AddWebhooks();
        builder.Services.AddNotifications();
        builder.Services.AddAudit();
        builder.Services.AddPages();
        builder.AddOperations();

        var app = builder.Build();
        app.UseContract();
        app.UseIdentity();
        app.UseRouting();
        app.UseMiddleware<CallerGate>();
        app.UseCompression();
        app.MapIdentity();
        app.MapReferrals();
        app.MapReports();
        app.MapEngagements();
        app.MapBulk();
        app.MapPartners();
        app.MapSavedViews();
        app.MapAdministration();
        app.MapRegistrationReview();
        app.MapWebhooks();
        app.MapNotifications();
        app.MapMetadata();
        app.MapOperations();
        app.UseWeb();
        return app;
    }

    /// <summary>Brings the data up to date before the first request is answered.</summary>
    public static async Task Prepare(this WebApplication app)
    {
        var stopping = app.Lifetime.ApplicationStopping;
        await app.MigrateStorage();
        var options = app.Services.GetRequiredService<IOptions<TandemOptions>>().Value;
        var directory = app.Services.GetRequiredService<OrganizationDirectory>();
        await directory.Reload(stopping);
        if (directory.Current.IsEmpty && options.IsEmulator && !options.Emulator.Seed.Equals("empty", StringComparison.OrdinalIgnoreCase))
        {
            await EmulatorSeed.Plant(
                app.Services.GetRequiredService<HotDatabase>(), app.Services.GetRequiredService<TimeProvider>().GetUtcNow(), stopping);
            await directory.Reload(stopping);
        }
    }
}

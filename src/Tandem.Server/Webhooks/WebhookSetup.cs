using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

internal static class WebhookSetup
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddSingleton<SubscriptionDirectory>();
        services.AddSingleton<ISharedCache>(provider => provider.GetRequiredService<SubscriptionDirectory>());
        services.AddSingleton<WebhookStore>();
        services.AddSingleton<WebhookKeys>();
        services.AddSingleton<WebhookSender>();
        services.AddSingleton<DeliveryResults>();
        services.AddSingleton<WebhookDispatcher>();
        services.AddHostedService(provider => provider.GetRequiredService<WebhookDispatcher>());
        services.AddSingleton<EventPlanner>();
        services.AddHostedService(provider => provider.GetRequiredService<EventPlanner>());
        return services;
    }

    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        routes.MapRegistration();
        routes.MapCertificates();
        routes.MapSubscriptions();
        routes.MapDeliveries();
    }
}

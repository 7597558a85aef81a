namespace Tandem.Server.Notifications;

internal static class NotificationSetup
{
    public static IServiceCollection AddNotifications(this IServiceCollection services)
    {
        services.AddOptions<EmailOptions>().BindConfiguration("Tandem:Email").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<NoticeStore>();
        services.AddSingleton<NoticeWriter>();
        services.AddSingleton<EmailQueue>();
        services.AddSingleton<EmailSender>();
        services.AddHostedService(provider => provider.GetRequiredService<EmailSender>());
        services.AddSingleton<NoticePlanner>();
        services.AddHostedService(provider => provider.GetRequiredService<NoticePlanner>());
        return services;
    }

    public static void MapNotifications(this IEndpointRouteBuilder routes)
    {
        NoticeEndpoints.MapNotices(routes);
        routes.MapEmail();
    }
}

using Microsoft.AspNetCore.DataProtection;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Tandem.Server.Storage;

internal enum DatabaseKind
{
    Sqlite,
    Postgres,
}

/// <summary>Which database the server uses, and where.</summary>
internal sealed record DatabaseConnection(DatabaseKind Kind, string ConnectionString)
{
    /// <summary>
    /// <c>ConnectionStrings:Tandem</c>: <c>Host=…</c> is PostgreSQL, <c>Data Source=…</c> is SQLite; without it a
    /// SQLite file in the data directory.
    /// </summary>
    public static DatabaseConnection From(IConfiguration configuration, TandemOptions options)
    {
        var text = configuration.GetConnectionString("Tandem");
        if (text is not null && text.Contains("Host=", StringComparison.OrdinalIgnoreCase))
            return new(DatabaseKind.Postgres, text);

        var sqlite = new SqliteConnectionStringBuilder(text ?? $"Data Source={Path.Combine(options.DataDirectory, "tandem.db")}")
        {
            ForeignKeys = true,
        };
        return new(DatabaseKind.Sqlite, sqlite.ToString());
    }
}

internal static class StorageSetup
{
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        services.AddSingleton(provider => DatabaseConnection.From(
            provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<IOptions<TandemOptions>>().Value));
        services.AddSingleton<SqliteWriteGate>();
        services.AddDbContext<SqliteDb>((provider, options) => options
            .UseSqlite(provider.GetRequiredService<DatabaseConnection>().ConnectionString,
                sqlite => sqlite.MigrationsHistoryTable("migrations"))
            .AddInterceptors(provider.GetRequiredService<SqliteWriteGate>()));
        services.AddDbContext<PostgresDb>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<DatabaseConnection>().ConnectionString,
                npgsql => npgsql.MigrationsHistoryTable("migrations")));
        services.AddScoped<TandemDb>(provider => provider.GetRequiredService<DatabaseConnection>().Kind == DatabaseKind.Sqlite
            ? provider.GetRequiredService<SqliteDb>()
            : provider.GetRequiredService<PostgresDb>());
        services.AddSingleton<SqliteHotDatabase>();
        services.AddHostedService<HotDatabaseService>();
        services.AddSingleton<HotDatabase>(provider => provider.GetRequiredService<DatabaseConnection>().Kind == DatabaseKind.Sqlite
            ? provider.GetRequiredService<SqliteHotDatabase>()
            : ActivatorUtilities.CreateInstance<PostgresHotDatabase>(provider));
        services.AddSingleton<ReferralStore>();
        services.AddDataProtection().SetApplicationName("Tandem").PersistKeysToDbContext<TandemDb>();
        return services;
    }

    /// <summary>Brings the schema up to date; several nodes may start together.</summary>
    public static async Task MigrateStorage(this WebApplication app)
    {
        var connection = app.Services.GetRequiredService<DatabaseConnection>();
        if (connection.Kind == DatabaseKind.Sqlite)
        {
            var file = new SqliteConnectionStringBuilder(connection.ConnectionString).DataSource;
            if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
                Directory.CreateDirectory(folder);
        }

        await using var scope = app.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<TandemDb>().Database.MigrateAsync(app.Lifetime.ApplicationStopping);
    }
}

/// <summary>Starts and ends the embedded database's writer, where that is the database in use.</summary>
internal sealed class HotDatabaseService(HotDatabase database) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        database is SqliteHotDatabase sqlite ? sqlite.StartAsync(cancellationToken) : Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) =>
        database is SqliteHotDatabase sqlite ? sqlite.StopAsync(cancellationToken) : Task.CompletedTask;
}

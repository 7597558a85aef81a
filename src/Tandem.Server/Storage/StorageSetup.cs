using System.Data.Common;
using System.Reflection;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;

namespace Tandem.Server.Storage;

internal enum DatabaseKind
{
    Sqlite,
    Postgres,
}

/// <summary>Which database the server uses, and where.</summary>
internal sealed record DatabaseConnection(DatabaseKind Kind, string ConnectionString, string? ReadReplica = null)
{
    /// <summary>
    /// <c>ConnectionStrings:Tandem</c>: <c>Host=…</c> is PostgreSQL, <c>Data Source=…</c> is SQLite; without it a
    /// SQLite file in the data directory. <c>ConnectionStrings:TandemReadReplica</c> names a replica of the PostgreSQL.
    /// </summary>
    public static DatabaseConnection From(IConfiguration configuration, TandemOptions options)
    {
        var text = configuration.GetConnectionString("Tandem");
        if (text is not null && text.Contains("Host=", StringComparison.OrdinalIgnoreCase))
        {
            // A commit that is stopped while it waits for its standby answers as if it had not been; not listening to
            // what is answered after a stop is how that never counts as stored.
            var postgres = new NpgsqlConnectionStringBuilder(text) { CancellationTimeout = -1 };
            // Of several hosts the one that takes writes, also for the entity framework.
            if (postgres.Host?.Contains(',', StringComparison.Ordinal) == true)
                postgres.TargetSessionAttributes ??= "primary";
            return new(DatabaseKind.Postgres, postgres.ToString(), configuration.GetConnectionString("TandemReadReplica"));
        }

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
        services.TryAddSingleton<HotDatabase>(provider => provider.GetRequiredService<DatabaseConnection>().Kind == DatabaseKind.Sqlite
            ? provider.GetRequiredService<SqliteHotDatabase>()
            : ActivatorUtilities.CreateInstance<PostgresHotDatabase>(provider));
        services.AddSingleton<ReferralStore>();
        services.AddSingleton<ChangeLog>();
        services.AddSingleton<HistorySeals>();
        services.AddSingleton<KnownCounts>();
        services.AddSingleton<ChangeTail>();
        services.AddHostedService(provider => provider.GetRequiredService<ChangeTail>());
        services.AddSingleton<ISharedCache>(provider => provider.GetRequiredService<OrganizationDirectory>());
        services.AddSingleton<ISharedCache>(provider => provider.GetRequiredService<ProvenTokens>());
        services.AddHostedService<NodeWatch>();
        services.AddDataProtection().SetApplicationName("Tandem");
        services.AddOptions<KeyManagementOptions>().Configure<HotDatabase>((options, database) => options.XmlRepository = new ProtectionKeys(database));
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

        var database = app.Services.GetRequiredService<HotDatabase>();
        var stopping = app.Lifetime.ApplicationStopping;
        // Reading one row tells whether there is anything to do; asking the entity framework costs half a second.
        var applied = await LastMigration(database, stopping);
        if (applied == NewestMigration(connection.Kind))
            return;
        if (applied is null && connection.Kind == DatabaseKind.Sqlite)
        {
            await CreateSqlite(connection, stopping);
            return;
        }

        while (true)
        {
            try
            {
                await using var scope = app.Services.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<TandemDb>().Database.MigrateAsync(stopping);
                return;
            }
            catch (PostgresException overtaken) when (overtaken.SqlState is
                PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DuplicateColumn or PostgresErrorCodes.DuplicateObject
                or PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.UniqueViolation)
            {
                // The lock of the migrations is let go between two of them, and another node may make the next one first.
                var before = applied;
                applied = await LastMigration(database, stopping);
                if (applied == before)
                    throw;
            }
        }
    }

    private static string? NewestMigration(DatabaseKind kind)
    {
        var context = kind == DatabaseKind.Sqlite ? typeof(SqliteDb) : typeof(PostgresDb);
        return typeof(TandemDb).Assembly.GetTypes()
            .Where(t => t.GetCustomAttribute<DbContextAttribute>()?.ContextType == context)
            .Max(t => t.GetCustomAttribute<MigrationAttribute>()?.Id);
    }

    private static async Task<string?> LastMigration(HotDatabase database, CancellationToken cancellation)
    {
        try
        {
            return await database.Read(0, static async (session, _, cancellation) =>
                await session.Command("SELECT MAX(\"MigrationId\") FROM migrations").ExecuteScalarAsync(cancellation) as string, cancellation);
        }
        catch (DbException)
        {
            // No such table, or no such database: there is everything to do.
            return null;
        }
    }

    // The script that the migrations make, for a file that nobody else has opened yet.
    private static async Task CreateSqlite(DatabaseConnection connection, CancellationToken cancellation)
    {
        await using var script = typeof(TandemDb).Assembly.GetManifestResourceStream("Sqlite.sql")
            ?? throw new InvalidOperationException("The script of the migrations is missing from the program.");
        using var reader = new StreamReader(script);
        await using var file = new SqliteConnection(connection.ConnectionString);
        await file.OpenAsync(cancellation);
        await using var command = file.CreateCommand();
        command.CommandText = await reader.ReadToEndAsync(cancellation);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}

/// <summary>Ends the embedded database's writer, where that is the database in use.</summary>
internal sealed class HotDatabaseService(HotDatabase database) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) =>
        database is SqliteHotDatabase sqlite ? sqlite.StopAsync(cancellationToken) : Task.CompletedTask;
}

using Microsoft.EntityFrameworkCore;
using Npgsql;
using Tandem.Server.Storage;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>
/// Where the servers under test keep their data: SQLite files, or databases of the PostgreSQL server that
/// <c>TANDEM_TEST_POSTGRES</c> names. The test command runs every test on both.
/// </summary>
internal static class TestDatabase
{
    private const string Template = "tandem_template";

    // Migrating takes as long as a test; copying a migrated database does not.
    private static readonly Lazy<Task> Migrated = new(MakeTemplate);
    private static readonly SemaphoreSlim Making = new(1, 1);

    /// <summary>Connection string without a database; null when the tests run on SQLite.</summary>
    public static string? Postgres => Environment.GetEnvironmentVariable("TANDEM_TEST_POSTGRES");

    public static bool IsPostgres => Postgres is not null;

    /// <summary>The settings that give a data folder its database; on PostgreSQL one of the folder's name.</summary>
    public static async Task<string[]> SettingsOf(string folder) =>
        IsPostgres ? [$"--ConnectionStrings:Tandem={await Database(Path.GetFileName(folder))}"] : [];

    /// <summary>A migrated database, made when it is not there yet.</summary>
    public static async Task<string> Database(string name)
    {
        await Migrated.Value;
        await Making.WaitAsync();
        try
        {
            if (await Scalar($"SELECT 1 FROM pg_database WHERE datname = '{name}'") is null)
                await Scalar($"CREATE DATABASE \"{name}\" TEMPLATE {Template}");
        }
        finally
        {
            Making.Release();
        }

        return $"{Postgres};Database={name};Maximum Pool Size=20";
    }

    /// <summary>What a query answers in the database of a data folder.</summary>
    public static async Task<object?> Ask(string folder, string sql)
    {
        if (IsPostgres)
            return await Scalar(sql, Path.GetFileName(folder));
        await using var file = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(folder, "tandem.db")};Pooling=False");
        await file.OpenAsync();
        await using var command = file.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync();
    }

    private static async Task<object?> Scalar(string sql, string database = "postgres")
    {
        await using var connection = new NpgsqlConnection($"{Postgres};Database={database};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private static async Task MakeTemplate()
    {
        await Scalar($"CREATE DATABASE {Template}");
        var options = new DbContextOptionsBuilder<PostgresDb>().UseNpgsql(
            $"{Postgres};Database={Template};Pooling=false", npgsql => npgsql.MigrationsHistoryTable("migrations"));
        await using var db = new PostgresDb(options.Options);
        await db.Database.MigrateAsync();
    }
}

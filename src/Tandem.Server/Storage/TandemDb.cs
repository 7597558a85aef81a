using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Tandem.Contracts.Reading;
using Tandem.Server.Audit;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;

namespace Tandem.Server.Storage;

/// <summary>
/// The schema, and the quiet tables. The hot tables (referrals, members, change log, idempotency keys) are in the model
/// for the migrations only: <see cref="ReferralStore"/> reads and writes them.
/// </summary>
internal abstract class TandemDb(DbContextOptions options) : DbContext(options)
{
    public DbSet<Organization> Organizations => Set<Organization>();

    public DbSet<Location> Locations => Set<Location>();

    public DbSet<Solution> Solutions => Set<Solution>();

    public DbSet<DirectoryTenant> DirectoryTenants => Set<DirectoryTenant>();

    public DbSet<RoutingRule> RoutingRules => Set<RoutingRule>();

    public DbSet<User> Users => Set<User>();

    public DbSet<RoleAssignment> RoleAssignments => Set<RoleAssignment>();

    public DbSet<ServiceClient> ServiceClients => Set<ServiceClient>();

    public DbSet<SigningKey> SigningKeys => Set<SigningKey>();

    public DbSet<AdminChange> AdminChanges => Set<AdminChange>();

    /// <summary>Who changes the directory, if anybody does.</summary>
    public AdminAuthor? Author { get; set; }

    /// <summary>
    /// A change of the directory stamps it for the other nodes, and tells the audit who made it, in the same transaction.
    /// </summary>
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        var changed = ChangeTracker.Entries<IDirectoryEntity>()
            .Where(e => e.State is EntityState.Added or EntityState.Modified or EntityState.Deleted).ToList();
        if (changed.Count > 0 && !ChangeTracker.Entries<SharedStateRow>().Any())
        {
            Update(new SharedStateRow { Name = SharedStateRow.Directory, Stamp = Guid.NewGuid() });
            var author = Author ?? throw new InvalidOperationException("The directory is changed by nobody.");
            AdminChanges.AddRange(await AuditTrail.Of(this, changed, author, cancellationToken));
        }

        return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        // A number on both databases: SQLite cannot order by DateTimeOffset.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<MicrosecondsConverter>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(TandemDb).Assembly);
        modelBuilder.UseOpenIddict();
        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
                property.SetColumnName(SnakeCase(property.Name));
        }
    }

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) && !char.IsUpper(name[i - 1]) ? $"_{c}" : $"{c}"))
            .ToLowerInvariant();

    private sealed class MicrosecondsConverter() : ValueConverter<DateTimeOffset, long>(
        time => WireTime.ToUnixMicroseconds(time),
        microseconds => WireTime.FromUnixMicroseconds(microseconds));
}

/// <summary>Tandem on SQLite: the embedded default.</summary>
internal sealed class SqliteDb(DbContextOptions<SqliteDb> options) : TandemDb(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<ChangeLogRow>().Property(c => c.TransactionId).HasDefaultValue(0L);
    }
}

/// <summary>Tandem on PostgreSQL 15 or newer.</summary>
internal sealed class PostgresDb(DbContextOptions<PostgresDb> options) : TandemDb(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<ChangeLogRow>().Property(c => c.TransactionId)
            .HasDefaultValueSql("pg_current_xact_id()::text::bigint");
    }
}

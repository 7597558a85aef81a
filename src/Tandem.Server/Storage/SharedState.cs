using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Tandem.Server.Storage;

/// <summary>Something that every node keeps in memory, and the stamp of its last change by any node.</summary>
internal sealed class SharedStateRow : IEntityTypeConfiguration<SharedStateRow>
{
    public const string Directory = "directory";
    public const string Tokens = "tokens";
    public const string Webhooks = "webhooks";

    public required string Name { get; init; }

    public Guid Stamp { get; init; }

    public void Configure(EntityTypeBuilder<SharedStateRow> builder)
    {
        builder.ToTable("shared_state");
        builder.HasKey(s => s.Name);
        builder.HasData(
            new SharedStateRow { Name = Directory, Stamp = Guid.Empty }, new SharedStateRow { Name = Tokens, Stamp = Guid.Empty },
            new SharedStateRow { Name = Webhooks, Stamp = Guid.Empty });
    }
}

/// <summary>What a node keeps in memory and another may have changed.</summary>
internal interface ISharedCache
{
    /// <summary>Name of its row in <c>shared_state</c>.</summary>
    public string Name { get; }

    /// <summary>The state that is in memory.</summary>
    public Guid Stamp { get; }

    /// <summary>Reads it anew, as it is at this stamp or later.</summary>
    public ValueTask Refresh(Guid stamp, CancellationToken cancellation);
}

/// <summary>
/// Looks, a few times a second and in one query, whether another node changed what this one keeps in memory or added to
/// the change log. Asking is cheaper than being told: NOTIFY makes every commit wait for the one before it.
/// </summary>
internal sealed class NodeWatch(
    HotDatabase database, ChangeLog log, IEnumerable<ISharedCache> caches, ILogger<NodeWatch> logger) : BackgroundService
{
    private readonly IReadOnlyList<ISharedCache> _caches = [.. caches];

    /// <summary>How long another node's change may stay unseen. A SQLite file has one node, and the setup command.</summary>
    private TimeSpan Interval => TimeSpan.FromMilliseconds(database.Kind == DatabaseKind.Postgres ? 200 : 1000);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        var isAway = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await Look(stoppingToken);
                isAway = false;
            }
            catch (DbException failure)
            {
                if (!isAway)
                    logger.LogWarning(failure, "The database does not answer; trying again every {Interval}.", Interval);
                isAway = true;
            }
        }
    }

    private async Task Look(CancellationToken cancellation)
    {
        var stamps = await database.Read(0, static async (session, _, cancellation) =>
        {
            var found = new Dictionary<string, Guid>();
            await using var row = await session.Command("SELECT name, stamp FROM shared_state").ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                found.Add(row.GetString(0), row.GetGuid(1));
            return found;
        }, cancellation);
        foreach (var cache in _caches)
        {
            if (stamps.TryGetValue(cache.Name, out var stamp) && stamp != cache.Stamp)
                await cache.Refresh(stamp, cancellation);
        }

        if (database.Kind == DatabaseKind.Postgres)
            await log.Look(cancellation);
    }
}

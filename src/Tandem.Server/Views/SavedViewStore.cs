using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Tandem.Contracts.Organizations;
using Tandem.Server.Identity;
using Tandem.Server.Storage;
using static NpgsqlTypes.NpgsqlDbType;

namespace Tandem.Server.Views;

/// <summary>A saved view. In the model for the migrations only: <see cref="SavedViewStore"/> reads and writes it.</summary>
internal sealed class SavedViewRow : IEntityTypeConfiguration<SavedViewRow>
{
    public Guid Id { get; init; }
    public required string OrganizationId { get; init; }
    public Guid UserId { get; init; }
    public required string OwnerName { get; init; }
    public required string Name { get; init; }
    public required string Query { get; init; }
    public bool IsShared { get; init; }

    public void Configure(EntityTypeBuilder<SavedViewRow> builder)
    {
        builder.ToTable("saved_views");
        builder.HasKey(v => v.Id);
        builder.HasIndex(v => new { v.OrganizationId, v.UserId });
    }
}

/// <summary>Saved views, in prepared SQL: a page asks for them each time it is opened.</summary>
internal sealed class SavedViewStore(HotDatabase database)
{
    /// <summary>Views that a person has at most.</summary>
    public const int MostOfPerson = 100;

    private const int MostShown = 500;

    private static readonly HotSql SelectSeen = new(
        "SELECT id, user_id, owner_name, name, query, is_shared FROM saved_views WHERE organization_id = $1 "
        + $"AND (user_id = $2 OR is_shared) ORDER BY LOWER(name), id LIMIT {MostShown}", Text, Uuid);

    private static readonly HotSql CountOthers = new("SELECT COUNT(*) FROM saved_views WHERE user_id = $1 AND id <> $2", Uuid, Uuid);

    // Somebody else's view of the same id stays as it is.
    private static readonly HotSql Upsert = new(
        "INSERT INTO saved_views (id, organization_id, user_id, owner_name, name, query, is_shared) VALUES ($1, $2, $3, $4, $5, $6, $7) "
        + "ON CONFLICT (id) DO UPDATE SET owner_name = $4, name = $5, query = $6, is_shared = $7 "
        + "WHERE saved_views.organization_id = $2 AND saved_views.user_id = $3",
        Uuid, Text, Uuid, Text, Text, Text, NpgsqlTypes.NpgsqlDbType.Boolean);

    private static readonly HotSql DeleteOwn = new(
        "DELETE FROM saved_views WHERE id = $1 AND organization_id = $2 AND user_id = $3", Uuid, Text, Uuid);

    // What someone who has left shared must be removable, too.
    private static readonly HotSql DeleteShared = new(
        "DELETE FROM saved_views WHERE id = $1 AND organization_id = $2 AND (user_id = $3 OR is_shared)", Uuid, Text, Uuid);

    /// <summary>The caller's own views and those shared in his organization, by name.</summary>
    public ValueTask<List<SavedView>> Of(Caller caller, CancellationToken cancellation) =>
        database.Read(caller, static async (session, caller, cancellation) =>
        {
            var views = new List<SavedView>();
            await using var row = await session.Command(SelectSeen, caller.OrganizationId, caller.UserId).ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                views.Add(new()
                {
                    Id = row.GetGuid(0),
                    IsOwn = row.GetGuid(1) == caller.UserId,
                    OwnerName = row.GetString(2),
                    Name = row.GetString(3),
                    Query = row.GetString(4),
                    IsShared = row.GetBoolean(5),
                });
            }

            return views;
        }, cancellation);

    /// <summary>Whether the caller has room for one more.</summary>
    public ValueTask<bool> HasRoom(Caller caller, Guid view, CancellationToken cancellation) =>
        database.Read((caller, view), static async (session, ask, cancellation) =>
            Convert.ToInt64(await session.Command(CountOthers, ask.caller.UserId, ask.view).ExecuteScalarAsync(cancellation), null) < MostOfPerson,
            cancellation);

    /// <summary>Saves a view under its id; false when that is somebody else's.</summary>
    public Task<bool> Save(Caller caller, SavedView view, CancellationToken cancellation) => database.Write(
        [new(Upsert, true, view.Id, caller.OrganizationId, caller.UserId, view.OwnerName, view.Name, view.Query, view.IsShared)],
        cancellation);

    /// <summary>Removes a view; false when there is none that the caller may remove.</summary>
    public Task<bool> Remove(Caller caller, Guid view, CancellationToken cancellation) => database.Write(
        [new(caller.IsCompanyAdmin ? DeleteShared : DeleteOwn, true, view, caller.OrganizationId, caller.UserId)], cancellation);
}

using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Data.Common;
using Tandem.Server.Identity;
using Tandem.Server.Storage;

namespace Tandem.Server.Organizations;

/// <summary>
/// Who is on the exchange, in memory: organizations, tenants, locations, solutions and people change rarely and are
/// asked for by every request. Reloaded after each administrative change.
/// </summary>
internal sealed class OrganizationDirectory(HotDatabase database) : ISharedCache
{
    private volatile DirectorySnapshot _current = DirectorySnapshot.Empty;

    public DirectorySnapshot Current => _current;

    string ISharedCache.Name => SharedStateRow.Directory;

    Guid ISharedCache.Stamp => _current.Stamp;

    async ValueTask ISharedCache.Refresh(Guid stamp, CancellationToken cancellation) => await Reload(cancellation);

    /// <summary>
    /// Reads everything anew. In plain SQL, since every start waits for it, and the entity model costs more than the
    /// rest of the start.
    /// </summary>
    public async Task Reload(CancellationToken cancellation) => _current = await database.Read(this, static async (session, _, cancellation) =>
    {
        // The stamp first: what changes while the rest is read makes another stamp, and another reading.
        var stamp = await ReadStamp(session, cancellation);
        var tenants = await Rows(session, "SELECT id, organization_id FROM directory_tenants",
            row => new DirectoryTenant { Id = row.GetString(0), OrganizationId = row.GetString(1) }, cancellation);
        var locations = await Rows(session, "SELECT id, organization_id, name, mpn_id, contact_email FROM locations",
            row => new Location
            {
                Id = row.GetString(0),
                OrganizationId = row.GetString(1),
                Name = row.GetString(2),
                MpnId = Text(row, 3),
                ContactEmail = Text(row, 4),
            }, cancellation);
        var solutions = await Rows(session, "SELECT id, organization_id, name FROM solutions",
            row => new Solution { Id = row.GetString(0), OrganizationId = row.GetString(1), Name = row.GetString(2) }, cancellation);
        var rules = await Rows(session, "SELECT id, organization_id, solution_id, country, mpn_id FROM routing_rules", row => new RoutingRule
        {
            Id = row.GetGuid(0),
            OrganizationId = row.GetString(1),
            SolutionId = row.GetString(2),
            Country = row.GetString(3),
            MpnId = row.GetString(4),
        }, cancellation);
        var organizations = await Rows(session, "SELECT id, name, primary_mpn_id FROM organizations", row => new Organization
        {
            Id = row.GetString(0),
            Name = row.GetString(1),
            PrimaryMpnId = Text(row, 2),
            Tenants = [.. tenants.Where(t => t.OrganizationId == row.GetString(0))],
            Locations = [.. locations.Where(l => l.OrganizationId == row.GetString(0))],
            Solutions = [.. solutions.Where(s => s.OrganizationId == row.GetString(0))],
            RoutingRules = [.. rules.Where(r => r.OrganizationId == row.GetString(0))],
        }, cancellation);
        var roles = (await Rows(session, "SELECT id, user_id, role, mpn_id FROM role_assignments", row => new RoleAssignment
        {
            Id = row.GetGuid(0),
            UserId = row.GetGuid(1),
            Role = Enum.Parse<Role>(row.GetString(2)),
            MpnId = Text(row, 3),
        }, cancellation)).ToLookup(r => r.UserId);
        var users = await Rows(session, "SELECT id, organization_id, email, name, external_id, password_hash, is_enabled FROM users", row => new User
        {
            Id = row.GetGuid(0),
            OrganizationId = row.GetString(1),
            Email = row.GetString(2),
            Name = row.GetString(3),
            ExternalId = Text(row, 4),
            PasswordHash = Text(row, 5),
            IsEnabled = row.GetBoolean(6),
            Roles = [.. roles[row.GetGuid(0)]],
        }, cancellation);
        var clients = await Rows(session, "SELECT id, organization_id, name, role, mpn_id FROM service_clients", row => new ServiceClient
        {
            Id = row.GetGuid(0),
            OrganizationId = row.GetString(1),
            Name = row.GetString(2),
            Role = Enum.Parse<Role>(row.GetString(3)),
            MpnId = Text(row, 4),
        }, cancellation);
        return new DirectorySnapshot(stamp, organizations, users, clients);
    }, cancellation);

    /// <summary>The state of this moment, also when another node has just changed it.</summary>
    public async ValueTask<DirectorySnapshot> Latest(CancellationToken cancellation)
    {
        var stamp = await database.Read(0, static (session, _, cancellation) => ReadStamp(session, cancellation), cancellation);
        if (stamp != _current.Stamp)
            await Reload(cancellation);
        return _current;
    }

    private static async ValueTask<Guid> ReadStamp(HotSession session, CancellationToken cancellation) => (await Rows(session,
        $"SELECT stamp FROM shared_state WHERE name = '{SharedStateRow.Directory}'", row => row.GetGuid(0), cancellation)).Single();

    private static async ValueTask<List<T>> Rows<T>(
        HotSession session, string sql, Func<DbDataReader, T> read, CancellationToken cancellation)
    {
        var rows = new List<T>();
        await using var row = await session.Command(sql).ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            rows.Add(read(row));
        return rows;
    }

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}

/// <summary>One consistent state of the directory.</summary>
internal sealed class DirectorySnapshot(
    Guid stamp,
    IReadOnlyCollection<Organization> organizations,
    IReadOnlyCollection<User> users,
    IReadOnlyCollection<ServiceClient> clients)
{
    private readonly FrozenDictionary<string, Organization> _organizations =
        organizations.ToFrozenDictionary(o => o.Id, StringComparer.OrdinalIgnoreCase);

    private readonly FrozenDictionary<string, string> _tenants = organizations.SelectMany(o => o.Tenants)
        .ToFrozenDictionary(t => t.Id, t => t.OrganizationId, StringComparer.OrdinalIgnoreCase);

    private readonly FrozenDictionary<string, Location> _locations = organizations.SelectMany(o => o.Locations)
        .ToFrozenDictionary(l => l.Id, StringComparer.OrdinalIgnoreCase);

    private readonly FrozenDictionary<string, Solution> _solutions = organizations.SelectMany(o => o.Solutions)
        .ToFrozenDictionary(s => s.Id, StringComparer.OrdinalIgnoreCase);

    private readonly FrozenDictionary<string, User> _byEmail =
        users.ToFrozenDictionary(u => u.Email, StringComparer.OrdinalIgnoreCase);

    private readonly ILookup<string, User> _ofOrganization = users.ToLookup(u => u.OrganizationId);

    private readonly ConcurrentDictionary<string, PeopleIndex> _people = new();

    private readonly FrozenDictionary<Guid, User> _byId = users.ToFrozenDictionary(u => u.Id);

    private readonly FrozenDictionary<(string, string), User> _byExternalId = users.Where(u => u.ExternalId is not null)
        .ToFrozenDictionary(u => (u.OrganizationId, u.ExternalId!));

    private readonly FrozenDictionary<Guid, ServiceClient> _clients = clients.ToFrozenDictionary(c => c.Id);

    public static DirectorySnapshot Empty { get; } = new(Guid.Empty, [], [], []);

    /// <summary>Which state of the directory this is.</summary>
    public Guid Stamp => stamp;

    public bool IsEmpty => _organizations.Count == 0;

    public IEnumerable<User> Users => _byId.Values;

    public IEnumerable<User> UsersOf(string organizationId) => _ofOrganization[organizationId];

    /// <summary>The people of an organization, to search and to page through; made when somebody first does.</summary>
    public PeopleIndex PeopleOf(string organizationId) => _people.GetOrAdd(organizationId, id => new(UsersOf(id)));

    public IEnumerable<Organization> Organizations => _organizations.Values;

    public Organization? Organization(string id) => _organizations.GetValueOrDefault(id);

    public Organization? OrganizationOfTenant(string tenantId) =>
        _tenants.TryGetValue(tenantId, out var id) ? Organization(id) : null;

    public Location? Location(string id) => _locations.GetValueOrDefault(id);

    public Solution? Solution(string id) => _solutions.GetValueOrDefault(id);

    public User? User(Guid id) => _byId.GetValueOrDefault(id);

    public User? UserByEmail(string email) => _byEmail.GetValueOrDefault(email);

    public User? UserByExternalId(string organizationId, string externalId) =>
        _byExternalId.GetValueOrDefault((organizationId, externalId));

    public ServiceClient? Client(Guid id) => _clients.GetValueOrDefault(id);

    /// <summary>The caller that a user of the directory is; null when the user is disabled.</summary>
    public Caller? CallerOf(User user) => !user.IsEnabled || Organization(user.OrganizationId) is not { } organization
        ? null
        : new Caller
        {
            OrganizationId = organization.Id,
            OrganizationName = organization.Name,
            UserId = user.Id,
            Name = user.Name,
            Emails = [user.Email],
            Roles = [.. user.Roles.Select(r => new RoleGrant(r.Role, r.MpnId))],
        };
}

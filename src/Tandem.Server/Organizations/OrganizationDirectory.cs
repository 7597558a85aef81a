using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.EntityFrameworkCore;
using Tandem.Server.Identity;
using Tandem.Server.Storage;

namespace Tandem.Server.Organizations;

/// <summary>
/// Who is on the exchange, in memory: organizations, tenants, locations, solutions and people change rarely and are
/// asked for by every request. Reloaded after each administrative change.
/// </summary>
internal sealed class OrganizationDirectory(IServiceScopeFactory scopes)
{
    private volatile DirectorySnapshot _current = DirectorySnapshot.Empty;

    public DirectorySnapshot Current => _current;

    public async Task Reload(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TandemDb>();
        var organizations = await db.Organizations.AsNoTracking().AsSplitQuery()
            .Include(o => o.Tenants).Include(o => o.Locations).Include(o => o.Solutions)
            .ToListAsync(cancellation);
        var users = await db.Users.AsNoTracking().Include(u => u.Roles).ToListAsync(cancellation);
        var clients = await db.ServiceClients.AsNoTracking().ToListAsync(cancellation);
        _current = new DirectorySnapshot(organizations, users, clients);
    }
}

/// <summary>One consistent state of the directory.</summary>
internal sealed class DirectorySnapshot(
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

    private readonly FrozenDictionary<Guid, User> _byId = users.ToFrozenDictionary(u => u.Id);

    private readonly FrozenDictionary<(string, string), User> _byExternalId = users.Where(u => u.ExternalId is not null)
        .ToFrozenDictionary(u => (u.OrganizationId, u.ExternalId!));

    private readonly FrozenDictionary<Guid, ServiceClient> _clients = clients.ToFrozenDictionary(c => c.Id);

    public static DirectorySnapshot Empty { get; } = new([], [], []);

    public IEnumerable<User> Users => _byId.Values;

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

using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Tandem.Contracts.Organizations;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;

namespace Tandem.Server.Audit;

/// <summary>
/// What a save of the directory changes, in the words of the audit. Properties are named one by one, so that what is added
/// to the model shows nothing by itself: a secret least of all.
/// </summary>
internal static class AuditTrail
{
    public static async Task<List<AdminChange>> Of(
        TandemDb db, IReadOnlyList<EntityEntry<IDirectoryEntity>> entries, AdminAuthor author, CancellationToken cancellation)
    {
        var changes = new List<AdminChange>();
        foreach (var entry in entries)
        {
            var action = entry.State switch
            {
                EntityState.Added => AuditAction.Added,
                EntityState.Deleted => AuditAction.Removed,
                _ => AuditAction.Changed,
            };
            var subject = await SubjectOf(entry.Entity, db, cancellation);
            IReadOnlyList<AuditValue> values = [.. subject.Properties.Select(p => ValueOf(entry, p)).OfType<AuditValue>()];
            if (action != AuditAction.Changed || values.Count > 0)
                changes.Add(AdminChange.Of(author, subject.Organization, subject.Kind, action, subject.Id, subject.Name, values));
            if (entry.Entity is User { PasswordHash: not null } user && (action == AuditAction.Added || entry.Property(nameof(User.PasswordHash)).IsModified))
                changes.Add(AdminChange.Of(author, user.OrganizationId, AuditKind.Password, AuditAction.Changed, $"{user.Id}", user.Name, []));
        }

        return changes;
    }

    private static async ValueTask<Subject> SubjectOf(IDirectoryEntity entity, TandemDb db, CancellationToken cancellation) => entity switch
    {
        Organization o => new(o.Id, AuditKind.Organization, o.Id, o.Name, nameof(o.Name), nameof(o.PrimaryMpnId)),
        DirectoryTenant t => new(t.OrganizationId, AuditKind.Tenant, t.Id, t.Id),
        Location l => new(l.OrganizationId, AuditKind.Location, l.Id, l.Name, nameof(l.Name), nameof(l.MpnId), nameof(l.ContactEmail)),
        Solution s => new(s.OrganizationId, AuditKind.Solution, s.Id, s.Name, nameof(s.Name)),
        User u => new(u.OrganizationId, AuditKind.Person, $"{u.Id}", u.Name, nameof(u.Name), nameof(u.Email), nameof(u.ExternalId), nameof(u.IsEnabled)),
        RoleAssignment r when await db.Users.FindAsync([r.UserId], cancellation) is { } u =>
            new(u.OrganizationId, AuditKind.Role, $"{u.Id}", u.Name, nameof(r.Role), nameof(r.MpnId)),
        ServiceClient c => new(c.OrganizationId, AuditKind.Client, $"{c.Id}", c.Name, nameof(c.Name), nameof(c.Role), nameof(c.MpnId)),
        RoutingRule r => new(r.OrganizationId, AuditKind.Routing, $"{r.Id}", $"{Or(r.SolutionId)}, {Or(r.Country)}",
            nameof(r.SolutionId), nameof(r.Country), nameof(r.MpnId)),
        _ => throw new InvalidOperationException($"The audit has no words for {entity.GetType().Name}."),
    };

    private static AuditValue? ValueOf(EntityEntry<IDirectoryEntity> entry, string name)
    {
        var property = entry.Property(name);
        var before = entry.State == EntityState.Added ? null : Text(property.OriginalValue);
        var after = entry.State == EntityState.Deleted ? null : Text(property.CurrentValue);
        return before == after ? null : new AuditValue { Property = JsonNamingPolicy.CamelCase.ConvertName(name), Before = before, After = after };
    }

    private static string? Text(object? value) => value switch
    {
        null or "" => null,
        Role role => RoleNames.Write(role),
        bool isSo => isSo ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static string Or(string named) => named.Length > 0 ? named : "*";

    private sealed record Subject(string Organization, AuditKind Kind, string Id, string Name, params string[] Properties);
}

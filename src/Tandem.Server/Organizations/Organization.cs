using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Tandem.Server.Identity;

namespace Tandem.Server.Organizations;

/// <summary>A company on the exchange. Its id is a GUID in text form, or <c>msft</c> for Microsoft.</summary>
internal sealed class Organization : IDirectoryEntity, IEntityTypeConfiguration<Organization>
{
    public const string Microsoft = "msft";

    public required string Id { get; init; }

    public required string Name { get; set; }

    /// <summary>Partner location that deals get when the creator's scope does not decide (B7).</summary>
    public string? PrimaryMpnId { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public List<DirectoryTenant> Tenants { get; init; } = [];

    public List<Location> Locations { get; init; } = [];

    public List<Solution> Solutions { get; init; } = [];

    public List<RoutingRule> RoutingRules { get; init; } = [];

    public void Configure(EntityTypeBuilder<Organization> builder)
    {
        builder.ToTable("organizations");
        builder.HasMany(o => o.Tenants).WithOne().HasForeignKey(t => t.OrganizationId);
        builder.HasMany(o => o.Locations).WithOne().HasForeignKey(l => l.OrganizationId);
        builder.HasMany(o => o.Solutions).WithOne().HasForeignKey(s => s.OrganizationId);
        builder.HasMany(o => o.RoutingRules).WithOne().HasForeignKey(r => r.OrganizationId);
    }
}

/// <summary>A directory tenant whose tokens belong to an organization.</summary>
internal sealed class DirectoryTenant : IDirectoryEntity, IEntityTypeConfiguration<DirectoryTenant>
{
    public required string Id { get; init; }

    public required string OrganizationId { get; init; }

    public void Configure(EntityTypeBuilder<DirectoryTenant> builder) => builder.ToTable("directory_tenants");
}

/// <summary>A business-profile location; a target of type <c>BusinessProfileLocation</c> names it.</summary>
internal sealed class Location : IDirectoryEntity, IEntityTypeConfiguration<Location>
{
    public required string Id { get; init; }

    public required string OrganizationId { get; init; }

    public required string Name { get; set; }

    /// <summary>PartnerID of the location.</summary>
    public string? MpnId { get; set; }

    /// <summary>Who is told of leads that come in through the location's profile (B56).</summary>
    public string? ContactEmail { get; set; }

    public void Configure(EntityTypeBuilder<Location> builder) => builder.ToTable("locations");
}

/// <summary>A solution that an organization publishes.</summary>
internal sealed class Solution : IDirectoryEntity, IEntityTypeConfiguration<Solution>
{
    public required string Id { get; init; }

    public required string OrganizationId { get; init; }

    public required string Name { get; set; }

    public void Configure(EntityTypeBuilder<Solution> builder) => builder.ToTable("solutions");
}

/// <summary>A person of an organization.</summary>
internal sealed class User : IDirectoryEntity, IEntityTypeConfiguration<User>
{
    public required Guid Id { get; init; }

    public required string OrganizationId { get; init; }

    /// <summary>E-mail address, lower-case; unique on the exchange.</summary>
    public required string Email { get; set; }

    public required string Name { get; set; }

    /// <summary>Object id at an external OpenID Connect provider.</summary>
    public string? ExternalId { get; set; }

    /// <summary>For the embedded issuer; null when the user signs in elsewhere.</summary>
    public string? PasswordHash { get; set; }

    public bool IsEnabled { get; set; } = true;

    public DateTimeOffset CreatedAt { get; init; }

    public List<RoleAssignment> Roles { get; init; } = [];

    public void Configure(EntityTypeBuilder<User> builder)
    {
        builder.ToTable("users");
        builder.HasIndex(u => u.Email).IsUnique();
        builder.HasIndex(u => new { u.OrganizationId, u.ExternalId });
        builder.HasOne<Organization>().WithMany().HasForeignKey(u => u.OrganizationId);
        builder.HasMany(u => u.Roles).WithOne().HasForeignKey(r => r.UserId);
    }
}

/// <summary>A role given to a user, company-wide or for one partner location.</summary>
internal sealed class RoleAssignment : IDirectoryEntity, IEntityTypeConfiguration<RoleAssignment>
{
    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    public required Role Role { get; init; }

    public string? MpnId { get; init; }

    public void Configure(EntityTypeBuilder<RoleAssignment> builder)
    {
        builder.ToTable("role_assignments");
        builder.Property(r => r.Role).HasConversion<string>();
    }
}

/// <summary>
/// A client of an organization that acts without a person; exchange mode only. Its secret is the embedded issuer's
/// business.
/// </summary>
internal sealed class ServiceClient : IDirectoryEntity, IEntityTypeConfiguration<ServiceClient>
{
    /// <summary>The client id of its token requests.</summary>
    public required Guid Id { get; init; }

    public required string OrganizationId { get; init; }

    public required string Name { get; set; }

    public required Role Role { get; set; }

    public string? MpnId { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public void Configure(EntityTypeBuilder<ServiceClient> builder)
    {
        builder.ToTable("service_clients");
        builder.Property(c => c.Role).HasConversion<string>();
        builder.HasOne<Organization>().WithMany().HasForeignKey(c => c.OrganizationId);
    }
}

/// <summary>What the directory in memory is made of.</summary>
internal interface IDirectoryEntity;

using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;

namespace Tandem.Server.Emulator;

/// <summary>
/// What the emulator starts with: three organizations and their people, with fixed ids so that documentation and tests
/// can name them.
/// </summary>
internal static class EmulatorSeed
{
    public const string Password = "Passw0rd!";
    public const string Contoso = "7d23e5ca-19dc-4eaa-aac8-5e6b559f0d1d";
    public const string Fabrikam = "2f0c1c4e-6a38-4f5e-9d0b-0f6a3f3b7a11";
    public const string MicrosoftTenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";

    /// <summary>Writes the seed into an empty database; leaves any other alone.</summary>
    public static async Task Plant(TandemDb db, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await db.Organizations.AnyAsync(cancellation))
            return;

        db.AddRange(
            new Organization
            {
                Id = Contoso,
                Name = "Contoso Company",
                CreatedAt = now,
                Tenants = [new DirectoryTenant { Id = Contoso, OrganizationId = Contoso }],
                Locations = [new Location { Id = "01e2abcd-52b0-4af3-a3ae-1fd1530b3563", OrganizationId = Contoso, Name = "Contoso" }],
                Solutions =
                [
                    new Solution { Id = "SOL-34104-EBB", OrganizationId = Contoso, Name = "Contoso Field Service" },
                    new Solution { Id = "SOL-ABC-DEF", OrganizationId = Contoso, Name = "Contoso Analytics" },
                ],
            },
            new Organization
            {
                Id = Fabrikam,
                Name = "Fabrikam",
                CreatedAt = now,
                Tenants = [new DirectoryTenant { Id = Fabrikam, OrganizationId = Fabrikam }],
                Locations = [new Location { Id = "5b1e7a52-7a0e-4c0f-8a55-0f9d2c6f1e22", OrganizationId = Fabrikam, Name = "Fabrikam" }],
                Solutions = [new Solution { Id = "SOL-51000-FAB", OrganizationId = Fabrikam, Name = "Fabrikam Logistics" }],
            },
            new Organization
            {
                Id = Organization.Microsoft,
                Name = "Microsoft",
                CreatedAt = now,
                Tenants = [new DirectoryTenant { Id = MicrosoftTenant, OrganizationId = Organization.Microsoft }],
                Locations = [new Location { Id = "msft", OrganizationId = Organization.Microsoft, Name = "Microsoft" }],
            });

        // Deriving a key from a password is slow on purpose; one hash serves all, since the password is public.
        var hash = new PasswordHasher<string>().HashPassword("", Password);
        Add("a11ce000-0000-4000-8000-000000000001", Contoso, "alice@contoso.example", "Alice Archer", Role.ReferralsAdmin, Role.AccountAdmin);
        Add("b0b00000-0000-4000-8000-000000000002", Contoso, "bob@contoso.example", "Bob Baker", Role.ReferralsUser);
        Add("e7e00000-0000-4000-8000-000000000003", Contoso, "eve@contoso.example", "Eve Evans");
        Add("ca401000-0000-4000-8000-000000000004", Fabrikam, "carol@fabrikam.example", "Carol Carter", Role.ReferralsAdmin, Role.AccountAdmin);
        Add("da000000-0000-4000-8000-000000000005", Fabrikam, "dan@fabrikam.example", "Dan Dixon", Role.ReferralsUser);
        Add("5a300000-0000-4000-8000-000000000006", Organization.Microsoft, "sam@microsoft.example", "Sam Sato",
            Role.ReferralsAdmin, Role.AccountAdmin, Role.Operator);
        await db.SaveChangesAsync(cancellation);

        void Add(string id, string organization, string email, string name, params Role[] roles)
        {
            var userId = Guid.Parse(id);
            db.Add(new User
            {
                Id = userId,
                OrganizationId = organization,
                Email = email,
                Name = name,
                PasswordHash = hash,
                CreatedAt = now,
                Roles = [.. roles.Select(r => new RoleAssignment { Id = Guid.NewGuid(), UserId = userId, Role = r })],
            });
        }
    }
}

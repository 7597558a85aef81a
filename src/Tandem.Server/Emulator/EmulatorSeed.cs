using Microsoft.AspNetCore.Identity;
using Tandem.Contracts.Reading;
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

    /// <summary>Writes the seed into an empty database, all of it or nothing; of nodes that start together one does.</summary>
    public static async Task Plant(HotDatabase database, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            await Write(database, now, cancellation);
        }
        catch (UniqueViolationException)
        {
            // Another node was first, and its seed is the same.
        }
    }

    private static Task<bool> Write(HotDatabase database, DateTimeOffset now, CancellationToken cancellation) =>
        database.Write(async (session, cancellation) =>
        {
            var seed = new Seed(session, WireTime.ToUnixMicroseconds(now), cancellation);
            await seed.AddOrganization(Contoso, "Contoso Company", Contoso, "01e2abcd-52b0-4af3-a3ae-1fd1530b3563", ("SOL-34104-EBB", "Contoso Field Service"), ("SOL-ABC-DEF", "Contoso Analytics"));
            await seed.AddOrganization(Fabrikam, "Fabrikam", Fabrikam, "5b1e7a52-7a0e-4c0f-8a55-0f9d2c6f1e22", ("SOL-51000-FAB", "Fabrikam Logistics"));
            await seed.AddOrganization(Organization.Microsoft, "Microsoft", MicrosoftTenant, "msft");
            await seed.AddUser("a11ce000-0000-4000-8000-000000000001", Contoso, "alice@contoso.example", "Alice Archer", Role.ReferralsAdmin, Role.AccountAdmin);
            await seed.AddUser("b0b00000-0000-4000-8000-000000000002", Contoso, "bob@contoso.example", "Bob Baker", Role.ReferralsUser);
            await seed.AddUser("e7e00000-0000-4000-8000-000000000003", Contoso, "eve@contoso.example", "Eve Evans");
            await seed.AddUser("ca401000-0000-4000-8000-000000000004", Fabrikam, "carol@fabrikam.example", "Carol Carter", Role.ReferralsAdmin, Role.AccountAdmin);
            await seed.AddUser("da000000-0000-4000-8000-000000000005", Fabrikam, "dan@fabrikam.example", "Dan Dixon", Role.ReferralsUser);
            await seed.AddUser("5a300000-0000-4000-8000-000000000006", Organization.Microsoft, "sam@microsoft.example", "Sam Sato",
                Role.ReferralsAdmin, Role.AccountAdmin, Role.Operator);
            return true;
        }, cancellation);

    private sealed class Seed(HotSession session, long now, CancellationToken cancellation)
    {
        // Deriving a key from a password is slow on purpose; one hash serves all, since the password is public.
        private readonly string _hash = new PasswordHasher<string>().HashPassword("", Password);

        public async Task AddOrganization(string id, string name, string tenant, string location, params (string Id, string Name)[] solutions)
        {
            await session.Command("INSERT INTO organizations (id, name, created_at) VALUES (@id, @name, @now)")
                .With("@id", id).With("@name", name).With("@now", now).ExecuteNonQueryAsync(cancellation);
            await session.Command("INSERT INTO directory_tenants (id, organization_id) VALUES (@tenant, @id)")
                .With("@tenant", tenant).With("@id", id).ExecuteNonQueryAsync(cancellation);
            await session.Command("INSERT INTO locations (id, organization_id, name) VALUES (@location, @id, @name)")
                .With("@location", location).With("@id", id).With("@name", name).ExecuteNonQueryAsync(cancellation);
            foreach (var solution in solutions)
            {
                await session.Command("INSERT INTO solutions (id, organization_id, name) VALUES (@solution, @id, @name)")
                    .With("@solution", solution.Id).With("@id", id).With("@name", solution.Name).ExecuteNonQueryAsync(cancellation);
            }
        }

        public async Task AddUser(string id, string organization, string email, string name, params Role[] roles)
        {
            var user = Guid.Parse(id);
            await session.Command(
                "INSERT INTO users (id, organization_id, email, name, password_hash, is_enabled, created_at) "
                + "VALUES (@id, @organization, @email, @name, @hash, @enabled, @now)")
                .With("@id", user).With("@organization", organization).With("@email", email).With("@name", name)
                .With("@hash", _hash).With("@enabled", true).With("@now", now).ExecuteNonQueryAsync(cancellation);
            foreach (var role in roles)
            {
                await session.Command("INSERT INTO role_assignments (id, user_id, role) VALUES (@id, @user, @role)")
                    .With("@id", Guid.NewGuid()).With("@user", user).With("@role", role.ToString()).ExecuteNonQueryAsync(cancellation);
            }
        }
    }
}

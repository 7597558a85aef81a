using System.Net;
using Tandem.Client;
using Tandem.Contracts.Organizations;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Client;

public sealed class AdministrationClientTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private AdministrationClient As(string user) => new TandemClient(fixture.Server.Http, user).Administration;

    [Fact]
    public async Task An_administrator_sets_a_person_up()
    {
        var alice = As(Alice);
        var me = await alice.MeAsync(Cancellation);
        Assert.Equal((Contoso, Alice), (me.OrganizationId, me.Email));

        var user = await alice.CreateUserAsync(Contoso, new UserDraft { Email = "zoe@contoso.example", Name = "Zoe" }, cancellation: Cancellation);
        var role = await alice.GiveRoleAsync(Contoso, user.Id, new RoleDraft { Role = "Referrals user", MpnId = "123" }, cancellation: Cancellation);
        Assert.Equal(role, Assert.Single(await alice.ListRolesAsync(Contoso, user.Id, Cancellation).ToListAsync(Cancellation)));
        await alice.SetPasswordAsync(Contoso, user.Id, "correct horse", Cancellation);
        Assert.Equal("Zoe Z", (await alice.ChangeUserAsync(Contoso, user.Id, new UserDraft { Name = "Zoe Z" }, Cancellation)).Name);
        Assert.True((await As("zoe@contoso.example").MeAsync(Cancellation)).Roles is [{ Role: "Referrals user", MpnId: "123" }]);

        await alice.TakeRoleAsync(Contoso, user.Id, role.Id, Cancellation);
        Assert.Empty((await alice.GetUserAsync(Contoso, user.Id, Cancellation)).Roles);
        await alice.DisableUserAsync(Contoso, user.Id, Cancellation);
        Assert.Contains(await alice.ListUsersAsync(Contoso, Cancellation).ToListAsync(Cancellation), u => u.Id == user.Id && !u.IsEnabled);
        var page = await alice.ListUsersPageAsync(Contoso, "zoe & z", cancellation: Cancellation);
        Assert.Equal(((int?)0, 0), (page.Count, page.Value.Count));
        page = await alice.ListUsersPageAsync(Contoso, "zoe@ z", top: 1, cancellation: Cancellation);
        Assert.Equal(((int?)1, user.Id), (page.Count, Assert.Single(page.Value).Id));
        Assert.Empty((await alice.ListUsersPageAsync(Contoso, "zoe@", after: user.Id, cancellation: Cancellation)).Value);
    }

    [Fact]
    public async Task Locations_and_solutions_come_and_go_and_lists_go_over_pages()
    {
        const int Many = 105;
        var alice = As(Alice);
        var before = await alice.ListSolutionsAsync(Contoso, Cancellation).CountAsync(Cancellation);
        for (var i = 0; i < Many; i++)
            await alice.PutSolutionAsync(Contoso, $"SOL-TEST-{i:000} ü/?", new ProfileDraft { Name = $"Solution {i}" }, Cancellation);
        Assert.Equal(before + Many, await alice.ListSolutionsAsync(Contoso, Cancellation).CountAsync(Cancellation));
        await alice.DeleteSolutionAsync(Contoso, "SOL-TEST-000 ü/?", Cancellation);
        Assert.Equal(before + Many - 1, await alice.ListSolutionsAsync(Contoso, Cancellation).CountAsync(Cancellation));

        var id = Guid.NewGuid().ToString();
        Assert.Equal("9", (await alice.PutLocationAsync(Contoso, id, new ProfileDraft { Name = "Istanbul", MpnId = "9" }, Cancellation)).MpnId);
        await alice.DeleteLocationAsync(Contoso, id, Cancellation);
        Assert.DoesNotContain(await alice.ListLocationsAsync(Contoso, Cancellation).ToListAsync(Cancellation), l => l.Id == id);
    }

    [Fact]
    public async Task An_operator_manages_organizations_and_their_tenants()
    {
        var sam = As(Sam);
        var added = await sam.CreateOrganizationAsync(new OrganizationDraft { Name = "Northwind" }, cancellation: Cancellation);
        var tenant = Guid.NewGuid();
        await sam.PutTenantAsync(added.Id, tenant, Cancellation);
        Assert.Equal([tenant.ToString()], await sam.ListTenantsAsync(added.Id, Cancellation).ToListAsync(Cancellation));
        await sam.DeleteTenantAsync(added.Id, tenant, Cancellation);
        Assert.Equal("North", (await sam.ChangeOrganizationAsync(added.Id, new OrganizationDraft { Name = "North" }, Cancellation)).Name);
        Assert.Equal("North", (await sam.GetOrganizationAsync(added.Id, Cancellation)).Name);
        Assert.Contains(await sam.ListOrganizationsAsync(Cancellation).ToListAsync(Cancellation), o => o.Id == added.Id);
        Assert.Empty(await sam.ListClientsAsync(added.Id, Cancellation).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task A_problem_is_told_with_its_fault_and_fix()
    {
        var refused = await Assert.ThrowsAsync<TandemException>(() =>
            As(Alice).CreateUserAsync(Contoso, new UserDraft { Email = "no address", Name = "X" }, cancellation: Cancellation));
        Assert.Equal((HttpStatusCode.BadRequest, "email"), (refused.Status, refused.Target));
        Assert.Contains("email must be an address", refused.Message, StringComparison.Ordinal);

        var forbidden = await Assert.ThrowsAsync<TandemException>(() => As(Bob).GetOrganizationAsync(Contoso, Cancellation));
        Assert.Equal((HttpStatusCode.Forbidden, "roleRequired"), (forbidden.Status, forbidden.InnerCode));

        var conflict = await Assert.ThrowsAsync<TandemException>(() => As(Alice).CreateClientAsync(
            Contoso, new ServiceClientDraft { Name = "X", Role = "Referrals user" }, cancellation: Cancellation));
        Assert.Equal(HttpStatusCode.Conflict, conflict.Status);
        await Assert.ThrowsAsync<TandemException>(() => As(Alice).DeleteClientAsync(Contoso, Guid.NewGuid(), Cancellation));
        await Assert.ThrowsAsync<TandemException>(() => As(Alice).ReviewRegistrationAsync(
            Guid.NewGuid(), new RegistrationReview { Status = "Approved" }, Cancellation));
    }
}

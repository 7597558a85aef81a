using Tandem.Client;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Organizations;

public sealed class PartnersTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Path = "/v1.0/engagements/partners";

    private readonly TandemServer _server = fixture.Server;

    [Fact]
    public async Task Partners_are_found_by_name_and_by_id()
    {
        Assert.Equal(["Contoso Company", "Fabrikam", "Microsoft"], await Names(""));
        Assert.Equal(["Fabrikam"], await Names("?search=FABRI"));
        Assert.Equal(["Fabrikam"], await Names($"?search={FabrikamLocation.ToUpperInvariant()}"));
        Assert.Equal(["Contoso Company"], await Names($"?search={Contoso}"));
        Assert.Empty(await Names("?search=%25"));
    }

    [Fact]
    public async Task An_inviter_learns_names_locations_and_solutions_and_nothing_else()
    {
        var fabrikam = (await _server.Get(Bob, $"{Path}?search=fabrikam")).Is(200).Value.Single().AsObject();
        Assert.Equal(["id", "name", "locations", "solutions"], fabrikam.Select(p => p.Key));
        Assert.Equal(["id", "name"], fabrikam["locations"]!.AsArray().Single()!.AsObject().Select(p => p.Key));
        Assert.Equal("SOL-51000-FAB", (string?)fabrikam["solutions"]!.AsArray().Single()!["id"]);
    }

    [Fact]
    public async Task Every_location_that_is_found_can_be_invited() // R47, R48
    {
        var alice = new TandemClient(_server.Http, Alice);
        foreach (var partner in (await alice.Referrals.FindPartnersAsync(cancellation: TestContext.Current.CancellationToken)).Value.Where(p => p.Id != Contoso))
        {
            var (_, other) = await _server.Shared(partner.Locations.Single().Id);
            Assert.Equal(partner.Name, (string?)other.Json["organizationName"]);
        }
    }

    private async Task<IEnumerable<string>> Names(string query) =>
        (await _server.Get(Alice, Path + query)).Is(200).Value.Select(v => (string)v["name"]!);
}

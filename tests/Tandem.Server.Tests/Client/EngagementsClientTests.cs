using Tandem.Client;
using Tandem.Contracts.Engagements;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Client;

public sealed class EngagementsClientTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Both_sides_of_an_engagement_are_read_each_in_its_view() // B13, B14
    {
        var (own, other) = await fixture.Server.Shared(FabrikamLocation);
        (await fixture.Server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/details/notes", "secret")))).Is(204);
        var engagement = Guid.Parse(own.EngagementId);
        var seen = await new TandemClient(fixture.Server.Http, Carol).Engagements.ReferralsAsync(engagement, Cancellation).ToListAsync(Cancellation);
        Assert.Equal([own.Id, other.Id], seen.Select(r => $"{r.Id}"));
        Assert.Null(seen[0].Details.Notes);
    }

    [Fact]
    public async Task A_proof_comes_as_the_server_wrote_it_and_holds()
    {
        var own = await fixture.Server.Own();
        await fixture.Server.Settle();
        var text = await new TandemClient(fixture.Server.Http, Alice).Engagements.ProofAsync(Guid.Parse(own.EngagementId), Cancellation);
        var proof = EngagementProof.Parse(text);
        Assert.Equal(1, proof.Count);
        Assert.True(proof.Verify().Holds);
    }

    [Fact]
    public async Task A_strangers_engagement_is_not_found() // B19
    {
        var own = await fixture.Server.Own();
        var refused = await Assert.ThrowsAsync<TandemException>(
            () => new TandemClient(fixture.Server.Http, Carol).Engagements.ProofAsync(Guid.Parse(own.EngagementId), Cancellation));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, refused.Status);
    }
}

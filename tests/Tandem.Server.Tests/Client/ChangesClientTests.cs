using System.Net;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Client;

public sealed class ChangesClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_happens_after_a_position_is_told_in_order_with_its_names() // W25, W27
    {
        await using var server = await Start();
        await server.Own();
        await server.Settle();
        var alice = ClientOf(server, Alice);
        var position = await alice.Changes.PositionAsync(Cancellation);
        var (own, other) = await server.Shared(FabrikamLocation);
        (await server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);

        var heard = await alice.Changes.FollowAsync(position, Cancellation).Take(3).ToListAsync(Cancellation);

        Assert.Equal(["referral-created", "related-referral-created", "related-referral-updated"], heard.Select(h => h.EventName));
        Assert.Equal([own.Id, other.Id, other.Id], heard.Select(h => h.Change.ReferralId.ToString()));
        Assert.Contains("status", heard[2].Change.Properties);
        Assert.Equal(ReferralChangeKind.Updated, heard[2].Change.Kind);
        // Each position leads on behind its own change.
        var rest = await alice.Changes.FollowAsync(heard[1].Position, Cancellation).Take(1).ToListAsync(Cancellation);
        Assert.Equal(heard[2].Position, rest.Single().Position);
    }

    [Fact]
    public async Task A_lost_connection_is_made_again_without_loss_or_repetition()
    {
        await using var server = await Start();
        await server.Settle();
        var cut = new CutConnections();
        using var http = new HttpClient(cut) { BaseAddress = new Uri(server.Address) };
        var alice = new TandemClient(http, Alice);
        var position = await alice.Changes.PositionAsync(Cancellation);
        await using var changes = alice.Changes.FollowAsync(position, Cancellation).GetAsyncEnumerator(Cancellation);

        var first = await server.Own();
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal(first.Id, changes.Current.Change.ReferralId.ToString());
        cut.Now();
        var second = await server.Own();
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal(second.Id, changes.Current.Change.ReferralId.ToString());
        Assert.Equal(3, cut.Requests);
    }

    [Fact]
    public async Task What_trying_again_does_not_mend_is_thrown()
    {
        await using var server = await Start();
        var malformed = await Assert.ThrowsAsync<TandemException>(async () =>
            await ClientOf(server, Alice).Changes.FollowAsync("none", Cancellation).FirstAsync(Cancellation));
        Assert.Equal(HttpStatusCode.BadRequest, malformed.Status);
        var noRole = await Assert.ThrowsAsync<TandemException>(async () =>
            await ClientOf(server, Eve).Changes.FollowAsync(cancellation: Cancellation).FirstAsync(Cancellation)); // B12
        Assert.Equal(HttpStatusCode.Forbidden, noRole.Status);
    }

    private static TandemClient ClientOf(TandemServer server, string user) => new(server.Http, user);

    /// <summary>A network whose open streams can be cut.</summary>
    private sealed class CutConnections() : DelegatingHandler(new SocketsHttpHandler())
    {
        private readonly List<Stream> _open = [];

        public int Requests { get; private set; }

        public void Now() => _open.ForEach(s => s.Dispose());

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            var answer = await base.SendAsync(request, cancellationToken);
            _open.Add(await answer.Content.ReadAsStreamAsync(cancellationToken));
            return answer;
        }
    }
}

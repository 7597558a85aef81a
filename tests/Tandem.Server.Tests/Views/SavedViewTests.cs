using System.Net;
using System.Text.Json.Nodes;
using Tandem.Client;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Views;

public sealed class SavedViewTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Path = "/v1.0/engagements/views";

    private readonly TandemServer _server = fixture.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_view_is_its_owners_until_he_shares_it_and_never_another_organizations()
    {
        var (bob, alice, carol) = (Views(Bob), Views(Alice), Views(Carol));
        var id = Guid.NewGuid();
        var saved = await bob.PutAsync(id, new() { Name = " Mine ", Query = "?status=New&sort=-value" }, Cancellation);
        Assert.Equal(("Mine", "status=New&sort=-value", false, true), (saved.Name, saved.Query, saved.IsShared, saved.IsOwn));
        Assert.Equal(saved, (await bob.ListAsync(Cancellation)).Single(v => v.Id == id));
        Assert.DoesNotContain(await alice.ListAsync(Cancellation), v => v.Id == id);

        await bob.PutAsync(id, new() { Name = "Ours", Query = "", IsShared = true }, Cancellation);
        var seen = (await alice.ListAsync(Cancellation)).Single(v => v.Id == id);
        Assert.Equal(("Ours", "", true, false, saved.OwnerName), (seen.Name, seen.Query, seen.IsShared, seen.IsOwn, seen.OwnerName));
        Assert.DoesNotContain(await carol.ListAsync(Cancellation), v => v.Id == id);
    }

    [Fact]
    public async Task Nobody_changes_another_ones_view_and_only_a_company_admin_removes_a_shared_one()
    {
        var (bob, alice, carol) = (Views(Bob), Views(Alice), Views(Carol));
        var (own, shared) = (Guid.NewGuid(), Guid.NewGuid());
        await alice.PutAsync(own, new() { Name = "Alice's", Query = "" }, Cancellation);
        await alice.PutAsync(shared, new() { Name = "All", Query = "", IsShared = true }, Cancellation);
        foreach (var other in new[] { bob, carol })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await Refused(other.PutAsync(shared, new() { Name = "Theirs", Query = "" }, Cancellation))).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await Refused(other.DeleteAsync(shared, Cancellation))).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await Refused(other.DeleteAsync(own, Cancellation))).Status);
        }

        Assert.Equal("All", (await alice.ListAsync(Cancellation)).Single(v => v.Id == shared).Name);
        await alice.DeleteAsync(own, Cancellation);
        var bobs = Guid.NewGuid();
        await bob.PutAsync(bobs, new() { Name = "Bob's", Query = "", IsShared = true }, Cancellation);
        await alice.DeleteAsync(bobs, Cancellation);
        Assert.DoesNotContain(await bob.ListAsync(Cancellation), v => v.Id == bobs);
    }

    [Theory]
    [InlineData("""{"query":""}""", "name")]
    [InlineData("""{"name":"  ","query":""}""", "name")]
    [InlineData("""{"name":"x\u0007","query":""}""", "name")]
    [InlineData("""{"name":"x"}""", "query")]
    [InlineData("""{"name":"x","query":"a\nb"}""", "query")]
    [InlineData("""{"name":"x","query":5}""", "query")]
    [InlineData("""{"name":"x","query":"","isShraed":true}""", "isShared")]
    public async Task A_faulty_view_is_refused_with_what_to_mend(string body, string named)
    {
        var reply = (await _server.Put(Alice, $"{Path}/{Guid.NewGuid()}", JsonNode.Parse(body)!)).Is(400);
        ErrorShape.Check(reply);
        Assert.Contains(named, reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_has_room_for_a_hundred_views()
    {
        var dan = Views(Dan);
        var last = Guid.Empty;
        for (var i = 0; i < 100; i++)
            await dan.PutAsync(last = Guid.NewGuid(), new() { Name = $"View {i}", Query = "" }, Cancellation);
        Assert.Equal(HttpStatusCode.Conflict, (await Refused(dan.PutAsync(Guid.NewGuid(), new() { Name = "One more", Query = "" }, Cancellation))).Status);
        await dan.PutAsync(last, new() { Name = "Another name", Query = "" }, Cancellation);
        Assert.Equal(100, (await dan.ListAsync(Cancellation)).Count);
    }

    private SavedViewsClient Views(string person) => new TandemClient(_server.Http, person).Views;

    private static Task<TandemException> Refused(Task call) => Assert.ThrowsAsync<TandemException>(() => call);
}

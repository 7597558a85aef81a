using System.Globalization;
using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>Who is told of what.</summary>
public sealed class EventTests
{
    private static readonly (string User, string Path)[] Parties = [(Alice, "/contoso"), (Carol, "/fabrikam"), (Sam, "/msft")];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_party_is_told_of_its_own_and_of_the_others_referrals() // W19, W25, W26, W27, W29, B13
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        await RegisterAll(server, receiver);

        // Alone: only the owner is told, of her own change too (W29).
        var own = (await server.Post(Alice, Api, Bodies.Example("create-shared-request"))).Is(201);
        await Settle(server, receiver);
        Assert.Equal(["/contoso referral-created own"], Told(receiver, own.Id));

        // Shared: the invited party gets its referral, and everybody learns of the other's.
        var other = (await server.Post(Alice, Api, Bodies.Connected(own.EngagementId, FabrikamLocation))).Is(201);
        await Settle(server, receiver);
        Assert.Equal(["/contoso related-referral-created other", "/fabrikam referral-created other"], Told(receiver, own.Id, c => c.Referral() == other.Id));
        Assert.DoesNotContain("/msft referral-created own", Told(receiver, own.Id));
        Assert.DoesNotContain(Told(receiver, own.Id), t => t.StartsWith("/msft", StringComparison.Ordinal));
        var before = receiver.Calls.Count;

        (await server.Rename(own.Id, "Renamed")).Is(204);
        await Settle(server, receiver);
        Assert.Equal(["/contoso referral-updated own", "/fabrikam related-referral-updated own"], Told(receiver, own.Id, skip: before));
        before = receiver.Calls.Count;
        (await server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);
        await Settle(server, receiver);
        Assert.Equal(["/contoso related-referral-updated other", "/fabrikam referral-updated other"], Told(receiver, own.Id, skip: before));

        // Every party can read what its events name, as its events name it (W20, W27).
        foreach (var call in receiver.Calls)
        {
            var user = Parties.First(p => p.Path == call.Path).User;
            (await server.Get(user, (string)call.Json()["ResourceUri"]!)).Is(200);
            Assert.True(await call.IsSigned(server));
        }
    }

    [Theory]
    [InlineData("/externalReferenceId", "\"CRM-1\"", "null")]
    [InlineData("/campaignId", "\"C1\"", "null")]
    [InlineData("/favorite", "true", "false")]
    [InlineData("/details/notes", "\"ours\"", "null")]
    public async Task What_is_hidden_from_the_others_raises_nothing_for_them(string path, string value, string next) // W27, B14
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        var (own, _) = await server.Shared(FabrikamLocation);
        await RegisterAll(server, receiver);
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace((path, JsonNode.Parse(value))))).Is(204);
        await Settle(server, receiver);
        Assert.Equal(["/contoso referral-updated own"], Told(receiver, own.Id));
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace((path, JsonNode.Parse(next)), ("/name", "Seen")))).Is(204);
        await Settle(server, receiver);
        Assert.Equal(["/contoso referral-updated own", "/fabrikam related-referral-updated own"], Told(receiver, own.Id, skip: 1));
    }

    [Fact]
    public async Task The_server_s_own_changes_are_told_and_a_reminder_is_not() // W26, B26
    {
        var clock = At("2026-11-01T08:00:00Z");
        await using var server = await Start(clock);
        await using var receiver = await WebhookReceiver.Start();
        var (own, invited) = await server.Shared(FabrikamLocation, b => b["details"] = new JsonObject { ["customerRequestedContact"] = true });
        await RegisterAll(server, receiver);
        clock.Advance(TimeSpan.FromDays(4));
        await server.RunDueWork();
        await Settle(server, receiver);
        Assert.Empty(receiver.Calls);
        clock.Advance(TimeSpan.FromDays(11));
        await server.RunDueWork();
        await Settle(server, receiver);
        Assert.Equal(["/contoso related-referral-updated other", "/fabrikam referral-updated other"], Told(receiver, own.Id));
        Assert.Equal(
            DateTimeOffset.Parse((string)(await server.Get(Carol, $"{Api}/{invited.Id}")).Json["updatedDateTime"]!, CultureInfo.InvariantCulture),
            DateTimeOffset.Parse((string)receiver.Calls[0].Json()["ResourceChangeUtcDate"]!, CultureInfo.InvariantCulture)); // W22
    }

    [Fact]
    public async Task A_synchronising_client_that_writes_back_what_it_read_comes_to_rest() // W28, W43, R74
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        await server.Register(Alice, $"{receiver.Address}/contoso", true);
        var deal = await server.Own();
        (await server.Rename(deal.Id, "By somebody else")).Is(204);
        for (var handled = 0; handled < 2; handled++)
        {
            var call = (await receiver.Until(handled + 1, Cancellation))[handled];
            Assert.True(await call.IsSigned(server));
            var uri = (string)call.Json()["ResourceUri"]!;
            var read = (await server.Get(Alice, uri)).Is(200);
            var written = (await server.Put(Alice, uri, read.Json, ("If-Match", read.Headers["ETag"]))).Is(200);
            Assert.Equal(read.ETag, written.ETag);
        }

        await Settle(server, receiver);
        Assert.Equal(2, receiver.Calls.Count);
    }

    [Fact]
    public async Task A_connector_copies_the_other_sides_status() // W43
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        await server.Register(Alice, $"{receiver.Address}/crm", true, Hooks.All[..4]);
        var (own, other) = await server.Shared();
        (await server.Status(Sam, other.Id, "Active", "Accepted")).Is(200);
        var calls = await receiver.Until(c => c.Any(x => x.Event() == "related-referral-updated" && x.Referral() == other.Id), Cancellation);
        var named = calls.Last(c => c.Event() == "related-referral-updated");
        var theirs = (await server.Get(Alice, (string)named.Json()["ResourceUri"]!)).Is(200);
        Assert.Equal("Active/Accepted", theirs.Pair);
        Assert.Equal(own.EngagementId, theirs.EngagementId);
        var found = (await server.Get(Alice, $"{Api}?$filter=engagementId eq '{theirs.EngagementId}' and organizationId eq '{Contoso}'")).Is(200);
        Assert.Equal(own.Id, (string)found.Value.Single()["id"]!);
    }

    // What was stored before is not told, once the log can be read as far.
    private static async Task RegisterAll(TandemServer server, WebhookReceiver receiver)
    {
        await server.Settle();
        foreach (var (user, path) in Parties)
            await server.Register(user, receiver.Address + path);
    }

    // Everything in the log is planned, and everything planned is delivered: what has not come will not come.
    private static async Task Settle(TandemServer server, WebhookReceiver receiver)
    {
        await server.Planned();
        foreach (var (user, _) in Parties)
        {
            foreach (var subscription in (await server.Get(user, Hooks.V2)).Is(200).Value)
                await server.Until(user, $"{Hooks.V2}/{subscription["id"]}/deliveries?state=Pending", r => r.Value.Count == 0);
        }
    }

    private static List<string> Told(WebhookReceiver receiver, string own, Func<ReceivedCall, bool>? which = null, int skip = 0) =>
    [
        .. receiver.Calls.Skip(skip).Where(which ?? (_ => true))
            .Select(c => $"{c.Path} {c.Event()} {(c.Referral() == own ? "own" : "other")}").Order(StringComparer.Ordinal),
    ];
}

using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals.Feed;

/// <summary>Delta links of the list: what changed since, once each, as it is now.</summary>
public sealed class DeltaTests
{
    private const string Track = "odata.track-changes";

    [Theory]
    [InlineData("odata.track-changes")]
    [InlineData("respond-async, track-changes")]
    public async Task A_list_that_is_tracked_ends_with_a_delta_link(string prefer) // R57, R59
    {
        await using var server = await Start();
        var deal = await server.Own();
        var list = (await server.Get(Alice, Api, ("Prefer", prefer))).Is(200);
        Assert.Equal(prefer.Split(' ')[^1], list.Headers["Preference-Applied"]);
        Assert.Equal(deal.Id, (string?)Assert.Single(list.Value)["id"]);
        Assert.Equal(1, (int)list.Json["@odata.count"]!);
        Assert.StartsWith($"{server.Address}{Api}?$deltatoken=", (string)list.Json["@odata.deltaLink"]!, StringComparison.Ordinal);
        Assert.Null(list.Json["@odata.nextLink"]);

        var plain = (await server.Get(Alice, Api, ("Prefer", "return=minimal"))).Is(200);
        Assert.Null(plain.Json["@odata.deltaLink"]);
        Assert.False(plain.Headers.ContainsKey("Preference-Applied"));
    }

    [Fact]
    public async Task A_part_of_a_list_is_not_tracked()
    {
        await using var server = await Start();
        await server.Own();
        foreach (var part in new[] { "$top=5", "$skip=0&$top=200", "$skip=1" })
        {
            var list = (await server.Get(Alice, $"{Api}?{part}", ("Prefer", Track))).Is(200);
            Assert.Null(list.Json["@odata.deltaLink"]);
            Assert.False(list.Headers.ContainsKey("Preference-Applied"));
        }
    }

    [Fact]
    public async Task A_delta_tells_each_changed_referral_once_as_it_is_now()
    {
        await using var server = await Start();
        var (kept, changed) = (await server.Own(), await server.Own());
        var reader = await DeltaReader.Start(server, Alice, "$orderby=name desc&$count=true");
        Assert.Empty(await reader.Round(server));

        for (var i = 1; i <= 3; i++)
            (await server.Patch(Alice, $"{Api}/{changed.Id}", Bodies.Replace(("/name", $"Name {i}")))).Is(204);
        var created = await server.Own();
        var page = await reader.Page(server);
        Assert.Equal($"{server.Address}/v1.0/$metadata#Referrals/$delta", (string?)page.Json["@odata.context"]);
        Assert.Equal([changed.Id, created.Id], page.Value.Select(v => (string)v["id"]!));
        Assert.Equal((await server.Get(Alice, $"{Api}?$filter=id eq {changed.Id}")).Value[0].ToJsonString(), page.Value[0].ToJsonString());
        Assert.Null(page.Json["@odata.count"]);
        Assert.DoesNotContain(page.Value, v => (string)v["id"]! == kept.Id);

        Assert.Empty(await reader.Round(server));
        await reader.Check(server);
    }

    [Fact]
    public async Task Only_what_was_selected_is_told_and_which_referral_it_is() // R57
    {
        await using var server = await Start();
        var deal = await server.Own();
        var reader = await DeltaReader.Start(server, Alice, "$select=id,name,details/dealValue");
        (await server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "New")))).Is(204);
        Assert.Equal(["id", "name", "details"], Assert.Single(await reader.Round(server)).AsObject().Select(m => m.Key));

        var names = (string)(await server.Get(Alice, $"{Api}?$select=name", ("Prefer", Track))).Json["@odata.deltaLink"]!;
        (await server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "Newer")))).Is(204);
        await server.Settle();
        var told = Assert.Single((await server.Get(Alice, names)).Is(200).Value);
        Assert.Equal((deal.Id, "Newer"), ((string)told["id"]!, (string)told["name"]!));
    }

    [Fact]
    public async Task What_a_filter_loses_is_removed_and_what_it_finds_is_told()
    {
        await using var server = await Start();
        var (stays, leaves, comes) = (await Named("Deal 1"), await Named("Deal 2"), await Named("Other"));
        var reader = await DeltaReader.Start(server, Alice, "$filter=startswith(name,'Deal')");
        Assert.Equal(2, reader.Copy.Count);
        await Rename(leaves, "Gone");
        await Rename(comes, "Deal 3");
        await Rename(stays, "Deal 4");
        var told = await reader.Round(server);
        Assert.Equal(["Deal 3", "Deal 4"], told.Select(t => (string?)t["name"]).OfType<string>());
        Assert.Equal($$"""{"@removed":{"reason":"changed"},"id":"{{leaves}}"}""", told[0].ToJsonString());
        await reader.Check(server);

        async Task<string> Named(string name) => (await server.Own(change: b => b["name"] = name)).Id;
        async Task Rename(string id, string name) => (await server.Patch(Alice, $"{Api}/{id}", Bodies.Replace(("/name", name)))).Is(204);
    }

    [Fact]
    public async Task A_change_between_two_pages_of_the_list_is_not_missed() // R60
    {
        await using var server = await Start();
        var all = await Task.WhenAll(Enumerable.Range(0, 130).Select(_ => server.Own()));
        var reader = new DeltaReader(Alice, "$orderby=createdDateTime");
        var first = await reader.Page(server);
        Assert.Equal(100, first.Value.Count);
        // One of the page that was read, and one that moves out of the page to come.
        (await server.Patch(Alice, $"{Api}/{first.Value[5]["id"]}", Bodies.Replace(("/name", "Read before")))).Is(204);
        var unread = all.First(a => first.Value.All(v => (string)v["id"]! != a.Id));
        (await server.Patch(Alice, $"{Api}/{unread.Id}", Bodies.Replace(("/name", "Read after")))).Is(204);
        await server.Own();
        Assert.NotNull((await reader.Page(server)).Json["@odata.deltaLink"]);
        await reader.Round(server);
        await reader.Check(server);
    }

    [Fact]
    public async Task A_delta_is_read_in_pages_from_any_of_which_it_goes_on()
    {
        await using var server = await Start();
        var reader = await DeltaReader.Start(server, Alice);
        var deals = await Task.WhenAll(Enumerable.Range(0, 230).Select(_ => server.Own()));
        var start = reader.Link;
        var first = await reader.Page(server);
        Assert.Equal(100, first.Value.Count);
        Assert.StartsWith($"{server.Address}{Api}?$deltatoken=", (string)first.Json["@odata.nextLink"]!, StringComparison.Ordinal);
        var told = first.Value.Select(v => (string)v["id"]!).ToList();
        // The round has its end already: what is changed now is told in the next one, and by the state of now.
        foreach (var id in new[] { told[0], deals.Select(d => d.Id).Except(told).First() })
            (await server.Patch(Alice, $"{Api}/{id}", Bodies.Replace(("/name", "Between")))).Is(204);
        var second = await reader.Page(server);
        var again = reader.Link;
        var third = await reader.Page(server);
        Assert.Equal(30, third.Value.Count);
        reader.Link = again;
        Assert.Equal(third.Value.Select(v => v.ToJsonString()), (await reader.Page(server)).Value.Select(v => v.ToJsonString()));
        var ids = told.Concat(second.Value.Concat(third.Value).Select(v => (string)v["id"]!)).ToList();
        Assert.Equal(230, ids.Distinct().Count());
        Assert.Equal(230, ids.Count);
        Assert.Equal(2, (await reader.Round(server)).Count);
        await reader.Check(server);

        // From the beginning once more.
        reader.Link = start;
        await reader.Round(server);
        await reader.Check(server);
    }

    [Fact]
    public async Task A_delta_token_is_good_for_the_caller_who_got_it_and_only_as_it_is() // R60
    {
        await using var server = await Start();
        await server.Own();
        var link = new Uri((await DeltaReader.Start(server, Alice, "$filter=name ne 'secret'")).Link!);
        var token = QueryHelpers.ParseQuery(link.Query)["$deltatoken"].ToString();
        (await server.Get(Alice, $"{link.PathAndQuery}&$top=x&$filter=garbage('")).Is(200);
        (await server.Get(Bob, link.PathAndQuery)).Refuses(400, "invalidDeltaToken", "$deltatoken");
        (await server.Get(Carol, link.PathAndQuery)).Refuses(400, "invalidDeltaToken");
        foreach (var wrong in new[] { "", "x", token[..^3], $"{token}A", $"{token}&$deltatoken={token}" })
            (await server.Get(Alice, $"{Api}?$deltatoken={wrong}")).Refuses(400, "invalidDeltaToken");
        (await server.Get("", link.PathAndQuery)).Refuses(401);
    }

    [Fact]
    public async Task A_token_of_other_roles_is_gone()
    {
        await using var server = await Start();
        await Task.WhenAll(Enumerable.Range(0, 101).Select(_ => server.Own(Bob)));
        var reader = await DeltaReader.Start(server, Bob);
        var halfway = new DeltaReader(Bob);
        await halfway.Page(server);
        // One kind of token is not the other.
        (await server.Get(Bob, new Uri(halfway.Link!).PathAndQuery.Replace("skip", "delta", StringComparison.Ordinal))).Refuses(400, "invalidDeltaToken");
        (await server.Get(Bob, new Uri(reader.Link!).PathAndQuery.Replace("delta", "skip", StringComparison.Ordinal))).Refuses(400, "invalidSkipToken");
        var bob = (string)(await server.Get(Bob, "/admin/me")).Json["id"]!;
        (await server.Post(Alice, $"/admin/organizations/{Contoso}/users/{bob}/roles",
            new JsonObject { ["role"] = "Referrals admin", ["mpnId"] = "42" })).Is(201);
        (await server.Get(Bob, new Uri(reader.Link!).PathAndQuery)).Refuses(410, "scopeChanged", "$deltatoken");
        (await server.Get(Bob, new Uri(halfway.Link!).PathAndQuery)).Refuses(410, "scopeChanged");
        var anew = await DeltaReader.Start(server, Bob);
        Assert.Empty(await anew.Round(server));
    }

    [Fact]
    public async Task A_place_that_the_log_does_not_have_is_gone()
    {
        await using var server = await Start();
        await server.Own();
        var reader = await DeltaReader.Start(server, Alice);
        // An older copy of the database: the last change is not in it.
        await TestDatabase.Ask(server.Data, "DELETE FROM change_log");
        (await server.Get(Alice, new Uri(reader.Link!).PathAndQuery)).Refuses(410, "positionUnknown", "$deltatoken");
    }

    [Fact]
    public async Task A_reminder_is_no_change() // B28
    {
        await using var server = await Start(At("2026-03-01T10:00:00Z"));
        var (_, waiting) = await server.Shared(change: b => b["details"] = new JsonObject { ["customerRequestedContact"] = true });
        var reader = await DeltaReader.Start(server, Sam);
        server.Clock.Advance(TimeSpan.FromHours(72));
        await server.RunDueWork();
        Assert.Equal("ReminderDue", (string?)(await server.Get(Sam, $"{Api}/{waiting.Id}/history")).Value[0]["kind"]);
        Assert.Empty(await reader.Round(server));
        server.Clock.Advance(TimeSpan.FromDays(12));
        await server.RunDueWork();
        Assert.Equal("Expired", (string?)Assert.Single(await reader.Round(server))["substatus"]); // B26
    }
}

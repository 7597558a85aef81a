using System.Diagnostics;
using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Storage;

/// <summary>Two servers on one database behave as one.</summary>
public sealed class NodeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task What_one_node_stored_the_other_reads_and_guards()
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        var deal = await first.Own();
        (await second.Get(Alice, $"{Api}/{deal.Id}")).Is(200);
        (await second.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "Second")))).Is(204);
        (await first.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "First")), ("If-Match", deal.ETag)))
            .Refuses(412, "resourceModified"); // R82
        Assert.Equal("Second", (string)(await first.Get(Alice, $"{Api}/{deal.Id}")).Json["name"]!);

        // The same request again, at the other node (R13).
        var body = Bodies.Minimum();
        var created = (await first.Post(Alice, Api, body, ("Idempotency-Key", "again"))).Is(201);
        Assert.Equal(created.Id, (await second.Post(Alice, Api, body, ("Idempotency-Key", "again"))).Is(201).Id);

        // A page of one, the next of the other.
        var page = (await first.Get(Alice, $"{Api}?$top=1&$orderby=createdDateTime")).Is(200);
        var all = (await second.Get(Alice, Api)).Is(200);
        Assert.Equal(2, all.Value.Count);
        Assert.Single(page.Value);
    }

    [Fact]
    public async Task A_count_is_the_count_of_now_whichever_node_wrote() // R58
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        for (var stored = 1L; stored <= 20; stored++)
        {
            // The list is asked for while others write, too: what is counted then must not be kept for later.
            await Task.WhenAll(first.Own(), Count(first, ""), Count(second, ""));
            Assert.Equal(stored, await Count(second, ""));
            Assert.Equal(stored, await Count(second, "&$top=3"));
            Assert.Equal(stored, await Count(first, ""));
            Assert.Equal(0, await Count(first, "&$filter=status eq 'Closed'"));
        }

        var deal = (await first.Get(Alice, Api)).Value[0]!;
        (await second.Patch(Alice, $"{Api}/{deal["id"]}", Bodies.Replace(("/name", "Other")))).Is(204);
        Assert.Equal(1, await Count(first, "&$filter=name eq 'other'"));
        (await second.Patch(Alice, $"{Api}/{deal["id"]}", Bodies.Replace(("/name", "Another")))).Is(204);
        Assert.Equal(0, await Count(first, "&$filter=name eq 'other'"));

        static async Task<long> Count(TandemServer server, string options) =>
            (long)(await server.Get(Alice, $"{Api}?$count=true{options}")).Is(200).Json["@odata.count"]!;
    }

    [Fact]
    public async Task Writers_on_both_nodes_lose_no_update() // R86
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        var deal = await first.Own(change: b => b["details"]!["dealValue"] = 0);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
        {
            var node = i % 2 == 0 ? first : second;
            for (var done = false; !done;)
            {
                var read = await node.Get(Alice, $"{Api}/{deal.Id}");
                var value = (decimal)read.Json["details"]!["dealValue"]! + 1;
                done = (await node.Patch(
                    Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/details/dealValue", value)), ("If-Match", read.ETag))).Status == 204;
            }
        }));
        Assert.Equal(16, (decimal)(await second.Get(Alice, $"{Api}/{deal.Id}")).Json["details"]!["dealValue"]!);
    }

    [Fact]
    public async Task A_change_of_the_directory_reaches_the_other_node()
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        var user = new JsonObject
        {
            ["email"] = "nora@contoso.example",
            ["name"] = "Nora New",
        };
        (await first.Post(Alice, $"/admin/organizations/{Contoso}/users", user)).Is(201);
        // Known, and without a role yet.
        (await first.Get("nora@contoso.example", Api)).Is(403);
        await Until(async () => (await second.Get("nora@contoso.example", Api)).Status == 403);
    }

    [Fact]
    public async Task A_token_of_one_node_is_good_at_the_other_until_it_is_revoked()
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        var given = await Form(first, "/common/oauth2/v2.0/token", ("grant_type", "password"), ("client_id", "c"),
            ("scope", "openid offline_access"), ("username", Alice), ("password", "Passw0rd!"));
        var (token, refresh) = ((string)given["access_token"]!, (string)given["refresh_token"]!);
        (await second.Get(token, Api)).Is(200);
        await Form(first, "/common/oauth2/v2.0/revoke", ("token", refresh), ("client_id", "c"));
        await Until(async () => (await second.Get(token, Api)).Status == 401);
    }

    [Fact]
    public async Task Work_that_is_due_is_done_by_one_of_them() // B26
    {
        var clock = At("2026-11-01T08:00:00Z");
        await using var first = await Start(clock);
        await using var second = await Start(clock, first.Data);
        var (_, invited) = await first.Shared();
        clock.Advance(TimeSpan.FromDays(20));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => (i % 2 == 0 ? first : second).RunDueWork()));
        Assert.Equal("Closed/Expired", (await first.Get(Sam, $"{Api}/{invited.Id}")).Pair);
        var history = (await second.Get(Sam, $"{Api}/{invited.Id}/history")).Value;
        Assert.Single(history, e => (string)e["kind"]! == "Expired");
    }

    private static async Task<JsonObject> Form(TandemServer server, string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), form, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, text);
        return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
    }

    private static async Task Until(Func<Task<bool>> isSo)
    {
        for (var waited = Stopwatch.StartNew(); !await isSo();)
        {
            Assert.True(waited.Elapsed < Patience, "The other node has not noticed.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}

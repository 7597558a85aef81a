using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Server.Storage;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Storage;

/// <summary>Many writers at once.</summary>
public sealed class ConcurrencyTests
{
    private const int Writers = 64;

    [Fact]
    public async Task Sixty_four_writers_with_tags_lose_no_update() // R82, R86
    {
        await using var server = await Start();
        var deal = await server.Own(change: b => b["details"]!["dealValue"] = 0);
        var (stored, refused) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async _ =>
        {
            // Each adds one, as a careful client does: read, change, write with the tag, and again when somebody was faster.
            for (var done = false; !done;)
            {
                var read = await server.Get(Alice, $"{Api}/{deal.Id}");
                var value = (decimal)read.Json["details"]!["dealValue"]! + 1;
                var reply = await server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/details/dealValue", value)), ("If-Match", read.ETag));
                done = reply.Status == 204;
                Interlocked.Increment(ref done ? ref stored : ref refused);
                if (!done)
                    reply.Refuses(412, "resourceModified");
            }
        }));
        var last = await server.Get(Alice, $"{Api}/{deal.Id}");
        Assert.Equal(Writers, stored);
        Assert.Equal(Writers, (decimal)last.Json["details"]!["dealValue"]!);
        Assert.Equal(Writers + 1, Version(last));
        Assert.Equal(Writers + 1, (await server.Get(Alice, $"{Api}/{deal.Id}/history")).Value.Count);
    }

    [Fact]
    public async Task Writers_without_a_tag_all_succeed() // R82
    {
        await using var server = await Start();
        var deal = await server.Own();
        var replies = await Task.WhenAll(Enumerable.Range(0, Writers).Select(i =>
            server.Patch(Alice, $"{Api}/{deal.Id}", new JsonArray(new JsonObject { ["op"] = "add", ["path"] = "/details/requirements/industries/-", ["value"] = new JsonObject { ["id"] = $"I{i}" } }))));
        Assert.All(replies, r => r.Is(204));
        var last = await server.Get(Alice, $"{Api}/{deal.Id}");
        Assert.Equal(Writers, last.Json["details"]!["requirements"]!["industries"]!.AsArray().Count);
        Assert.Equal(Writers + 1, Version(last));
    }

    [Fact]
    public async Task Of_many_invitations_into_an_engagement_one_succeeds() // R92
    {
        await using var server = await Start();
        var own = await server.Own();
        var replies = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => server.Post(Alice, Api, Bodies.Connected(own.EngagementId, "msft"))));
        Assert.Single(replies, r => r.Status == 201);
        Assert.All(replies.Where(r => r.Status != 201), r => r.Refuses(409, "referralAlreadyExists"));
    }

    [Fact]
    public async Task Two_writes_that_wait_for_each_other_both_succeed()
    {
        await using var server = await Start();
        var database = server.Services.GetRequiredService<HotDatabase>();
        var bothHold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var holding = 0;
        var kept = await Task.WhenAll(
            Write(SharedStateRow.Directory, SharedStateRow.Tokens), Write(SharedStateRow.Tokens, SharedStateRow.Directory));
        Assert.Equal([true, true], kept);

        Task<bool> Write(string first, string second) => database.Write(async (session, cancellation) =>
        {
            await Touch(session, first, cancellation);
            if (Interlocked.Increment(ref holding) == 2)
                bothHold.TrySetResult();
            // SQLite has one writer at a time.
            if (database.Kind == DatabaseKind.Postgres)
                await bothHold.Task;
            await Touch(session, second, cancellation);
            return true;
        }, TestContext.Current.CancellationToken);

        static Task Touch(HotSession session, string name, CancellationToken cancellation) =>
            session.Command("UPDATE shared_state SET stamp = stamp WHERE name = @name").With("@name", name).ExecuteNonQueryAsync(cancellation);
    }

    // The tag begins with the version, so that versions can be counted.
    private static int Version(Reply reply) => int.Parse(reply.ETag[1..9], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}

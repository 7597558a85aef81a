using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Audit;
using Tandem.Server.Referrals;
using Tandem.Server.Storage;
using Tandem.Server.Tests.Fixtures;
using Tandem.Server.Webhooks;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>Several nodes on one database, some of which die: no event is lost, and none is sent by two that live.</summary>
public sealed class WebhookNodeTests
{
    private static readonly string[] Users = [Alice, Carol, Sam];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_two_nodes_that_are_killed_at_random_both_send_only_what_a_dead_one_could_not_store() // W39
    {
        const int Kills = 20;
        await using var load = await CrashLoad.Start();
        var random = new Random(20_261_126);
        var nodes = new[] { await ServerProcess.Start(load.Data), await ServerProcess.Start(load.Data) };
        // No node died before its time here. The certificate that an event names is at the node that sent it.
        var deaths = new Dictionary<string, DateTimeOffset>();
        string[] paths = ["/contoso", "/fabrikam", "/msft"];
        try
        {
            foreach (var (user, path) in Users.Zip(paths))
                await CrashLoad.Send(nodes[0], user, HttpMethod.Post, Hooks.V1, Hooks.Registration(load.Failing(path)));
            foreach (var node in nodes)
                load.Write(node, 5, Users);
            for (var round = 0; round < Kills; round++)
            {
                var enough = load.Calls + random.Next(5, 40);
                await CrashLoad.Until(() => load.Calls >= enough);
                var dying = random.Next(nodes.Length);
                deaths[nodes[dying].Address] = TimeProvider.System.GetUtcNow();
                await load.Kill(nodes[dying]);
                nodes[dying].Dispose();
                nodes[dying] = await ServerProcess.Start(load.Data);
                load.Write(nodes[dying], 5, Users);
            }

            await load.Drain(nodes[0], Users);
            await load.Check(("/contoso", Contoso), ("/fabrikam", Fabrikam), ("/msft", "msft"));
            foreach (var (user, path) in Users.Zip(paths))
            {
                var successes = await CrashLoad.StoredSuccesses(nodes[0], user);
                foreach (var calls in load.Received.Where(c => c.Path == path && c.Answer.Status == 200).GroupBy(c => c.EventId()))
                {
                    // Of an event that came more than once only the last success is stored: the sender of each one before
                    // died between sending and storing, and nobody sent again while it lived.
                    Assert.Equal(1, successes[calls.Key]);
                    foreach (var (call, next) in calls.Zip(calls.Skip(1)))
                    {
                        Assert.True(deaths.TryGetValue(Sender(call), out var death), $"{calls.Key} came twice from a node that lives.");
                        Assert.True(next.At >= death, $"{calls.Key} came again at {next.At:O}; its sender lived until {death:O}.");
                    }
                }
            }
        }
        finally
        {
            foreach (var node in nodes)
                node.Dispose();
        }

        // Both sent, or there was nothing to be seen.
        Assert.InRange(load.Received.Select(Sender).Distinct().Count(), 3, Kills + 2);

        static string Sender(ReceivedCall call) => new Uri(call.Headers["X-MS-Certificate-Url"]).GetLeftPart(UriPartial.Authority);
    }

    [Fact]
    public async Task Two_nodes_deliver_each_event_once() // W39
    {
        await using var receiver = await WebhookReceiver.Start();
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        for (var i = 0; i < 4; i++)
            await first.Subscribe(Alice, $"{receiver.Address}/{i}");
        await second.Until(Alice, Hooks.V2, r => r.Value.Count == 4);
        await Task.WhenAll(Enumerable.Range(0, 2).SelectMany(i => new[] { first, second }).Select(async node =>
        {
            for (var i = 0; i < 10; i++)
            {
                var deal = await node.Own();
                (await node.Rename(deal.Id, "Renamed")).Is(204);
            }
        }));
        await receiver.Until(4 * 4 * 20, Cancellation);
        foreach (var subscription in (await first.Get(Alice, Hooks.V2)).Value)
            await first.Until(Alice, $"{Hooks.V2}/{subscription["id"]}/deliveries?state=Pending", r => r.Value.Count == 0);
        Assert.Equal(4 * 4 * 20, receiver.Calls.Count);
        Assert.Equal(4 * 4 * 20, receiver.Calls.Select(c => (c.Path, c.EventId())).Distinct().Count());
        foreach (var lane in receiver.Calls.GroupBy(c => (c.Path, c.Referral())))
            Assert.Equal(["tandem.referral.created", "tandem.referral.updated"], lane.Select(c => (string)c.Json()["type"]!));
    }

    [Fact]
    public async Task What_is_registered_with_one_node_is_registered_with_the_other() // W8, W10, W12, W16
    {
        await using var first = await Start();
        await using var second = await Start(data: first.Data);
        foreach (var (node, other) in new[] { (first, second), (second, first) })
        {
            await node.Register(Alice, "http://127.0.0.1:9/none", false, "referral-created");
            await other.Register(Alice, "http://127.0.0.1:9/", false, "test-created");
            Assert.Equal("http://127.0.0.1:9/", (string)(await node.Get(Alice, Hooks.V1)).Is(200).Json["WebhookUrl"]!);
            var asked = (await node.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(200);
            (await other.Get(Alice, $"{Hooks.V1}/validationEvents/{asked.Json["correlationId"]}")).Is(200);
            (await node.Send(Alice, HttpMethod.Delete, Hooks.V1, null)).Is(204);
            ErrorShape.CheckWebhook((await other.Get(Alice, Hooks.V1)).Is(404));
            ErrorShape.CheckWebhook((await other.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(400));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_node_that_has_not_heard_of_a_subscription_plans_its_events_all_the_same(bool knowsAnother) // W15, W40
    {
        var data = Directory.CreateTempSubdirectory("tandem-").FullName;
        // Neither does anything by itself: what one remembers stays as old as it is.
        await using var planning = await Idle(data);
        await using var other = await Idle(data);
        var subscriptions = other.Services.GetRequiredService<SubscriptionDirectory>();
        if (knowsAnother)
            await Subscribe(Fabrikam);
        await planning.Services.GetRequiredService<SubscriptionDirectory>().Reload(Cancellation);
        var id = await Subscribe(Contoso);
        using var body = JsonDocument.Parse(Bodies.Minimum().ToJsonString());
        var created = await other.Services.GetRequiredService<ReferralWriter>().Create(
            body.RootElement, EventPlan.CompanyAdminOf(Contoso), null, _ => null, null, Cancellation);
        Assert.True(created!.Value.Succeeded(out _, out _));

        var planner = planning.Services.GetRequiredService<EventPlanner>();
        // On PostgreSQL the log may be read as far only later.
        for (var tries = 0; !Equals(1L, await TestDatabase.Ask(data, $"SELECT COUNT(*) FROM webhook_deliveries WHERE subscription_id = '{id}'")); tries++)
        {
            Assert.True(tries < 12, "The event is lost.");
            if (!await planner.Skip(Cancellation))
                await planner.CatchUp(Cancellation);
        }

        foreach (var node in new[] { planning, other })
            await Stop(node);

        async Task<Guid> Subscribe(string organization)
        {
            var now = TimeProvider.System.GetUtcNow();
            var added = new Subscription
            {
                Id = Guid.NewGuid(),
                OrganizationId = organization,
                Kind = SubscriptionKind.PartnerCenter,
                Url = "http://127.0.0.1:9/",
                Events = Hooks.All,
                CreatedAt = now,
            };
            await subscriptions.Add(added, new AdminAuthor(null, "Test", null, now), [], Cancellation);
            return added.Id;
        }
    }

    [Fact]
    public async Task A_node_that_stops_leaves_its_work_to_the_other() // W40
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/", WebhookAnswer.Hang);
        await using var first = await Start();
        await first.Subscribe(Alice, $"{receiver.Address}/");
        await first.Own();
        await receiver.Until(1, Cancellation);
        await using var second = await Start(data: first.Data);
        receiver.On("/", WebhookAnswer.Ok);
        await first.StopAsync();
        var calls = await receiver.Until(2, Cancellation);
        Assert.Equal(calls[0].EventId(), calls[1].EventId());
        Assert.Equal(calls[0].Text, calls[1].Text);
    }

    private static async Task<WebApplication> Idle(string data)
    {
        var node = TandemApp.Create(
            [$"--Tandem:DataDirectory={data}", "--Logging:LogLevel:Default=Error", .. await TestDatabase.SettingsOf(data)]);
        await node.Prepare();
        return node;
    }

    private static async Task Stop(WebApplication node)
    {
        if (node.Services.GetRequiredService<HotDatabase>() is SqliteHotDatabase sqlite)
            await sqlite.StopAsync(Cancellation);
    }
}

using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>A server that is killed again and again: no event is lost.</summary>
public sealed class WebhookCrashTests
{
    [Fact]
    public async Task Every_committed_change_is_delivered_in_order_through_a_hundred_kills_and_failures() // W39, W40
    {
        const int Kills = 100;
        await using var load = await CrashLoad.Start();
        var random = new Random(20_261_125);
        for (var round = 0; round < Kills; round++)
        {
            using var server = await ServerProcess.Start(load.Data);
            if (round == 0)
            {
                await CrashLoad.Send(server, Alice, HttpMethod.Post, Hooks.V1, Hooks.Registration(load.Failing("/v1")));
                await CrashLoad.Send(server, Alice, HttpMethod.Post, Hooks.V2, new JsonObject { ["url"] = load.Failing("/v2") });
            }

            load.Write(server, 5, Alice, Alice, Alice);
            // Most die while they write and plan. Every tenth dies while it sends, which none may before the lease of the
            // last that did so has ended.
            Func<int> count = round % 10 == 9 ? () => load.Calls : () => load.Answers;
            var enough = count() + random.Next(5, 50);
            await CrashLoad.Until(() => count() >= enough);
            await load.Kill(server);
        }

        using var last = await ServerProcess.Start(load.Data);
        await load.Drain(last, Alice);
        await load.Check(("/v1", Contoso), ("/v2", Contoso));
    }
}

using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>What the list's referrals are worth together.</summary>
public sealed class TotalsTests
{
    private const string Totals = "/v1.0/engagements/totals";

    [Fact]
    public async Task Totals_count_and_add_up_by_state_stage_and_currency()
    {
        await using var server = await Start();
        await Deal(server, 100.10m, "USD", "10");
        await Deal(server, 200.20m, "USD", "10");
        await Deal(server, 50, "EUR", "10");
        await Deal(server, 70, "USD", "Qualify");
        await Deal(server, null, null, "10");
        var won = await Deal(server, 1_000, "USD", "80");
        (await server.Status(Alice, won.Id, "Closed", "Won")).Is(200);

        Assert.Equal(
        [
            "Active/Accepted/10/-: 1 worth 0", "Active/Accepted/10/EUR: 1 worth 50", "Active/Accepted/10/USD: 2 worth 300.3",
            "Active/Accepted/Qualify/USD: 1 worth 70", "Closed/Won/100/USD: 1 worth 1000",
        ], await Read(server, Alice, Totals));
        Assert.Equal(["Active/Accepted/10/EUR: 1 worth 50"], await Read(server, Alice, $"{Totals}?$filter=details/currency eq 'EUR'"));
        Assert.Empty(await Read(server, Alice, $"{Totals}?$filter=details/dealValue gt 5000"));
    }

    [Fact]
    public async Task Totals_hold_what_the_caller_may_see_of_his_own_organization_only() // B3, B13, R57
    {
        await using var server = await Start();
        var (own, _) = await server.Shared(FabrikamLocation);
        await Deal(server, 5, "USD", "10");
        var mine = (await server.Get(Alice, $"{Api}/{own.Id}")).Json["details"]!["dealValue"];
        Assert.Equal(2, await Count(server, Alice, Totals));
        Assert.Equal(0, await Count(server, Bob, Totals));
        Assert.Equal(1, await Count(server, Carol, Totals));
        // A list with this filter holds the other party's referral, too; its value is the same deal's.
        var engagement = $"{Totals}?$filter=engagementId eq {own.EngagementId}";
        var total = Assert.Single((await server.Get(Alice, engagement)).Is(200).Value);
        Assert.Equal(1, (long)total["count"]!);
        Assert.Equal((decimal)mine!, (decimal)total["dealValue"]!);
        Assert.Equal(2, (await server.Get(Alice, $"{Api}?$filter=engagementId eq {own.EngagementId}")).Value.Count);
        Assert.Equal(0, await Count(server, Sam, engagement));
    }

    [Fact]
    public async Task Totals_refuse_what_they_cannot_do() // R66
    {
        await using var server = await Start();
        (await server.Get(Alice, $"{Totals}?$filter=color eq 'red'")).Refuses(400, target: "$filter");
        (await server.Get(Alice, $"{Totals}?$top=3")).Refuses(400, "invalidValue", "$top");
        (await server.Get(Alice, $"{Totals}?$skiptoken=x")).Refuses(400, "invalidValue", "$skiptoken");
        (await server.Get(Eve, Totals)).Refuses(403, "roleRequired");
    }

    private static Task<Reply> Deal(TandemServer server, decimal? value, string? currency, string stage) => server.Own(change: b =>
    {
        b["details"] = new JsonObject { ["dealValue"] = value, ["currency"] = currency };
        b["salesStage"] = stage;
    });

    private static async Task<List<string>> Read(TandemServer server, string user, string path) =>
    [
        .. (await server.Get(user, path)).Is(200).Value.Select(t =>
            $"{t["status"]}/{t["substatus"]}/{t["salesStage"]}/{t["currency"] ?? "-"}: {t["count"]} worth {t["dealValue"]}").Order(StringComparer.Ordinal),
    ];

    private static async Task<long> Count(TandemServer server, string user, string path) =>
        (await server.Get(user, path)).Is(200).Value.Sum(t => (long)t["count"]!);
}

using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Server.Tests.Bulk;
using Tandem.Server.Tests.Fixtures;
using Tandem.Server.Tests.Referrals.Reports;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>The option <c>partner</c> says the same of lists, totals, exports and reports.</summary>
public sealed class PartnerOptionTests(BusyMonths months) : IClassFixture<BusyMonths>
{
    private const string Engagements = "/v1.0/engagements";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string?> Questions => new()
    {
        { Fabrikam, null },
        { "MSFT", null },
        { ReferralQuery.NoPartner, null },
        { Fabrikam, "details/currency eq 'USD' or status eq 'Closed'" },
        { ReferralQuery.NoPartner, "status ne 'Closed'" },
        // It reaches other parties' referrals where it stands alone (R57).
        { Fabrikam, $"organizationId eq '{Contoso}'" },
    };

    [Theory, MemberData(nameof(Questions))] // B13, R58
    public async Task Everything_that_takes_it_answers_for_the_same_deals(string partner, string? filter)
    {
        var alice = new TandemClient(months.Server.Http, Alice);
        var query = new ReferralQuery { Filter = filter, Partner = partner, OrderBy = "id" };
        var matching = await alice.Referrals.ListAsync(new ReferralQuery { Filter = filter }, Cancellation).Select(r => r.Id).ToListAsync(Cancellation);
        var expected = months.Own.Where(r => matching.Contains(r.Id)).Where(r => partner == ReferralQuery.NoPartner
            ? !PartnersOf(r).Any()
            : PartnersOf(r).Contains(partner.ToLowerInvariant())).OrderBy(r => r.Id.ToString(), StringComparer.Ordinal).ToList();
        Assert.InRange(expected.Count, 1, months.Own.Count - 1);

        var page = await alice.Referrals.ListPageAsync(query, Cancellation);
        Assert.Equal(expected.Select(r => r.Id), await alice.Referrals.ListAsync(query, Cancellation).Select(r => r.Id).ToListAsync(Cancellation));
        Assert.Equal(expected.Count, page.ODataCount);
        Assert.Equal(expected.Select(r => r.Id), await alice.Referrals.ListAsync(query with { Count = false }, Cancellation).Select(r => r.Id).ToListAsync(Cancellation));
        Assert.Equal(expected.Count, (await alice.Referrals.TotalsAsync(filter, partner, Cancellation)).Sum(t => t.Count));
        Assert.Equal(expected.Count, (await alice.Reports.SourcesAsync(new ReportQuery { Filter = filter, Partner = partner }, Cancellation)).Sum(r => r.Count));
        using var file = await alice.Bulk.ExportAsync(query, cancellation: Cancellation);
        var rows = (await file.Text()).Split("\r\n").Skip(1);
        Assert.Equal(expected.Select(r => $"{r.Id}"), rows.Select(r => r.Split(',')).Where(c => c.Length > 2 && Guid.TryParse(c[2], out _)).Select(c => c[2]));
    }

    [Fact]
    public async Task It_holds_over_all_pages_and_is_never_tracked() // R59, R60
    {
        await using var server = await Start();
        var (first, _) = await server.Shared(FabrikamLocation);
        for (var i = 0; i < 102; i++)
            await server.Own();
        var page = (await server.Get(Alice, $"{Api}?PARTNER=none", ("Prefer", "odata.track-changes"))).Is(200);
        Assert.Equal((100, 102), (page.Value.Count, (int)page.Json["@odata.count"]!));
        Assert.False(page.Headers.ContainsKey("Preference-Applied"));
        var next = (await server.Get(Alice, new Uri((string)page.Json["@odata.nextLink"]!).PathAndQuery)).Is(200);
        Assert.Equal((2, 102), (next.Value.Count, (int)next.Json["@odata.count"]!));
        Assert.Null(next.Json["@odata.deltaLink"]);
        Assert.Equal(103, (await server.Get(Alice, Api)).Json["@odata.count"]!.GetValue<int>());
        Assert.Equal(first.Id, Assert.Single((await server.Get(Alice, $"{Api}?partner={Fabrikam}")).Value)["id"]!.ToString());
    }

    [Fact]
    public async Task Whoever_joins_is_counted_at_once_though_the_own_deal_has_not_changed() // R58
    {
        await using var server = await Start();
        var (own, _) = await server.Shared(FabrikamLocation);
        for (var i = 0; i < 2; i++)
            Assert.Equal(0, (await server.Get(Alice, $"{Api}?partner=msft")).Json["@odata.count"]!.GetValue<int>());
        (await server.Post(Alice, Api, Bodies.Connected(own.EngagementId, "msft"))).Is(201);
        Assert.Equal(1, (await server.Get(Alice, $"{Api}?partner=msft")).Json["@odata.count"]!.GetValue<int>());
        Assert.Equal(0, (await server.Get(Alice, $"{Api}?partner=none")).Json["@odata.count"]!.GetValue<int>());
    }

    [Fact]
    public async Task It_tells_nobody_of_deals_that_he_does_not_see() // B3, B13
    {
        var bob = new TandemClient(months.Server.Http, Bob);
        var seen = await bob.Referrals.ListAsync(cancellation: Cancellation).ToListAsync(Cancellation);
        Assert.Equal(seen.Count, await bob.Referrals.ListAsync(new ReferralQuery { Partner = ReferralQuery.NoPartner }, Cancellation).CountAsync(Cancellation)
            + await bob.Referrals.ListAsync(new ReferralQuery { Partner = Fabrikam }, Cancellation).CountAsync(Cancellation)
            + await bob.Referrals.ListAsync(new ReferralQuery { Partner = "msft" }, Cancellation).CountAsync(Cancellation)
            - seen.Count(r => PartnersOf(r).Count() == 2));
        // The other party's own record is his, whatever the filter says.
        var shared = months.Own.First(r => PartnersOf(r).Contains(Fabrikam));
        var listed = await months.Server.Get(Alice, $"{Api}?$filter=engagementId eq {shared.EngagementId}&partner={Fabrikam}");
        Assert.Equal($"{shared.Id}", Assert.Single(listed.Is(200).Value)["id"]!.ToString());
        Assert.Empty((await months.Server.Get(Dan, $"{Api}?partner={Contoso}")).Is(200).Value);
    }

    [Theory]
    [InlineData("partner=msft&partner=none", "give it once")]
    [InlineData("partner=a%00b", "leave %00 out")]
    public async Task What_it_cannot_be_is_refused_everywhere(string options, string hint) // R66
    {
        foreach (var path in new[] { Api, $"{Engagements}/totals", $"{Engagements}/export", $"{Engagements}/reports/partners", $"{Engagements}/reports/times" })
        {
            var refused = (await months.Server.Get(Alice, $"{path}?{options}")).Refuses(400, target: "partner");
            Assert.Contains(hint, refused.Text, StringComparison.Ordinal);
            Assert.Equal(200, (await months.Server.Get(Alice, $"{path}?partner={Uri.EscapeDataString("O'Brien 😀")}")).Status);
            Assert.Equal(200, (await months.Server.Get(Alice, $"{path}?partner=%20")).Status);
        }

        Assert.Empty((await months.Server.Get(Alice, $"{Api}?partner={new string('x', 3000)}")).Is(200).Value);
        Assert.Equal(months.Own.Count, (int)(await months.Server.Get(Alice, $"{Api}?partner=")).Json["@odata.count"]!);
    }

    private IEnumerable<string> PartnersOf(Referral own) =>
        months.Others.Where(o => o.EngagementId == own.EngagementId).Select(o => o.OrganizationId!).Distinct();
}

using System.Text.Json.Nodes;
using Tandem.Client;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.Referrals;
using Tandem.Server.Organizations;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Organizations;

/// <summary>Rules for the deals that Microsoft sends; each test has a server of its own, since rules are few and shared.</summary>
public sealed class RoutingTests : IAsyncLifetime
{
    private const string Org = $"/admin/organizations/{Fabrikam}";
    private const string Routing = $"{Org}/routing";
    private const string Own = "SOL-51000-FAB";
    private const string Second = "SOL-52000-FAB";

    private TandemServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await Start();
        (await _server.Send(Carol, HttpMethod.Put, $"{Org}/locations/{FabrikamLocation}", """{"name":"Fabrikam HQ","mpnId":"100"}""")).Is(200);
        foreach (var (id, name, mpnId) in new[] { ("izmir", "Fabrikam İzmir", "200"), ("lyon", "Fabrikam Lyon", "300"), ("oslo", "Fabrikam Oslo", "400") })
            (await _server.Send(Carol, HttpMethod.Put, $"{Org}/locations/{id}", $$"""{"name":"{{name}}","mpnId":"{{mpnId}}"}""")).Is(200);
        (await _server.Send(Carol, HttpMethod.Put, $"{Org}/solutions/{Second}", """{"name":"Fabrikam Payroll"}""")).Is(200);
        (await _server.Patch(Carol, Org, new JsonObject { ["primaryMpnId"] = "900" })).Is(200);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task The_most_specific_rule_decides_and_without_one_the_location_or_the_owner() // B60
    {
        Assert.Equal("900", await ArrivesAt(Own, "TR"));
        Assert.Equal("100", await ArrivesAt(Own, "TR", FabrikamLocation));

        await Add(null, null, "400");
        Assert.Equal("400", await ArrivesAt(Own, "TR"));
        // The receiver decides which of its locations works on a deal, whichever the sender found first.
        Assert.Equal("400", await ArrivesAt(Own, "TR", FabrikamLocation));
        await Add(null, "TUR", "300");
        Assert.Equal("300", await ArrivesAt(Own, "TR"));
        Assert.Equal("400", await ArrivesAt(Own, "FR"));
        await Add(Own.ToLowerInvariant(), null, "200");
        Assert.Equal("200", await ArrivesAt(Own, "TR"));
        await Add(Own, "tr", "100");
        Assert.Equal("100", await ArrivesAt(Own, "TR"));
        Assert.Equal("200", await ArrivesAt(Own, "FR"));
        Assert.Equal("300", await ArrivesAt(Second, "TR"));
        Assert.Equal("400", await ArrivesAt(Second, null));
        Assert.Equal("400", await ArrivesAt(null, "FR", FabrikamLocation));

        var rules = (await _server.Get(Carol, Routing)).Is(200).Json["rules"]!.AsArray();
        Assert.Equal(
            [(Own, "TR", "100"), (Own, null, "200"), (null, "TR", "300"), (null, null, "400")],
            rules.Select(r => ((string?)r!["solutionId"], (string?)r["country"], (string)r["mpnId"]!)));
    }

    [Fact]
    public async Task Rules_act_on_deals_of_Microsofts_sellers_alone_and_show_in_nothing_but_the_location() // B60, B62
    {
        var unruled = await Send(Own, "TR");
        await Add(null, null, "400");
        // A partner names the location itself, and a lead belongs to the offer.
        Assert.Equal("100", (string?)(await _server.Shared(FabrikamLocation)).Other.Json["mpnId"]);
        Assert.Equal("900", (string?)(await _server.Lead()).Json["mpnId"]);
        Assert.Equal("900", (string?)(await _server.Own(Carol)).Json["mpnId"]);
        var ruled = await Send(Own, "TR");
        Assert.Equal("400", (string?)ruled.Json["mpnId"]);
        Assert.Equal(unruled.Json.AsObject().Select(p => p.Key), ruled.Json.AsObject().Select(p => p.Key));
    }

    [Fact]
    public async Task A_deal_is_seen_by_the_admin_of_the_location_that_it_was_routed_to() // B6, B60
    {
        var user = (await _server.Post(Carol, $"{Org}/users", new JsonObject { ["email"] = "nil@fabrikam.example", ["name"] = "Nil" })).Is(201).Json["id"];
        (await _server.Post(Carol, $"{Org}/users/{user}/roles", new JsonObject { ["role"] = "Referrals admin", ["mpnId"] = "200" })).Is(201);
        await Add(null, "TR", "200");
        var here = await Send(Own, "TR");
        var elsewhere = await Send(Own, "FR");
        (await _server.Get("nil@fabrikam.example", $"{Api}/{here.Id}")).Is(200);
        (await _server.Get("nil@fabrikam.example", $"{Api}/{elsewhere.Id}")).Is(403);
    }

    [Fact]
    public async Task A_change_applies_to_later_deals_only() // B61, B8
    {
        var rule = await Add(Own, null, "200");
        var before = await Send(Own, "TR");
        (await _server.Patch(Carol, $"{Routing}/{rule}", new JsonObject { ["mpnId"] = "300" })).Is(200);
        Assert.Equal("300", await ArrivesAt(Own, "TR"));
        Assert.Equal("200", (string?)(await _server.Get(Carol, $"{Api}/{before.Id}")).Json["mpnId"]);
        (await _server.Send(Carol, HttpMethod.Delete, $"{Routing}/{rule}", null)).Is(204);
        Assert.Equal("900", await ArrivesAt(Own, "TR"));
    }

    [Fact]
    public async Task Only_a_company_wide_admin_edits_and_everybody_with_a_role_reads() // B61
    {
        var user = (await _server.Post(Carol, $"{Org}/users", new JsonObject { ["email"] = "nil@fabrikam.example", ["name"] = "Nil" })).Is(201).Json["id"];
        (await _server.Get("nil@fabrikam.example", Routing)).Is(403);
        (await _server.Post(Carol, $"{Org}/users/{user}/roles", new JsonObject { ["role"] = "Account admin" })).Is(201);
        (await _server.Get("nil@fabrikam.example", Routing)).Is(403);
        (await _server.Post(Carol, $"{Org}/users/{user}/roles", new JsonObject { ["role"] = "Referrals admin", ["mpnId"] = "200" })).Is(201);

        var rule = await Add(Own, null, "200");
        foreach (var reader in new[] { Dan, "nil@fabrikam.example" })
        {
            Assert.Single((await _server.Get(reader, Routing)).Is(200).Json["rules"]!.AsArray());
            Assert.Equal("200", (string?)(await _server.Get(reader, $"{Routing}/decision?solution={Own}&country=TR")).Is(200).Json["mpnId"]);
            var refused = (await _server.Post(reader, Routing, new JsonObject { ["mpnId"] = "300" })).Is(403);
            Assert.Contains("Referrals admin for the entire company", (string)refused.Json["detail"]!, StringComparison.Ordinal);
            (await _server.Patch(reader, $"{Routing}/{rule}", new JsonObject { ["mpnId"] = "300" })).Is(403);
            (await _server.Send(reader, HttpMethod.Delete, $"{Routing}/{rule}", null)).Is(403);
        }

        // Not even an operator, whose business the rest of an organization is.
        (await _server.Get(Sam, Routing)).Is(404);
        (await _server.Patch(Alice, $"{Routing}/{rule}", new JsonObject { ["mpnId"] = "300" })).Is(404);
        Assert.Equal("200", await ArrivesAt(Own, "TR"));
    }

    [Theory] // B61
    [InlineData(null, null)]
    [InlineData(null, "TR")]
    [InlineData(Own, null)]
    [InlineData(Own, "TR")]
    public async Task A_second_rule_for_the_same_pair_is_rejected(string? solution, string? country)
    {
        await Add(solution, country, "200");
        var reply = (await _server.Post(Carol, Routing, Rule(solution?.ToLowerInvariant(), country?.ToLowerInvariant(), "300"))).Is(409);
        Assert.Equal("application/problem+json", reply.Headers["Content-Type"]);
        Assert.Equal("solutionId", (string?)reply.Json["errors"]![0]!["target"]);
        Assert.Contains("it leads to 200", (string)reply.Json["detail"]!, StringComparison.Ordinal);

        // Nor does a change make one.
        var other = await Add(Second, "NO", "300");
        (await _server.Patch(Carol, $"{Routing}/{other}", new JsonObject { ["solutionId"] = solution ?? "", ["country"] = country ?? "" })).Is(409);
        (await _server.Patch(Carol, $"{Routing}/{other}", new JsonObject { ["mpnId"] = "400" })).Is(200);
    }

    [Fact]
    public async Task Of_two_that_add_the_same_rule_one_is_told_so() // B61
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => _server.Post(Carol, Routing, Rule(Own, "TR", i % 2 == 0 ? "200" : "300"))));
        Assert.Single(replies, r => r.Status == 201);
        Assert.All(replies.Where(r => r.Status != 201), r => Assert.Equal(409, r.Status));
        Assert.Single((await _server.Get(Carol, Routing)).Json["rules"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"solutionId":"SOL-34104-EBB","mpnId":"200"}""", "solutionId", "your organization publishes")]
    [InlineData("""{"country":"Turkey","mpnId":"200"}""", "country", "ISO 3166-1")]
    [InlineData("""{"mpnId":"555"}""", "mpnId", "one of your locations: ")]
    [InlineData("""{"solutionId":"","country":""}""", "mpnId", "required")]
    [InlineData("""{"mpnId":""}""", "mpnId", "1 to 64 characters")]
    [InlineData("""{"partnerId":"200"}""", "partnerId", "no property")]
    public async Task Bad_input_is_told_at_the_field(string body, string target, string says)
    {
        var reply = (await _server.Send(Carol, HttpMethod.Post, Routing, body)).Is(400);
        Assert.Equal(target, (string?)reply.Json["errors"]![0]!["target"]);
        Assert.Contains(says, (string)reply.Json["detail"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Empty((await _server.Get(Carol, Routing)).Json["rules"]!.AsArray());
    }

    [Fact]
    public async Task The_client_edits_rules_and_asks_where_a_deal_would_go()
    {
        var carol = new TandemClient(_server.Http, Carol).Administration;
        var rule = await carol.CreateRoutingRuleAsync(Fabrikam, new RoutingRuleDraft { SolutionId = Own, Country = "TR", MpnId = "200" }, "once", Cancellation);
        Assert.Equal(rule, await carol.CreateRoutingRuleAsync(Fabrikam, new RoutingRuleDraft { SolutionId = Own, Country = "TR", MpnId = "200" }, "once", Cancellation));
        Assert.Equal(("200", rule.Id), await Decision(Own, "TR"));
        Assert.Equal(("900", (Guid?)null), await Decision(Own, "FR"));
        Assert.Equal("FR", (await carol.ChangeRoutingRuleAsync(Fabrikam, rule.Id, new RoutingRuleDraft { Country = "fr" }, Cancellation)).Country);
        Assert.Equal(("200", rule.Id), await Decision(Own, "FR"));
        var routing = await carol.GetRoutingAsync(Fabrikam, Cancellation);
        Assert.Equal(["100", "200", "300", "400"], routing.Locations.Select(l => l.MpnId).Order());
        Assert.Equal([Own, Second], routing.Solutions.Select(s => s.Id).Order());
        Assert.Equal("900", routing.PrimaryMpnId);
        await carol.DeleteRoutingRuleAsync(Fabrikam, rule.Id, Cancellation);
        Assert.Empty((await carol.GetRoutingAsync(Fabrikam, Cancellation)).Rules);
        await Assert.ThrowsAsync<TandemException>(() => carol.DeleteRoutingRuleAsync(Fabrikam, rule.Id, Cancellation));
        await Assert.ThrowsAsync<TandemException>(() => carol.DecideRoutingAsync(Fabrikam, null, "Atlantis", Cancellation));

        async Task<(string?, Guid?)> Decision(string solution, string country)
        {
            var decided = await carol.DecideRoutingAsync(Fabrikam, solution, country, Cancellation);
            return (decided.MpnId, decided.RuleId);
        }
    }

    [Fact]
    public void Of_several_solutions_the_most_specific_rule_counts_and_then_the_first_solution() // B60
    {
        RoutingRule[] rules = [New("A", ""), New("B", ""), New("B", "TR"), New("", "TR")];
        Assert.Equal(rules[0], RoutingRule.Deciding(rules, ["A", "B"], "FR"));
        Assert.Equal(rules[1], RoutingRule.Deciding(rules, ["B", "A"], "FR"));
        Assert.Equal(rules[2], RoutingRule.Deciding(rules, ["A", "B"], "TR"));
        Assert.Equal(rules[3], RoutingRule.Deciding(rules, ["C"], "TR"));
        Assert.Null(RoutingRule.Deciding(rules, [], null));

        static RoutingRule New(string solution, string country) =>
            new() { Id = Guid.NewGuid(), OrganizationId = Fabrikam, SolutionId = solution, Country = country, MpnId = "1" };
    }

    private static JsonObject Rule(string? solution, string? country, string mpnId) =>
        new() { ["solutionId"] = solution, ["country"] = country, ["mpnId"] = mpnId };

    private async Task<string> Add(string? solution, string? country, string mpnId) =>
        (await _server.Post(Carol, Routing, Rule(solution, country, mpnId))).Is(201).Id;

    private async Task<string?> ArrivesAt(string? solution, string? country, string? location = null) =>
        (string?)(await Send(solution, country, location)).Json["mpnId"];

    /// <summary>Sam's deal, of which Fabrikam gets its own referral.</summary>
    private async Task<Reply> Send(string? solution, string? country, string? location = null)
    {
        var sent = (await _server.Post(Sam, Api, Bodies.Minimum(b =>
        {
            b["type"] = nameof(ReferralType.Shared);
            b["customerProfile"]!["address"] = new JsonObject { ["country"] = country };
            var targets = new JsonArray();
            if (location is not null)
                targets.Add(new JsonObject { ["type"] = "BusinessProfileLocation", ["id"] = location });
            if (solution is not null)
                targets.Add(new JsonObject { ["type"] = "SolutionProfile", ["id"] = solution });
            b["target"] = targets;
        }))).Is(201);
        Assert.Equal(Fabrikam, (string?)sent.Json["organizationId"]);
        return sent;
    }
}

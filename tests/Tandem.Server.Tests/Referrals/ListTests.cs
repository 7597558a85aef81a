using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>GET of the list: filter, order, selection, pages.</summary>
public sealed class ListTests(ListTests.Stock stock) : IClassFixture<ListTests.Stock>
{
    private const int Count = 230;
    private readonly TandemServer _server = stock.Server;

    /// <summary>230 deals of Alice's, one of them shared with Microsoft, and one of Carol's.</summary>
    public sealed class Stock : IAsyncLifetime
    {
        public TandemServer Server { get; private set; } = null!;

        public string Engagement { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            Server = await Start();
            Engagement = (await Server.Shared()).Own.EngagementId;
            for (var i = 1; i < Count; i++)
            {
                await Server.Own(change: b =>
                {
                    b["name"] = $"Deal {i:000} İstanbul O'Neil";
                    b["externalReferenceId"] = $"REF-{i}";
                    b["favorite"] = i % 2 == 0;
                    b["campaignId"] = i % 5 == 0 ? null : $"C{i % 7}";
                    b["details"] = new JsonObject { ["dealValue"] = i % 10 == 0 ? null : i * 10, ["currency"] = i % 3 == 0 ? "EUR" : "USD", ["closingDateTime"] = $"2030-01-{(i % 28) + 1:00}" };
                    b["customerProfile"]!["address"] = new JsonObject { ["country"] = i % 4 == 0 ? "TR" : "US", ["city"] = $"City {i % 3}" };
                    b["team"] = i % 50 == 0 ? new JsonArray(Bodies.Member("R2D2@contoso.example", "Artoo"), Bodies.Member("x@contoso.example")) : new JsonArray();
                    b["details"]!["requirements"] = new JsonObject { ["solutions"] = i % 20 == 0 ? new JsonArray(new JsonObject { ["id"] = "SOL-20", ["price"] = i }) : new JsonArray() };
                });
            }

            await Server.Own(Carol);
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }

    [Theory] // R62, R63, R64, R65
    [InlineData("favorite eq true", 114)]
    [InlineData("favorite", 114)]
    [InlineData("not favorite", 116)]
    [InlineData("not (favorite eq true) and favorite ne true", 116)]
    [InlineData("customerProfile/address/country eq 'TR'", 57)]
    [InlineData("CustomerProfile/Address/Country eq 'tr' and direction eq 'outgoing'", 57)]
    [InlineData("customerProfile/address/city eq 'CITY 1'", 77)]
    [InlineData("externalReferenceId eq 'ref-7'", 1)]
    [InlineData("externalReferenceId in ('REF-7', 'ref-8','nothing')", 2)]
    [InlineData("externalReferenceId eq null", 1)]
    [InlineData("campaignId eq null", 46)]
    [InlineData("campaignId ne 'C1'", 204)]
    [InlineData("not (campaignId eq 'C1')", 204)]
    [InlineData("details/dealValue gt 2000", 28)]
    [InlineData("2000 lt details/dealValue", 28)]
    [InlineData("not (details/dealValue gt 2000)", 202)]
    [InlineData("details/dealValue ge 2270 or details/dealValue le 20", 6)]
    [InlineData("details/dealValue eq 10.0 or details/dealValue eq 20 and favorite eq true", 2)]
    [InlineData("(details/dealValue eq 10 or details/dealValue eq 20) and favorite eq true", 1)]
    [InlineData("details/dealValue eq null", 22)]
    [InlineData("details/currency eq 'eur'", 76)]
    [InlineData("details/closingDateTime eq 2030-01-28T00:00:00Z", 8)]
    [InlineData("details/closingDateTime eq '2030-01-28'", 8)]
    [InlineData("details/closingDateTime ge 2030-01-28", 8)]
    [InlineData("day(details/closingDateTime) eq 28 and month(details/closingDateTime) eq 1 and year(details/closingDateTime) eq 2030", 8)]
    [InlineData("contains(name,'o''neil')", 229)]
    [InlineData("contains(tolower(name), 'DEAL 00')", 9)]
    [InlineData("startswith(name, 'deal 22') and endswith(name, 'NEIL')", 10)]
    [InlineData("startswith(toupper(name), 'deal 001')", 1)]
    [InlineData("indexof(name, '001') eq 5", 1)]
    [InlineData("length(externalReferenceId) eq 5", 9)]
    [InlineData("concat(externalReferenceId, 'x') eq 'ref-5x'", 1)]
    [InlineData("team/any(t:t/email eq 'r2d2@contoso.example')", 4)]
    [InlineData("team/any(t: t/email eq 'R2D2@contoso.example' and t/firstName eq 'artoo')", 4)]
    [InlineData("team/any(t: t/email eq 'R2D2@contoso.example' and t/firstName eq 'Pat')", 0)]
    [InlineData("team/any()", 5)]
    [InlineData("not team/any()", 225)]
    [InlineData("team/all(t: t/firstName ne 'Artoo')", 226)]
    [InlineData("email eq 'r2d2@CONTOSO.example'", 4)]
    [InlineData("customerProfile/team/any(c: c/email eq 'sue.smith@contoso.com')", 1)]
    [InlineData("details/requirements/solutions/any(s: s/id eq 'sol-20' and s/price gt 100)", 6)]
    [InlineData("target/any(t: t/type eq 'solutionprofile')", 1)]
    [InlineData("status eq 'active' and substatus in ('Accepted','Engaged')", 230)]
    [InlineData("type eq 'Shared'", 1)]
    [InlineData("salesStage eq '10'", 230)]
    [InlineData("salesStage eq 10", 230)]
    [InlineData("mpnId eq null and registrationStatus eq 'None'", 230)]
    [InlineData("inviteContext/invitedBy/organizationId eq '7D23E5CA-19DC-4EAA-AAC8-5E6B559F0D1D'", 229)]
    [InlineData("createdDateTime gt 2020-01-01T00:00:00Z and updatedDateTime gt '2020-01-01'", 230)]
    [InlineData("createdDateTime eq updatedDateTime", 229)]
    [InlineData("name eq 'deal 001 i\u0307stanbul o''neil'", 0)]
    [InlineData("qualification eq 'SalesQualified' and status eq 'New'", 0)]
    [InlineData("true", 230)]
    public async Task A_filter_finds_what_it_says(string filter, int count)
    {
        var page = (await List(("$filter", filter))).Is(200);
        Assert.Equal(count, (int)page.Json["@odata.count"]!);
        Assert.Equal(Math.Min(count, 100), page.Value.Count);
    }

    [Theory] // R66
    [InlineData("")]
    [InlineData("status")]
    [InlineData("status eq")]
    [InlineData("status eq 'Nwe'")]
    [InlineData("status eq 1")]
    [InlineData("status gt 'New'")]
    [InlineData("statsu eq 'New'")]
    [InlineData("details eq null")]
    [InlineData("details/foo eq 1")]
    [InlineData("name/foo eq 1")]
    [InlineData("name eq 5")]
    [InlineData("name eq name eq name")]
    [InlineData("details/dealValue eq 'ten'")]
    [InlineData("favorite eq 'perhaps'")]
    [InlineData("createdDateTime gt 'yesterday'")]
    [InlineData("id eq 'x'")]
    [InlineData("team eq 'x'")]
    [InlineData("team/email eq 'x'")]
    [InlineData("team/any(t: x/email eq 'x')")]
    [InlineData("team/any(t: t/nothing eq 'x')")]
    [InlineData("team/any(t: team/any(t: t/email eq 'x'))")]
    [InlineData("contains(name)")]
    [InlineData("contains(details/dealValue, '1')")]
    [InlineData("soundex(name) eq 'x'")]
    [InlineData("name add 1 eq 2")]
    [InlineData("1 eq 1")]
    [InlineData("email ne 'x'")]
    [InlineData("name in 'x'")]
    [InlineData("'unterminated")]
    [InlineData("((((")]
    [InlineData("@odata.context eq 'x'")]
    [InlineData("links/self/uri eq 'x'")]
    public async Task A_filter_that_makes_no_sense_is_refused(string filter) =>
        (await List(("$filter", filter))).Refuses(400, "invalidFilter", "$filter");

    [Fact]
    public async Task An_excessive_filter_is_refused_not_tried() // R66
    {
        (await List(("$filter", string.Join(" or ", Enumerable.Repeat("favorite eq true", 400))))).Refuses(400, "invalidFilter");
        (await List(("$filter", $"{new string('(', 200)}favorite{new string(')', 200)}"))).Refuses(400, "invalidFilter");
        (await List(("$filter", $"name eq '{new string('x', 9000)}'"))).Refuses(400, "invalidFilter");
        (await List(("$filter", $"{string.Concat(Enumerable.Repeat("not ", 900))}favorite"))).Refuses(400, "invalidFilter");
    }

    [Fact]
    public async Task Option_names_are_read_encoded_and_with_plus_for_a_blank() // R7
    {
        var plain = (await _server.Get(Alice, $"{Api}?$filter=externalReferenceId+eq+'REF-7'")).Is(200);
        var encoded = (await _server.Get(Alice, $"{Api}?%24filter=externalReferenceId%20eq%20%27REF-7%27&%24TOP=1")).Is(200);
        Assert.Equal((string?)plain.Value[0]["id"], (string?)encoded.Value[0]["id"]);
    }

    [Fact]
    public async Task Pages_hold_a_hundred_and_lead_on_by_a_link() // R57, R58, R59, R60
    {
        var seen = new List<string>();
        var page = (await List()).Is(200);
        Assert.Equal($"{_server.Address}/v1.0/$metadata#Referrals", (string?)page.Json["@odata.context"]);
        while (true)
        {
            Assert.Equal(Count, (int)page.Json["@odata.count"]!);
            seen.AddRange(page.Value.Select(v => (string)v["id"]!));
            Assert.All(page.Value, v => Assert.NotNull(v["links"]!["self"]));
            Assert.All(page.Value, v => Assert.StartsWith("\"", (string)v["eTag"]!, StringComparison.Ordinal));
            if (page.Json["@odata.nextLink"] is not { } next)
                break;
            Assert.Equal(100, page.Value.Count);
            Assert.StartsWith($"{_server.Address}{Api}?$skiptoken=", (string)next!, StringComparison.Ordinal);
            page = (await _server.Get(Alice, (string)next!)).Is(200);
        }

        Assert.False(page.Json.AsObject().ContainsKey("@odata.nextLink"));
        Assert.Equal(Count, seen.Count);
        Assert.Equal(Count, seen.Distinct().Count());
    }

    [Theory] // R60, R61
    [InlineData("createdDateTime")]
    [InlineData("createdDateTime desc")]
    [InlineData("updatedDateTime asc")]
    [InlineData("campaignId desc,name")]
    [InlineData("campaignId,details/dealValue desc")]
    [InlineData("details/dealValue,id desc")]
    [InlineData("favorite desc,details/currency,externalReferenceId desc")]
    [InlineData("customerProfile/address/city desc")]
    [InlineData("details/closingDateTime desc,details/dealValue")]
    public async Task Pages_follow_the_order_without_a_gap_or_a_repeat(string order)
    {
        var whole = await All(("$orderby", order), ("$top", "200"));
        Assert.Equal(200, whole.Distinct().Count());
        Assert.Equal((await All(("$orderby", order), ("$top", "230"), ("$skip", "0"))).Take(200), whole);
        Assert.Equal(whole.Skip(30).Take(50), await All(("$orderby", order), ("$top", "50"), ("$skip", "30")));
    }

    [Fact]
    public async Task Inserts_between_pages_neither_repeat_nor_skip_rows() // R60
    {
        await using var server = await Start();
        for (var i = 0; i < 120; i++)
            await server.Own();
        var first = await server.Get(Alice, Api);
        for (var i = 0; i < 5; i++)
            await server.Own();
        var second = await server.Get(Alice, (string)first.Json["@odata.nextLink"]!);
        Assert.Equal(120, first.Value.Concat(second.Value).Select(v => (string)v["id"]!).Distinct().Count());
        Assert.Equal(20, second.Value.Count);
    }

    [Fact]
    public async Task A_token_serves_only_whom_it_was_given_and_as_it_is() // R60
    {
        var next = (string)(await List(("$filter", "favorite eq true"), ("$select", "id"))).Json["@odata.nextLink"]!;
        var page = (await _server.Get(Alice, $"{next}&$filter=favorite eq false&$select=name")).Is(200);
        Assert.Equal(14, page.Value.Count);
        Assert.Equal(["id"], page.Value[0].AsObject().Select(m => m.Key));
        (await _server.Get(Carol, next)).Refuses(400, "invalidSkipToken", "$skiptoken");
        (await _server.Get(Alice, next[..^2] + "AA")).Refuses(400, "invalidSkipToken", "$skiptoken");
        (await _server.Get(Alice, $"{Api}?$skiptoken=x")).Refuses(400, "invalidSkipToken");
        (await _server.Get(Alice, $"{Api}?$skiptoken=")).Refuses(400, "invalidSkipToken");
        // The documented sample's path is served too (R4).
        (await _server.Get(Alice, next.Replace("/engagements", "", StringComparison.Ordinal))).Is(200);
    }

    [Fact]
    public async Task Top_skip_and_count_mean_what_they_say() // R58, R61
    {
        Assert.Empty((await List(("$top", "0"))).Value);
        var page = await List(("$top", "3"), ("$skip", "228"));
        Assert.Equal(2, page.Value.Count);
        Assert.Equal(Count, (int)page.Json["@odata.count"]!);
        Assert.False((await List(("$count", "false"))).Json.AsObject().ContainsKey("@odata.count"));
        Assert.Equal(200, (await All(("$top", "200"))).Count);
        foreach (var (name, value) in new[] { ("$top", "-1"), ("$top", "x"), ("$skip", "-1"), ("$count", "maybe"), ("$top", "") })
            (await List((name, value))).Refuses(400, "invalidValue", name);
        Assert.Equal(100, (await List(("$top", "99999999999999999999"))).Value.Count);
    }

    [Fact]
    public async Task Selected_members_and_no_others_are_emitted() // R57
    {
        var page = await List(("$select", "id, status,customerProfile"), ("$top", "1"));
        Assert.Equal(["id", "status", "customerProfile"], page.Value[0].AsObject().Select(m => m.Key));
        Assert.NotNull(page.Value[0]["customerProfile"]!["address"]);
        page = await List(("$select", "customerprofile/NAME,links"), ("$top", "1"));
        Assert.Equal(["customerProfile", "links"], page.Value[0].AsObject().Select(m => m.Key));
        Assert.Equal(["name"], page.Value[0]["customerProfile"]!.AsObject().Select(m => m.Key));
        (await List(("$select", "id,nmae"))).Refuses(400, "invalidValue", "$select");
    }

    [Fact]
    public async Task Unknown_options_are_refused_and_foreign_ones_ignored() // R57
    {
        (await List(("$search", "x"))).Refuses(400, "invalidValue", "$search");
        (await List(("$filtr", "x"))).Refuses(400, "invalidValue", "$filtr");
        (await List(("$orderby", "nothing"))).Refuses(400, "invalidValue", "$orderby");
        (await List(("$orderby", "name sideways"))).Refuses(400, "invalidValue", "$orderby");
        (await List(("$orderby", "team"))).Refuses(400, "invalidValue", "$orderby");
        (await List(("$expand", "anything"), ("pagesize", "5"))).Is(200);
        (await _server.Get(Alice, $"{Api}?$top=1&$top=2")).Refuses(400, "invalidValue", "$top");
    }

    [Fact]
    public async Task A_list_holds_ones_own_referrals_unless_the_engagement_is_fixed() // R57, B13
    {
        Assert.All((await List()).Value, v => Assert.Equal(Contoso, (string)v["organizationId"]!));
        foreach (var form in new[] { $"engagementId eq '{stock.Engagement}'", $"engagementId eq {stock.Engagement}", $"'{stock.Engagement.ToUpperInvariant()}' eq engagementId and type eq 'Shared'" })
            Assert.Equal(2, (await List(("$filter", form))).Value.Count);
        Assert.Single((await List(("$filter", $"engagementId eq '{stock.Engagement}' or favorite eq true and name eq 'x'"))).Value);
        Assert.Single((await List(("$filter", "organizationId eq 'msft'"))).Value);
    }

    [Theory] // B14, R57
    [InlineData("salesStage eq '20'")]
    [InlineData("externalReferenceId eq 'SECRET'")]
    [InlineData("favorite eq true")]
    [InlineData("contains(details/notes,'secret')")]
    [InlineData("lastRunId ne null")]
    [InlineData("not (campaignId eq null)")]
    public async Task Hidden_values_cannot_be_found_out_by_filtering(string probe)
    {
        await using var server = await Start();
        var (own, other) = await server.Shared(FabrikamLocation);
        (await server.Patch(Carol, $"{Api}/{other.Id}", new JsonObject
        {
            ["salesStage"] = "20",
            ["externalReferenceId"] = "SECRET",
            ["favorite"] = true,
            ["details"] = new JsonObject { ["notes"] = "secret" },
            ["lastRunId"] = "r",
            ["campaignId"] = "c",
        })).Is(200);
        var filter = $"engagementId eq '{own.EngagementId}' and organizationId eq '{Fabrikam}'";
        Assert.Single((await server.Get(Alice, $"{Api}?$filter={filter}")).Value);
        var probed = await server.Get(Alice, $"{Api}?$filter={filter} and {probe}");
        Assert.Equal(0, (int)probed.Is(200).Json["@odata.count"]!);
        // The owner finds it.
        Assert.Single((await server.Get(Carol, $"{Api}?$filter={probe}")).Value);
    }

    private Task<Reply> List(params (string Name, string Value)[] options) =>
        _server.Get(Alice, Api + "?" + string.Join('&', options.Select(o => $"{o.Name}={Uri.EscapeDataString(o.Value)}")));

    private async Task<List<string>> All(params (string Name, string Value)[] options)
    {
        var page = (await List(options)).Is(200);
        var all = page.Value.Select(v => (string)v["id"]!).ToList();
        while (page.Json["@odata.nextLink"] is { } next)
        {
            page = (await _server.Get(Alice, (string)next!)).Is(200);
            all.AddRange(page.Value.Select(v => (string)v["id"]!));
        }

        return all;
    }
}

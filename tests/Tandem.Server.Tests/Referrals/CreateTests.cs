using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>POST: what is accepted, what is stored, what is refused.</summary>
public sealed class CreateTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TandemServer _server = fixture.Server;

    [Fact]
    public async Task The_minimum_body_becomes_an_own_accepted_deal()
    {
        // R29, R45, R89, T1, B31, B36
        var deal = await _server.Own();
        Assert.Equal("Active/Accepted", deal.Pair);
        Assert.Equal((string?)deal.Json["createdDateTime"], (string?)deal.Json["acceptedDateTime"]);
        Assert.Null(deal.Json["expirationDateTime"]);
        Assert.Equal("10", (string?)deal.Json["salesStage"]);
        Assert.Equal(Contoso, (string?)deal.Json["organizationId"]);
        Assert.True(Guid.TryParse(deal.EngagementId, out _));
        Assert.NotEqual(deal.EngagementId, (await _server.Own()).EngagementId);
    }

    [Theory]
    [InlineData("type")]
    [InlineData("customerProfile")]
    [InlineData("consent")]
    [InlineData("details")]
    public async Task A_missing_required_property_is_named(string property) // R29, R105
    {
        var reply = await _server.Post(Alice, Api, Bodies.Minimum(b => b.Remove(property)));
        reply.Refuses(400, "missingProperty", property);
        Assert.Contains(property, (string)reply.Json["error"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_faults_are_reported_together() // R105
    {
        var reply = await _server.Post(Alice, Api, Bodies.Minimum(b =>
        {
            b["details"] = new JsonObject { ["currency"] = "XXQ", ["dealValue"] = -1 };
            b["customerProfile"]!["address"] = new JsonObject { ["country"] = "Utopia" };
            b.Remove("consent");
        }));
        Assert.Equal(["invalidCountry", "invalidValue", "invalidCurrency", "missingProperty"], reply.Refuses(400).InnerCodes);
    }

    [Theory]
    [InlineData("", "customerProfile.name")]
    [InlineData("   ", "customerProfile.name")]
    public async Task A_customer_needs_a_name(string name, string target) => // R30
        (await _server.Post(Alice, Api, Bodies.Minimum(b => b["customerProfile"]!["name"] = name))).Refuses(400, "missingProperty", target);

    [Fact]
    public async Task Names_are_read_in_any_case_and_the_last_of_two_wins() // R14
    {
        var deal = (await _server.Send(Alice, HttpMethod.Post, Api,
            """{"TYPE":"independent","Name":"first","name":"second","CustomerProfile":{"NAME":"X"},"CONSENT":{"ConsentToContact":true},"Details":{}}""")).Is(201);
        Assert.Equal("second", (string?)deal.Json["name"]);
        Assert.True((bool?)deal.Json["consent"]!["consentToContact"]);
    }

    [Fact]
    public async Task Aliases_are_read_never_written_and_lose_against_the_canonical_name() // R15, R103
    {
        var deal = (await _server.Send(Alice, HttpMethod.Post, Api,
            """
            {"ReferralType":"Independent",
             "customerProfile":{"name":"X","team":[{"emailAddress":"a@b.c"},{"email":"canonical@b.c","emailAddress":"alias@b.c"}]},
             "consent":{"consentToShareInfoWithOthers":true},
             "details":{"closingDateTime":"2030-01-02","closeDate":"2031-01-01"}}
            """)).Is(201);
        Assert.Equal("Independent", (string?)deal.Json["type"]);
        Assert.Equal("a@b.c", (string?)deal.Json["customerProfile"]!["team"]![0]!["email"]);
        Assert.Equal("canonical@b.c", (string?)deal.Json["customerProfile"]!["team"]![1]!["email"]);
        Assert.True((bool?)deal.Json["consent"]!["consentToToShareInfoWithOthers"]);
        Assert.Equal("2030-01-02T00:00:00Z", (string?)deal.Json["details"]!["closingDateTime"]);
        Assert.DoesNotContain("emailAddress", deal.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("closeDate", deal.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_properties_are_ignored_but_named() // R16
    {
        var deal = (await _server.Post(Alice, Api, Bodies.Minimum(b =>
        {
            b["customerProfile"]!["industry"] = "Education";
            b["qualificaton"] = "Direct";
        }))).Is(201);
        Assert.DoesNotContain("industry", deal.Text, StringComparison.Ordinal);
        Assert.Contains("customerProfile.industry", deal.Headers["x-ms-ags-diagnostic"], StringComparison.Ordinal);
        Assert.Contains("did you mean qualification?", deal.Headers["x-ms-ags-diagnostic"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_owned_properties_are_ignored() // R17, R72
    {
        var deal = await _server.Own(change: b =>
        {
            b["id"] = Guid.Empty.ToString();
            b["organizationId"] = "msft";
            b["eTag"] = "\"x\"";
            b["createdDateTime"] = "2001-01-01";
            b["links"] = new JsonObject { ["self"] = new JsonObject { ["uri"] = "http://elsewhere" } };
            b["@odata.context"] = "x";
            b["isSpam"] = true;
            b["trackingInfo"] = new JsonObject { ["microsoftMsxId"] = "7-1" };
        });
        Assert.NotEqual(Guid.Empty.ToString(), deal.Id);
        Assert.Equal(Contoso, (string?)deal.Json["organizationId"]);
        Assert.False((bool)deal.Json["isSpam"]!);
        Assert.Null(deal.Json["trackingInfo"]!["microsoftMsxId"]);
        Assert.DoesNotContain("2001", (string)deal.Json["createdDateTime"]!, StringComparison.Ordinal);
    }

    [Theory] // R18
    [InlineData("2022-03-24T18:30:00.1234567+02:00", "2022-03-24T16:30:00.123456Z")]
    [InlineData("2022-03-24", "2022-03-24T00:00:00Z")]
    [InlineData("2022-03-07T05:08:23.8101440Z", "2022-03-07T05:08:23.810144Z")]
    [InlineData("2022-03-07T05:08:23", "2022-03-07T05:08:23Z")]
    public async Task Times_are_read_with_any_offset_and_written_in_utc(string sent, string written)
    {
        var deal = await _server.Own(change: b => b["details"]!["closingDateTime"] = sent);
        Assert.Equal(written, (string?)deal.Json["details"]!["closingDateTime"]);
    }

    [Theory] // R18, R19, R20, R21, R31, R32, R34, R36
    [InlineData("details", "closingDateTime", "\"14/11/2024\"", "invalidValue")]
    [InlineData("details", "closingDateTime", "5", "invalidValue")]
    [InlineData("details", "dealValue", "\"ten\"", "invalidValue")]
    [InlineData("details", "dealValue", "-1", "invalidValue")]
    [InlineData("details", "dealValue", "1000000000000001", "invalidValue")]
    [InlineData("details", "dealValue", "1e400", "invalidValue")]
    [InlineData("details", "dealValue", "{}", "invalidValue")]
    [InlineData("details", "customerRequestedContact", "\"perhaps\"", "invalidValue")]
    [InlineData("details", "customerRequestedContact", "1", "invalidValue")]
    [InlineData("details", "currency", "\"US\"", "invalidCurrency")]
    [InlineData("details", "currency", "\"ABC\"", "invalidCurrency")]
    [InlineData("details", "notes", "5", "invalidValue")]
    [InlineData("details", "notes", "\"\\u0000\"", "invalidValue")]
    [InlineData("details", "requirements", "[]", "invalidValue")]
    [InlineData("details", "requirements", "{\"solutions\":\"x\"}", "invalidValue")]
    [InlineData("details", "requirements", "{\"solutions\":[null]}", "invalidValue")]
    [InlineData("details", "requirements", "{\"solutions\":[{\"name\":\"no id\"}]}", "missingProperty")]
    [InlineData("details", "requirements", "{\"additionalRequirements\":{\"attributes\":[{\"type\":\"CustomerMarketplaceIntent\",\"id\":\"Maybe\"}]}}", "invalidValue")]
    [InlineData(null, "type", "0", "invalidValue")]
    [InlineData(null, "type", "\"Common\"", "invalidValue")]
    [InlineData(null, "qualification", "\"2\"", "invalidValue")]
    [InlineData(null, "salesStage", "\"15\"", "invalidValue")]
    [InlineData(null, "salesStage", "15", "invalidValue")]
    [InlineData(null, "status", "\"Closed\"", "invalidStatusTransition")]
    [InlineData(null, "status", "\"None\"", "invalidStatusTransition")]
    [InlineData(null, "team", "[{\"email\":\"nobody\"}]", "invalidValue")]
    [InlineData(null, "team", "5", "invalidValue")]
    [InlineData("customerProfile", "ids", "[{\"id\":\"1\"}]", "missingProperty")]
    [InlineData("customerProfile", "ids", "{\"Passport\":\"1\"}", "invalidValue")]
    public async Task A_wrong_value_is_refused_with_its_path(string? parent, string property, string json, string code)
    {
        var reply = await _server.Post(Alice, Api, Bodies.Minimum(b => (parent is null ? b : b[parent]!.AsObject())[property] = JsonNode.Parse(json)));
        reply.Refuses(400, code);
        Assert.StartsWith(parent is null ? property : $"{parent}.{property}", reply.Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_stands_for_numbers_and_truths() // R19, R20, R21, R36
    {
        var deal = await _server.Own(change: b =>
        {
            b["favorite"] = "TRUE";
            b["qualification"] = "salesqualified";
            b["salesStage"] = 40;
            b["details"] = new JsonObject { ["dealValue"] = "10000.50", ["currency"] = "eur" };
            b["customerProfile"]!["address"] = new JsonObject { ["country"] = "tur" };
        });
        Assert.True((bool)deal.Json["favorite"]!);
        Assert.Equal("SalesQualified", (string?)deal.Json["qualification"]);
        Assert.Equal("40", (string?)deal.Json["salesStage"]);
        Assert.Contains("\"dealValue\":10000.50", deal.Text, StringComparison.Ordinal);
        Assert.Equal("EUR", (string?)deal.Json["details"]!["currency"]); // R31
        Assert.Equal("TR", (string?)deal.Json["customerProfile"]!["address"]!["country"]); // R32
    }

    [Theory] // R34, R36
    [InlineData("qualify", "Qualify")]
    [InlineData("100", "100")]
    [InlineData("Propose", "Propose")]
    public async Task Stages_are_stored_as_names_or_percentages(string sent, string stored) =>
        Assert.Equal(stored, (string?)(await _server.Own(change: b => b["salesStage"] = sent)).Json["salesStage"]);

    [Fact]
    public async Task Lists_are_never_null_and_take_a_single_object() // R22, R34
    {
        var deal = await _server.Own(change: b =>
        {
            b["team"] = Bodies.Member("one@contoso.example");
            b["target"] = null;
            b["details"]!["requirements"] = new JsonObject { ["industries"] = null, ["services"] = new JsonObject { ["id"] = "Anything" } };
        });
        Assert.Single(deal.Json["team"]!.AsArray());
        Assert.Empty(deal.Json["target"]!.AsArray());
        Assert.Empty(deal.Json["details"]!["requirements"]!["industries"]!.AsArray());
        Assert.Equal("Anything", (string?)deal.Json["details"]!["requirements"]!["services"]![0]!["id"]);
    }

    [Theory] // R40
    [InlineData("null", 0)]
    [InlineData("{}", 0)]
    [InlineData("[]", 0)]
    [InlineData("[{\"profileType\":\"duns\",\"id\":\"1\"}]", 1)]
    [InlineData("{\"profileType\":\"Duns\",\"id\":\"1\"}", 1)]
    [InlineData("{\"Duns\":\"1\",\"external\":\"6-ABC\"}", 2)]
    public async Task Ids_come_in_four_shapes_and_leave_in_one(string sent, int count)
    {
        var deal = await _server.Own(change: b => b["customerProfile"]!["ids"] = JsonNode.Parse(sent));
        var ids = deal.Json["customerProfile"]!["ids"]!.AsArray();
        Assert.Equal(count, ids.Count);
        Assert.All(ids, i => Assert.Equal(["profileType", "id"], i!.AsObject().Select(m => m.Key)));
    }

    [Fact]
    public async Task Texts_are_trimmed_and_empty_stays_empty() // R25
    {
        var deal = await _server.Own(change: b =>
        {
            b["name"] = "  Deal \n";
            b["customerProfile"]!["size"] = "";
        });
        Assert.Equal("Deal", (string?)deal.Json["name"]);
        Assert.Equal("", (string?)deal.Json["customerProfile"]!["size"]);
    }

    [Fact]
    public async Task A_byte_order_mark_and_a_trailing_comma_are_forgiven() => // R26
        (await _server.Send(Alice, HttpMethod.Post, Api,
            "\uFEFF{\"type\":\"Shared\",\"customerProfile\":{\"name\":\"X\",},\"consent\":{},\"details\":{},}")).Is(201);

    [Fact]
    public async Task A_services_cosell_names_role_area_and_play_in_both_places() // R33
    {
        var body = Bodies.Minimum(b =>
        {
            b["partnerRole"] = "Deployment services";
            b["solutionArea"] = "Security";
            b["details"]!["requirements"] = new JsonObject
            {
                ["additionalRequirements"] = new JsonObject
                {
                    ["attributes"] = new JsonArray(new JsonObject { ["type"] = "SolutionPlay", ["id"] = "Data Security" }),
                },
            };
        });
        var deal = (await _server.Post(Alice, Api, body)).Is(201);
        Assert.Equal("Data Security", (string?)deal.Json["solutionPlay"]);
        var attributes = deal.Json["details"]!["requirements"]!["additionalRequirements"]!["attributes"]!.AsArray();
        Assert.Equal(["PartnerRole", "SolutionArea", "SolutionPlay"], attributes.Select(a => (string)a!["type"]!).Order());

        body.Remove("solutionArea");
        (await _server.Post(Alice, Api, body)).Refuses(400, "missingProperty", "solutionArea");
    }

    [Fact]
    public async Task A_misplaced_solution_type_is_understood() // R41
    {
        var deal = await _server.Own(change: b => b["details"]!["requirements"] = new JsonObject
        {
            ["solutions"] = new JsonArray(
                new JsonObject { ["id"] = "SOL-1-ABC", ["solutionType"] = "Name" },
                new JsonObject { ["id"] = "SOL-2-ABC", ["type"] = "Name", ["solutionType"] = "3P" }),
        });
        var solutions = deal.Json["details"]!["requirements"]!["solutions"]!;
        Assert.Equal("Name", (string?)solutions[0]!["type"]);
        Assert.Null(solutions[0]!["solutionType"]);
        Assert.Equal("3P", (string?)solutions[1]!["solutionType"]);
        // R52: one target for each solution of the catalogue
        Assert.Equal(["SOL-1-ABC", "SOL-2-ABC"], deal.Json["target"]!.AsArray().Select(t => (string)t!["id"]!));
    }

    [Fact]
    public async Task The_target_decides_who_owns_the_referral() // R46, R47, T2, R35
    {
        var mine = await _server.Own(change: b => b["target"] = Target("BusinessProfileLocation", "01e2abcd-52b0-4af3-a3ae-1fd1530b3563"));
        Assert.Equal(Contoso, (string?)mine.Json["organizationId"]);
        Assert.Equal("Outgoing", (string?)mine.Json["direction"]);

        var theirs = await _server.Own(change: b => b["target"] = Target("BusinessProfileLocation", FabrikamLocation.ToUpperInvariant()));
        Assert.Equal(Fabrikam, (string?)theirs.Json["organizationId"]);
        Assert.Equal("New/Pending", theirs.Pair);
        Assert.Equal("Incoming", (string?)theirs.Json["direction"]);
        Assert.Null(theirs.Json["acceptedDateTime"]);
        Assert.Equal(Contoso, (string?)theirs.Json["inviteContext"]!["invitedBy"]!["organizationId"]);

        // A partner's solution target decides nothing, Microsoft's does.
        var listed = await _server.Own(change: b => b["target"] = Target("SolutionProfile", "SOL-51000-FAB"));
        Assert.Equal(Contoso, (string?)listed.Json["organizationId"]);
        var sent = await _server.Own(Sam, b => b["target"] = Target("SolutionProfile", "SOL-51000-FAB"));
        Assert.Equal(Fabrikam, (string?)sent.Json["organizationId"]);
    }

    [Fact]
    public async Task The_inviter_may_be_named_if_he_is_known() // R47, R35
    {
        var byMicrosoft = await _server.Own(change: b => b["inviteContext"] = Inviter("msft"));
        Assert.Equal("Microsoft", (string?)byMicrosoft.Json["inviteContext"]!["invitedBy"]!["organizationName"]);
        Assert.Equal("Incoming", (string?)byMicrosoft.Json["direction"]);
        var byNobody = await _server.Own(change: b => b["inviteContext"] = Inviter(Guid.NewGuid().ToString()));
        Assert.Equal(Contoso, (string?)byNobody.Json["inviteContext"]!["invitedBy"]!["organizationId"]);

        static JsonObject Inviter(string id) => new() { ["invitedBy"] = new JsonObject { ["organizationId"] = id } };
    }

    [Fact]
    public async Task An_unknown_location_is_refused_an_unknown_solution_is_not() // R48
    {
        (await _server.Post(Alice, Api, Bodies.Minimum(b => b["target"] = Target("BusinessProfileLocation", Guid.NewGuid().ToString()))))
            .Refuses(400, "invalidValue", "target[0].id");
        await _server.Own(change: b => b["target"] = Target("SolutionProfile", "SOL-99999-XXX"));
    }

    [Theory] // R49
    [InlineData("New", "Pending")]
    [InlineData("Active", "Accepted")]
    public async Task An_open_status_is_accepted_and_overruled(string status, string substatus)
    {
        var deal = await _server.Own(change: b => (b["status"], b["substatus"]) = (status, substatus));
        Assert.Equal("Active/Accepted", deal.Pair);
    }

    [Fact]
    public async Task A_cosell_request_needs_solution_contact_and_consent() // R50, R53, B39, B40
    {
        var deal = (await _server.Post(Alice, Api, Bodies.Cosell())).Is(201);
        Assert.Equal("Shared", (string?)deal.Json["type"]);
        Assert.True((bool)deal.Json["consent"]!["consentToShareReferralWithMicrosoftSellers"]!);

        await Misses("details.requirements.solutions", b => b["details"]!["requirements"]!["solutions"] = new JsonArray());
        await Misses("customerProfile.team", b => b["customerProfile"]!["team"]![0]!["phoneNumber"] = null);
        await Misses("consent.consentToToShareInfoWithOthers", b => b["consent"]!.AsObject().Remove("ConsentToToShareInfoWithOthers"));
        (await _server.Post(Alice, Api, Bodies.Cosell(b => b["consent"]!["ConsentToToShareInfoWithOthers"] = false)))
            .Refuses(400, "invalidValue", "consent.consentToToShareInfoWithOthers");

        async Task Misses(string target, Action<JsonObject> change) =>
            (await _server.Post(Alice, Api, Bodies.Cosell(change))).Refuses(400, "missingProperty", target);
    }

    [Fact]
    public async Task Shared_alone_asks_for_nothing_more() // R51, R95, B42
    {
        var first = await _server.Own(change: b => b["type"] = "Shared");
        var second = await _server.Own(change: b => b["type"] = "Shared");
        Assert.Equal((string?)first.Json["customerProfile"]!["name"], (string?)second.Json["customerProfile"]!["name"]);
        Assert.Equal("Shared", (string?)second.Json["type"]);
    }

    [Fact]
    public async Task A_team_has_at_most_fifty_people_each_once() // R54, R107
    {
        var twice = await _server.Own(change: b => b["team"] = new JsonArray(
            Bodies.Member("Ann@contoso.example", "Old"), Bodies.Member("ben@contoso.example"), Bodies.Member("ann@contoso.example", "New"),
            Bodies.Member(""), Bodies.Member("")));
        Assert.Equal(["New", "Pat", "Pat", "Pat"], twice.Json["team"]!.AsArray().Select(m => (string)m!["firstName"]!));

        var many = new JsonArray([.. Enumerable.Range(0, 51).Select(i => Bodies.Member($"p{i}@contoso.example"))]);
        (await _server.Post(Alice, Api, Bodies.Minimum(b => b["team"] = many))).Refuses(400, "invalidValue", "team");
        var solutions = new JsonArray([.. Enumerable.Range(0, 51).Select(i => new JsonObject { ["id"] = $"S{i}" })]);
        (await _server.Post(Alice, Api, Bodies.Minimum(b => b["details"]!["requirements"] = new JsonObject { ["solutions"] = solutions })))
            .Refuses(400, "invalidValue", "details.requirements.solutions");
    }

    [Theory] // R27
    [InlineData("name", 256)]
    [InlineData("externalReferenceId", 256)]
    [InlineData("campaignId", 256)]
    [InlineData("statusReason", 1024)]
    public async Task Lengths_are_limited(string property, int longest)
    {
        await _server.Own(change: b => b[property] = new string('x', longest));
        (await _server.Post(Alice, Api, Bodies.Minimum(b => b[property] = new string('x', longest + 1)))).Refuses(400, "invalidValue", property);
    }

    [Fact]
    public async Task Joining_needs_an_engagement_of_ones_own() // R90
    {
        (await _server.Post(Alice, Api, Bodies.Connected(Guid.NewGuid().ToString(), "msft"))).Refuses(404, null, "engagementId");
        var foreign = await _server.Own(Carol);
        (await _server.Post(Alice, Api, Bodies.Connected(foreign.EngagementId, "msft"))).Refuses(404, null, "engagementId");
    }

    [Fact]
    public async Task A_second_party_makes_the_deal_shared() // R91, R96, B37
    {
        var own = await _server.Own();
        Assert.Equal("Independent", (string?)own.Json["type"]);
        (await _server.Post(Alice, Api, Bodies.Connected(own.EngagementId, "msft", b => b["type"] = "Independent"))).Refuses(400, "invalidValue", "type");
        (await _server.Post(Alice, Api, Bodies.Connected(own.EngagementId, FabrikamLocation))).Is(201);
        var after = await _server.Get(Alice, $"{Api}/{own.Id}");
        Assert.Equal("Shared", (string?)after.Json["type"]);
        Assert.False((bool)after.Json["consent"]!["consentToShareReferralWithMicrosoftSellers"]!);

        (await _server.Post(Alice, Api, Bodies.Connected(own.EngagementId, "msft"))).Is(201);
        after = await _server.Get(Alice, $"{Api}/{own.Id}");
        Assert.True((bool)after.Json["consent"]!["consentToShareReferralWithMicrosoftSellers"]!);
    }

    [Fact]
    public async Task One_organization_has_one_open_referral_in_an_engagement() // R92
    {
        var (own, other) = await _server.Shared();
        (await _server.Post(Alice, Api, Bodies.Connected(own.EngagementId, "msft"))).Refuses(409, "referralAlreadyExists");
        (await _server.Post(Alice, Api, Bodies.Connected(own.EngagementId, "01e2abcd-52b0-4af3-a3ae-1fd1530b3563"))).Refuses(409, "referralAlreadyExists");
        (await _server.Status(Sam, other.Id, "Closed", "Declined")).Is(200);
        (await _server.Post(Alice, Api, Bodies.Connected(own.EngagementId, "msft"))).Is(201);
    }

    [Fact]
    public async Task The_connected_referral_copies_what_the_other_side_may_see() // R93, B15
    {
        var (own, other) = await _server.Shared(FabrikamLocation);
        Assert.Equal("Contoso Customer Inc", (string?)other.Json["customerProfile"]!["name"]);
        Assert.Equal(2, other.Json["customerProfile"]!["team"]!.AsArray().Count);
        Assert.Equal(50000m, (decimal?)other.Json["details"]!["dealValue"]);
        Assert.NotNull(own.Json["details"]!["notes"]);
        Assert.Null(other.Json["details"]!["notes"]);

        var silent = await _server.Own(change: b =>
        {
            b["customerProfile"]!["team"] = new JsonArray(Bodies.Member("c@customer.example"));
            b["details"]!["dealValue"] = 5;
        });
        var sent = (await _server.Post(Alice, Api, Bodies.Connected(silent.EngagementId, FabrikamLocation,
            b => b["details"] = new JsonObject { ["dealValue"] = 7 }))).Is(201);
        Assert.Empty(sent.Json["customerProfile"]!["team"]!.AsArray());
        Assert.Equal(7m, (decimal?)sent.Json["details"]!["dealValue"]);
    }

    [Fact]
    public async Task An_invited_party_does_not_invite() // B37
    {
        var (own, _) = await _server.Shared(FabrikamLocation);
        (await _server.Post(Carol, Api, Bodies.Connected(own.EngagementId, "msft"))).Refuses(403, null, "engagementId");
    }

    [Fact]
    public async Task Nobody_is_invited_into_a_closed_deal() // R97
    {
        var own = await _server.Own();
        (await _server.Status(Alice, own.Id, "Closed", "Lost")).Is(200);
        (await _server.Post(Alice, Api, Bodies.Connected(own.EngagementId, "msft"))).Refuses(400, "referralClosed", "engagementId");
    }

    [Fact]
    public async Task Information_only_changes_no_status() // B43, B38
    {
        var deal = (await _server.Post(Alice, Api, Bodies.Example("create-private-request"))).Is(201);
        Assert.Equal("Active/Accepted", deal.Pair);
        Assert.False((bool)deal.Json["customerProfile"]!["isMatchingComplete"]!); // B41
    }

    [Fact]
    public async Task A_refused_creation_stores_nothing()
    {
        var before = (await _server.Get(Alice, Api)).Json["@odata.count"]!.ToString();
        (await _server.Post(Alice, Api, Bodies.Minimum(b => b["details"]!["currency"] = "NOPE"))).Refuses(400);
        Assert.Equal(before, (await _server.Get(Alice, Api)).Json["@odata.count"]!.ToString());
    }

    private static JsonArray Target(string type, string id) => new(new JsonObject { ["type"] = type, ["id"] = id });
}

using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>PUT and PATCH.</summary>
public sealed class UpdateTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TandemServer _server = fixture.Server;

    [Fact]
    public async Task A_put_merges_by_presence() // R69, R74
    {
        var deal = await _server.Own(change: b =>
        {
            b["name"] = "Before";
            b["statusReason"] = "Kept";
            b["details"] = new JsonObject { ["notes"] = "gone", ["dealValue"] = 5 };
            b["team"] = new JsonArray(Bodies.Member("a@contoso.example"), Bodies.Member("b@contoso.example"));
        });
        var after = (await _server.Put(Alice, $"{Api}/{deal.Id}", new JsonObject
        {
            ["name"] = "After",
            ["details"] = new JsonObject { ["notes"] = null },
            ["team"] = new JsonArray(Bodies.Member("c@contoso.example")),
        }, ("If-Match", deal.ETag))).Is(200);
        Assert.Equal("After", (string?)after.Json["name"]);
        Assert.Equal("Kept", (string?)after.Json["statusReason"]);
        Assert.Null(after.Json["details"]!["notes"]);
        Assert.Equal(5m, (decimal?)after.Json["details"]!["dealValue"]);
        Assert.Equal("c@contoso.example", (string?)Assert.Single(after.Json["team"]!.AsArray())!["email"]);
        Assert.NotEqual(deal.ETag, after.ETag);
        Assert.Equal(after.ETag, after.Headers["ETag"]);
    }

    [Fact]
    public async Task A_put_needs_a_precondition_in_header_or_body() // R70, R87
    {
        var deal = await _server.Own();
        (await _server.Put(Alice, $"{Api}/{deal.Id}", new JsonObject { ["name"] = "x" })).Refuses(400, "ifMatchRequired", "If-Match");
        (await _server.Put(Alice, $"{Api}/{deal.Id}", new JsonObject { ["name"] = "x", ["eTag"] = "\"old\"" })).Refuses(412, "resourceModified");
        (await _server.Put(Alice, $"{Api}/{deal.Id}", new JsonObject { ["name"] = "x", ["eTag"] = deal.ETag })).Is(200);
        (await _server.Put(Alice, $"{Api}/{deal.Id}", new JsonObject { ["name"] = "y", ["eTag"] = "\"old\"" }, ("if-match", "*"))).Is(200);
    }

    [Fact]
    public async Task A_body_id_must_be_the_path_s() // R71
    {
        var deal = await _server.Own();
        (await _server.Put(Alice, $"{Api}/{deal.Id}", new JsonObject { ["id"] = Guid.NewGuid().ToString() }, ("If-Match", "*"))).Refuses(400, "invalidValue", "id");
        (await _server.Put(Alice, $"{Api}/{deal.Id}", new JsonObject { ["id"] = deal.Id.ToUpperInvariant() }, ("If-Match", "*"))).Is(200);
    }

    [Fact]
    public async Task What_was_read_can_be_put_back_and_changes_nothing() // R72, R74, R87
    {
        var (own, _) = await _server.Shared();
        var echo = await _server.Put(Alice, $"{Api}/{own.Id}", own.Json.DeepClone(), ("If-Match", own.ETag));
        Assert.Equal(own.ETag, echo.Is(200).ETag);
        Assert.Equal((string?)own.Json["updatedDateTime"], (string?)echo.Json["updatedDateTime"]);
        Assert.Equal(2, (await _server.Get(Alice, $"{Api}/{own.Id}/history")).Value.Count);
    }

    [Fact]
    public async Task A_json_patch_answers_nothing_unless_asked() // R75, R80, R81, R82
    {
        var deal = await _server.Own();
        var silent = (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Example("patch-request"))).Is(204);
        Assert.Equal("", silent.Text);
        Assert.NotEqual(deal.ETag, silent.Headers["ETag"]);
        Assert.True(Guid.TryParse(silent.Headers["Request-ID"], out _));
        var read = await _server.Get(Alice, $"{Api}/{deal.Id}");
        Assert.Equal(10000m, (decimal?)read.Json["details"]!["dealValue"]);
        Assert.Equal("jane.doe@contoso.com", (string?)read.Json["team"]![0]!["email"]);

        var loud = (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "x")), ("Prefer", "return=representation"))).Is(200);
        Assert.Equal("x", (string?)loud.Json["name"]);
        Assert.Equal("return=representation", loud.Headers["Preference-Applied"]);
        Assert.Equal(loud.ETag, (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonArray())).Is(204).Headers["ETag"]);
    }

    [Fact]
    public async Task A_merge_patch_answers_the_referral_unless_not_wanted() // R76, R80
    {
        var deal = await _server.Own();
        var merged = (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Example("patch-merge-request"), ("If-Match", deal.ETag))).Is(200);
        Assert.Equal("2024-12-31T00:00:00Z", (string?)merged.Json["details"]!["closingDateTime"]);
        Assert.Equal("", (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonObject { ["name"] = "y" }, ("Prefer", "return=minimal"))).Is(204).Text);
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonObject { ["name"] = "z" }, ("Content-Type", "application/merge-patch+json"))).Is(200);
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "q")), ("Content-Type", "application/json-patch+json"))).Is(204);
    }

    [Theory] // R77
    [InlineData("/campaignId", "\"C1\"")]
    [InlineData("/CONSENT/consentToShareReferralWithMicrosoftSellers", "true")]
    [InlineData("/customerProfile/team", "[]")]
    [InlineData("/customerProfile/size", "\"1to9employees\"")]
    [InlineData("/details/closingDateTime", "\"2030-01-01\"")]
    [InlineData("/details/closeDate", "\"2030-01-02\"")]
    [InlineData("/details/currency", "\"USD\"")]
    [InlineData("/details/dealValue", "\"10000\"")]
    [InlineData("/details/notes", "\"n\"")]
    [InlineData("/details/requirements/solutions", "[{\"id\":\"S\"}]")]
    [InlineData("/externalReferenceId", "\"E1\"")]
    [InlineData("/name", "\"N\"")]
    [InlineData("/qualification", "\"SalesQualified\"")]
    [InlineData("/referralProgram", "\"P\"")]
    [InlineData("/salesStage", "60")]
    [InlineData("/statusReason", "\"why\"")]
    [InlineData("/substatus", "\"Engaged\"")]
    [InlineData("/favorite", "\"true\"")]
    [InlineData("/team", "[]")]
    [InlineData("/lastRunId", "\"r\"")]
    [InlineData("/details/requirements/additionalRequirements/iot/azureCertifiedDevice", "true")]
    public async Task These_paths_can_be_added_and_replaced(string path, string value)
    {
        foreach (var op in new[] { "add", "replace" }) // R78
        {
            var deal = await _server.Own(change: b => b["team"] = new JsonArray(Bodies.Member("x@contoso.example")));
            (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonArray(Operation(op, path, JsonNode.Parse(value))))).Is(204);
        }
    }

    [Fact]
    public async Task List_elements_are_appended_inserted_and_replaced() // R77, R78
    {
        var deal = await _server.Own(change: b => b["team"] = new JsonArray(Bodies.Member("a@contoso.example", "A")));
        var after = (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonArray(
            Operation("add", "/team/-", Bodies.Member("c@contoso.example", "C")),
            Operation("add", "/team/1", Bodies.Member("b@contoso.example", "B")),
            Operation("replace", "/team/0/firstName", "A2"),
            Operation("replace", "/team/2", Bodies.Member("d@contoso.example", "D")),
            Operation("add", "/customerProfile/team/-", Bodies.Member("k@customer.example")),
            Operation("add", "/details/requirements/solutions/-", new JsonObject { ["id"] = "S1" })), ("Prefer", "return=representation"))).Is(200);
        Assert.Equal(["A2", "B", "D"], after.Json["team"]!.AsArray().Select(m => (string)m!["firstName"]!));
        Assert.Single(after.Json["details"]!["requirements"]!["solutions"]!.AsArray());
    }

    [Theory] // R75, R78, R104
    [InlineData("remove", "/name", "unsupportedOperation")]
    [InlineData("move", "/name", "unsupportedOperation")]
    [InlineData("test", "/name", "unsupportedOperation")]
    [InlineData("replace", "/nmae", "invalidValue")]
    [InlineData("replace", "/name/first", "invalidValue")]
    [InlineData("replace", "name", "invalidValue")]
    [InlineData("replace", "/", "invalidValue")]
    [InlineData("replace", "/team/0", "invalidValue")]
    [InlineData("replace", "/team/-", "invalidValue")]
    [InlineData("add", "/team/7", "invalidValue")]
    [InlineData("add", "/team/x", "invalidValue")]
    [InlineData("replace", "/details/foo~1bar~0", "invalidValue")]
    [InlineData("replace", "/id", "readOnlyProperty")]
    [InlineData("replace", "/eTag", "readOnlyProperty")]
    [InlineData("replace", "/links/self/uri", "readOnlyProperty")]
    [InlineData("replace", "/type", "readOnlyProperty")]
    [InlineData("replace", "/mpnId", "readOnlyProperty")]
    [InlineData("replace", "/engagementId", "readOnlyProperty")]
    [InlineData("replace", "/consent/consentToContact", "readOnlyProperty")]
    [InlineData("replace", "/customerProfile/name", "readOnlyProperty")]
    [InlineData("replace", "/customerProfile/address/city", "readOnlyProperty")]
    [InlineData("replace", "/inviteContext/invitedBy/organizationId", "readOnlyProperty")]
    [InlineData("replace", "/registrations", "readOnlyProperty")]
    [InlineData("replace", "/registrations/0/status", "readOnlyProperty")]
    public async Task These_operations_are_refused(string op, string path, string code) // R37, R38, R39, R44, B8
    {
        var deal = await _server.Own();
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonArray(Operation(op, path, "x")))).Refuses(400, code);
        Assert.Equal(deal.ETag, (await _server.Get(Alice, $"{Api}/{deal.Id}")).ETag);
    }

    [Theory] // R75
    [InlineData("[1]")]
    [InlineData("[{}]")]
    [InlineData("[{\"op\":\"add\",\"path\":\"/name\"}]")]
    [InlineData("\"text\"")]
    [InlineData("5")]
    [InlineData("")]
    [InlineData("{")]
    public async Task A_malformed_patch_is_refused(string body)
    {
        var deal = await _server.Own();
        (await _server.Send(Alice, HttpMethod.Patch, $"{Api}/{deal.Id}", body)).Refuses(400);
    }

    [Fact]
    public async Task A_patch_succeeds_whole_or_not_at_all() // R79
    {
        var deal = await _server.Own();
        var reply = await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "new"), ("/details/currency", "XXQ"), ("/favorite", "no")));
        Assert.Equal(["invalidCurrency", "invalidValue"], reply.Refuses(400).InnerCodes);
        Assert.Null((await _server.Get(Alice, $"{Api}/{deal.Id}")).Json["name"]);
    }

    [Fact]
    public async Task The_fixed_customer_is_ignored_in_a_merge_and_may_be_repeated_in_a_patch() // R37
    {
        var deal = await _server.Own();
        var merged = (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonObject
        {
            ["type"] = "Shared",
            ["customerProfile"] = new JsonObject { ["name"] = "Other", ["size"] = "1to9employees" },
        })).Is(200);
        Assert.Equal("Adventure Works", (string?)merged.Json["customerProfile"]!["name"]);
        Assert.Equal("1to9employees", (string?)merged.Json["customerProfile"]!["size"]);
        Assert.Equal("Independent", (string?)merged.Json["type"]); // R44
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/customerProfile/name", "Adventure Works")))).Is(204);
    }

    [Fact]
    public async Task Sellers_consent_is_never_withdrawn() // R38, R97, B38
    {
        var deal = await _server.Own();
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/consent/consentToShareReferralWithMicrosoftSellers", true)))).Is(204);
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/consent/consentToShareReferralWithMicrosoftSellers", false)))).Refuses(400, "consentCannotBeRevoked");
        (await _server.Put(Alice, $"{Api}/{deal.Id}", new JsonObject { ["consent"] = new JsonObject { ["consentToShareReferralWithMicrosoftSellers"] = "false" } }, ("If-Match", "*")))
            .Refuses(400, "consentCannotBeRevoked");
    }

    [Fact]
    public async Task Asking_for_help_turns_a_private_deal_into_a_cosell() // R39, R44, R97, B37
    {
        var incomplete = await _server.Own();
        (await _server.Patch(Alice, $"{Api}/{incomplete.Id}", Bodies.Replace(("/inviteContext/assistanceRequestCode", "GeneralOrOther")))).Refuses(400, "missingProperty");

        var deal = (await _server.Post(Alice, Api, Bodies.Cosell(b =>
        {
            b["inviteContext"]!["assistanceRequestCode"] = "Unknown";
            b["type"] = "Independent";
            b["consent"]!["consentToShareReferralWithMicrosoftSellers"] = false;
        }))).Is(201);
        Assert.Equal("Independent", (string?)deal.Json["type"]);
        var after = (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/inviteContext/assistanceRequestCode", "generalorother")), ("Prefer", "return=representation"))).Is(200);
        Assert.Equal("Shared", (string?)after.Json["type"]);
        Assert.True((bool)after.Json["consent"]!["consentToShareReferralWithMicrosoftSellers"]!);
        Assert.Equal("GeneralOrOther", (string?)after.Json["inviteContext"]!["assistanceRequestCode"]);

        // Now the kind of help, the message and the contacts are fixed; the requirements stay (B21, B39).
        foreach (var path in new[] { "/inviteContext/assistanceRequestCode", "/inviteContext/notes" })
            (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace((path, "Unknown")))).Refuses(400, "readOnlyProperty");
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/customerProfile/team", new JsonArray())))).Refuses(400, "readOnlyProperty");
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/details/requirements/solutions", new JsonArray())))).Refuses(400, "missingProperty");
        var merged = (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonObject { ["inviteContext"] = new JsonObject { ["notes"] = "else" }, ["customerProfile"] = new JsonObject { ["team"] = new JsonArray() } })).Is(200);
        Assert.Equal(after.ETag, merged.ETag);
    }

    [Fact]
    public async Task A_change_of_status_alone_brings_its_default() // R42, R43, T3, T4, B25
    {
        var (_, other) = await _server.Shared();
        var received = (await _server.Status(Sam, other.Id, "New", "Received")).Is(200);
        Assert.Equal((string?)other.Json["expirationDateTime"], (string?)received.Json["expirationDateTime"]); // B26
        var accepted = (await _server.Status(Sam, other.Id, "Active")).Is(200);
        Assert.Equal("Active/Accepted", accepted.Pair);
        Assert.NotNull(accepted.Json["acceptedDateTime"]);
        Assert.Null(accepted.Json["expirationDateTime"]);
        Assert.Equal("10", (string?)accepted.Json["salesStage"]); // B36
        (await _server.Status(Sam, other.Id, "Closed")).Refuses(400, "invalidStatusTransition", "status");
        (await _server.Patch(Sam, $"{Api}/{other.Id}", Bodies.Replace(("/substatus", "Won")))).Refuses(400, "invalidStatusTransition");
        var won = await _server.Patch(Sam, $"{Api}/{other.Id}", Bodies.Replace(("/substatus", "Won"), ("/status", "Closed")), ("Prefer", "return=representation"));
        Assert.Equal("100", (string?)won.Is(200).Json["salesStage"]); // R36
        Assert.NotNull(won.Json["closedDateTime"]);
    }

    [Fact]
    public async Task A_closed_referral_moves_only_in_its_outcome_and_marks() // R73, R83, T9, B27, B33
    {
        var deal = await _server.Own();
        var lost = (await _server.Status(Alice, deal.Id, "Closed", "Lost")).Is(200);
        var closed = (string?)lost.Json["closedDateTime"];
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "late")))).Refuses(400, "referralClosed", "name");
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonObject { ["status"] = "Active" })).Refuses(400, "invalidStatusTransition", "status");
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/status", "Closed"), ("/substatus", "Lost")))).Is(204);
        Assert.Equal(lost.ETag, (await _server.Get(Alice, $"{Api}/{deal.Id}")).ETag);
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/favorite", true)))).Is(204);
        var corrected = (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonObject { ["substatus"] = "Won", ["statusReason"] = "They came back" })).Is(200);
        Assert.Equal("Closed/Won", corrected.Pair);
        Assert.Equal(closed, (string?)corrected.Json["closedDateTime"]);
        (await _server.Put(Alice, $"{Api}/{deal.Id}", corrected.Json.DeepClone(), ("If-Match", corrected.ETag))).Is(200);
    }

    [Theory] // R85
    [InlineData("{0}", 204)]
    [InlineData("W/{0}", 204)]
    [InlineData("\"nope\", {0}", 204)]
    [InlineData("*", 204)]
    [InlineData("\"nope\"", 412)]
    [InlineData("W/\"datetime'2024-09-19T19%3A45%3A40.1106919Z'\"", 412)]
    public async Task Tags_are_compared_forgivingly(string header, int status)
    {
        var deal = await _server.Own();
        var sent = string.Format(null, header, deal.ETag);
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "x")), ("If-Match", sent))).Is(status);
        if (header == "{0}")
            (await _server.Patch(Alice, $"{Api}/{(await _server.Own()).Id}", Bodies.Replace(("/name", "x")), ("If-Match", "*"))).Is(204);
    }

    [Fact]
    public async Task Unquoted_tags_are_understood_and_tags_change_with_every_change() // R84, R85
    {
        var deal = await _server.Own();
        Assert.StartsWith("\"", deal.ETag, StringComparison.Ordinal);
        var seen = new HashSet<string> { deal.ETag };
        for (var i = 0; i < 5; i++)
        {
            var after = (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", $"n{i}")), ("If-Match", deal.ETag.Trim('"')), ("Prefer", "return=representation"))).Is(200);
            Assert.True(seen.Add(after.ETag));
            Assert.True(Time(after) > Time(deal));
            deal = after;
        }
    }

    [Fact]
    public async Task The_connector_behind_a_change_is_recorded() // R12
    {
        var connector = "60858c1b-2062-40ad-b42c-996b6b5b047d";
        var deal = (await _server.Post(Alice, Api, Bodies.Minimum(), ("X-Caller-Id", connector))).Is(201);
        Assert.Equal(connector, (string?)deal.Json["createdVia"]);
        Assert.Equal(connector, (string?)deal.Json["lastModifiedVia"]);
        var later = (await _server.Patch(Alice, $"{Api}/{deal.Id}", new JsonObject { ["name"] = "x", ["lastModifiedVia"] = "Dynamics", ["lastRunId"] = "run" })).Is(200);
        Assert.Equal("Dynamics", (string?)later.Json["lastModifiedVia"]);
        var history = await _server.Get(Alice, $"{Api}/{deal.Id}/history");
        Assert.Equal(["Dynamics", connector], history.Value.Select(e => (string)e["via"]!));
    }

    [Fact]
    public async Task Each_party_edits_its_own_side_only() // R94, B18, B20, B22, B23, B24
    {
        var (own, other) = await _server.Shared(FabrikamLocation);
        (await _server.Patch(Alice, $"{Api}/{other.Id}", Bodies.Replace(("/name", "mine now")))).Refuses(403, null, "referral");
        (await _server.Put(Carol, $"{Api}/{own.Id}", new JsonObject { ["name"] = "x" }, ("If-Match", "*"))).Refuses(403);
        (await _server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);
        (await _server.Patch(Carol, $"{Api}/{other.Id}", new JsonObject { ["details"] = new JsonObject { ["dealValue"] = 99 }, ["externalReferenceId"] = "F-1", ["salesStage"] = "20" })).Is(200);
        (await _server.Patch(Alice, $"{Api}/{own.Id}", new JsonObject { ["details"] = new JsonObject { ["dealValue"] = 11 } })).Is(200);
        (await _server.Status(Alice, own.Id, "Closed", "Won")).Is(200);
        var theirs = await _server.Get(Carol, $"{Api}/{other.Id}");
        Assert.Equal(99m, (decimal?)theirs.Json["details"]!["dealValue"]);
        Assert.Equal("Active/Accepted", theirs.Pair);
        Assert.Equal(11m, (decimal?)(await _server.Get(Alice, $"{Api}/{own.Id}")).Json["details"]!["dealValue"]);
    }

    private static DateTimeOffset Time(Reply reply) =>
        DateTimeOffset.Parse((string)reply.Json["updatedDateTime"]!, System.Globalization.CultureInfo.InvariantCulture);

    private static JsonObject Operation(string op, string path, JsonNode? value) => new() { ["op"] = op, ["path"] = path, ["value"] = value };
}

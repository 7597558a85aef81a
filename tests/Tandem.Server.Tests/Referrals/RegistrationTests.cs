using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>Registering a won deal.</summary>
public sealed class RegistrationTests
{
    [Fact]
    public async Task A_won_deal_is_registered_and_approved() // R98, R100, R101, B44, B49
    {
        await using var server = await Start(At("2024-09-02T08:00:00Z"));
        var deal = await Won(server);
        (await server.Patch(Alice, $"{Api}/{deal}", Submission())).Is(204);
        var registered = await server.Get(Alice, $"{Api}/{deal}");
        Assert.Equal("Approved", (string?)registered.Json["registrationStatus"]);
        var registration = registered.Json["registrations"]![0]!;
        Assert.Equal("Approved", (string?)registration["status"]);
        Assert.Equal((string?)registration["registrationDateTime"], (string?)registration["statusHistory"]!["approvedDateTime"]);
        Assert.Equal("Contoso Supply Chain Manager", (string?)registration["solutionDetails"]![0]!["name"]);
        Assert.True(Guid.TryParse((string?)registration["id"], out _));
    }

    [Theory] // B49
    [InlineData("/solutionDetails/0/pricingModel", "\"PayAsYouGo\"")]
    [InlineData("/contract/value", "1000001")]
    public async Task Some_registrations_are_reviewed(string path, string value)
    {
        await using var server = await Start(At("2024-09-02T08:00:00Z"));
        var deal = await Won(server);
        (await server.Patch(Alice, $"{Api}/{deal}", Submission(path, value))).Is(204);
        Assert.Equal("ReviewPending", (string?)(await server.Get(Alice, $"{Api}/{deal}")).Json["registrationStatus"]);
    }

    [Fact]
    public async Task A_reviewer_asks_for_a_correction_and_gets_it() // R99, B49
    {
        await using var server = await Start(At("2024-09-02T08:00:00Z"));
        var deal = await Won(server);
        (await server.Patch(Alice, $"{Api}/{deal}", Submission("/solutionDetails/0/pricingModel", "\"PayAsYouGo\""))).Is(204);
        var correction = Bodies.Replace(("/registrations/0/contract/value", 80000), ("/registrations/0/solutionDetails/0/pricingModel", "Other"));
        (await server.Patch(Alice, $"{Api}/{deal}", correction)).Refuses(400, "notEligibleForRegistration");

        var review = $"/admin/referrals/{deal}/registration-review";
        (await server.Post(Alice, review, new JsonObject { ["status"] = "ActionRequired" })).Is(403);
        (await server.Post(Sam, review, new JsonObject { ["status"] = "Closed" })).Is(400);
        (await server.Post(Sam, review, new JsonObject { ["status"] = "ActionRequired", ["statusReason"] = "Wrong value" })).Is(204);
        var asked = await server.Get(Alice, $"{Api}/{deal}");
        Assert.Equal("ActionRequired", (string?)asked.Json["registrationStatus"]);
        Assert.NotNull(asked.Json["registrations"]![0]!["statusHistory"]!["actionRequiredDateTime"]);

        foreach (var path in new[] { "/registrations/0", "/registrations/0/type", "/registrations/0/status", "/registrations/0/contract/currency", "/registrations/0/solutionDetails/0/id" })
            (await server.Patch(Alice, $"{Api}/{deal}", Bodies.Replace((path, "x")))).Refuses(400, "readOnlyProperty");
        (await server.Patch(Alice, $"{Api}/{deal}", correction.DeepClone())).Is(204);
        var corrected = await server.Get(Alice, $"{Api}/{deal}");
        Assert.Equal("ReviewPending", (string?)corrected.Json["registrationStatus"]);
        Assert.NotNull(corrected.Json["registrations"]![0]!["statusHistory"]!["resubmissionDateTime"]);
        Assert.Equal(80000m, (decimal?)corrected.Json["registrations"]![0]!["contract"]!["value"]);
    }

    [Theory] // B45, B46
    [InlineData("/contract/value", "25000", "registrations[0].contract.value")]
    [InlineData("/contract/value", "null", "registrations[0].contract.value")]
    [InlineData("/solutionDetails/0/value", "72001", "registrations[0].solutionDetails[0].value")]
    [InlineData("/solutionDetails/0/isDeployedOnAzure", "false", "registrations[0].solutionDetails[0].isDeployedOnAzure")]
    [InlineData("/solutionDetails/0/marketplaceTransactionDetails/marketplaceTransactionDateTime", "null", "registrations[0].solutionDetails[0].marketplaceTransactionDetails.marketplaceTransactionDateTime")]
    [InlineData("/solutionDetails", "[]", "registrations[0].solutionDetails")]
    [InlineData("/contract/signDateTime", "\"2024-10-03\"", "registrations[0].contract.signDateTime")]
    [InlineData("/contract/signDateTime", "\"2024-09-01\"", "registrations[0].contract.signDateTime")]
    [InlineData("/contract/startDateTime", "\"2024-06-01\"", "registrations[0].contract.startDateTime")]
    [InlineData("/contract/endDateTime", "\"2024-09-01\"", "registrations[0].contract.endDateTime")]
    [InlineData("/contract/endDateTime", "null", "registrations[0].contract.endDateTime")]
    [InlineData("/contract/term", "\"Forever\"", "registrations[0].contract.term")]
    [InlineData("/type", "\"Other\"", "registrations[0].type")]
    public async Task A_wrong_registration_is_refused(string path, string value, string target)
    {
        await using var server = await Start(At("2024-09-02T08:00:00Z"));
        var deal = await Won(server);
        (await server.Patch(Alice, $"{Api}/{deal}", Submission(path, value))).Refuses(400, null, target);
        Assert.Empty((await server.Get(Alice, $"{Api}/{deal}")).Json["registrations"]!.AsArray());
    }

    [Fact]
    public async Task A_perpetual_contract_counts_as_six_years() // B45
    {
        await using var server = await Start(At("2024-09-02T08:00:00Z"));
        var deal = await Won(server);
        var perpetual = Submission("/contract/term", "\"Perpetual\"");
        perpetual[0]!["value"]!["contract"]!["endDateTime"] = null;
        perpetual[0]!["value"]!["contract"]!["value"] = 150000;
        (await server.Patch(Alice, $"{Api}/{deal}", perpetual)).Refuses(400, "notEligibleForRegistration", "registrations[0].contract.value");
        perpetual[0]!["value"]!["contract"]!["value"] = 150001;
        (await server.Patch(Alice, $"{Api}/{deal}", perpetual.DeepClone())).Is(204);
    }

    [Fact]
    public async Task Some_deals_cannot_be_registered() // B44, B45, B47
    {
        await using var server = await Start(At("2024-09-02T08:00:00Z"));
        var open = (await server.Post(Alice, Api, Bodies.Example("create-partner-led-request"))).Is(201);
        await Refused(open.Id, "status");
        var hasty = (await server.Post(Alice, Api, Bodies.Example("create-partner-led-request"))).Is(201);
        (await server.Status(Alice, hasty.Id, "Closed", "Won")).Is(200);
        await Refused(hasty.Id, "closedDateTime");
        var secret = (await server.Post(Alice, Api, Bodies.Example("create-private-request"))).Is(201);
        var cheap = (await server.Post(Alice, Api, Small(Bodies.Example("create-partner-led-request")))).Is(201);
        var cosell = (await server.Post(Alice, Api, Bodies.Cosell())).Is(201);
        var invited = (await server.Post(Alice, Api, Bodies.Connected(cosell.EngagementId, "msft"))).Is(201);
        server.Clock.Advance(TimeSpan.FromDays(30));
        foreach (var id in new[] { secret.Id, cheap.Id, cosell.Id })
            (await server.Status(Alice, id, "Closed", "Won")).Is(200);
        await Refused(secret.Id, "consent.consentToShareReferralWithMicrosoftSellers");
        await Refused(cheap.Id, "details.dealValue");
        await Refused(cosell.Id, "status");
        (await server.Status(Sam, invited.Id, "Active")).Refuses(400, "invalidStatusTransition");

        async Task Refused(string id, string target) =>
            (await server.Patch(Alice, $"{Api}/{id}", Submission())).Refuses(400, "notEligibleForRegistration", target);

        static JsonNode Small(JsonNode body)
        {
            body["details"]!["dealValue"] = 24999;
            return body;
        }
    }

    [Fact]
    public async Task A_cosell_deal_waits_for_Microsoft_and_a_second_partner_for_review() // B44, B49
    {
        await using var server = await Start(At("2024-09-02T08:00:00Z"));
        var cosell = (await server.Post(Alice, Api, Bodies.Cosell())).Is(201);
        var invited = (await server.Post(Alice, Api, Bodies.Connected(cosell.EngagementId, "msft"))).Is(201);
        (await server.Post(Alice, Api, Bodies.Connected(cosell.EngagementId, FabrikamLocation))).Is(201);
        (await server.Status(Sam, invited.Id, "Active")).Is(200);
        server.Clock.Advance(TimeSpan.FromDays(30));
        (await server.Status(Alice, cosell.Id, "Closed", "Won")).Is(200);
        (await server.Patch(Alice, $"{Api}/{cosell.Id}", Submission())).Is(204);
        Assert.Equal("ReviewPending", (string?)(await server.Get(Alice, $"{Api}/{cosell.Id}")).Json["registrationStatus"]);
    }

    [Fact]
    public async Task Having_created_the_deal_is_not_enough_to_register_it() // B48
    {
        await using var server = await Start(At("2024-09-02T08:00:00Z"));
        var deal = await Won(server, Bob);
        (await server.Patch(Bob, $"{Api}/{deal}", Submission())).Refuses(403, "notTeamMember");
        (await server.Patch(Alice, $"{Api}/{deal}", Submission())).Is(204);
    }

    internal static async Task<string> Won(TandemServer server, string user = Alice)
    {
        var deal = (await server.Post(user, Api, Bodies.Example("create-partner-led-request"))).Is(201);
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2024-09-30T10:00:00Z", null));
        (await server.Patch(user, $"{Api}/{deal.Id}", Bodies.Example("patch-status-won-request"))).Is(204);
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2024-10-02T12:00:00Z", null));
        return deal.Id;
    }

    /// <summary>The documented submission, with one value changed.</summary>
    internal static JsonNode Submission(string? path = null, string? value = null)
    {
        var patch = Bodies.Example("patch-add-registration-request");
        if (path is not null)
        {
            var names = path[1..].Split('/');
            var at = patch[0]!["value"]!;
            foreach (var name in names[..^1])
                at = int.TryParse(name, out var index) ? at[index]! : at[name]!;
            at[names[^1]] = JsonNode.Parse(value!);
        }

        return patch;
    }
}

using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>What time does to referrals.</summary>
public sealed class LifeCycleTests
{
    private static readonly JsonArray Accept = Bodies.Replace(("/status", "Active"), ("/substatus", "Accepted"));

    [Fact]
    public async Task An_unanswered_referral_expires_after_fourteen_days() // B26, T6, B17
    {
        await using var server = await Start(At("2026-03-01T10:00:00Z"));
        var (own, other) = await server.Shared();
        Assert.Equal("2026-03-15T10:00:00Z", (string?)other.Json["expirationDateTime"]);

        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-03-15T09:59:59Z", null));
        Assert.Equal(0, await server.RunDueWork());
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-03-15T10:00:00Z", null));
        await server.RunDueWork();
        var expired = await server.Get(Sam, $"{Api}/{other.Id}");
        Assert.Equal("Closed/Expired", expired.Pair);
        Assert.Equal("2026-03-15T10:00:00Z", (string?)expired.Json["closedDateTime"]);
        Assert.Equal(0, await server.RunDueWork());
        Assert.Equal("Active/Accepted", (await server.Get(Alice, $"{Api}/{own.Id}")).Pair); // B24, B31
        var history = await server.Get(Sam, $"{Api}/{other.Id}/history");
        Assert.Equal("Expired", (string?)history.Value[0]["kind"]);
        Assert.Equal("Tandem", (string?)history.Value[0]["changedBy"]!["name"]);
        // The contacts of what expired are shown to the other party no more (B15), and neither is the reason (B34).
        Assert.Empty((await server.Get(Alice, $"{Api}/{other.Id}")).Json["customerProfile"]!["team"]!.AsArray());
    }

    [Fact]
    public async Task From_the_expiry_time_on_an_acceptance_is_refused_even_when_the_worker_is_late() // B26
    {
        await using var server = await Start(At("2026-03-01T10:00:00Z"));
        var (_, named) = await server.Shared();
        var (_, blind) = await server.Shared();
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-03-15T09:59:59.999Z", null));
        var (_, fresh) = await server.Shared();
        (await server.Patch(Sam, $"{Api}/{fresh.Id}", Accept)).Is(204);
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-03-15T10:00:00Z", null));
        // Where the worker was faster the tag is old, else the transition is not allowed; accepted it is in neither case.
        var late = await server.Patch(Sam, $"{Api}/{named.Id}", Accept.DeepClone(), ("If-Match", named.ETag));
        late.Refuses(late.Status == 412 ? 412 : 400, late.Status == 412 ? "resourceModified" : "invalidStatusTransition");
        (await server.Patch(Sam, $"{Api}/{blind.Id}", Accept.DeepClone())).Refuses(400, "invalidStatusTransition");
        Assert.Equal("Closed/Expired", (await server.Get(Sam, $"{Api}/{blind.Id}")).Pair);
        // What a closed referral still allows goes through: nothing is lost.
        (await server.Patch(Sam, $"{Api}/{blind.Id}", Bodies.Replace(("/favorite", true)))).Is(204);
    }

    [Fact]
    public async Task A_customer_who_waits_for_a_call_is_remembered_once() // B28
    {
        await using var server = await Start(At("2026-03-01T10:00:00Z"));
        var details = new JsonObject { ["customerRequestedContact"] = true };
        var (_, waiting) = await server.Shared(change: b => b["details"] = details.DeepClone());
        var (_, answered) = await server.Shared(change: b => b["details"] = details.DeepClone());
        (await server.Patch(Sam, $"{Api}/{answered.Id}", Accept.DeepClone())).Is(204);
        server.Clock.Advance(TimeSpan.FromHours(72));
        await server.RunDueWork();
        await server.RunDueWork();
        Assert.Equal(["ReminderDue", "Created"], (await server.Get(Sam, $"{Api}/{waiting.Id}/history")).Value.Select(e => (string)e["kind"]!));
        Assert.Equal(["Updated", "Created"], (await server.Get(Sam, $"{Api}/{answered.Id}/history")).Value.Select(e => (string)e["kind"]!));
        var untouched = await server.Get(Sam, $"{Api}/{waiting.Id}");
        Assert.Equal(waiting.ETag, untouched.ETag);
        (await server.Patch(Sam, $"{Api}/{waiting.Id}", Accept.DeepClone(), ("If-Match", waiting.ETag))).Is(204);
    }

    [Fact]
    public async Task Marketplace_leads_are_archived_after_six_months() // B29
    {
        await using var server = await Start(At("2026-01-10T00:00:00Z"));
        var lead = await server.Lead("Contact me");
        Assert.Equal("New/Pending", lead.Pair); // B30
        Assert.Equal("AppSource", (string?)lead.Json["referralSource"]);
        var deal = await server.Own(Carol);
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-07-09T23:59:59Z", null));
        (await server.Get(Carol, $"{Api}/{lead.Id}")).Is(200);
        var before = await server.Get(Carol, Api);
        Assert.Equal((2, 2), (before.Value.Count, (int)before.Json["@odata.count"]!));
        server.Clock.SetUtcNow(DateTimeOffset.Parse("2026-07-10T00:00:00Z", null));
        (await server.Get(Carol, $"{Api}/{lead.Id}")).Refuses(410, null, "referral");
        (await server.Patch(Carol, $"{Api}/{lead.Id}", Bodies.Replace(("/favorite", true)))).Refuses(410);
        var after = await server.Get(Carol, Api);
        Assert.Equal(deal.Id, (string?)Assert.Single(after.Value)["id"]);
        Assert.Equal(1, (int)after.Json["@odata.count"]!);
    }

    [Theory] // B30
    [InlineData("Get it now")]
    [InlineData("free trial")]
    [InlineData("Test drive")]
    public async Task Some_leads_ask_for_no_answer(string action)
    {
        await using var server = await Start();
        var lead = await server.Lead(action);
        Assert.Equal("Active/Accepted", lead.Pair);
        Assert.Null(lead.Json["expirationDateTime"]);
    }

    [Fact]
    public async Task An_expired_lead_shows_its_contacts_to_nobody() // B17
    {
        await using var server = await Start(At("2026-01-10T00:00:00Z"));
        var lead = await server.Lead("Contact me");
        Assert.Single((await server.Get(Carol, $"{Api}/{lead.Id}")).Json["customerProfile"]!["team"]!.AsArray());
        server.Clock.Advance(TimeSpan.FromDays(14));
        await server.RunDueWork();
        var seen = await server.Get(Carol, $"{Api}/{lead.Id}");
        Assert.Equal("Closed/Expired", seen.Pair);
        Assert.Empty(seen.Json["customerProfile"]!["team"]!.AsArray());
        Assert.Empty((await server.Get(Carol, Api)).Value[0]["customerProfile"]!["team"]!.AsArray());
        Assert.Equal(0, (int)(await server.Get(Carol, $"{Api}?$filter=customerProfile/team/any(c: c/email eq 'sue@customer.example')")).Json["@odata.count"]!);
        // Putting back what was shown does not wipe out what is hidden.
        (await server.Put(Carol, $"{Api}/{lead.Id}", new JsonObject { ["substatus"] = "Lost" }, ("If-Match", seen.ETag))).Is(200);
        Assert.Single((await server.Get(Carol, $"{Api}/{lead.Id}")).Json["customerProfile"]!["team"]!.AsArray());
    }

    [Fact]
    public async Task An_own_deal_never_expires() // B31
    {
        await using var server = await Start(At("2026-01-10T00:00:00Z"));
        var deal = await server.Own();
        server.Clock.Advance(TimeSpan.FromDays(400));
        await server.RunDueWork();
        Assert.Equal("Active/Accepted", (await server.Get(Alice, $"{Api}/{deal.Id}")).Pair);
    }

    [Fact]
    public async Task A_deal_that_should_not_exist_is_closed_as_error() // B32, T5, T8
    {
        await using var server = await Start();
        var (own, other) = await server.Shared();
        Assert.Equal("Closed/Error", (await server.Status(Alice, own.Id, "Closed", "Error")).Is(200).Pair);
        Assert.Equal("Closed/Error", (await server.Status(Sam, other.Id, "Closed", "Error")).Is(200).Pair);
    }
}

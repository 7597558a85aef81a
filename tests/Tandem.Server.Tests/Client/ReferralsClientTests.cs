using System.Net;
using System.Text.Json.Nodes;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Client;

public sealed class ReferralsClientTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TandemServer _server = fixture.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_referral_is_created_read_changed_and_won()
    {
        var alice = ClientOf(Alice);
        var created = await alice.Referrals.CreateAsync(Draft("Client story"), cancellation: Cancellation);
        Assert.Equal((ReferralStatus.Active, ReferralSubstatus.Accepted), (created.Status, created.Substatus));
        Assert.NotEqual(Guid.Empty, created.EngagementId);

        var read = await alice.Referrals.GetAsync(created.Id, Cancellation);
        read.Details.DealValue = 1234.5m;
        read.Details.Notes = null;
        var put = await alice.Referrals.PutAsync(read, cancellation: Cancellation); // R70
        Assert.Equal(1234.5m, put.Details.DealValue);
        Assert.Null(put.Details.Notes);

        var patched = await alice.Referrals.PatchAsync(created.Id, new ReferralPatch()
            .Replace("/name", "Renamed")
            .Append("/team/-", new Member { Email = "bob@contoso.example", FirstName = "Bob", LastName = "Burns", PhoneNumber = "1" }),
            put.ETag, Cancellation); // R71
        Assert.Equal("Renamed", patched.Name);
        Assert.Contains(patched.Team, m => m.Email == Bob);

        var merged = await alice.Referrals.MergeAsync(
            created.Id, new JsonObject { ["status"] = "Closed", ["substatus"] = "Won" }, cancellation: Cancellation);
        Assert.Equal(ReferralSubstatus.Won, merged.Substatus);

        var history = await alice.Referrals.HistoryAsync(created.Id, Cancellation).ToListAsync(Cancellation);
        Assert.Equal(4, history.Count);
        Assert.Equal(ReferralChangeKind.Created, history[^1].Kind);
        Assert.Equal(merged.ETag, history[0].ETagAfter);
    }

    [Fact]
    public async Task A_lost_race_says_what_is_there_now() // R86
    {
        var alice = ClientOf(Alice);
        var mine = await alice.Referrals.CreateAsync(Draft("Race"), cancellation: Cancellation);
        var theirs = await alice.Referrals.PatchAsync(mine.Id, new ReferralPatch().Replace("/name", "Faster"), mine.ETag, Cancellation);

        mine.Name = "Slower";
        var refused = await Assert.ThrowsAsync<TandemException>(() => alice.Referrals.PutAsync(mine, cancellation: Cancellation));

        Assert.Equal(HttpStatusCode.PreconditionFailed, refused.Status);
        Assert.Equal("preconditionFailed", refused.Code);
        Assert.Equal("resourceModified", refused.InnerCode);
        Assert.Equal(theirs.ETag, refused.CurrentETag);
        Assert.True(Guid.TryParse(refused.RequestId, out _));
    }

    [Fact]
    public async Task A_refusal_names_every_fault() // R105
    {
        var draft = Draft("Faulty");
        draft.Details.Currency = "XXQ";
        draft.CustomerProfile.Name = "";
        var refused = await Assert.ThrowsAsync<TandemException>(() => ClientOf(Alice).Referrals.CreateAsync(draft, cancellation: Cancellation));

        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Equal("invalidRequest", refused.Code);
        Assert.Contains(refused.Faults, f => f.Code == "invalidCurrency");
        Assert.True(refused.Faults.Count >= 2, string.Join("; ", refused.Faults));
        Assert.Contains("ISO 4217", refused.Faults.Single(f => f.Code == "invalidCurrency").Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_is_read_to_its_end_whatever_address_the_links_name() // R60
    {
        await using var server = await Start(settings: ("Tandem:PublicUrl", "https://exchange.example/tandem"));
        var alice = ClientOf(Alice, server);
        for (var i = 0; i < 105; i++)
            await alice.Referrals.CreateAsync(Draft($"O'Neill {i:000}"), cancellation: Cancellation);
        await alice.Referrals.CreateAsync(Draft("Another"), cancellation: Cancellation);

        var query = new ReferralQuery
        {
            Filter = $"startswith(name, {ReferralQuery.Quote("O'Neill")})",
            OrderBy = "name desc",
            Select = "id,name",
            Count = true,
        };
        var pages = await alice.Referrals.ListPagesAsync(query, Cancellation).ToListAsync(Cancellation);
        Assert.StartsWith("https://exchange.example/tandem/", pages[0].ODataNextLink, StringComparison.Ordinal);
        Assert.Equal([100, 5], pages.Select(p => p.Value.Count));
        Assert.All(pages, p => Assert.Equal(105, p.ODataCount));

        Assert.Equal(3, await alice.Referrals.ListAsync(query with { Top = 3 }, Cancellation).CountAsync(Cancellation)); // R61
        var names = await alice.Referrals.ListAsync(query, Cancellation).Select(r => r.Name).ToListAsync(Cancellation);
        Assert.Equal(Enumerable.Range(0, 105).Reverse().Select(i => $"O'Neill {i:000}"), names);
    }

    [Fact]
    public async Task A_repeated_create_with_the_same_key_creates_once() // R13
    {
        var alice = ClientOf(Alice);
        var key = Guid.NewGuid().ToString();
        var first = await alice.Referrals.CreateAsync(Draft("Once"), key, Cancellation);
        var again = await alice.Referrals.CreateAsync(Draft("Once"), key, Cancellation);
        var other = await alice.Referrals.CreateAsync(Draft("Once"), cancellation: Cancellation);
        Assert.Equal(first.Id, again.Id);
        Assert.NotEqual(first.Id, other.Id);
    }

    [Fact]
    public async Task An_invitation_says_whom_and_the_rest_is_copied() // R93
    {
        var alice = ClientOf(Alice);
        var draft = Draft("Connected");
        draft.Type = ReferralType.Shared;
        draft.Consent.ConsentToToShareInfoWithOthers = true;
        draft.CustomerProfile.Team = [new Member { Email = "sue@customer.example", FirstName = "Sue", LastName = "Snow", PhoneNumber = "1" }];
        draft.Consent.ConsentToShareReferralWithMicrosoftSellers = true;
        var own = await alice.Referrals.CreateAsync(draft, cancellation: Cancellation);
        var invitation = await alice.Referrals.CreateAsync(new Referral
        {
            EngagementId = own.EngagementId,
            Type = ReferralType.Shared,
            Target = [new Target { Type = TargetType.BusinessProfileLocation, Id = FabrikamLocation }],
        }, cancellation: Cancellation);
        var received = await ClientOf(Carol).Referrals.GetAsync(invitation.Id, Cancellation);
        Assert.Equal(("Adventure Works", 1000m, null), (received.CustomerProfile.Name, received.Details.DealValue, received.Details.Notes));
        Assert.Equal("sue@customer.example", received.CustomerProfile.Team.Single().Email); // B15
        Assert.True(received.Consent.ConsentToShareReferralWithMicrosoftSellers);
    }

    [Fact]
    public async Task An_answer_that_is_no_error_of_ours_is_told_as_what_it_is()
    {
        using var http = new HttpClient { BaseAddress = new Uri(_server.Address) };
        var nobody = new TandemClient(http, "nobody@contoso.example");
        var refused = await Assert.ThrowsAsync<TandemException>(() => nobody.Referrals.GetAsync(Guid.NewGuid(), Cancellation));
        Assert.Equal((HttpStatusCode.Unauthorized, "unauthenticated"), (refused.Status, refused.Code));
        Assert.Throws<ArgumentException>(() => new TandemClient(new HttpClient(), "x"));
    }

    private TandemClient ClientOf(string user, TandemServer? server = null) => new((server ?? _server).Http, user);

    private static Referral Draft(string name) => new()
    {
        Name = name,
        Type = ReferralType.Independent,
        CustomerProfile = { Name = "Adventure Works", Address = { Country = "US" } },
        Details = { DealValue = 1000, Currency = "EUR", Notes = "first" },
    };
}

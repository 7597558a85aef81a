using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Contracts.Referrals;
using Tandem.Server.Storage;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals.Feed;

/// <summary><c>GET /v1.0/engagements/changes</c>: what happens, as it happens.</summary>
public sealed class ChangeStreamTests
{
    private const string Path = EventReader.Path;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_party_hears_of_its_own_referral_and_of_the_others_what_it_may_see() // W19, W25, W26, W27, W28
    {
        await using var server = await Start();
        await server.Own();
        await server.Settle();
        using var alice = await new EventReader(Alice).Open(server);
        using var carol = await new EventReader(Carol).Open(server);
        using var sam = await new EventReader(Sam).Open(server);
        var (own, other) = await server.Shared(FabrikamLocation);
        // Hidden from the other side, nothing at all, and seen.
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/externalReferenceId", "CRM-1")))).Is(204);
        (await server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/externalReferenceId", "CRM-1")))).Is(204);
        var seen = (await server.Put(Alice, $"{Api}/{own.Id}", new JsonObject { ["name"] = "Seen", ["campaignId"] = "C" }, ("If-Match", "*"))).Is(200);
        (await server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);

        Assert.Equal("text/event-stream", alice.Response.Content.Headers.ContentType!.ToString());
        Assert.True(alice.Response.Headers.CacheControl!.NoStore);
        await Hears(alice, "referral-created", own.Id);
        await Hears(alice, "related-referral-created", other.Id);
        Assert.Equal(["externalReferenceId"], (await Hears(alice, "referral-updated", own.Id)).Properties);
        var change = await Hears(alice, "referral-updated", own.Id);
        Assert.Equal(new[] { "campaignId", "name" }, change.Properties.Order());
        Assert.Equal((own.EngagementId, Contoso, seen.ETag), (change.EngagementId.ToString(), change.OrganizationId, change.ETag));
        Assert.Equal(seen.Json["updatedDateTime"]!.GetValue<DateTimeOffset>(), change.ChangedDateTime);
        await Hears(alice, "related-referral-updated", other.Id);
        Assert.Equal(TimeSpan.FromSeconds(2), alice.Retry);

        // The deal was there before Fabrikam was invited; it hears of it since then.
        var first = await carol.Next();
        if (first?.Name == "related-referral-created")
            first = await carol.Next();
        Assert.Equal(("referral-created", other.Id), (first!.Value.Name, first.Value.Data.ReferralId.ToString()));
        Assert.Equal(["name"], (await Hears(carol, "related-referral-updated", own.Id)).Properties);
        await Hears(carol, "referral-updated", other.Id);

        // Microsoft has no part in it: the next that it hears of is its own.
        var (_, microsofts) = await server.Shared();
        while (await sam.Next() is { } heard)
        {
            Assert.NotEqual(own.EngagementId, heard.Data.EngagementId.ToString());
            if (heard.Data.ReferralId.ToString() == microsofts.Id)
                break;
        }
    }

    [Fact]
    public async Task A_reminder_is_not_told_and_an_expiry_is() // W26, B26, B28
    {
        await using var server = await Start(At("2026-03-01T10:00:00Z"));
        var (_, waiting) = await server.Shared(change: b => b["details"] = new JsonObject { ["customerRequestedContact"] = true });
        await server.Settle();
        using var sam = await new EventReader(Sam).Open(server);
        server.Clock.Advance(TimeSpan.FromHours(72));
        await server.RunDueWork();
        server.Clock.Advance(TimeSpan.FromDays(12));
        await server.RunDueWork();
        Assert.Equal(ReferralChangeKind.Expired, (await Hears(sam, "referral-updated", waiting.Id)).Kind);
    }

    [Fact]
    public async Task A_stream_goes_on_behind_the_last_event()
    {
        await using var server = await Start();
        var reader = new EventReader(Alice);
        string[] ids;
        using (var stream = await reader.Open(server))
        {
            ids = [.. (await Task.WhenAll(Enumerable.Range(0, 250).Select(_ => server.Own()))).Select(d => d.Id)];
            Assert.Contains((await stream.Next())!.Value.Data.ReferralId.ToString(), ids);
        }

        var heard = new List<string>();
        var from = reader.LastId;
        using (var stream = await reader.Open(server, $"{Path}?after=garbage"))
        {
            while (heard.Count < 249)
                heard.Add((await stream.Next())!.Value.Data.ReferralId.ToString());
        }

        Assert.Equal(249, heard.Distinct().Count());
        Assert.Subset(ids.ToHashSet(), heard.ToHashSet());

        // The same by address, for who cannot send the header; and from the beginning.
        using (var stream = await new EventReader(Alice).Open(server, $"{Path}?after={from}"))
            Assert.Equal(heard[0], (await stream.Next())!.Value.Data.ReferralId.ToString());
        using (var stream = await new EventReader(Alice).Open(server, $"{Path}?after=0-0"))
            Assert.Equal(ReferralChangeKind.Created, (await stream.Next())!.Value.Data.Kind);
    }

    [Fact]
    public async Task A_client_that_hears_nothing_is_told_that_the_connection_lives_and_where_to_go_on()
    {
        await using var server = await Start(At("2026-03-01T10:00:00Z"));
        await server.Own(Carol);
        await server.Settle();
        var log = server.Services.GetRequiredService<ChangeLog>();
        var begin = await log.End(Cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Alice}");
        using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var text = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        Assert.Equal("retry: 2000", await text.ReadLineAsync(Cancellation));
        Assert.Equal($"id: {begin}", await text.ReadLineAsync(Cancellation));
        Assert.Equal("", await text.ReadLineAsync(Cancellation));
        Assert.Equal(": alive", await Heartbeat());
        Assert.Equal("", await text.ReadLineAsync(Cancellation));
        await server.Own(Carol);
        await server.Settle();
        var end = await log.End(Cancellation);
        // Another's change moves the place, once the stream has come by it.
        string? line;
        do
        {
            Assert.Equal(": alive", await Heartbeat());
            line = await text.ReadLineAsync(Cancellation);
        }
        while (line == "");
        Assert.Equal($"id: {end}", line);

        async Task<string?> Heartbeat()
        {
            var next = text.ReadLineAsync(Cancellation).AsTask();
            while (!next.IsCompleted)
            {
                server.Clock.Advance(TimeSpan.FromSeconds(5));
                await Task.WhenAny(next, Task.Delay(20, Cancellation));
            }

            var line = await next;
            return line is "" ? await text.ReadLineAsync(Cancellation) : line;
        }
    }

    [Theory]
    [InlineData("none")]
    [InlineData("1")]
    [InlineData("1-2-3")]
    [InlineData("-1-1")]
    [InlineData("0-99999999999999999999")]
    public async Task A_malformed_place_is_refused(string place)
    {
        await using var server = await Start();
        (await server.Get(Alice, Path, ("Last-Event-ID", place))).Refuses(400, "invalidValue", "Last-Event-ID");
        (await server.Get(Alice, $"{Path}?after={place}")).Refuses(400, "invalidValue", "after");
    }

    [Fact]
    public async Task A_place_that_the_log_does_not_have_is_gone_and_other_media_types_are_not_to_be_had()
    {
        await using var server = await Start();
        (await server.Get(Alice, Path, ("Last-Event-ID", $"{long.MaxValue}-1"))).Refuses(410, "positionUnknown", "Last-Event-ID");
        (await server.Get(Alice, Path, ("Accept", "application/json"))).Refuses(406, null, "Accept");
    }

    [Fact]
    public async Task A_stream_ends_with_its_token_and_with_the_server() // R8
    {
        await using var server = await Start(At("2026-03-01T10:00:00Z"));
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "password", ["client_id"] = "c", ["scope"] = "openid", ["username"] = Alice, ["password"] = "Passw0rd!",
        });
        using var answer = await server.Http.PostAsync(new Uri("/common/oauth2/v2.0/token", UriKind.Relative), form, Cancellation);
        var token = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!["access_token"]!;
        using (var stream = await new EventReader(token).Open(server))
        {
            var deal = await server.Own();
            await Hears(stream, "referral-created", deal.Id);
            var next = stream.Next();
            while (!next.IsCompleted)
            {
                server.Clock.Advance(TimeSpan.FromMinutes(10));
                await Task.WhenAny(next, Task.Delay(20, Cancellation));
            }

            Assert.Null(await next);
        }

        await server.Settle();
        using var other = await new EventReader(Alice).Open(server);
        var last = other.Next();
        server.Services.GetRequiredService<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().StopApplication();
        Assert.Null(await last);
    }

    private static async Task<ReferralEvent> Hears(EventReader.OpenStream stream, string name, string id)
    {
        var heard = (await stream.Next())!.Value;
        Assert.Equal((name, id), (heard.Name, heard.Data.ReferralId.ToString()));
        return heard.Data;
    }
}

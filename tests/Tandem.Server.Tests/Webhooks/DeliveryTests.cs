using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>What a receiver gets, against a real listener.</summary>
public sealed class DeliveryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_published_checks_accept_every_event_and_refuse_a_changed_byte(bool usesHeader) // W31, W32, W33, W34, W43
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        await server.Register(Alice, $"{receiver.Address}/events", usesHeader);
        var deal = await server.Own();
        (await server.Rename(deal.Id, "Renamed")).Is(204);
        (await server.Post(Alice, $"{Hooks.V1}/validationEvents", null)).Is(200);

        var calls = await receiver.Until(3, Cancellation);
        Assert.Equal(["referral-created", "referral-updated"], calls.Where(c => c.Event() != "test-created").Select(c => c.Event()));
        foreach (var call in calls)
        {
            Assert.Equal("POST", call.Method);
            Assert.Equal("application/json; charset=utf-8", call.Headers["Content-Type"]);
            Assert.Equal(call.Body.Length.ToString(CultureInfo.InvariantCulture), call.Headers["Content-Length"]); // W24
            Assert.Equal("rsa-sha256", call.Headers["X-MS-Signature-Algorithm"]);
            Assert.Equal(usesHeader, call.Headers.ContainsKey("x-ms-signature"));
            Assert.Equal(!usesHeader, call.Headers.ContainsKey("Authorization"));
            Assert.True(await call.IsSigned());
            for (var i = 0; i < call.Body.Length; i += 7)
            {
                var changed = call.Body.ToArray();
                changed[i] ^= 1;
                Assert.False(await call.IsSigned(changed));
            }
        }
    }

    [Fact]
    public async Task The_body_has_the_five_properties_in_their_order() // W20, W21, W22, W23, W24
    {
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        await server.Register(Alice, receiver.Address);
        var deal = await server.Own();
        var call = (await receiver.Until(1, Cancellation))[0];
        var time = DateTimeOffset.Parse((string)deal.Json["createdDateTime"]!, CultureInfo.InvariantCulture);
        var uri = $"{server.Address}/engagements/v1/referrals/{deal.Id}";
        Assert.Equal(
            $$"""{"EventName":"referral-created","ResourceUri":"{{uri}}","ResourceName":"referral","AuditUri":null,"ResourceChangeUtcDate":"{{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fffffff}}+00:00"}""",
            call.Text);
        var example = Bodies.Example("webhook-event-referral-created").AsObject();
        Assert.Equal(example.Select(p => p.Key), call.Json().Select(p => p.Key));

        // The address serves what the canonical one does (W20).
        var read = (await server.Get(Alice, uri)).Is(200);
        read = (await server.Put(Alice, uri, Changed(read.Json, "By its address"), ("If-Match", read.ETag))).Is(200);
        (await server.Patch(Alice, uri, Bodies.Replace(("/name", "Patched")), ("If-Match", read.ETag))).Is(204);
        var calls = await receiver.Until(3, Cancellation);
        Assert.Equal(["referral-created", "referral-updated", "referral-updated"], calls.Select(c => c.Event()));
    }

    private static JsonObject Changed(JsonNode referral, string name)
    {
        var changed = JsonNode.Parse(Encoding.UTF8.GetBytes(referral.ToJsonString()))!.AsObject();
        changed["name"] = name;
        return changed;
    }
}

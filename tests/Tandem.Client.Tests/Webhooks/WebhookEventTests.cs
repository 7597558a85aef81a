using System.Globalization;
using System.Text;
using System.Text.Json;
using Tandem.Client.Webhooks;

namespace Tandem.Client.Tests.Webhooks;

public sealed class WebhookEventTests
{
    private const string Referral = "https://tandem.contoso.com/engagements/v1/referrals/c1d7a8a5-5f4b-4f0e-9a53-6a4a8c6a1f10";

    [Fact]
    public void An_event_is_read_with_its_five_properties() // W21, W22
    {
        var read = Parse($$"""
            { "EventName": "referral-updated", "ResourceUri": "{{Referral}}", "ResourceName": "referral", "AuditUri": null,
              "ResourceChangeUtcDate": "2018-02-17T00:05:39.5485487+00:00" }
            """);
        Assert.Equal(
            new WebhookEvent
            {
                EventName = WebhookEventNames.ReferralUpdated,
                ResourceUri = new Uri(Referral),
                ResourceName = "referral",
                ResourceChangeUtcDate = DateTimeOffset.Parse("2018-02-17T00:05:39.5485487Z", CultureInfo.InvariantCulture),
            },
            read);
    }

    [Fact]
    public void What_a_newer_server_adds_is_passed_over() =>
        Assert.Equal(
            "https://tandem.contoso.com/audit/1",
            Parse($$"""
                { "eventname": "test-created", "resourceUri": "{{Referral}}", "ResourceName": "test", "AuditUri": "https://tandem.contoso.com/audit/1",
                  "ResourceChangeUtcDate": "2018-02-17T00:05:39Z", "More": [1] }
                """).AuditUri?.AbsoluteUri);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{ "EventName": null, "ResourceUri": "https://a.example/", "ResourceName": "test", "ResourceChangeUtcDate": "2018-02-17T00:05:39Z" }""")]
    [InlineData("""{ "EventName": "x", "ResourceName": "test", "ResourceChangeUtcDate": "2018-02-17T00:05:39Z" }""")]
    [InlineData("""{ "EventName": "x", "ResourceUri": "https://a.example/", "ResourceName": "test", "ResourceChangeUtcDate": "soon" }""")]
    public void What_is_no_event_says_so(string body) => Assert.Throws<JsonException>(() => Parse(body));

    private static WebhookEvent Parse(string body) => WebhookEvent.Parse(Encoding.UTF8.GetBytes(body));
}

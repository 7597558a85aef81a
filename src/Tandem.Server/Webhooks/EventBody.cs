using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tandem.Server.Http;
using Tandem.Server.Referrals;

namespace Tandem.Server.Webhooks;

/// <summary>Writes the bodies of events. They are stored as they are written, and sent as they are stored (W24).</summary>
internal static class EventBody
{
    // A plus sign stands as it is.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The body of a Partner Center event (W20–W23).</summary>
    public static byte[] PartnerCenter(string name, string resourceUri, DateTimeOffset changedAt)
    {
        using var buffer = new PooledBuffer(512);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("EventName", name);
            json.WriteString("ResourceUri", resourceUri);
            json.WriteString("ResourceName", name == EventNames.TestCreated ? "test" : "referral");
            json.WriteNull("AuditUri");
            json.WriteString("ResourceChangeUtcDate",
                changedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'+00:00'", CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }

        return buffer.Written.ToArray();
    }

    /// <summary>Clients call it as it stands (W20).</summary>
    public static string ReferralUri(string address, Guid id) => $"{address}/engagements/v1/referrals/{id}";

    public static string ValidationUri(string address, Guid id) =>
        $"{address}/webhooks/v1/registration/validationEvents/{id}";

    /// <summary>A CloudEvent in the structured mode that carries the referral as the recipient sees it.</summary>
    public static byte[] CloudEvent(
        Guid id, PlannedEvent planned, StoredReferral referral, DateTimeOffset changedAt, string address)
    {
        using var buffer = new PooledBuffer(referral.Document.Length + 2048);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("specversion", "1.0");
            json.WriteString("id", id);
            json.WriteString("source", $"{address}/v1.0/engagements/referrals");
            json.WriteString("type", TypeOf(planned.Name));
            json.WriteString("subject", referral.Id);
            json.WriteString("time", changedAt.UtcDateTime);
            json.WriteString("datacontenttype", "application/json");
            json.WriteStartObject("data");
            json.WriteStartArray("changedProperties");
            foreach (var property in planned.Properties)
                json.WriteStringValue(property);
            json.WriteEndArray();
            json.WritePropertyName("referral");
            using var element = new PooledBuffer(referral.Document.Length + 1024);
            var document = planned.View == ReferralView.Restricted
                ? ReferralAnswers.Restricted(referral.Document.Span)
                : ReferralAnswers.Full(referral);
            ReferralAnswers.WriteElement(element, document.Span, LinkWriter.Of(address));
            json.WriteRawValue(element.Written.Span, skipInputValidation: true);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.Written.ToArray();
    }

    // referral-created is tandem.referral.created.
    private static string TypeOf(string name)
    {
        var verb = name.LastIndexOf('-');
        return $"tandem.{name[..verb]}.{name[(verb + 1)..]}";
    }
}

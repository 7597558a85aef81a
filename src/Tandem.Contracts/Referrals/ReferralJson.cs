using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tandem.Contracts.Engagements;

namespace Tandem.Contracts.Referrals;

/// <summary>
/// Writes referrals exactly: canonical names in the documented order, unset scalars as <c>null</c>, objects always
/// present, UTC times with <c>Z</c> and no trailing zeros. Reads what it wrote; clients' bodies go through
/// <see cref="Reading.ContractReader"/>.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(Referral))]
[JsonSerializable(typeof(ReferralPage))]
[JsonSerializable(typeof(ErrorResponse))]
[JsonSerializable(typeof(ReferralHistoryPage))]
[JsonSerializable(typeof(ReferralTotals))]
[JsonSerializable(typeof(StageReport))]
[JsonSerializable(typeof(OutcomeReport))]
[JsonSerializable(typeof(TimeReport))]
[JsonSerializable(typeof(PartnerReport))]
[JsonSerializable(typeof(SolutionReport))]
[JsonSerializable(typeof(SourceReport))]
[JsonSerializable(typeof(EngagementProof))]
[JsonSerializable(typeof(ReferralDelta))]
[JsonSerializable(typeof(ReferralTombstone))]
[JsonSerializable(typeof(ReferralEvent))]
[JsonSerializable(typeof(PartnerPage))]
[JsonSerializable(typeof(List<SolutionTag>))]
public sealed partial class ReferralJson : JsonSerializerContext
{
    /// <summary>
    /// The context to use: quotes and ampersands stand as they are, since the body is never embedded in HTML.
    /// </summary>
    public static ReferralJson Wire => Holder.Context;

    // A class of its own, so that it is initialized after Default, whichever file the compiler takes first.
    private static class Holder
    {
        public static ReferralJson Context { get; } = new(new JsonSerializerOptions(Default.Options)
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
    }
}

/// <summary>Times in the documented form: ISO 8601, UTC with <c>Z</c>, at most seven fractional digits.</summary>
public sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc />
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TryGetDateTimeOffset(out var value)
        || DateTimeOffset.TryParse(reader.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out value)
            ? value.ToUniversalTime()
            : throw new JsonException("A time is written such as 2026-11-25T08:00:00Z.");

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        // A DateTime of kind Utc is written with Z and without trailing zeros.
        writer.WriteStringValue(value.UtcDateTime);
}

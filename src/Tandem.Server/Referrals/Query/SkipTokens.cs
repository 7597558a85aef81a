using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Feed;

namespace Tandem.Server.Referrals.Query;

/// <summary>What the next page needs to know: the question and the last row that was shown.</summary>
/// <param name="Tracking">Since when changes are tracked; null when nobody asked for it.</param>
internal sealed record Continuation(
    string? Filter, string? OrderBy, string? Select, string? Partner, bool Count, long? Top, IReadOnlyList<JsonElement> Position,
    Tracking? Tracking = null);

/// <summary>Makes and reads <c>$skiptoken</c> (R60), which holds values of the last row.</summary>
internal sealed class SkipTokens(IDataProtectionProvider protection)
{
    private readonly SealedTokens _sealed = new(protection.CreateProtector("Tandem.SkipTokens.v1"));

    public string Write(Caller caller, Continuation continuation, IReadOnlyList<object?> position) => _sealed.Write(caller, json =>
    {
        if (continuation.Filter is not null)
            json.WriteString("f", continuation.Filter);
        if (continuation.OrderBy is not null)
            json.WriteString("o", continuation.OrderBy);
        if (continuation.Select is not null)
            json.WriteString("s", continuation.Select);
        if (continuation.Partner is not null)
            json.WriteString("w", continuation.Partner);
        if (!continuation.Count)
            json.WriteBoolean("c", false);
        if (continuation.Top is { } top)
            json.WriteNumber("t", top);
        continuation.Tracking?.Write(json);
        json.WriteStartArray("p");
        foreach (var value in position)
            WriteKey(json, value);
        json.WriteEndArray();
    });

    public Outcome<Continuation> Read(Caller caller, string token)
    {
        if (_sealed.Read(caller, token) is not { } root)
            return Refuse();
        return new Continuation(
            SealedTokens.Text(root, "f"),
            SealedTokens.Text(root, "o"),
            SealedTokens.Text(root, "s"),
            SealedTokens.Text(root, "w"),
            !root.TryGetProperty("c", out _),
            root.TryGetProperty("t", out var top) ? top.GetInt64() : null,
            [.. root.GetProperty("p").EnumerateArray()],
            Tracking.Read(root));
    }

    public static Refusal Refuse() => Refusal.Invalid("$skiptoken", "invalidSkipToken",
        "The $skiptoken is not one that this server gave to this caller; ask for the list again without it and follow its @odata.nextLink unchanged.");

    private static void WriteKey(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number:
                json.WriteNumberValue(number);
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case Guid guid:
                json.WriteStringValue(guid);
                break;
            default:
                json.WriteStringValue((string)value);
                break;
        }
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Server.Http;
using Tandem.Server.Identity;

namespace Tandem.Server.Referrals.Query;

/// <summary>What the next page needs to know: the question and the last row that was shown.</summary>
internal sealed record Continuation(
    string? Filter, string? OrderBy, string? Select, bool Count, long? Top, IReadOnlyList<JsonElement> Position);

/// <summary>
/// Makes and reads <c>$skiptoken</c> (R60): encrypted and authenticated, and good only for the person who got it, since
/// it holds values of the last row.
/// </summary>
internal sealed class SkipTokens(IDataProtectionProvider protection)
{
    private readonly IDataProtector _protector = protection.CreateProtector("Tandem.SkipTokens.v1");

    public string Write(Caller caller, Continuation continuation, IReadOnlyList<object?> position)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (continuation.Filter is not null)
                json.WriteString("f", continuation.Filter);
            if (continuation.OrderBy is not null)
                json.WriteString("o", continuation.OrderBy);
            if (continuation.Select is not null)
                json.WriteString("s", continuation.Select);
            if (!continuation.Count)
                json.WriteBoolean("c", false);
            if (continuation.Top is { } top)
                json.WriteNumber("t", top);
            json.WriteStartArray("p");
            foreach (var value in position)
                WriteKey(json, value);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return WebEncoders.Base64UrlEncode(For(caller).Protect(buffer.ToArray()));
    }

    public Outcome<Continuation> Read(Caller caller, string token)
    {
        try
        {
            using var json = JsonDocument.Parse(For(caller).Unprotect(WebEncoders.Base64UrlDecode(token)));
            var root = json.RootElement;
            return new Continuation(
                Text(root, "f"),
                Text(root, "o"),
                Text(root, "s"),
                !root.TryGetProperty("c", out _),
                root.TryGetProperty("t", out var top) ? top.GetInt64() : null,
                [.. root.GetProperty("p").EnumerateArray().Select(e => e.Clone())]);
        }
        catch (Exception unreadable) when (unreadable is FormatException or CryptographicException)
        {
            return Refuse();
        }
    }

    public static Refusal Refuse() => Refusal.Invalid("$skiptoken", "invalidSkipToken",
        "The $skiptoken is not one that this server gave to this caller; ask for the list again without it and follow its @odata.nextLink unchanged.");

    private IDataProtector For(Caller caller) =>
        _protector.CreateProtector(caller.OrganizationId, caller.UserId.ToString("D", CultureInfo.InvariantCulture));

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? value.GetString() : null;

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

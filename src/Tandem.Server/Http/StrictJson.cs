using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tandem.Contracts.Reading;

namespace Tandem.Server.Http;

/// <summary>Reads bodies of Tandem's own endpoints: an unknown name is an error that says which one was meant.</summary>
internal static class StrictJson
{
    public static Outcome<T> Read<T>(JsonElement json, JsonTypeInfo<T> type)
        where T : class
    {
        if (json.ValueKind != JsonValueKind.Object)
            return RequestBody.NotAnObject;
        var names = type.Properties.Select(p => p.Name).ToList();
        foreach (var member in json.EnumerateObject())
        {
            if (names.Contains(member.Name, StringComparer.OrdinalIgnoreCase))
                continue;
            var nearest = Spelling.Nearest(member.Name, names);
            return Refusal.Invalid(Printable(member.Name), "invalidValue",
                $"There is no property {Printable(member.Name)}; {(nearest is null ? $"known are {string.Join(", ", names)}." : $"did you mean {nearest}?")}");
        }

        try
        {
            return json.Deserialize(type) is { } draft ? draft : RequestBody.NotAnObject;
        }
        catch (JsonException failure)
        {
            var path = failure.Path?.TrimStart('$', '.') is { Length: > 0 } at ? at : "body";
            return Refusal.Invalid(path, "invalidValue", $"{path} is of the wrong type; texts stand in quotes, truths are true or false, times are such as 2026-11-25T08:00:00Z.");
        }
    }

    /// <summary>What a client sent, fit to be shown in an answer.</summary>
    public static string Printable(string text) =>
        new([.. text.Take(64).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
}

using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals.Query;

/// <summary>What <c>$select</c> asks for: names, each whole or with names below it.</summary>
internal sealed class SelectTree
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Dictionary<string, SelectTree?> _members = new(StringComparer.Ordinal);

    /// <summary>Null means everything.</summary>
    public static Refusal? Parse(string? text, out SelectTree? tree)
    {
        tree = null;
        if (text is null || text.Trim() == "*")
            return null;

        var root = new SelectTree();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var (node, type) = (root, ContractType.Referral);
            var names = part.Split('/', StringSplitOptions.TrimEntries);
            for (var i = 0; i < names.Length; i++)
            {
                if (type?.Find(names[i], out _) is not { } property || property.Name == "@odata.context")
                {
                    var nearest = type?.Nearest(names[i]);
                    return Refusal.Invalid("$select", "invalidValue",
                        $"$select names '{part}', which does not exist{(nearest is null ? "." : $"; did you mean {nearest}?")}");
                }

                // A member that is wanted whole stays whole, whatever is named below it.
                if (i == names.Length - 1)
                    node._members[property.Name] = null;
                else if (!node._members.TryGetValue(property.Name, out var below))
                    node._members[property.Name] = node = new SelectTree();
                else if (below is null)
                    break;
                else
                    node = below;
                type = property.Nested;
            }
        }

        tree = root;
        return null;
    }

    /// <summary>Copies the selected members of a complete element.</summary>
    public void Write(IBufferWriter<byte> output, ReadOnlyMemory<byte> element)
    {
        using var document = JsonDocument.Parse(element);
        using var json = new Utf8JsonWriter(output, Options);
        Write(json, document.RootElement);
    }

    private void Write(Utf8JsonWriter json, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    Write(json, item);
                json.WriteEndArray();
                break;
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    if (!_members.TryGetValue(member.Name, out var below))
                        continue;
                    json.WritePropertyName(member.Name);
                    if (below is null)
                        member.Value.WriteTo(json);
                    else
                        below.Write(json, member.Value);
                }

                json.WriteEndObject();
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }
}

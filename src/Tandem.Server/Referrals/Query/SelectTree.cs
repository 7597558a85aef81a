using System.Buffers;
using System.Text;
using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals.Query;

/// <summary>What <c>$select</c> asks for: canonical names, each whole or with a selection of its own.</summary>
internal sealed class SelectTree
{
    private const int LongestText = 8_192;
    private readonly List<Branch> _branches = [];

    /// <summary>The selected names, in the order of asking.</summary>
    public IEnumerable<string> Names => _branches.Select(b => b.Property.Name);

    /// <summary>Reads the option; the value null stands for everything.</summary>
    public static Refusal? Parse(string text, out SelectTree? tree)
    {
        tree = null;
        if (text.Length > LongestText)
            return Refuse($"$select has {text.Length} characters; at most {LongestText} are read.");

        var root = new SelectTree();
        var isAll = false;
        foreach (var item in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (item == "*")
                isAll = true;
            else if (root.Add(ContractType.Referral, item) is { } refusal)
                return refusal;
        }

        tree = isAll ? null : root;
        return null;
    }

    public bool Has(string name) => _branches.Exists(b => b.Property.Name == name);

    /// <summary>
    /// Copies the selected members of a stored document in its own order, then those of the links, which are not stored.
    /// </summary>
    /// <param name="document">A UTF-8 JSON object.</param>
    /// <param name="links">The UTF-8 JSON object of the links.</param>
    public void Write(ReadOnlySpan<byte> document, ReadOnlySpan<byte> links, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        var reader = new Utf8JsonReader(document);
        reader.Read();
        json.WriteStartObject();
        CopyMembers(ref reader, document, json);
        if (_branches.Find(b => b.Property.Name == "links") is { } branch)
        {
            json.WritePropertyName("links"u8);
            reader = new Utf8JsonReader(links);
            reader.Read();
            Copy(ref reader, links, branch.Within, json);
        }

        json.WriteEndObject();
    }

    private Refusal? Add(ContractType type, string path)
    {
        var tree = this;
        var names = path.Split('/');
        for (var i = 0; i < names.Length; i++)
        {
            var before = string.Join('/', names.Take(i));
            if (names[i].Length == 0)
                return Refuse("$select has an empty name; write names with commas between them, such as id,status,customerProfile/name.");
            if (type.Find(names[i], out _) is not { } property || property.Name.StartsWith('@'))
                return Refuse($"In $select, {ReferralPath.Unknown(type, names[i], before)}");

            var isLast = i == names.Length - 1;
            if (!isLast && property.Nested is null)
                return Refuse($"In $select, {property.Name} has no properties to select.");

            var branch = tree._branches.Find(b => b.Property == property);
            if (branch is null)
                tree._branches.Add(branch = new(property, isLast ? null : new SelectTree()));
            else if (isLast)
                branch.Within = null;
            if (isLast)
                return null;

            // A whole object was asked for already; the rest of the path is still checked.
            tree = branch.Within ?? new SelectTree();
            type = property.Nested!;
        }

        return null;
    }

    private void CopyMembers(ref Utf8JsonReader reader, ReadOnlySpan<byte> source, Utf8JsonWriter json)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Branch? selected = null;
            foreach (var branch in _branches)
            {
                if (reader.ValueTextEquals(branch.Utf8Name))
                    selected = branch;
            }

            reader.Read();
            if (selected is null)
            {
                reader.Skip();
                continue;
            }

            json.WritePropertyName(selected.Utf8Name);
            Copy(ref reader, source, selected.Within, json);
        }
    }

    private static void Copy(ref Utf8JsonReader reader, ReadOnlySpan<byte> source, SelectTree? within, Utf8JsonWriter json)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject when within is not null:
                json.WriteStartObject();
                within.CopyMembers(ref reader, source, json);
                json.WriteEndObject();
                break;
            case JsonTokenType.StartArray when within is not null:
                json.WriteStartArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    Copy(ref reader, source, within, json);
                json.WriteEndArray();
                break;
            default:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                json.WriteRawValue(source[start..(int)reader.BytesConsumed], skipInputValidation: true);
                break;
        }
    }

    private static Refusal Refuse(string message) => Refusal.Invalid("$select", "invalidValue", message);

    private sealed class Branch(ContractProperty property, SelectTree? within)
    {
        public ContractProperty Property { get; } = property;

        public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(property.Name);

        public SelectTree? Within { get; set; } = within;
    }
}

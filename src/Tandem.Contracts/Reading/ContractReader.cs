using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Text.Json;
using Tandem.Contracts.ValueLists;

namespace Tandem.Contracts.Reading;

/// <summary>Something a client sent that the contract does not allow.</summary>
/// <param name="Target">Property path, for example <c>details.currency</c>.</param>
/// <param name="Code">Specific code, for example <c>invalidCurrency</c>.</param>
/// <param name="Message">Which property, why, and how to mend it.</param>
public sealed record ContractFault(string Target, string Code, string Message);

/// <summary>How a body meets what is already there.</summary>
public enum ReadMode
{
    /// <summary>A new object: clients set everything but server-owned properties; null means absent.</summary>
    Create,

    /// <summary>A merge by presence: fixed properties are ignored, null clears a nullable one.</summary>
    Merge,

    /// <summary>One operation of a JSON Patch: a server-owned or fixed property is a fault.</summary>
    Patch,
}

/// <summary>
/// Reads what clients send, liberally: names in any case, aliases, numbers and booleans as strings, a single object for
/// an array, <c>ids</c> in four shapes. Collects every fault instead of stopping at the first one.
/// </summary>
public sealed class ContractReader
{
    private const decimal LargestNumber = 1_000_000_000_000_000m;
    private const int MostlyTaken = 32;

    /// <summary>What is wrong, in the order of the body.</summary>
    public List<ContractFault> Faults { get; } = [];

    /// <summary>Paths of unknown properties, which are ignored, each with the nearest known name.</summary>
    public List<(string Path, string? Nearest)> Unknown { get; } = [];

    /// <summary>Paths of the properties that were sent and taken; a list is one, whatever its elements hold.</summary>
    public HashSet<string> Taken { get; } = new(MostlyTaken, StringComparer.Ordinal);

    /// <summary>Reads the members of a JSON object into <paramref name="target"/>.</summary>
    public void ReadObject(ContractType type, object target, JsonElement body, ReadMode mode, string prefix = "")
    {
        var sent = ArrayPool<(JsonElement Value, bool ByAlias)>.Shared.Rent(type.Properties.Length);
        foreach (var member in body.EnumerateObject())
        {
            var property = type.Find(member, out var isAlias);
            if (property is null)
            {
                Unknown.Add((prefix + member.Name, type.Nearest(member.Name)));
                continue;
            }

            // The canonical name wins over its alias; of names that differ only by case the last wins.
            var (before, byAlias) = sent[property.Index];
            if (!isAlias || byAlias || before.ValueKind == JsonValueKind.Undefined)
                sent[property.Index] = (member.Value, isAlias);
        }

        foreach (var property in type.Properties)
        {
            var value = sent[property.Index].Value;
            if (value.ValueKind != JsonValueKind.Undefined)
                ReadProperty(property, target, value, mode, PropertyPath.Of(prefix, property.Name));
        }

        // Empty again for the next one.
        ArrayPool<(JsonElement Value, bool ByAlias)>.Shared.Return(sent, clearArray: true);
    }

    /// <summary>Reads one value into a property of <paramref name="target"/>, as far as its access allows.</summary>
    public void ReadProperty(ContractProperty property, object target, JsonElement value, ReadMode mode, string path)
    {
        if (!IsOpen(property, mode, path))
            return;

        switch (property.Kind)
        {
            case ContractKind.Object when value.ValueKind == JsonValueKind.Object:
                Take(path);
                ReadObject(property.Nested!, property.Get(target)!, value, mode == ReadMode.Patch ? ReadMode.Merge : mode, path + ".");
                break;
            case ContractKind.Object when value.ValueKind == JsonValueKind.Null && mode == ReadMode.Create:
                break;
            case ContractKind.Object when value.ValueKind == JsonValueKind.Null:
                Fail(path, "invalidValue", $"{path} cannot be cleared as a whole; send null for the members to clear.");
                break;
            case ContractKind.Object:
                Fail(path, "invalidValue", $"{path} must be a JSON object, not {Describe(value)}.");
                break;
            case ContractKind.List:
                if (ReadList(property, value, path) is { } list)
                {
                    Take(path);
                    property.Set(target, list);
                }

                break;
            default:
                if (value.ValueKind == JsonValueKind.Null && !property.IsNullable)
                {
                    if (mode != ReadMode.Create)
                        Fail(path, "invalidValue", $"{path} cannot be null; leave it out to keep its value.");
                }
                else if (TryScalar(property, value, path, out var scalar))
                {
                    Take(path);
                    property.Set(target, scalar);
                }

                break;
        }
    }

    /// <summary>Reads one element of a list; null when it was faulty.</summary>
    public object? ReadElement(ContractProperty list, JsonElement value, string path)
    {
        switch (list.ElementKind)
        {
            case ContractKind.Json:
                return value.Clone();
            case ContractKind.Object when value.ValueKind == JsonValueKind.Object:
                var element = list.Nested!.Create();
                var before = Faults.Count;
                ReadObject(list.Nested, element, value, ReadMode.Create, path + ".");
                return Faults.Count == before ? element : null;
            case ContractKind.Object:
                Fail(path, "invalidValue", $"{path} must be a JSON object, not {Describe(value)}.");
                return null;
            default:
                return TryScalar(list, value, path, out var scalar) ? scalar : null;
        }
    }

    // Which members an element has, nobody asks.
    private void Take(string path)
    {
        if (!path.Contains('['))
            Taken.Add(path);
    }

    private bool IsOpen(ContractProperty property, ReadMode mode, string path)
    {
        var open = property.Access switch
        {
            Access.Mutable => true,
            Access.Fixed => mode == ReadMode.Create,
            // A patch that repeats the stored value is no error: the caller compares afterwards.
            Access.FixedValue => mode is ReadMode.Create or ReadMode.Patch,
            Access.Server or Access.Registration => false,
            _ => false,
        };
        if (!open && mode == ReadMode.Patch)
            Fail(path, "readOnlyProperty", $"{path} cannot be changed by a client; remove the operation.");
        return open;
    }

    private IList? ReadList(ContractProperty property, JsonElement value, string path)
    {
        var list = property.CreateList();
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return list;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                    Add($"{path}[{index++}]", item);
                break;
            case JsonValueKind.Object when IsIdMap(property, value):
                foreach (var entry in value.EnumerateObject())
                    AddId(entry);
                break;
            case JsonValueKind.Object:
                Add($"{path}[0]", value);
                break;
            default:
                Fail(path, "invalidValue", $"{path} must be a JSON array, not {Describe(value)}.");
                return null;
        }

        return list;

        void Add(string at, JsonElement item)
        {
            if (ReadElement(property, item, at) is { } element)
                list.Add(element);
        }

        void AddId(JsonProperty entry)
        {
            var id = (Referrals.CustomerProfileId)property.Nested!.Create();
            if (!Enum.TryParse<Referrals.CustomerProfileType>(entry.Name, true, out var type) || int.TryParse(entry.Name, out _))
                Fail(path, "invalidValue", $"{path} knows the kinds Duns and External, not '{entry.Name}'.");
            else if (entry.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
                Fail($"{path}.{entry.Name}", "invalidValue", $"{path}.{entry.Name} must be a text.");
            else if (entry.Value.GetString() is { } text)
            {
                (id.ProfileType, id.Id) = (type, text.Trim());
                list.Add(id);
            }
        }
    }

    // { "Duns": "…", "External": "…" } and {}, both seen in documented samples of ids; an object with the members of
    // an element is one element.
    private static bool IsIdMap(ContractProperty property, JsonElement value) =>
        property.Nested?.ClrType == typeof(Referrals.CustomerProfileId)
        && !value.EnumerateObject().Any(m => property.Nested.Find(m, out _) is not null);

    private bool TryScalar(ContractProperty property, JsonElement value, string path, out object? scalar)
    {
        scalar = null;
        if (value.ValueKind == JsonValueKind.Null)
        {
            if (property.Kind == ContractKind.List)
                Fail(path, "invalidValue", $"{path} cannot be null.");
            return property.Kind != ContractKind.List;
        }

        switch (property.ElementKind)
        {
            case ContractKind.Boolean:
                return TryBoolean(value, path, out scalar);
            case ContractKind.Number:
                return TryNumber(value, path, out scalar);
            case ContractKind.Time:
                return TryTime(value, path, out scalar);
            case ContractKind.Guid:
                if (value.ValueKind == JsonValueKind.String && Guid.TryParse(value.GetString(), out var guid))
                {
                    scalar = guid;
                    return true;
                }

                return Fail(path, "invalidValue", $"{path} must be a GUID, not {Describe(value)}.");
            case ContractKind.Enumeration:
                if (value.ValueKind == JsonValueKind.String && property.TryMember(value.GetString()!.Trim(), out scalar))
                    return true;
                return Fail(path, "invalidValue",
                    $"{path} must be one of {string.Join(", ", property.MemberNames)}, not {Describe(value)}.");
            default:
                return TryText(property, value, path, out scalar);
        }
    }

    private bool TryText(ContractProperty property, JsonElement value, string path, out object? scalar)
    {
        scalar = null;
        if (value.ValueKind == JsonValueKind.Number && property.Form == TextForm.SalesStage)
            scalar = value.GetRawText();
        else if (value.ValueKind == JsonValueKind.String)
            scalar = value.GetString()!.Trim();
        else
            return Fail(path, "invalidValue", $"{path} must be a text, not {Describe(value)}.");

        var text = (string)scalar;
        if (text.Contains('\0'))
            return Fail(path, "invalidValue", $"{path} contains the character U+0000, which cannot be stored; remove it.");
        if (property.MaxLength > 0 && text.Length > property.MaxLength)
        {
            return Fail(path, "invalidValue",
                $"{path} may have at most {property.MaxLength} characters; it has {text.Length}.");
        }

        switch (property.Form)
        {
            case TextForm.Email when text.Length > 0 && text.Count(c => c == '@') != 1:
                return Fail(path, "invalidValue", $"{path} must be empty or an e-mail address with one @.");
            case TextForm.Currency:
                scalar = text.ToUpperInvariant();
                return IsoCodes.IsCurrency((string)scalar)
                    || Fail(path, "invalidCurrency", $"{path} must be a three-letter code of ISO 4217 such as USD or EUR, not {Describe(value)}.");
            case TextForm.Country:
                if (text.Length == 0)
                    return true;
                if (!IsoCodes.TryCountry(text, out var country))
                {
                    return Fail(path, "invalidCountry",
                        $"{path} must be a two- or three-letter code of ISO 3166-1 such as US or USA, not {Describe(value)}.");
                }

                scalar = country;
                return true;
            case TextForm.SalesStage:
                if (!SalesStages.TryRead(text, out var stage))
                {
                    return Fail(path, "invalidValue",
                        $"{path} must be null or one of {string.Join(", ", SalesStages.All)}, not {Describe(value)}.");
                }

                scalar = stage;
                return true;
            default:
                return true;
        }
    }

    private bool TryBoolean(JsonElement value, string path, out object? scalar)
    {
        scalar = null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            scalar = value.GetBoolean();
        else if (value.ValueKind == JsonValueKind.String && bool.TryParse(value.GetString(), out var parsed))
            scalar = parsed;
        return scalar is not null || Fail(path, "invalidValue", $"{path} must be true or false, not {Describe(value)}.");
    }

    private bool TryNumber(JsonElement value, string path, out object? scalar)
    {
        scalar = null;
        decimal number = 0;
        var isNumber = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDecimal(out number),
            JsonValueKind.String => decimal.TryParse(
                value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out number),
            _ => false,
        };
        if (!isNumber || number is < 0 or > LargestNumber)
            return Fail(path, "invalidValue", $"{path} must be a number from 0 to 10^15, not {Describe(value)}.");
        scalar = number;
        return true;
    }

    private bool TryTime(JsonElement value, string path, out object? scalar)
    {
        scalar = null;
        if (value.ValueKind != JsonValueKind.String || !WireTime.TryParse(value.GetString(), out var time))
        {
            return Fail(path, "invalidValue",
                $"{path} must be a date such as 2026-03-24 or a time such as 2026-03-24T18:30:00Z, not {Describe(value)}.");
        }

        scalar = time;
        return true;
    }

    private bool Fail(string path, string code, string message)
    {
        Faults.Add(new(path, code, message));
        return false;
    }

    private static string Describe(JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.Object)
            return "an object";
        if (value.ValueKind is JsonValueKind.Array)
            return "an array";
        var text = value.GetRawText();
        return text.Length <= 60 ? text : text[..57] + "...";
    }
}

using System.Collections;
using System.Globalization;
using System.Text.Json;

namespace Tandem.Contracts.Reading;

/// <summary>
/// Applies a JSON Patch (RFC 6902) as the contract allows it: <c>add</c> and <c>replace</c> only, names in any case,
/// values coerced as in any body, server-owned properties refused.
/// </summary>
/// <param name="reader">Reads the values and collects the faults.</param>
public sealed class JsonPatchReader(ContractReader reader)
{
    /// <summary>Applies all operations in order to <paramref name="target"/>, which should be a copy.</summary>
    public void Apply(ContractType type, object target, JsonElement operations)
    {
        var number = 0;
        foreach (var operation in operations.EnumerateArray())
            ApplyOne(type, target, operation, number++);
    }

    private void ApplyOne(ContractType type, object target, JsonElement operation, int number)
    {
        if (operation.ValueKind != JsonValueKind.Object)
        {
            Fail($"[{number}]", "invalidValue", $"Operation {number} must be an object with op, path and value.");
            return;
        }

        var (op, path, value) = (Member(operation, "op"), Member(operation, "path"), Member(operation, "value"));
        if (op.ValueKind != JsonValueKind.String || path.ValueKind != JsonValueKind.String)
        {
            Fail($"[{number}]", "missingProperty", $"Operation {number} needs op (add or replace) and path as texts.");
            return;
        }

        var verb = op.GetString()!.Trim().ToUpperInvariant();
        if (verb is not ("ADD" or "REPLACE"))
        {
            Fail($"[{number}].op", "unsupportedOperation",
                $"Operation {number}: only add and replace are supported, not '{op.GetString()}'.");
            return;
        }

        if (value.ValueKind == JsonValueKind.Undefined)
        {
            Fail($"[{number}].value", "missingProperty", $"Operation {number} needs a value; send null to clear.");
            return;
        }

        var pointer = path.GetString()!.Trim();
        if (!pointer.StartsWith('/') || pointer.Length == 1)
        {
            Fail($"[{number}].path", "invalidValue",
                $"Operation {number}: path must be a JSON Pointer to a property, such as /details/dealValue.");
            return;
        }

        var tokens = pointer[1..].TrimEnd('/').Split('/');
        for (var i = 0; i < tokens.Length; i++)
            tokens[i] = tokens[i].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
        Walk(type, target, tokens, verb == "ADD", value);
    }

    private void Walk(ContractType type, object target, string[] tokens, bool isAdd, JsonElement value)
    {
        var path = "";
        for (var i = 0; i < tokens.Length; i++)
        {
            var property = type.Find(tokens[i], out _);
            if (property is null)
            {
                path += tokens[i];
                var nearest = type.Nearest(tokens[i]) is { } known ? $"; did you mean {known}?" : ".";
                Fail(path, "invalidValue", $"There is no property {path}{nearest}");
                return;
            }

            path += property.Name;
            var isLast = i == tokens.Length - 1;
            if (isLast)
            {
                reader.ReadProperty(property, target, value, ReadMode.Patch, path);
                return;
            }

            if (property.Access is Access.Server or Access.Fixed)
            {
                Fail(path, "readOnlyProperty", $"{path} cannot be changed by a client; remove the operation.");
                return;
            }

            if (property.Kind == ContractKind.Object)
            {
                (type, target, path) = (property.Nested!, property.Get(target)!, path + ".");
                continue;
            }

            if (property.Kind != ContractKind.List)
            {
                Fail(path, "invalidValue", $"{path} has no members; the path must end there.");
                return;
            }

            var list = (IList)property.Get(target)!;
            var token = tokens[++i];
            var isElement = i == tokens.Length - 1;
            if (isElement)
            {
                SetElement(property, list, token, isAdd, value, path);
                return;
            }

            if (!TryIndex(token, list.Count - 1, out var index) || property.ElementKind != ContractKind.Object)
            {
                OutOfRange(path, token, list.Count);
                return;
            }

            (type, target, path) = (property.Nested!, list[index]!, $"{path}[{index}].");
        }
    }

    private void SetElement(ContractProperty property, IList list, string token, bool isAdd, JsonElement value, string path)
    {
        var index = list.Count;
        if (token == "-" ? !isAdd : !TryIndex(token, isAdd ? list.Count : list.Count - 1, out index))
        {
            OutOfRange(path, token, list.Count);
            return;
        }

        if (reader.ReadElement(property, value, $"{path}[{index}]") is not { } element)
            return;
        reader.Taken.Add(path);
        if (isAdd)
            list.Insert(index, element);
        else
            list[index] = element;
    }

    private void OutOfRange(string path, string token, int count) =>
        Fail($"{path}[{token}]", "invalidValue",
            $"{path} has {count} elements and none at '{token}'; use an index below {count}, or add with '-' to append.");

    private static bool TryIndex(string token, int largest, out int index) =>
        int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out index) && index <= largest;

    private static JsonElement Member(JsonElement operation, string name)
    {
        var found = default(JsonElement);
        foreach (var member in operation.EnumerateObject())
        {
            if (string.Equals(member.Name, name, StringComparison.OrdinalIgnoreCase))
                found = member.Value;
        }

        return found;
    }

    private void Fail(string target, string code, string message) =>
        reader.Faults.Add(new(target, code, message));
}

using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;

namespace Tandem.Client;

/// <summary>
/// What of a new referral is sent: only what somebody has set. An unset value is one that the server decides, and an empty
/// engagement would be taken for one to join.
/// </summary>
internal static class ReferralBody
{
    public static byte[] OfNew(Referral referral)
    {
        var whole = JsonSerializer.SerializeToNode(referral, ReferralJson.Wire.Referral)!.AsObject();
        return JsonSerializer.SerializeToUtf8Bytes(Said(ContractType.Referral, referral, whole), ClientJson.Default.JsonObject);
    }

    private static JsonObject Said(ContractType type, object owner, JsonObject whole)
    {
        var said = new JsonObject();
        foreach (var property in type.Properties.Where(p => p.Access != Access.Server))
        {
            var value = property.Get(owner);
            if (IsUnset(value) || !whole.ContainsKey(property.Name))
                continue;
            if (property.Kind == ContractKind.Object)
                said[property.Name] = Said(property.Nested!, value!, whole[property.Name]!.AsObject());
            else
                said[property.Name] = whole[property.Name]!.DeepClone();
        }

        return said;
    }

    private static bool IsUnset(object? value) => value switch
    {
        null => true,
        Guid id => id == Guid.Empty,
        IList list => list.Count == 0,
        // The neutral member of a list of names; a first member with a meaning of its own is sent.
        Enum name => name.ToString() is "None" or "Unknown",
        _ => false,
    };
}

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
        // What a referral that joins an engagement leaves out is copied from the caller's own; an empty object says nothing.
        var said = Said(ContractType.Referral, referral, whole, keepsEmpty: referral.EngagementId == Guid.Empty);
        return JsonSerializer.SerializeToUtf8Bytes(said, ClientJson.Default.JsonObject);
    }

    private static JsonObject Said(ContractType type, object owner, JsonObject whole, bool keepsEmpty)
    {
        var said = new JsonObject();
        foreach (var property in type.Properties.Where(p => p.Access != Access.Server))
        {
            var value = property.Get(owner);
            if (IsUnset(property, value) || !whole.ContainsKey(property.Name))
                continue;
            if (property.Kind != ContractKind.Object)
                said[property.Name] = whole[property.Name]!.DeepClone();
            else if (Said(property.Nested!, value!, whole[property.Name]!.AsObject(), keepsEmpty) is var part && (keepsEmpty || part.Count > 0))
                said[property.Name] = part;
        }

        return said;
    }

    private static bool IsUnset(ContractProperty property, object? value) => value switch
    {
        null => true,
        // The only way not to say something that has no null.
        "" or false => !property.IsNullable,
        Guid id => id == Guid.Empty,
        IList list => list.Count == 0,
        // The neutral member of a list of names; a first member with a meaning of its own is sent.
        Enum name => name.ToString() is "None" or "Unknown",
        _ => false,
    };
}

using System.Collections.Frozen;
using Tandem.Contracts.Reading;

namespace Tandem.Server.Referrals.Query;

/// <summary>Who sees a value of another party's referral, or of an expired lead.</summary>
internal enum Sight
{
    Everyone,

    /// <summary>The owner only (B14).</summary>
    Owner,

    /// <summary>Why Microsoft let an invitation expire, or declined a small deal, is not told (B34).</summary>
    StatusReason,

    /// <summary>The owner's team, which Microsoft's referral hides when it was declined or expired (B16).</summary>
    Team,

    /// <summary>The customer's contacts (B15, B17).</summary>
    CustomerContacts,
}

/// <summary>A column of <c>referrals</c> that holds what a path of the document holds.</summary>
internal sealed record PromotedColumn(string Name, bool IsNullable = true);

/// <summary>A path into the document, from the referral or from an element of a list.</summary>
internal sealed class ReferralPath
{
    /// <summary>The list that has a column of its own.</summary>
    public const string Solutions = "details/requirements/solutions";

    // Beside what R62 names, the times that the server sets.
    private static readonly FrozenDictionary<string, PromotedColumn> Promoted = new Dictionary<string, PromotedColumn>
    {
        ["id"] = new("id", false),
        ["engagementId"] = new("engagement_id", false),
        ["organizationId"] = new("organization_id", false),
        ["status"] = new("status", false),
        ["substatus"] = new("substatus", false),
        ["type"] = new("type", false),
        ["qualification"] = new("qualification", false),
        ["direction"] = new("direction", false),
        ["createdDateTime"] = new("created_at", false),
        ["updatedDateTime"] = new("updated_at", false),
        ["expirationDateTime"] = new("expires_at"),
        ["acceptedDateTime"] = new("accepted_at"),
        ["closedDateTime"] = new("closed_at"),
        ["details/closingDateTime"] = new("closing_at"),
        ["externalReferenceId"] = new("external_reference_id"),
        ["name"] = new("name"),
        ["customerProfile/name"] = new("customer_name"),
        ["customerProfile/address/country"] = new("country"),
        ["details/dealValue"] = new("deal_value"),
        ["details/currency"] = new("currency"),
        ["mpnId"] = new("mpn_id"),
        ["salesStage"] = new("sales_stage"),
        ["campaignId"] = new("campaign_id"),
        ["registrationStatus"] = new("registration_status", false),
        ["favorite"] = new("favorite", false),
        ["inviteContext/invitedBy/organizationId"] = new("invited_by"),
        ["consent/consentToShareReferralWithMicrosoftSellers"] = new("shared_with_sellers", false),
    }.ToFrozenDictionary();

    private ReferralPath(FilterScope scope, IReadOnlyList<ContractProperty> properties)
    {
        Scope = scope;
        Properties = properties;
        Text = string.Join('/', properties.Select(p => p.Name));
        if (scope.Depth > 0)
            return;

        Column = Promoted.GetValueOrDefault(Text);
        Sight = Text switch
        {
            _ when properties.Count == 0 => Sight.Everyone,
            "statusReason" => Sight.StatusReason,
            _ when properties[0].Name == "team" => Sight.Team,
            _ when properties.Count > 1 && properties[0].Name == "customerProfile" && properties[1].Name == "team" => Sight.CustomerContacts,
            _ when properties.Any(p => p.HiddenFromOthers) => Sight.Owner,
            _ => Sight.Everyone,
        };
    }

    public FilterScope Scope { get; }

    /// <summary>Empty for an element itself, such as <c>t</c> in <c>tags/any(t: t eq 'x')</c>.</summary>
    public IReadOnlyList<ContractProperty> Properties { get; }

    /// <summary>Canonical names with slashes.</summary>
    public string Text { get; }

    public PromotedColumn? Column { get; }

    public Sight Sight { get; }

    /// <summary>The last property; for an element itself its list.</summary>
    public ContractProperty Last => Properties.Count > 0 ? Properties[^1] : Scope.List!;

    public ContractKind Kind => Properties.Count > 0 ? Properties[^1].Kind : Scope.List!.ElementKind;

    public bool IsScalar => Kind is not (ContractKind.Object or ContractKind.List or ContractKind.Json);

    /// <summary>Follows names in any case; what stops it is told to <paramref name="fault"/> with the name's number.</summary>
    public static ReferralPath? Resolve(FilterScope scope, IReadOnlyList<string> names, Action<int, string> fault)
    {
        var type = scope.Type;
        var properties = new ContractProperty[names.Count];
        for (var i = 0; i < names.Count; i++)
        {
            var before = string.Join('/', properties.Take(i).Select(p => p.Name));
            if (type is null || (i > 0 && properties[i - 1].Kind == ContractKind.List))
            {
                fault(i, i > 0 && properties[i - 1].Kind == ContractKind.List
                    ? $"{before} is a list; write {before}/any(x: x/{names[i]} …)."
                    : $"{(i == 0 ? scope.Variable : before)} has no properties that can be asked for.");
                return null;
            }

            if (type.Find(names[i], out _) is not { } property || property.Name.StartsWith('@'))
            {
                fault(i, Unknown(type, names[i], before));
                return null;
            }

            if (i == 0 && scope.Depth == 0 && property.Name == "links")
            {
                fault(i, "links are made for each answer and cannot be asked for; ask for id or engagementId.");
                return null;
            }

            properties[i] = property;
            type = property.Nested;
        }

        return new(scope, properties);
    }

    public static string Unknown(ContractType type, string name, string parent)
    {
        var shown = name.Length <= 60 ? name : $"{name.AsSpan(0, 57)}...";
        var nearest = type.Nearest(name) is { } known && !known.StartsWith('@') ? $"; did you mean {known}?" : ".";
        return $"there is no property '{shown}'{(parent.Length > 0 ? $" in {parent}" : "")}{nearest}";
    }
}

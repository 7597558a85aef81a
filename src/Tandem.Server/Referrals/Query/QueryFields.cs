using System.Collections.Frozen;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;

namespace Tandem.Server.Referrals.Query;

/// <summary>
/// A property that a query names, as SQL. Where rows of other parties are in the result, a hidden property stands for its
/// empty value on them, so that nobody learns it by filtering or ordering (B14).
/// </summary>
internal sealed class QueryFields(SqlDialect dialect, SqlParameters parameters, string organizationId, bool seesOthers)
{
    // The columns that stand beside the document; everything else is read from it.
    private static readonly FrozenDictionary<string, string> Columns = new Dictionary<string, string>
    {
        ["id"] = "id",
        ["engagementId"] = "engagement_id",
        ["organizationId"] = "organization_id",
        ["status"] = "status",
        ["substatus"] = "substatus",
        ["type"] = "type",
        ["qualification"] = "qualification",
        ["direction"] = "direction",
        ["createdDateTime"] = "created_at",
        ["updatedDateTime"] = "updated_at",
        ["expirationDateTime"] = "expires_at",
        ["acceptedDateTime"] = "accepted_at",
        ["closedDateTime"] = "closed_at",
        ["externalReferenceId"] = "external_reference_id",
        ["name"] = "name",
        ["mpnId"] = "mpn_id",
        ["salesStage"] = "sales_stage",
        ["campaignId"] = "campaign_id",
        ["registrationStatus"] = "registration_status",
        ["favorite"] = "favorite",
        ["customerProfile.name"] = "customer_name",
        ["customerProfile.address.country"] = "country",
        ["details.dealValue"] = "deal_value",
        ["details.currency"] = "currency",
        ["details.closingDateTime"] = "closing_at",
        ["inviteContext.invitedBy.organizationId"] = "invited_by",
        ["consent.consentToShareReferralWithMicrosoftSellers"] = "shared_with_sellers",
    }.ToFrozenDictionary();

    private string? _organization;

    private string Organization => _organization ??= parameters.Add(organizationId);

    /// <summary>The SQL of a scalar property of the referral.</summary>
    public string Scalar(IReadOnlyList<ContractProperty> path)
    {
        var names = path.Select(p => p.Name).ToList();
        var dotted = string.Join('.', names);
        var last = path[^1];
        var sql = Columns.TryGetValue(dotted, out var column) ? $"r.{column}" : dialect.Scalar("r.document", names, last.Kind);
        if (seesOthers && dotted == "statusReason")
        {
            // Microsoft does not say why it let an invitation expire, or declined a small deal (B34).
            return $"CASE WHEN r.organization_id = '{Server.Organizations.Organization.Microsoft}' AND r.organization_id <> {Organization} AND "
                + $"(r.substatus = 'Expired' OR (r.substatus = 'Declined' AND r.deal_value < 25000)) THEN NULL ELSE {sql} END";
        }

        if (!seesOthers || !path.Any(p => p.HiddenFromOthers))
            return sql;
        return $"CASE WHEN r.organization_id = {Organization} THEN {sql} ELSE {Empty(path)} END";
    }

    /// <summary>The condition under which a list of the referral is shown at all; null when always.</summary>
    public string? WhenShown(IReadOnlyList<ContractProperty> path) => string.Join('.', path.Select(p => p.Name)) switch
    {
        // An expired lead shows its contacts to nobody (B17), other parties see them by consent (B15).
        "customerProfile.team" when seesOthers =>
            $"((r.organization_id = {Organization} AND NOT (r.is_lead AND r.substatus = 'Expired')) "
            + $"OR (r.organization_id <> {Organization} AND r.contacts_shared AND r.substatus <> 'Expired'))",
        "customerProfile.team" => "NOT (r.is_lead AND r.substatus = 'Expired')",
        // Microsoft's sellers are not shown for deals it did not take (B16).
        "team" when seesOthers =>
            $"(r.organization_id = {Organization} OR r.organization_id <> '{Server.Organizations.Organization.Microsoft}' "
            + "OR r.substatus NOT IN ('Declined', 'Expired'))",
        _ when seesOthers && path.Any(p => p.HiddenFromOthers) => $"r.organization_id = {Organization}",
        _ => null,
    };

    private string Empty(IReadOnlyList<ContractProperty> path)
    {
        object? value = new Referral();
        foreach (var property in path)
            value = value is null ? null : property.Get(value);
        return value switch
        {
            null => "NULL",
            bool => dialect.False,
            Enum name => $"'{name}'",
            _ => parameters.Add(value),
        };
    }
}

using System.Globalization;
using System.Text.Json.Nodes;
using Tandem.Contracts.Bulk;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;

namespace Tandem.Server.Bulk;

/// <summary>What one deal's row is made of.</summary>
/// <param name="Own">The organization's own referral.</param>
/// <param name="Microsoft">Microsoft's referral of the engagement, as the organization sees it.</param>
internal sealed record BulkDeal(Referral Own, Referral? Microsoft = null);

/// <summary>What a cell says: a value, nothing, or a fault.</summary>
internal readonly record struct CellValue(JsonNode? Value, string? Fault = null)
{
    /// <summary>An empty cell that leaves things as they are.</summary>
    public bool IsNothing { get; init; }
}

/// <summary>A column's way from a referral into a cell, and from a cell to a property.</summary>
internal sealed record BulkField(string Column, Func<BulkDeal, string?> Show)
{
    /// <summary>Path of the property, as the API names it in faults; null for a column that is shown only.</summary>
    public string? Path { get; init; }

    /// <summary>How a cell is read; null where several columns make up one property.</summary>
    public Func<string, CellValue>? Read { get; init; }
}

/// <summary>The fields of the bulk layout.</summary>
internal static class BulkFields
{
    private const string Contact = "customerProfile.team";
    private const string Iot = "details.requirements.additionalRequirements.iot";

    public static IReadOnlyList<BulkField> All { get; } =
    [
        Shown(BulkLayout.Errors, _ => null),
        Shown("Engagement ID", d => d.Own.EngagementId.ToString()),
        Shown(BulkLayout.ReferralId, d => d.Own.Id.ToString()),
        Text("Deal Name", "name", r => r.Name),
        Text("Customer Name", "customerProfile.name", r => r.CustomerProfile.Name),
        Text("Address Line 1", "customerProfile.address.addressLine1", r => r.CustomerProfile.Address.AddressLine1),
        Text("Address Line 2", "customerProfile.address.addressLine2", r => r.CustomerProfile.Address.AddressLine2),
        Text("City", "customerProfile.address.city", r => r.CustomerProfile.Address.City),
        Text("State", "customerProfile.address.state", r => r.CustomerProfile.Address.State),
        Text("Postal Code", "customerProfile.address.postalCode", r => r.CustomerProfile.Address.PostalCode),
        Text("Country", "customerProfile.address.country", r => r.CustomerProfile.Address.Country),
        Part("D-U-N-S ID", "customerProfile.ids", r => r.CustomerProfile.Ids.Find(i => i.ProfileType == CustomerProfileType.Duns)?.Id),
        Shown("Customer Domain Name", _ => null),
        Part("Customer Contact First Name", $"{Contact}[0].firstName", r => FirstContact(r)?.FirstName),
        Part("Customer Contact Last Name", $"{Contact}[0].lastName", r => FirstContact(r)?.LastName),
        Part("Customer Contact Phone", $"{Contact}[0].phoneNumber", r => FirstContact(r)?.PhoneNumber),
        Part("Customer Contact Email", $"{Contact}[0].email", r => FirstContact(r)?.Email),
        Part("Partner Referral Status", "status", r => r.Status == ReferralStatus.None ? null : r.Status.ToString()),
        Part("Partner Referral Substatus", "substatus", r => r.Substatus == ReferralSubstatus.None ? null : r.Substatus.ToString()),
        Shown("Microsoft Referral Status", d => d.Microsoft is { } m ? $"{m.Status}/{m.Substatus}" : null),
        Part("Declined/Lost/Error reason", "statusReason", Reason),
        Of("Sales Stage", "salesStage", r => SalesStages.Percentage(r.SalesStage)?.ToString(CultureInfo.InvariantCulture) ?? r.SalesStage,
            cell => new(CellText.NullIfEmpty(cell.TrimEnd('%', ' ')))),
        Of("Estimated Deal Value", "details.dealValue", r => CellText.Of(r.Details.DealValue), Number),
        Text("Currency", "details.currency", r => r.Details.Currency),
        Of("Estimated Close Date", "details.closingDateTime", r => CellText.Of(r.Details.ClosingDateTime), Day),
        Text("CRM ID", "externalReferenceId", r => r.ExternalReferenceId),
        Text("Marketing Campaign ID", "campaignId", r => r.CampaignId),
        Text("Notes", "details.notes", r => r.Details.Notes),
        Part("Microsoft help required?", "inviteContext.assistanceRequestCode", r => CellText.Of(Help(r) > 0)),
        Part("What specific help", "inviteContext.assistanceRequestCode", r => Help(r) > 0 ? Help(r).ToString(CultureInfo.InvariantCulture) : null),
        Of("Share with Microsoft sales team", "consent.consentToShareReferralWithMicrosoftSellers",
            r => CellText.Of(r.Consent.ConsentToShareReferralWithMicrosoftSellers), YesOrNo),
        Text("Notes to Microsoft", "inviteContext.notes", r => r.InviteContext.Notes),
        Of("Consent to share", "consent.consentToToShareInfoWithOthers", r => CellText.Of(r.Consent.ConsentToToShareInfoWithOthers), YesOrNo),
        Part("Marketplace Purchase Intent", "details.requirements.additionalRequirements.attributes", Intent),
        Text("CLA Number", $"{Iot}.customerLicenseAgreementNumber", r => IotOf(r).CustomerLicenseAgreementNumber),
        Text("Device Category", $"{Iot}.deviceCategory", r => IotOf(r).DeviceCategory),
        Text("Silicon Type", $"{Iot}.siliconType", r => IotOf(r).SiliconType),
        Of("Azure Certified Device", $"{Iot}.azureCertifiedDevice", r => CellText.Of(IotOf(r).AzureCertifiedDevice), YesOrNo),
        Of("Attach Services", $"{Iot}.attachServices", r => CellText.Of(IotOf(r).AttachServices), YesOrNo),
        Shown("Microsoft MSX ID", d => d.Own.TrackingInfo.MicrosoftMsxId),
        Shown("Migrated PSC Deal ID", d => d.Own.TrackingInfo.MigratedPscDealId),
        Text("PartnerID (MPN ID)", "mpnId", r => r.MpnId),
        Shown("Final Matched Customer Account", d => d.Own.CustomerProfile.Ids.Find(i => i.ProfileType == CustomerProfileType.External)?.Id is { } id
            ? $"MicrosoftID: {id}"
            : null),
        .. BulkLayout.Columns.SkipWhile(c => c.Name != "Managed Account 1").Select(c => Shown(c.Name, _ => null)),
    ];

    public static string Show(SolutionTag solution) => Joined(
        [solution.Id, solution.Currency, CellText.Of(solution.Price), CellText.Of(solution.Quantity)], dropEmptyEnd: true);

    public static string Show(Member member) => Joined([member.FirstName, member.LastName, member.PhoneNumber, member.Email], dropEmptyEnd: false);

    /// <summary>The intent as the file writes it, from the one of the API.</summary>
    public static string? ReadIntent(string cell) => SuggestedValues.CustomerMarketplaceIntents
        .FirstOrDefault(i => i.Equals(cell.Replace(" ", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase));

    /// <summary>The number of the kind of help in the file; 0 for none.</summary>
    public static int Help(Referral referral) => 1 + SuggestedValues.AssistanceRequests
        .Select(a => a.Code).ToList().IndexOf(referral.InviteContext.AssistanceRequestCode);

    private static string? Reason(Referral referral)
    {
        if (referral.StatusReason is null)
            return null;
        var place = StatusReasons.Of(referral.Substatus).ToList().IndexOf(referral.StatusReason);
        return place < 0 ? referral.StatusReason : (place + 1).ToString(CultureInfo.InvariantCulture);
    }

    private static string? Intent(Referral referral) => referral.Details.Requirements.AdditionalRequirements.Attributes
        .Find(a => a.Type == SuggestedValues.MarketplaceIntentType)?.Id is not { } intent ? null
        : intent == "HaveNotDecided" ? "Have not decided" : intent;

    private static CellValue Number(string cell) => cell.Length == 0 ? new(null)
        : CellText.TryNumber(cell, out var number) ? new(number)
        : new(null, "is no number; write it with a point before the decimals and without the currency, such as 12500.50.");

    private static CellValue Day(string cell) => cell.Length == 0 ? new(null)
        : CellText.TryDay(cell, out var day) ? new(day.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture))
        : new(null, "is no date; write month, day and year such as 03/24/2027, or 2027-03-24.");

    private static CellValue YesOrNo(string cell) => cell.Length == 0 ? new(null) { IsNothing = true }
        : CellText.TryBoolean(cell, out var value) ? new(value)
        : new(null, "must be Yes or No.");

    private static Member? FirstContact(Referral referral) => referral.CustomerProfile.Team.FirstOrDefault();

    private static IotRequirements IotOf(Referral referral) => referral.Details.Requirements.AdditionalRequirements.Iot;

    private static string Joined(string?[] parts, bool dropEmptyEnd)
    {
        var length = parts.Length;
        while (dropEmptyEnd && length > 1 && string.IsNullOrEmpty(parts[length - 1]))
            length--;
        return string.Join(", ", parts.Take(length));
    }

    private static BulkField Shown(string column, Func<BulkDeal, string?> show) => new(column, show);

    private static BulkField Text(string column, string path, Func<Referral, string?> show) =>
        Of(column, path, show, cell => new(CellText.NullIfEmpty(cell)));

    private static BulkField Part(string column, string path, Func<Referral, string?> show) => new(column, d => show(d.Own)) { Path = path };

    private static BulkField Of(string column, string path, Func<Referral, string?> show, Func<string, CellValue> read) =>
        new(column, d => show(d.Own)) { Path = path, Read = read };
}

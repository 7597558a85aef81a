using System.Collections.Frozen;
using System.Globalization;

namespace Tandem.Contracts.Bulk;

/// <summary>A column of the bulk layout.</summary>
/// <param name="Name">Its header, without the mark of a mandatory one.</param>
public sealed record BulkColumn(string Name)
{
    /// <summary>A new deal needs it, when the file has the column.</summary>
    public bool IsMandatory { get; init; }

    /// <summary>Shown for information; what stands there is not imported.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Header in a file that is written: a star marks what is mandatory.</summary>
    public string Header => IsMandatory ? $"{Name}*" : Name;
}

/// <summary>
/// The columns of Partner Center's bulk files, in their order. Source: <i>Bulk operations</i>.
/// </summary>
public static class BulkLayout
{
    /// <summary>Rows of a file that is imported.</summary>
    public const int MostRows = 10_000;

    /// <summary>Solutions, and people, of a deal.</summary>
    public const int MostOfDeal = 50;

    /// <summary>Filled in the file that is given back.</summary>
    public const string Errors = "Errors";

    /// <summary>Names the deal that a row changes; empty for a new one.</summary>
    public const string ReferralId = "Referral ID";

    /// <summary>The columns of solutions are called this, with a number.</summary>
    public const string Solution = "Solution";

    /// <summary>The columns of the own team are called this, with a number.</summary>
    public const string TeamMember = "Team member";

    /// <summary>The columns of Microsoft's team are called this, with a number.</summary>
    public const string MicrosoftTeamMember = "Microsoft team member";

    /// <summary>The columns that stand once, before the numbered ones.</summary>
    public static IReadOnlyList<BulkColumn> Columns { get; } =
    [
        Info(Errors), Info("Engagement ID"), new(ReferralId),
        Must("Deal Name"), Must("Customer Name"), Must("Address Line 1"), new("Address Line 2"), Must("City"), new("State"),
        new("Postal Code"), Must("Country"), new("D-U-N-S ID"), Info("Customer Domain Name"),
        new("Customer Contact First Name"), new("Customer Contact Last Name"), new("Customer Contact Phone"), new("Customer Contact Email"),
        Must("Partner Referral Status"), Must("Partner Referral Substatus"), Info("Microsoft Referral Status"),
        new("Declined/Lost/Error reason"), new("Sales Stage"),
        Must("Estimated Deal Value"), Must("Currency"), Must("Estimated Close Date"),
        new("CRM ID"), new("Marketing Campaign ID"), new("Notes"),
        Must("Microsoft help required?"), new("What specific help"), Must("Share with Microsoft sales team"), new("Notes to Microsoft"),
        Must("Consent to share"), Must("Marketplace Purchase Intent"),
        new("CLA Number"), new("Device Category"), new("Silicon Type"), new("Azure Certified Device"), new("Attach Services"),
        Info("Microsoft MSX ID"), Info("Migrated PSC Deal ID"), new("PartnerID (MPN ID)"),
        Info("Final Matched Customer Account"), Info("Managed Account 1"), Info("Managed Account 2"),
        Info("Unmanaged Account 1"), Info("Unmanaged Account 2"), Info("DUNS Account"),
    ];

    /// <summary>Every column there can be.</summary>
    public static IReadOnlyList<BulkColumn> All { get; } = [.. Columns, .. Series(Solution), .. Series(TeamMember), .. Series(MicrosoftTeamMember)];

    private static readonly FrozenDictionary<string, BulkColumn> ByName = All.ToFrozenDictionary(c => c.Name, StringComparer.OrdinalIgnoreCase);

    // What other programs call the same, by its letters.
    private static readonly FrozenDictionary<string, string> OtherNames = new (string Column, string Names)[]
    {
        (ReferralId, "id"),
        ("Deal Name", "opportunityname deal topic name fırsatadı anlaşmaadı"),
        ("Customer Name", "customer company companyname account accountname organization kurum müşteri müşteriadı firma"),
        ("Address Line 1", "address address1 street adres"),
        ("Address Line 2", "address2"),
        ("City", "town şehir"),
        ("State", "province stateprovince"),
        ("Postal Code", "zip zipcode postcode postakodu"),
        ("Country", "countrycode countryregion ülke"),
        ("D-U-N-S ID", "duns dunsnumber"),
        ("Customer Contact First Name", "firstname contactfirstname"),
        ("Customer Contact Last Name", "lastname contactlastname"),
        ("Customer Contact Phone", "phone contactphone"),
        ("Customer Contact Email", "email contactemail"),
        ("Partner Referral Status", "status"),
        ("Partner Referral Substatus", "substatus"),
        ("Sales Stage", "stage"),
        ("Estimated Deal Value", "dealvalue amount value estimatedvalue tutar"),
        ("Currency", "currencycode parabirimi"),
        ("Estimated Close Date", "closedate closingdate estimatedclosingdate expectedclosedate kapanıştarihi"),
        ("CRM ID", "opportunityid externalreferenceid"),
        ("Marketing Campaign ID", "campaign campaignid"),
        ("Notes", "description notlar"),
        ("PartnerID (MPN ID)", "mpnid partnerid"),
    }.SelectMany(c => c.Names.Split(' '), (c, name) => (Name: name, c.Column)).ToFrozenDictionary(c => c.Name, c => c.Column, StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, BulkColumn> ByLetters =
        All.ToFrozenDictionary(c => Letters(c.Name), StringComparer.Ordinal);

    /// <summary>The column of this very name; null when there is none.</summary>
    public static BulkColumn? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>What a header most likely means, by Partner Center's names and those of common exports.</summary>
    public static BulkColumn? Guess(string header)
    {
        var letters = Letters(header);
        return ByLetters.GetValueOrDefault(letters) ?? (OtherNames.TryGetValue(letters, out var name) ? Find(name) : null);
    }

    /// <summary>The name of a numbered column.</summary>
    public static string Numbered(string series, int number) => string.Create(CultureInfo.InvariantCulture, $"{series} {number}");

    private static IEnumerable<BulkColumn> Series(string name) => Enumerable.Range(1, MostOfDeal)
        .Select(n => new BulkColumn(Numbered(name, n)) { IsReadOnly = name == MicrosoftTeamMember });

    private static BulkColumn Must(string name) => new(name) { IsMandatory = true };

    private static BulkColumn Info(string name) => new(name) { IsReadOnly = true };

    private static string Letters(string header) => string.Concat(header.Where(char.IsLetterOrDigit)).ToLowerInvariant();
}

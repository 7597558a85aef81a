using System.Globalization;
using System.Text.Json;
using Tandem.Contracts.Referrals;

namespace Tandem.Web.NewDeal;

/// <summary>What was typed so far, what is missing of it, and the referral that it makes.</summary>
internal sealed class DealDraft
{
    public DealKind Kind { get; set; }

    public bool AsksForHelp => Kind is DealKind.Cosell or DealKind.ServicesCosell;

    public string? Customer { get; set; }

    public string? City { get; set; }

    public string? PostalCode { get; set; }

    public string? Country { get; set; }

    public string? FirstName { get; set; }

    public string? LastName { get; set; }

    public string? Email { get; set; }

    public string? Phone { get; set; }

    public string? Name { get; set; }

    public string? Value { get; set; }

    public string? Currency { get; set; } = "USD";

    public string? Closing { get; set; }

    public string? Reference { get; set; }

    public string? Notes { get; set; }

    public List<SolutionTag> Solutions { get; } = [];

    public string? Help { get; set; }

    public string? Message { get; set; }

    public bool HasConsent { get; set; }

    public string? PartnerRole { get; set; }

    public string? SolutionArea { get; set; }

    public string? SolutionPlay { get; set; }

    /// <summary>Whether it asks Microsoft for help although parts are missing; by the property that the API would name.</summary>
    public IEnumerable<string> Missing()
    {
        if (Customer is null)
            yield return Fields.Customer;
        if (Name is null)
            yield return Fields.Name;
        if (!AsksForHelp)
            yield break;
        if (FirstName is null)
            yield return Fields.FirstName;
        if (LastName is null)
            yield return Fields.LastName;
        if (Email is null)
            yield return Fields.Email;
        if (Phone is null)
            yield return Fields.Phone;
        if (Solutions.Count == 0)
            yield return Fields.Solutions;
        if (Help is null)
            yield return Fields.Help;
        if (!HasConsent)
            yield return Fields.Consent;
        if (Kind != DealKind.ServicesCosell)
            yield break;
        if (PartnerRole is null)
            yield return Fields.PartnerRole;
        if (SolutionArea is null)
            yield return Fields.SolutionArea;
        if (SolutionPlay is null)
            yield return Fields.SolutionPlay;
    }

    /// <summary>An amount as people write it in their language, or as programs do.</summary>
    public static bool TryAmount(string? text, out decimal? amount)
    {
        amount = null;
        if (text is null)
            return true;
        if (!decimal.TryParse(text, NumberStyles.Number, CultureInfo.CurrentCulture, out var value) || value < 0)
            return false;
        amount = value;
        return true;
    }

    /// <summary>The referral, as far as it can be sent; what is malformed is told by <see cref="TryAmount"/>.</summary>
    public Referral ToReferral()
    {
        TryAmount(Value, out var amount);
        var referral = new Referral
        {
            Name = Name,
            // Asking Microsoft for help shares the deal.
            Type = AsksForHelp ? ReferralType.Shared : ReferralType.Independent,
            Qualification = ReferralQualification.SalesQualified,
            ExternalReferenceId = Reference,
            CustomerProfile = new CustomerProfile
            {
                Name = Customer ?? "",
                Address = new Address { City = City, PostalCode = PostalCode, Country = Country },
            },
            Consent = new Consent
            {
                ConsentToToShareInfoWithOthers = AsksForHelp ? HasConsent : null,
                ConsentToShareReferralWithMicrosoftSellers = Kind != DealKind.Private,
            },
            Details = new ReferralDetails
            {
                Notes = Notes,
                DealValue = amount,
                Currency = amount is null ? null : Currency,
                ClosingDateTime = DateOnly.TryParseExact(Closing, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                    ? new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero)
                    : null,
            },
        };
        referral.Details.Requirements.Solutions = [.. Solutions];
        if (new[] { FirstName, LastName, Email, Phone }.Any(p => p is not null))
            referral.CustomerProfile.Team = [new Member { FirstName = FirstName, LastName = LastName, Email = Email ?? "", PhoneNumber = Phone }];
        if (AsksForHelp)
        {
            referral.InviteContext.Notes = Message;
            referral.InviteContext.AssistanceRequestCode = Enum.TryParse<AssistanceRequestCode>(Help, out var help) ? help : default;
        }

        if (Kind == DealKind.ServicesCosell)
            (referral.PartnerRole, referral.SolutionArea, referral.SolutionPlay) = (PartnerRole, SolutionArea, SolutionPlay);
        return referral;
    }

    /// <summary>The same for the same content: a repetition is known by it.</summary>
    public string Fingerprint() => JsonSerializer.Serialize(ToReferral(), ReferralJson.Wire.Referral);

    /// <summary>The fields, by the properties that the API names in a refusal.</summary>
    public static class Fields
    {
        public const string Name = "name";
        public const string Customer = "customerProfile.name";
        public const string PostalCode = "customerProfile.address.postalCode";
        public const string City = "customerProfile.address.city";
        public const string Country = "customerProfile.address.country";
        public const string FirstName = "customerProfile.team[0].firstName";
        public const string LastName = "customerProfile.team[0].lastName";
        public const string Email = "customerProfile.team[0].email";
        public const string Phone = "customerProfile.team[0].phoneNumber";
        public const string Value = "details.dealValue";
        public const string Currency = "details.currency";
        public const string Closing = "details.closingDateTime";
        public const string Reference = "externalReferenceId";
        public const string Notes = "details.notes";
        public const string Solutions = "details.requirements.solutions";
        public const string Help = "inviteContext.assistanceRequestCode";
        public const string Message = "inviteContext.notes";
        public const string Consent = "consent.consentToToShareInfoWithOthers";
        public const string PartnerRole = "partnerRole";
        public const string SolutionArea = "solutionArea";
        public const string SolutionPlay = "solutionPlay";

        public static readonly IReadOnlyList<string> All =
        [
            Name, Customer, PostalCode, City, Country, FirstName, LastName, Email, Phone, Value, Currency, Closing, Reference, Notes,
            Solutions, Help, Message, Consent, PartnerRole, SolutionArea, SolutionPlay,
        ];
    }
}

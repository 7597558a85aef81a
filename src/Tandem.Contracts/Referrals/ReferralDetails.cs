using System.Text.Json;
using Tandem.Contracts.Reading;

namespace Tandem.Contracts.Referrals;

/// <summary>The deal itself. Source: <i>Referral resources</i>.</summary>
public sealed class ReferralDetails
{
    /// <summary>Notes of the owner, at most 10,000 characters.</summary>
    [Contract(MaxLength = 10_000, HiddenFromOthers = true)]
    public string? Notes { get; set; }

    /// <summary>Estimated value in <see cref="Currency"/>, from 0 to 10^15.</summary>
    public decimal? DealValue { get; set; }

    /// <summary>ISO 4217 code, three upper-case letters.</summary>
    [Contract(Form = TextForm.Currency)]
    public string? Currency { get; set; }

    /// <summary>Estimated close, UTC.</summary>
    [Contract(Alias = "closeDate")]
    public DateTimeOffset? ClosingDateTime { get; set; }

    /// <summary>The customer asked to be contacted.</summary>
    public bool? CustomerRequestedContact { get; set; }

    /// <summary>What the customer did.</summary>
    public string? CustomerAction { get; set; }

    /// <summary>Incentive level, set by the server.</summary>
    [Contract(Access = Access.Server, HiddenFromOthers = true)]
    public string? IncentiveLevel { get; set; }

    /// <summary>What the customer needs.</summary>
    public ReferralRequirements Requirements { get; set; } = new();
}

/// <summary>What the customer needs. Source: <i>Referral resources</i>.</summary>
public sealed class ReferralRequirements
{
    /// <summary>Industries.</summary>
    public List<Tag> Industries { get; set; } = [];

    /// <summary>Products.</summary>
    public List<Tag> Products { get; set; } = [];

    /// <summary>Services.</summary>
    public List<Tag> Services { get; set; } = [];

    /// <summary>Solutions in the deal, at most 50.</summary>
    [Contract(MaxCount = 50)]
    public List<SolutionTag> Solutions { get; set; } = [];

    /// <summary>Marketplace offers; elements are kept as sent, since no source shows their shape.</summary>
    public List<JsonElement> Offers { get; set; } = [];

    /// <summary>Sales plays; elements are kept as sent, since no source shows their shape.</summary>
    public List<JsonElement> SalesPlays { get; set; } = [];

    /// <summary>Everything else.</summary>
    public AdditionalRequirements AdditionalRequirements { get; set; } = new();
}

/// <summary>An entry of a value list. Source: <i>Referral resources</i>.</summary>
public sealed class Tag
{
    /// <summary>Id in its value list.</summary>
    public string? Id { get; set; }
}

/// <summary>A solution of the deal. Source: <i>Referral resources</i>.</summary>
public sealed class SolutionTag
{
    /// <summary>Catalogue id (<c>SOL-34104-EBB</c>), GUID, or category name.</summary>
    public string Id { get; set; } = "";

    /// <summary>Display name.</summary>
    public string? Name { get; set; }

    /// <summary>What <see cref="Id"/> names.</summary>
    public SolutionType Type { get; set; }

    /// <summary>Publisher's display name.</summary>
    public string? PublisherName { get; set; }

    /// <summary>Ownership class, for example <c>1P</c> or <c>3P</c>.</summary>
    public string? SolutionType { get; set; }

    /// <summary>Price of one, in <see cref="Currency"/>.</summary>
    public decimal? Price { get; set; }

    /// <summary>How many.</summary>
    public decimal? Quantity { get; set; }

    /// <summary>ISO 4217 code.</summary>
    [Contract(Form = TextForm.Currency)]
    public string? Currency { get; set; }

    /// <summary>Estimated close for this solution, UTC.</summary>
    public DateTimeOffset? ClosingDateTime { get; set; }
}

/// <summary>Requirements beside the lists. Source: <i>Referral resources</i>.</summary>
public sealed class AdditionalRequirements
{
    /// <summary>Internet-of-Things deal data.</summary>
    public IotRequirements Iot { get; set; } = new();

    /// <summary>Typed attributes, for example <c>CustomerMarketplaceIntent</c>.</summary>
    public List<TypedRequirement> Attributes { get; set; } = [];
}

/// <summary>Internet-of-Things deal data. Source: <i>Manage co-sell opportunities</i>.</summary>
public sealed class IotRequirements
{
    /// <summary>Customer licence agreement number.</summary>
    public string? CustomerLicenseAgreementNumber { get; set; }

    /// <summary>Device category, an open list.</summary>
    public string? DeviceCategory { get; set; }

    /// <summary>Silicon type, an open list.</summary>
    public string? SiliconType { get; set; }

    /// <summary>Whether the device is Azure certified.</summary>
    public bool AzureCertifiedDevice { get; set; }

    /// <summary>Whether services are attached.</summary>
    public bool AttachServices { get; set; }
}

/// <summary>A typed attribute. Source: Partner Center, <i>Create a referral</i>.</summary>
public sealed class TypedRequirement
{
    /// <summary>Kind of the attribute; unknown kinds are kept as sent.</summary>
    public string? Type { get; set; }

    /// <summary>Its value.</summary>
    public string? Id { get; set; }
}

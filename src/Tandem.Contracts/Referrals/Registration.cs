using Tandem.Contracts.Reading;

namespace Tandem.Contracts.Referrals;

/// <summary>A deal registration. Source: <i>Register deals</i> and the <i>Partner Center Referrals</i> connector.</summary>
public sealed class Registration
{
    /// <summary>Identity of the registration.</summary>
    [Contract(Access = Access.Server)]
    public string Id { get; set; } = "";

    /// <summary>Incentive program; fixed after submission.</summary>
    [Contract(Access = Access.Fixed)]
    public RegistrationType? Type { get; set; }

    /// <summary>When it was submitted, UTC.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset? RegistrationDateTime { get; set; }

    /// <summary>State of the registration.</summary>
    [Contract(Access = Access.Server)]
    public RegistrationStatus Status { get; set; }

    /// <summary>Why it has that state.</summary>
    [Contract(Access = Access.Server)]
    public string? StatusReason { get; set; }

    /// <summary>The signed contract.</summary>
    public RegistrationContract Contract { get; set; } = new();

    /// <summary>The registered solutions.</summary>
    [Contract(MaxCount = 50)]
    public List<RegistrationSolution> SolutionDetails { get; set; } = [];

    /// <summary>When the registration reached each state.</summary>
    [Contract(Access = Access.Server)]
    public RegistrationHistory StatusHistory { get; set; } = new();
}

/// <summary>The contract behind a registration.</summary>
public sealed class RegistrationContract
{
    /// <summary>Total contract value, software and services.</summary>
    public decimal? Value { get; set; }

    /// <summary>ISO 4217 code.</summary>
    [Contract(Form = TextForm.Currency, Access = Access.Fixed)]
    public string? Currency { get; set; }

    /// <summary>First day, UTC.</summary>
    public DateTimeOffset? StartDateTime { get; set; }

    /// <summary>Last day, UTC; not needed for a perpetual contract.</summary>
    public DateTimeOffset? EndDateTime { get; set; }

    /// <summary>Day of signature, UTC.</summary>
    public DateTimeOffset? SignDateTime { get; set; }

    /// <summary>Perpetual or finite.</summary>
    public ContractTerm? Term { get; set; }
}

/// <summary>A registered solution.</summary>
public sealed class RegistrationSolution
{
    /// <summary>Solution id.</summary>
    [Contract(Access = Access.Fixed)]
    public string? Id { get; set; }

    /// <summary>Display name, taken from the deal.</summary>
    [Contract(Access = Access.Server)]
    public string? Name { get; set; }

    /// <summary>Value of the solution, not above the contract's.</summary>
    public decimal? Value { get; set; }

    /// <summary>ISO 4217 code.</summary>
    [Contract(Form = TextForm.Currency)]
    public string? Currency { get; set; }

    /// <summary>Whether it runs on Azure.</summary>
    public bool? IsDeployedOnAzure { get; set; }

    /// <summary>Whose subscription it runs on.</summary>
    public DeploymentOwner? PrimaryDeploymentOn { get; set; }

    /// <summary>How it is paid.</summary>
    public PricingModel? PricingModel { get; set; }

    /// <summary>Whether and when it went through the marketplace.</summary>
    public MarketplaceTransaction MarketplaceTransactionDetails { get; set; } = new();
}

/// <summary>A marketplace transaction.</summary>
public sealed class MarketplaceTransaction
{
    /// <summary>Whether the solution was bought through the marketplace.</summary>
    public bool? IsMarketplaceTransacted { get; set; }

    /// <summary>When; needed when the former is true.</summary>
    public DateTimeOffset? MarketplaceTransactionDateTime { get; set; }
}

/// <summary>When a registration reached each state, UTC.</summary>
public sealed class RegistrationHistory
{
    /// <summary>Review pending.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset? ReviewPendingDateTime { get; set; }

    /// <summary>Action required.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset? ActionRequiredDateTime { get; set; }

    /// <summary>Passed.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset? PassedDateTime { get; set; }

    /// <summary>Failed.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset? FailedDateTime { get; set; }

    /// <summary>Approved.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset? ApprovedDateTime { get; set; }

    /// <summary>Resubmitted.</summary>
    [Contract(Access = Access.Server)]
    public DateTimeOffset? ResubmissionDateTime { get; set; }
}

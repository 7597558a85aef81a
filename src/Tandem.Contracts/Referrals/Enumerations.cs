namespace Tandem.Contracts.Referrals;

/// <summary>Where a referral stands. Source: Partner Center, <i>Referral resources</i>.</summary>
public enum ReferralStatus
{
    /// <summary>Never stored; the neutral value of older clients.</summary>
    None,

    /// <summary>Waits for its owner's answer.</summary>
    New,

    /// <summary>Is being worked on.</summary>
    Active,

    /// <summary>Has an outcome; never reopened.</summary>
    Closed,
}

/// <summary>The finer state below <see cref="ReferralStatus"/>. Source: <i>Referral resources</i>.</summary>
public enum ReferralSubstatus
{
    /// <summary>Never stored.</summary>
    None,

    /// <summary>New, waiting for an answer.</summary>
    Pending,

    /// <summary>New, seen by the receiver.</summary>
    Received,

    /// <summary>Active, being worked on.</summary>
    Accepted,

    /// <summary>Active, a newer name that some clients send.</summary>
    Engaged,

    /// <summary>Closed as won.</summary>
    Won,

    /// <summary>Closed as lost.</summary>
    Lost,

    /// <summary>Closed because the receiver did not want it.</summary>
    Declined,

    /// <summary>Closed because nobody answered in time.</summary>
    Expired,

    /// <summary>Closed because it should not have existed: a duplicate, the wrong customer, a wrong value.</summary>
    Error,
}

/// <summary>How many parties see a referral. Source: <i>Referral resources</i>.</summary>
public enum ReferralType
{
    /// <summary>One partner sees the referral.</summary>
    Independent,

    /// <summary>Two parties that work together see it.</summary>
    Shared,
}

/// <summary>Quality measure of a referral. Source: <i>Referral resources</i>.</summary>
public enum ReferralQualification
{
    /// <summary>No quality measure.</summary>
    None,

    /// <summary>Created directly by a customer.</summary>
    Direct,

    /// <summary>Produced by marketing automation.</summary>
    MarketingQualified,

    /// <summary>From a sales agent, or a partner's own deal.</summary>
    SalesQualified,
}

/// <summary>Direction of a referral as its owner sees it. Source: <i>Referral resources</i>.</summary>
public enum ReferralDirection
{
    /// <summary>Somebody else invited the owner.</summary>
    Incoming,

    /// <summary>The owner's own organization started it.</summary>
    Outgoing,
}

/// <summary>Quality of a marketplace lead. Source: <i>About leads</i>.</summary>
public enum LeadQuality
{
    /// <summary>Not judged.</summary>
    Unknown,

    /// <summary>Likely to be worth a call.</summary>
    High,

    /// <summary>Unlikely, or spam.</summary>
    Low,
}

/// <summary>What a solution tag names. Source: <i>Referral resources</i>.</summary>
public enum SolutionType
{
    /// <summary>Not said.</summary>
    None,

    /// <summary>A predefined solution name.</summary>
    Category,

    /// <summary>A solution of the catalogue.</summary>
    Name,
}

/// <summary>What a target names. Source: <i>Referral resources</i>.</summary>
public enum TargetType
{
    /// <summary>Not said.</summary>
    None,

    /// <summary>A business-profile location, or the literal <c>msft</c> for Microsoft.</summary>
    BusinessProfileLocation,

    /// <summary>A solution.</summary>
    SolutionProfile,
}

/// <summary>Kind of an external customer id. Source: <i>Referral resources</i>.</summary>
public enum CustomerProfileType
{
    /// <summary>Dun &amp; Bradstreet number.</summary>
    Duns,

    /// <summary>An id unique to the partner's organization.</summary>
    External,
}

/// <summary>Kind of help asked from the other side. Source: the <i>Partner Center Referrals</i> connector.</summary>
public enum AssistanceRequestCode
{
    /// <summary>No help needed.</summary>
    Unknown,

    /// <summary>General or other.</summary>
    GeneralOrOther,

    /// <summary>Customer technical architecture.</summary>
    CustomerTechnicalArchitecture,

    /// <summary>Proof of concept, or a demonstration.</summary>
    ProofOfConceptOrDemo,

    /// <summary>Quotes and licensing.</summary>
    QuotesOrLicensing,

    /// <summary>Post-sales customer success.</summary>
    PostSalesCustomerSuccess,

    /// <summary>Workload-specific value proposition.</summary>
    WorkloadSpecificValueProposition,
}

/// <summary>State of a deal registration. Source: <i>Register deals</i>.</summary>
public enum RegistrationStatus
{
    /// <summary>Not registered.</summary>
    None,

    /// <summary>A reviewer has to look at it.</summary>
    ReviewPending,

    /// <summary>The partner has to correct something.</summary>
    ActionRequired,

    /// <summary>Accepted, checks may follow.</summary>
    Approved,

    /// <summary>All checks passed.</summary>
    Passed,

    /// <summary>Checks failed.</summary>
    Failed,

    /// <summary>The process has ended.</summary>
    Closed,
}

/// <summary>Incentive program of a deal registration. Source: the <i>Partner Center Referrals</i> connector.</summary>
public enum RegistrationType
{
    /// <summary>Azure IP co-sell.</summary>
    AzureIPCoSell,
}

/// <summary>Term of a registered contract. Source: the <i>Partner Center Referrals</i> connector.</summary>
public enum ContractTerm
{
    /// <summary>Without an end.</summary>
    Perpetual,

    /// <summary>With an end date.</summary>
    Finite,
}

/// <summary>Whose Azure subscription a solution runs on. Source: the <i>Partner Center Referrals</i> connector.</summary>
public enum DeploymentOwner
{
    /// <summary>The customer's.</summary>
    Customer,

    /// <summary>The partner's.</summary>
    Partner,
}

/// <summary>How a registered solution is paid. Source: the <i>Partner Center Referrals</i> connector.</summary>
public enum PricingModel
{
    /// <summary>By use.</summary>
    PayAsYouGo,

    /// <summary>Any other way.</summary>
    Other,
}

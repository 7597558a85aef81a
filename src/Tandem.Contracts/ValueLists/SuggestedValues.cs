using Tandem.Contracts.Referrals;

namespace Tandem.Contracts.ValueLists;

/// <summary>
/// Documented values of open lists, to be offered in user interfaces; any other text is stored as sent. The one closed
/// list here is <see cref="CustomerMarketplaceIntents"/>.
/// </summary>
public static class SuggestedValues
{
    /// <summary>Type of the requirement attribute that holds a customer's marketplace intent.</summary>
    public const string MarketplaceIntentType = "CustomerMarketplaceIntent";

    /// <summary>Whether the customer wants to buy through the marketplace; a closed list. Source: <i>Create a referral</i>.</summary>
    public static IReadOnlyList<string> CustomerMarketplaceIntents { get; } =
    [
        "Yes", "No", "HaveNotDecided",
    ];

    /// <summary>Customer sizes; both scales are in force. Source: <i>Referral resources</i>.</summary>
    public static IReadOnlyList<string> CustomerSizes { get; } =
    [
        "1to50employees", "51to500employees", "Morethan500employees", "1to9employees", "10to50employees",
        "51to250employees", "251to1000employees", "1001to5000employees", "5001to10000employees",
        "10001to20000employees", "Morethan20000employees",
    ];

    /// <summary>Industries. Source: <i>Referral resources</i>.</summary>
    public static IReadOnlyList<string> Industries { get; } =
    [
        "Agriculture, Forestry, & Fishing", "Communications & Media", "Education", "Financial Services",
        "Government", "Healthcare", "Hospitality", "Manufacturing", "Power & Utilities",
        "Public Safety and National Security", "Retail & Consumer Goods", "Services", "Travel & Transportation",
        "Wholesale & Distribution",
    ];

    /// <summary>Products. Source: <i>Referral resources</i>.</summary>
    public static IReadOnlyList<string> Products { get; } =
    [
        "Azure", "EnterpriseMobilityAndSecurity", "Exchange", "DeveloperTools", "Dynamics365Business",
        "Dynamics365Enterprise", "DynamicsAX,GP,NAV,SL", "Microsoft365", "Office", "PowerBI", "Project",
        "SharePoint", "SkypeForBusiness", "Surface", "SurfaceHub", "SQL", "Teams", "Visio", "Windows", "Yammer",
    ];

    /// <summary>Services. Source: <i>Referral resources</i>.</summary>
    public static IReadOnlyList<string> Services { get; } =
    [
        "ConsultingAndProfessional", "CustomSolution(ISV)", "DeploymentOrMigration", "Hardware", "Integration",
        "IPServices(ISV)", "LearningAndCertification", "Licensing", "ManagedServices", "ProjectServices",
    ];

    /// <summary>Ids of solutions of type <see cref="SolutionType.Category"/>. Source: <i>Referral resources</i>.</summary>
    public static IReadOnlyList<string> SolutionCategories { get; } =
    [
        "AdvancedAnalytics", "ApplicationIntegration", "ArtificialIntelligence",
        "AzureSecurityOperationManagement", "AzureStack", "BackupDisasterRecovery", "BigData", "Blockchain",
        "Chatbot", "CloudDatabaseMigration", "CloudMigration", "CloudVoice", "CognitiveServices",
        "CompetitiveDatabaseMigration", "Containers", "DataWarehouse", "DatabaseonLinux", "DevelopmentandTest",
        "DevOps", "DigitalMedia", "Dynamics365forCustomerService", "Dynamics365forFieldService",
        "Dynamics365forFinanceOperations", "Dynamics365forRetail", "Dynamics365forSales", "Dynamics365forTalent",
        "DynamicsonAzure", "EnterpriseBusinessIntelligence", "Gaming", "HighPerformanceComputing",
        "HybridStorage", "IdentityandAccessManagement", "InformationManagement", "InternetofThings",
        "MachineLearning", "Microserviceapplications", "MobileApplications", "MySQLPostgresMigrationtoAzure",
        "Networking", "NoSQLMigration", "RedhatonAzure", "RegulatoryComplianceGDPR", "SAPonAzure",
        "ServerlessComputing", "SharepointonAzure", "SQLServerUpgrade", "ThreatProtection", "WebDevelopment",
    ];

    /// <summary>Roles in a services co-sell, by display name. Source: <i>Manage co-sell opportunities</i>.</summary>
    public static IReadOnlyList<string> PartnerRoles { get; } =
    [
        "Presales envisioning", "Solution design", "Proof of concept", "Business strategy",
        "Deployment services", "Adoption and change management", "Transaction", "Managed services",
    ];

    /// <summary>Solution areas and their plays, fiscal year 2026. Source: official announcements.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> SolutionPlaysByArea { get; } =
        new Dictionary<string, IReadOnlyList<string>>
        {
            ["AI Business Solutions"] =
            [
                "Copilot and Agents at Work",
                "Innovate with Low Code AI and Agents",
                "Sales Transformation with AI",
                "Service Transformation with AI",
                "ERP Transformation with AI",
                "Scale Business Operations with AI",
                "AI Ready with Surface Copilot PCs",
                "Secure AI Productivity",
            ],
            ["Cloud and AI Platforms"] =
            [
                "Migrate and Modernize Your Estate",
                "Innovate with Azure AI Apps and Agents",
                "Unify Your Data Platform",
                "Scale with Cloud and AI Endpoints",
            ],
            ["Security"] =
            [
                "Modern SecOps with Unified Platform",
                "Data Security",
                "Protect Cloud AI Platform and Apps",
                "Secure AI Productivity",
                "Converged Communications",
            ],
        };

    /// <summary>Where marketplace leads come from. Source: <i>About leads</i>.</summary>
    public static IReadOnlyList<string> ReferralSources { get; } =
    [
        "AppSource", "Azure Marketplace", "Azure portal",
    ];

    /// <summary>Calls to action behind marketplace leads. Source: <i>About leads</i>.</summary>
    public static IReadOnlyList<string> CallsToAction { get; } =
    [
        "Get it now", "Free trial", "Test drive", "Contact me", "Request private offer",
    ];

    /// <summary>Reasons for Declined and Lost; the number in bulk files is the position from 1. Source: <i>Bulk operations</i>.</summary>
    public static IReadOnlyList<string> DeclinedOrLostReasons { get; } =
    [
        "Project budget not adequate", "Customer did not respond", "Customer chose another vendor",
        "Customer requirement not met", "Not a customer", "Proposed timeline too short",
        "Report as abuse, spam or phishing", "Others",
    ];

    /// <summary>Reasons for Error; the number in bulk files is the position from 1. Source: <i>Bulk operations</i>.</summary>
    public static IReadOnlyList<string> ErrorReasons { get; } =
    [
        "Duplicate – created through bulk upload", "Duplicate – created in Partner Center",
        "Duplicate – sent by Microsoft", "Connector data sync issues", "Customer matching issues",
        "Solution issues – explain in notes", "Test referral", "Data error", "Others – explain in notes",
    ];

    /// <summary>Microsoft's own decline reasons. Source: <i>Referrals FAQ</i>.</summary>
    public static IReadOnlyList<string> MicrosoftDeclineReasons { get; } =
    [
        "No corresponding Microsoft customer record could be found",
        "No Microsoft seller directly manages this customer",
    ];

    /// <summary>Device categories of Internet-of-Things deals. Source: <i>Manage co-sell opportunities</i>.</summary>
    public static IReadOnlyList<string> DeviceCategories { get; } =
    [
        "Arcade/Consumer Gaming Device", "ATM", "Automotive & Transportation Systems", "Azure Sphere Board",
        "Azure Sphere Component", "Azure Sphere Guardian", "Azure Sphere Module", "Building Automation",
        "Casino Gaming Device", "Communication Devices", "Consumer Internet Device", "Consumer Wearable",
        "Digital Picture Frame", "Digital Signage", "Gateway", "HHT/Mobile", "Industrial Automation Device",
        "Industry Tablet(Non-POS)", "Kiosk", "Media Player", "Media Device", "Mobile POS", "Navigation Device",
        "Network Projector", "Other", "Other Banking Device", "Other Consumer Electronic Device", "Other Device",
        "Other Enterprise Device", "Other Sensor/Node", "Point of Sale Device", "Printing Device",
        "Security/Surveillance", "Server", "Set-Top Box", "Smart TV", "Test and Measurement Device",
        "Thin Client Device",
    ];

    /// <summary>Silicon types of Internet-of-Things deals. Source: <i>Manage co-sell opportunities</i>.</summary>
    public static IReadOnlyList<string> SiliconTypes { get; } =
    [
        "AMD - A10", "AMD - A4", "AMD - A6", "AMD - A8", "AMD - E2", "AMD - FX 7500", "AMD - FX 7600P",
        "AMD - FX 9370", "AMD - FX 9590", "AMD - G Series", "AMD - Others", "AMD - R Series",
        "AMD - Rest of FX Models", "Intel - Atom", "Intel - Celeron - N1900", "Intel - Celeron - N2807",
        "Intel - Celeron - N2930", "Intel - Celeron - N3060", "Intel - Celeron - N3160", "Intel - Core i3",
        "Intel - Core i5", "Intel - Core i7", "Intel - Core M", "Intel - Others", "Intel - Pentium",
        "Intel - Rest of Celeron", "Intel - XEON", "MediaTek MT3620", "NXP 8ULP-CS", "Others",
    ];

    /// <summary>
    /// Kinds of help with their portal text; the number in bulk files is the position from 1. Source: <i>Manage co-sell
    /// opportunities</i>, <i>Bulk operations</i>.
    /// </summary>
    public static IReadOnlyList<(AssistanceRequestCode Code, string Text)> AssistanceRequests { get; } =
    [
        (AssistanceRequestCode.WorkloadSpecificValueProposition, "Workload-specific value proposition"),
        (AssistanceRequestCode.CustomerTechnicalArchitecture, "Customer technical architecture"),
        (AssistanceRequestCode.ProofOfConceptOrDemo, "Proof of concept / Demo"),
        (AssistanceRequestCode.QuotesOrLicensing, "Quotes and licensing"),
        (AssistanceRequestCode.PostSalesCustomerSuccess, "Post-sales customer success"),
        (AssistanceRequestCode.GeneralOrOther, "General or other"),
    ];

    /// <summary>
    /// Whether a marketplace lead with this call to action waits for no answer. Source: <i>About leads</i>.
    /// </summary>
    public static bool AsksNoAnswer(string? callToAction) =>
        callToAction is not null
        && CallsToAction.Take(3).Contains(callToAction, StringComparer.OrdinalIgnoreCase);
}

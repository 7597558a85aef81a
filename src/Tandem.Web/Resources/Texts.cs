namespace Tandem.Web.Resources;

// One pair of files for each feature, so that two people who write pages meet in none: Name.resx is English,
// Name.tr.resx Turkish. A page asks for IStringLocalizer<Name>.

/// <summary>Layout, signing in, and what every page may have to say.</summary>
public sealed class ShellText;

/// <summary>Names of the contract's values: statuses, types, directions, stages.</summary>
public sealed class ValueText;

/// <summary>The pipeline.</summary>
public sealed class PipelineText;

/// <summary>A referral.</summary>
public sealed class ReferralText;

/// <summary>What new deals, invitations and the inbox have in common: kinds of help, and what a form may have to say.</summary>
public sealed class DealText;

/// <summary>The inbox.</summary>
public sealed class InboxText;

/// <summary>A new deal.</summary>
public sealed class NewDealText;

/// <summary>Inviting into an engagement.</summary>
public sealed class InviteText;

/// <summary>What the API refuses: English has its words, other languages put theirs before them.</summary>
public sealed class FaultText;
/// <summary>Reports.</summary>
public sealed class ReportsText;
/// <summary>Routing of inbound deals.</summary>
public sealed class RoutingText;

/// <summary>Audit of the administration.</summary>
public sealed class AuditText;
/// <summary>An organization, with its locations and solutions.</summary>
public sealed class OrganizationText;

/// <summary>People and their roles.</summary>
public sealed class PeopleText;

/// <summary>Service clients.</summary>
public sealed class ClientsText;

/// <summary>Webhooks and what was delivered.</summary>
public sealed class WebhooksText;

/// <summary>Showing a secret once.</summary>
public sealed class SecretText;
/// <summary>Notifications: the bell, their page and their settings.</summary>
public sealed class NotificationText;

/// <summary>Administration of e-mail.</summary>
public sealed class EmailAdminText;
/// <summary>Importing and exporting files.</summary>
public sealed class BulkText;

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Tandem.Server.Notifications;

/// <summary>
/// What one person is told, and the e-mail that goes with it; kept 90 days. Like the other table of this folder it is in
/// the model for the migrations only.
/// </summary>
internal sealed class PersonalNoticeRow : IEntityTypeConfiguration<PersonalNoticeRow>
{
    /// <summary>Made of what happened and of who is told, so that nobody is told twice.</summary>
    public Guid Id { get; init; }

    public required string OrganizationId { get; init; }

    /// <summary>Null for the contact of a location who has no account.</summary>
    public Guid? UserId { get; init; }

    /// <summary>Where e-mail goes to when there is no user; a user's address is that of the directory.</summary>
    public string? Email { get; init; }

    public required string Kind { get; init; }
    public long CreatedAt { get; init; }
    public Guid? ReferralId { get; init; }
    public Guid? SubscriptionId { get; init; }
    public string? Receiver { get; init; }
    public string? DealName { get; init; }
    public string? PartnerName { get; init; }
    public string? Reason { get; init; }
    public long? ExpiresAt { get; init; }
    public long? ReadAt { get; init; }

    /// <summary>Of the e-mail.</summary>
    public required string Language { get; init; }

    /// <summary>A <see cref="MailState"/>.</summary>
    public required string MailState { get; init; }

    public long MailDueAt { get; init; }
    public int MailAttempts { get; init; }

    /// <summary>A node that sends it holds it until this time, by the database's clock.</summary>
    public long MailLeasedUntil { get; init; }

    /// <summary>The mail server's last word, where the message was not taken.</summary>
    public string? MailAnswer { get; init; }

    /// <summary>One message tells of all that a person has of these.</summary>
    public bool IsDigest { get; init; }

    public void Configure(EntityTypeBuilder<PersonalNoticeRow> builder)
    {
        builder.ToTable("personal_notices");
        builder.HasKey(n => n.Id);
        builder.HasIndex(n => new { n.UserId, n.CreatedAt, n.Id });
        builder.HasIndex(n => n.UserId, "unread").HasFilter("read_at IS NULL").HasDatabaseName("ix_personal_notices_unread");
        builder.HasIndex(n => n.MailDueAt).HasFilter("mail_state = 'Waiting'").HasDatabaseName("ix_personal_notices_mail");
        builder.HasIndex(n => n.CreatedAt);
    }
}

/// <summary>What becomes of the e-mail of a notice.</summary>
internal enum MailState
{
    /// <summary>None is sent.</summary>
    None,

    /// <summary>To be sent, or tried again.</summary>
    Waiting,

    /// <summary>The mail server has taken it.</summary>
    Sent,

    /// <summary>Refused for good, or tried for too long.</summary>
    Failed,

    /// <summary>The person has left meanwhile, or may not see what it is about any more.</summary>
    Dropped,
}

/// <summary>How a person wants to be told; absent for the defaults.</summary>
internal sealed class NoticeSettingsRow : IEntityTypeConfiguration<NoticeSettingsRow>
{
    public Guid UserId { get; init; }

    /// <summary>Topics, separated by spaces.</summary>
    public required string WithoutEmail { get; init; }

    public string? Language { get; init; }

    public void Configure(EntityTypeBuilder<NoticeSettingsRow> builder)
    {
        builder.ToTable("notice_settings");
        builder.HasKey(s => s.UserId);
    }
}

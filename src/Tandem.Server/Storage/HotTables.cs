using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Tandem.Server.Storage;

/// <summary>
/// A referral: its wire document, and beside it the columns that queries use. Texts are folded to lower case, since
/// comparison ignores case; times are microseconds since 1970; the document holds everything as it is shown.
/// </summary>
internal sealed class ReferralRow : IEntityTypeConfiguration<ReferralRow>
{
    public Guid Id { get; init; }
    public Guid EngagementId { get; init; }
    public required string OrganizationId { get; init; }
    public int Version { get; init; }
    public required string Status { get; init; }
    public required string Substatus { get; init; }
    public required string Type { get; init; }
    public required string Qualification { get; init; }
    public required string Direction { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public long? ExpiresAt { get; init; }
    public long? AcceptedAt { get; init; }
    public long? ClosedAt { get; init; }
    public long? ClosingAt { get; init; }
    public string? ExternalReferenceId { get; init; }
    public string? Name { get; init; }
    public string? CustomerName { get; init; }
    public string? Country { get; init; }
    public double? DealValue { get; init; }
    public string? Currency { get; init; }
    public string? MpnId { get; init; }
    public string? SalesStage { get; init; }
    public string? CampaignId { get; init; }
    public required string RegistrationStatus { get; init; }
    public bool Favorite { get; init; }
    public string? InvitedBy { get; init; }
    public bool SharedWithSellers { get; init; }

    /// <summary>The customer contacts may be shown to an invited party (B15).</summary>
    public bool ContactsShared { get; init; }

    /// <summary>Organization whose user created it; an invited party's referral is created by another one.</summary>
    public required string CreatorOrganizationId { get; init; }

    public Guid CreatorUserId { get; init; }

    /// <summary>A marketplace or qualified lead: only company-wide admins and its team see it (B4).</summary>
    public bool IsLead { get; init; }

    /// <summary>A marketplace lead leaves the lists at this time (B29).</summary>
    public long? ArchivesAt { get; init; }

    /// <summary>When the receiver is to be reminded (B28); null when there is nothing to remind of.</summary>
    public long? RemindsAt { get; init; }

    public required string Document { get; init; }

    /// <summary>
    /// The document's list of solutions once more: what every deal is asked for should not take every document. Null in
    /// rows that were written before there was the column.
    /// </summary>
    public string? Solutions { get; init; }

    public void Configure(EntityTypeBuilder<ReferralRow> builder)
    {
        builder.ToTable("referrals");
        builder.HasKey(r => r.Id);
        // A list reads one organization in the order asked for; the default order comes first. The last column lets a
        // count be made of the index alone.
        builder.HasIndex(r => new { r.OrganizationId, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.UpdatedAt, r.Id, r.ArchivesAt });
        // Few values, many rows each: found in the default order.
        builder.HasIndex(r => new { r.OrganizationId, r.Status, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.Substatus, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.Type, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.Qualification, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.Direction, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.RegistrationStatus, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.SalesStage, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.Country, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.Currency, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.MpnId, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.CampaignId, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.InvitedBy, r.CreatedAt, r.Id, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.Favorite, r.CreatedAt, r.Id, r.ArchivesAt });
        // Many values: found, and sorted then.
        builder.HasIndex(r => new { r.OrganizationId, r.ExternalReferenceId });
        builder.HasIndex(r => new { r.OrganizationId, r.Name });
        builder.HasIndex(r => new { r.OrganizationId, r.CustomerName });
        builder.HasIndex(r => new { r.OrganizationId, r.DealValue, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.ClosingAt, r.ArchivesAt });
        builder.HasIndex(r => new { r.OrganizationId, r.CreatorUserId });
        // The leads that left the lists since a reader looked.
        builder.HasIndex(r => new { r.OrganizationId, r.ArchivesAt, r.Id }).HasFilter("archives_at IS NOT NULL");
        builder.HasIndex(r => r.ExpiresAt).HasFilter("expires_at IS NOT NULL");
        builder.HasIndex(r => r.RemindsAt).HasFilter("reminds_at IS NOT NULL");
        // One organization has at most one open referral in an engagement (R92), whoever wins the race.
        builder.HasIndex(r => new { r.EngagementId, r.OrganizationId }).IsUnique().HasFilter("status <> 'Closed'")
            .HasDatabaseName("ux_referrals_open_per_engagement");
        builder.HasIndex(r => r.EngagementId);
    }
}

/// <summary>A person of a referral, by e-mail: answers <c>team/any</c>, <c>email eq</c> and a Referrals user's list.</summary>
internal sealed class ReferralMemberRow : IEntityTypeConfiguration<ReferralMemberRow>
{
    /// <summary>The owner's team.</summary>
    public const int TeamSide = 0;

    /// <summary>The customer's contacts.</summary>
    public const int CustomerSide = 1;

    public Guid ReferralId { get; init; }
    public int Side { get; init; }
    public int Position { get; init; }
    public required string Email { get; init; }

    public void Configure(EntityTypeBuilder<ReferralMemberRow> builder)
    {
        builder.ToTable("referral_members");
        builder.HasKey(m => new { m.ReferralId, m.Side, m.Position });
        builder.HasIndex(m => new { m.Email, m.Side, m.ReferralId });
        builder.HasOne<ReferralRow>().WithMany().HasForeignKey(m => m.ReferralId);
    }
}

/// <summary>
/// One stored change, in the same transaction as the document. History, webhooks, delta feed and mail read this log.
/// </summary>
internal sealed class ChangeLogRow : IEntityTypeConfiguration<ChangeLogRow>
{
    public long Sequence { get; init; }

    /// <summary>
    /// The transaction that wrote the row, by the server's own count; PostgreSQL gives out numbers of a sequence in
    /// another order than it commits. 0 on SQLite, which has one writer.
    /// </summary>
    public long TransactionId { get; init; }

    public Guid ReferralId { get; init; }
    public Guid EngagementId { get; init; }
    public required string OrganizationId { get; init; }
    public required string Kind { get; init; }
    public int Version { get; init; }
    public string? ETagBefore { get; init; }
    public required string ETagAfter { get; init; }
    public long ChangedAt { get; init; }
    public string? ActorOrganizationId { get; init; }
    public Guid? ActorUserId { get; init; }
    public required string ActorName { get; init; }
    public string? ActorEmail { get; init; }
    public string? Via { get; init; }

    /// <summary>Paths of the changed properties, separated by spaces.</summary>
    public required string Properties { get; init; }

    /// <summary>After the change, like the two behind it; null where the row is older than this column.</summary>
    public string? Status { get; init; }

    public string? Substatus { get; init; }

    /// <summary>The customer contacts may be shown to an invited party (B15).</summary>
    public bool? ContactsShared { get; init; }

    /// <summary>SHA-256 of the stored document after the change.</summary>
    public byte[]? DocumentDigest { get; init; }

    /// <summary>
    /// Who may have lost sight of the referral by the change, each between line breaks: folded e-mails that left the team,
    /// and the location of a referral that became a lead (B4). Null when nobody has.
    /// </summary>
    public string? LostBy { get; init; }

    public void Configure(EntityTypeBuilder<ChangeLogRow> builder)
    {
        builder.ToTable("change_log");
        builder.HasKey(c => c.Sequence);
        builder.HasIndex(c => new { c.ReferralId, c.Sequence });
        builder.HasIndex(c => new { c.TransactionId, c.Sequence });
        builder.HasIndex(c => new { c.OrganizationId, c.TransactionId, c.Sequence });
    }
}

/// <summary>
/// One link of an engagement's chain: what a row of the change log said when it was sealed. Only ever added to.
/// </summary>
internal sealed class HistorySealRow : IEntityTypeConfiguration<HistorySealRow>
{
    public Guid EngagementId { get; init; }

    /// <summary>Counts the engagement's changes from 1, in the order of commits.</summary>
    public int Number { get; init; }

    /// <summary>The row of the change log.</summary>
    public long Sequence { get; init; }

    /// <summary>Random, so that nobody finds out what is hidden by trying.</summary>
    public required byte[] Nonce { get; init; }

    /// <summary>What every party sees, to the byte.</summary>
    public required string PublicPart { get; init; }

    /// <summary>SHA-256 of all that the row says, with the nonce.</summary>
    public required byte[] PrivateDigest { get; init; }

    public required byte[] Hash { get; init; }

    public void Configure(EntityTypeBuilder<HistorySealRow> builder)
    {
        builder.ToTable("history_seals");
        builder.HasKey(s => new { s.EngagementId, s.Number });
    }
}

/// <summary>How far a named reader of the change log has come.</summary>
internal sealed class LogReaderRow : IEntityTypeConfiguration<LogReaderRow>
{
    public required string Name { get; init; }
    public long TransactionId { get; init; }
    public long Sequence { get; init; }

    public void Configure(EntityTypeBuilder<LogReaderRow> builder)
    {
        builder.ToTable("log_readers");
        builder.HasKey(r => r.Name);
    }
}

/// <summary>The first answer to a repeated POST (R13), kept for 24 hours.</summary>
internal sealed class IdempotencyRow : IEntityTypeConfiguration<IdempotencyRow>
{
    /// <summary>Digest of the user, the kind of key and the key.</summary>
    public required string Key { get; init; }

    /// <summary>Digest of the request; another request with the same key is refused.</summary>
    public required string RequestDigest { get; init; }

    public int Status { get; init; }
    public string? Location { get; init; }
    public required string Body { get; init; }
    public long CreatedAt { get; init; }

    public void Configure(EntityTypeBuilder<IdempotencyRow> builder)
    {
        builder.ToTable("idempotency_keys");
        builder.HasKey(i => i.Key);
        builder.HasIndex(i => i.CreatedAt);
    }
}

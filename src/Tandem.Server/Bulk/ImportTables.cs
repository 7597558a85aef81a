using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Tandem.Server.Bulk;

/// <summary>
/// An import. Like the table of its rows it is in the model for the migrations only: <see cref="ImportStore"/> reads and
/// writes it.
/// </summary>
internal sealed class ImportTableRow : IEntityTypeConfiguration<ImportTableRow>
{
    public Guid Id { get; init; }
    public required string OrganizationId { get; init; }
    public Guid UserId { get; init; }

    /// <summary>JSON: who sent it, for as long as it takes.</summary>
    public required string Caller { get; init; }

    public required string FileName { get; init; }

    /// <summary>Of the file: what is sent again under the same key is known by it.</summary>
    public required string FileDigest { get; init; }

    /// <summary>JSON: the columns with what they are taken for.</summary>
    public required string Columns { get; init; }

    /// <summary>Of the headers: another file of the same look gets the same columns.</summary>
    public required string HeadersDigest { get; init; }

    public required string State { get; init; }

    /// <summary>Counts what the person decided; work begun before is not written any more.</summary>
    public int Revision { get; init; }

    /// <summary>Number of the last row that was checked with these columns.</summary>
    public int CheckedTo { get; init; }

    public string? Problem { get; init; }
    public long CreatedAt { get; init; }

    /// <summary>The node that works on it, until a time by the database's clock.</summary>
    public Guid? LeasedBy { get; init; }

    public long LeasedUntil { get; init; }

    public void Configure(EntityTypeBuilder<ImportTableRow> builder)
    {
        builder.ToTable("imports");
        builder.HasKey(i => i.Id);
        builder.HasIndex(i => new { i.UserId, i.CreatedAt });
        builder.HasIndex(i => i.CreatedAt);
        builder.HasIndex(i => i.State).HasFilter("state IN ('Checking', 'Running', 'Undoing')").HasDatabaseName("ix_imports_at_work");
    }
}

/// <summary>A row of an import's file, and what becomes of it.</summary>
internal sealed class ImportRowTableRow : IEntityTypeConfiguration<ImportRowTableRow>
{
    public Guid ImportId { get; init; }
    public int Number { get; init; }

    /// <summary>JSON: the cells, in the order of the columns.</summary>
    public required string Cells { get; init; }

    public required string State { get; init; }
    public required string Action { get; init; }
    public required string Label { get; init; }
    public Guid? ReferralId { get; init; }

    /// <summary>Of the referral: as it was checked, later as it was stored.</summary>
    public string? ETag { get; init; }

    /// <summary>JSON Patch that takes a stored update back.</summary>
    public string? Reverse { get; init; }

    public string? Faults { get; init; }
    public string? Changes { get; init; }

    public void Configure(EntityTypeBuilder<ImportRowTableRow> builder)
    {
        builder.ToTable("import_rows");
        builder.HasKey(r => new { r.ImportId, r.Number });
        builder.HasIndex(r => new { r.ImportId, r.State, r.Number });
        builder.HasOne<ImportTableRow>().WithMany().HasForeignKey(r => r.ImportId);
    }
}

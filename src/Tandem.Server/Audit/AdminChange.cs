using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.Reading;
using Tandem.Server.Identity;
using Tandem.Server.Storage;

namespace Tandem.Server.Audit;

/// <summary>Who changes the directory, and when; every save of it has one.</summary>
internal sealed record AdminAuthor(Guid? Id, string Name, string? ClientId, DateTimeOffset At)
{
    public static AdminAuthor Of(Caller caller, DateTimeOffset at) => new(caller.UserId, caller.Name, caller.ClientId, at);
}

/// <summary>An administrative change, stored with the change itself and never touched again.</summary>
internal sealed class AdminChange : IEntityTypeConfiguration<AdminChange>
{
    private const string Insert =
        "INSERT INTO admin_changes (organization_id, changed_at, author_id, author_name, client_id, kind, action, target_id, target, change_values) "
        + "VALUES (@organization, @at, @author, @name, @client, @kind, @action, @id, @target, @values)";

    public long Sequence { get; init; }

    public required string OrganizationId { get; init; }

    public required DateTimeOffset ChangedAt { get; init; }

    public Guid? AuthorId { get; init; }

    public required string AuthorName { get; init; }

    public string? ClientId { get; init; }

    public required AuditKind Kind { get; init; }

    public required AuditAction Action { get; init; }

    public required string TargetId { get; init; }

    public required string Target { get; init; }

    /// <summary>Values before and after, as JSON.</summary>
    public required string ChangeValues { get; init; }

    public static AdminChange Of(
        AdminAuthor author, string organization, AuditKind kind, AuditAction action, string targetId, string target, IReadOnlyList<AuditValue> values) => new()
    {
        OrganizationId = organization,
        ChangedAt = author.At,
        AuthorId = author.Id,
        AuthorName = author.Name,
        ClientId = author.ClientId,
        Kind = kind,
        Action = action,
        TargetId = targetId,
        Target = target,
        ChangeValues = JsonSerializer.Serialize(values, AdminJson.Default.IReadOnlyListAuditValue),
    };

    /// <summary>Stores it with a change that goes past the entity framework.</summary>
    public Task Write(HotSession session, CancellationToken cancellation) => session.Command(Insert)
        .With("@organization", OrganizationId).With("@at", WireTime.ToUnixMicroseconds(ChangedAt))
        .With("@author", AuthorId is { } author ? session.Database.Id(author) : null).With("@name", AuthorName).With("@client", ClientId)
        .With("@kind", Kind.ToString()).With("@action", Action.ToString()).With("@id", TargetId).With("@target", Target)
        .With("@values", ChangeValues).ExecuteNonQueryAsync(cancellation);

    public AuditEntry View() => new()
    {
        Sequence = Sequence,
        ChangedDateTime = ChangedAt,
        ChangedBy = new AuditAuthor { Id = AuthorId, Name = AuthorName },
        ClientId = ClientId,
        Kind = Kind,
        Action = Action,
        TargetId = TargetId,
        Target = Target,
        Values = JsonSerializer.Deserialize(ChangeValues, AdminJson.Default.IReadOnlyListAuditValue) ?? [],
    };

    public void Configure(EntityTypeBuilder<AdminChange> builder)
    {
        builder.ToTable("admin_changes");
        builder.HasKey(c => c.Sequence);
        builder.HasIndex(c => new { c.OrganizationId, c.Sequence });
        builder.Property(c => c.Kind).HasConversion<string>();
        builder.Property(c => c.Action).HasConversion<string>();
    }
}

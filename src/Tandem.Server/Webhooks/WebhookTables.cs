using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Tandem.Server.Webhooks;

/// <summary>
/// Where an organization wants its events. Like the other tables of this folder it is in the model for the migrations
/// only: <see cref="WebhookStore"/> reads and writes it.
/// </summary>
internal sealed class WebhookSubscriptionRow : IEntityTypeConfiguration<WebhookSubscriptionRow>
{
    public Guid Id { get; init; }
    public required string OrganizationId { get; init; }
    public required string Kind { get; init; }
    public required string Url { get; init; }

    /// <summary>Names, separated by spaces.</summary>
    public required string Events { get; init; }

    /// <summary>Partner Center: the signature goes into <c>x-ms-signature</c> (W33).</summary>
    public bool UsesSignatureHeader { get; init; }

    /// <summary>Separated by spaces; empty for any.</summary>
    public required string Statuses { get; init; }

    public string? Filter { get; init; }

    /// <summary>Standard: the key of the signatures, protected by ASP.NET Core data protection.</summary>
    public byte[]? Secret { get; init; }

    public byte[]? OldSecret { get; init; }
    public long? OldSecretUntil { get; init; }
    public required string State { get; init; }
    public string? PausedBecause { get; init; }
    public long? FailingSince { get; init; }

    /// <summary>Changes behind this place of the log are its business (W15).</summary>
    public long SinceTransaction { get; init; }

    public long SinceSequence { get; init; }
    public long CreatedAt { get; init; }

    /// <summary>The node that sends its events, until a time by the database's clock.</summary>
    public Guid? LeasedBy { get; init; }

    public long LeasedUntil { get; init; }

    public void Configure(EntityTypeBuilder<WebhookSubscriptionRow> builder)
    {
        builder.ToTable("webhook_subscriptions");
        builder.HasKey(s => s.Id);
        builder.HasIndex(s => s.OrganizationId);
        // One tenant has one registration (W8).
        builder.HasIndex(s => new { s.OrganizationId, s.Kind }).IsUnique().HasFilter("kind = 'PartnerCenter'")
            .HasDatabaseName("ux_webhook_registration");
    }
}

/// <summary>An event with its body, whose bytes never change (W24); kept 30 days.</summary>
internal sealed class WebhookEventRow : IEntityTypeConfiguration<WebhookEventRow>
{
    public Guid Id { get; init; }
    public long CreatedAt { get; init; }
    public required byte[] Body { get; init; }

    public void Configure(EntityTypeBuilder<WebhookEventRow> builder)
    {
        builder.ToTable("webhook_events");
        builder.HasKey(e => e.Id);
        builder.HasIndex(e => e.CreatedAt);
    }
}

/// <summary>An event for one subscription, and the log of its attempts; kept 30 days.</summary>
internal sealed class WebhookDeliveryRow : IEntityTypeConfiguration<WebhookDeliveryRow>
{
    /// <summary>The order of the events of a subscription.</summary>
    public long Sequence { get; init; }

    public Guid EventId { get; init; }
    public Guid SubscriptionId { get; init; }
    public required string OrganizationId { get; init; }

    /// <summary>Null for a test event.</summary>
    public Guid? ReferralId { get; init; }

    public required string Name { get; init; }
    public required string State { get; init; }

    /// <summary>The next attempt; <see cref="WebhookStore.Behind"/> when another one of its referral comes first.</summary>
    public long DueAt { get; init; }

    /// <summary>Attempts since it was raised or sent again.</summary>
    public int Attempts { get; init; }

    public long CreatedAt { get; init; }

    /// <summary>Every attempt, as JSON.</summary>
    public required string Log { get; init; }

    public void Configure(EntityTypeBuilder<WebhookDeliveryRow> builder)
    {
        builder.ToTable("webhook_deliveries");
        builder.HasKey(d => d.Sequence);
        builder.HasIndex(d => d.EventId);
        // What a referral caused, to all; a change's deliveries lie side by side in it.
        builder.HasIndex(d => d.ReferralId);
        builder.HasIndex(d => new { d.SubscriptionId, d.Sequence }).HasDatabaseName("ix_webhook_deliveries_log");
        builder.HasIndex(d => new { d.SubscriptionId, d.Sequence }, "failed").HasFilter("state = 'Failed'")
            .HasDatabaseName("ix_webhook_deliveries_failed");
        builder.HasIndex(d => new { d.SubscriptionId, d.ReferralId, d.Sequence }).HasFilter("state = 'Pending'")
            .HasDatabaseName("ix_webhook_deliveries_pending");
        builder.HasIndex(d => new { d.SubscriptionId, d.DueAt, d.Sequence }).HasFilter("state = 'Pending'")
            .HasDatabaseName("ix_webhook_deliveries_due");
        // How many test events there were of late (W17).
        builder.HasIndex(d => new { d.OrganizationId, d.Sequence }, "tests").HasFilter("name = 'test-created'")
            .HasDatabaseName("ix_webhook_deliveries_tests");
    }
}

/// <summary>A key that signs Partner Center webhooks, with its certificate (W34).</summary>
internal sealed class WebhookKeyRow : IEntityTypeConfiguration<WebhookKeyRow>
{
    public required string Thumbprint { get; init; }

    /// <summary>PKCS #8, protected by ASP.NET Core data protection.</summary>
    public required byte[] ProtectedKey { get; init; }

    /// <summary>PEM.</summary>
    public required string Certificate { get; init; }

    public long CreatedAt { get; init; }

    public void Configure(EntityTypeBuilder<WebhookKeyRow> builder)
    {
        builder.ToTable("webhook_keys");
        builder.HasKey(k => k.Thumbprint);
    }
}

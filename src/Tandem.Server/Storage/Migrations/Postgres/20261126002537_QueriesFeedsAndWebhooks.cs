using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

#pragma warning disable CA1814 // Prefer jagged arrays over multidimensional

namespace Tandem.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class QueriesFeedsAndWebhooks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_created_at_id",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_status_created_at_id",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_updated_at_id",
                table: "referrals");

            migrationBuilder.AddColumn<bool>(
                name: "contacts_shared",
                table: "change_log",
                type: "boolean",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "document_digest",
                table: "change_log",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "lost_by",
                table: "change_log",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "status",
                table: "change_log",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "substatus",
                table: "change_log",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "transaction_id",
                table: "change_log",
                type: "bigint",
                nullable: false,
                defaultValueSql: "pg_current_xact_id()::text::bigint");

            migrationBuilder.CreateTable(
                name: "history_seals",
                columns: table => new
                {
                    engagement_id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    sequence = table.Column<long>(type: "bigint", nullable: false),
                    nonce = table.Column<byte[]>(type: "bytea", nullable: false),
                    public_part = table.Column<string>(type: "text", nullable: false),
                    private_digest = table.Column<byte[]>(type: "bytea", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_history_seals", x => new { x.engagement_id, x.number });
                });

            migrationBuilder.CreateTable(
                name: "log_readers",
                columns: table => new
                {
                    name = table.Column<string>(type: "text", nullable: false),
                    transaction_id = table.Column<long>(type: "bigint", nullable: false),
                    sequence = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_log_readers", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "notices",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    organization_id = table.Column<string>(type: "text", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    subject_id = table.Column<string>(type: "text", nullable: false),
                    text = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_notices", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "shared_state",
                columns: table => new
                {
                    name = table.Column<string>(type: "text", nullable: false),
                    stamp = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_shared_state", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "webhook_deliveries",
                columns: table => new
                {
                    sequence = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    event_id = table.Column<Guid>(type: "uuid", nullable: false),
                    subscription_id = table.Column<Guid>(type: "uuid", nullable: false),
                    organization_id = table.Column<string>(type: "text", nullable: false),
                    referral_id = table.Column<Guid>(type: "uuid", nullable: true),
                    name = table.Column<string>(type: "text", nullable: false),
                    state = table.Column<string>(type: "text", nullable: false),
                    due_at = table.Column<long>(type: "bigint", nullable: false),
                    attempts = table.Column<int>(type: "integer", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    log = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_webhook_deliveries", x => x.sequence);
                });

            migrationBuilder.CreateTable(
                name: "webhook_events",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    body = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_webhook_events", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "webhook_keys",
                columns: table => new
                {
                    thumbprint = table.Column<string>(type: "text", nullable: false),
                    protected_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    certificate = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_webhook_keys", x => x.thumbprint);
                });

            migrationBuilder.CreateTable(
                name: "webhook_subscriptions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    organization_id = table.Column<string>(type: "text", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false),
                    url = table.Column<string>(type: "text", nullable: false),
                    events = table.Column<string>(type: "text", nullable: false),
                    uses_signature_header = table.Column<bool>(type: "boolean", nullable: false),
                    statuses = table.Column<string>(type: "text", nullable: false),
                    filter = table.Column<string>(type: "text", nullable: true),
                    secret = table.Column<byte[]>(type: "bytea", nullable: true),
                    old_secret = table.Column<byte[]>(type: "bytea", nullable: true),
                    old_secret_until = table.Column<long>(type: "bigint", nullable: true),
                    state = table.Column<string>(type: "text", nullable: false),
                    paused_because = table.Column<string>(type: "text", nullable: true),
                    failing_since = table.Column<long>(type: "bigint", nullable: true),
                    since_transaction = table.Column<long>(type: "bigint", nullable: false),
                    since_sequence = table.Column<long>(type: "bigint", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    leased_by = table.Column<Guid>(type: "uuid", nullable: true),
                    leased_until = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_webhook_subscriptions", x => x.id);
                });

            migrationBuilder.InsertData(
                table: "shared_state",
                columns: new[] { "name", "stamp" },
                values: new object[,]
                {
                    { "directory", new Guid("00000000-0000-0000-0000-000000000000") },
                    { "tokens", new Guid("00000000-0000-0000-0000-000000000000") },
                    { "webhooks", new Guid("00000000-0000-0000-0000-000000000000") }
                });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_archives_at_id",
                table: "referrals",
                columns: new[] { "organization_id", "archives_at", "id" },
                filter: "archives_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_campaign_id_created_at_id_archive~",
                table: "referrals",
                columns: new[] { "organization_id", "campaign_id", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_closing_at_archives_at",
                table: "referrals",
                columns: new[] { "organization_id", "closing_at", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_country_created_at_id_archives_at",
                table: "referrals",
                columns: new[] { "organization_id", "country", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_created_at_id_archives_at",
                table: "referrals",
                columns: new[] { "organization_id", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_currency_created_at_id_archives_at",
                table: "referrals",
                columns: new[] { "organization_id", "currency", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_customer_name",
                table: "referrals",
                columns: new[] { "organization_id", "customer_name" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_deal_value_archives_at",
                table: "referrals",
                columns: new[] { "organization_id", "deal_value", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_direction_created_at_id_archives_~",
                table: "referrals",
                columns: new[] { "organization_id", "direction", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_favorite_created_at_id_archives_at",
                table: "referrals",
                columns: new[] { "organization_id", "favorite", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_invited_by_created_at_id_archives~",
                table: "referrals",
                columns: new[] { "organization_id", "invited_by", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_mpn_id_created_at_id_archives_at",
                table: "referrals",
                columns: new[] { "organization_id", "mpn_id", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_name",
                table: "referrals",
                columns: new[] { "organization_id", "name" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_qualification_created_at_id_archi~",
                table: "referrals",
                columns: new[] { "organization_id", "qualification", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_registration_status_created_at_id~",
                table: "referrals",
                columns: new[] { "organization_id", "registration_status", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_sales_stage_created_at_id_archive~",
                table: "referrals",
                columns: new[] { "organization_id", "sales_stage", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_status_created_at_id_archives_at",
                table: "referrals",
                columns: new[] { "organization_id", "status", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_substatus_created_at_id_archives_~",
                table: "referrals",
                columns: new[] { "organization_id", "substatus", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_type_created_at_id_archives_at",
                table: "referrals",
                columns: new[] { "organization_id", "type", "created_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_updated_at_id_archives_at",
                table: "referrals",
                columns: new[] { "organization_id", "updated_at", "id", "archives_at" });

            migrationBuilder.CreateIndex(
                name: "IX_change_log_organization_id_transaction_id_sequence",
                table: "change_log",
                columns: new[] { "organization_id", "transaction_id", "sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_change_log_transaction_id_sequence",
                table: "change_log",
                columns: new[] { "transaction_id", "sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_notices_organization_id_created_at",
                table: "notices",
                columns: new[] { "organization_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_webhook_deliveries_event_id",
                table: "webhook_deliveries",
                column: "event_id");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_failed",
                table: "webhook_deliveries",
                columns: new[] { "subscription_id", "sequence" },
                filter: "state = 'Failed'");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_log",
                table: "webhook_deliveries",
                columns: new[] { "subscription_id", "sequence" });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_pending",
                table: "webhook_deliveries",
                columns: new[] { "subscription_id", "referral_id", "sequence" },
                filter: "state = 'Pending'");

            migrationBuilder.CreateIndex(
                name: "IX_webhook_deliveries_referral_id",
                table: "webhook_deliveries",
                column: "referral_id");

            migrationBuilder.CreateIndex(
                name: "IX_webhook_events_created_at",
                table: "webhook_events",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "IX_webhook_subscriptions_organization_id",
                table: "webhook_subscriptions",
                column: "organization_id");

            migrationBuilder.CreateIndex(
                name: "ux_webhook_registration",
                table: "webhook_subscriptions",
                columns: new[] { "organization_id", "kind" },
                unique: true,
                filter: "kind = 'PartnerCenter'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "history_seals");

            migrationBuilder.DropTable(
                name: "log_readers");

            migrationBuilder.DropTable(
                name: "notices");

            migrationBuilder.DropTable(
                name: "shared_state");

            migrationBuilder.DropTable(
                name: "webhook_deliveries");

            migrationBuilder.DropTable(
                name: "webhook_events");

            migrationBuilder.DropTable(
                name: "webhook_keys");

            migrationBuilder.DropTable(
                name: "webhook_subscriptions");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_archives_at_id",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_campaign_id_created_at_id_archive~",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_closing_at_archives_at",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_country_created_at_id_archives_at",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_created_at_id_archives_at",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_currency_created_at_id_archives_at",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_customer_name",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_deal_value_archives_at",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_direction_created_at_id_archives_~",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_favorite_created_at_id_archives_at",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_invited_by_created_at_id_archives~",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_mpn_id_created_at_id_archives_at",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_name",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_qualification_created_at_id_archi~",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_registration_status_created_at_id~",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_sales_stage_created_at_id_archive~",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_status_created_at_id_archives_at",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_substatus_created_at_id_archives_~",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_type_created_at_id_archives_at",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_updated_at_id_archives_at",
                table: "referrals");

            migrationBuilder.DropIndex(
                name: "IX_change_log_organization_id_transaction_id_sequence",
                table: "change_log");

            migrationBuilder.DropIndex(
                name: "IX_change_log_transaction_id_sequence",
                table: "change_log");

            migrationBuilder.DropColumn(
                name: "contacts_shared",
                table: "change_log");

            migrationBuilder.DropColumn(
                name: "document_digest",
                table: "change_log");

            migrationBuilder.DropColumn(
                name: "lost_by",
                table: "change_log");

            migrationBuilder.DropColumn(
                name: "status",
                table: "change_log");

            migrationBuilder.DropColumn(
                name: "substatus",
                table: "change_log");

            migrationBuilder.DropColumn(
                name: "transaction_id",
                table: "change_log");

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_created_at_id",
                table: "referrals",
                columns: new[] { "organization_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_status_created_at_id",
                table: "referrals",
                columns: new[] { "organization_id", "status", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_updated_at_id",
                table: "referrals",
                columns: new[] { "organization_id", "updated_at", "id" });
        }
    }
}

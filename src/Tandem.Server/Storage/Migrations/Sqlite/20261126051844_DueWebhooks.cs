using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Tandem.Server.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class DueWebhooks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_due",
                table: "webhook_deliveries",
                columns: new[] { "subscription_id", "due_at", "sequence" },
                filter: "state = 'Pending'");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_tests",
                table: "webhook_deliveries",
                columns: new[] { "subscription_id", "sequence" },
                filter: "name = 'test-created'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_due",
                table: "webhook_deliveries");

            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_tests",
                table: "webhook_deliveries");
        }
    }
}

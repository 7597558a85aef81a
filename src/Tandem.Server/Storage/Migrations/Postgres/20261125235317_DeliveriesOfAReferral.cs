using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Tandem.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class DeliveriesOfAReferral : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "IX_webhook_deliveries_referral_id",
                table: "webhook_deliveries",
                column: "referral_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_webhook_deliveries_referral_id",
                table: "webhook_deliveries");
        }
    }
}

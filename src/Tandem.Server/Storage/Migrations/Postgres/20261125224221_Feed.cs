using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Tandem.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Feed : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "lost_by",
                table: "change_log",
                type: "text",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "IX_referrals_organization_id_archives_at_id",
                table: "referrals",
                columns: new[] { "organization_id", "archives_at", "id" },
                filter: "archives_at IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_referrals_organization_id_archives_at_id",
                table: "referrals");

            migrationBuilder.DropColumn(
                name: "lost_by",
                table: "change_log");
        }
    }
}

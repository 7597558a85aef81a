using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Tandem.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Notifications : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "contact_email",
                table: "locations",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "notice_settings",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    without_email = table.Column<string>(type: "text", nullable: false),
                    language = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_notice_settings", x => x.user_id);
                });

            migrationBuilder.CreateTable(
                name: "personal_notices",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    organization_id = table.Column<string>(type: "text", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    email = table.Column<string>(type: "text", nullable: true),
                    kind = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    referral_id = table.Column<Guid>(type: "uuid", nullable: false),
                    deal_name = table.Column<string>(type: "text", nullable: true),
                    partner_name = table.Column<string>(type: "text", nullable: true),
                    reason = table.Column<string>(type: "text", nullable: true),
                    expires_at = table.Column<long>(type: "bigint", nullable: true),
                    read_at = table.Column<long>(type: "bigint", nullable: true),
                    language = table.Column<string>(type: "text", nullable: false),
                    mail_state = table.Column<string>(type: "text", nullable: false),
                    mail_due_at = table.Column<long>(type: "bigint", nullable: false),
                    mail_attempts = table.Column<int>(type: "integer", nullable: false),
                    mail_leased_until = table.Column<long>(type: "bigint", nullable: false),
                    mail_answer = table.Column<string>(type: "text", nullable: true),
                    is_digest = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_personal_notices", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_personal_notices_created_at",
                table: "personal_notices",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "ix_personal_notices_mail",
                table: "personal_notices",
                column: "mail_due_at",
                filter: "mail_state = 'Waiting'");

            migrationBuilder.CreateIndex(
                name: "ix_personal_notices_unread",
                table: "personal_notices",
                column: "user_id",
                filter: "read_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_personal_notices_user_id_created_at_id",
                table: "personal_notices",
                columns: new[] { "user_id", "created_at", "id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "notice_settings");

            migrationBuilder.DropTable(
                name: "personal_notices");

            migrationBuilder.DropColumn(
                name: "contact_email",
                table: "locations");
        }
    }
}

using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Tandem.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class History : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
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
                name: "status",
                table: "change_log",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "substatus",
                table: "change_log",
                type: "text",
                nullable: true);

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
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "history_seals");

            migrationBuilder.DropColumn(
                name: "contacts_shared",
                table: "change_log");

            migrationBuilder.DropColumn(
                name: "document_digest",
                table: "change_log");

            migrationBuilder.DropColumn(
                name: "status",
                table: "change_log");

            migrationBuilder.DropColumn(
                name: "substatus",
                table: "change_log");
        }
    }
}

using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Tandem.Server.Storage.Migrations.Sqlite
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
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "document_digest",
                table: "change_log",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "status",
                table: "change_log",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "substatus",
                table: "change_log",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "history_seals",
                columns: table => new
                {
                    engagement_id = table.Column<Guid>(type: "TEXT", nullable: false),
                    number = table.Column<int>(type: "INTEGER", nullable: false),
                    sequence = table.Column<long>(type: "INTEGER", nullable: false),
                    nonce = table.Column<byte[]>(type: "BLOB", nullable: false),
                    public_part = table.Column<string>(type: "TEXT", nullable: false),
                    private_digest = table.Column<byte[]>(type: "BLOB", nullable: false),
                    hash = table.Column<byte[]>(type: "BLOB", nullable: false)
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

using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Tandem.Client;
using Tandem.Contracts.Bulk;
using Tandem.Server.Tests.Fixtures;

namespace Tandem.Server.Tests.Bulk;

/// <summary>Files and imports as people make them, by the client.</summary>
internal static class Imports
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static BulkClient Bulk(this TandemServer server, string user) => new TandemClient(server.Http, user).Bulk;

    /// <summary>Sends lines of a file and waits until they are checked.</summary>
    public static Task<Import> Send(this BulkClient bulk, params string[] lines) =>
        bulk.Send(Encoding.UTF8.GetBytes(string.Join("\r\n", lines)));

    public static async Task<Import> Send(this BulkClient bulk, byte[] file) =>
        await bulk.Reach((await bulk.SendAsync(file, "deals.csv", cancellation: Cancellation)).Id, ImportState.Ready);

    /// <summary>Waits until an import is where it is to be.</summary>
    public static async Task<Import> Reach(this BulkClient bulk, Guid id, ImportState state)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(10, Cancellation))
        {
            var import = await bulk.GetAsync(id, Cancellation);
            if (import.State == state)
                return import;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(120), $"The import stays {import.State}: {import.Counts}");
        }
    }

    public static async Task<Import> Run(this BulkClient bulk, Import import)
    {
        await bulk.StartAsync(import.Id, Cancellation);
        return await bulk.Reach(import.Id, ImportState.Done);
    }

    public static async Task<Import> TakeBack(this BulkClient bulk, Import import)
    {
        await bulk.UndoAsync(import.Id, Cancellation);
        return await bulk.Reach(import.Id, ImportState.Undone);
    }

    public static async Task<IReadOnlyList<ImportRow>> Rows(this BulkClient bulk, Import import, params ImportRowState[] states) =>
        (await bulk.RowsAsync(import.Id, states, 0, 500, Cancellation)).Value;

    public static async Task<ImportRow> Row(this BulkClient bulk, Import import) => Assert.Single(await bulk.Rows(import));

    public static async Task<byte[]> Bytes(this BulkFile file)
    {
        using (file)
        {
            using var bytes = new MemoryStream();
            await (await file.ReadAsync(Cancellation)).CopyToAsync(bytes, Cancellation);
            return bytes.ToArray();
        }
    }

    public static async Task<string> Text(this BulkFile file) => Encoding.UTF8.GetString(await file.Bytes()).TrimStart('\uFEFF');

    /// <summary>A deal that fills every column of the layout.</summary>
    public static JsonObject FullDeal(Action<JsonObject>? change = null) => Bodies.Cosell(b =>
    {
        b["name"] = "Full deal, with \"quotes\",\u0001 and\nlines";
        b["externalReferenceId"] = "=HYPERLINK(\"x\")";
        b["campaignId"] = "'+1";
        b["salesStage"] = "Develop";
        b["customerProfile"]!["ids"] = new JsonArray(new JsonObject { ["profileType"] = "Duns", ["id"] = "012345678" }, new JsonObject { ["profileType"] = "External", ["id"] = "6-ABCDEFGHI" });
        b["details"]!["notes"] = "- first\r\n- second; ğüşıöç";
        b["details"]!["dealValue"] = 12345.67m;
        b["details"]!["currency"] = "EUR";
        b["details"]!["closingDateTime"] = "2027-03-24T18:30:00Z";
        b["details"]!["requirements"]!["solutions"] = new JsonArray(
            new JsonObject { ["id"] = "SOL-34104-EBB", ["type"] = "Name", ["name"] = "Analytics", ["price"] = 10.5, ["quantity"] = 100, ["currency"] = "USD" },
            new JsonObject { ["id"] = "SOL-ABC-DEF", ["type"] = "Name" });
        b["team"] = new JsonArray(Bodies.Member("ann@contoso.example", "Ann"), Bodies.Member("joe@contoso.example", "Joe"));
        change?.Invoke(b);
    });
}

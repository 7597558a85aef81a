using System.Text.Json;
using Tandem.Contracts.Bulk;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Referrals;

namespace Tandem.Server.Bulk;

/// <summary>
/// Checks, stores and takes back the rows of an import. A row is the very creation or update that the API would be asked
/// for, decided by the same rules with the rights of the person who sent the file.
/// </summary>
internal sealed class Importer(ImportStore imports, ReferralWriter writer)
{
    /// <summary>What the history says a row came through.</summary>
    public const string Via = "Bulk import";

    private const string ClosedBecause = "Data error";

    /// <summary>What a row would do; stores nothing.</summary>
    /// <param name="named">Referrals that earlier rows name; this row's joins them.</param>
    public async Task<StoredImportRow> Check(
        StoredImport import, StoredImportRow row, Caller caller, HashSet<Guid> named, CancellationToken cancellation)
    {
        var cells = CellsOf(import, row);
        row = row with { Label = Label(cells), Faults = [], Changes = [] };
        if (cells.GetValueOrDefault(BulkLayout.ReferralId) is not { Length: > 0 } id)
            return CheckNew(row, cells, caller);

        if (!ReferralEndpoints.TryId(id, out var referralId))
            return Faulty(row, At(BulkLayout.ReferralId, "This is no referral's id; leave the cell empty for a new deal."));
        if (!named.Add(referralId))
            return Faulty(row, At(BulkLayout.ReferralId, "An earlier row names the same referral; put the changes into one row."));
        var found = await writer.FindChangeable(id, caller, cancellation);
        if (!found.Succeeded(out var own, out var refusal))
            return Faulty(row, At(BulkLayout.ReferralId, refusal.Message, refusal.InnerCode)) with { ReferralId = referralId };

        row = row with { ReferralId = referralId, ETag = own.Referral.ETag };
        if (cells.GetValueOrDefault("Engagement ID") is { Length: > 0 } engagement
            && !(ReferralEndpoints.TryId(engagement, out var engagementId) && engagementId == own.Referral.EngagementId))
            return Faulty(row, At("Engagement ID", $"The referral belongs to the engagement {own.Referral.EngagementId}; write that, or leave the cell empty."));
        var before = Shown(own.Referral);
        if (row.Label.Length == 0)
            row = row with { Label = before.Name ?? before.CustomerProfile.Name };
        var read = BulkRow.Read(cells, before);
        if (read.Faults.Count == 0 && read.AsksForNothing)
            return row with { State = ImportRowState.Unchanged };
        var decided = UpdateReferral.Decide(own.Referral, own.Engagement, read.ToPatch(), writer.Situation(caller, Via));
        if (!decided.Succeeded(out var update, out refusal) || read.Faults.Count > 0)
            return row with { State = ImportRowState.Faulty, Action = ImportAction.Update, Faults = Together(read, refusal) };
        return update.Referral.IsNothing
            ? row with { State = ImportRowState.Unchanged }
            : row with { State = ImportRowState.Ready, Action = ImportAction.Update, Changes = Compare(before, update.Referral.After) };
    }

    /// <summary>Stores a row that can be, in one transaction with the word that it is stored.</summary>
    public async Task Store(StoredImport import, StoredImportRow row, Caller caller, CancellationToken cancellation)
    {
        var cells = CellsOf(import, row);
        Refusal? refusal;
        BulkRow read;
        if (row.Action == ImportAction.Create)
        {
            read = BulkRow.Read(cells, null);
            var created = await writer.Create(read.ToBody(), caller, Via, static _ => null, change => ImportStore.Stored(
                import.Id, row.Number, change.Change.After.Id, change.Change.After.ETag, null), cancellation);
            refusal = created!.Value.Refusal;
        }
        else
        {
            var found = await writer.FindChangeable(row.ReferralId.ToString()!, caller, cancellation);
            read = BulkRow.Read(cells, found.Value is { } own ? Shown(own.Referral) : null);
            refusal = found.Refusal;
            if (refusal is null)
            {
                var changed = await writer.Change(row.ReferralId.ToString()!, read.ToPatch(), row.ETag!, caller, Via, change => ImportStore.Stored(
                    import.Id, row.Number, change.Change.After.Id, change.Change.After.ETag,
                    read.ToReverse(change.Change.Before!.Document.Span).GetRawText()), cancellation);
                if (changed.Value is { Referral.IsNothing: true })
                    await imports.MoveRow(import.Id, row.Number, ImportRowState.Ready, ImportRowState.Unchanged, [], cancellation);
                refusal = changed.Refusal;
            }
        }

        if (refusal is not null)
            await imports.MoveRow(import.Id, row.Number, ImportRowState.Ready, ImportRowState.Refused, [.. Reasons(read, refusal)], cancellation);
    }

    /// <summary>
    /// Takes a stored row back, unless somebody has acted since: an update by its reverse, a creation by closing it as an
    /// error, since the contract knows no deleting (B32).
    /// </summary>
    public async Task Undo(StoredImport import, StoredImportRow row, Caller caller, CancellationToken cancellation)
    {
        var id = row.ReferralId.ToString()!;
        var found = await writer.FindChangeable(id, caller, cancellation);
        var refusal = found.Refusal;
        if (found.Succeeded(out var own, out _))
        {
            refusal = row.Action == ImportAction.Create && HasOthers(own.Engagement) ? Joined : null;
            if (refusal is null)
            {
                var undone = await writer.Change(id, ReverseOf(row), row.ETag!, caller, Via,
                    change => ImportStore.Undone(import.Id, row.Number, change.Change.After.ETag), cancellation);
                if (undone.Value is { Referral.IsNothing: true })
                    await imports.MoveRow(import.Id, row.Number, ImportRowState.Stored, ImportRowState.Undone, [], cancellation);
                refusal = undone.Refusal;
            }
        }

        if (refusal is not null)
        {
            var why = refusal.Status == StatusCodes.Status412PreconditionFailed ? Acted : refusal.Message;
            await imports.MoveRow(import.Id, row.Number, ImportRowState.Stored, ImportRowState.Left, [At(null, why, refusal.InnerCode)], cancellation);
        }
    }

    private StoredImportRow CheckNew(StoredImportRow row, IReadOnlyDictionary<string, string> cells, Caller caller)
    {
        row = row with { Action = ImportAction.Create };
        if (cells.GetValueOrDefault("Engagement ID") is { Length: > 0 })
            return Faulty(row, At("Engagement ID", "A new deal has no engagement yet; leave the cell empty, or write the Referral ID of the deal to change."));
        var read = BulkRow.Read(cells, null);
        writer.Try(read.ToBody(), caller).Succeeded(out _, out var refusal);
        var faults = Together(read, refusal);
        // What is filled in is what the cells say: read from them again when somebody looks.
        return row with { State = faults.Count == 0 ? ImportRowState.Ready : ImportRowState.Faulty, Faults = faults };
    }

    // One fault a cell: what could not be read is not missing, too.
    private static List<ImportFault> Together(BulkRow read, Refusal? refusal) =>
    [
        .. read.Faults,
        .. refusal is null ? [] : read.FaultsOf(refusal).Where(f => f.Column is null || !read.Faults.Exists(known => known.Column == f.Column)),
    ];

    /// <summary>The cells of a row by the columns that they are taken for.</summary>
    public static Dictionary<string, string> CellsOf(StoredImport import, StoredImportRow row)
    {
        var cells = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < import.Columns.Count; i++)
        {
            if (import.Columns[i].Column is { } column)
                cells[column] = i < row.Cells.Count ? row.Cells[i] : "";
        }

        return cells;
    }

    private static string Label(Dictionary<string, string> cells) =>
        cells.GetValueOrDefault("Deal Name") is { Length: > 0 } name ? name : cells.GetValueOrDefault("Customer Name") ?? "";

    private static Referral Shown(StoredReferral referral) =>
        JsonSerializer.Deserialize(ReferralAnswers.Full(referral).Span, ReferralJson.Wire.Referral)!;

    private static List<ImportChange> Compare(Referral before, Referral after)
    {
        var (left, right) = (BulkWriter.CellsOf(new BulkDeal(before)), BulkWriter.CellsOf(new BulkDeal(after)));
        return [.. BulkLayout.All.Select(c => c.Name).Where(c => left.GetValueOrDefault(c, "") != right.GetValueOrDefault(c, ""))
            .Select(c => new ImportChange
            {
                Column = c,
                Before = CellText.NullIfEmpty(left.GetValueOrDefault(c)),
                After = CellText.NullIfEmpty(right.GetValueOrDefault(c)),
            })];
    }

    private static IEnumerable<ImportFault> Reasons(BulkRow read, Refusal refusal) =>
        refusal.Status == StatusCodes.Status412PreconditionFailed
            ? [At(null, "The deal was changed since the file was checked, so the row was left out; import the rows that are left once more.", refusal.InnerCode)]
            : read.FaultsOf(refusal);

    private static JsonElement ReverseOf(StoredImportRow row)
    {
        const string Close = $$"""
            [{"op":"replace","path":"/status","value":"Closed"},{"op":"replace","path":"/substatus","value":"Error"},
            {"op":"replace","path":"/statusReason","value":"{{ClosedBecause}}"}]
            """;
        using var document = JsonDocument.Parse(row.Reverse ?? Close);
        return document.RootElement.Clone();
    }

    private static bool HasOthers(Engagement engagement) => engagement.Referrals.Count > 1;

    private static StoredImportRow Faulty(StoredImportRow row, ImportFault fault) => row with
    {
        State = ImportRowState.Faulty,
        Faults = [fault],
    };

    private static ImportFault At(string? column, string message, string? code = "invalidValue") =>
        new() { Column = column, Code = code, Message = message };

    private const string Acted = "Somebody has changed the deal since; it was left as it is.";

    private static Refusal Joined { get; } = new(StatusCodes.Status409Conflict, "resourceModified", "referral",
        "Another organization has joined the deal since; it was left as it is.");
}

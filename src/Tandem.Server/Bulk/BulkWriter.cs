using System.Globalization;
using CsvHelper;
using SpreadCheetah;
using Tandem.Contracts.Bulk;

namespace Tandem.Server.Bulk;

/// <summary>Writes rows of texts, as CSV or as a workbook, one after another.</summary>
internal abstract class BulkWriter : IAsyncDisposable
{
    public const string CsvType = "text/csv; charset=utf-8";
    public const string WorkbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    public abstract ValueTask Write(IReadOnlyList<string> cells, CancellationToken cancellation);

    /// <summary>Writes what is left to be written.</summary>
    public abstract ValueTask Finish(CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();

    public static async ValueTask<BulkWriter> Open(Stream output, bool asWorkbook, CancellationToken cancellation)
    {
        if (!asWorkbook)
            return new Csv(CsvHelper.CsvWriter.Create(output, new CsvWriterOptions { HasHeader = false, WriteByteOrderMark = true }, leaveOpen: true));
        var workbook = await SpreadCheetah.Spreadsheet.CreateNewAsync(output, cancellationToken: cancellation);
        await workbook.StartWorksheetAsync("Deals", token: cancellation);
        return new Workbook(workbook);
    }

    /// <summary>A deal's cells by column, without those that are empty.</summary>
    public static Dictionary<string, string> CellsOf(BulkDeal deal)
    {
        var cells = new Dictionary<string, string>();
        foreach (var field in BulkFields.All)
            Put(field.Column, field.Show(deal));
        var solutions = deal.Own.Details.Requirements.Solutions;
        for (var i = 0; i < solutions.Count; i++)
            Put(BulkLayout.Numbered(BulkLayout.Solution, i + 1), BulkFields.Show(solutions[i]));
        for (var i = 0; i < deal.Own.Team.Count; i++)
            Put(BulkLayout.Numbered(BulkLayout.TeamMember, i + 1), BulkFields.Show(deal.Own.Team[i]));
        for (var i = 0; i < deal.Microsoft?.Team.Count; i++)
            Put(BulkLayout.Numbered(BulkLayout.MicrosoftTeamMember, i + 1), BulkFields.Show(deal.Microsoft.Team[i]));
        return cells;

        void Put(string column, string? text)
        {
            if (!string.IsNullOrEmpty(text))
                cells[column] = text.Trim();
        }
    }

    private sealed class Csv(CsvHelper.CsvWriter csv) : BulkWriter
    {
        public override async ValueTask Write(IReadOnlyList<string> cells, CancellationToken cancellation) =>
            await csv.WriteRecordAsync([.. cells.Select(CellText.Guard)], cancellation);

        public override async ValueTask Finish(CancellationToken cancellation) => await csv.FlushAsync(cancellation);

        public override ValueTask DisposeAsync() => csv.DisposeAsync();
    }

    private sealed class Workbook(SpreadCheetah.Spreadsheet workbook) : BulkWriter
    {
        private IReadOnlyList<bool> _numbers = [];

        public override async ValueTask Write(IReadOnlyList<string> cells, CancellationToken cancellation)
        {
            // Below the header, amounts are numbers, so that a spreadsheet can add them up.
            var row = new DataCell[cells.Count];
            for (var i = 0; i < row.Length; i++)
                row[i] = i < _numbers.Count && _numbers[i] && TryExact(cells[i], out var number) ? new(number) : new(CellText.GuardInWorkbook(cells[i]));
            if (_numbers.Count == 0)
                _numbers = [.. cells.Select(c => BulkLayout.Guess(c)?.Name is "Estimated Deal Value" or "Sales Stage")];
            await workbook.AddRowAsync(row, cancellation);
        }

        public override async ValueTask Finish(CancellationToken cancellation) => await workbook.FinishAsync(cancellation);

        public override ValueTask DisposeAsync() => workbook.DisposeAsync();

        // Only what is written as the number is, so that it comes back as it was.
        private static bool TryExact(string cell, out double number)
        {
            number = 0;
            return decimal.TryParse(cell, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var exact)
                && CellText.Of(exact) == cell && CellText.FitsWorkbook(exact, out number);
        }
    }
}

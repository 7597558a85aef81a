using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Tandem.Contracts.Bulk;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Referrals;
using Tandem.Server.Storage;

namespace Tandem.Server.Bulk;

/// <summary>
/// <c>/v1.0/engagements/imports</c>: a file is sent, checked row by row, looked at, started, and may be taken back. An
/// import is its sender's own.
/// </summary>
internal static class ImportEndpoints
{
    public const string Path = "/v1.0/engagements/imports";

    private const int MostListed = 25;
    private const int MostRows = 500;
    private const int LongestName = 200;

    // Reading a workbook takes memory: not many at a time.
    private static readonly SemaphoreSlim Readers = new(2);

    public static IServiceCollection AddBulk(this IServiceCollection services)
    {
        services.AddSingleton<ImportStore>();
        services.AddSingleton<Importer>();
        services.AddSingleton<ImportWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<ImportWorker>());
        return services;
    }

    public static void MapBulk(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(ExportEndpoint.Path, ExportEndpoint.Get).WithTags("Bulk").Admit(Admission.Referrals)
            .WithName("ExportReferrals").WithSummary("Download referrals as a file in the bulk layout");
        var group = routes.MapGroup(Path).WithTags("Bulk").Admit(Admission.Referrals);
        group.MapPost("", Send).WithName("SendImport").WithSummary("Send a CSV file or a workbook; it is checked, and nothing is stored yet");
        group.MapGet("", List).WithName("ListImports").WithSummary("List your imports, newest first");
        group.MapGet("/{id:guid}", Get).WithName("GetImport").WithSummary("Read how far an import is");
        group.MapGet("/{id:guid}/rows", Rows).WithName("ListImportRows").WithSummary("Read what rows do, and what is wrong with them").Compress();
        group.MapGet("/{id:guid}/faulty", Faulty).WithName("DownloadFaultyRows")
            .WithSummary("Download the rows that were left out, with the column Errors filled");
        group.MapPut("/{id:guid}/mapping", Map).WithName("MapImport").WithSummary("Say what the file's columns are; all rows are checked anew");
        group.MapPost("/{id:guid}/start", Start).WithName("StartImport").WithSummary("Store the rows that have no faults");
        group.MapPost("/{id:guid}/undo", Undo).WithName("UndoImport").WithSummary("Take back what nobody has acted on since");
        group.MapDelete("/{id:guid}", Delete).WithName("DeleteImport").WithSummary("Forget an import; what it stored stays");
    }

    private static async Task<IResult> Send(
        HttpContext context, Caller caller, ImportStore imports, ImportWorker worker, OrganizationDirectory directory, TimeProvider clock,
        CancellationToken cancellation)
    {
        var request = context.Request;
        // A form of one part is what curl calls any body that it is given no other name for.
        if (request.ContentType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true)
        {
            return new RefusalResult(new Refusal(StatusCodes.Status415UnsupportedMediaType, null, "Content-Type",
                "Send the file itself as the body, such as curl --data-binary @deals.csv, with its name as ?fileName=deals.csv."));
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        if (await ReadBody(request, cancellation) is not { } file)
            return new RefusalResult(Spreadsheet.TooLarge);
        await Readers.WaitAsync(cancellation);
        Outcome<Spreadsheet> outcome;
        try
        {
            outcome = Spreadsheet.Read(file);
        }
        finally
        {
            Readers.Release();
        }

        if (!outcome.Succeeded(out var sheet, out var refusal))
            return new RefusalResult(refusal);

        var headers = Digest(Encoding.UTF8.GetBytes(string.Join('\n', sheet.Headers)));
        var known = await imports.LastColumns(caller, headers, cancellation);
        // The same request sent again is the same import.
        var repeat = RepeatKey.Of(request, caller, file);
        var import = new StoredImport
        {
            Id = repeat is null
                ? Guid.CreateVersion7(clock.GetUtcNow())
                : new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"{Path}|{repeat.Key}")).AsSpan(0, 16)),
            Caller = ImportCaller.Keep(caller, directory.Current),
            FileName = NameOf(request.Query["fileName"].ToString()),
            FileDigest = Digest(file),
            Columns = known ?? Guess(sheet.Headers),
            State = ImportState.Checking,
            Revision = 0,
            CreatedAt = WireTime.ToMicroseconds(clock.GetUtcNow()),
        };
        try
        {
            await imports.Add(import, headers, sheet.Rows, cancellation);
        }
        catch (UniqueViolationException) when (repeat is not null)
        {
            var first = await imports.Find(import.Id, cancellation);
            return first?.FileDigest == import.FileDigest
                ? await Answer(first, imports, cancellation, StatusCodes.Status201Created)
                : new RefusalResult(new Refusal(StatusCodes.Status409Conflict, "resourceModified", repeat.Header, first is null
                    ? $"The first request with this {repeat.Header} is still being read; ask again in a moment."
                    : $"The {repeat.Header} of this request was used for another file; send a new one for a new request."));
        }

        worker.Wake();
        context.Response.Headers.Location = $"{Path}/{import.Id}";
        return await Answer(import, imports, cancellation, StatusCodes.Status201Created);
    }

    private static async Task<IResult> List(Caller caller, ImportStore imports, CancellationToken cancellation)
    {
        var views = new List<Import>();
        foreach (var import in await imports.Of(caller, MostListed, cancellation))
            views.Add(View(import, await imports.Count(import, cancellation)));
        return Results.Json(new AdminPage<Import> { Value = views }, BulkJson.Default.AdminPageImport);
    }

    private static async Task<IResult> Get(Guid id, Caller caller, ImportStore imports, CancellationToken cancellation) =>
        await Own(id, caller, imports, cancellation) is { } import ? await Answer(import, imports, cancellation) : Unknown;

    private static async Task<IResult> Rows(
        Guid id, HttpContext context, Caller caller, ImportStore imports, CancellationToken cancellation)
    {
        if (await Own(id, caller, imports, cancellation) is not { } import)
            return Unknown;
        var query = context.Request.Query;
        var states = new List<ImportRowState>();
        foreach (var name in query["state"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Enum.GetNames<ImportRowState>().Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                return new RefusalResult(Refusal.Invalid("state", "invalidValue",
                    $"state must be some of {string.Join(", ", Enum.GetNames<ImportRowState>())}, with commas between."));
            }

            states.Add(Enum.Parse<ImportRowState>(name, ignoreCase: true));
        }

        if (!Number("skip", 0, BulkLayout.MostRows, out var skip, out var refusal) || !Number("top", 100, MostRows, out var top, out refusal))
            return new RefusalResult(refusal!);
        var (count, rows) = await imports.Rows(import, states, skip, top, cancellation);
        return Results.Json(new ImportRowPage { Count = count, Value = [.. rows.Select(r => View(import, r))] }, BulkJson.Default.ImportRowPage);

        bool Number(string option, int usual, int most, out int value, out Refusal? wrong)
        {
            var sent = query[option].ToString();
            value = usual;
            wrong = sent.Length == 0 || (int.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= most)
                ? null
                : Refusal.Invalid(option, "invalidValue", $"{option} must be a number from 0 to {most}.");
            return wrong is null;
        }
    }

    private static async Task Faulty(Guid id, HttpContext context, Caller caller, ImportStore imports, CancellationToken cancellation)
    {
        if (await Own(id, caller, imports, cancellation) is not { } import)
        {
            await context.Write(Missing);
            return;
        }

        var response = context.Response;
        response.ContentType = BulkWriter.CsvType;
        response.Headers.ContentDisposition = "attachment; filename=\"faulty-rows.csv\"";
        await using var writer = await BulkWriter.Open(response.Body, asWorkbook: false, cancellation);
        var errors = import.Columns.ToList().FindIndex(c => c.Column == BulkLayout.Errors);
        var headers = import.Columns.Select(c => c.Header);
        await writer.Write(errors < 0 ? [BulkLayout.Errors, .. headers] : [.. headers], cancellation);
        for (var skip = 0; ; skip += MostRows)
        {
            var (_, rows) = await imports.Rows(import, [ImportRowState.Faulty, ImportRowState.Refused, ImportRowState.Left], skip, MostRows, cancellation);
            foreach (var row in rows)
            {
                var text = string.Join(" ", row.Faults);
                var cells = Enumerable.Range(0, import.Columns.Count).Select(i => i == errors ? text : i < row.Cells.Count ? row.Cells[i] : "");
                await writer.Write(errors < 0 ? [text, .. cells] : [.. cells], cancellation);
            }

            if (rows.Count < MostRows)
                break;
        }

        await writer.Finish(cancellation);
    }

    private static async Task<IResult> Map(
        Guid id, HttpContext context, Caller caller, ImportStore imports, ImportWorker worker, CancellationToken cancellation)
    {
        if (await Own(id, caller, imports, cancellation) is not { } import)
            return Unknown;
        if (!(await RequestBody.Read(context)).Succeeded(out var body, out var refusal))
            return new RefusalResult(refusal);
        using (body)
        {
            if (!StrictJson.Read(body.Json, BulkJson.Default.ImportMapping).Succeeded(out var mapping, out refusal)
                || !Columns(import, mapping.Columns).Succeeded(out var columns, out refusal))
                return new RefusalResult(refusal);
            if (!await imports.Map(import, columns, cancellation))
                return new RefusalResult(NotNow(import, "its columns are settled"));
        }

        worker.Wake();
        return await Again(id, imports, cancellation);
    }

    private static async Task<IResult> Start(
        Guid id, Caller caller, ImportStore imports, ImportWorker worker, OrganizationDirectory directory, CancellationToken cancellation)
    {
        if (await Own(id, caller, imports, cancellation) is not { } import)
            return Unknown;
        // Sent again, it is the same wish.
        if (import.State is ImportState.Running or ImportState.Done)
            return await Answer(import, imports, cancellation);
        if (import.State != ImportState.Ready)
            return new RefusalResult(NotNow(import, "it can be started once it is Ready"));
        await imports.MoveTo(import, ImportState.Running, null, ImportCaller.Keep(caller, directory.Current), cancellation);
        worker.Wake();
        return await Again(id, imports, cancellation);
    }

    private static async Task<IResult> Undo(
        Guid id, Caller caller, ImportStore imports, ImportWorker worker, OrganizationDirectory directory, CancellationToken cancellation)
    {
        if (await Own(id, caller, imports, cancellation) is not { } import)
            return Unknown;
        if (import.State is ImportState.Undoing or ImportState.Undone)
            return await Answer(import, imports, cancellation);
        // What runs may be stopped by taking it back.
        if (import.State is not (ImportState.Running or ImportState.Done))
            return new RefusalResult(NotNow(import, "nothing of it is stored"));
        await imports.MoveTo(import, ImportState.Undoing, null, ImportCaller.Keep(caller, directory.Current), cancellation);
        worker.Wake();
        return await Again(id, imports, cancellation);
    }

    private static async Task<IResult> Delete(Guid id, Caller caller, ImportStore imports, CancellationToken cancellation)
    {
        if (await Own(id, caller, imports, cancellation) is not { } import)
            return Unknown;
        return await imports.Remove(import, cancellation) ? Results.NoContent() : new RefusalResult(NotNow(import, "it can be deleted once it has ended"));
    }

    private static Outcome<List<ImportColumn>> Columns(StoredImport import, IReadOnlyList<string?>? names)
    {
        if (names is null || names.Count != import.Columns.Count)
            return Refusal.Invalid("columns", "invalidValue", $"columns must name a column of the layout, or null, for each of the file's {import.Columns.Count} columns.");
        var columns = new List<ImportColumn>();
        for (var i = 0; i < names.Count; i++)
        {
            var column = names[i] is { Length: > 0 } name ? BulkLayout.Find(name) ?? BulkLayout.Guess(name) : null;
            if (column is null && !string.IsNullOrEmpty(names[i]))
                return Refusal.Invalid($"columns[{i}]", "invalidValue", $"There is no column {StrictJson.Printable(names[i]!)} in the bulk layout.");
            if (column is not null && columns.Exists(c => c.Column == column.Name))
                return Refusal.Invalid($"columns[{i}]", "invalidValue", $"Two columns of the file cannot both be {column.Name}; leave one out with null.");
            columns.Add(new ImportColumn { Header = import.Columns[i].Header, Column = column?.Name });
        }

        return columns;
    }

    // Each column of the layout once: the first of the file that looks like it.
    private static List<ImportColumn> Guess(IReadOnlyList<string> headers)
    {
        var taken = new HashSet<string>();
        return [.. headers.Select(h => new ImportColumn
        {
            Header = h,
            Column = BulkLayout.Guess(h) is { } column && taken.Add(column.Name) ? column.Name : null,
        })];
    }

    private static async ValueTask<byte[]?> ReadBody(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > Spreadsheet.MostBytes)
            return null;
        using var body = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int read; (read = await request.Body.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (body.Length + read > Spreadsheet.MostBytes)
                return null;
            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private static async ValueTask<StoredImport?> Own(Guid id, Caller caller, ImportStore imports, CancellationToken cancellation) =>
        await imports.Find(id, cancellation) is { } import && import.Caller.UserId == caller.UserId
            && import.Caller.OrganizationId == caller.OrganizationId
            ? import
            : null;

    private static async Task<IResult> Again(Guid id, ImportStore imports, CancellationToken cancellation) =>
        await imports.Find(id, cancellation) is { } import ? await Answer(import, imports, cancellation) : Unknown;

    private static async Task<IResult> Answer(
        StoredImport import, ImportStore imports, CancellationToken cancellation, int status = StatusCodes.Status200OK) =>
        Results.Json(View(import, await imports.Count(import, cancellation)), BulkJson.Default.Import, statusCode: status);

    private static Import View(StoredImport import, ImportCounts counts) => new()
    {
        Id = import.Id,
        FileName = import.FileName,
        State = import.State,
        CreatedDateTime = import.CreatedAt,
        CreatedBy = import.Caller.Name,
        Problem = import.Problem,
        Columns = import.Columns,
        Counts = counts,
    };

    private static ImportRow View(StoredImport import, StoredImportRow row) => new()
    {
        Number = row.Number,
        State = row.State,
        Action = row.Action,
        Label = row.Label,
        ReferralId = row.ReferralId,
        Faults = row.Faults,
        Changes = row.Action == ImportAction.Create
            ? [.. Importer.CellsOf(import, row).Where(c => c.Value.Length > 0 && BulkLayout.Find(c.Key) is { IsReadOnly: false })
                .Select(c => new ImportChange { Column = c.Key, After = c.Value })]
            : row.Changes,
    };

    // The last part of a path, fit to be shown.
    private static string NameOf(string sent) =>
        string.Concat(sent[(sent.LastIndexOfAny(['/', '\\']) + 1)..].Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(LongestName)).Trim()
            is { Length: > 0 } name ? name : "deals";

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static Refusal NotNow(StoredImport import, string why) => new(StatusCodes.Status409Conflict, "resourceModified", "import",
        $"The import is {import.State}; {why}.");

    private static Refusal Missing { get; } = Refusal.NotFound("import", "You have no such import; it may have been deleted, or be older than 30 days.");

    private static RefusalResult Unknown { get; } = new(Missing);
}

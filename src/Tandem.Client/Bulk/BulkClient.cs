using Tandem.Contracts.Bulk;

namespace Tandem.Client;

/// <summary>
/// Referrals as files: sent, checked, stored and taken back, and written. Every method throws <see cref="TandemException"/>
/// when the server says no.
/// </summary>
public sealed class BulkClient
{
    private const string Root = "v1.0/engagements/imports";
    private const string AnyFile = "application/octet-stream";
    private readonly ApiSender _api;

    internal BulkClient(ApiSender api) => _api = api;

    /// <summary>Sends a CSV file or a workbook. It is checked then, and nothing is stored yet.</summary>
    /// <param name="file">The file's bytes, at most 16 MiB and <see cref="BulkLayout.MostRows"/> rows.</param>
    /// <param name="fileName">What people call it.</param>
    /// <param name="idempotencyKey">Sent again with the same key it is the same import. A new one when null.</param>
    public Task<Import> SendAsync(byte[] file, string fileName, string? idempotencyKey = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, $"{Root}?fileName={Uri.EscapeDataString(fileName)}", BulkJson.Default.Import,
            new ApiBody(file, AnyFile) { IdempotencyKey = idempotencyKey }, cancellation);

    /// <summary>The caller's imports of the last 30 days, newest first; at most 25.</summary>
    public async Task<IReadOnlyList<Import>> ListAsync(CancellationToken cancellation = default) =>
        (await _api.Read(HttpMethod.Get, Root, BulkJson.Default.AdminPageImport, null, cancellation).ConfigureAwait(false)).Value;

    /// <summary>How far an import is.</summary>
    public Task<Import> GetAsync(Guid id, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, $"{Root}/{id}", BulkJson.Default.Import, null, cancellation);

    /// <summary>What rows do, and what is wrong with them.</summary>
    /// <param name="id">The import.</param>
    /// <param name="states">Rows in these states; all when empty.</param>
    /// <param name="skip">How many to leave out.</param>
    /// <param name="top">How many to read, at most 500.</param>
    public Task<ImportRowPage> RowsAsync(
        Guid id, IReadOnlyCollection<ImportRowState> states, int skip = 0, int top = 100, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, FormattableString.Invariant($"{Root}/{id}/rows?state={string.Join(',', states)}&skip={skip}&top={top}"),
            BulkJson.Default.ImportRowPage, null, cancellation);

    /// <summary>Says what the file's columns are; all rows are checked anew.</summary>
    /// <param name="columns">A name of <see cref="BulkLayout.All"/>, or null, for each column of the file.</param>
    public Task<Import> MapAsync(Guid id, IReadOnlyList<string?> columns, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Put, $"{Root}/{id}/mapping", BulkJson.Default.Import,
            ApiBody.Of(new ImportMapping { Columns = columns }, BulkJson.Default.ImportMapping), cancellation);

    /// <summary>Stores the rows that have no faults, in the background.</summary>
    public Task<Import> StartAsync(Guid id, CancellationToken cancellation = default) => Post(id, "start", cancellation);

    /// <summary>Takes back what nobody has acted on since, in the background.</summary>
    public Task<Import> UndoAsync(Guid id, CancellationToken cancellation = default) => Post(id, "undo", cancellation);

    /// <summary>Forgets an import; what it stored stays.</summary>
    public Task DeleteAsync(Guid id, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Delete, $"{Root}/{id}", cancellation);

    /// <summary>The rows that were left out as a file, with the column <see cref="BulkLayout.Errors"/> filled.</summary>
    public async Task<BulkFile> FaultyRowsAsync(Guid id, CancellationToken cancellation = default) =>
        new(await _api.Open($"{Root}/{id}/faulty", "*/*", null, cancellation).ConfigureAwait(false));

    /// <summary>Referrals as a file in the bulk layout, which can be changed and sent again.</summary>
    /// <param name="query">What a list would be asked for; everything when null.</param>
    /// <param name="asWorkbook">A workbook (.xlsx); else CSV.</param>
    public async Task<BulkFile> ExportAsync(ReferralQuery? query = null, bool asWorkbook = false, CancellationToken cancellation = default)
    {
        var options = query?.ToQueryString() is { Length: > 0 } text ? $"&{text[1..]}" : "";
        return new(await _api.Open($"v1.0/engagements/export?format={(asWorkbook ? "xlsx" : "csv")}{options}", "*/*", null, cancellation)
            .ConfigureAwait(false));
    }

    private Task<Import> Post(Guid id, string verb, CancellationToken cancellation) =>
        _api.Read(HttpMethod.Post, $"{Root}/{id}/{verb}", BulkJson.Default.Import, null, cancellation);
}

/// <summary>A file that is read while it comes.</summary>
public sealed class BulkFile : IDisposable
{
    private readonly HttpResponseMessage _answer;

    internal BulkFile(HttpResponseMessage answer) => _answer = answer;

    /// <summary>What it is to be called.</summary>
    public string Name => _answer.Content.Headers.ContentDisposition?.FileName?.Trim('"') ?? "deals.csv";

    /// <summary>What it is.</summary>
    public string MediaType => _answer.Content.Headers.ContentType?.ToString() ?? "application/octet-stream";

    /// <summary>Its bytes.</summary>
    public Task<Stream> ReadAsync(CancellationToken cancellation = default) => _answer.Content.ReadAsStreamAsync(cancellation);

    /// <inheritdoc />
    public void Dispose() => _answer.Dispose();
}

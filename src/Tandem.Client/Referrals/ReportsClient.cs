using System.Text.Json.Serialization.Metadata;
using Tandem.Contracts.Referrals;

namespace Tandem.Client;

/// <summary>
/// Reports on the own organization's referrals, as far as the caller may see them. Amounts of different currencies stand
/// in rows of their own. Every method throws <see cref="TandemException"/> when the server says no.
/// </summary>
public sealed class ReportsClient
{
    private const string Root = "v1.0/engagements/reports/";
    private readonly ApiSender _api;

    internal ReportsClient(ApiSender api) => _api = api;

    /// <summary>The open pipeline by sales stage; the period is that of creation.</summary>
    public async Task<IReadOnlyList<StageReportRow>> StagesAsync(ReportQuery? query = null, CancellationToken cancellation = default) =>
        (await Read("stages", ReferralJson.Wire.StageReport, query, cancellation).ConfigureAwait(false)).Value;

    /// <summary>What became of the referrals that were closed; the period is that of closing.</summary>
    public async Task<IReadOnlyList<OutcomeReportRow>> OutcomesAsync(ReportQuery? query = null, CancellationToken cancellation = default) =>
        (await Read("outcomes", ReferralJson.Wire.OutcomeReport, query, cancellation).ConfigureAwait(false)).Value;

    /// <summary>How long answers and outcomes took; the period is that of their end.</summary>
    public async Task<IReadOnlyList<TimeReportRow>> TimesAsync(ReportQuery? query = null, CancellationToken cancellation = default) =>
        (await Read("times", ReferralJson.Wire.TimeReport, query, cancellation).ConfigureAwait(false)).Value;

    /// <summary>Referrals by partner; the period is that of creation.</summary>
    public async Task<IReadOnlyList<PartnerReportRow>> PartnersAsync(ReportQuery? query = null, CancellationToken cancellation = default) =>
        (await Read("partners", ReferralJson.Wire.PartnerReport, query, cancellation).ConfigureAwait(false)).Value;

    /// <summary>Referrals by solution; the period is that of creation.</summary>
    public async Task<IReadOnlyList<SolutionReportRow>> SolutionsAsync(ReportQuery? query = null, CancellationToken cancellation = default) =>
        (await Read("solutions", ReferralJson.Wire.SolutionReport, query, cancellation).ConfigureAwait(false)).Value;

    /// <summary>Referrals by who brought them; the period is that of creation.</summary>
    public async Task<IReadOnlyList<SourceReportRow>> SourcesAsync(ReportQuery? query = null, CancellationToken cancellation = default) =>
        (await Read("sources", ReferralJson.Wire.SourceReport, query, cancellation).ConfigureAwait(false)).Value;

    /// <summary>A report as a file for spreadsheets: CSV in UTF-8, its first line the names of the columns.</summary>
    /// <param name="report"><c>stages</c>, <c>outcomes</c>, <c>times</c>, <c>partners</c>, <c>solutions</c> or <c>sources</c>.</param>
    public Task<byte[]> CsvAsync(string report, ReportQuery? query = null, CancellationToken cancellation = default) =>
        Download(report, "text/csv", query, cancellation);

    /// <summary>A report as a workbook (.xlsx), whose amounts are numbers.</summary>
    /// <param name="report"><c>stages</c>, <c>outcomes</c>, <c>times</c>, <c>partners</c>, <c>solutions</c> or <c>sources</c>.</param>
    public Task<byte[]> WorkbookAsync(string report, ReportQuery? query = null, CancellationToken cancellation = default) =>
        Download(report, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", query, cancellation);

    private async Task<byte[]> Download(string report, string form, ReportQuery? query, CancellationToken cancellation)
    {
        using var answer = await _api.Open(Root + Uri.EscapeDataString(report) + query?.ToQueryString(), form, null, cancellation).ConfigureAwait(false);
        return await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
    }

    private Task<T> Read<T>(string report, JsonTypeInfo<T> type, ReportQuery? query, CancellationToken cancellation) =>
        _api.Read(HttpMethod.Get, Root + report + query?.ToQueryString(), type, null, cancellation);
}

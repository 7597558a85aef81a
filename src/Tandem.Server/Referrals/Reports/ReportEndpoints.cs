using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Net.Http.Headers;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;
using Tandem.Server.Identity;

namespace Tandem.Server.Referrals.Reports;

/// <summary>
/// <c>GET /v1.0/engagements/reports/…</c>: what partner managers ask about the caller's own organization's referrals, as
/// JSON, CSV or a workbook. Amounts of different currencies are never added up.
/// </summary>
internal static class ReportEndpoints
{
    // Beside the referrals and not below them, where a name is a referral's id (R6).
    public const string Path = "/v1.0/engagements/reports/";

    private const string Json = "application/json";
    private const string Csv = "text/csv";

    // Of what a client likes alike, the first.
    private static readonly string[] Preferred = [Json, Csv, ReportWorkbook.MediaType];

    private static readonly FrozenDictionary<string, string> Forms = new Dictionary<string, string>
    {
        ["json"] = Json,
        ["csv"] = Csv,
        ["xlsx"] = ReportWorkbook.MediaType,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static void MapReports(this IEndpointRouteBuilder routes)
    {
        Map(routes, Report.Stages, ReferralJson.Wire.StageReport, static rows => new() { Value = rows });
        Map(routes, Report.Outcomes, ReferralJson.Wire.OutcomeReport, static rows => new() { Value = rows });
        Map(routes, Report.Times, ReferralJson.Wire.TimeReport, static rows => new() { Value = rows });
        Map(routes, Report.Partners, ReferralJson.Wire.PartnerReport, static rows => new() { Value = rows });
        Map(routes, Report.Solutions, ReferralJson.Wire.SolutionReport, static rows => new() { Value = rows });
        Map(routes, Report.Sources, ReferralJson.Wire.SourceReport, static rows => new() { Value = rows });
    }

    private static void Map<TRow, TReport>(
        IEndpointRouteBuilder routes, Report<TRow> report, JsonTypeInfo<TReport> json, Func<List<TRow>, TReport> wrap)
        where TRow : ReportRow =>
        routes.MapGet(Path + report.Name, async (HttpContext context, Caller caller, ReportReader reader, CancellationToken cancellation) =>
        {
            if (!ReportAsk.Parse(context.Request.Query).Succeeded(out var ask, out var refusal)
                || !TryForm(context.Request, out var form, out refusal))
            {
                await context.Write(refusal);
                return;
            }

            var rows = await reader.Read(report, ask, caller, cancellation);
            if (rows.Count > ReportSql.MostRows)
            {
                await context.Write(Refusal.Invalid("$filter", "invalidValue",
                    $"The report has more than {ReportSql.MostRows} rows; narrow it by $filter, partner, from and to, or take longer steps."));
                return;
            }

            if (form == Json)
            {
                context.Response.ContentType = "application/json; charset=utf-8";
                await JsonSerializer.SerializeAsync(context.Response.Body, wrap(rows), json, cancellation);
                return;
            }

            var (type, file) = form == Csv
                ? (ReportCsv.MediaType, ReportCsv.Write(rows))
                : (ReportWorkbook.MediaType, await ReportWorkbook.Write(report.Name, rows, cancellation));
            context.Response.ContentType = type;
            context.Response.Headers.ContentDisposition = $"attachment; filename=\"{report.Name}.{(form == Csv ? "csv" : "xlsx")}\"";
            await context.Response.Body.WriteAsync(file, cancellation);
        }).WithTags("Reports").Admit(Admission.Referrals).Compress().WithName($"Report{char.ToUpperInvariant(report.Name[0])}{report.Name[1..]}")
            .WithSummary(report.Summary);

    // What the address says counts; else what the client likes best, and JSON if it does not mind.
    private static bool TryForm(HttpRequest request, [NotNullWhen(true)] out string? form, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = null;
        if (request.Query[ReportAsk.Format].ToString() is { Length: > 0 } format)
        {
            form = Forms.GetValueOrDefault(format);
            if (form is null)
                refusal = Refusal.Invalid(ReportAsk.Format, "invalidValue", "format must be json, csv or xlsx.");
            return refusal is null;
        }

        form = Json;
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted) || accepted.Count == 0)
            return true;
        form = accepted.Where(a => a.Quality is not 0).OrderByDescending(a => a.Quality ?? 1)
            .Select(a => Preferred.FirstOrDefault(p => a.MatchesMediaType(p))).FirstOrDefault(f => f is not null);
        if (form is null)
        {
            refusal = new Refusal(StatusCodes.Status406NotAcceptable, null, "Accept",
                "A report is application/json, text/csv or a workbook (.xlsx); accept one of them, or name it by format=json, csv or xlsx.");
        }

        return refusal is null;
    }
}

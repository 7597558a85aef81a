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
/// JSON or CSV. Amounts of different currencies are never added up.
/// </summary>
internal static class ReportEndpoints
{
    // Beside the referrals and not below them, where a name is a referral's id (R6).
    public const string Path = "/v1.0/engagements/reports/";

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
                || !IsCsv(context.Request, out var isCsv, out refusal))
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

            if (!isCsv)
            {
                context.Response.ContentType = "application/json; charset=utf-8";
                await JsonSerializer.SerializeAsync(context.Response.Body, wrap(rows), json, cancellation);
                return;
            }

            context.Response.ContentType = ReportCsv.MediaType;
            context.Response.Headers.ContentDisposition = $"attachment; filename=\"{report.Name}.csv\"";
            await context.Response.Body.WriteAsync(ReportCsv.Write(rows), cancellation);
        }).WithTags("Reports").Admit(Admission.Referrals).Compress().WithName($"Report{char.ToUpperInvariant(report.Name[0])}{report.Name[1..]}")
            .WithSummary(report.Summary);

    // What the address says counts; else what the client likes best, and JSON if it does not mind.
    private static bool IsCsv(HttpRequest request, out bool isCsv, [NotNullWhen(false)] out Refusal? refusal)
    {
        var format = request.Query[ReportAsk.Format].ToString();
        isCsv = format.Equals("csv", StringComparison.OrdinalIgnoreCase);
        refusal = format.Length == 0 || isCsv || format.Equals("json", StringComparison.OrdinalIgnoreCase)
            ? null
            : Refusal.Invalid(ReportAsk.Format, "invalidValue", "format must be json or csv.");
        if (format.Length > 0 || !MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted) || accepted.Count == 0)
            return refusal is null;

        var best = accepted.Where(a => a.Quality is not 0).OrderByDescending(a => a.Quality ?? 1)
            .FirstOrDefault(a => a.MatchesMediaType("application/json") || a.MatchesMediaType("text/csv"));
        isCsv = best?.MatchesMediaType("application/json") == false;
        if (best is null)
            refusal = new Refusal(StatusCodes.Status406NotAcceptable, null, "Accept", "A report is application/json or text/csv; accept one of them.");
        return refusal is null;
    }
}

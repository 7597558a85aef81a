using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Primitives;
using Tandem.Contracts.Bulk;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Referrals;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Bulk;

/// <summary>
/// <c>GET /v1.0/engagements/export</c>: what a list would show, as a file in the bulk layout that can be changed and
/// imported again. Page by page, however many there are.
/// </summary>
internal static class ExportEndpoint
{
    // Beside the referrals and not below them, where a name is a referral's id (R6).
    public const string Path = "/v1.0/engagements/export";

    public static async Task Get(
        HttpContext context, Caller caller, ReferralStore store, SkipTokens tokens, TimeProvider clock, CancellationToken cancellation)
    {
        var format = context.Request.Query["format"].ToString().ToLowerInvariant();
        if (format is not ("" or "csv" or "xlsx"))
        {
            await context.Write(Refusal.Invalid("format", "invalidValue", "format must be csv or xlsx."));
            return;
        }

        if (!ReferralQuery.Parse(context.Request.Query, tokens, caller).Succeeded(out var query, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        var pages = new Pages(store, tokens, caller, query, WireTime.ToUnixMicroseconds(clock.GetUtcNow()));
        // Read twice: how many columns there are stands above the first row.
        var (solutions, team, microsoft) = (1, 1, 1);
        await foreach (var deal in pages.Read(cancellation))
        {
            solutions = Math.Max(solutions, deal.Own.Details.Requirements.Solutions.Count);
            team = Math.Max(team, deal.Own.Team.Count);
            microsoft = Math.Max(microsoft, deal.Microsoft?.Team.Count ?? 0);
        }

        List<string> columns =
        [
            .. BulkLayout.Columns.Select(c => c.Name), .. Numbered(BulkLayout.Solution, solutions),
            .. Numbered(BulkLayout.TeamMember, team), .. Numbered(BulkLayout.MicrosoftTeamMember, microsoft),
        ];
        var response = context.Response;
        var name = $"deals-{clock.GetUtcNow():yyyy-MM-dd}";
        if (format != "xlsx")
        {
            response.ContentType = BulkWriter.CsvType;
            response.Headers.ContentDisposition = $"attachment; filename=\"{name}.csv\"";
            await Write(response.Body, pages, columns, asWorkbook: false, cancellation);
            return;
        }

        // A workbook's parts are closed one by one, which the connection does not wait for: it is put together beside.
        await using var file = new FileStream(System.IO.Path.GetTempFileName(), new FileStreamOptions
        {
            Access = FileAccess.ReadWrite,
            BufferSize = 64 * 1024,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
        });
        await Write(file, pages, columns, asWorkbook: true, cancellation);
        response.ContentType = BulkWriter.WorkbookType;
        response.Headers.ContentDisposition = $"attachment; filename=\"{name}.xlsx\"";
        response.ContentLength = file.Length;
        file.Position = 0;
        await file.CopyToAsync(response.Body, cancellation);
    }

    private static async Task Write(Stream output, Pages pages, List<string> columns, bool asWorkbook, CancellationToken cancellation)
    {
        await using var writer = await BulkWriter.Open(output, asWorkbook, cancellation);
        await writer.Write([.. columns.Select(c => BulkLayout.Find(c)!.Header)], cancellation);
        await foreach (var deal in pages.Read(cancellation))
        {
            var cells = BulkWriter.CellsOf(deal);
            await writer.Write([.. columns.Select(c => cells.GetValueOrDefault(c, ""))], cancellation);
        }

        await writer.Finish(cancellation);
    }

    private static IEnumerable<string> Numbered(string series, int count) =>
        Enumerable.Range(1, Math.Min(count, BulkLayout.MostOfDeal)).Select(n => BulkLayout.Numbered(series, n));

    /// <summary>The deals of a query, read a page at a time.</summary>
    private sealed class Pages(ReferralStore store, SkipTokens tokens, Caller caller, ReferralQuery first, long now) : IListWriter
    {
        private readonly List<Referral> _page = [];

        public void Begin(long? count) => _page.Clear();

        public void Write(ListedReferral row)
        {
            var isOwn = row.OrganizationId.SequenceEqual(Encoding.UTF8.GetBytes(caller.OrganizationId));
            var document = row.IsShownAsStored ? row.Document
                : isOwn ? ReferralAnswers.WithoutContacts(row.Document)
                : ReferralAnswers.Restricted(row.Document);
            _page.Add(JsonSerializer.Deserialize(document, ReferralJson.Wire.Referral)!);
        }

        public async IAsyncEnumerable<BulkDeal> Read([EnumeratorCancellation] CancellationToken cancellation)
        {
            for (var query = first; query is not null;)
            {
                var page = await store.List(ListStatements.Of(query, caller, store.Database.Kind, now), false, this, cancellation);
                var engagements = await store.FindEngagements([.. _page.Select(r => r.EngagementId).Distinct()], cancellation);
                foreach (var referral in _page)
                {
                    var microsoft = caller.OrganizationId == Organization.Microsoft || referral.Type != ReferralType.Shared
                        ? null
                        : engagements.GetValueOrDefault(referral.EngagementId)?.ReferralOf(Organization.Microsoft);
                    yield return new BulkDeal(referral, microsoft is null ? null : Visibility.Restrict(microsoft.Read()));
                }

                var token = page.Last is null ? null : query.NextToken(tokens, caller, page.Last, page.Shown);
                query = token is null
                    ? null
                    : ReferralQuery.Parse(new QueryCollection(new Dictionary<string, StringValues> { ["$skiptoken"] = token }), tokens, caller).Value;
            }
        }
    }
}

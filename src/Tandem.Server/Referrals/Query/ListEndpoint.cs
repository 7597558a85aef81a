using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Query;

/// <summary><c>GET /v1.0/engagements/referrals</c>: the stored documents, one page after another (R57–R66).</summary>
internal static class ListEndpoint
{
    public static async Task List(
        HttpContext context, Caller caller, ReferralStore store, SkipTokens tokens, ServerAddress address, TimeProvider clock,
        CancellationToken cancellation)
    {
        var parsed = ReferralQuery.Parse(context.Request.Query, tokens, caller);
        if (!parsed.Succeeded(out var query, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        var now = WireTime.ToUnixMicroseconds(clock.GetUtcNow());
        var statements = ListStatements.Of(query, caller, store.Database.Kind, now);
        var page = await store.List(statements, query.Count, cancellation);
        await Write(context, query, page, caller, tokens, address.Of(context.Request));
    }

    private static async Task Write(
        HttpContext context, ReferralQuery query, ListPage page, Caller caller, SkipTokens tokens, string address)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        output.Write("{\"@odata.context\":"u8);
        WriteText(output, $"{address}/v1.0/$metadata#Referrals");
        if (page.Count is { } count)
            output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"@odata.count\":{count}")));
        output.Write(",\"value\":["u8);
        var shown = Math.Min(page.Rows.Count, query.PageSize);
        for (var i = 0; i < shown; i++)
        {
            if (i > 0)
                output.Write(","u8);
            WriteRow(output, page.Rows[i].Referral, caller, query.Select, address);
        }

        output.Write("]"u8);
        if (page.Rows.Count > shown && shown > 0 && query.NextToken(tokens, caller, page.Rows[shown - 1].Position, shown) is { } token)
        {
            output.Write(",\"@odata.nextLink\":"u8);
            WriteText(output, $"{address}/v1.0/engagements/referrals?$skiptoken={token}");
        }

        output.Write("}"u8);
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = output.WrittenCount;
        await context.Response.Body.WriteAsync(output.WrittenMemory, context.RequestAborted);
    }

    private static void WriteRow(IBufferWriter<byte> output, StoredReferral referral, Caller caller, SelectTree? select, string address)
    {
        var document = referral.OrganizationId == caller.OrganizationId
            ? ReferralAnswers.Full(referral)
            : ReferralAnswers.Restricted(referral);
        if (select is null)
        {
            ReferralAnswers.WriteElement(output, document.Span, referral.Id, referral.EngagementId, address);
            return;
        }

        var links = new ArrayBufferWriter<byte>(512);
        if (select.Has("links"))
            ReferralAnswers.WriteLinks(links, referral.Id, referral.EngagementId, address);
        select.Write(document.Span, links.WrittenSpan, output);
    }

    private static void WriteText(IBufferWriter<byte> output, string text)
    {
        output.Write("\""u8);
        output.Write(JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);
        output.Write("\""u8);
    }
}

/// <summary>A row of a list with its place in the order.</summary>
internal sealed record ListedReferral(StoredReferral Referral, IReadOnlyList<object?> Position);

/// <summary>The rows of a page, one more when another page follows, and the number of all.</summary>
internal sealed record ListPage(IReadOnlyList<ListedReferral> Rows, long? Count);

/// <summary>The statements of one list.</summary>
internal sealed class ListStatements
{
    private ListStatements()
    {
    }

    /// <summary>Selects the facts of a referral, and behind them one column for each key of the order.</summary>
    public required string Page { get; init; }

    public required string Count { get; init; }

    public required SqlParameters Parameters { get; init; }

    public required ReferralOrder Order { get; init; }

    public static ListStatements Of(ReferralQuery query, Caller caller, DatabaseKind database, long now)
    {
        var dialect = QueryDialect.Of(database);
        var parameters = new SqlParameters(dialect);
        var sql = query.Sql(dialect, caller);
        parameters.Add(sql.Parameters);
        var conditions = ReferralScope.Of(caller, query.ReachesOtherParties, now, parameters)
            + (sql.Filter is null ? "" : $" AND {sql.Filter}");
        var after = sql.After is null ? "" : $" AND {sql.After}";
        // One row more than the page tells whether another page follows.
        var limit = string.Create(CultureInfo.InvariantCulture, $" LIMIT {query.PageSize + 1}")
            + (query.Skip > 0 ? $" OFFSET {parameters.Add(query.Skip)}" : "");
        return new ListStatements
        {
            Page = $"SELECT {ReferralStore.Facts}, {string.Join(", ", sql.Keys)} FROM referrals r "
                + $"WHERE {conditions}{after} ORDER BY {sql.OrderBy}{limit}",
            Count = $"SELECT COUNT(*) FROM referrals r WHERE {conditions}",
            Parameters = parameters,
            Order = query.Order,
        };
    }
}

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
        if (!ListStatements.Of(query, caller, store.Database, now).Succeeded(out var statements, out refusal))
        {
            await context.Write(refusal);
            return;
        }

        var page = await store.List(statements, query.Count, cancellation);
        await Write(context, query, page, statements, caller, tokens, address.Of(context.Request));
    }

    private static async Task Write(
        HttpContext context, ReferralQuery query, ListPage page, ListStatements statements, Caller caller, SkipTokens tokens,
        string address)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        output.Write("{\"@odata.context\":"u8);
        WriteText(output, $"{address}/v1.0/$metadata#Referrals");
        if (page.Count is { } count)
            output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"@odata.count\":{count}")));
        output.Write(",\"value\":["u8);
        var shown = Math.Min(page.Rows.Count, statements.PageSize);
        for (var i = 0; i < shown; i++)
        {
            if (i > 0)
                output.Write(","u8);
            WriteRow(output, page.Rows[i].Referral, caller, query.Select, address);
        }

        output.Write("]"u8);
        var remaining = query.Top - shown;
        if (page.Rows.Count > shown && remaining is null or > 0)
        {
            var token = tokens.Seal(caller, query.Text, remaining, page.Rows[shown - 1].Position);
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

        var element = new ArrayBufferWriter<byte>(document.Length + 640);
        ReferralAnswers.WriteElement(element, document.Span, referral.Id, referral.EngagementId, address);
        select.Write(output, element.WrittenMemory);
    }

    private static void WriteText(IBufferWriter<byte> output, string text)
    {
        output.Write("\""u8);
        output.Write(JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);
        output.Write("\""u8);
    }
}

/// <summary>A row of a list with its place in the order.</summary>
internal sealed record ListedReferral(StoredReferral Referral, PagePosition Position);

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

    public required IReadOnlyList<OrderKey> Order { get; init; }

    public required int PageSize { get; init; }

    public static Outcome<ListStatements> Of(ReferralQuery query, Caller caller, HotDatabase database, long now)
    {
        var (dialect, parameters) = (SqlDialect.Of(database.Kind), new SqlParameters(database));
        var withOthers = query.Filter is not null && FilterTranslator.FixesParty(query.Filter);
        var fields = new QueryFields(dialect, parameters, caller.OrganizationId, withOthers);
        var conditions = ReferralScope.Of(caller, withOthers, now, parameters);
        if (query.Filter is not null)
        {
            if (!new FilterTranslator(dialect, parameters, fields).Translate(query.Filter).Succeeded(out var filter, out var refusal))
                return refusal;
            conditions = $"{conditions} AND {filter}";
        }

        var keys = query.Order.Select(k => (Sql: fields.Scalar(k.Path), Key: k)).ToList();
        var idDescending = query.Order[0].Descending;
        var after = query.Position is null ? "" : $" AND {query.Position.After(keys, idDescending, parameters)}";
        var order = string.Join(", ", keys.Select(k => dialect.Order(k.Sql, k.Key.Descending, k.Key.IsNullable || withOthers))
            .Append(idDescending ? "r.id DESC" : "r.id"));
        var pageSize = (int)Math.Min(query.Top ?? ReferralQuery.PageSize, ReferralQuery.PageSize);
        var columns = string.Concat(keys.Select(k => $", {k.Sql}"));
        // One row more than the page tells whether another page follows.
        var limit = string.Create(CultureInfo.InvariantCulture, $" LIMIT {pageSize + 1}")
            + (query.Skip > 0 && query.Position is null ? $" OFFSET {parameters.Add(query.Skip)}" : "");
        return new ListStatements
        {
            Page = $"SELECT {ReferralStore.Facts}{columns} FROM referrals r WHERE {conditions}{after} ORDER BY {order}{limit}",
            Count = $"SELECT COUNT(*) FROM referrals r WHERE {conditions}",
            Parameters = parameters,
            Order = query.Order,
            PageSize = pageSize,
        };
    }
}

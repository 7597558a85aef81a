using System.Buffers;
using System.Globalization;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Feed;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Query;

/// <summary><c>GET /v1.0/engagements/referrals</c>: the stored documents, one page after another (R57–R66).</summary>
internal static class ListEndpoint
{
    // A hundred referrals of the usual size.
    private const int LikelySize = 384 * 1024;

    // What is copied for the connection is sent before it has left the processor's cache.
    private const int Piece = 32 * 1024;

    public static async Task List(
        HttpContext context, Caller caller, ReferralStore store, SkipTokens tokens, ServerAddress address, TimeProvider clock,
        CancellationToken cancellation)
    {
        if (context.Request.Query.ContainsKey(DeltaTokens.Option))
        {
            await DeltaEndpoint.Get(context, caller, address, clock, cancellation);
            return;
        }

        var parsed = ReferralQuery.Parse(context.Request.Query, tokens, caller);
        if (!parsed.Succeeded(out var query, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        var now = WireTime.ToUnixMicroseconds(clock.GetUtcNow());
        var tracking = query.Tracking;
        if (tracking is not null)
        {
            if (tracking.Scope != ScopeDigest.Of(caller))
            {
                await context.Write(DeltaTokens.OtherScope);
                return;
            }

            // By another node's clock, the tracking may begin later than it is here.
            now = Math.Max(now, tracking.Time);
        }
        else if (context.Request.Headers.ContainsKey("Prefer") && query.CanBeTracked)
        {
            tracking = await DeltaEndpoint.BeginTracking(context, caller, now, cancellation);
        }

        var statements = ListStatements.Of(query, caller, store.Database.Kind, now);
        using var output = new PooledBuffer(LikelySize);
        var links = LinkWriter.Of(address.Of(context.Request));
        var page = await store.List(statements, query.Count, new ListBody(output, links, query.Select, caller), cancellation);
        output.Write("]"u8);
        if (page.Last is not null && query.NextToken(tokens, caller, page.Last, page.Shown, tracking) is { } token)
            links.WriteNext(output, token);
        else if (tracking is not null)
            links.WriteDelta(output, DeltaEndpoint.FirstToken(context, caller, query, tracking), isLast: true);
        output.Write("}"u8);

        var response = context.Response;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = output.Written.Length;
        for (var rest = output.Written; !rest.IsEmpty; rest = rest[Math.Min(Piece, rest.Length)..])
            await response.Body.WriteAsync(rest[..Math.Min(Piece, rest.Length)], context.RequestAborted);
    }
}

/// <summary>Takes the rows of a list as they come; begun again when another database has to answer.</summary>
internal interface IListWriter
{
    public void Begin(long? count);

    public void Write(ListedReferral row);
}

/// <summary>A row of a list, as the database holds it.</summary>
internal readonly ref struct ListedReferral(HotRow row)
{
    /// <summary>Behind them stand the keys of the order.</summary>
    public const int Columns = 3;

    /// <param name="organization">The parameter that holds the caller's organization.</param>
    public static string Facts(string organization) =>
        $"r.document, r.organization_id = {organization} AND NOT (r.is_lead AND r.substatus = 'Expired'), r.organization_id";

    public ReadOnlySpan<byte> Document => row.Utf8(0);

    /// <summary>False for another party's referral (B14) and for an expired lead (B17).</summary>
    public bool IsShownAsStored => row.Boolean(1);

    public ReadOnlySpan<byte> OrganizationId => row.Utf8(2);
}

/// <summary>How many rows a page has, and where the next page begins, if there is one.</summary>
internal sealed record ListPage(int Shown, IReadOnlyList<object?>? Last);

/// <summary>The statements of one list.</summary>
internal sealed class ListStatements
{
    public const int MostOfFew = 500;

    private ListStatements()
    {
    }

    /// <summary>Selects the facts of a row, and behind them one column for each key of the order.</summary>
    public required string Page { get; init; }

    /// <summary>Counts the rows of all pages, and tells when the first of them leaves by itself.</summary>
    public required string Count { get; init; }

    /// <summary>Whose rows alone the count depends on; null when it depends on other parties', too.</summary>
    public required string? Owner { get; init; }

    public required long Now { get; init; }

    /// <summary>
    /// <see cref="Page"/> for a filter that at most <see cref="MostOfFew"/> rows match: they are found first and sorted
    /// then. Both databases plan a statement before they know its values, and guess that a quarter of the rows is below
    /// one. Null without a filter and a partner.
    /// </summary>
    public required string? PageOfFew { get; init; }

    /// <summary>Counts up to one more than a few; null like <see cref="PageOfFew"/>.</summary>
    public required string? CountOfFew { get; init; }

    public required SqlParameters Parameters { get; init; }

    public required ReferralOrder Order { get; init; }

    public required int PageSize { get; init; }

    public static ListStatements Of(ReferralQuery query, Caller caller, DatabaseKind database, long now)
    {
        var dialect = QueryDialect.Of(database);
        var parameters = new SqlParameters(dialect);
        var sql = query.Sql(dialect, caller);
        parameters.Add(sql.Parameters);
        var conditions = ReferralScope.Of(caller, query.ReachesOtherParties, now, parameters)
            + (sql.Filter is null ? "" : $" AND {sql.Filter}")
            + (query.Partner is null ? "" : $" AND {PartnerOption.Condition(query.Partner, parameters)}");
        var isNarrowed = sql.Filter is not null || query.Partner is not null;
        var after = sql.After is null ? "" : $" AND {sql.After}";
        // One row more than the page tells whether another page follows.
        var limit = string.Create(CultureInfo.InvariantCulture, $" LIMIT {query.PageSize + 1}")
            + (query.Skip > 0 ? $" OFFSET {parameters.Add(query.Skip)}" : "");
        var place = dialect.RowPlace;
        var columns = $"{ListedReferral.Facts(parameters.Add(caller.OrganizationId))}, {string.Join(", ", sql.Keys)}";
        return new ListStatements
        {
            Page = $"SELECT {columns} FROM referrals r WHERE {conditions}{after} ORDER BY {sql.OrderBy}{limit}",
            // Only the documents of the page are read. CROSS JOIN keeps SQLite from turning the order round; to PostgreSQL it
            // is a join like any other.
            PageOfFew = !isNarrowed ? null
                : $"WITH found AS MATERIALIZED (SELECT r.{place} AS place FROM referrals r WHERE {conditions}), "
                    + $"page AS MATERIALIZED (SELECT r.{place} AS place FROM found CROSS JOIN referrals r "
                    + $"WHERE r.{place} = found.place{after} ORDER BY {sql.OrderBy}{limit}) "
                    + $"SELECT {columns} FROM page CROSS JOIN referrals r WHERE r.{place} = page.place ORDER BY {sql.OrderBy}",
            CountOfFew = !isNarrowed ? null
                : $"SELECT COUNT(*) FROM (SELECT 1 FROM referrals r WHERE {conditions} LIMIT {MostOfFew + 1}) AS few",
            Count = $"SELECT COUNT(*), MIN(r.archives_at){dialect.Snapshot} FROM referrals r WHERE {conditions}",
            Owner = query.ReachesOtherParties || query.Partner is not null ? null : caller.OrganizationId,
            Now = now,
            Parameters = parameters,
            Order = query.Order,
            PageSize = query.PageSize,
        };
    }
}

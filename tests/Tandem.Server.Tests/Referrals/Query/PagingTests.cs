using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Query;

namespace Tandem.Server.Tests.Referrals.Query;

/// <summary>Pages that follow each other by key, and the tokens that lead from one to the next.</summary>
public sealed class PagingTests
{
    public static TheoryData<string> Kinds => QueryDatabase.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task Pages_neither_repeat_nor_skip_rows_while_others_are_inserted(string kind) // R59, R60
    {
        var random = new Random(60);
        var referrals = new RandomReferrals(random);
        await using var database = await QueryDatabase.Open(kind, FilterOracleTests.Rows(random, 1_000));
        for (var round = 0; round < 12; round++)
        {
            var keys = Enumerable.Range(0, random.Next(0, 4)).Select(_ => RandomFilters.Scalars[random.Next(RandomFilters.Scalars.Count)].Text
                + (random.Next(2) == 0 ? " desc" : ""));
            var orderBy = string.Join(',', keys);
            // Every other round among other parties' referrals, some of whose keys are hidden.
            var filter = round % 2 == 0 ? "favorite or not favorite" : $"engagementId eq {RandomReferrals.Engagements[round % 3]}";
            var query = orderBy.Length == 0
                ? FilterOracleTests.Parse(("$filter", filter), ("$top", "2000"))
                : FilterOracleTests.Parse(("$filter", filter), ("$orderby", orderBy), ("$top", "2000"));
            var whole = query.Sql(database.Dialect, FilterOracleTests.Caller);
            var expected = await database.Ids(whole.Filter!, whole.OrderBy, whole.Parameters);
            var known = expected.ToHashSet();

            var seen = new List<Guid>();
            while (true)
            {
                var (ids, last) = await database.Page(query.Order, query.Sql(database.Dialect, FilterOracleTests.Caller), "1 = 1", query.PageSize);
                seen.AddRange(ids);
                if (ids.Count < query.PageSize)
                    break;
                await database.Insert(referrals.Next());
                query = Follow(query.NextToken(FilterOracleTests.Tokens, FilterOracleTests.Caller, last!, ids.Count)!);
            }

            Assert.Equal(seen.Count, seen.Distinct().Count());
            Assert.Equal(expected, seen.Where(known.Contains));
        }
    }

    [Fact]
    public async Task The_next_page_is_read_from_the_index() // R60
    {
        await using var database = await QueryDatabase.Open("Sqlite", []);
        var query = FilterOracleTests.Parse();
        object?[] position = [5L, Guid.NewGuid()];
        query = Follow(query.NextToken(FilterOracleTests.Tokens, FilterOracleTests.Caller, position, 100)!);
        var sql = query.Sql(database.Dialect, FilterOracleTests.Caller);
        var plan = await database.Explain(
            $"SELECT r.id FROM referrals r WHERE r.organization_id = 'x' AND {sql.After} ORDER BY {sql.OrderBy} LIMIT 101", sql.Parameters);
        Assert.Contains("referrals_by_age (organization_id=? AND (created_at,id)<(?,?))", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_is_found_through_the_member_table() // R65, B5
    {
        await using var database = await QueryDatabase.Open("Sqlite", []);
        foreach (var filter in new[] { "email eq 'a@b.example'", "team/any(t: 'a@b.example' eq t/email)", "customerProfile/team/any(c: c/email in ('x','y'))" })
        {
            var sql = FilterOracleTests.Parse(("$filter", filter)).Sql(database.Dialect, FilterOracleTests.Caller);
            Assert.Contains("members_by_email",
                await database.Explain($"SELECT r.id FROM referrals r WHERE {sql.Filter}", sql.Parameters), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Top_is_what_remains_over_all_pages() // R61
    {
        var query = FilterOracleTests.Parse(("$top", "150"), ("$skip", "7"), ("$count", "false"));
        Assert.Equal((100, 7L, false), (query.PageSize, query.Skip, query.Count));
        object?[] position = [5L, Guid.NewGuid()];
        query = Follow(query.NextToken(FilterOracleTests.Tokens, FilterOracleTests.Caller, position, 100)!);
        Assert.Equal((50, 0L, false), (query.PageSize, query.Skip, query.Count));
        Assert.Equal(position, query.Position);
        Assert.Null(query.NextToken(FilterOracleTests.Tokens, FilterOracleTests.Caller, position, 50));
        Assert.Equal(0, FilterOracleTests.Parse(("$top", "0")).PageSize);
    }

    [Fact]
    public void A_token_is_good_for_the_caller_who_got_it_and_only_as_it_is() // R60
    {
        var query = FilterOracleTests.Parse(("$filter", "name eq 'secret'"), ("$select", "id,name"), ("$orderby", "name,details/dealValue desc"));
        var token = query.NextToken(FilterOracleTests.Tokens, FilterOracleTests.Caller, ["secret", null, Guid.NewGuid()], 100)!;
        Assert.Matches("^[A-Za-z0-9_-]+$", token);
        Assert.DoesNotContain("secret", System.Text.Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(token)), StringComparison.Ordinal);

        // What stands beside the token is ignored.
        var next = Follow($"{token}&$filter=garbage('&$top=-1&$unknown=1");
        Assert.Equal("name eq 'secret'", next.Filter!.Text);
        Assert.Equal(["id", "name"], next.Select!.Names);

        var random = new Random(1);
        for (var i = 0; i < 500; i++)
        {
            var at = random.Next(token.Length - 1);
            var altered = $"{token[..at]}{(token[at] == 'A' ? 'B' : 'A')}{token[(at + 1)..]}";
            Assert.False(IsGood(altered, FilterOracleTests.Tokens, FilterOracleTests.Caller), altered);
        }

        foreach (var unknown in new[] { "", "x", "%00", "null", token[..^4], $"{token}AAAA", new string('A', 5_000), $"{token}&$skiptoken={token}" })
            Assert.False(IsGood(unknown, FilterOracleTests.Tokens, FilterOracleTests.Caller), unknown);
        Assert.False(IsGood(token, FilterOracleTests.Tokens, FilterOracleTests.Caller with { UserId = Guid.NewGuid() }));
        Assert.False(IsGood(token, FilterOracleTests.Tokens, FilterOracleTests.Caller with { OrganizationId = RandomReferrals.Other }));
        Assert.False(IsGood(token, new SkipTokens(new EphemeralDataProtectionProvider()), FilterOracleTests.Caller));
    }

    private static ReferralQuery Follow(string token)
    {
        var options = new QueryCollection(QueryHelpers.ParseQuery($"$skiptoken={token}"));
        var parsed = ReferralQuery.Parse(options, FilterOracleTests.Tokens, FilterOracleTests.Caller);
        Assert.True(parsed.Succeeded(out var query, out var refusal), refusal?.Message);
        return query;
    }

    private static bool IsGood(string token, SkipTokens tokens, Caller caller)
    {
        var options = new QueryCollection(QueryHelpers.ParseQuery($"$skiptoken={token}"));
        if (ReferralQuery.Parse(options, tokens, caller).Succeeded(out _, out var refusal))
            return true;
        Assert.Equal((400, "$skiptoken", "invalidSkipToken"), (refusal.Status, refusal.Target, refusal.InnerCode));
        return false;
    }
}

using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tandem.Contracts.Referrals;
using Tandem.Server.Identity;
using Tandem.Server.Referrals;
using Tandem.Server.Referrals.Query;

namespace Tandem.Server.Tests.Referrals.Query;

/// <summary>Thousands of generated filters must find on the database what their meaning finds over objects.</summary>
public sealed class FilterOracleTests
{
    internal static readonly Caller Caller = new()
    {
        OrganizationId = RandomReferrals.Own,
        OrganizationName = "Contoso",
        UserId = Guid.Parse("00000000-0000-0000-0000-00000000a11c"),
        Name = "Alice",
        Emails = ["alice@contoso.example"],
        Roles = [new(Role.ReferralsAdmin, null)],
    };

    internal static readonly SkipTokens Tokens = new(new EphemeralDataProtectionProvider());

    public static TheoryData<string> Kinds => QueryDatabase.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_filter_finds_what_it_means(string kind) // R62, R63, R64, R65
    {
        var random = new Random(20261123);
        var rows = Rows(random, 120);
        await using var database = await QueryDatabase.Open(kind, rows);
        var filters = new RandomFilters(random);
        var shown = rows.ConvertAll(AsOwnerSees); // B17 holds without other parties, too.
        var (found, full) = (0, 0);
        for (var i = 0; i < 4_000; i++)
        {
            var filter = filters.Next(i % 4);
            var query = Parse(("$filter", filter.Text));
            if (query.ReachesOtherParties)
                continue;

            var expected = shown.Where(r => filter.Holds([r])).Select(r => r.Id).Order().ToList();
            var actual = await Ids(database, query, filter.Text);
            Assert.True(expected.SequenceEqual(actual.Order()),
                $"{filter.Text}\n{query.Filter!.Sql(database.Dialect)}\n"
                + $"missing {Show(rows, expected.Except(actual))}\ntoo many {Show(rows, actual.Except(expected))}");
            found += expected.Count > 0 ? 1 : 0;
            full += expected.Count == rows.Count ? 1 : 0;
        }

        // The filters are worth something only if they tell rows apart.
        Assert.InRange(found, 2_500, 4_000);
        Assert.InRange(full, 0, 1_500);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_hidden_value_of_another_party_cannot_be_asked_for(string kind) // B14, B15, B16, B17
    {
        var random = new Random(1414);
        var rows = Rows(random, 120);
        await using var database = await QueryDatabase.Open(kind, rows);
        var filters = new RandomFilters(random);
        var shown = rows.ConvertAll(AsSeen);
        for (var i = 0; i < 2_000; i++)
        {
            var filter = filters.Next(i % 3);
            var engagement = RandomReferrals.Engagements[i % 3];
            var text = i % 2 == 0 ? $"engagementId eq {engagement} and ({filter.Text})" : $"({filter.Text}) and '{engagement}' eq engagementId";
            var query = Parse(("$filter", text));
            Assert.True(query.ReachesOtherParties);
            Assert.Contains(engagement, query.Filter!.EngagementIds);

            var expected = shown.Where(r => r.EngagementId == engagement && filter.Holds([r])).Select(r => r.Id).Order().ToList();
            var actual = await Ids(database, query, text);
            Assert.True(expected.SequenceEqual(actual.Order()), $"{text}\n{query.Filter.Sql(database.Dialect)}\n"
                + $"missing {Show(rows, expected.Except(actual))}\ntoo many {Show(rows, actual.Except(expected))}");
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task An_order_tells_nothing_hidden_and_is_the_same_on_every_database(string kind) // B14
    {
        var random = new Random(99);
        var rows = Rows(random, 120);
        await using var database = await QueryDatabase.Open(kind, rows);
        var shown = rows.ConvertAll(AsSeen);
        for (var i = 0; i < 300; i++)
        {
            var keys = Enumerable.Range(0, random.Next(1, 4))
                .Select(_ => (Leaf: RandomFilters.Scalars[random.Next(RandomFilters.Scalars.Count)], IsDescending: random.Next(2) == 0))
                .DistinctBy(k => k.Leaf.Text).ToList();
            var engagement = RandomReferrals.Engagements[0];
            var orderBy = string.Join(",", keys.Select(k => $"{k.Leaf.Text} {(k.IsDescending ? "desc" : random.Next(2) == 0 ? "asc" : "")}"));
            var query = Parse(("$filter", $"engagementId eq {engagement}"), ("$orderby", orderBy));

            keys.Add((RandomFilters.Scalars.First(l => l.Text == "id"), keys[^1].IsDescending));
            var sorted = Sorted(shown.Where(r => r.EngagementId == engagement), keys);
            Assert.Equal(sorted.Select(r => r.Id), await Ids(database, query, orderBy));
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Whatever_is_understood_runs(string kind) // R66: a database error would be a 500.
    {
        string[] filters =
        [
            "length(name) eq 1.5", "year(createdDateTime) eq 1e300", "details/dealValue gt 1e300", "details/dealValue eq 12345678901234567890.123",
            "tags/any(t: t eq null)", "concat('a','b') eq name", "trim(' x ') eq name", "contains('abc', name)", "true eq favorite", "null eq name",
            "favorite eq null", "startswith(id,'a')", "name in (null)", "name in ()", "tags/$count in (1,2)", "length(name) in (1,2)", "favorite eq isSpam",
            "contains(name,'x') eq not favorite", "id gt 65edc0b5-3485-41b7-a17e-dfa9ef4706e2", "id in (65edc0b5-3485-41b7-a17e-dfa9ef4706e2,null)",
            "length(concat(name, concat(mpnId, name))) gt 3", "indexof(tolower(name),'') eq 0", "endswith(name,'') and startswith(name,'')",
            "registrations/any(r: r/type eq null and r/contract/signDateTime gt 2024-01-01 and r/solutionDetails/$count eq 0)",
            "details/requirements/offers/any() and details/requirements/salesPlays/$count eq 2", "team/all(t: t/contactPreference/disableNotifications)",
            "team/any(t: t/email eq '' or t/email eq null) or email eq ''", "expirationDateTime eq 0001-01-01 or closedDateTime le 9999-12-31T23:59:59.999999Z",
            "hour(details/closingDateTime) eq hour(createdDateTime)", "not not not favorite", "1 lt details/dealValue", "not (name eq null) eq true",
            string.Join(" or ", Enumerable.Repeat("not contains(name,'x')", 60)), string.Concat(Enumerable.Repeat("not ", 120)) + "favorite",
            string.Join(" and ", Enumerable.Repeat("favorite", 130)), string.Concat(Enumerable.Repeat("(favorite or ", 32)) + "isSpam" + new string(')', 32),
            $"mpnId in ({string.Join(',', Enumerable.Repeat("'12345678901'", 500))})",
            string.Concat(Enumerable.Repeat("tolower(", 30)) + "name" + new string(')', 30) + " eq 'x'",
        ];
        await using var database = await QueryDatabase.Open(kind, Rows(new Random(3), 20));
        foreach (var filter in filters)
        {
            await Ids(database, Parse(("$filter", filter)), filter);
            var among = $"engagementId eq {RandomReferrals.Engagements[0]} and ({(filter.Length < 300 ? filter : "favorite")})";
            await Ids(database, Parse(("$filter", among)), among);
        }
    }

    internal static List<QueryRow> Rows(Random random, int count)
    {
        var referrals = new RandomReferrals(random);
        return [.. Enumerable.Range(0, count).Select(_ => referrals.Next())];
    }

    internal static ReferralQuery Parse(params (string Name, string Value)[] options)
    {
        var query = ReferralQuery.Parse(
            new QueryCollection(options.ToDictionary(o => o.Name, o => new StringValues(o.Value), StringComparer.OrdinalIgnoreCase)), Tokens, Caller);
        Assert.True(query.Succeeded(out var parsed, out var refusal), $"{options.FirstOrDefault().Value}: {refusal?.Message}");
        return parsed;
    }

    /// <summary>As the caller is shown it: asking must tell nobody more than reading.</summary>
    internal static Referral AsSeen(QueryRow row)
    {
        var seen = AsOwnerSees(row);
        return seen.OrganizationId == RandomReferrals.Own ? seen : Visibility.Restrict(seen);
    }

    internal static IEnumerable<Referral> Sorted(IEnumerable<Referral> referrals, IEnumerable<(Leaf Leaf, bool IsDescending)> keys)
    {
        var sorted = referrals.OrderBy(_ => 0);
        foreach (var (leaf, isDescending) in keys)
        {
            var order = Comparer<Referral>.Create((a, b) => RandomFilters.Order(leaf.Value([a]), leaf.Value([b])));
            sorted = isDescending ? sorted.ThenByDescending(r => r, order) : sorted.ThenBy(r => r, order);
        }

        return sorted;
    }

    private static Referral AsOwnerSees(QueryRow row)
    {
        var copy = JsonSerializer.Deserialize(QueryDatabase.Document(row.Referral), ReferralJson.Wire.Referral)!;
        if (row.IsLead && copy.Substatus == ReferralSubstatus.Expired)
            copy.CustomerProfile.Team = []; // B17
        return copy;
    }

    private static async Task<List<Guid>> Ids(QueryDatabase database, ReferralQuery query, string text)
    {
        var sql = query.Sql(database.Dialect, Caller);
        try
        {
            return await database.Ids(sql.Filter ?? "1 = 1", sql.OrderBy, sql.Parameters);
        }
        catch (System.Data.Common.DbException refused)
        {
            throw new InvalidOperationException($"{text}\n{sql.Filter}\nORDER BY {sql.OrderBy}", refused);
        }
    }

    private static string Show(List<QueryRow> rows, IEnumerable<Guid> ids) => string.Join("\n",
        rows.Where(r => ids.Contains(r.Referral.Id)).Take(1).Select(r => System.Text.Encoding.UTF8.GetString(QueryDatabase.Document(r.Referral))));
}

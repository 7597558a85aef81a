using System.Globalization;
using System.Text;
using Tandem.Server.Http;
using Tandem.Server.Referrals.Query;

namespace Tandem.Server.Tests.Referrals.Query;

/// <summary>What is a filter and what is not, without a database.</summary>
public sealed class FilterTests
{
    [Theory] // R62, R63, R64, R65: the documented queries, and each form of a literal.
    [InlineData("engagementId eq '65edc0b5-3485-41b7-a17e-dfa9ef4706e2'")]
    [InlineData("engagementId eq 65edc0b5-3485-41b7-a17e-dfa9ef4706e2")]
    [InlineData("engagementId eq a5edc0b5-3485-41b7-a17e-dfa9ef4706e2 and id ne null")]
    [InlineData("engagementId eq guid'65edc0b5-3485-41b7-a17e-dfa9ef4706e2'")]
    [InlineData("organizationId eq 7d23e5ca-19dc-4eaa-aac8-5e6b559f0d1d or organizationId eq 'MSFT'")]
    [InlineData("status eq 'New' and qualification eq 'SalesQualified'")]
    [InlineData("status eq 'nEW' and STATUS ne 'closed'")]
    [InlineData("status eq Tandem.Referrals.ReferralStatus'New'")]
    [InlineData("customerProfile/address/country eq 'US' and direction eq 'Incoming'")]
    [InlineData("(type eq 'Shared' and direction eq 'Incoming')")]
    [InlineData("(direction eq 'Incoming' and substatus eq 'Pending')")]
    [InlineData("status eq 'Active' and direction eq 'Outgoing' and type eq 'Shared' and team/any(t:t/email eq 'r2d2@contoso.com')")]
    [InlineData("updatedDateTime gt 2024-01-01 and updatedDateTime lt '2024-01-01T10:00:00Z'")]
    [InlineData("updatedDateTime ge 2024-01-01T10:00:00.1234567+02:00")]
    [InlineData("updatedDateTime ge 2024-01-01T10:00:00 02:00 and createdDateTime le '2024-01-01T10:00:00 02:00'")]
    [InlineData("updatedDateTime gt datetime'2024-01-01T10:00'")]
    [InlineData("details/dealValue gt -1.5e3 and details/closeDate ne null")]
    [InlineData("ReferralType eq 'shared'")]
    [InlineData("name eq 'O''Neil' or name EQ 'x' AND NOT contains(name,'(')")]
    [InlineData("  name\teq\n'x'  ")]
    [InlineData("name in ('a', 'b' ,null)")]
    [InlineData("name in ['a']")]
    [InlineData("id in (65edc0b5-3485-41b7-a17e-dfa9ef4706e2,'a5edc0b5-3485-41b7-a17e-dfa9ef4706e2')")]
    [InlineData("favorite in (true,false) and favorite eq (name eq 'x')")]
    [InlineData("email in ('a@b.example','c@d.example') and Email eq 'x@y.example' and 'x' eq email")]
    [InlineData("registrations/any(r: r/solutionDetails/any(s: s/value gt 1 and r/contract/currency eq 'USD' and s/name eq name))")]
    [InlineData("team/any() and tags/all(t: t ne 'x') and team/$count ge 2 and $it/name eq 'x'")]
    [InlineData("substringof('x',name) and CONTAINS(tolower(name),tolower('X'))")]
    public void A_filter_is_understood(string filter)
    {
        var parsed = ReferralFilter.Parse(filter);
        Assert.True(parsed.Succeeded(out var understood, out var refusal), refusal?.Message);
        foreach (var dialect in new[] { QueryDialect.Sqlite, QueryDialect.Postgres })
        {
            // What a client wrote is never in the statement.
            Assert.DoesNotContain("Neil", understood.Sql(dialect), StringComparison.OrdinalIgnoreCase);
            Assert.All(understood.Parameters(dialect), p => Assert.Contains(p.Name, understood.Sql(dialect), StringComparison.Ordinal));
        }
    }

    [Theory] // R66: refused, with the place and the way out.
    [InlineData("statsu eq 'New'", 1, "did you mean status?")]
    [InlineData("status eq 'New' and nmae eq 'x'", 21, "did you mean name?")]
    [InlineData("name eq 'a' or team/any(t: t/emial eq 'x')", 30, "did you mean email?")]
    [InlineData("customerProfile/nmae eq 'x'", 17, "in customerProfile; did you mean name?")]
    [InlineData("status eq 'Nwe'", 11, "one of 'None', 'New', 'Active', 'Closed'")]
    [InlineData("status eq New", 11, "there is no property 'New'")]
    [InlineData("name eq 5", 9, "write it in quotes, '5'")]
    [InlineData("details/dealValue eq '5'", 22, "a number, without quotes")]
    [InlineData("favorite eq 'true'", 13, "true or false, without quotes")]
    [InlineData("createdDateTime gt 'yesterday'", 20, "a date such as 2026-03-24")]
    [InlineData("createdDateTime gt 2024-13-01", 20, "a date such as 2026-03-24")]
    [InlineData("id eq 'x'", 7, "a GUID")]
    [InlineData("id eq 12-34", 7, "no number, date-time or GUID")]
    [InlineData("name eq 'x", 9, "closing quote")]
    [InlineData("name eq", 8, "expected")]
    [InlineData("(name eq 'some longer text'", 28, "closing parenthesis")]
    [InlineData("name eq 'some longer text' nonsense", 36, "cannot be read")]
    [InlineData("contians(name,'x')", 1, "did you mean contains?")]
    [InlineData("year(name) eq 1", 1, "needs a time")]
    [InlineData("length(name,name) eq 1", 1, "needs 1 argument")]
    [InlineData("team eq 'x'", 5, "team/any(x: x/… eq …)")]
    [InlineData("team/email eq 'x'", 6, "team/any(x: x/email …)")]
    [InlineData("details eq null", 8, "dealValue")]
    [InlineData("name/any(n: n eq 'x')", 5, "no list")]
    [InlineData("status gt 'New'", 7, "eq, ne or in only")]
    [InlineData("name eq details/dealValue", 26, "cannot be compared")]
    [InlineData("links/self/uri eq 'x'", 1, "ask for id")]
    [InlineData("details/requirements/offers/any(o: o/id eq 'x')", 38, "no properties")]
    [InlineData("name add 'x' eq 'y'", 1, "add is not supported")]
    [InlineData("email ne 'x'", 1, "team/any")]
    [InlineData("team/any(t: t)", 14, "name one of its properties")]
    [InlineData("name", 5, "no condition")]
    [InlineData("'x'", 1, "no condition")]
    [InlineData("1 eq 1", 1, "compare a property")]
    [InlineData("name eq 'a\0b'", 11, "U+0000")]
    public void What_is_not_understood_is_shown_with_its_place(string filter, int position, string hint)
    {
        var refusal = Refused(filter);
        Assert.StartsWith($"At position {position} of $filter: ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(hint, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_bound_is_named_where_it_is_met() // R66
    {
        string Repeat(string part, int count, string between) => string.Join(between, Enumerable.Repeat(part, count));
        Assert.Contains("8192", Refused($"name eq '{new string('x', 9_000)}'").Message, StringComparison.Ordinal);
        Assert.Contains("400 parts", Refused(Repeat("favorite", 300, " or ")).Message, StringComparison.Ordinal);
        Assert.Contains("at most 500", Refused($"mpnId in ({Repeat("'1'", 501, ",")})").Message, StringComparison.Ordinal);
        Assert.Contains("1000 values", Refused($"mpnId in ({Repeat("'1'", 1_001, ",")})").Message, StringComparison.Ordinal);
        Assert.Contains("32 parentheses", Refused($"{new string('(', 33)}favorite{new string(')', 33)}").Message, StringComparison.Ordinal);
        Assert.Contains("deeper", Refused($"{Repeat("not ", 1_500, "")}favorite").Message, StringComparison.Ordinal);
        Assert.Contains("2 deep", Refused("team/any(a: team/any(b: team/any(c: c/title eq a/title)))").Message, StringComparison.Ordinal);
        Assert.Contains("half a character", Refused($"name eq 'a{'\ud800'}'").Message, StringComparison.Ordinal);
        Assert.True(ReferralFilter.Parse($"mpnId in ({Repeat("'1'", 500, ",")})").Succeeded(out _, out _));
        Assert.True(ReferralFilter.Parse(Repeat("favorite", 100, " or ")).Succeeded(out _, out _));
        Assert.True(ReferralFilter.Parse($"{new string('(', 32)}favorite{new string(')', 32)}").Succeeded(out _, out _));
    }

    [Fact]
    public void Garbage_is_refused_and_never_throws() // R66
    {
        var random = new Random(5_000);
        var filters = new RandomFilters(random);
        string[] pieces =
        [
            "name", "team", "status", "details/dealValue", "/", "//", "(", ")", "[", "]", "{", "}", ",", ":", "'", "''", "\"", "eq", "in", "any(",
            "all(t:", "t/email", "not", "and", "or", "-", "--", "*", "@p", "$it", "$count", "$", ".", "..", "1", "1e999", "0x1", "2024-01-01",
            "2024-99-99", "65edc0b5-3485-41b7-a17e-dfa9ef4706e2", "null", "true", "INF", "NaN", "cast(", "isof(", "contains(", "geo.distance(",
            "%", "\\", ";", "/*", "é", "日本", "😀", "\ud83d", "\u0000", "\u2028", "\t", "has", "add", "mod", "$it/", "guid'", "duration'P1D'",
            "binary'", "'-1'", "'0'", "'99'",
        ];
        var (understood, refused) = (0, 0);
        for (var i = 0; i < 6_000; i++)
        {
            if (ReferralFilter.Parse(i % 2 == 0 ? Heap(random, pieces) : Broken(random, filters, pieces)).Succeeded(out var filter, out var refusal))
            {
                understood++;
                Assert.NotEmpty(filter.Sql(QueryDialect.Postgres));
                continue;
            }

            refused++;
            Assert.Equal((400, "$filter", "invalidFilter"), (refusal.Status, refusal.Target, refusal.InnerCode));
            Assert.NotEmpty(refusal.Message);
        }

        Assert.True(refused > 4_000 && understood > 50, string.Create(CultureInfo.InvariantCulture, $"{refused} refused, {understood} understood"));
    }

    [Fact]
    public void A_filter_of_the_same_shape_has_the_same_statement_and_values_of_its_own()
    {
        var first = ReferralFilter.Parse("name eq 'a' and details/dealValue gt 5").Value!;
        var second = ReferralFilter.Parse("name  eq 'It''s  B' and details/dealValue gt -7.5").Value!;
        // Equal and not the same: other tests may have filled the bounded cache in between.
        Assert.Equal(first.Sql(QueryDialect.Sqlite), second.Sql(QueryDialect.Sqlite));
        Assert.Equal(["it's  b", -7.5], second.Parameters(QueryDialect.Sqlite).Select(p => p.Value));
        Assert.Equal(["a", 5.0], first.Parameters(QueryDialect.Sqlite).Select(p => p.Value));
        // The same shape refuses by its own values.
        Assert.True(ReferralFilter.Parse("status eq 'New'").Succeeded(out _, out _));
        Assert.Contains("one of", Refused("status eq 'Old'").Message, StringComparison.Ordinal);
    }

    [Theory] // R57
    [InlineData("engagementId eq 65edc0b5-3485-41b7-a17e-dfa9ef4706e2", true)]
    [InlineData("status eq 'New' and (name eq 'x' and '65edc0b5-3485-41b7-a17e-dfa9ef4706e2' eq EngagementId)", true)]
    [InlineData("organizationId eq 'msft'", true)]
    [InlineData("engagementId eq 65edc0b5-3485-41b7-a17e-dfa9ef4706e2 or favorite", false)]
    [InlineData("not (engagementId eq 65edc0b5-3485-41b7-a17e-dfa9ef4706e2)", false)]
    [InlineData("engagementId ne 65edc0b5-3485-41b7-a17e-dfa9ef4706e2", false)]
    [InlineData("engagementId eq null", false)]
    [InlineData("engagementId eq id", false)]
    [InlineData("inviteContext/invitedBy/organizationId eq 'msft'", false)]
    public void Only_a_conjunct_that_fixes_a_party_reaches_other_parties(string filter, bool reaches)
    {
        var parsed = ReferralFilter.Parse(filter).Value!;
        Assert.Equal(reaches, parsed.FixesParty);
        Assert.Equal(reaches, parsed.EngagementIds.Any() || parsed.OrganizationIds.Any());
    }

    private static string Heap(Random random, string[] pieces) => string.Join(random.Next(3) == 0 ? "" : " ",
        Enumerable.Range(0, random.Next(1, 14)).Select(_ => pieces[random.Next(pieces.Length)]));

    // A filter with a few characters cut out or put in.
    private static string Broken(Random random, RandomFilters filters, string[] pieces)
    {
        var broken = new StringBuilder(filters.Next(2).Text);
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(broken.Length);
            if (random.Next(2) == 0)
                broken.Remove(at, Math.Min(random.Next(1, 4), broken.Length - at));
            broken.Insert(Math.Min(at, broken.Length), pieces[random.Next(pieces.Length)]);
        }

        return broken.ToString();
    }

    private static Refusal Refused(string filter)
    {
        Assert.False(ReferralFilter.Parse(filter).Succeeded(out _, out var refusal), filter);
        Assert.Equal((400, "$filter", "invalidFilter"), (refusal.Status, refusal.Target, refusal.InnerCode));
        return refusal;
    }
}

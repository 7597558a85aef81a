using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Tests.Referrals.Query;

/// <summary>
/// Thousands of generated queries give the same ids in the same order and the same count here, through EF Core with
/// Microsoft.AspNetCore.OData on the same database, and through LINQ over the objects.
/// </summary>
public sealed class LibraryOracleTests
{
    private const int Seed = 20261125;
    private const int Queries = 2_000;

    // What the library maps, in the names of the contract; engagementId would let the other parties' referrals in (R57).
    private static readonly HashSet<string> Mapped =
    [
        "id", "status", "substatus", "type", "registrationStatus", "createdDateTime", "updatedDateTime",
        "expirationDateTime", "name", "externalReferenceId", "mpnId", "campaignId", "favorite", "details/dealValue", "details/currency",
        "details/notes", "details/closingDateTime", "customerProfile/name", "customerProfile/address/city",
        "customerProfile/address/country", "team", "team/firstName", "team/email", "customerProfile/team",
        "customerProfile/team/firstName", "customerProfile/team/email",
    ];

    public static TheoryData<string> Kinds => QueryDatabase.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_query_answers_as_the_library_does(string kind) // R57, R58, R59, R61, R62, R63
    {
        var random = new Random(Seed);
        var rows = FilterOracleTests.Rows(random, 120);
        var own = rows.Where(r => r.Referral.OrganizationId == RandomReferrals.Own).Select(FilterOracleTests.AsSeen).ToList();
        await using var database = await QueryDatabase.Open(kind, rows);
        await using var library = await ODataLibrary.Fill(database, own);
        var filters = new RandomFilters(random, Mapped);
        var (found, cut) = (0, 0);
        for (var i = 0; i < Queries; i++)
        {
            var filter = filters.Next(i % 3);
            var order = Order(random, database.Dialect.Kind);
            var (skip, top) = (random.Next(4) == 0 ? random.Next(5) : 0, random.Next(1, 12));
            var orderBy = string.Join(",", order.Select(k => $"{k.Leaf.Text} {(k.IsDescending ? "desc" : "asc")}"));

            var matching = own.Where(r => filter.Holds([r])).ToList();
            var expected = FilterOracleTests.Sorted(matching, order).Skip(skip).Take(top).Select(r => r.Id).ToList();
            var asked = FilterOracleTests.Parse(
                ("$filter", filter.Text), ("$orderby", orderBy), ("$skip", $"{skip}"), ("$top", $"{top}"), ("$count", "true"));
            var statements = ListStatements.Of(asked, FilterOracleTests.Caller, database.Dialect.Kind, 0);
            var ours = await database.List(statements, statements.Page);
            var theirs = await library.Ask(
                $"?$filter={Uri.EscapeDataString(filter.Text)}&$orderby={Uri.EscapeDataString(orderBy)}&$skip={skip}&$top={top}");

            var query = $"{filter.Text} | {orderBy} | {skip} {top}\n{statements.Page}";
            Assert.True(expected.SequenceEqual(ours.Ids), $"Other than LINQ: {query}");
            Assert.True(expected.SequenceEqual(theirs.Ids), $"The library differs: {query}");
            Assert.True((matching.Count, matching.Count) == (ours.Count, theirs.Count), $"{matching.Count}, {ours.Count}, {theirs.Count}: {query}");
            // A filter that few rows match has a page of its own.
            Assert.Equal(ours.Ids, (await database.List(statements, statements.PageOfFew!)).Ids);
            found += matching.Count > 0 && matching.Count < own.Count ? 1 : 0;
            cut += matching.Count > top ? 1 : 0;
        }

        // They are worth something only if they tell rows apart, and pages end before the rows do.
        Assert.InRange(found, Queries / 2, Queries);
        Assert.InRange(cut, Queries / 5, Queries);
    }

    // The databases sort null at different ends, and the library takes what the database does.
    private static List<(Leaf Leaf, bool IsDescending)> Order(Random random, DatabaseKind kind)
    {
        var leaves = RandomFilters.Scalars.Where(l => Mapped.Contains(l.Text) && l.Text != "id"
            && (kind == DatabaseKind.Sqlite || !l.Property.IsNullable)).ToList();
        var keys = Enumerable.Range(0, random.Next(1, 3)).Select(_ => (Leaf: leaves[random.Next(leaves.Count)], IsDescending: random.Next(2) == 0))
            .DistinctBy(k => k.Leaf.Text).ToList();
        keys.Add((RandomFilters.Scalars.First(l => l.Text == "id"), keys[^1].IsDescending));
        return keys;
    }
}

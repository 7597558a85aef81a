using Tandem.Server.Storage;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals;

/// <summary>No question keeps the database busy for longer than the installation allows.</summary>
public sealed class QueryTimeoutTests
{
    // Looks into every document, and finds nothing.
    private const string Costly =
        "$filter=details/requirements/solutions/any(s:contains(s/name,'no such thing')) or contains(details/notes,'nor this')"
        + "&$orderby=details/notes";

    [Theory]
    [InlineData("&$count=true")]
    [InlineData("&$count=false")]
    public async Task A_list_that_takes_too_long_is_refused_and_the_next_one_answered(string count)
    {
        await using var server = await Start(settings: [("Tandem:QueryTimeout", "00:00:00.050")]);
        var deal = await server.Own();
        await Multiply(server, deal.Id, 40_000);
        for (var i = 0; i < 3; i++)
        {
            var refused = (await server.Get(Alice, $"{Api}?{Costly}{count}")).Refuses(503, "queryTimeout", "$filter");
            Assert.Contains("0.05 seconds", refused.Text, StringComparison.Ordinal);
            Assert.True(int.Parse(refused.Headers["Retry-After"], null) > 0);
        }

        // The connections that were interrupted go on.
        Assert.Equal(deal.Id, (await server.Get(Alice, $"{Api}/{deal.Id}")).Is(200).Id);
        Assert.Single((await server.Get(Alice, $"{Api}?$filter=id eq {deal.Id}&$count=false")).Is(200).Value);
    }

    private static async Task Multiply(TandemServer server, string id, int times)
    {
        var (series, newId) = TestDatabase.IsPostgres
            ? ($"SELECT i FROM generate_series(1, {times}) i", "gen_random_uuid()")
            : ($"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {times}) SELECT i FROM n",
                "printf('00000000-0000-4000-8000-%012x', i)");
        var columns = ReferralStore.Columns.Select(c => c.Name).ToList();
        var values = columns.Select(c => c is "id" or "engagement_id" ? newId : c);
        await TestDatabase.Ask(server.Data, $"INSERT INTO referrals ({string.Join(", ", columns)}) "
            + $"SELECT {string.Join(", ", values)} FROM referrals, ({series}) s WHERE id = '{id}'");
    }
}

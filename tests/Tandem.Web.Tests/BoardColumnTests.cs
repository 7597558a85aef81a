using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;
using Tandem.Web.Pipeline;

namespace Tandem.Web.Tests;

/// <summary>Where a deal stands on the board, and where it may go.</summary>
public sealed class BoardColumnTests
{
    private static readonly StatusPair[] Pairs =
    [
        .. Enum.GetValues<ReferralStatus>().Where(s => s != ReferralStatus.None).SelectMany(StatusMoves.AllowedFrom).Distinct(),
    ];

    [Fact]
    public void Every_referral_stands_in_exactly_one_column()
    {
        foreach (var pair in Pairs)
        {
            foreach (var stage in SalesStages.All.Append(null))
                Assert.Single(BoardColumn.All, c => c.Holds(pair, stage));
        }
    }

    [Fact]
    public void A_column_takes_a_card_exactly_when_the_table_of_moves_does() // R42, T3–T9
    {
        foreach (var pair in Pairs)
        {
            foreach (var stage in SalesStages.All.Append(null))
            {
                var card = new DealCard(Guid.NewGuid(), "x", "y", null, null, null, null, pair, stage, "tag");
                foreach (var column in BoardColumn.All)
                {
                    var why = column.WhyNot(card);
                    if (column.Holds(pair, stage))
                        Assert.Equal("Here", why);
                    else
                        Assert.Equal(StatusMoves.IsAllowed(pair, column.Pair), why is null);
                }
            }
        }
    }
}

using Tandem.Contracts.Referrals;
using Tandem.Server.Referrals;

namespace Tandem.Server.Tests.Referrals;

/// <summary>The status machine as one table, every cell of it.</summary>
public sealed class StatusMovesTests
{
    private static readonly HashSet<string> Allowed =
    [
        "New>New/Pending", "New>New/Received", // T3
        "New>Active/Accepted", "New>Active/Engaged", // T4
        "New>Closed/Declined", "New>Closed/Lost", "New>Closed/Won", "New>Closed/Expired", "New>Closed/Error", // T5, T6, B32
        "Active>Active/Accepted", "Active>Active/Engaged", // T7
        "Active>Closed/Won", "Active>Closed/Lost", "Active>Closed/Declined", "Active>Closed/Expired", "Active>Closed/Error", // T8
        "Closed>Closed/Won", "Closed>Closed/Lost", "Closed>Closed/Declined", "Closed>Closed/Expired", "Closed>Closed/Error", // T9
    ];

    public static TheoryData<ReferralStatus, ReferralStatus, ReferralSubstatus> EveryCell()
    {
        var cells = new TheoryData<ReferralStatus, ReferralStatus, ReferralSubstatus>();
        foreach (var from in Enum.GetValues<ReferralStatus>())
        {
            foreach (var to in Enum.GetValues<ReferralStatus>())
            {
                foreach (var substatus in Enum.GetValues<ReferralSubstatus>())
                    cells.Add(from, to, substatus);
            }
        }

        return cells;
    }

    [Theory, MemberData(nameof(EveryCell))]
    public void A_move_is_refused_unless_the_table_names_it(ReferralStatus from, ReferralStatus to, ReferralSubstatus substatus) // R42
    {
        var (before, after) = (new StatusPair(from, ReferralSubstatus.None), new StatusPair(to, substatus));
        var allowed = Allowed.Contains($"{from}>{to}/{substatus}");
        Assert.Equal(allowed, StatusMoves.IsAllowed(before, after));
        Assert.Equal(allowed, StatusMoves.AllowedFrom(from).Contains(after));
        var refusal = UpdateReferral.RefuseMove(before, after);
        Assert.Equal("invalidStatusTransition", refusal.InnerCode);
        Assert.Contains($"{before}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"{after}", refusal.Message, StringComparison.Ordinal);
    }

    [Theory] // R43
    [InlineData(ReferralStatus.New, ReferralSubstatus.Pending)]
    [InlineData(ReferralStatus.Active, ReferralSubstatus.Accepted)]
    [InlineData(ReferralStatus.Closed, null)]
    [InlineData(ReferralStatus.None, null)]
    public void Only_open_statuses_have_a_default(ReferralStatus status, ReferralSubstatus? substatus) =>
        Assert.Equal(substatus, StatusMoves.DefaultSubstatus(status));

    [Fact]
    public void Every_registration_move_is_in_the_documented_table() // B49
    {
        HashSet<(RegistrationStatus, RegistrationStatus)> allowed =
        [
            (RegistrationStatus.None, RegistrationStatus.Approved), (RegistrationStatus.None, RegistrationStatus.ReviewPending),
            (RegistrationStatus.Approved, RegistrationStatus.ReviewPending), (RegistrationStatus.Approved, RegistrationStatus.Passed),
            (RegistrationStatus.ReviewPending, RegistrationStatus.Approved), (RegistrationStatus.ReviewPending, RegistrationStatus.ActionRequired),
            (RegistrationStatus.ReviewPending, RegistrationStatus.Passed), (RegistrationStatus.ReviewPending, RegistrationStatus.Failed),
            (RegistrationStatus.ActionRequired, RegistrationStatus.ReviewPending), (RegistrationStatus.ActionRequired, RegistrationStatus.Closed),
            (RegistrationStatus.Passed, RegistrationStatus.Closed), (RegistrationStatus.Failed, RegistrationStatus.Closed),
        ];
        foreach (var from in Enum.GetValues<RegistrationStatus>())
        {
            foreach (var to in Enum.GetValues<RegistrationStatus>())
                Assert.Equal(allowed.Contains((from, to)), DealRegistrations.IsAllowed(from, to));
        }
    }
}

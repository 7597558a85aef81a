using Tandem.Server.Identity;

namespace Tandem.Server.Tests.Identity;

public sealed class RoleNameTests
{
    [Theory]     // B1
    [InlineData("Referrals admin", Role.ReferralsAdmin)]
    [InlineData("Referral Admin", Role.ReferralsAdmin)]
    [InlineData("referraladmin", Role.ReferralsAdmin)]
    [InlineData("REFERRALS USER", Role.ReferralsUser)]
    [InlineData("Referral User", Role.ReferralsUser)]
    [InlineData("Referrals.User", Role.ReferralsUser)]
    [InlineData("Global admin", Role.GlobalAdmin)]
    [InlineData("business-profile admin", Role.BusinessProfileAdmin)]
    public void Both_spellings_are_read(string text, object role) => Assert.Equal((Role)role, RoleNames.Read(text));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("admin")]
    [InlineData("0")]
    public void Others_are_not(string? text) => Assert.Null(RoleNames.Read(text));
}

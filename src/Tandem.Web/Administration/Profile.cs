namespace Tandem.Web.Administration;

/// <summary>What an organization shows of itself.</summary>
public enum ProfileKind
{
    /// <summary>Where it is; invitations name it.</summary>
    Location,

    /// <summary>What it sells; deals name it.</summary>
    Solution,
}

/// <summary>A location or a solution.</summary>
/// <param name="Id">What invitations and deals name it by.</param>
/// <param name="MpnId">PartnerID of a location.</param>
/// <param name="ContactEmail">Who is told of leads that come in through a location.</param>
public sealed record Profile(string Id, string Name, string? MpnId = null, string? ContactEmail = null);

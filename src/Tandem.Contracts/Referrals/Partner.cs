namespace Tandem.Contracts.Referrals;

/// <summary>An organization as an inviter may know it: what it is called, where it can be invited, what it offers.</summary>
public sealed class Partner
{
    /// <summary>GUID, or <c>msft</c> for Microsoft.</summary>
    public string Id { get; set; } = "";

    /// <summary>Company name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Business-profile locations; the id of one is the target that invites the organization.</summary>
    public List<PartnerProfile> Locations { get; set; } = [];

    /// <summary>Published solutions.</summary>
    public List<PartnerProfile> Solutions { get; set; } = [];
}

/// <summary>A location or a solution.</summary>
public sealed class PartnerProfile
{
    /// <summary>What a target or a requirement names it by.</summary>
    public string Id { get; set; } = "";

    /// <summary>Name for people.</summary>
    public string Name { get; set; } = "";
}

/// <summary>Answer to a search for partners.</summary>
public sealed class PartnerPage
{
    /// <summary>The first ones in the order of their names; a longer search finds the others.</summary>
    public List<Partner> Value { get; set; } = [];
}

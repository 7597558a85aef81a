namespace Tandem.Web.NewDeal;

/// <summary>What a new deal is to be; decides what is asked.</summary>
internal enum DealKind
{
    /// <summary>Nobody else sees it.</summary>
    Private,

    /// <summary>Microsoft's sellers may see it.</summary>
    PartnerLed,

    /// <summary>Microsoft is asked for help.</summary>
    Cosell,

    /// <summary>Co-sell in a services role.</summary>
    ServicesCosell,
}

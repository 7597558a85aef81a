namespace Tandem.Contracts.ValueLists;
/// <summary>x</summary>
public static class SuggestedValues {
/// <summary>x</summary>
public const string MarketplaceIntentType = "CustomerMarketplaceIntent";
/// <summary>x</summary>
public static IReadOnlyList<string> CustomerMarketplaceIntents => ["Yes","No","HaveNotDecided"];
/// <summary>x</summary>
public static bool AsksNoAnswer(string? callToAction) => callToAction is "Get it now";
}

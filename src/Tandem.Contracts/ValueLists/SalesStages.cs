using System.Diagnostics.CodeAnalysis;

namespace Tandem.Contracts.ValueLists;

/// <summary>
/// Sales stages: percentages of the portal, and the four names of the <i>Partner Center Referrals</i> connector.
/// Source: <i>Manage co-sell opportunities</i> and the connector's definition.
/// </summary>
public static class SalesStages
{
    /// <summary>The stage of a deal that was just created or accepted.</summary>
    public const string Created = "10";

    /// <summary>The stage of a deal that is won.</summary>
    public const string Won = "100";

    /// <summary>All accepted values: the connector's names, then the percentages.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["Qualify", "Develop", "Propose", "Close", Created, "20", "40", "60", "80", Won];

    /// <summary>Reads a stage in any case; it is stored in the spelling it was sent in, name or percentage.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out string? stage)
    {
        stage = All.FirstOrDefault(s => string.Equals(s, text, StringComparison.OrdinalIgnoreCase));
        return stage is not null;
    }

    /// <summary>How far a stage is, in percent; null for none.</summary>
    public static int? Percentage(string? stage) => stage switch
    {
        null => null,
        "Qualify" => 20,
        "Develop" => 40,
        "Propose" => 60,
        "Close" => 80,
        _ => int.TryParse(stage, out var percent) ? percent : null,
    };
}

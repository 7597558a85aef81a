namespace Tandem.Web.People;

/// <summary>A role as the pages offer it.</summary>
/// <param name="Name">As the API writes it; the same in every language, since people meet it in Partner Center, too.</param>
/// <param name="Key">Of its explanation.</param>
/// <param name="HasScope">Whether it makes a difference for which location it is given (B6).</param>
/// <param name="IsCommon">Whether it opens something here; the others are known for Partner Center's sake (B9, W3).</param>
public sealed record KnownRole(string Name, string Key, bool HasScope = false, bool IsCommon = false)
{
    /// <summary>Manages the organization.</summary>
    public const string AccountAdmin = "Account admin";

    /// <summary>Manages the exchange; operators alone give it.</summary>
    public const string Operator = "Operator";

    /// <summary>All of them, those that people mostly need first.</summary>
    public static IReadOnlyList<KnownRole> All { get; } =
    [
        new("Referrals admin", "ReferralsAdmin", HasScope: true, IsCommon: true),
        new("Referrals user", "ReferralsUser", HasScope: true, IsCommon: true),
        new(AccountAdmin, "AccountAdmin", IsCommon: true),
        new(Operator, "Operator", IsCommon: true),
        new("Business profile admin", "BusinessProfileAdmin"),
        new("Global admin", "Registrar"),
        new("Billing admin", "Registrar"),
        new("Admin agent", "Registrar"),
        new("Sales agent", "Registrar"),
        new("Helpdesk agent", "Registrar"),
    ];

    /// <summary>The role of that name; null for one that only a newer server knows.</summary>
    public static KnownRole? Of(string name) => All.FirstOrDefault(r => r.Name == name);
}

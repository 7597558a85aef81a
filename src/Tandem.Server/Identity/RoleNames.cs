namespace Tandem.Server.Identity;

/// <summary>Names of roles: both documented spellings are read, the newer one is written.</summary>
internal static class RoleNames
{
    private static readonly Dictionary<string, Role> ByName = Enum.GetValues<Role>()
        .SelectMany(role => new[] { $"{role}", $"{role}".Replace("Referrals", "Referral", StringComparison.Ordinal) }
            .Select(name => (name, role)))
        .DistinctBy(r => r.name)
        .ToDictionary(r => r.name, r => r.role, StringComparer.OrdinalIgnoreCase);

    /// <summary>As the documents write it: <c>Referrals admin</c>.</summary>
    public static string Write(Role role) => string.Concat(
        $"{role}".Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));

    public static IEnumerable<string> All => Enum.GetValues<Role>().Select(Write);

    public static Role? Read(string? name) =>
        name is not null && ByName.TryGetValue(string.Concat(name.Where(char.IsLetter)), out var role) ? role : null;
}

using System.Text;
using System.Text.RegularExpressions;
using Tandem.Server.Tests.Http;

namespace Tandem.Server.Tests;

/// <summary>Which rule of the contract is shown by which test, from the numbers that the tests cite.</summary>
public sealed partial class ContractCoverageTests
{
    // The rules that this server implements so far: the Referrals API (R, T), the business rules that act on it (B), and
    // the webhooks (W).
    private static readonly IReadOnlyList<string> Rules =
    [
        .. Numbers('R', 1, 109), .. Numbers('T', 1, 9),
        .. Numbers('B', 1, 41), .. Numbers('B', 44, 49), .. Numbers('B', 51, 64),
        .. Numbers('W', 1, 43),
    ];

    // Rules that no test can cite, each with its reason.
    private static readonly Dictionary<string, string> NotCovered = new()
    {
        ["R11"] = "Facts for configuring clients; nothing for the server to do.",
        ["W35"] = "What receivers must be told that check the certificate's issuer; docs/webhooks.md says it.",
        ["R106"] = "Conditional-access refusals of the original service; a compatible server need not produce them.",
    };

    [Fact]
    public void Every_rule_is_cited_by_a_test_or_its_absence_is_explained()
    {
        var cited = Cited();
        var missing = Rules.Where(r => !cited.ContainsKey(r) && !NotCovered.ContainsKey(r)).ToList();
        Assert.True(missing.Count == 0, $"No test cites {string.Join(", ", missing)}.");
        Repository.CheckGenerated("docs/contract-coverage.md", Document(cited));
    }

    private static string Document(SortedDictionary<string, SortedSet<string>> cited)
    {
        var text = new StringBuilder(
            """
            # Contract coverage

            Which rule of the wire contract is shown by which test. Generated from the rule numbers that the tests cite
            (`eng/generate.sh`); a rule without a test, or a test that is gone, fails the build.

            R: Referrals API. T: status machine. B: roles, visibility and business rules. W: webhooks.

            | Rule | Tests |
            | --- | --- |

            """);
        foreach (var rule in Rules.Where(cited.ContainsKey))
            text.Append("| ").Append(rule).Append(" | ").Append(string.Join(", ", cited[rule].Select(t => $"`{t}`"))).Append(" |\n");
        text.Append("\n## Not covered\n\n");
        foreach (var (rule, why) in NotCovered.Where(n => !cited.ContainsKey(n.Key)))
            text.Append("- **").Append(rule).Append("**: ").Append(why).Append('\n');
        return text.ToString().ReplaceLineEndings("\n");
    }

    private static SortedDictionary<string, SortedSet<string>> Cited()
    {
        var cited = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        var folder = Path.Combine(Repository.Root, "tests", "Tandem.Server.Tests");
        foreach (var file in Directory.EnumerateFiles(folder, "*Tests.cs", SearchOption.AllDirectories).Where(f => !f.EndsWith("ContractCoverageTests.cs", StringComparison.Ordinal)))
        {
            // A number in a comment belongs to the test method that it stands in, above, or at the head of.
            var lines = File.ReadAllLines(file);
            for (var i = 0; i < lines.Length; i++)
            {
                var comment = lines[i].IndexOf("//", StringComparison.Ordinal);
                if (comment < 0 || lines[i].Contains("///", StringComparison.Ordinal))
                    continue;
                foreach (Match match in RuleNumber().Matches(lines[i][comment..]))
                {
                    if (!cited.TryGetValue(match.Value, out var tests))
                        cited[match.Value] = tests = new SortedSet<string>(StringComparer.Ordinal);
                    tests.Add($"{Path.GetFileNameWithoutExtension(file)}.{MethodAt(lines, i)}");
                }
            }
        }

        return cited;
    }

    private static string MethodAt(string[] lines, int line)
    {
        // An attribute's comment stands above its method.
        if (lines[line].TrimStart().StartsWith('['))
        {
            for (var i = line; i < lines.Length; i++)
            {
                if (Method().Match(lines[i]) is { Success: true } below)
                    return below.Groups[1].Value;
            }
        }

        for (var i = line; i >= 0; i--)
        {
            if (Method().Match(lines[i]) is { Success: true } above)
                return above.Groups[1].Value;
        }

        for (var i = line; i < lines.Length; i++)
        {
            if (Method().Match(lines[i]) is { Success: true } below)
                return below.Groups[1].Value;
        }

        return "?";
    }

    private static IEnumerable<string> Numbers(char kind, int from, int to) =>
        Enumerable.Range(from, to - from + 1).Select(n => $"{kind}{n}");

    [GeneratedRegex(@"\b[RTBW]\d{1,3}\b")]
    private static partial Regex RuleNumber();

    [GeneratedRegex(@"^    public (?:async )?(?:Task|void) (\w+_\w+)\(")]
    private static partial Regex Method();
}

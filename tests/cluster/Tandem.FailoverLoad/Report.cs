using System.Text;

namespace Tandem.FailoverLoad;

/// <summary>One kill, in times since the load began.</summary>
internal sealed record Kill(int Number, string Node, Death Death, TimeSpan At, TimeSpan Promoted, TimeSpan Whole)
{
    /// <summary>How long there is a new primary, beside a host that takes connections and does not answer.</summary>
    public static readonly TimeSpan BesideHung = TimeSpan.FromSeconds(20);
}

/// <summary>The figures of a run, as the page of the documentation shows them.</summary>
internal static class Report
{
    private const string Marker = "<!-- results -->";

    public static string Text(
        IReadOnlyList<Kill> kills, Tally tally, IReadOnlyList<(string Rule, long Exceptions)> rules, bool allRun, TimeSpan lasted)
    {
        var text = new StringBuilder();
        Line($"{TimeProvider.System.GetLocalNow():yyyy-MM-dd}, {Environment.ProcessorCount} cores for everything, .NET {Environment.Version}; "
            + $"{kills.Count(k => k.Death != Death.Hanging)} kills and {kills.Count(k => k.Death == Death.Hanging)} hangs in {lasted.TotalMinutes:0} minutes.");
        Line("");
        Line("| | What happened | New primary | Longest time without an acknowledged write | … without a read | Whole again | 503, not stored | 503, outcome unknown | No answer |");
        Line("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var kill in kills)
        {
            var until = kill.Number == kills.Count ? TimeSpan.MaxValue : kills[kill.Number].At;
            Line($"| {kill.Number} | {kill.Node}: {Name(kill.Death)} "
                + $"| {Seconds(kill.Promoted - kill.At)} | {Seconds(WriteGap(kill))} | {Seconds(ReadGap(kill))} | {Seconds(kill.Whole - kill.At)} "
                + $"| {Tally.Count(tally.Refused, kill.At, until)} | {Tally.Count(tally.Unknown, kill.At, until)} "
                + $"| {Tally.Count(tally.Unanswered, kill.At, until)} |");
        }

        Line("");
        foreach (var death in Enum.GetValues<Death>())
        {
            var some = kills.Where(k => k.Death == death).ToList();
            if (some.Count == 0)
                continue;
            Line($"- {some.Count} times {Name(death)}: without writes {Spread(some.Select(WriteGap))}, without reads {Spread(some.Select(ReadGap))}.");
        }

        foreach (var hung in kills.Where(k => k.Death == Death.Hanging))
        {
            Line($"- While {hung.Node} hung beside its successor: {Tally.Count(tally.Writes, hung.Promoted, hung.Promoted + Kill.BesideHung)} writes and "
                + $"{Tally.Count(tally.Reads, hung.Promoted, hung.Promoted + Kill.BesideHung)} reads in {Seconds(Kill.BesideHung)}.");
        }

        Line($"- Acknowledged: {tally.Created.Count:N0} creations and {tally.Acknowledged.Count - tally.Created.Count:N0} updates; "
            + $"{tally.Reads.Count:N0} reads answered.");
        Line($"- Answered 503: {tally.Refused.Count:N0} with nothing stored, {tally.Unknown.Count:N0} with an unknown outcome; "
            + $"{tally.Unanswered.Count:N0} without an answer.");
        Line($"- Sent again after an unknown outcome: {tally.CreatedAgain:N0} creations with the same key, and {tally.UpdatedAgain:N0} updates, of which "
            + $"{tally.WereStored:N0} were answered 412, having been stored the first time.");
        Line($"- Other answers than 503, or without Retry-After or the error's body: {tally.Faults.Count:N0}.");
        Line($"- Both servers ran from the first request to the last: {(allRun ? "yes" : "**no**")}.");
        foreach (var (rule, exceptions) in rules)
            Line($"- {char.ToUpperInvariant(rule[0])}{rule[1..]}: {exceptions:N0}.");
        return text.ToString();

        TimeSpan WriteGap(Kill kill) => Tally.Gap(tally.Writes, kill.At, kill.Whole);
        TimeSpan ReadGap(Kill kill) => Tally.Gap(tally.Reads, kill.At, kill.Whole);
        void Line(string line) => text.AppendLine(line);
    }

    /// <summary>Puts the figures between the markers of a page.</summary>
    public static async Task Insert(string page, string text)
    {
        var parts = (await File.ReadAllTextAsync(page)).Split(Marker);
        if (parts.Length != 3)
            throw new InvalidOperationException($"{page} needs two lines {Marker}, between which the results go.");
        await File.WriteAllTextAsync(page, $"{parts[0]}{Marker}\n\n{text}\n{Marker}{parts[2]}");
    }

    private static string Name(Death death) => death switch
    {
        Death.Postmaster => "postmaster killed",
        Death.Machine => "machine lost",
        Death.Hanging => "machine hung",
    };

    private static string Spread(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Order().ToList();
        return $"p50 {Seconds(sorted[(sorted.Count - 1) / 2])}, most {Seconds(sorted[^1])}";
    }

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.0} s";
}

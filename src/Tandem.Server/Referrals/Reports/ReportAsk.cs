using System.Globalization;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;
using Tandem.Server.Referrals.Query;

namespace Tandem.Server.Referrals.Reports;

/// <summary>Into what steps of time a report is cut.</summary>
internal enum ReportStep
{
    /// <summary>From Monday on (ISO 8601).</summary>
    Week,
    Month,
    Quarter,
}

/// <summary>What a report is asked for: the options of the request, read and checked.</summary>
/// <param name="Filter">Which referrals; null for all.</param>
/// <param name="Partner">See <see cref="PartnerOption"/>; null for all.</param>
/// <param name="From">First moment of the period, in microseconds; null for no beginning.</param>
/// <param name="Before">First moment behind the period; null for no end.</param>
/// <param name="Step">Null for the whole period at once.</param>
internal sealed record ReportAsk(ReferralFilter? Filter, string? Partner, long? From, long? Before, ReportStep? Step)
{
    /// <summary>Names the form of the answer, for browsers, which cannot choose what they accept.</summary>
    public const string Format = "format";

    private const string DayForm = "yyyy-MM-dd";
    private const long Day = 24L * 60 * 60 * 1_000_000;

    private static readonly string[] Options = ["$filter", PartnerOption.Name, "from", "to", "by", Format];

    // An option that is misspelt and passed over would give a number that is wrong and looks right.
    public static Outcome<ReportAsk> Parse(IQueryCollection options)
    {
        var faults = options.Keys.Where(o => !Options.Contains(o, StringComparer.OrdinalIgnoreCase)).Select(Unknown)
            .Concat(options.Where(o => o.Value.Count > 1).Select(o => Refuse(o.Key, $"{Name(o.Key)} is given {o.Value.Count} times; give it once.")))
            .ToList();
        if (faults.Count > 0)
            return Refusal.All(faults);

        ReferralFilter? filter = null;
        if (Value("$filter") is { } condition && !ReferralFilter.Parse(condition).Succeeded(out filter, out var refusal))
            faults.Add(refusal);
        if (PartnerOption.Read(options[PartnerOption.Name], out var partner) is { } noPartner)
            faults.Add(noPartner);
        var from = ReadDay("from");
        var to = ReadDay("to");
        ReportStep? step = null;
        if (Value("by") is { } by)
        {
            step = Enum.GetValues<ReportStep>().Where(s => s.ToString().Equals(by, StringComparison.OrdinalIgnoreCase)).Select(s => (ReportStep?)s).FirstOrDefault();
            if (step is null)
                faults.Add(Refuse("by", "by must be week, month or quarter; leave it out for the whole period at once."));
        }

        if (faults.Count == 0 && from > to)
            faults.Add(Refuse("from", "from is later than to; exchange them. Both days belong to the period."));
        return faults.Count > 0 ? Refusal.All(faults) : new ReportAsk(filter, partner, from, to + Day, step);

        string? Value(string name) => options[name].ToString().Trim() is { Length: > 0 } value ? value : null;

        long? ReadDay(string name)
        {
            if (Value(name) is not { } text)
                return null;
            if (DateOnly.TryParseExact(text, DayForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
                return WireTime.ToUnixMicroseconds(new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero));
            faults.Add(Refuse(name, $"{name} must be a day such as {name}=2026-03-24; it begins and ends in UTC."));
            return null;
        }
    }

    private static Refusal Unknown(string option)
    {
        var nearest = Spelling.Nearest(option, Options) is { } known ? $"did you mean {known}? " : "";
        return Refuse(option, $"The option is not known; {nearest}A report takes {string.Join(", ", Options)}.");
    }

    private static Refusal Refuse(string option, string message) => Refusal.Invalid(Name(option), "invalidValue", message);

    private static string Name(string option) => option.Length <= 60 ? option : option[..60];
}

using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Tandem.Client;
using Tandem.Contracts.Referrals;

namespace Tandem.Web.Pipeline;

/// <summary>
/// What the person chose to see. It is what stands in the address, so that a bookmark, the back button and a colleague who
/// gets the link all see the same; what makes no sense there is left out.
/// </summary>
public sealed class PipelineQuery
{
    public const string Search = "q";
    public const string Status = "status";
    public const string Stage = "stage";
    public const string Type = "type";
    public const string Qualification = "qualification";
    public const string Direction = "direction";
    public const string Least = "min";
    public const string Most = "max";
    public const string ClosesFrom = "from";
    public const string ClosesTo = "to";
    public const string Country = "country";
    public const string Owner = "owner";
    public const string Partner = "partner";
    public const string Solution = "solution";
    public const string InvitedBy = "invitedBy";
    public const string Currency = "currency";
    public const string CreatedFrom = "createdFrom";
    public const string CreatedTo = "createdTo";
    public const string ClosedFrom = "closedFrom";
    public const string ClosedTo = "closedTo";
    public const string View = "view";
    public const string Sort = "sort";
    public const string Columns = "columns";
    public const string Opened = "open";
    public const string Page = "page";

    /// <summary>As <see cref="Partner"/> and <see cref="Solution"/>: deals that have none.</summary>
    public const string None = ReferralQuery.NoPartner;

    /// <summary>The day's form in an address and in a condition.</summary>
    public const string DayFormat = "yyyy-MM-dd";

    /// <summary>Letters that a search begins with.</summary>
    public const int FewestLetters = 3;

    /// <summary>Letters that a text of the filter has at most.</summary>
    public const int MostLetters = 100;

    private const string Path = "pipeline";
    private const string Board = "board";
    private const string Solutions = "details/requirements/solutions";

    // Everything that narrows the list; the others say how it is shown.
    private static readonly string[] Narrowing =
    [
        Search, Status, Stage, Type, Qualification, Direction, Least, Most, ClosesFrom, ClosesTo, Country, Owner,
        Partner, Solution, InvitedBy, Currency, CreatedFrom, CreatedTo, ClosedFrom, ClosedTo,
    ];

    private static readonly string[] Known = [.. Narrowing, View, Sort, Columns, Opened, Page];

    private readonly ImmutableSortedDictionary<string, string> _choices;

    private PipelineQuery(ImmutableSortedDictionary<string, string> choices) => _choices = choices;

    /// <summary>States to choose from: the open ones by their status, the closed ones by their outcome.</summary>
    public static IReadOnlyList<string> States { get; } = ["New", "Active", "Won", "Lost", "Declined", "Expired", "Error"];

    /// <summary>Everything there is.</summary>
    public static PipelineQuery Everything { get; } = new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));

    /// <summary>The partner, in the API's terms: an option of its own beside the condition. Null for whoever it is.</summary>
    public string? PartnerId => this[Partner] is { Length: > 0 } partner ? partner : null;

    public bool IsBoard => this[View] == Board;

    public bool IsNarrowed => Narrowing.Any(_choices.ContainsKey);

    /// <summary>Whether nothing was chosen at all.</summary>
    public bool IsPlain => _choices.Count == 0;

    public int PageNumber => int.TryParse(this[Page], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 1_000_000
        ? number
        : 1;

    /// <summary>The address of the page that shows it, from the base address on.</summary>
    public string Address => IsPlain
        ? Path
        : $"{Path}?{string.Join('&', _choices.Select(c => $"{c.Key}={Uri.EscapeDataString(c.Value).Replace("%2C", ",", StringComparison.Ordinal)}"))}";

    /// <summary>What was chosen under a name; empty for nothing.</summary>
    public string this[string name] => _choices.GetValueOrDefault(name, "");

    public static PipelineQuery Parse(Uri address) => new(QueryHelpers.ParseQuery(address.Query)
        .Where(c => Known.Contains(c.Key) && !string.IsNullOrWhiteSpace(c.Value))
        .ToImmutableSortedDictionary(c => c.Key, c => Shorten(c.Key, c.Value.ToString().Trim()), StringComparer.Ordinal));

    /// <summary>Another choice under a name; null for none. Whatever changes, the list begins at its first page.</summary>
    public PipelineQuery With(string name, string? value)
    {
        var others = _choices.Remove(Page).Remove(name);
        return new(string.IsNullOrWhiteSpace(value) ? others : others.Add(name, Shorten(name, value.Trim())));
    }

    public PipelineQuery OnPage(int number) => number <= 1
        ? With(Page, null)
        : With(Page, number.ToString(CultureInfo.InvariantCulture));

    public PipelineQuery InView(bool board) => With(View, board ? Board : null);

    public PipelineQuery WithoutFilter() => new(_choices.RemoveRange(Narrowing).Remove(Page));

    public IReadOnlyList<string> List(string name) =>
        this[name].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public bool Has(string name, string value) => List(name).Contains(value);

    /// <summary>Takes a value into a list of choices, or out of it.</summary>
    public PipelineQuery Toggle(string name, string value) => With(name, string.Join(',', Has(name, value)
        ? List(name).Where(v => v != value)
        : List(name).Append(value)));

    /// <summary>The condition, in the API's terms; null when everything is shown.</summary>
    public string? Filter()
    {
        var conditions = new List<string>();
        AddAny(conditions, List(Status).Where(States.Contains).Select(state => state is "New" or "Active" ? $"status eq '{state}'" : $"substatus eq '{state}'"));
        AddAny(conditions, BoardColumn.All.Where(c => c.Stage is not null && Has(Stage, c.Stage)).Select(c => c.StageFilter));
        AddNames<ReferralType>(conditions, Type);
        AddNames<ReferralQualification>(conditions, Qualification);
        AddNames<ReferralDirection>(conditions, Direction);
        if (Number(Least) is { } least)
            conditions.Add($"details/dealValue ge {least}");
        if (Number(Most) is { } most)
            conditions.Add($"details/dealValue le {most}");
        AddPeriod(conditions, "details/closingDateTime", ClosesFrom, ClosesTo);
        AddPeriod(conditions, "createdDateTime", CreatedFrom, CreatedTo);
        AddPeriod(conditions, "closedDateTime", ClosedFrom, ClosedTo);
        if (this[Solution] is { Length: > 0 } solution)
            conditions.Add(SolutionFilter(solution));
        if (this[InvitedBy] is { Length: > 0 } inviter)
            conditions.Add($"inviteContext/invitedBy/organizationId eq {ReferralQuery.Quote(inviter)}");
        if (this[Currency] is { Length: > 0 } currency)
            conditions.Add($"details/currency eq {ReferralQuery.Quote(currency)}");
        if (this[Country] is { Length: > 0 } country)
            conditions.Add($"customerProfile/address/country eq {ReferralQuery.Quote(country)}");
        if (this[Owner] is { Length: > 0 } owner)
            conditions.Add($"team/any(t: {Contains(owner, "t/email", "t/firstName", "t/lastName")})");
        if (this[Search] is { Length: >= FewestLetters } text)
        {
            var search = Contains(text, "name", "customerProfile/name", "externalReferenceId", "details/notes");
            conditions.Add(Guid.TryParse(text, out var id) ? $"({search} or id eq {id})" : $"({search})");
        }

        return conditions.Count == 0 ? null : string.Join(" and ", conditions);
    }

    /// <summary>The condition that a deal has a solution; or has none, for <see cref="None"/>.</summary>
    internal static string SolutionFilter(string solution) => solution == None
        ? $"not {Solutions}/any()"
        : $"{Solutions}/any(s: s/id eq {ReferralQuery.Quote(solution)})";

    private static string Contains(string text, params IEnumerable<string> paths) =>
        string.Join(" or ", paths.Select(p => $"contains({p},{ReferralQuery.Quote(text)})"));

    private static void AddAny(List<string> conditions, IEnumerable<string> alternatives)
    {
        if (string.Join(" or ", alternatives) is { Length: > 0 } any)
            conditions.Add($"({any})");
    }

    private void AddNames<T>(List<string> conditions, string name)
        where T : struct, Enum =>
        AddAny(conditions, List(name).Where(v => Enum.GetNames<T>().Contains(v)).Select(v => $"{name} eq '{v}'"));

    private string? Number(string name) => decimal.TryParse(this[name], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        ? number.ToString(CultureInfo.InvariantCulture)
        : null;

    private void AddPeriod(List<string> conditions, string property, string first, string last)
    {
        if (Day(first, 0) is { } from)
            conditions.Add($"{property} ge {from}");
        if (Day(last, 1) is { } dayAfter)
            conditions.Add($"{property} lt {dayAfter}");
    }

    // Days have no end in the contract: up to a day means before the next one.
    private string? Day(string name, int later) =>
        DateOnly.TryParseExact(this[name], DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year < DateOnly.MaxValue.Year
            ? day.AddDays(later).ToString(DayFormat, CultureInfo.InvariantCulture)
            : null;

    private static string Shorten(string name, string value)
    {
        // Neither a list of choices nor an id is ever cut in the middle.
        var most = name is Search or Country or Owner ? MostLetters : 400;
        return value.Length <= most ? value : value[..most];
    }
}

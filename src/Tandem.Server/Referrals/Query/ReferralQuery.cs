using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Primitives;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Feed;

namespace Tandem.Server.Referrals.Query;

/// <summary>The SQL pieces of a list over <c>referrals r</c>.</summary>
/// <param name="Filter">Condition of <c>$filter</c>, which alone counts (R58); null when there is none.</param>
/// <param name="After">The rows behind the last page; null on the first page.</param>
/// <param name="OrderBy">What stands behind ORDER BY.</param>
/// <param name="Keys">Expressions to select, from which <see cref="ReferralOrder.ReadPosition"/> reads a row's position.</param>
/// <param name="Parameters">Parameters of all pieces together.</param>
internal sealed record QuerySql(
    string? Filter, string? After, string OrderBy, IReadOnlyList<string> Keys, IReadOnlyList<QueryParameter> Parameters);

/// <summary>The options of a list, read and checked (R57–R66).</summary>
internal sealed class ReferralQuery
{
    /// <summary>Elements of a page (R59).</summary>
    public const int LargestPage = 100;

    private static readonly string[] Options =
        ["$filter", "$orderby", "$select", "$top", "$skip", "$count", "$expand", "$skiptoken"];

    private string? _orderText;
    private string? _selectText;

    private ReferralQuery()
    {
    }

    public ReferralFilter? Filter { get; private set; }

    public ReferralOrder Order { get; private set; } = ReferralOrder.Default;

    /// <summary>What to show; null for everything.</summary>
    public SelectTree? Select { get; private set; }

    /// <summary>How many elements are still to be delivered, over all pages (R61); null for all there are.</summary>
    public long? Top { get; private set; }

    /// <summary>Rows to leave out before the first one; 0 behind a <c>$skiptoken</c>.</summary>
    public long Skip { get; private set; }

    /// <summary>Whether the answer carries <c>@odata.count</c> (R58).</summary>
    public bool Count { get; private set; } = true;

    /// <summary>The last row that was shown; null on the first page.</summary>
    public IReadOnlyList<object?>? Position { get; private set; }

    /// <summary>Since when changes are tracked, on the pages behind a first one that began it.</summary>
    public Tracking? Tracking { get; private set; }

    /// <summary>
    /// A part of a list has no changes of its own: the next row may move up (OData 4.01, 11.4). Nor has a partner's: he
    /// joins and leaves without a change of the referral.
    /// </summary>
    public bool CanBeTracked => Top is null && Skip == 0 && Position is null && Partner is null;

    public string? SelectText => _selectText;

    /// <summary>Elements of this page. The store reads one more to see whether another page follows.</summary>
    public int PageSize => (int)Math.Min(LargestPage, Top ?? LargestPage);

    /// <summary>Whose work on them narrows the list; null when it is not asked for.</summary>
    public string? Partner { get; private set; }

    /// <summary>Whether the list holds other parties' referrals too (R57), in the restricted view (B14).</summary>
    public bool ReachesOtherParties => Filter is { FixesParty: true } && Partner is null;

    public static Outcome<ReferralQuery> Parse(IQueryCollection options, SkipTokens tokens, Caller caller)
    {
        // R60: what stands beside the token is ignored.
        if (options.TryGetValue("$skiptoken", out var token))
            return token is [{ } single] ? Continue(single, tokens, caller) : SkipTokens.Refuse();

        var query = new ReferralQuery();
        var faults = new List<Refusal>();
        foreach (var (name, values) in options)
        {
            if (name.StartsWith('$') && query.Read(name, values) is { } fault)
                faults.Add(fault);
        }

        if (options.TryGetValue(PartnerOption.Name, out var sent))
        {
            if (PartnerOption.Read(sent, out var partner) is { } fault)
                faults.Add(fault);
            query.Partner = partner;
        }

        return faults.Count == 0 ? query : Refusal.All(faults);
    }

    /// <summary>
    /// The <c>$skiptoken</c> of the next page; null when <c>$top</c> is used up. Asked for only when more rows remain.
    /// </summary>
    /// <param name="position">Position of the last row of this page.</param>
    /// <param name="delivered">Elements of this page.</param>
    public string? NextToken(
        SkipTokens tokens, Caller caller, IReadOnlyList<object?> position, int delivered, Tracking? tracking = null)
    {
        var remaining = Top - delivered;
        return remaining <= 0
            ? null
            : tokens.Write(caller, new(Filter?.Text, _orderText, _selectText, Partner, Count, remaining, [], tracking), position);
    }

    /// <summary>The question of a delta: what a list was asked for; null when it is no longer understood.</summary>
    public static ReferralQuery? Of(string? filter, string? select)
    {
        var query = new ReferralQuery { Count = false };
        return (filter is null || query.Read("$filter", filter) is null) && (select is null || query.Read("$select", select) is null)
            ? query
            : null;
    }

    /// <summary>The statement's pieces, for the database in use.</summary>
    public QuerySql Sql(QueryDialect dialect, Caller caller)
    {
        var restricted = ReachesOtherParties;
        var filter = Filter?.Sql(dialect);
        var after = Position is null ? null : Order.After(dialect, restricted, Position);
        var order = Order.OrderBy(dialect, restricted);
        List<QueryParameter> parameters =
            [.. Filter?.Parameters(dialect) ?? [], .. Position is null ? [] : ReferralOrder.Parameters(dialect, Position)];
        if (Asks(filter) || Asks(order))
            parameters.Add(new(FilterSql.CallerParameter, caller.OrganizationId));
        return new(filter, after, order, Order.Expressions(dialect, restricted), parameters);
    }

    private static bool Asks(string? sql) =>
        sql is not null && sql.Contains(FilterSql.CallerParameter, StringComparison.Ordinal);

    private static Outcome<ReferralQuery> Continue(string token, SkipTokens tokens, Caller caller)
    {
        if (!tokens.Read(caller, token).Succeeded(out var continuation, out var refusal))
            return refusal;

        var query = new ReferralQuery
        {
            Count = continuation.Count,
            Top = continuation.Top,
            Partner = continuation.Partner,
            Tracking = continuation.Tracking,
        };
        // A token of an older version may no longer be understood; it is then as unknown as any other.
        if ((continuation.Filter is { } filter && query.Read("$filter", filter) is not null)
            || (continuation.OrderBy is { } order && query.Read("$orderby", order) is not null)
            || (continuation.Select is { } select && query.Read("$select", select) is not null)
            || query.ReadPosition(continuation.Position) is not { } position)
        {
            return SkipTokens.Refuse();
        }

        query.Position = position;
        return query;
    }

    private Refusal? Read(string name, StringValues values)
    {
        var option = name.ToLowerInvariant();
        if (!Options.Contains(option))
        {
            var nearest = Spelling.Nearest(option, Options) is { } known ? $"did you mean {known}? " : "";
            return Refusal.Invalid(name.Length <= 60 ? name : name[..60], "invalidValue",
                $"The query option is not known; {nearest}Known are {string.Join(", ", Options)}.");
        }

        if (values is not [{ } value])
            return Refusal.Invalid(option, "invalidValue", $"{option} is given {values.Count} times; give it once.");
        switch (option)
        {
            case "$filter":
                if (ReferralFilter.Parse(value).Succeeded(out var filter, out var refusal))
                    Filter = filter;
                return refusal;
            case "$orderby":
                if (ReferralOrder.Parse(value).Succeeded(out var order, out refusal))
                    (Order, _orderText) = (order, value);
                return refusal;
            case "$select":
                refusal = SelectTree.Parse(value, out var select);
                (Select, _selectText) = (select, value);
                return refusal;
            case "$top":
                Top = ReadNumber(option, value, out refusal);
                return refusal;
            case "$skip":
                Skip = ReadNumber(option, value, out refusal);
                return refusal;
            case "$count":
                if (!bool.TryParse(value, out var count))
                    return Refusal.Invalid(option, "invalidValue", "$count must be true or false.");
                Count = count;
                return null;
            default:
                // $expand: everything is inline already.
                return null;
        }
    }

    // More than fits is as good as all there is.
    private static long ReadNumber(string option, string value, out Refusal? refusal)
    {
        var digits = value.Trim();
        refusal = digits.Length is > 0 and <= 30 && digits.All(char.IsAsciiDigit)
            ? null
            : Refusal.Invalid(option, "invalidValue", $"{option} must be a whole number from 0 on, such as {option}=10.");
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? Math.Min(number, int.MaxValue)
            : int.MaxValue;
    }

    private object?[]? ReadPosition(IReadOnlyList<JsonElement> values)
    {
        if (values.Count != Order.Keys.Count)
            return null;
        var position = new object?[values.Count];
        for (var i = 0; i < position.Length; i++)
        {
            var value = values[i];
            position[i] = (Order.Keys[i].Path.Kind, value.ValueKind) switch
            {
                (_, JsonValueKind.Null) => null,
                (ContractKind.Number, JsonValueKind.Number) => value.GetDouble(),
                (ContractKind.Time, JsonValueKind.Number) => value.GetInt64(),
                (ContractKind.Boolean, JsonValueKind.True or JsonValueKind.False) => value.GetBoolean(),
                (ContractKind.Guid, JsonValueKind.String) => value.GetGuid(),
                (ContractKind.Text or ContractKind.Enumeration, JsonValueKind.String) => value.GetString(),
                _ => null,
            };
            if (position[i] is null && value.ValueKind != JsonValueKind.Null)
                return null;
        }

        return position;
    }
}

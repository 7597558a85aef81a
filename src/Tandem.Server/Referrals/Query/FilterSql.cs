using System.Globalization;
using Tandem.Contracts.Reading;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Query;

/// <summary>
/// Writes conditions as SQL over <c>referrals r</c>. A statement is true exactly where the condition is; where it is not,
/// it may be false or unknown, which a WHERE treats alike, so plain comparisons stay plain and an index can serve them.
/// <c>NOT</c> is written <c>IS NOT TRUE</c>, which turns both into true.
/// </summary>
/// <param name="restricted">
/// Rows of other organizations are among the rows: what the caller does not see there counts as its empty value (B14),
/// or he could find it out by asking.
/// </param>
internal sealed class FilterSql(QueryDialect dialect, bool restricted)
{
    /// <summary>The organization that asks.</summary>
    public const string CallerParameter = "@caller";

    private static readonly string[] CompareOperators = ["=", "<>", ">", ">=", "<", "<="];

    public static string ParameterName(int slot) => string.Create(CultureInfo.InvariantCulture, $"@f{slot}");

    public string Write(Condition condition) => condition switch
    {
        Condition.Constant constant => constant.Value ? "1 = 1" : "1 = 0",
        Condition.And and => $"({Write(and.Left)} AND {Write(and.Right)})",
        Condition.Or or => $"({Write(or.Left)} OR {Write(or.Right)})",
        Condition.Not not => $"(({Write(not.Inner)}) IS NOT TRUE)",
        Condition.Comparison comparison => WriteComparison(comparison),
        Condition.OneOf oneOf => WriteOneOf(oneOf),
        Condition.TextTest test => dialect.Test(test.Kind, AsText(test.Text), AsText(test.Part)),
        Condition.Truth truth => $"({Write(truth.Value)})",
        Condition.Any any => WriteAny(any),
        _ => throw new InvalidOperationException($"{condition.GetType()} has no SQL."),
    };

    public string Write(Operand operand) => operand switch
    {
        Operand.Literal literal => ParameterName(literal.Slot),
        Operand.Boolean boolean => boolean.Value ? "TRUE" : "FALSE",
        Operand.Property property => WriteProperty(property.Path),
        Operand.Count count => WriteCount(count.List),
        Operand.Call call => dialect.Call(call.Function,
            [.. call.Arguments.Select(a => call.Function < FilterFunction.Year ? AsText(a) : Write(a))]),
        Operand.Predicate predicate => $"(({Write(predicate.Condition)}) IS TRUE)",
        _ => throw new InvalidOperationException($"{operand.GetType()} has no SQL."),
    };

    /// <summary>Whether a property may be null as the caller sees it.</summary>
    public bool IsNullable(ReferralPath path) => path.Column is not { IsNullable: false } || (IsGuarded(path) && Empty(path) == "NULL");

    public string WriteProperty(ReferralPath path)
    {
        var value = path.Column is { } column
            ? $"r.{column.Name}"
            : dialect.Scalar(Source(path.Scope), path.Properties.Select(p => p.Name), path.Kind);
        return IsGuarded(path) ? $"CASE WHEN {Guard(path.Sight)} THEN {value} ELSE {Empty(path)} END" : value;
    }

    private string WriteComparison(Condition.Comparison comparison)
    {
        var (comparer, left, right) = comparison;
        if (left is Operand.Null || right is Operand.Null)
        {
            var value = Write(left is Operand.Null ? right : left);
            return $"({value}) IS {(comparer == Comparer.Equal ? "" : "NOT ")}NULL";
        }

        var (first, second) = (Write(left), Write(right));
        var isText = left.Kind is ContractKind.Text or ContractKind.Enumeration;
        switch (comparer)
        {
            // Two nulls are equal, and null differs from every value.
            case Comparer.Equal when MayBeNull(left) && MayBeNull(right):
                return $"({first}) IS NOT DISTINCT FROM ({second})";
            case Comparer.NotEqual when MayBeNull(left) || MayBeNull(right):
                return $"({first}) IS DISTINCT FROM ({second})";
            case not (Comparer.Equal or Comparer.NotEqual) when isText:
                (first, second) = (dialect.Ordered(first), dialect.Ordered(second));
                break;
        }

        return $"{first} {CompareOperators[(int)comparer]} {second}";
    }

    private string WriteOneOf(Condition.OneOf oneOf)
    {
        var left = Write(oneOf.Left);
        var among = oneOf.Items.Count == 0 ? "1 = 0" : $"{left} IN ({string.Join(", ", oneOf.Items.Select(Write))})";
        return oneOf.OrNull ? $"({among} OR ({left}) IS NULL)" : among;
    }

    private string WriteAny(Condition.Any any)
    {
        var exists = MemberLookup(any) ?? $"EXISTS (SELECT 1 FROM {Elements(any)}"
            + (any.Where is null ? ")" : $" WHERE {Write(any.Where)})");
        return IsGuarded(any.List) ? $"({Guard(any.List.Sight)} AND {exists})" : exists;
    }

    private string Elements(Condition.Any any) => any.List is { Scope.Depth: 0, Text: ReferralPath.Solutions }
        ? dialect.Elements(dialect.Solutions, [], Alias(any.Element))
        : dialect.Elements(Source(any.List.Scope), Names(any.List), Alias(any.Element));

    // The one question that people ask all the time has an index: whose team is this person in? The member table has a
    // row for each member with an address; members without one are found in the document only.
    private string? MemberLookup(Condition.Any any)
    {
        int? side = any.List.Scope.Depth > 0 ? null : any.List.Text switch
        {
            "team" => ReferralMemberRow.TeamSide,
            "customerProfile/team" => ReferralMemberRow.CustomerSide,
            _ => null,
        };
        var test = any.Where switch
        {
            Condition.Comparison { Comparer: Comparer.Equal, Left: Operand.Property left, Right: Operand.Literal { IsEmpty: false } right }
                when IsEmail(left, any) => $"= {Write(right)}",
            Condition.Comparison { Comparer: Comparer.Equal, Left: Operand.Literal { IsEmpty: false } left, Right: Operand.Property right }
                when IsEmail(right, any) => $"= {Write(left)}",
            Condition.OneOf { OrNull: false, Left: Operand.Property left } oneOf
                when IsEmail(left, any) && oneOf.Items.All(i => i is Operand.Literal { IsEmpty: false }) => $"IN ({string.Join(", ", oneOf.Items.Select(Write))})",
            _ => null,
        };
        return side is null || test is null
            ? null
            : $"r.id IN (SELECT m.referral_id FROM referral_members m WHERE m.side = {side} AND m.email {test})";
    }

    private static bool IsEmail(Operand.Property property, Condition.Any any) =>
        property.Path.Text == "email" && property.Path.Scope.Depth == any.Element.Depth;

    private string WriteCount(ReferralPath list)
    {
        var count = dialect.Count(Source(list.Scope), Names(list));
        return IsGuarded(list) ? $"CASE WHEN {Guard(list.Sight)} THEN {count} ELSE 0 END" : count;
    }

    private string AsText(Operand operand) =>
        operand.Kind == ContractKind.Guid ? dialect.GuidAsText(Write(operand)) : Write(operand);

    private bool MayBeNull(Operand operand) => operand switch
    {
        Operand.Literal or Operand.Boolean or Operand.Predicate or Operand.Count => false,
        Operand.Property property => IsNullable(property.Path),
        _ => true,
    };

    private string Source(FilterScope scope) => scope.Depth == 0 ? dialect.Document : $"{Alias(scope)}.value";

    private static string Alias(FilterScope scope) => string.Create(CultureInfo.InvariantCulture, $"e{scope.Depth}");

    private static IEnumerable<string> Names(ReferralPath path) => path.Properties.Select(p => p.Name);

    private bool IsGuarded(ReferralPath path) => path.Sight == Sight.CustomerContacts || (restricted && path.Sight != Sight.Everyone);

    private string Guard(Sight sight) => sight switch
    {
        Sight.Owner => $"r.organization_id = {CallerParameter}",
        Sight.StatusReason => $"(r.organization_id = {CallerParameter} OR r.organization_id <> '{Organization.Microsoft}' "
            + $"OR NOT (r.substatus = 'Expired' OR (r.substatus = 'Declined' AND coalesce(r.deal_value, {Visibility.SmallDeal}) < {Visibility.SmallDeal})))",
        Sight.Team => $"(r.organization_id = {CallerParameter} OR r.organization_id <> '{Organization.Microsoft}' "
            + "OR r.substatus NOT IN ('Declined', 'Expired'))",
        // An expired lead shows its contacts to nobody (B17); others see them by consent and while it is not expired (B15).
        _ when restricted => $"((r.organization_id = {CallerParameter} OR (r.contacts_shared AND r.substatus <> 'Expired'))"
            + " AND NOT (r.is_lead AND r.substatus = 'Expired'))",
        _ => "NOT (r.is_lead AND r.substatus = 'Expired')",
    };

    // B14: null, false, or the default name. Names of enumerations are letters only.
    private static string Empty(ReferralPath path) => path.Last switch
    {
        { IsNullable: true } => "NULL",
        { Kind: ContractKind.Boolean } => "FALSE",
        { Kind: ContractKind.Enumeration } => $"'{path.Last.MemberNames.First()}'",
        _ => "NULL",
    };
}

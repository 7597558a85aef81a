using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.OData;
using Microsoft.OData.UriParser;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals.Query;

/// <summary>
/// Gives the OData library's syntax tree a meaning: names become properties of the contract, literals get the kind of
/// what they are compared with. The first thing that has no meaning is refused with its place.
/// </summary>
internal sealed partial class FilterBinder(FilterText text)
{
    /// <summary>The library counts nine levels for a parenthesis; <see cref="FilterText.DeepestNesting"/> comes first.</summary>
    public const int DeepestParse = 600;

    private const int DeepestLambda = 2;

    private const string Functions = "contains, startswith, endswith, tolower, toupper, trim, concat, length, indexof, "
        + "year, month, day, hour, minute, second";

    private int _nodes;
    private int _cursor;

    /// <summary>Why there is no meaning.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>The kind that each literal must have.</summary>
    public LiteralType[] LiteralTypes { get; } = new LiteralType[text.Literals.Count];

    /// <summary>The library's syntax error in our words: it would show the shape instead of what the client wrote.</summary>
    public static Refusal Explain(ODataException refused, FilterText text)
    {
        if (refused.Message.Contains("depth", StringComparison.Ordinal))
            return FilterText.Refuse(null, $"The filter is nested deeper than {FilterText.DeepestNesting} levels; write it flatter.");
        if (refused.Message.Contains("already been declared", StringComparison.Ordinal))
            return FilterText.Refuse(null, "A lambda inside another one needs a variable of its own: team/any(t: … any(u: u/…)).");

        var found = PositionForm().Match(refused.Message);
        if (!found.Success || !int.TryParse(found.ValueSpan, CultureInfo.InvariantCulture, out var index))
            return FilterText.Refuse(null, "The filter cannot be read: a bracket is not closed or a literal is malformed.");

        var position = text.PositionOf(index);
        var expected = refused.Message.StartsWith("Expression expected", StringComparison.Ordinal)
            ? "a property, value or condition is expected"
            : refused.Message.Contains("operator expected", StringComparison.Ordinal) || refused.Message.Contains("expected", StringComparison.Ordinal)
                ? "a closing parenthesis or an operator is expected"
                : "this cannot be read";
        return FilterText.Refuse(position,
            $"{expected}, near {text.Excerpt(position)}. A condition looks like status eq 'New' and details/dealValue gt 1000.");
    }

    public Condition? Bind(QueryToken token)
    {
        var condition = BindCondition(token, FilterScope.Referral);
        return Refusal is null ? condition : null;
    }

    private Condition? BindCondition(QueryToken token, FilterScope scope)
    {
        if (!Count())
            return null;

        switch (token)
        {
            case BinaryOperatorToken { OperatorKind: BinaryOperatorKind.And or BinaryOperatorKind.Or } both:
                return BindCondition(both.Left, scope) is { } left && BindCondition(both.Right, scope) is { } right
                    ? both.OperatorKind == BinaryOperatorKind.And ? new Condition.And(left, right) : new Condition.Or(left, right)
                    : null;
            case BinaryOperatorToken binary:
                return BindComparison(binary, scope);
            case UnaryOperatorToken { OperatorKind: UnaryOperatorKind.Not } not:
                return BindCondition(not.Operand, scope) is { } inner ? new Condition.Not(inner) : null;
            case InToken membership:
                return BindIn(membership, scope);
            case LambdaToken lambda:
                return BindLambda(lambda, scope);
            case FunctionCallToken call when TestOf(call.Name) is { } test:
                return BindTextTest(call, test, scope);
            case LiteralToken { Value: bool value }:
                return new Condition.Constant(value);
            case LiteralToken or FunctionCallToken or CountSegmentToken or EndPathToken or RangeVariableToken:
                return BindTruth(token, scope);
            default:
                return Unsupported(token);
        }
    }

    private Condition? BindTruth(QueryToken token, FilterScope scope)
    {
        if (BindOperand(token, scope) is not { } operand)
            return null;
        if (operand.Kind == ContractKind.Boolean)
            return operand is Operand.Predicate predicate ? predicate.Condition : new Condition.Truth(operand);
        var position = operand is Operand.Literal literal ? text.Literals[literal.Slot].Position : text.PositionOf(_cursor);
        return Refuse<Condition>(position, "this is a value and no condition; compare it with something, such as name eq 'Contoso'.");
    }

    private Condition? BindComparison(BinaryOperatorToken token, FilterScope scope)
    {
        Comparer? comparer = token.OperatorKind switch
        {
            BinaryOperatorKind.Equal => Comparer.Equal,
            BinaryOperatorKind.NotEqual => Comparer.NotEqual,
            BinaryOperatorKind.GreaterThan => Comparer.Greater,
            BinaryOperatorKind.GreaterThanOrEqual => Comparer.GreaterOrEqual,
            BinaryOperatorKind.LessThan => Comparer.Less,
            BinaryOperatorKind.LessThanOrEqual => Comparer.LessOrEqual,
            _ => null,
        };
        if (comparer is null)
            return Unsupported(token);

        // R65: email at top level means the owner's team.
        if (IsTeamEmail(token.Left) || IsTeamEmail(token.Right))
        {
            if (comparer != Comparer.Equal)
                return Refuse<Condition>(Locate("email"), "email alone is compared with eq or in; write team/any(t: t/email …).");
            return TeamEmail(element => Compare(Comparer.Equal,
                IsTeamEmail(token.Left) ? element : BindOperand(token.Left, scope),
                IsTeamEmail(token.Right) ? element : BindOperand(token.Right, scope)));
        }

        return Compare(comparer.Value, BindOperand(token.Left, scope), BindOperand(token.Right, scope));
    }

    private Condition? Compare(Comparer comparer, Operand? left, Operand? right)
    {
        if (left is null || right is null || Refusal is not null)
            return null;

        if (left is Operand.Null || right is Operand.Null)
        {
            // Nothing is greater or less than null.
            if (comparer is not (Comparer.Equal or Comparer.NotEqual))
                return new Condition.Constant(false);
            if (left is Operand.Literal or Operand.Null && right is Operand.Literal or Operand.Null)
                return Refuse<Condition>(text.PositionOf(_cursor), "compare a property with a value.");
            return new Condition.Comparison(comparer, left, right);
        }

        if (left is Operand.Literal { Kind: null } first && right is Operand.Literal { Kind: null })
            return Refuse<Condition>(text.Literals[first.Slot].Position, "compare a property with a value.");
        if (!TryType(ref left, right) || !TryType(ref right, left))
            return null;

        if (left.Kind != right.Kind)
        {
            return Refuse<Condition>(text.PositionOf(_cursor),
                $"{Describe(left)} cannot be compared with {Describe(right)}.");
        }

        if (left.Kind is ContractKind.Boolean or ContractKind.Enumeration && comparer is not (Comparer.Equal or Comparer.NotEqual))
        {
            return Refuse<Condition>(text.PositionOf(_cursor),
                $"{Describe(left is Operand.Property ? left : right)} is compared with eq, ne or in only.");
        }

        return new Condition.Comparison(comparer, left, right);
    }

    private Condition? BindIn(InToken token, FilterScope scope)
    {
        if (IsTeamEmail(token.Left))
            return TeamEmail(element => BindItems(token, element));
        return BindOperand(token.Left, scope) is { } left ? BindItems(token, left) : null;
    }

    private Condition? BindItems(InToken token, Operand left)
    {
        if (token.Right is not LiteralToken { Value: string list } || list.Length < 2 || list[0] is not ('(' or '['))
            return Refuse<Condition>(text.PositionOf(_cursor), "in needs a list of values in parentheses: status in ('New', 'Active').");
        if (left is Operand.Literal or Operand.Null)
            return Refuse<Condition>(text.PositionOf(_cursor), "in needs a property on its left side.");

        var items = new List<Operand>();
        var orNull = false;
        var parts = list[1..^1].Split(',', StringSplitOptions.TrimEntries);
        if (parts is [""])
            return new Condition.Constant(false);
        if (parts.Length > FilterPlan.LongestInList)
        {
            return Refuse<Condition>(text.PositionOf(_cursor),
                $"the list of in has {parts.Length} values; at most {FilterPlan.LongestInList} are allowed.");
        }

        foreach (var part in parts)
        {
            if (part == "null")
            {
                orNull = true;
                continue;
            }

            Operand? item = part switch
            {
                "true" => new Operand.Boolean(true),
                "false" => new Operand.Boolean(false),
                ['\'', .. var number, '\''] => LiteralOf(number),
                _ => null,
            };
            if (item is null)
                return Refuse<Condition>(text.PositionOf(_cursor), $"the list of in may hold values only, not '{Shorten(part)}'.");
            if (!TryType(ref item, left))
                return null;
            if (item.Kind != left.Kind)
                return Refuse<Condition>(text.PositionOf(_cursor), $"{Describe(left)} cannot be compared with {Describe(item)}.");
            items.Add(item);
        }

        return new Condition.OneOf(left, items, orNull);
    }

    private Condition? BindLambda(LambdaToken token, FilterScope scope)
    {
        if (!TryNames(token.Parent, scope, out var start, out var names))
            return null;
        if (Resolve(start, names) is not { } list)
            return null;
        if (list.Kind != ContractKind.List)
            return Refuse<Condition>(text.PositionOf(_cursor), $"{list.Text} is no list; any and all need one.");

        // Each level multiplies the work, and no list of the contract lies deeper.
        if (scope.Depth == DeepestLambda)
            return Refuse<Condition>(text.PositionOf(_cursor), $"any and all may be nested {DeepestLambda} deep.");

        var isAll = token is AllToken;
        var element = new FilterScope(scope.Depth + 1, token.Parameter, list.Last, scope);
        if (string.IsNullOrEmpty(token.Parameter))
        {
            // any() without a condition; the library refuses all().
            return isAll ? Unsupported(token) : new Condition.Any(list, element, null);
        }

        Locate(token.Parameter);
        if (BindCondition(token.Expression, element) is not { } inner)
            return null;
        return isAll
            ? new Condition.Not(new Condition.Any(list, element, new Condition.Not(inner)))
            : new Condition.Any(list, element, inner);
    }

    private Condition.TextTest? BindTextTest(FunctionCallToken call, TextTestKind test, FilterScope scope) =>
        BindArguments(call, scope, ContractKind.Text, 2) is [var first, var second]
            ? call.Name.Equals("substringof", StringComparison.OrdinalIgnoreCase)
                ? new Condition.TextTest(test, second, first)
                : new Condition.TextTest(test, first, second)
            : null;

    private Operand? BindOperand(QueryToken token, FilterScope scope)
    {
        if (!Count())
            return null;

        switch (token)
        {
            case LiteralToken { Value: null }:
                return new Operand.Null();
            case LiteralToken { Value: bool value }:
                return new Operand.Boolean(value);
            case LiteralToken { Value: string number } when LiteralOf(number) is { } literal:
                return literal;
            case EndPathToken or InnerPathToken or RangeVariableToken:
                return BindProperty(token, scope);
            case CountSegmentToken { FilterOption: null, SearchOption: null } count:
                return BindCount(count, scope);
            case FunctionCallToken call when TestOf(call.Name) is null:
                return BindCall(call, scope);
            case BinaryOperatorToken or UnaryOperatorToken { OperatorKind: UnaryOperatorKind.Not } or InToken or LambdaToken or FunctionCallToken:
                return BindCondition(token, scope) is { } condition ? new Operand.Predicate(condition) : null;
            default:
                Unsupported(token);
                return null;
        }
    }

    private Operand? BindProperty(QueryToken token, FilterScope scope)
    {
        if (!TryNames(token, scope, out var start, out var names))
            return null;
        if (start.Depth == 0 && names.Count == 0)
            return Refuse<Operand>(text.PositionOf(_cursor), "name a property of $it.");
        if (Resolve(start, names) is not { } path)
            return null;
        if (path.IsScalar)
            return new Operand.Property(path);

        var name = names.Count == 0 ? start.Variable : path.Text;
        return Refuse<Operand>(text.PositionOf(_cursor), path.Kind switch
        {
            ContractKind.List => $"{name} is a list; write {name}/any(x: x/… eq …) or {name}/$count gt 0.",
            ContractKind.Object => $"{name} is an object; name one of its properties: "
                + $"{string.Join(", ", path.Last.Nested!.Properties.Select(p => p.Name))}.",
            _ => $"{name} is kept as sent and cannot be asked for.",
        });
    }

    private Operand? BindCount(CountSegmentToken token, FilterScope scope)
    {
        if (!TryNames(token.NextToken, scope, out var start, out var names) || Resolve(start, names) is not { } list)
            return null;
        return list.Kind == ContractKind.List
            ? new Operand.Count(list)
            : Refuse<Operand>(text.PositionOf(_cursor), $"{list.Text} is no list; $count needs one.");
    }

    private Operand? BindCall(FunctionCallToken call, FilterScope scope)
    {
        var name = call.Name.ToLowerInvariant();
        if (name is "tolower" or "toupper")
            return BindArguments(call, scope, ContractKind.Text, 1) is [var same] ? same : null;

        (FilterFunction Function, ContractKind Kind, int Arguments)? known = name switch
        {
            "trim" => (FilterFunction.Trim, ContractKind.Text, 1),
            "concat" => (FilterFunction.Concat, ContractKind.Text, 2),
            "length" => (FilterFunction.Length, ContractKind.Text, 1),
            "indexof" => (FilterFunction.IndexOf, ContractKind.Text, 2),
            "year" => (FilterFunction.Year, ContractKind.Time, 1),
            "month" => (FilterFunction.Month, ContractKind.Time, 1),
            "day" => (FilterFunction.Day, ContractKind.Time, 1),
            "hour" => (FilterFunction.Hour, ContractKind.Time, 1),
            "minute" => (FilterFunction.Minute, ContractKind.Time, 1),
            "second" => (FilterFunction.Second, ContractKind.Time, 1),
            _ => null,
        };
        if (known is not { } function)
        {
            var nearest = Spelling.Nearest(name, Functions.Split(", ")) is { } meant ? $"did you mean {meant}? " : "";
            return Refuse<Operand>(Locate(call.Name), $"the function {Shorten(call.Name)} is not known; {nearest}Known are {Functions}.");
        }

        return BindArguments(call, scope, function.Kind, function.Arguments) is { } arguments
            ? new Operand.Call(function.Function, arguments)
            : null;
    }

    private List<Operand>? BindArguments(FunctionCallToken call, FilterScope scope, ContractKind kind, int count)
    {
        var position = Locate(call.Name);
        var sent = call.Arguments.ToList();
        if (call.Source is not null || sent.Count != count)
            return Refuse<List<Operand>>(position, $"{call.Name} needs {count} argument{(count == 1 ? "" : "s")}.");

        var arguments = new List<Operand>();
        foreach (var argument in sent)
        {
            if (argument.ParameterName is not null || BindOperand(argument.ValueToken, scope) is not { } operand)
                return Refuse<List<Operand>>(position, $"{call.Name} takes its arguments by place.");
            if (operand is Operand.Literal { Kind: null } literal)
                operand = Typed(literal, kind, null);
            // A GUID is read as text where a text is wanted, as a search by part of an id does.
            if (operand.Kind != kind && (operand.Kind, kind) is not (ContractKind.Guid, ContractKind.Text))
            {
                return Refuse<List<Operand>>(position,
                    $"{call.Name} needs {(kind == ContractKind.Text ? "texts" : "a time")}, not {Describe(operand)}.");
            }

            arguments.Add(operand);
        }

        return arguments;
    }

    private Condition.Any? TeamEmail(Func<Operand, Condition?> where)
    {
        Locate("email");
        var team = ReferralPath.Resolve(FilterScope.Referral, ["team"], (_, _) => { })!;
        var member = new FilterScope(1, null, team.Last, FilterScope.Referral);
        var email = new Operand.Property(ReferralPath.Resolve(member, ["email"], (_, _) => { })!);
        return where(email) is { } condition ? new Condition.Any(team, member, condition) : null;
    }

    private static bool IsTeamEmail(QueryToken token) =>
        token is EndPathToken { NextToken: null } path && path.Identifier.Equals("email", StringComparison.OrdinalIgnoreCase);

    private static TextTestKind? TestOf(string function) => function.ToLowerInvariant() switch
    {
        // substringof is the name in OData 3, with its arguments the other way round.
        "contains" or "substringof" => TextTestKind.Contains,
        "startswith" => TextTestKind.StartsWith,
        "endswith" => TextTestKind.EndsWith,
        _ => null,
    };

    /// <summary>The names of a path and where it starts.</summary>
    private bool TryNames(QueryToken? token, FilterScope scope, out FilterScope start, out List<string> names)
    {
        names = [];
        start = FilterScope.Referral;
        for (; token is PathToken path; token = path.NextToken)
        {
            if (path is not (EndPathToken or InnerPathToken { NamedValues: null }))
                break;
            names.Insert(0, path.Identifier);
        }

        if (token is RangeVariableToken variable && scope.Find(variable.Name) is { } found)
        {
            Locate(variable.Name);
            start = found;
            return true;
        }

        if (token is null)
            return true;
        Unsupported(token);
        return false;
    }

    private ReferralPath? Resolve(FilterScope start, List<string> names)
    {
        var positions = names.ConvertAll(Locate);
        return ReferralPath.Resolve(start, names, (i, fault) => Refuse<ReferralPath>(positions[i], fault));
    }

    private bool TryType(ref Operand operand, Operand other)
    {
        if (operand is not Operand.Literal { Kind: null } literal)
            return true;
        if (other.Kind is null)
        {
            Refuse<Operand>(text.Literals[literal.Slot].Position, "compare a property with a value.");
            return false;
        }

        operand = Typed(literal, other.Kind.Value, (other as Operand.Property)?.Path.Last);
        return true;
    }

    // A literal of the shape is the number of one of the text.
    private Operand.Literal? LiteralOf(string number)
    {
        var isEmpty = number.StartsWith(FilterText.EmptyMark, StringComparison.Ordinal);
        return int.TryParse(isEmpty ? number.AsSpan(FilterText.EmptyMark.Length) : number, NumberStyles.None,
            CultureInfo.InvariantCulture, out var slot) && slot < LiteralTypes.Length ? new(slot, isEmpty, null) : null;
    }

    private Operand.Literal Typed(Operand.Literal literal, ContractKind kind, ContractProperty? property)
    {
        LiteralTypes[literal.Slot] = new(kind, property);
        return literal with { Kind = kind };
    }

    private bool Count()
    {
        if (Refusal is null && ++_nodes > FilterPlan.MostNodes)
        {
            Refusal = FilterText.Refuse(null,
                $"The filter has more than {FilterPlan.MostNodes} parts; use in for many values of one property, or ask in several requests.");
        }

        return Refusal is null;
    }

    /// <summary>
    /// The place of a name, from one. The library's tokens do not say where they were, but they come in the order of
    /// the text, so each name is looked for behind the one before.
    /// </summary>
    private int Locate(string name)
    {
        var found = Find(name, _cursor);
        if (found < 0)
            found = Find(name, 0);
        if (found < 0)
            return text.PositionOf(_cursor);
        _cursor = found;
        var position = text.PositionOf(found);
        _cursor = found + name.Length;
        return position;
    }

    private int Find(string name, int from)
    {
        var shape = text.Shape;
        for (var i = from; (i = shape.IndexOf(name, i, StringComparison.OrdinalIgnoreCase)) >= 0; i++)
        {
            var end = i + name.Length;
            if ((i == 0 || !IsNamePart(shape[i - 1])) && (end == shape.Length || !IsNamePart(shape[end])))
                return i;
        }

        return -1;
    }

    private Condition? Unsupported(QueryToken token)
    {
        var what = token switch
        {
            BinaryOperatorToken binary => $"the operator {OperatorName(binary.OperatorKind)}",
            UnaryOperatorToken => "the minus sign before anything but a number",
            FunctionCallToken call => $"the function {Shorten(call.Name)} at this place",
            DottedIdentifierToken dotted => $"'{Shorten(dotted.Identifier)}'",
            StarToken => "*",
            CountSegmentToken => "$count with options of its own",
            AllToken => "all without a condition",
            LiteralToken => "this literal",
            _ => "this",
        };
        return Refuse<Condition>(text.PositionOf(_cursor),
            $"{what} is not supported. Supported are eq, ne, gt, ge, lt, le, and, or, not, in, any, all, and the functions {Functions}.");
    }

    private T? Refuse<T>(int position, string message)
        where T : class
    {
        Refusal ??= FilterText.Refuse(position, message);
        return null;
    }

    private static string OperatorName(BinaryOperatorKind kind) => kind switch
    {
        BinaryOperatorKind.Add => "add",
        BinaryOperatorKind.Subtract => "sub",
        BinaryOperatorKind.Multiply => "mul",
        BinaryOperatorKind.Divide => "div",
        BinaryOperatorKind.Modulo => "mod",
        _ => "has",
    };

    private string Describe(Operand operand) => operand switch
    {
        Operand.Property { Path: var path } => $"{(path.Text.Length > 0 ? path.Text : path.Scope.Variable)} ({NameOf(path.Kind)})",
        Operand.Literal literal => text.Excerpt(text.Literals[literal.Slot].Position),
        Operand.Boolean boolean => boolean.Value ? "true" : "false",
        Operand.Null => "null",
        _ => NameOf(operand.Kind!.Value),
    };

    private static string NameOf(ContractKind kind) => kind switch
    {
        ContractKind.Text => "a text",
        ContractKind.Boolean => "true or false",
        ContractKind.Number => "a number",
        ContractKind.Time => "a time",
        ContractKind.Guid => "a GUID",
        _ => "one of a list of names",
    };

    private static string Shorten(string part) => part.Length <= 40 ? part : $"{part.AsSpan(0, 37)}...";

    private static bool IsNamePart(char c) => char.IsLetterOrDigit(c) || c is '_' or '@' or '$' or '.';

    [GeneratedRegex(@"(?<=\bat position |\bat ')[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex PositionForm();
}

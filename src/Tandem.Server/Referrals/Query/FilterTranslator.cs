using System.Globalization;
using Microsoft.OData;
using Microsoft.OData.UriParser;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Query;

/// <summary>
/// Turns <c>$filter</c> into SQL (R62–R66). The grammar is parsed by Microsoft.OData.Core; names, literals and types are
/// bound here, by the contract, since clients quote what they like (R64). Literals always become parameters.
/// </summary>
internal sealed class FilterTranslator
{
    /// <summary>Longest accepted text.</summary>
    public const int LongestText = 8192;

    private const int Deepest = 48;
    private const int MostNodes = 400;
    private const int MostListed = 500;

    private static readonly UriQueryExpressionParser Parser = new(Deepest * 8);
    private readonly SqlDialect _dialect;
    private readonly SqlParameters _parameters;
    private readonly QueryFields _fields;
    private readonly Dictionary<string, Scope> _scopes = new(StringComparer.Ordinal);
    private int _nodes;
    private int _aliases;

    public FilterTranslator(SqlDialect dialect, SqlParameters parameters, QueryFields fields) =>
        (_dialect, _parameters, _fields) = (dialect, parameters, fields);

    /// <summary>Parses without binding; syntax errors and excessive sizes are refused here.</summary>
    public static Outcome<QueryToken> Parse(string text)
    {
        if (text.Length > LongestText)
            return Invalid($"$filter may have at most {LongestText} characters; it has {text.Length}.");
        if (string.IsNullOrWhiteSpace(text))
            return Invalid("$filter is empty; leave it out, or write a condition such as status eq 'New'.");
        if (Depth(text) > Deepest)
            return Invalid($"$filter nests parentheses deeper than {Deepest}.");
        try
        {
            return Parser.ParseFilter(text);
        }
        catch (ODataException failure)
        {
            return Invalid($"$filter cannot be read: {failure.Message}");
        }
    }

    /// <summary>Whether a top-level conjunct fixes the engagement or the owner by equality (R57).</summary>
    public static bool FixesParty(QueryToken token) => token switch
    {
        BinaryOperatorToken { OperatorKind: BinaryOperatorKind.And } and => FixesParty(and.Left) || FixesParty(and.Right),
        BinaryOperatorToken { OperatorKind: BinaryOperatorKind.Equal } equal =>
            (IsParty(equal.Left) && equal.Right is LiteralToken { Value: not null })
            || (IsParty(equal.Right) && equal.Left is LiteralToken { Value: not null }),
        _ => false,
    };

    public Outcome<string> Translate(QueryToken token)
    {
        try
        {
            return Condition(token, 0);
        }
        catch (FilterException failure)
        {
            return Invalid(failure.Message);
        }
    }

    private static bool IsParty(QueryToken token) =>
        token is EndPathToken { NextToken: null } path
        && ContractType.Referral.Find(path.Identifier, out _)?.Name is "engagementId" or "organizationId";

    private static int Depth(string text)
    {
        var (depth, deepest, inText) = (0, 0, false);
        foreach (var c in text)
        {
            if (c == '\'')
                inText = !inText;
            else if (!inText && c == '(')
                deepest = Math.Max(deepest, ++depth);
            else if (!inText && c == ')')
                depth--;
        }

        return deepest;
    }

    private string Condition(QueryToken token, int depth)
    {
        if (++_nodes > MostNodes || depth > MostNodes)
            throw new FilterException($"$filter has more than {MostNodes} parts; split the question.");
        switch (token)
        {
            case BinaryOperatorToken { OperatorKind: BinaryOperatorKind.And } and:
                return $"({Condition(and.Left, depth + 1)} AND {Condition(and.Right, depth + 1)})";
            case BinaryOperatorToken { OperatorKind: BinaryOperatorKind.Or } or:
                return $"({Condition(or.Left, depth + 1)} OR {Condition(or.Right, depth + 1)})";
            case BinaryOperatorToken binary:
                return Compare(binary, depth);
            case UnaryOperatorToken { OperatorKind: UnaryOperatorKind.Not } not:
                // A comparison with null is false in OData, not unknown: what is unknown in SQL is false before it is negated.
                return $"NOT COALESCE({Condition(not.Operand, depth + 1)}, {_dialect.False})";
            case LambdaToken lambda:
                return Lambda(lambda, depth);
            case InToken list:
                return In(list, depth);
            case FunctionCallToken call when IsCondition(call.Name):
                return TextCondition(call, depth);
            case LiteralToken { Value: bool value }:
                return value ? "1 = 1" : "1 = 0";
            default:
                var operand = Operand(token, depth);
                return operand.Kind == ContractKind.Boolean && operand.Sql is { } sql
                    ? sql
                    : throw new FilterException($"{operand.Name} is not a condition; compare it, as in {operand.Name} eq '…'.");
        }
    }

    private string Compare(BinaryOperatorToken token, int depth)
    {
        var (left, right) = (Operand(token.Left, depth + 1), Operand(token.Right, depth + 1));
        var kind = token.OperatorKind;
        // "5 lt details/dealValue" says the same as "details/dealValue gt 5".
        if (left.IsLiteral && !right.IsLiteral)
            (left, right, kind) = (right, left, Mirror(kind));
        if (left.IsLiteral)
            throw new FilterException("A comparison needs a property on one side.");

        var operation = kind switch
        {
            BinaryOperatorKind.Equal => "=",
            BinaryOperatorKind.NotEqual => "<>",
            BinaryOperatorKind.GreaterThan => ">",
            BinaryOperatorKind.GreaterThanOrEqual => ">=",
            BinaryOperatorKind.LessThan => "<",
            BinaryOperatorKind.LessThanOrEqual => "<=",
            _ => throw new FilterException($"The operator {kind} is not supported; use eq, ne, gt, ge, lt, le, and, or, not, in."),
        };
        if (left.Kind is ContractKind.Enumeration or ContractKind.Guid or ContractKind.Boolean && operation is not ("=" or "<>"))
            throw new FilterException($"{left.Name} can be compared with eq, ne and in only.");
        if (left.Kind is ContractKind.Object or ContractKind.List or ContractKind.Json)
            throw new FilterException($"{left.Name} cannot be compared; name a property below it, or use any().");

        if (left.IsEmail)
        {
            return operation == "=" && right.Literal is string address
                ? TeamHas(address)
                : throw new FilterException("email can be compared with eq and an address in quotes only; use team/any for anything else.");
        }

        if (right.IsLiteral && right.Literal is null)
        {
            return operation switch
            {
                "=" => $"{left.Sql} IS NULL",
                "<>" => $"{left.Sql} IS NOT NULL",
                _ => "1 = 0",
            };
        }

        if (right.IsLiteral)
        {
            var value = _parameters.Add(FilterLiterals.Coerce(left, right.Literal));
            return operation == "<>" ? _dialect.Different(left.Sql!, value) : $"{left.Sql} {operation} {value}";
        }

        if (left.Kind != right.Kind)
            throw new FilterException($"{left.Name} and {right.Name} are of different types.");
        return operation switch
        {
            "=" => _dialect.SameOrBothNull(left.Sql!, right.Sql!),
            "<>" => _dialect.Different(left.Sql!, right.Sql!),
            _ => $"{left.Sql} {operation} {right.Sql}",
        };
    }

    private string In(InToken token, int depth)
    {
        var left = Operand(token.Left, depth + 1);
        if (left.IsLiteral || left.IsEmail || left.Kind is ContractKind.Object or ContractKind.List or ContractKind.Json)
            throw new FilterException("The left side of in must be a scalar property.");
        var values = FilterLiterals.ListOf(token.Right);
        if (values.Count > MostListed)
            throw new FilterException($"in may list at most {MostListed} values; it lists {values.Count}.");
        if (values.Count == 0)
            return "1 = 0";
        var wantsNull = values.Contains(null);
        var listed = values.Where(v => v is not null).Select(v => _parameters.Add(FilterLiterals.Coerce(left, v))).ToList();
        var condition = listed.Count > 0 ? $"{left.Sql} IN ({string.Join(", ", listed)})" : "1 = 0";
        return wantsNull ? $"({condition} OR {left.Sql} IS NULL)" : condition;
    }

    private string Lambda(LambdaToken token, int depth)
    {
        var isAll = token is AllToken;
        var (path, scope) = ListPath(token.Parent);
        if (token.Expression is not { } expression || (expression is LiteralToken { Value: true } && string.IsNullOrEmpty(token.Parameter)))
            return Shown(path, scope, $"EXISTS (SELECT 1 FROM {ElementsOf(path, scope, NextAlias())})", isAll: false);
        if (_scopes.ContainsKey(token.Parameter))
            throw new FilterException($"The variable {token.Parameter} is used twice; give the inner one another name.");

        // One address in one of the two member lists is what the member table answers.
        if (!isAll && scope is null && MemberSide(path) is { } side && AddressOf(token) is { Length: > 0 } address)
        {
            return Shown(path, scope, HasMember(side, address), isAll: false);
        }

        var alias = NextAlias();
        _scopes[token.Parameter] = new Scope($"{alias}.value", path[^1]);
        var condition = Condition(expression, depth + 1);
        _scopes.Remove(token.Parameter);
        var elements = ElementsOf(path, scope, alias);
        return isAll
            ? Shown(path, scope, $"NOT EXISTS (SELECT 1 FROM {elements} WHERE NOT COALESCE({condition}, {_dialect.False}))", isAll: true)
            : Shown(path, scope, $"EXISTS (SELECT 1 FROM {elements} WHERE {condition})", isAll: false);
    }

    // A hidden list is an empty list: nothing is in it, and everything that is in it fits.
    private string Shown(IReadOnlyList<ContractProperty> path, Scope? scope, string condition, bool isAll)
    {
        if (scope is not null || _fields.WhenShown(path) is not { } shown)
            return condition;
        return isAll ? $"(NOT ({shown}) OR {condition})" : $"({shown} AND {condition})";
    }

    private string ElementsOf(IReadOnlyList<ContractProperty> path, Scope? scope, string alias) =>
        _dialect.Elements(scope?.Json ?? "r.document", [.. path.Select(p => p.Name)], alias);

    private string NextAlias() => $"e{++_aliases}";

    private static int? MemberSide(IReadOnlyList<ContractProperty> path) => string.Join('.', path.Select(p => p.Name)) switch
    {
        "team" => ReferralMemberRow.TeamSide,
        "customerProfile.team" => ReferralMemberRow.CustomerSide,
        _ => null,
    };

    private static string? AddressOf(LambdaToken token) =>
        token.Expression is BinaryOperatorToken
        {
            OperatorKind: BinaryOperatorKind.Equal,
            Left: EndPathToken { NextToken: RangeVariableToken } property,
            Right: LiteralToken { Value: string address },
        }
        && property.Identifier.Equals("email", StringComparison.OrdinalIgnoreCase)
            ? address.Trim()
            : null;

    // "email eq 'x'" at the top stands for the owner's team (R65).
    private string TeamHas(string address) => Shown([ContractType.Referral.Find("team", out _)!], null,
        HasMember(ReferralMemberRow.TeamSide, address), isAll: false);

    private string HasMember(int side, string address) =>
        "r.id IN (SELECT m.referral_id FROM referral_members m WHERE m.email = "
        + $"{_parameters.Add(address.Trim().ToLowerInvariant())} AND m.side = {side})";

    private static bool IsCondition(string name) =>
        name.ToUpperInvariant() is "CONTAINS" or "STARTSWITH" or "ENDSWITH" or "SUBSTRINGOF";

    private string TextCondition(FunctionCallToken call, int depth)
    {
        var arguments = Arguments(call, 2);
        var isSubstringOf = call.Name.Equals("substringof", StringComparison.OrdinalIgnoreCase);
        var text = TextOperand(isSubstringOf ? arguments[1] : arguments[0], call.Name, depth);
        var part = TextOperand(isSubstringOf ? arguments[0] : arguments[1], call.Name, depth);
        return call.Name.ToUpperInvariant() switch
        {
            "STARTSWITH" => $"{_dialect.Position(text, part)} = 1",
            "ENDSWITH" => _dialect.EndsWith(text, part),
            _ => $"{_dialect.Position(text, part)} > 0",
        };
    }

    private string TextOperand(QueryToken token, string function, int depth)
    {
        var operand = Operand(token, depth + 1);
        if (operand.IsLiteral)
        {
            return operand.Literal is string text
                ? _parameters.Add(text.ToLowerInvariant())
                : throw new FilterException($"{function} needs texts in quotes.");
        }

        return operand is { Kind: ContractKind.Text, IsEmail: false }
            ? operand.Sql!
            : throw new FilterException($"{function} needs a text property, which {operand.Name} is not.");
    }

    private static QueryToken[] Arguments(FunctionCallToken call, int count)
    {
        var arguments = call.Arguments.Select(a => a.ValueToken).ToArray();
        return arguments.Length == count
            ? arguments
            : throw new FilterException($"{call.Name} takes {count} argument{(count == 1 ? "" : "s")}, not {arguments.Length}.");
    }

    private Operand Operand(QueryToken token, int depth)
    {
        if (++_nodes > MostNodes || depth > MostNodes)
            throw new FilterException($"$filter has more than {MostNodes} parts; split the question.");
        return token switch
        {
            LiteralToken literal => new Operand { Name = "the literal", IsLiteral = true, Literal = literal.Value },
            FunctionCallToken call => Function(call, depth),
            UnaryOperatorToken { OperatorKind: UnaryOperatorKind.Negate, Operand: LiteralToken literal } => Negative(literal),
            PathToken or RangeVariableToken => Path(token),
            _ => throw new FilterException($"{token.Kind} is not supported here; compare a property with a literal."),
        };
    }

    private static Operand Negative(LiteralToken literal) => literal.Value switch
    {
        int or long or short or byte or decimal or double or float => new Operand
        {
            Name = "the literal",
            IsLiteral = true,
            Literal = -Convert.ToDouble(literal.Value, CultureInfo.InvariantCulture),
        },
        _ => throw new FilterException("Only a number can be negative."),
    };

    private Operand Function(FunctionCallToken call, int depth)
    {
        var name = call.Name.ToUpperInvariant();
        switch (name)
        {
            // Comparison ignores case anyway, so both sides are folded already.
            case "TOLOWER" or "TOUPPER" or "TRIM":
                var text = TextOperand(Arguments(call, 1)[0], call.Name, depth);
                return Computed(ContractKind.Text, name == "TRIM" ? $"trim({text})" : text);
            case "LENGTH":
                return Computed(ContractKind.Number, $"length({TextOperand(Arguments(call, 1)[0], call.Name, depth)})");
            case "INDEXOF":
                var both = Arguments(call, 2);
                return Computed(ContractKind.Number,
                    $"({_dialect.Position(TextOperand(both[0], call.Name, depth), TextOperand(both[1], call.Name, depth))} - 1)");
            case "CONCAT":
                var parts = Arguments(call, 2);
                return Computed(ContractKind.Text,
                    $"({TextOperand(parts[0], call.Name, depth)} || {TextOperand(parts[1], call.Name, depth)})");
            case "YEAR" or "MONTH" or "DAY" or "HOUR" or "MINUTE" or "SECOND":
                var time = Operand(Arguments(call, 1)[0], depth + 1);
                return time is { Kind: ContractKind.Time, Sql: { } sql }
                    ? Computed(ContractKind.Number, _dialect.TimePart(sql, call.Name.ToLowerInvariant()))
                    : throw new FilterException($"{call.Name} needs a property that is a time.");
            default:
                var nearest = Spelling.Nearest(call.Name,
                    ["contains", "startswith", "endswith", "tolower", "toupper", "trim", "length", "indexof", "concat", "year", "month", "day"]);
                throw new FilterException($"There is no function {call.Name}{(nearest is null ? "." : $"; did you mean {nearest}?")}");
        }

        Operand Computed(ContractKind kind, string sql) => new() { Name = call.Name, Kind = kind, Sql = sql };
    }

    private Operand Path(QueryToken token)
    {
        var (names, variable) = Names(token);
        if (variable is not null && names.Count == 0)
        {
            var own = _scopes[variable];
            return new Operand
            {
                Name = variable,
                Kind = own.List.ElementKind,
                Property = own.List,
                Sql = own.List.ElementKind == ContractKind.Object ? null : _dialect.Scalar(own.Json, [], own.List.ElementKind),
            };
        }

        if (names.Count == 0)
            throw new FilterException("$it stands for the whole referral; name one of its properties.");
        var scope = variable is null ? null : _scopes[variable];
        if (scope is null && names is [var single] && single.Equals("email", StringComparison.OrdinalIgnoreCase))
            return new Operand { Name = "email", Kind = ContractKind.Text, IsEmail = true, Sql = "NULL" };

        var path = Bind(names, scope?.List.Nested ?? ContractType.Referral);
        var last = path[^1];
        return new Operand
        {
            Name = string.Join('/', path.Select(p => p.Name)),
            Kind = last.Kind,
            Property = last,
            Sql = last.Kind is ContractKind.Object or ContractKind.List or ContractKind.Json ? null
                : scope is null ? _fields.Scalar(path)
                : _dialect.Scalar(scope.Json, [.. path.Select(p => p.Name)], last.Kind),
        };
    }

    private (IReadOnlyList<ContractProperty> Path, Scope? Scope) ListPath(QueryToken? token)
    {
        var (names, variable) = token is null ? ([], null) : Names(token);
        if (names.Count == 0)
            throw new FilterException("any and all need a list, as in team/any(t: t/email eq '…').");
        var scope = variable is null ? null : _scopes[variable];
        var path = Bind(names, scope?.List.Nested ?? ContractType.Referral);
        return path[^1].Kind == ContractKind.List && path[^1].ElementKind != ContractKind.Json
            ? (path, scope)
            : throw new FilterException($"{string.Join('/', names)} is not a list that any and all can look into.");
    }

    private (List<string> Names, string? Variable) Names(QueryToken token)
    {
        var names = new List<string>();
        var current = token;
        while (true)
        {
            switch (current)
            {
                case EndPathToken { NextToken: null } only when names.Count == 0 && _scopes.ContainsKey(only.Identifier):
                    return (names, only.Identifier);
                case RangeVariableToken variable when _scopes.ContainsKey(variable.Name):
                    names.Reverse();
                    return (names, variable.Name);
                case RangeVariableToken { Name: "$it" } or null:
                    names.Reverse();
                    return (names, null);
                case PathToken path and (EndPathToken or InnerPathToken):
                    names.Add(path.Identifier);
                    current = path.NextToken;
                    break;
                default:
                    throw new FilterException($"{current.Kind} cannot stand in a path.");
            }
        }
    }

    private static List<ContractProperty> Bind(List<string> names, ContractType type)
    {
        var path = new List<ContractProperty>();
        foreach (var name in names)
        {
            var property = type.Find(name, out _);
            if (property is null || property.Name is "@odata.context" or "links")
            {
                var nearest = type.Nearest(name);
                throw new FilterException(
                    $"There is no property {string.Join('/', names)}: {name} is unknown{(nearest is null ? "." : $"; did you mean {nearest}?")}");
            }

            path.Add(property);
            if (path.Count == names.Count)
                break;
            if (property.Kind != ContractKind.Object)
            {
                throw new FilterException(property.Kind == ContractKind.List
                    ? $"{property.Name} is a list; look into it with {property.Name}/any(x: x/… eq …)."
                    : $"{property.Name} has no properties below it.");
            }

            type = property.Nested!;
        }

        return path;
    }

    private static BinaryOperatorKind Mirror(BinaryOperatorKind kind) => kind switch
    {
        BinaryOperatorKind.GreaterThan => BinaryOperatorKind.LessThan,
        BinaryOperatorKind.GreaterThanOrEqual => BinaryOperatorKind.LessThanOrEqual,
        BinaryOperatorKind.LessThan => BinaryOperatorKind.GreaterThan,
        BinaryOperatorKind.LessThanOrEqual => BinaryOperatorKind.GreaterThanOrEqual,
        _ => kind,
    };

    private static Refusal Invalid(string message) => Refusal.Invalid("$filter", "invalidFilter", message);

    /// <summary>A variable of any or all.</summary>
    private sealed record Scope(string Json, ContractProperty List);
}

/// <summary>One side of a comparison.</summary>
internal sealed class Operand
{
    /// <summary>For messages.</summary>
    public required string Name { get; init; }

    public bool IsLiteral { get; init; }

    public object? Literal { get; init; }

    public ContractKind Kind { get; init; }

    public ContractProperty? Property { get; init; }

    /// <summary>The convenience name <c>email</c> (R65).</summary>
    public bool IsEmail { get; init; }

    public string? Sql { get; init; }
}

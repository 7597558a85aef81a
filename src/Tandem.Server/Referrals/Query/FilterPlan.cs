using System.Globalization;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.OData;
using Microsoft.OData.UriParser;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals.Query;

/// <summary>What a literal must be: the kind of the property that it is compared with.</summary>
internal readonly record struct LiteralType(ContractKind Kind, ContractProperty? Property)
{
    /// <summary>The value as the database compares it; a text that says what is wrong when there is none.</summary>
    public object? Read(FilterLiteral literal, out string? fault)
    {
        fault = null;
        object? value = (Kind, literal.Form) switch
        {
            (ContractKind.Text, LiteralForm.Quoted or LiteralForm.Guid) => literal.Text.ToLowerInvariant(),
            // Percentages are sent as numbers, too.
            (ContractKind.Text, LiteralForm.Number) when Property?.Form == TextForm.SalesStage => literal.Text,
            (ContractKind.Guid, LiteralForm.Quoted or LiteralForm.Guid) when Guid.TryParse(literal.Text, out var guid) => guid,
            (ContractKind.Time, LiteralForm.Quoted or LiteralForm.Time) when TryTime(literal.Text, out var time) =>
                WireTime.ToUnixMicroseconds(time),
            (ContractKind.Number, LiteralForm.Number) when TryNumber(literal.Text, out var number) => number,
            (ContractKind.Enumeration, LiteralForm.Quoted) => Property!.MemberNames.FirstOrDefault(
                m => m.Equals(literal.Text.Trim(), StringComparison.OrdinalIgnoreCase)),
            _ => null,
        };
        if (value is null)
            fault = $"must be {Expected(literal)}.";
        return value;
    }

    private string Expected(FilterLiteral literal) => Kind switch
    {
        ContractKind.Text => $"a text: write it in quotes, '{literal.Text}'",
        ContractKind.Guid => "a GUID",
        ContractKind.Time => "a date such as 2026-03-24 or a time such as 2026-03-24T18:30:00Z",
        ContractKind.Number => "a number, without quotes",
        ContractKind.Boolean => "true or false, without quotes",
        _ => $"one of '{string.Join("', '", Property!.MemberNames)}'",
    };

    private static bool TryTime(string text, out DateTimeOffset time)
    {
        if (WireTime.TryParse(text, out time))
            return true;

        // 2024-01-01T00:00:00+02:00 whose plus sign arrived as a space.
        text = text.Trim();
        return text.Length > 16 && text[^6] == ' ' && text[^3] == ':' && text.Contains('T', StringComparison.OrdinalIgnoreCase)
            && WireTime.TryParse(string.Concat(text.AsSpan(0, text.Length - 6), "+", text.AsSpan(text.Length - 5)), out time);
    }

    private static bool TryNumber(string text, out double number)
    {
        text = text.TrimEnd('L', 'l', 'M', 'm', 'D', 'd', 'F', 'f');
        // The stored number was a decimal before it became a double: the same way gives the same bits.
        if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact))
        {
            number = (double)exact;
            return true;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
    }
}

/// <summary>A checked filter without its literals, kept for the next request of the same shape.</summary>
internal sealed class FilterPlan
{
    public const int MostNodes = 400;
    public const int LongestInList = 500;

    // No shape holds a literal, so what is kept here is nobody's data. The limit is in characters of shapes.
    private const int LongestKeptShape = 2_048;
    private static readonly MemoryCache Kept = new(new MemoryCacheOptions { SizeLimit = 512 * 1024 });

    private readonly LiteralType[] _literals;
    private readonly string?[] _sql = new string?[2];

    private FilterPlan(Condition condition, LiteralType[] literals)
    {
        Condition = condition;
        _literals = literals;
        CollectParty(condition);
    }

    public Condition Condition { get; }

    /// <summary>Literals that fix the engagement, as a conjunct of the whole filter.</summary>
    public List<int> Engagements { get; } = [];

    /// <summary>Literals that fix the organization, as a conjunct of the whole filter.</summary>
    public List<int> Organizations { get; } = [];

    /// <summary>Whether the filter reaches other parties' referrals (R57, B13); they are then filtered as they are seen.</summary>
    public bool FixesParty => Engagements.Count + Organizations.Count > 0;

    public static Outcome<FilterPlan> Of(FilterText text)
    {
        if (Kept.TryGetValue(text.Shape, out FilterPlan? kept))
            return kept!;

        var made = Make(text);
        if (made.Value is { } plan && text.Shape.Length <= LongestKeptShape)
            Kept.Set(text.Shape, plan, new MemoryCacheEntryOptions { Size = text.Shape.Length + 256 });
        return made;
    }

    /// <summary>Reads the literals of a request as the plan needs them.</summary>
    public Outcome<object[]> Read(FilterText text)
    {
        var values = new object[_literals.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var literal = text.Literals[i];
            if (_literals[i].Read(literal, out var fault) is not { } value)
            {
                return FilterText.Refuse(literal.Position,
                    $"{text.Excerpt(literal.Position)} {fault}");
            }

            values[i] = value;
        }

        return values;
    }

    public string Sql(QueryDialect dialect) =>
        _sql[(int)dialect.Kind] ??= new FilterSql(dialect, FixesParty).Write(Condition);

    /// <summary>For rows of every party, whether or not the filter fixes one.</summary>
    public string SqlAcrossParties(QueryDialect dialect) => new FilterSql(dialect, restricted: true).Write(Condition);

    private static Outcome<FilterPlan> Make(FilterText text)
    {
        QueryToken token;
        try
        {
            token = new UriQueryExpressionParser(FilterBinder.DeepestParse).ParseFilter(text.Shape);
        }
        catch (ODataException refused)
        {
            return FilterBinder.Explain(refused, text);
        }

        var binder = new FilterBinder(text);
        return binder.Bind(token) is { } condition ? new FilterPlan(condition, binder.LiteralTypes) : binder.Refusal!;
    }

    private void CollectParty(Condition condition)
    {
        if (condition is Condition.And and)
        {
            CollectParty(and.Left);
            CollectParty(and.Right);
        }
        else if (condition is Condition.Comparison { Comparer: Comparer.Equal } equal)
        {
            var literal = equal.Left as Operand.Literal ?? equal.Right as Operand.Literal;
            var path = (equal.Left as Operand.Property ?? equal.Right as Operand.Property)?.Path;
            if (literal is not null && path is { Scope.Depth: 0, Text: "engagementId" })
                Engagements.Add(literal.Slot);
            else if (literal is not null && path is { Scope.Depth: 0, Text: "organizationId" })
                Organizations.Add(literal.Slot);
        }
    }
}

/// <summary>The filter of one request: a plan and the literals for it.</summary>
internal sealed class ReferralFilter
{
    private readonly FilterPlan _plan;
    private readonly object[] _values;

    private ReferralFilter(string text, FilterPlan plan, object[] values) => (Text, _plan, _values) = (text, plan, values);

    /// <summary>What the client sent.</summary>
    public string Text { get; }

    /// <summary>Whether an engagement or organization is fixed by equality, which lets other parties' referrals in (R57).</summary>
    public bool FixesParty => _plan.FixesParty;

    /// <summary>Every one of them must match; empty when the filter fixes no engagement.</summary>
    public IEnumerable<Guid> EngagementIds => _plan.Engagements.Select(slot => (Guid)_values[slot]);

    /// <summary>Every one of them must match; empty when the filter fixes no organization.</summary>
    public IEnumerable<string> OrganizationIds => _plan.Organizations.Select(slot => (string)_values[slot]);

    public static Outcome<ReferralFilter> Parse(string text)
    {
        if (!FilterText.Read(text).Succeeded(out var read, out var refusal)
            || !FilterPlan.Of(read).Succeeded(out var plan, out refusal)
            || !plan.Read(read).Succeeded(out var values, out refusal))
        {
            return refusal;
        }

        return new ReferralFilter(text, plan, values);
    }

    /// <summary>A condition on <c>referrals r</c>, true or not; the literals are parameters.</summary>
    public string Sql(QueryDialect dialect) => _plan.Sql(dialect);

    /// <summary>The same for rows of every party, each as the caller sees it (B14).</summary>
    public string SqlAcrossParties(QueryDialect dialect) => _plan.SqlAcrossParties(dialect);

    public IEnumerable<QueryParameter> Parameters(QueryDialect dialect) =>
        _values.Select((value, slot) => new QueryParameter(FilterSql.ParameterName(slot), dialect.Value(value)));
}

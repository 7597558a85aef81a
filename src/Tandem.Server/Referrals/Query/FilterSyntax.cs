using Tandem.Contracts.Reading;

namespace Tandem.Server.Referrals.Query;

/// <summary>Something that is true or false of a referral, never null: a comparison with null is false.</summary>
internal abstract record Condition
{
    public sealed record Constant(bool Value) : Condition;

    public sealed record And(Condition Left, Condition Right) : Condition;

    public sealed record Or(Condition Left, Condition Right) : Condition;

    public sealed record Not(Condition Inner) : Condition;

    public sealed record Comparison(Comparer Comparer, Operand Left, Operand Right) : Condition;

    public sealed record OneOf(Operand Left, IReadOnlyList<Operand> Items, bool OrNull) : Condition;

    public sealed record TextTest(TextTestKind Kind, Operand Text, Operand Part) : Condition;

    /// <summary>A boolean property that is true.</summary>
    public sealed record Truth(Operand Value) : Condition;

    /// <summary>Some element of a list meets a condition; without one, the list has an element.</summary>
    public sealed record Any(ReferralPath List, FilterScope Element, Condition? Where) : Condition;
}

internal enum Comparer
{
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

internal enum TextTestKind
{
    Contains,
    StartsWith,
    EndsWith,
}

/// <summary>A value that a condition looks at.</summary>
internal abstract record Operand(ContractKind? Kind)
{
    public sealed record Null() : Operand((ContractKind?)null);

    public sealed record Boolean(bool Value) : Operand(ContractKind.Boolean);

    /// <summary>The literal with this number; its kind follows from what it is compared with.</summary>
    public sealed record Literal(int Slot, bool IsEmpty, ContractKind? Kind) : Operand(Kind);

    public sealed record Property(ReferralPath Path) : Operand(Path.Kind);

    /// <summary>How many elements a list has.</summary>
    public sealed record Count(ReferralPath List) : Operand(ContractKind.Number);

    public sealed record Call(FilterFunction Function, IReadOnlyList<Operand> Arguments)
        : Operand(Function is FilterFunction.Trim or FilterFunction.Concat ? ContractKind.Text : ContractKind.Number);

    public sealed record Predicate(Condition Condition) : Operand(ContractKind.Boolean);
}

/// <summary>Functions that give a value. Lower and upper case are no functions here: every text is compared folded.</summary>
internal enum FilterFunction
{
    Trim,
    Concat,
    Length,
    IndexOf,
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// <summary>What property names stand for: the referral, or an element of a list inside <c>any</c> and <c>all</c>.</summary>
/// <param name="Depth">0 for the referral.</param>
internal sealed record FilterScope(int Depth, string? Variable, ContractProperty? List, FilterScope? Outer)
{
    public static FilterScope Referral { get; } = new(0, null, null, null);

    public ContractType? Type => List is null ? ContractType.Referral : List.Nested;

    public FilterScope? Find(string variable)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope.Variable == variable)
                return scope;
        }

        return variable == "$it" ? Referral : null;
    }
}

using System.Collections;
using System.Globalization;
using System.Text;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;

namespace Tandem.Server.Tests.Referrals.Query;

/// <summary>A filter, and what it means over objects.</summary>
/// <param name="Binding">How tightly the outermost operator binds: 0 or, 1 and, 2 comparison, 3 a thing in itself.</param>
/// <param name="Holds">Told the referral and the elements of the lambdas around.</param>
internal sealed record RandomFilter(string Text, int Binding, Func<object[], bool> Holds);

/// <summary>Filters over the properties of the contract, made together with their meaning.</summary>
/// <param name="random">What is chosen.</param>
/// <param name="plain">
/// The properties to ask about, in the one way to write each of them that every OData server takes, and without what
/// only this contract defines; null for all of it.
/// </param>
internal sealed class RandomFilters(Random random, IReadOnlySet<string>? plain = null)
{
    private static readonly List<Leaf> All = [.. Leaves(ContractType.Referral, [], 0)];
    private readonly List<Leaf> _roots = [.. All.Where(l => plain?.Contains(l.Text) != false)];
    private readonly RandomReferrals _pools = new(random);

    /// <summary>Paths of single values, as <c>$orderby</c> takes them.</summary>
    public static IReadOnlyList<Leaf> Scalars { get; } = [.. All.Where(l => l.Property.Kind != ContractKind.List)];

    public RandomFilter Next(int depth) => Make(depth, _roots, 0);

    private RandomFilter Make(int depth, IReadOnlyList<Leaf> leaves, int level)
    {
        if (depth > 0)
        {
            switch (random.Next(5))
            {
                case 0:
                case 1:
                    var (a, b) = (Make(depth - 1, leaves, level), Make(depth - 1, leaves, level));
                    return new($"{In(a, 1)} and {In(b, 2)}", 1, e => a.Holds(e) && b.Holds(e));
                case 2:
                    var (c, d) = (Make(depth - 1, leaves, level), Make(depth - 1, leaves, level));
                    return new($"{In(c, 0)} or {In(d, 1)}", 0, e => c.Holds(e) || d.Holds(e));
                case 3:
                    var inner = Make(depth - 1, leaves, level);
                    // R63: not binds tighter than a comparison.
                    return new($"not {In(inner, 3)}", 2, e => !inner.Holds(e));
            }
        }

        if (plain is null && random.Next(25) == 0)
        {
            var email = _pools.Pick(RandomReferrals.Texts);
            return new($"email eq {Quote(email)}", 2, e => ((Referral)e[0]).Team.Exists(m => Same(m.Email, email))); // R65
        }

        var leaf = leaves[random.Next(leaves.Count)];
        return leaf.Property.Kind == ContractKind.List && !leaf.IsElement ? MakeList(depth, leaf, level) : MakeTest(leaf, leaves);
    }

    private string In(RandomFilter filter, int binding) =>
        filter.Binding < binding || random.Next(10) == 0 ? $"({filter.Text})" : filter.Text;

    private RandomFilter MakeList(int depth, Leaf list, int level)
    {
        if (random.Next(4) == 0)
            return new($"{list.Text}/any()", 3, e => list.List(e).Count > 0);
        if (plain is null && random.Next(4) == 0)
        {
            var (symbol, compare) = Operator();
            var count = random.Next(4);
            return new($"{list.Text}/$count {symbol} {count}", 2, e => compare(list.List(e).Count.CompareTo(count)));
        }

        var type = list.Property.Nested;
        if (type is null && list.Property.ElementKind != ContractKind.Text)
            return new($"{list.Text}/any()", 3, e => list.List(e).Count > 0);

        var variable = $"v{level}";
        var leaves = type is null
            ? [new Leaf(variable, list.Property, [], level + 1, true)]
            : Leaves(type, [], level + 1).Where(l => plain?.Contains($"{list.Text}/{l.Text}") != false)
                .Select(l => l with { Text = $"{variable}/{l.Text}" }).ToList();
        var where = Make(Math.Min(depth, 1), leaves, level + 1);
        return random.Next(3) == 0
            ? new($"{list.Text}/all({variable}: {where.Text})", 3, e => list.List(e).Cast<object>().All(x => where.Holds([.. e, x])))
            : new($"{list.Text}/any({variable}:{where.Text})", 3, e => list.List(e).Cast<object>().Any(x => where.Holds([.. e, x])));
    }

    private RandomFilter MakeTest(Leaf leaf, IReadOnlyList<Leaf> leaves)
    {
        var kind = leaf.Property.ElementKind;
        var name = plain is null && random.Next(6) == 0 ? leaf.Text.ToUpperInvariant().Replace("V0/", "v0/", StringComparison.Ordinal)
            .Replace("V1/", "v1/", StringComparison.Ordinal) : leaf.Text;
        if (leaf.IsElement)
            name = leaf.Text;
        if (random.Next(6) == 0)
        {
            return random.Next(2) == 0
                ? new($"{name} eq null", 2, e => leaf.Value(e) is null)
                : new($"{name} ne null", 2, e => leaf.Value(e) is not null);
        }

        if (random.Next(8) == 0 && leaves.Where(l => l.Property.Kind == kind && kind != ContractKind.Enumeration).ToList() is { Count: > 0 } alike)
        {
            var other = _pools.Pick(alike);
            var (symbol, compare) = kind == ContractKind.Boolean ? Equality() : Operator();
            return new($"{name} {symbol} {other.Text}", 2, e => Compare(leaf.Value(e), other.Value(e), symbol, compare));
        }

        if (random.Next(6) == 0 && (plain is null || kind != ContractKind.Time))
        {
            var items = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Literal(leaf)).ToList();
            return new($"{name} in ({string.Join(random.Next(2) == 0 ? "," : ", ", items.Select(i => i.Text))})", 2,
                e => items.Exists(i => Compare(leaf.Value(e), i.Value, "eq", c => c == 0)));
        }

        return kind switch
        {
            ContractKind.Boolean when random.Next(2) == 0 => new(name, 3, e => leaf.Value(e) is true),
            ContractKind.Guid when plain is not null => MakeComparison(leaf, name),
            ContractKind.Text or ContractKind.Guid when random.Next(2) == 0 => MakeTextTest(leaf, name, leaves),
            ContractKind.Time when random.Next(3) == 0 => MakeTimeTest(leaf, name),
            _ => MakeComparison(leaf, name),
        };
    }

    private RandomFilter MakeComparison(Leaf leaf, string name)
    {
        var (symbol, compare) = leaf.Property.ElementKind is ContractKind.Boolean or ContractKind.Enumeration ? Equality() : Operator();
        var literal = Literal(leaf);
        return random.Next(5) == 0 && symbol is "eq" or "ne"
            ? new($"{literal.Text} {symbol} {name}", 2, e => Compare(leaf.Value(e), literal.Value, symbol, compare))
            : new($"{name} {symbol} {literal.Text}", 2, e => Compare(leaf.Value(e), literal.Value, symbol, compare));
    }

    private RandomFilter MakeTextTest(Leaf leaf, string name, IReadOnlyList<Leaf> leaves)
    {
        string? Text(object[] e) => leaf.Value(e) switch { Guid g => g.ToString(), var t => (string?)t };
        var part = _pools.Pick(RandomReferrals.Texts);
        if (random.Next(2) == 0 && part.Length > 1 && !char.IsSurrogate(part[1]))
            part = random.Next(2) == 0 ? part[..1] : part[^1..];
        if (char.IsSurrogate(part.FirstOrDefault()) && part.Length == 1)
            part = "e";
        var folded = Fold(part)!;
        var upper = random.Next(2) == 0 ? $"tolower({name})" : plain is null && random.Next(2) == 0 ? $"toupper({name})" : name;
        if (plain is not null)
            part = folded;
        switch (random.Next(plain is null ? 6 : 5))
        {
            case 0:
                return new($"contains({upper},{Quote(part)})", 3, e => Fold(Text(e))?.Contains(folded, StringComparison.Ordinal) == true);
            case 1:
                return new($"startswith({upper}, {Quote(part)})", 3, e => Fold(Text(e))?.StartsWith(folded, StringComparison.Ordinal) == true);
            case 2:
                return new($"endswith({upper}, {Quote(part)})", 3, e => Fold(Text(e))?.EndsWith(folded, StringComparison.Ordinal) == true);
            case 3:
                var (symbol, compare) = Operator();
                var length = random.Next(8);
                return new($"length({name}) {symbol} {length}", 2,
                    e => Compare((decimal?)Fold(Text(e))?.EnumerateRunes().Count(), (decimal)length, symbol, compare));
            case 4:
                var (sign, match) = Operator();
                var index = random.Next(-1, 3);
                return new($"indexof({name},{Quote(part)}) {sign} {index}", 2, e => Compare(IndexOf(Fold(Text(e)), folded), (decimal)index, sign, match));
            default:
                var other = _pools.Pick(leaves.Where(l => l.Property.Kind == ContractKind.Text || l.IsElement).ToList());
                var together = leaf.Property.ElementKind == ContractKind.Guid ? "a" : "conTOSOa";
                return new($"concat({name}, {other.Text}) eq '{together}'", 2,
                    e => Text(e) is { } x && other.Value(e) is string y && Same(x + y, together));
        }
    }

    private RandomFilter MakeTimeTest(Leaf leaf, string name)
    {
        var (symbol, compare) = Operator();
        var time = _pools.Pick(RandomReferrals.Times);
        List<(string Name, Func<DateTimeOffset, int> Part)> parts =
        [
            ("year", t => t.Year), ("month", t => t.Month), ("day", t => t.Day), ("hour", t => t.Hour), ("minute", t => t.Minute),
        ];
        // Npgsql's provider rounds the half of a second up.
        if (plain is null)
            parts.Add(("second", t => t.Second));
        var part = _pools.Pick(parts);
        return new($"{part.Name}({name}) {symbol} {part.Part(time)}", 2, e => Compare(
            leaf.Value(e) is DateTimeOffset t ? (decimal?)part.Part(t) : null, (decimal)part.Part(time), symbol, compare));
    }

    private (string Text, object Value) Literal(Leaf leaf)
    {
        switch (leaf.Property.ElementKind)
        {
            case ContractKind.Boolean:
                var truth = random.Next(2) == 0;
                return (truth ? "true" : "false", truth);
            case ContractKind.Number:
                var number = _pools.Pick(RandomReferrals.Numbers);
                return (number.ToString(CultureInfo.InvariantCulture), number);
            case ContractKind.Time:
                var time = _pools.Pick(RandomReferrals.Times);
                var text = time.ToString(random.Next(2) == 0 ? "yyyy-MM-ddTHH:mm:ss.ffffffZ" : "yyyy-MM-ddTHH:mm:ss.ffffff+00:00", CultureInfo.InvariantCulture);
                return (plain is null && random.Next(2) == 0 ? $"'{text}'" : text, time); // R64
            case ContractKind.Guid:
                var guid = _pools.Pick(RandomReferrals.Engagements);
                return (plain is null && random.Next(2) == 0 ? $"'{guid}'" : guid.ToString().ToUpperInvariant(), guid); // R64
            case ContractKind.Enumeration:
                var member = _pools.Pick(leaf.Property.MemberNames.ToList());
                return ($"'{(plain is not null || random.Next(2) == 0 ? member : member.ToLowerInvariant())}'", member); // R64
            default:
                var word = leaf.Text.EndsWith("rganizationId", StringComparison.Ordinal)
                    ? _pools.Pick(RandomReferrals.Own, RandomReferrals.Other, "MSFT")
                    : _pools.Pick(RandomReferrals.Texts);
                return (Quote(plain is null ? word : Fold(word)!), word);
        }
    }

    private (string Symbol, Func<int, bool> Compare) Operator() => _pools.Pick<(string, Func<int, bool>)>(
        ("eq", c => c == 0), ("ne", c => c != 0), ("gt", c => c > 0), ("ge", c => c >= 0), ("lt", c => c < 0), ("le", c => c <= 0));

    private (string Symbol, Func<int, bool> Compare) Equality() =>
        _pools.Pick<(string, Func<int, bool>)>(("eq", c => c == 0), ("ne", c => c != 0));

    /// <summary>Two nulls are equal, null differs from every value, and nothing is greater or less than null.</summary>
    private static bool Compare(object? left, object? right, string symbol, Func<int, bool> compare) => (left, right) switch
    {
        (null, null) => symbol == "eq",
        (null, _) or (_, null) => symbol == "ne",
        _ => compare(Order(left, right)),
    };

    public static int Order(object? left, object? right) => (left, right) switch
    {
        (null, null) => 0,
        (null, _) => -1,
        (_, null) => 1,
        (string a, string b) => Encoding.UTF8.GetBytes(Fold(a)!).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(Fold(b)!)),
        (Enum a, _) => string.CompareOrdinal(a.ToString(), right.ToString()),
        (Guid a, Guid b) => string.CompareOrdinal(a.ToString(), b.ToString()),
        _ => ((IComparable)left).CompareTo(right),
    };

    private static decimal? IndexOf(string? text, string part) =>
        text?.IndexOf(part, StringComparison.Ordinal) switch
        {
            null => null,
            -1 => -1,
            { } at => text[..at].EnumerateRunes().Count(),
        };

    private static bool Same(string? left, string? right) => Fold(left) == Fold(right);

    private static string? Fold(string? text) => text?.ToLowerInvariant();

    private static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static IEnumerable<Leaf> Leaves(ContractType type, ContractProperty[] above, int level)
    {
        foreach (var property in type.Properties.Where(p => !p.Name.StartsWith('@') && p.Name != "links"))
        {
            ContractProperty[] path = [.. above, property];
            if (property.Kind == ContractKind.Object)
            {
                foreach (var leaf in Leaves(property.Nested!, path, level))
                    yield return leaf;
            }
            else
            {
                yield return new(string.Join('/', path.Select(p => p.Name)), property, path, level, false);
            }
        }
    }
}

/// <summary>A property that has a value or is a list; or an element of a list of texts.</summary>
internal sealed record Leaf(string Text, ContractProperty Property, ContractProperty[] Path, int Level, bool IsElement)
{
    public object? Value(object[] environment)
    {
        object? value = environment[Level];
        foreach (var property in Path)
            value = property.Get(value!);
        return value;
    }

    public IList List(object[] environment) => (IList)Value(environment)!;
}

using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tandem.Contracts.Referrals;

namespace Tandem.Contracts.Reading;

/// <summary>Shape of a property's value.</summary>
public enum ContractKind
{
    /// <summary>Text.</summary>
    Text,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A decimal number.</summary>
    Number,

    /// <summary>A time.</summary>
    Time,

    /// <summary>A GUID.</summary>
    Guid,

    /// <summary>A name of a closed list.</summary>
    Enumeration,

    /// <summary>A nested object, always present.</summary>
    Object,

    /// <summary>A list of objects or texts.</summary>
    List,

    /// <summary>Any JSON value, kept as sent.</summary>
    Json,
}

/// <summary>
/// The wire contract of one type, taken from its source-generated serializer metadata and its
/// <see cref="ContractAttribute"/>s: the one place where reading, patching, comparing and the restricted view learn
/// which properties there are.
/// </summary>
public sealed class ContractType
{
    private static readonly ConcurrentDictionary<Type, ContractType> Known = new();
    private readonly FrozenDictionary<string, (ContractProperty Property, bool IsAlias)>.AlternateLookup<ReadOnlySpan<char>> _byName;
    private readonly Func<object> _create;

    private ContractType(JsonTypeInfo info)
    {
        ClrType = info.Type;
        _create = info.CreateObject!;
        Properties = [.. info.Properties.Select((p, i) => new ContractProperty(p, i))];
        var names = new Dictionary<string, (ContractProperty, bool)>(StringComparer.OrdinalIgnoreCase);
        foreach (var property in Properties)
            names[property.Name] = (property, false);
        foreach (var property in Properties.Where(p => p.Alias is not null))
            names.TryAdd(property.Alias!, (property, true));
        _byName = names.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The contract of a referral.</summary>
    public static ContractType Referral => Of(typeof(Referral));

    /// <summary>The type described.</summary>
    public Type ClrType { get; }

    /// <summary>Its properties in the order of emission.</summary>
    public ImmutableArray<ContractProperty> Properties { get; }

    /// <summary>The contract of a type that <see cref="ReferralJson"/> knows.</summary>
    public static ContractType Of(Type type) =>
        Known.GetOrAdd(type, static t => new ContractType(ReferralJson.Wire.GetTypeInfo(t)
            ?? throw new InvalidOperationException($"{t} has no source-generated metadata.")));

    /// <summary>A new, empty instance.</summary>
    public object Create() => _create();

    /// <summary>Finds a property by its name or alias in any case.</summary>
    public ContractProperty? Find(ReadOnlySpan<char> name, out bool isAlias)
    {
        var found = _byName.TryGetValue(name, out var hit);
        isAlias = found && hit.IsAlias;
        return found ? hit.Property : null;
    }

    /// <summary>Finds the property that a member of a JSON object means, without a text of its name where it can.</summary>
    public ContractProperty? Find(JsonProperty member, out bool isAlias)
    {
        var raw = JsonMarshal.GetRawUtf8PropertyName(member);
        Span<char> name = stackalloc char[64];
        return raw.Length > name.Length || raw.Contains((byte)'\\')
            ? Find(member.Name, out isAlias)
            : Find(name[..Encoding.UTF8.GetChars(raw, name)], out isAlias);
    }

    /// <summary>The known name most like a misspelt one; null when none is near.</summary>
    public string? Nearest(string name) => Spelling.Nearest(name, Properties.Select(p => p.Name));

    /// <summary>Paths of the properties in which two instances differ, lists as a whole.</summary>
    public List<string> Compare(object before, object after)
    {
        var paths = new List<string>();
        Compare(before, after, "", paths);
        return paths;
    }

    /// <summary>Whether two instances hold the same values.</summary>
    public bool AreSame(object before, object after)
    {
        foreach (var property in Properties)
        {
            if (!property.AreEqual(property.Get(before), property.Get(after)))
                return false;
        }

        return true;
    }

    private void Compare(object before, object after, string prefix, List<string> paths)
    {
        foreach (var property in Properties)
        {
            var (left, right) = (property.Get(before), property.Get(after));
            if (property.Kind == ContractKind.Object && left is not null && right is not null)
                property.Nested!.Compare(left, right, $"{prefix}{property.Name}.", paths);
            else if (!property.AreEqual(left, right))
                paths.Add(PropertyPath.Of(prefix, property.Name));
        }
    }
}

/// <summary>One property of a <see cref="ContractType"/>.</summary>
public sealed class ContractProperty
{
    private readonly Func<object, object?> _get;
    private readonly Action<object, object?> _set;
    private readonly Lazy<ContractType?> _nested;
    private readonly FrozenDictionary<string, object>? _members;
    private readonly Func<IList>? _createList;

    internal ContractProperty(JsonPropertyInfo info, int index)
    {
        var contract = info.AttributeProvider?.GetCustomAttributes(typeof(ContractAttribute), false)
            .OfType<ContractAttribute>().SingleOrDefault() ?? new ContractAttribute();
        Index = index;
        Name = info.Name;
        Alias = contract.Alias;
        Access = contract.Access;
        MaxLength = contract.MaxLength;
        MaxCount = contract.MaxCount;
        Form = contract.Form;
        HiddenFromOthers = contract.HiddenFromOthers;
        _get = info.Get!;
        _set = info.Set!;

        var type = Nullable.GetUnderlyingType(info.PropertyType) ?? info.PropertyType;
        var element = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>)
            ? type.GetGenericArguments()[0]
            : null;
        if (element is not null)
            _createList = () => (IList)info.Options.GetTypeInfo(type).CreateObject!();
        Kind = KindOf(type);
        ElementKind = element is null ? Kind : KindOf(element);
        IsNullable = Kind is not (ContractKind.Object or ContractKind.List)
            && (type.IsValueType ? type != info.PropertyType : info.IsGetNullable);
        if (type.IsEnum)
            _members = Enum.GetNames(type).ToFrozenDictionary(n => n, n => Enum.Parse(type, n), StringComparer.OrdinalIgnoreCase);
        _nested = new(() => ElementKind == ContractKind.Object ? ContractType.Of(element ?? type) : null);
    }

    /// <summary>Position in its type.</summary>
    public int Index { get; }

    /// <summary>Canonical JSON name.</summary>
    public string Name { get; }

    /// <summary>Another accepted name.</summary>
    public string? Alias { get; }

    /// <summary>Shape of the value.</summary>
    public ContractKind Kind { get; }

    /// <summary>Shape of a list's elements; else <see cref="Kind"/>.</summary>
    public ContractKind ElementKind { get; }

    /// <summary>Whether <c>null</c> may be stored.</summary>
    public bool IsNullable { get; }

    /// <summary>Who may set it.</summary>
    public Access Access { get; }

    /// <summary>Longest text, 0 for no limit.</summary>
    public int MaxLength { get; }

    /// <summary>Most elements, 0 for no limit.</summary>
    public int MaxCount { get; }

    /// <summary>Form of the text.</summary>
    public TextForm Form { get; }

    /// <summary>Whether other parties see the empty value.</summary>
    public bool HiddenFromOthers { get; }

    /// <summary>Contract of the nested object, or of a list's elements.</summary>
    public ContractType? Nested => _nested.Value;

    /// <summary>Names of the closed list, in their documented order.</summary>
    public IEnumerable<string> MemberNames => _members is null ? [] : _members.OrderBy(m => m.Value).Select(m => m.Key);

    /// <summary>Reads the value.</summary>
    public object? Get(object owner) => _get(owner);

    /// <summary>Writes the value.</summary>
    public void Set(object owner, object? value) => _set(owner, value);

    internal IList CreateList() => _createList!();

    internal bool TryMember(string name, out object? value) => _members!.TryGetValue(name, out value);

    /// <summary>Whether two values of the property are the same.</summary>
    public bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (IList a, IList b) => SameElements(a, b),
        (JsonElement a, JsonElement b) => JsonElement.DeepEquals(a, b),
        _ => Kind == ContractKind.Object ? Nested!.AreSame(left, right) : left.Equals(right),
    };

    private bool SameElements(IList left, IList right)
    {
        if (left.Count != right.Count)
            return false;
        for (var i = 0; i < left.Count; i++)
        {
            var same = (left[i], right[i]) switch
            {
                (JsonElement a, JsonElement b) => JsonElement.DeepEquals(a, b),
                ({ } a, { } b) => ElementKind == ContractKind.Object ? Nested!.AreSame(a, b) : a.Equals(b),
                (null, null) => true,
                _ => false,
            };
            if (!same)
                return false;
        }

        return true;
    }

    private static ContractKind KindOf(Type type) => type switch
    {
        _ when type == typeof(string) => ContractKind.Text,
        _ when type == typeof(bool) => ContractKind.Boolean,
        _ when type == typeof(decimal) || type == typeof(long) => ContractKind.Number,
        _ when type == typeof(DateTimeOffset) => ContractKind.Time,
        _ when type == typeof(Guid) => ContractKind.Guid,
        _ when type == typeof(JsonElement) => ContractKind.Json,
        _ when type.IsEnum => ContractKind.Enumeration,
        _ when type.IsGenericType => ContractKind.List,
        _ => ContractKind.Object,
    };
}

namespace Tandem.Contracts.Reading;

/// <summary>Who may set a property, and when.</summary>
public enum Access
{
    /// <summary>A client sets it on create, and its owner changes it while the referral is open.</summary>
    Mutable,

    /// <summary>A client sets it on create; afterwards it never changes.</summary>
    Fixed,

    /// <summary>
    /// As <see cref="Fixed"/>, but a JSON Patch that repeats the stored value is no error
    /// (the customer's name, address and ids).
    /// </summary>
    FixedValue,

    /// <summary>The server sets it; what a client sends is ignored.</summary>
    Server,

    /// <summary>Changes only by the operations of a deal registration.</summary>
    Registration,
}

/// <summary>Form that the text of a property must have.</summary>
public enum TextForm
{
    /// <summary>Any text.</summary>
    Any,

    /// <summary>Empty, or with exactly one <c>@</c>.</summary>
    Email,

    /// <summary>Three letters of ISO 4217, stored upper-case.</summary>
    Currency,

    /// <summary>ISO 3166-1, two or three letters, stored as two upper-case letters.</summary>
    Country,

    /// <summary>One of the connector's stage names, or a percentage, as string or number.</summary>
    SalesStage,
}

/// <summary>What the wire contract says of a property beyond its name and type.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ContractAttribute : Attribute
{
    /// <summary>Who may set it.</summary>
    public Access Access { get; init; }

    /// <summary>Another name accepted on input and never emitted.</summary>
    public string? Alias { get; init; }

    /// <summary>Longest accepted text in UTF-16 code units; 0 for no limit.</summary>
    public int MaxLength { get; init; }

    /// <summary>Most accepted elements of a list; 0 for no limit.</summary>
    public int MaxCount { get; init; }

    /// <summary>Form of the text.</summary>
    public TextForm Form { get; init; }

    /// <summary>Whether other parties see the empty value instead (the restricted view).</summary>
    public bool HiddenFromOthers { get; init; }
}

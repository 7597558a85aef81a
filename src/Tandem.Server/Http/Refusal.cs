using System.Diagnostics.CodeAnalysis;

namespace Tandem.Server.Http;

/// <summary>A rule said no. One shape for every refusal; the writers in this folder put it on the wire.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="InnerCode">Specific code such as <c>invalidStatusTransition</c>; null when the status says it all.</param>
/// <param name="Target">Property path, query option, header, or <c>referral</c>.</param>
/// <param name="Message">What is wrong and how to mend it; never a secret or another party's data.</param>
internal sealed record Refusal(int Status, string? InnerCode, string? Target, string Message)
{
    /// <summary>Further faults of the same request.</summary>
    public IReadOnlyList<Refusal> Others { get; init; } = [];

    /// <summary>The referral's entity tag as it is, on 412; the caller may read it anyway.</summary>
    public string? ETag { get; init; }

    /// <summary>Seconds after which a retry may succeed, on 429 and 503.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>One of the eight documented codes; the mapping of R102.</summary>
    public string Code => Status switch
    {
        401 => "unauthenticated",
        403 => "accessDenied",
        404 or 410 => "itemNotFound",
        409 or 423 => "resourceModified",
        412 => "preconditionFailed",
        429 or 503 or 504 or 509 => "serviceNotAvailable",
        >= 500 => "generalException",
        _ => "invalidRequest",
    };

    public static Refusal Invalid(string target, string innerCode, string message) =>
        new(StatusCodes.Status400BadRequest, innerCode, target, message);

    public static Refusal Missing(string target, string message) => Invalid(target, "missingProperty", message);

    public static Refusal NotFound(string target, string message) =>
        new(StatusCodes.Status404NotFound, null, target, message);

    public static Refusal Forbidden(string target, string? innerCode, string message) =>
        new(StatusCodes.Status403Forbidden, innerCode, target, message);

    /// <summary>Several faults as one refusal: the first, and the rest behind it (R105).</summary>
    public static Refusal All(IReadOnlyList<Refusal> faults) => faults[0] with { Others = [.. faults.Skip(1)] };
}

/// <summary>Either a value or the refusal of a rule.</summary>
internal readonly struct Outcome<T>
    where T : class
{
    public Outcome(T value)
        : this(value, null)
    {
    }

    private Outcome(T? value, Refusal? refusal) => (Value, Refusal) = (value, refusal);

    public T? Value { get; }

    public Refusal? Refusal { get; }

    public bool Succeeded([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out Refusal? refusal)
    {
        (value, refusal) = (Value, Refusal);
        return value is not null;
    }

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Refusal refusal) => new(null, refusal);
}

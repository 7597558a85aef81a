using System.Text.Json.Serialization;

namespace Tandem.Contracts.Referrals;

/// <summary>Body of every 4xx and 5xx answer of the Referrals API. Source: Partner Center, <i>Error codes</i>.</summary>
public sealed class ErrorResponse
{
    /// <summary>The error.</summary>
    public ErrorBody Error { get; set; } = new();
}

/// <summary>What went wrong.</summary>
public sealed class ErrorBody
{
    /// <summary>One of the eight documented codes.</summary>
    public string Code { get; set; } = "";

    /// <summary>For developers, English, at most 1024 characters.</summary>
    public string Message { get; set; } = "";

    /// <summary>Property path, query option, or <c>referral</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Target { get; set; }

    /// <summary>The same fault more specifically; with several faults, a chain of all of them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public InnerError? InnerError { get; set; }
}

/// <summary>A more specific code and message.</summary>
public sealed class InnerError
{
    /// <summary>Specific code, for example <c>invalidCurrency</c>.</summary>
    public string Code { get; set; } = "";

    /// <summary>Which property, why, and how to mend it.</summary>
    public string Message { get; set; } = "";

    /// <summary>The next fault of the same request.</summary>
    [JsonPropertyName("innerError"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public InnerError? Next { get; set; }
}

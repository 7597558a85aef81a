using System.Net;

namespace Tandem.Client;

/// <summary>The server said no, or failed: what it said, and how to mend it.</summary>
public sealed class TandemException : Exception
{
    internal TandemException(HttpStatusCode status, string message)
        : base(message) => Status = status;

    /// <summary>HTTP status of the answer.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>One of the documented codes, such as <c>invalidRequest</c>; empty when the answer had none.</summary>
    public string Code { get; internal init; } = "";

    /// <summary>The specific code, such as <c>invalidStatusTransition</c>; null when the status says it all.</summary>
    public string? InnerCode { get; internal init; }

    /// <summary>Property path, query option or header that is at fault.</summary>
    public string? Target { get; internal init; }

    /// <summary>All faults of the request, the first one included; empty when the server named none.</summary>
    public IReadOnlyList<TandemFault> Faults { get; internal init; } = [];

    /// <summary>The server's id of the request, under which its log has the details.</summary>
    public string? RequestId { get; internal init; }

    /// <summary>The referral's entity tag as it is now, when the one that was sent is not (412).</summary>
    public string? CurrentETag { get; internal init; }

    /// <summary>When trying again makes sense.</summary>
    public TimeSpan? RetryAfter { get; internal init; }
}

/// <summary>One fault of a request.</summary>
/// <param name="Code">Specific code.</param>
/// <param name="Target">Property path, when the server names it apart from the message.</param>
/// <param name="Message">What is wrong and how to mend it.</param>
public sealed record TandemFault(string Code, string? Target, string Message);

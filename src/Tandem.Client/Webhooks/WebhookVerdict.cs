namespace Tandem.Client.Webhooks;

/// <summary>Why an event is not accepted.</summary>
public enum WebhookProblem
{
    /// <summary>Nothing is wrong: the event is the server's, unchanged.</summary>
    None,

    /// <summary>There is no signature of a style that the verifier is set up for.</summary>
    NoSignature,

    /// <summary>A signature is there and cannot be read: it is not Base64, or has no part of a known version.</summary>
    MalformedSignature,

    /// <summary>The signature is another one's, or the body is not the one that was signed.</summary>
    WrongSignature,

    /// <summary><c>X-MS-Certificate-Url</c> is missing or is no absolute URL.</summary>
    NoCertificateUrl,

    /// <summary>The certificate lies at none of <see cref="WebhookVerifierOptions.TrustedCertificates"/>.</summary>
    UntrustedCertificateUrl,

    /// <summary>The certificate could not be fetched just now, or what came is no RSA certificate.</summary>
    CertificateUnavailable,

    /// <summary><c>X-MS-Signature-Algorithm</c> is missing or is not <c>rsa-sha256</c>.</summary>
    UnknownAlgorithm,

    /// <summary><c>webhook-id</c> is missing.</summary>
    NoId,

    /// <summary><c>webhook-timestamp</c> is missing or is no number of seconds since 1970.</summary>
    NoTimestamp,

    /// <summary>
    /// The event was sent longer ago than <see cref="WebhookVerifierOptions.Tolerance"/>: a replay, or a wrong clock.
    /// </summary>
    TooOld,

    /// <summary>
    /// The event comes from further ahead than <see cref="WebhookVerifierOptions.Tolerance"/>: a clock is wrong.
    /// </summary>
    TooNew,
}

/// <summary>What a <see cref="WebhookVerifier"/> says of an event.</summary>
/// <param name="Problem">What is wrong; <see cref="WebhookProblem.None"/> when the event is accepted.</param>
/// <param name="Explanation">The same in words, for a log; names headers and addresses, never a secret.</param>
public sealed record WebhookVerdict(WebhookProblem Problem, string Explanation)
{
    /// <summary>Whether the event is the server's, unchanged.</summary>
    public bool IsAccepted => Problem == WebhookProblem.None;

    /// <summary>
    /// The HTTP status to answer with: 200 when accepted; 400 when something that tells how to check is missing;
    /// 503 when the certificate cannot be had just now, so that the server tries again later; else 401.
    /// </summary>
    public int StatusCode => Problem switch
    {
        WebhookProblem.None => 200,
        WebhookProblem.NoCertificateUrl or WebhookProblem.UnknownAlgorithm => 400,
        WebhookProblem.NoId or WebhookProblem.NoTimestamp => 400,
        WebhookProblem.CertificateUnavailable => 503,
        _ => 401,
    };
}

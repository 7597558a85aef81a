namespace Tandem.Client.Webhooks;

/// <summary>Whose webhooks a <see cref="WebhookVerifier"/> accepts; one of the two lists must have an entry.</summary>
public sealed class WebhookVerifierOptions
{
    /// <summary>
    /// Where signing certificates may come from, for events signed as Partner Center does: absolute URLs, such as
    /// <c>https://tandem.contoso.com/</c>. A certificate's address must have the same scheme, host and port as one of
    /// them, and a path at or below its path. What is trusted is the address: over plain <c>http</c> anybody on the
    /// way could put another certificate there, so use that for an emulator on your own machine only.
    /// </summary>
    public IReadOnlyList<Uri> TrustedCertificates { get; init; } = [];

    /// <summary>
    /// Secrets of subscriptions signed as Standard Webhooks: <c>whsec_</c> and Base64, as the server has given them;
    /// the prefix may be left out. While a secret is being changed, name the old one and the new one.
    /// </summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>
    /// How far the time of a Standard Webhooks event may be from now, before or after; five minutes unless said
    /// otherwise. Events signed as Partner Center does carry no time that is signed apart from the body.
    /// </summary>
    public TimeSpan Tolerance { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// What fetches certificates, for those who need a proxy or an authority of their own. It stays the caller's to
    /// dispose of. Unless there is one, the verifier has its own, which follows no redirects. Either has ten seconds.
    /// </summary>
    public HttpClient? Http { get; init; }

    /// <summary>The clock; the system's unless said otherwise.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

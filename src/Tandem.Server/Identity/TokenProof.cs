using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.EntityFrameworkCore.Models;
using Tandem.Server.Http;
using Tandem.Server.Storage;

namespace Tandem.Server.Identity;

/// <summary>Proves who signed a token: the embedded issuer, or a configured OpenID Connect provider.</summary>
internal sealed class TokenProof : IDisposable
{
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = 1 << 20 };
    private readonly List<Provider> _providers;
    private readonly SigningKeys _keys;
    private readonly AcceptedAudiences _audiences;
    private readonly IServiceScopeFactory _scopes;
    private readonly TimeProvider _clock;
    private readonly bool _issuesTokens;

    public TokenProof(
        SigningKeys keys, AcceptedAudiences audiences, IServiceScopeFactory scopes, TimeProvider clock,
        IOptions<IdentityOptions> identity)
    {
        (_keys, _audiences, _scopes, _clock) = (keys, audiences, scopes, clock);
        _issuesTokens = identity.Value.EmbeddedIssuer;
        _providers = [.. identity.Value.AllProviders().Select(p => new Provider(p, _http))];
    }

    /// <summary>What the token says, or why it is not believed. Time and audience are the caller's to check.</summary>
    public async Task<Outcome<ProvenToken>> Prove(string token, CancellationToken cancellation)
    {
        JsonWebToken read;
        try
        {
            if (!_handler.CanReadToken(token))
                return Malformed;
            read = _handler.ReadJsonWebToken(token);
        }
        catch (Exception fault) when (fault is ArgumentException or SecurityTokenException or FormatException)
        {
            return Malformed;
        }

        await _keys.EnsureLoaded(cancellation);
        return _issuesTokens && (_keys.Knows(read.Kid) || (_providers.Count == 0 && await _keys.Find(read.Kid, cancellation)))
            ? await ProveOwn(read, cancellation)
            : await ProveForeign(read, cancellation);
    }

    /// <summary>Whether the embedded issuer's table still stands by the token.</summary>
    public async Task<bool> IsRevoked(ProvenToken token, CancellationToken cancellation)
    {
        if (token.EntryId is null)
            return false;
        await using var scope = _scopes.CreateAsyncScope();
        var entry = await scope.ServiceProvider.GetRequiredService<TandemDb>().Set<OpenIddictEntityFrameworkCoreToken>()
            .Where(t => t.Id == token.EntryId)
            .Select(t => new { t.Status, Authorization = t.Authorization!.Status })
            .FirstOrDefaultAsync(cancellation);
        token.CheckedAt = _clock.GetUtcNow();
        // An entry that was cleared away ended by itself; only a revoked one was taken back.
        return entry?.Status == OpenIddictConstants.Statuses.Revoked || entry?.Authorization == OpenIddictConstants.Statuses.Revoked;
    }

    public void Dispose() => _http.Dispose();

    private static Refusal Malformed => CallerResolver.Unauthenticated(
        "The access token is malformed: it is not a signed JSON Web Token. Send the access_token of a token answer unchanged.");

    private async Task<Outcome<ProvenToken>> ProveOwn(JsonWebToken read, CancellationToken cancellation)
    {
        var result = await _handler.ValidateTokenAsync(read, new TokenValidationParameters
        {
            IssuerSigningKeys = _keys.Current,
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            // An identity token is for the client, not for us.
            ValidTypes = ["at+jwt"],
            // The host of the issuer is whatever the client called; the key proves whose token it is.
            ValidateIssuer = false,
            ValidateAudience = false,
            ValidateLifetime = false,
        });
        if (!result.IsValid)
            return Unproven(result.Exception);

        var token = Read(read, null);
        return await IsRevoked(token, cancellation)
            ? CallerResolver.Unauthenticated("The access token was revoked; sign in again.")
            : token;
    }

    private async Task<Outcome<ProvenToken>> ProveForeign(JsonWebToken read, CancellationToken cancellation)
    {
        var unreachable = false;
        foreach (var provider in _providers)
        {
            OpenIdConnectConfiguration description;
            try
            {
                description = await provider.Description.GetConfigurationAsync(cancellation);
            }
            catch (Exception fault) when (fault is InvalidOperationException or IOException or HttpRequestException)
            {
                unreachable = true;
                continue;
            }

            if (!provider.Issues(read, description))
                continue;

            var result = await Check(read, description);
            if (!result.IsValid && result.Exception is SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException)
            {
                // The provider may have a new key since we last asked.
                provider.Description.RequestRefresh();
                var newer = await provider.Description.GetConfigurationAsync(cancellation);
                if (!ReferenceEquals(newer, description))
                    result = await Check(read, newer);
            }

            return result.IsValid ? Read(read, provider.Options) : Unproven(result.Exception);
        }

        if (unreachable)
        {
            return new Refusal(StatusCodes.Status503ServiceUnavailable, null, "Authorization",
                "The identity provider does not answer, so the access token cannot be checked; try again shortly.")
            { RetryAfter = 10 };
        }

        return CallerResolver.Unauthenticated(_providers.Count == 0
            ? "The access token was not issued by this server; request one from its own token endpoint."
            : "The access token's issuer is not one that this server is configured to trust; sign in with the configured provider.");
    }

    private Task<TokenValidationResult> Check(JsonWebToken read, OpenIdConnectConfiguration description) =>
        _handler.ValidateTokenAsync(read, new TokenValidationParameters
        {
            IssuerSigningKeys = description.SigningKeys,
            ValidAlgorithms = Algorithms,
            // Not every provider names the type; where it does, it must be an access token's.
            TypeValidator = static (type, _, _) => type is null || type.Equals("JWT", StringComparison.OrdinalIgnoreCase)
                || type.EndsWith("at+jwt", StringComparison.OrdinalIgnoreCase)
                    ? type ?? "JWT"
                    : throw new SecurityTokenInvalidTypeException("Not an access token."),
            ValidateIssuer = false,
            ValidateAudience = false,
            ValidateLifetime = false,
        });

    private static Refusal Unproven(Exception? fault) => CallerResolver.Unauthenticated(fault switch
    {
        SecurityTokenInvalidTypeException => "The token is not an access token; send the access_token of the token answer, not the id_token.",
        SecurityTokenInvalidAlgorithmException => "The access token is signed with an algorithm that is not accepted; request one signed with RS256.",
        SecurityTokenSignatureKeyNotFoundException => "The access token is signed with a key that its issuer does not publish; request a new one.",
        _ => "The access token's signature is not valid; send the access_token of a token answer unchanged.",
    });

    private ProvenToken Read(JsonWebToken read, ProviderOptions? provider)
    {
        var unverified = Claim(read, "email_verified") is "false" or "False";
        List<string> emails = [];
        foreach (var type in (ReadOnlySpan<string>)["email", "upn", "preferred_username", "unique_name"])
        {
            // An address that the provider itself has not checked would be anybody's.
            if ((type != "email" || !unverified) && Claim(read, type)?.Trim().ToLowerInvariant() is { } email
                && email.Contains('@', StringComparison.Ordinal) && !emails.Contains(email))
            {
                emails.Add(email);
            }
        }

        var audiences = read.Audiences.ToList();
        return new ProvenToken
        {
            Provider = provider,
            Issuer = read.Issuer,
            Audiences = audiences,
            HasFixedAudience = _audiences.AreFixed(audiences),
            ExpiresAt = Time(read, "exp") ?? DateTimeOffset.MinValue,
            NotBefore = Time(read, "nbf") ?? DateTimeOffset.MinValue,
            TenantId = Claim(read, "tid"),
            ObjectId = Claim(read, "oid") ?? Claim(read, "sub"),
            ClientId = Claim(read, "appid") ?? Claim(read, "azp") ?? Claim(read, "client_id"),
            Name = Claim(read, "name"),
            Emails = emails,
            // Whoever runs a company's provider does not thereby run the installation.
            Roles = provider is null
                ? []
                : [.. Texts(read, "roles").Select(RoleNames.Read).OfType<Role>().Where(r => r != Role.Operator).Distinct()],
            SaysApplication = Claim(read, "idtyp") == "app",
            EntryId = provider is null ? Claim(read, "oi_tkn_id") : null,
            CheckedAt = _clock.GetUtcNow(),
        };
    }

    private static string? Claim(JsonWebToken token, string type) =>
        token.TryGetPayloadValue<object>(type, out var value) ? value?.ToString() : null;

    private static IEnumerable<string> Texts(JsonWebToken token, string type) =>
        token.Claims.Where(c => c.Type == type).Select(c => c.Value);

    private static DateTimeOffset? Time(JsonWebToken token, string type) =>
        token.TryGetPayloadValue<double>(type, out var seconds) && seconds is > 0 and < 253_402_300_799
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;

    private sealed class Provider(ProviderOptions options, HttpClient http)
    {
        public ProviderOptions Options => options;

        public ConfigurationManager<OpenIdConnectConfiguration> Description { get; } = new(
            options.DescriptionAddress(),
            new OpenIdConnectConfigurationRetriever(),
            // Which addresses may be plain http is decided where the settings are checked.
            new HttpDocumentRetriever(http) { RequireHttps = false })
        {
            RefreshInterval = TimeSpan.FromSeconds(30),
        };

        public bool Issues(JsonWebToken token, OpenIdConnectConfiguration description)
        {
            var tenant = Claim(token, "tid") ?? "";
            return options.Issuers.Prepend(description.Issuer).Any(issuer =>
                string.Equals(issuer?.Replace("{tenantid}", tenant, StringComparison.Ordinal), token.Issuer, StringComparison.Ordinal));
        }
    }
}

using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;

namespace Tandem.Server.Identity;

/// <summary>What a valid token says.</summary>
internal sealed record ValidToken
{
    public required ImmutableArray<string> Audiences { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Directory tenant of the user or client.</summary>
    public string? TenantId { get; init; }

    /// <summary>Object id of the user at his provider.</summary>
    public string? ObjectId { get; init; }

    public string? Name { get; init; }

    /// <summary>E-mail address and user principal name, lower-case.</summary>
    public required ImmutableArray<string> Emails { get; init; }

    public required ImmutableArray<string> Roles { get; init; }

    public string? ClientId { get; init; }

    /// <summary>No user is named (R9).</summary>
    public bool IsApplication { get; init; }

    public bool IsExternal { get; init; }
}

/// <summary>Why a token is not accepted.</summary>
internal enum TokenFault
{
    None,
    Malformed,
    Expired,
    NotTrusted,
    Revoked,
}

/// <summary>
/// Checks signatures and remembers the outcome: a check costs more than a whole cached read. Remembered by digest, never
/// by the token itself, until it expires or is revoked.
/// </summary>
internal sealed class TokenCheck
{
    private static readonly string[] AddressClaims = ["email", "upn", "preferred_username", "unique_name"];
    private readonly ConcurrentDictionary<Digest, ValidToken> _valid = new();
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly SigningKeys _keys;
    private readonly IServiceScopeFactory _scopes;
    private readonly TimeProvider _clock;
    private readonly int _most;
    private readonly ConfigurationManager<OpenIdConnectConfiguration>? _external;

    public TokenCheck(SigningKeys keys, IServiceScopeFactory scopes, TimeProvider clock, IOptions<IdentityOptions> options)
    {
        (_keys, _scopes, _clock, _most) = (keys, scopes, clock, options.Value.RememberedTokens);
        if (options.Value.Authority is { } authority)
        {
            _external = new ConfigurationManager<OpenIdConnectConfiguration>(
                $"{authority.ToString().TrimEnd('/')}/.well-known/openid-configuration",
                new OpenIdConnectConfigurationRetriever(),
                new HttpDocumentRetriever { RequireHttps = !authority.IsLoopback });
        }
    }

    /// <summary>Forgets a token, since it was revoked.</summary>
    public void Forget(string token) => _valid.TryRemove(Digest.Of(token), out _);

    public ValueTask<(ValidToken? Token, TokenFault Fault)> Check(string token, CancellationToken cancellation)
    {
        var digest = Digest.Of(token);
        if (!_valid.TryGetValue(digest, out var known))
            return new(Validate(token, digest, cancellation));
        if (known.ExpiresAt > _clock.GetUtcNow())
            return new((known, TokenFault.None));
        _valid.TryRemove(digest, out _);
        return new((null, TokenFault.Expired));
    }

    private async Task<(ValidToken? Token, TokenFault Fault)> Validate(string token, Digest digest, CancellationToken cancellation)
    {
        if (Parse(token) is not { } parsed)
            return (null, TokenFault.Malformed);
        var isOwn = parsed.Kid == _keys.Current.KeyId;
        if (!isOwn && _external is null)
            return (null, TokenFault.NotTrusted);

        var result = isOwn ? await ValidateOwn(token) : await ValidateExternal(token, cancellation);
        if (!result.IsValid)
            return (null, result.Exception is SecurityTokenExpiredException ? TokenFault.Expired : TokenFault.NotTrusted);
        if (isOwn && await IsRevoked(result.ClaimsIdentity, cancellation))
            return (null, TokenFault.Revoked);

        var valid = Describe(result.ClaimsIdentity, parsed, !isOwn);
        if (_valid.Count >= _most)
            MakeRoom();
        _valid[digest] = valid;
        return (valid, TokenFault.None);
    }

    // Three parts are enough for CanReadToken; what is in them shows only when it is read.
    private JsonWebToken? Parse(string token)
    {
        try
        {
            return _handler.CanReadToken(token) ? _handler.ReadJsonWebToken(token) : null;
        }
        catch (Exception failure) when (failure is ArgumentException or SecurityTokenException)
        {
            return null;
        }
    }

    private Task<TokenValidationResult> ValidateOwn(string token) => _handler.ValidateTokenAsync(token, new TokenValidationParameters
    {
        // Nobody else has the key; the issuer's name follows the address and tenant under which it was asked.
        ValidateIssuer = false,
        IssuerSigningKey = _keys.Current,
        ValidateAudience = false,
        LifetimeValidator = IsAlive,
    });

    private async Task<TokenValidationResult> ValidateExternal(string token, CancellationToken cancellation)
    {
        try
        {
            var result = await With(await _external!.GetConfigurationAsync(cancellation));
            if (result.Exception is not SecurityTokenSignatureKeyNotFoundException)
                return result;
            // The provider may have changed its keys.
            _external.RequestRefresh();
            return await With(await _external.GetConfigurationAsync(cancellation));
        }
        catch (InvalidOperationException unreachable)
        {
            return new TokenValidationResult { IsValid = false, Exception = unreachable };
        }

        Task<TokenValidationResult> With(OpenIdConnectConfiguration provider) => _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerValidator = (issuer, parsed, _) =>
            {
                // Entra ID's common endpoint publishes a template.
                var tenant = ((JsonWebToken)parsed).TryGetPayloadValue<string>("tid", out var tid) ? tid : "";
                return issuer == provider.Issuer.Replace("{tenantid}", tenant, StringComparison.Ordinal)
                    ? issuer
                    : throw new SecurityTokenInvalidIssuerException("The issuer is not the configured one.");
            },
            IssuerSigningKeys = provider.SigningKeys,
            ValidateAudience = false,
            LifetimeValidator = IsAlive,
        });
    }

    private bool IsAlive(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        if (expires is not { } end || end <= now)
            throw new SecurityTokenExpiredException("The token has expired.") { Expires = expires ?? DateTime.MinValue };
        // Clocks of two machines differ a little.
        return notBefore is not { } start || start <= now.AddMinutes(5);
    }

    private async Task<bool> IsRevoked(ClaimsIdentity identity, CancellationToken cancellation)
    {
        if (identity.FindFirst(OpenIddictConstants.Claims.Private.TokenId)?.Value is not { } id)
            return false;
        await using var scope = _scopes.CreateAsyncScope();
        var tokens = scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>();
        return await tokens.FindByIdAsync(id, cancellation) is not { } entry
            || !await tokens.HasStatusAsync(entry, OpenIddictConstants.Statuses.Valid, cancellation);
    }

    private static ValidToken Describe(ClaimsIdentity identity, JsonWebToken parsed, bool isExternal)
    {
        var emails = AddressClaims
            .Select(name => identity.FindFirst(name)?.Value.Trim().ToLowerInvariant())
            .OfType<string>().Where(e => e.Contains('@')).Distinct().ToImmutableArray();
        var subject = identity.FindFirst("sub")?.Value;
        var client = identity.FindFirst("azp")?.Value ?? identity.FindFirst("appid")?.Value ?? identity.FindFirst("client_id")?.Value;
        return new ValidToken
        {
            Audiences = [.. parsed.Audiences],
            ExpiresAt = new DateTimeOffset(parsed.ValidTo, TimeSpan.Zero),
            TenantId = identity.FindFirst("tid")?.Value,
            ObjectId = identity.FindFirst("oid")?.Value ?? subject,
            Name = identity.FindFirst("name")?.Value,
            Emails = emails,
            Roles = [.. identity.FindAll("roles").Select(c => c.Value)],
            ClientId = client,
            IsApplication = identity.FindFirst("idtyp")?.Value == "app" || (emails.IsEmpty && (subject is null || subject == client)),
            IsExternal = isExternal,
        };
    }

    // Rare, and cheaper than keeping an order: first what has expired, then everything.
    private void MakeRoom()
    {
        var now = _clock.GetUtcNow();
        foreach (var (digest, token) in _valid)
        {
            if (token.ExpiresAt <= now)
                _valid.TryRemove(digest, out _);
        }

        if (_valid.Count >= _most)
            _valid.Clear();
    }

    /// <summary>SHA-256 of a token.</summary>
    private readonly record struct Digest(ulong A, ulong B, ulong C, ulong D)
    {
        public static Digest Of(string token)
        {
            const int Longest = 8192;
            Span<byte> text = stackalloc byte[token.Length <= Longest ? token.Length * 3 : 0];
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            if (token.Length <= Longest)
                SHA256.HashData(text[..Encoding.UTF8.GetBytes(token, text)], hash);
            else
                SHA256.HashData(Encoding.UTF8.GetBytes(token), hash);
            return new(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]), BitConverter.ToUInt64(hash[16..]), BitConverter.ToUInt64(hash[24..]));
        }
    }
}

using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Tandem.Server.Http;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;

namespace Tandem.Server.Identity;

/// <summary>What a token says, once its signature is proven. The token itself is not kept.</summary>
internal sealed class ProvenToken
{
    /// <summary>The provider that issued it; null for the embedded issuer.</summary>
    public ProviderOptions? Provider { get; init; }

    public required string Issuer { get; init; }

    public required IReadOnlyList<string> Audiences { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset NotBefore { get; init; }

    public string? TenantId { get; init; }

    /// <summary>Object id of the user, or subject where there is none.</summary>
    public string? ObjectId { get; init; }

    public string? ClientId { get; init; }

    public string? Name { get; init; }

    /// <summary>E-mail address and user principal name, lower-case (B5).</summary>
    public IReadOnlyList<string> Emails { get; init; } = [];

    public IReadOnlyList<Role> Roles { get; init; } = [];

    public bool SaysApplication { get; init; }

    /// <summary>Entry of the embedded issuer's table, which tells whether the token is revoked.</summary>
    public string? EntryId { get; init; }

    /// <summary>Whether one of the audiences is good under whatever host the server is called (R10).</summary>
    public bool HasFixedAudience { get; init; }

    /// <summary>When the table was last asked.</summary>
    public DateTimeOffset CheckedAt { get; set; }

    /// <summary>The caller, as the directory was when it was last asked.</summary>
    public ResolvedCaller? Resolved { get; set; }
}

/// <summary>Whom a token stands for in one state of the directory: an administrator's change makes another state.</summary>
internal sealed record ResolvedCaller(DirectorySnapshot Directory, Outcome<Caller> Caller);

/// <summary>
/// Tokens whose signature is proven, by their digest: checking a signature costs more than all the rest of a cached
/// read. Two generations bound it: a full one becomes the old one, and what is used moves to the new one.
/// </summary>
internal sealed class ProvenTokens(IOptions<IdentityOptions> identity) : ISharedCache
{
    private readonly int _largestGeneration = identity.Value.RememberedTokens / 2;
    private readonly Lock _turning = new();
    private volatile Generations _generations = new([], []);
    private Guid _stamp;

    string ISharedCache.Name => SharedStateRow.Tokens;

    Guid ISharedCache.Stamp => _stamp;

    // Another node revoked a token.
    ValueTask ISharedCache.Refresh(Guid stamp, CancellationToken cancellation)
    {
        _stamp = stamp;
        Clear();
        return ValueTask.CompletedTask;
    }

    public bool TryGet(ReadOnlySpan<char> token, [NotNullWhen(true)] out ProvenToken? proven)
    {
        var digest = TokenDigest.Of(token);
        var (young, old) = _generations;
        if (young.TryGetValue(digest, out proven))
            return true;
        if (!old.TryGetValue(digest, out proven))
            return false;
        Add(digest, proven);
        return true;
    }

    public void Add(ReadOnlySpan<char> token, ProvenToken proven) => Add(TokenDigest.Of(token), proven);

    public void Remove(ReadOnlySpan<char> token)
    {
        var digest = TokenDigest.Of(token);
        var (young, old) = _generations;
        young.TryRemove(digest, out _);
        old.TryRemove(digest, out _);
    }

    public void Clear() => _generations = new([], []);

    private void Add(TokenDigest digest, ProvenToken proven)
    {
        if (_generations.Young.Count >= _largestGeneration)
        {
            lock (_turning)
            {
                if (_generations.Young.Count >= _largestGeneration)
                    _generations = new([], _generations.Young);
            }
        }

        _generations.Young[digest] = proven;
    }

    private sealed record Generations(
        ConcurrentDictionary<TokenDigest, ProvenToken> Young, ConcurrentDictionary<TokenDigest, ProvenToken> Old);

    private readonly record struct TokenDigest(UInt128 First, UInt128 Second)
    {
        public static TokenDigest Of(ReadOnlySpan<char> token)
        {
            Span<byte> hash = stackalloc byte[32];
            SHA256.HashData(MemoryMarshal.AsBytes(token), hash);
            return MemoryMarshal.Read<TokenDigest>(hash);
        }
    }
}

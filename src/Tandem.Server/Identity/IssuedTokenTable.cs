using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Core;
using OpenIddict.EntityFrameworkCore.Models;
using Tandem.Server.Storage;

namespace Tandem.Server.Identity;

/// <summary>
/// The tokens that the embedded issuer gave out. Whatever is revoked here is forgotten by the cache at once, and
/// by the other nodes' as soon as they see the stamp.
/// </summary>
internal sealed class IssuedTokenTable(
    IOpenIddictTokenCache<OpenIddictEntityFrameworkCoreToken> cache,
    ILogger<OpenIddictTokenManager<OpenIddictEntityFrameworkCoreToken>> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options,
    IOpenIddictTokenStore<OpenIddictEntityFrameworkCoreToken> store,
    DatabaseConnection connection,
    SqliteWriteGate gate,
    HotDatabase database,
    ProvenTokens proven)
    : OpenIddictTokenManager<OpenIddictEntityFrameworkCoreToken>(cache, logger, options, store)
{
    /// <summary>Revokes a token; with a refresh token goes all that was granted with it (RFC 7009).</summary>
    public override async ValueTask<bool> TryRevokeAsync(
        OpenIddictEntityFrameworkCoreToken token, CancellationToken cancellationToken = default)
    {
        var revoked = await base.TryRevokeAsync(token, cancellationToken);
        if (revoked && token.Type == OpenIddictConstants.TokenTypeIdentifiers.RefreshToken
            && await GetAuthorizationIdAsync(token, cancellationToken) is { } authorization)
        {
            await RevokeByAuthorizationIdAsync(authorization, cancellationToken);
        }

        if (revoked)
            await Forget(cancellationToken);
        return revoked;
    }

    public override ValueTask<long> RevokeByAuthorizationIdAsync(string identifier, CancellationToken cancellationToken = default) =>
        Revoke(() => base.RevokeByAuthorizationIdAsync(identifier, cancellationToken), cancellationToken);

    /// <summary>Ends whatever a person is signed in to: after a changed password, or when the person leaves.</summary>
    public override ValueTask<long> RevokeBySubjectAsync(string subject, CancellationToken cancellationToken = default) =>
        Revoke(() => base.RevokeBySubjectAsync(subject, cancellationToken), cancellationToken);

    private async ValueTask<long> Revoke(Func<ValueTask<long>> update, CancellationToken cancellation)
    {
        // One statement, not a SaveChanges: it has to stand in SQLite's line by itself.
        var lines = connection.Kind == DatabaseKind.Sqlite;
        if (lines)
            await gate.Enter(cancellation);
        long revoked;
        try
        {
            revoked = await update();
        }
        finally
        {
            if (lines)
                gate.Leave();
        }

        await Forget(cancellation);
        return revoked;
    }

    private async Task Forget(CancellationToken cancellation)
    {
        proven.Clear();
        await database.Write(static async (session, cancellation) =>
        {
            await session.Command("UPDATE shared_state SET stamp = @stamp WHERE name = @name")
                .With("@stamp", Guid.NewGuid()).With("@name", SharedStateRow.Tokens).ExecuteNonQueryAsync(cancellation);
            return true;
        }, cancellation);
    }
}

/// <summary>Throws away tokens that ended more than a week ago, once a day.</summary>
internal sealed class TokenPruning(
    IServiceScopeFactory scopes, DatabaseConnection connection, SqliteWriteGate gate, TimeProvider clock, ILogger<TokenPruning> logger)
    : BackgroundService
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromDays(1), clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await Prune(stoppingToken);
            }
            catch (Exception failure) when (failure is DbUpdateException or System.Data.Common.DbException or AggregateException
                || DatabaseAwayException.In(failure) is not null)
            {
                logger.LogWarning(failure, "Ended tokens could not be thrown away; the next attempt is tomorrow.");
            }
        }
    }

    private async Task Prune(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var before = clock.GetUtcNow() - Kept;
        var lines = connection.Kind == DatabaseKind.Sqlite;
        if (lines)
            await gate.Enter(cancellation);
        try
        {
            await scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>().PruneAsync(before, cancellation);
            await scope.ServiceProvider.GetRequiredService<IOpenIddictAuthorizationManager>().PruneAsync(before, cancellation);
        }
        finally
        {
            if (lines)
                gate.Leave();
        }
    }
}

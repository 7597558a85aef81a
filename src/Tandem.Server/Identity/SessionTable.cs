using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Tandem.Contracts.Reading;
using Tandem.Server.Storage;
using Tandem.Web.SignIn;

namespace Tandem.Server.Identity;

/// <summary>Somebody's session at the pages.</summary>
internal sealed class WebSession : IEntityTypeConfiguration<WebSession>
{
    /// <summary>Digest of the key that the browser's cookie holds.</summary>
    public required string Id { get; init; }

    /// <summary>Who it is, and with which tokens; protected.</summary>
    public required byte[] Content { get; init; }

    public long Version { get; init; }

    /// <summary>Until when a node has the right to renew the tokens; 0 for nobody.</summary>
    public long RenewingUntil { get; init; }

    public long ExpiresAt { get; init; }

    public void Configure(EntityTypeBuilder<WebSession> builder)
    {
        builder.ToTable("web_sessions");
        builder.HasIndex(s => s.ExpiresAt);
    }
}

/// <summary>
/// The sessions of the pages, one row each. In plain SQL: a page must not wait for the entity framework to wake up.
/// </summary>
internal sealed class SessionTable(HotDatabase database, TimeProvider clock) : ISessionTable
{
    private long Now => WireTime.ToUnixMicroseconds(clock.GetUtcNow());

    public async ValueTask<KeptSession?> Find(string id, CancellationToken cancellation)
    {
        try
        {
            return await database.Read((id, Now), static async (session, asked, cancellation) =>
            {
                await using var row = await session.Command("SELECT content, version, expires_at FROM web_sessions WHERE id = @id AND expires_at > @now")
                    .With("@id", asked.id).With("@now", asked.Now).ExecuteReaderAsync(cancellation);
                return await row.ReadAsync(cancellation)
                    ? new KeptSession(row.GetFieldValue<byte[]>(0), row.GetInt64(1), WireTime.FromUnixMicroseconds(row.GetInt64(2)))
                    : null;
            }, cancellation);
        }
        catch (DatabaseAwayException away)
        {
            throw Unreachable(away);
        }
    }

    public Task Add(string id, byte[] content, DateTimeOffset expiresAt, CancellationToken cancellation) => Write(async (session, cancellation) =>
    {
        await session.Command("DELETE FROM web_sessions WHERE expires_at <= @now").With("@now", Now).ExecuteNonQueryAsync(cancellation);
        return await session.Command("INSERT INTO web_sessions (id, content, version, renewing_until, expires_at) VALUES (@id, @content, 0, 0, @expires)")
            .With("@id", id).With("@content", content).With("@expires", WireTime.ToUnixMicroseconds(expiresAt)).ExecuteNonQueryAsync(cancellation) > 0;
    }, cancellation);

    public Task Extend(string id, DateTimeOffset expiresAt, CancellationToken cancellation) => Write(async (session, cancellation) =>
        await session.Command("UPDATE web_sessions SET expires_at = @expires WHERE id = @id")
            .With("@expires", WireTime.ToUnixMicroseconds(expiresAt)).With("@id", id).ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    public Task<bool> Claim(string id, long version, TimeSpan time, CancellationToken cancellation) => Write(async (session, cancellation) =>
        await session.Command("UPDATE web_sessions SET renewing_until = @until WHERE id = @id AND version = @version AND renewing_until <= @now")
            .With("@until", Now + (long)time.TotalMicroseconds).With("@id", id).With("@version", version).With("@now", Now)
            .ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    public Task Release(string id, long version, CancellationToken cancellation) => Write(async (session, cancellation) =>
        await session.Command("UPDATE web_sessions SET renewing_until = 0 WHERE id = @id AND version = @version")
            .With("@id", id).With("@version", version).ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    public Task<bool> Replace(string id, long version, byte[] content, DateTimeOffset expiresAt, CancellationToken cancellation) => Write(async (session, cancellation) =>
        await session.Command("UPDATE web_sessions SET content = @content, version = version + 1, renewing_until = 0, expires_at = @expires "
            + "WHERE id = @id AND version = @version")
            .With("@content", content).With("@expires", WireTime.ToUnixMicroseconds(expiresAt)).With("@id", id).With("@version", version)
            .ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    public Task Remove(string id, CancellationToken cancellation) => Write(async (session, cancellation) =>
        await session.Command("DELETE FROM web_sessions WHERE id = @id").With("@id", id).ExecuteNonQueryAsync(cancellation) > 0, cancellation);

    private async Task<bool> Write(Func<HotSession, CancellationToken, ValueTask<bool>> write, CancellationToken cancellation)
    {
        try
        {
            return await database.Write(write, cancellation);
        }
        catch (DatabaseAwayException away)
        {
            throw Unreachable(away);
        }
    }

    private static HttpRequestException Unreachable(DatabaseAwayException away) => new("The sessions cannot be reached: the database does not answer.", away);
}

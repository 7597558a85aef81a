using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Tandem.Web.SignIn;

/// <summary>A session as it was read.</summary>
internal sealed record Session(AuthenticationTicket Ticket, long Version, DateTimeOffset ReadAt);

/// <summary>
/// Keeps who is signed in, and with which tokens, for all nodes: the browser's cookie holds a key and nothing else. What
/// was read a moment ago is not read again, so that the many calls of a page ask once.
/// </summary>
internal sealed class SessionStore(ISessionTable table, IDataProtectionProvider protection, IOptions<WebOptions> options, TimeProvider clock)
    : ITicketStore
{
    /// <summary>How long a session that was ended at another node goes on at this one.</summary>
    public static readonly TimeSpan MemoryTime = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Session> _memory = new(StringComparer.Ordinal);
    private readonly IDataProtector _protector = protection.CreateProtector("Tandem.Web.Session");

    /// <summary>Sessions that were in use here lately, by their keys.</summary>
    public IReadOnlyDictionary<string, Session> Recent => _memory;

    public async Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        foreach (var (old, read) in _memory)
        {
            if (!IsRecent(read))
                _memory.TryRemove(old, out _);
        }

        var key = ticket.Principal.FindFirstValue(Sessions.Claim)
            ?? throw new InvalidOperationException("A session was begun without a key.");
        await table.Add(IdOf(key), Protect(ticket), EndOf(ticket), CancellationToken.None);
        return key;
    }

    /// <summary>
    /// Lets a session that is used last longer, and changes nothing else of it: the ticket that comes with it may have
    /// older tokens than were renewed meanwhile.
    /// </summary>
    public async Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        await table.Extend(IdOf(key), EndOf(ticket), CancellationToken.None);
        _memory.TryRemove(key, out _);
    }

    public async Task<AuthenticationTicket?> RetrieveAsync(string key) => (await Find(key, CancellationToken.None))?.Ticket;

    /// <summary>Whose session a request is of. The page that tells of a failure is for everybody: the failure may be here.</summary>
    public Task<AuthenticationTicket?> RetrieveAsync(string key, HttpContext httpContext, CancellationToken cancellationToken) =>
        httpContext.Features.Get<IExceptionHandlerFeature>() is null ? RetrieveAsync(key) : Task.FromResult<AuthenticationTicket?>(null);

    public async Task RemoveAsync(string key)
    {
        _memory.TryRemove(key, out _);
        await table.Remove(IdOf(key), CancellationToken.None);
        // Who read it just before must not bring it back.
        _memory.TryRemove(key, out _);
    }

    /// <summary>The session, as it is or was a moment ago; null when it has ended.</summary>
    public async ValueTask<Session?> Find(string key, CancellationToken cancellation) =>
        _memory.TryGetValue(key, out var known) && IsRecent(known) && known.Ticket.Properties.ExpiresUtc > clock.GetUtcNow()
            ? known
            : await Read(key, cancellation);

    /// <summary>The session as it is.</summary>
    public async ValueTask<Session?> Read(string key, CancellationToken cancellation)
    {
        var readAt = clock.GetUtcNow();
        if (await table.Find(IdOf(key), cancellation) is not { } kept || Unprotect(kept.Content) is not { } ticket)
        {
            _memory.TryRemove(key, out _);
            return null;
        }

        // How long it lasts says the table alone; the cookie's handler extends what is half over.
        (ticket.Properties.ExpiresUtc, ticket.Properties.IssuedUtc) = (kept.ExpiresAt, kept.ExpiresAt - options.Value.SessionLifetime);
        var session = new Session(ticket, kept.Version, readAt);
        _memory[key] = session;
        return session;
    }

    /// <summary>Takes the one right to renew the session's tokens; false when somebody else has it, or has renewed them.</summary>
    public Task<bool> Claim(string key, Session session, TimeSpan time) => table.Claim(IdOf(key), session.Version, time, CancellationToken.None);

    public Task Release(string key, Session session) => table.Release(IdOf(key), session.Version, CancellationToken.None);

    /// <summary>Keeps renewed tokens; false when the session has ended meanwhile.</summary>
    public async Task<bool> Replace(string key, Session session, AuthenticationTicket ticket)
    {
        var isKept = await table.Replace(IdOf(key), session.Version, Protect(ticket), EndOf(ticket), CancellationToken.None);
        _memory.TryRemove(key, out _);
        return isKept;
    }

    private bool IsRecent(Session session) => clock.GetUtcNow() - session.ReadAt < MemoryTime;

    private DateTimeOffset EndOf(AuthenticationTicket ticket) => ticket.Properties.ExpiresUtc ?? clock.GetUtcNow() + options.Value.SessionLifetime;

    // Whoever reads the table learns no key that a cookie could hold.
    private static string IdOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private byte[] Protect(AuthenticationTicket ticket) => _protector.Protect(TicketSerializer.Default.Serialize(ticket));

    private AuthenticationTicket? Unprotect(byte[] content)
    {
        try
        {
            return TicketSerializer.Default.Deserialize(_protector.Unprotect(content));
        }
        catch (CryptographicException)
        {
            // The keys of the protection are not those of then: nobody can be told who it was.
            return null;
        }
    }
}

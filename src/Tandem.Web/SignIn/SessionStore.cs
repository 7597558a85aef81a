using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Tandem.Web.SignIn;

/// <summary>
/// Keeps who is signed in, and with which tokens, in memory: the browser's cookie holds a key and nothing else. A server that
/// starts anew asks people to sign in again.
/// </summary>
internal sealed class SessionStore(TimeProvider clock) : ITicketStore
{
    private readonly ConcurrentDictionary<string, AuthenticationTicket> _tickets = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, AuthenticationTicket> Tickets => _tickets;

    public Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        foreach (var (old, kept) in _tickets)
        {
            if (HasEnded(kept))
                _tickets.TryRemove(old, out _);
        }

        var key = ticket.Principal.FindFirstValue(Sessions.Claim)
            ?? throw new InvalidOperationException("A session was begun without a key.");
        _tickets[key] = ticket;
        return Task.FromResult(key);
    }

    public Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        // Whoever signed out meanwhile stays signed out.
        if (_tickets.TryGetValue(key, out var old))
            _tickets.TryUpdate(key, ticket, old);
        return Task.CompletedTask;
    }

    public Task<AuthenticationTicket?> RetrieveAsync(string key) =>
        Task.FromResult(_tickets.TryGetValue(key, out var ticket) && !HasEnded(ticket) ? ticket : null);

    public Task RemoveAsync(string key)
    {
        _tickets.TryRemove(key, out _);
        return Task.CompletedTask;
    }

    private bool HasEnded(AuthenticationTicket ticket) => ticket.Properties.ExpiresUtc <= clock.GetUtcNow();
}

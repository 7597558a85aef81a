using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Tandem.Web.SignIn;

/// <summary>The session has ended: it was signed out, forgotten, or the provider gives no further tokens.</summary>
internal sealed class SignedOutException() : Exception("The session has ended; sign in again.");

/// <summary>Access tokens of signed-in people, renewed in good time with their refresh tokens.</summary>
internal sealed class Sessions(
    ITicketStore tickets, IOptionsMonitor<OpenIdConnectOptions> providers, IOptions<WebOptions> options, TimeProvider clock) : IDisposable
{
    /// <summary>Claim that names the session.</summary>
    public const string Claim = "tandem:session";

    // A token that ends on the way would be refused.
    private static readonly TimeSpan InGoodTime = TimeSpan.FromMinutes(2);

    // A refresh token is good once: of one session's requests, one renews and the others wait for it.
    private readonly SemaphoreSlim[] _lines = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>A token that is good now.</summary>
    /// <exception cref="SignedOutException">There is none to be had without the person.</exception>
    public async ValueTask<string> AccessToken(string session, CancellationToken cancellation)
    {
        if (await Current(session) is (not null, _) fresh)
            return fresh.Token!;
        var line = _lines[(uint)StringComparer.Ordinal.GetHashCode(session) % _lines.Length];
        await line.WaitAsync(cancellation);
        try
        {
            var (token, ticket) = await Current(session);
            return token ?? await Renew(session, ticket, cancellation);
        }
        finally
        {
            line.Release();
        }
    }

    /// <summary>Ends a session, whose tokens the server has refused.</summary>
    public Task End(string session) => tickets.RemoveAsync(session);

    public void Dispose() => Array.ForEach(_lines, line => line.Dispose());

    private async ValueTask<(string? Token, AuthenticationTicket Ticket)> Current(string session)
    {
        var ticket = await tickets.RetrieveAsync(session) ?? throw new SignedOutException();
        var isFresh = !DateTimeOffset.TryParse(
            ticket.Properties.GetTokenValue("expires_at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end)
            || end - InGoodTime > clock.GetUtcNow();
        return (isFresh ? ticket.Properties.GetTokenValue("access_token") : null, ticket);
    }

    private async Task<string> Renew(string session, AuthenticationTicket ticket, CancellationToken cancellation)
    {
        if (ticket.Properties.GetTokenValue("refresh_token") is not { Length: > 0 } refreshToken)
        {
            await End(session);
            throw new SignedOutException();
        }

        var provider = providers.Get(Schemes.OpenId);
        var description = await provider.ConfigurationManager!.GetConfigurationAsync(cancellation);
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = refreshToken,
            ["client_id"] = provider.ClientId!,
        };
        if (!string.IsNullOrEmpty(provider.ClientSecret))
            form["client_secret"] = provider.ClientSecret;
        using var content = new FormUrlEncodedContent(form);
        using var answer = await provider.Backchannel.PostAsync(new Uri(description.TokenEndpoint), content, cancellation);
        if (answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized)
        {
            await End(session);
            throw new SignedOutException();
        }

        answer.EnsureSuccessStatusCode();
        var tokens = new OpenIdConnectMessage(await answer.Content.ReadAsStringAsync(cancellation));
        var renewed = ticket.Clone();
        Update(renewed.Properties, tokens);
        renewed.Properties.ExpiresUtc = clock.GetUtcNow() + options.Value.SessionLifetime;
        await tickets.RenewAsync(session, renewed, cancellation);
        return tokens.AccessToken;
    }

    private void Update(AuthenticationProperties properties, OpenIdConnectMessage tokens)
    {
        var kept = properties.GetTokens().ToDictionary(t => t.Name, t => t.Value);
        kept["access_token"] = tokens.AccessToken ?? throw new JsonException("The token answer has no access token.");
        if (!string.IsNullOrEmpty(tokens.RefreshToken))
            kept["refresh_token"] = tokens.RefreshToken;
        var seconds = double.TryParse(tokens.ExpiresIn, NumberStyles.Float, CultureInfo.InvariantCulture, out var told) ? told : 300;
        kept["expires_at"] = (clock.GetUtcNow() + TimeSpan.FromSeconds(seconds)).ToString("o", CultureInfo.InvariantCulture);
        properties.StoreTokens(kept.Select(t => new AuthenticationToken { Name = t.Key, Value = t.Value }));
    }
}

using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Tandem.Client;

namespace Tandem.Web.SignIn;

/// <summary>The session has ended: it was signed out, forgotten, or the provider gives no further tokens.</summary>
internal sealed class SignedOutException() : Exception("The session has ended; sign in again.")
{
    /// <summary>Whether something failed because nobody is signed in: a token that the API refuses is none.</summary>
    public static bool Is(Exception failure) => failure is SignedOutException or TandemException { Status: HttpStatusCode.Unauthorized };
}

/// <summary>Access tokens of signed-in people, renewed in good time with their refresh tokens.</summary>
internal sealed class Sessions(
    SessionStore store, IOptionsMonitor<OpenIdConnectOptions> providers, IOptions<WebOptions> options, TimeProvider clock) : IDisposable
{
    /// <summary>Claim that names the session.</summary>
    public const string Claim = "tandem:session";

    // A token that ends on the way would be refused.
    private static readonly TimeSpan InGoodTime = TimeSpan.FromMinutes(2);

    // How long the provider may take to renew, and, a little longer, how long other nodes leave it to this one.
    private static readonly TimeSpan RenewalTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ClaimTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    // A refresh token is good once: of one session's requests, one renews and the others wait for it. Here they wait in
    // line; between nodes the table says who renews.
    private readonly SemaphoreSlim[] _lines = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>A token that is good now.</summary>
    /// <exception cref="SignedOutException">There is none to be had without the person.</exception>
    public async ValueTask<string> AccessToken(string key, CancellationToken cancellation)
    {
        if (TokenOf(await store.Find(key, cancellation) ?? throw new SignedOutException()) is { } fresh)
            return fresh;
        var line = _lines[(uint)StringComparer.Ordinal.GetHashCode(key) % _lines.Length];
        await line.WaitAsync(cancellation);
        try
        {
            while (true)
            {
                var session = await store.Read(key, cancellation) ?? throw new SignedOutException();
                if (TokenOf(session) is { } renewed)
                    return renewed;
                // Whoever begins to renew goes on when his page is left: the old refresh token is good no more.
                if (await store.Claim(key, session, ClaimTime))
                    await Renew(key, session);
                else
                    await Task.Delay(BetweenLooks, clock, cancellation);
            }
        }
        finally
        {
            line.Release();
        }
    }

    /// <summary>Ends a session, whose tokens the server has refused.</summary>
    public Task End(string key) => store.RemoveAsync(key);

    public void Dispose() => Array.ForEach(_lines, line => line.Dispose());

    private string? TokenOf(Session session)
    {
        var isFresh = !DateTimeOffset.TryParse(
            session.Ticket.Properties.GetTokenValue("expires_at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end)
            || end - InGoodTime > clock.GetUtcNow();
        return isFresh ? session.Ticket.Properties.GetTokenValue("access_token") : null;
    }

    private async Task Renew(string key, Session session)
    {
        OpenIdConnectMessage? tokens;
        try
        {
            using var time = new CancellationTokenSource(RenewalTime, clock);
            tokens = await Ask(session.Ticket.Properties.GetTokenValue("refresh_token"), time.Token);
        }
        catch
        {
            await store.Release(key, session);
            throw;
        }

        if (tokens is null)
        {
            await End(key);
            return;
        }

        var renewed = session.Ticket.Clone();
        Update(renewed.Properties, tokens);
        renewed.Properties.ExpiresUtc = clock.GetUtcNow() + options.Value.SessionLifetime;
        // Where it is not kept, the session has ended meanwhile: the next look says so.
        await store.Replace(key, session, renewed);
    }

    // Null when the provider gives no further tokens.
    private async Task<OpenIdConnectMessage?> Ask(string? refreshToken, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(refreshToken))
            return null;
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
            return null;
        answer.EnsureSuccessStatusCode();
        return new OpenIdConnectMessage(await answer.Content.ReadAsStringAsync(cancellation));
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

using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using static Tandem.Server.Tests.Identity.IdentityServer;

namespace Tandem.Server.Tests.Identity;

/// <summary>What changes a caller while the token stays the same: time, the directory, revocation, restarts, settings.</summary>
public sealed class CallerTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.Parse("2026-03-01T12:00:00Z", null));
    private IdentityServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await Start(clock: _clock);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_expired_token_is_told()     // R8
    {
        var token = await _server.Token();
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(token)).Status);

        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(token)).Status);
        _clock.Advance(TimeSpan.FromMinutes(2));
        var (status, error) = await _server.Ask(token);

        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("expired at 2026-03-01T13:00:00Z", error!["message"]!.GetValue<string>());
        Assert.Contains("refresh", error["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_change_of_roles_takes_effect_at_once()     // B11
    {
        var token = await _server.Token("eve@contoso.example");
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.Ask(token)).Status);

        await _server.Change(async db => db.RoleAssignments.Add(new RoleAssignment
        {
            Id = Guid.NewGuid(),
            UserId = (await db.Users.SingleAsync(u => u.Email == "eve@contoso.example")).Id,
            Role = Role.ReferralsUser,
        }));
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(token)).Status);

        await _server.Change(async db => db.RoleAssignments.RemoveRange(
            await db.RoleAssignments.Where(r => r.Role == Role.ReferralsUser).ToListAsync()));
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.Ask(token)).Status);
    }

    [Fact]
    public async Task A_disabled_person_is_out_at_once_and_gets_no_new_token()
    {
        var given = await _server.PostJson("/common/oauth2/token", PasswordForm("bob@contoso.example"));
        var token = given["access_token"]!.GetValue<string>();
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(token)).Status);

        await _server.Change(async db => (await db.Users.SingleAsync(u => u.Email == "bob@contoso.example")).IsEnabled = false);

        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Ask(token)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Ask("bob@contoso.example")).Status);
        await _server.PostJson("/common/oauth2/token", PasswordForm("bob@contoso.example"), HttpStatusCode.BadRequest);
        await _server.PostJson("/common/oauth2/token",
            $"grant_type=refresh_token&client_id=any-client&refresh_token={given["refresh_token"]}", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task What_another_node_revokes_is_noticed_within_half_a_minute()
    {
        var token = await _server.Token();
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Ask(token)).Status);
        var id = Jwt.Claims(token)["oi_tkn_id"]!.GetValue<string>();
        await _server.Change(db => db.Database.ExecuteSqlAsync(
            $"""UPDATE "OpenIddictTokens" SET status = 'revoked' WHERE id = {id}"""));

        _clock.Advance(TimeSpan.FromSeconds(31));

        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Ask(token)).Status);
    }

    [Fact]
    public async Task The_API_never_wakes_the_issuer()
    {
        var asked = 0;
        await using var server = await Start(services: services => services.AddScoped<IAuthenticationHandlerProvider>(provider =>
        {
            Interlocked.Increment(ref asked);
            return new AuthenticationHandlerProvider(provider.GetRequiredService<IAuthenticationSchemeProvider>());
        }));

        await server.Ask("alice@contoso.example");
        await server.Ask(null);
        await server.Ask("a.b.c");
        Assert.Equal(0, asked);
        await server.Client.Read("/common/discovery/keys");
        Assert.NotEqual(0, asked);
    }

    [Fact]
    public async Task Tokens_outlive_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("tandem-restart-").FullName;
        JsonObject given;
        await using (var first = await Start(folder: folder))
            given = await first.PostJson("/common/oauth2/token", PasswordForm("alice@contoso.example"));

        await using (var second = await Start(folder: folder))
        {
            Assert.Equal(HttpStatusCode.NotFound, (await second.Ask(given["access_token"]!.GetValue<string>())).Status);
            await second.PostJson("/common/oauth2/token", $"grant_type=refresh_token&client_id=any-client&refresh_token={given["refresh_token"]}");
        }

        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Nodes_that_share_a_database_accept_each_others_tokens()
    {
        var folder = Directory.CreateTempSubdirectory("tandem-nodes-").FullName;
        await using (var first = await Start(folder: folder))
        await using (var second = await Start(folder: folder))
            Assert.Equal(HttpStatusCode.NotFound, (await second.Ask(await first.Token())).Status);

        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_Global_admin_sees_referrals_where_the_installation_says_so()     // B9
    {
        foreach (var allowed in new[] { false, true })
        {
            await using var server = await Start(new Dictionary<string, string> { ["Tandem:Identity:GlobalAdminSeesReferrals"] = $"{allowed}" });
            await server.Change(async db => db.RoleAssignments.Add(new RoleAssignment
            {
                Id = Guid.NewGuid(),
                UserId = (await db.Users.SingleAsync(u => u.Email == "eve@contoso.example")).Id,
                Role = Role.GlobalAdmin,
            }));

            Assert.Equal(allowed ? HttpStatusCode.NotFound : HttpStatusCode.Forbidden, (await server.Ask("eve@contoso.example")).Status);
        }
    }

    [Fact]
    public async Task A_client_that_asks_too_often_is_told_when_to_come_back()
    {
        await using var server = await Start(new Dictionary<string, string> { ["Tandem:Identity:TokenRequestsPerMinute"] = "3" });
        HttpResponseMessage? refused = null;
        for (var i = 0; i < 6 && refused is null; i++)
        {
            var answer = await server.Post("/common/oauth2/token", "grant_type=client_credentials&client_id=hasty");
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                refused = answer;
        }

        Assert.NotNull(refused);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal("temporarily_unavailable", (await refused.Json())["error"]!.GetValue<string>());
        // Another client is not made to wait.
        await server.PostJson("/common/oauth2/token", "grant_type=client_credentials&client_id=patient");
    }

    [Fact]
    public async Task Without_the_embedded_issuer_there_is_none()
    {
        await using var server = await Start(new Dictionary<string, string> { ["Tandem:Identity:EmbeddedIssuer"] = "false" });

        using var answer = await server.Post("/common/oauth2/v2.0/token", PasswordForm("alice@contoso.example"));

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Ask("alice@contoso.example")).Status);
    }

    [Theory]
    [InlineData("Tandem:Identity:TokenRequestsPerMinute", "0")]
    [InlineData("Tandem:Identity:AccessTokenLifetime", "00:00:01")]
    [InlineData("Tandem:Identity:Authority", "ftp://provider.example")]
    [InlineData("Tandem:Identity:Clients:0:Id", "")]
    [InlineData("Tandem:Identity:Providers:0:Organization", "x")]
    public async Task A_setting_that_cannot_work_stops_the_start(string setting, string value) =>
        await Assert.ThrowsAsync<OptionsValidationException>(() => Start(new Dictionary<string, string> { [setting] = value }));
}

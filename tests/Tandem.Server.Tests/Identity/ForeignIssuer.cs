using System.Diagnostics;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Tandem.Server.Tests.Identity;

/// <summary>Another issuer, in a process of its own: a second Tandem with its own folder and key.</summary>
internal sealed class IssuerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private IssuerProcess(Process process, string folder, string address) => (_process, _folder, Address) = (process, folder, address);

    public string Address { get; }

    public static async Task<IssuerProcess> Start()
    {
        var folder = Directory.CreateTempSubdirectory("tandem-issuer-").FullName;
        var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                Path.Combine(AppContext.BaseDirectory, "Tandem.Server.dll"),
                "--urls", "http://127.0.0.1:0", "--Tandem:DataDirectory", folder, "--Logging:LogLevel:Default", "Information",
            },
            RedirectStandardOutput = true,
        })!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (Regex.Match(line, "Now listening on: (http://127.0.0.1:[0-9]+)") is { Success: true } listening)
            {
                _ = process.StandardOutput.ReadToEndAsync();
                return new IssuerProcess(process, folder, listening.Groups[1].Value);
            }
        }

        throw new InvalidOperationException("The issuer did not start.");
    }

    public async Task<string> Token(string email, string tenant = "common")
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsync($"{Address}/{tenant}/oauth2/v2.0/token", new FormUrlEncodedContent(
        [
            new("grant_type", "password"), new("client_id", "x"), new("username", email), new("password", IdentityServer.Password),
            new("scope", IdentityServer.Api + "/.default"),
        ]));
        return (await answer.Content.ReadFromJsonAsync<JsonObject>())!["access_token"]!.GetValue<string>();
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>A provider that signs whatever a test wants said: what Entra ID, Keycloak and an attacker would say.</summary>
internal sealed class FakeProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private (RSA Key, string Id) _current = (RSA.Create(2048), "key-1");

    private FakeProvider(string issuer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.MapGet("/.well-known/openid-configuration", () => Results.Json(new
        {
            issuer = issuer.Replace("{self}", Address, StringComparison.Ordinal),
            jwks_uri = Address + "/keys",
        }));
        _app.MapGet("/keys", () =>
        {
            var key = _current.Key.ExportParameters(false);
            return Results.Json(new
            {
                keys = new[]
                {
                    new { kty = "RSA", use = "sig", kid = _current.Id, n = Base64UrlEncoder.Encode(key.Modulus), e = Base64UrlEncoder.Encode(key.Exponent) },
                },
            });
        });
    }

    public string Address => _app.Urls.Single();

    public static async Task<FakeProvider> Start(string issuer = "{self}")
    {
        var provider = new FakeProvider(issuer);
        await provider._app.StartAsync();
        return provider;
    }

    public void ChangeKey() => _current = (RSA.Create(2048), "key-2");

    public string Token(Action<JsonObject>? change = null, string type = "JWT")
    {
        var now = DateTimeOffset.Parse("2026-03-01T12:00:00Z", null).ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["iss"] = Address,
            ["aud"] = IdentityServer.Api,
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 3600,
            ["tid"] = IdentityServer.Contoso,
            ["oid"] = "11111111-2222-4333-8444-555555555555",
            ["sub"] = "subject",
            ["name"] = "Zoe Zimmer",
            ["preferred_username"] = "Zoe@Contoso.example",
        };
        change?.Invoke(claims);
        return Jwt.Signed(_current.Key, _current.Id, claims, type);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

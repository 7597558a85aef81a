using Tandem.Server.Tests.Fixtures;

namespace Tandem.Server.Tests.Organizations;

/// <summary>The setup command as a process: arguments in, exit code and output out.</summary>
public sealed class SetupCommandTests
{
    [Fact]
    public async Task The_first_administrator_is_made_once_and_can_sign_in()
    {
        var data = Directory.CreateTempSubdirectory("tandem-setup-").FullName;
        string[] setup = ["setup", "--organization", "Contoso", "--name", "Ada Admin", "--email", "Ada@contoso.example", $"--Tandem:DataDirectory={data}", "--Tandem:Mode=Exchange",
            .. await TestDatabase.SettingsOf(data)];
        var (code, output, _) = await Run("correct horse\n", [.. setup, "--password-stdin"]);
        Assert.Equal(0, code);
        Assert.Contains("ada@contoso.example", output, StringComparison.Ordinal);
        Assert.DoesNotContain("correct horse", output, StringComparison.Ordinal);

        var (again, _, error) = await Run("correct horse\n", [.. setup, "--password-stdin"]);
        Assert.Equal(2, again);
        Assert.Contains("already", error, StringComparison.Ordinal);

        await using (var server = await TandemServer.Start(null, data, ("Tandem:Mode", "Exchange"), ("Tandem:Identity:Clients:0:Id", "desk")))
        {
            using var form = new FormUrlEncodedContent([new("grant_type", "password"), new("client_id", "desk"), new("username", "ada@contoso.example"), new("password", "correct horse")]);
            using var answer = await server.Http.PostAsync(new Uri("/oauth2/token", UriKind.Relative), form, TestContext.Current.CancellationToken);
            var token = (string)System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["access_token"]!;
            Assert.Equal(["Account admin", "Operator", "Referrals admin"],
                (await server.Get(token, "/admin/me")).Is(200).Json["roles"]!.AsArray().Select(r => (string)r!["role"]!).Order());
            (await server.Post(token, TandemServer.Api, Bodies.Minimum())).Is(201);

            // What the command has made is told, and a client's secret is not.
            var organization = $"/admin/organizations/{(await server.Get(token, "/admin/me")).Json["organizationId"]}";
            var made = (await server.Get(token, $"{organization}/audit")).Is(200).Value;
            Assert.Equal(["Organization", "Password", "Person", "Role", "Role", "Role", "Tenant"], made.Select(e => (string)e["kind"]!).Order());
            Assert.All(made, e => Assert.Equal(("setup", null), ((string)e["changedBy"]!["name"]!, (string?)e["changedBy"]!["id"])));
            var client = (await server.Post(token, $"{organization}/clients",
                new System.Text.Json.Nodes.JsonObject { ["name"] = "Connector", ["role"] = "Referrals user" })).Is(201);
            (await server.Send(token, HttpMethod.Delete, $"{organization}/clients/{client.Id}", null)).Is(204);
            var told = await server.Get(token, $"{organization}/audit?kind=client");
            Assert.Equal(["Removed", "Added"], told.Value.Select(e => (string)e["action"]!));
            Assert.All(told.Value, e => Assert.Equal("desk", (string?)e["clientId"]));
            Assert.DoesNotContain((string)client.Json["secret"]!, told.Text, StringComparison.Ordinal);
        }

        Directory.Delete(data, recursive: true);
    }

    [Theory]
    [InlineData("--organization is missing", "setup", "--name", "A", "--email", "a@b.c")]
    [InlineData("one @", "setup", "--organization", "O", "--name", "A", "--email", "nobody", "--password-stdin")]
    [InlineData("GUID", "setup", "--organization", "O", "--name", "A", "--email", "a@b.c", "--organization-id", "x", "--password-stdin")]
    [InlineData("at least 8", "setup", "--organization", "O", "--name", "A", "--email", "a@b.c", "--password-stdin")]
    public async Task What_is_wrong_is_said_and_nothing_is_made(string says, params string[] arguments)
    {
        var data = Directory.CreateTempSubdirectory("tandem-setup-").FullName;
        var (code, output, error) = await Run("short\n", [.. arguments, $"--Tandem:DataDirectory={data}"]);
        Assert.Equal(1, code);
        if (!says.Contains("missing", StringComparison.Ordinal))
            Assert.Contains(says, error, StringComparison.Ordinal);
        else
            Assert.Contains("--organization", output + error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(data));
        Directory.Delete(data, recursive: true);
    }

    private static async Task<(int Code, string Output, string Error)> Run(string input, string[] arguments)
    {
        using var process = ServerProcess.Run(arguments);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }
}

using System.Runtime.CompilerServices;
using Tandem.Server.Tests.Fixtures;

namespace Tandem.Server.Tests.Http;

/// <summary>The committed description of the API is the one that the server gives.</summary>
public sealed class OpenApiTests
{
    [Fact]
    public async Task The_committed_document_is_up_to_date()
    {
        await using var server = await TandemServer.Start();
        var served = (await server.Get("", "/openapi/v1.json")).Is(200).Text.ReplaceLineEndings("\n").TrimEnd() + "\n";
        Repository.CheckGenerated("openapi.json", served);
    }
}

/// <summary>Files of the repository that tests generate.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", ".."));

    /// <summary>Fails when a generated file differs; with <c>TANDEM_WRITE_GENERATED=1</c> it is written instead.</summary>
    public static void CheckGenerated(string path, string content)
    {
        var file = Path.Combine(Root, path);
        if (Environment.GetEnvironmentVariable("TANDEM_WRITE_GENERATED") == "1")
            File.WriteAllText(file, content);
        Assert.True(File.Exists(file) && File.ReadAllText(file) == content,
            $"{path} is out of date. Run eng/generate.sh and commit the result.");
    }

    private static string Here([CallerFilePath] string path = "") => path;
}

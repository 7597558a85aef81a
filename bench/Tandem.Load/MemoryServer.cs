namespace Tandem.Load;

/// <summary>Kestrel and nothing else: answers the same bytes as Tandem, from memory. File <c>get.json</c> is at <c>/get</c>.</summary>
internal static class MemoryServer
{
    public static async Task<int> Run(string url, IEnumerable<string> files)
    {
        var answers = files.ToDictionary(f => "/" + Path.GetFileNameWithoutExtension(f), File.ReadAllBytes);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url).ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        await using var app = builder.Build();
        app.Run(async context =>
        {
            var answer = answers[context.Request.Path.Value!];
            context.Response.ContentType = "application/json; charset=utf-8";
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer, context.RequestAborted);
        });
        await app.RunAsync();
        return 0;
    }
}

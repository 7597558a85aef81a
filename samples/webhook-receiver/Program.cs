// Receives the webhooks of one organization, checks their signatures and prints them.
//   dotnet run --project samples/webhook-receiver
//   … -- --tandem http://localhost:5080 --token alice@contoso.example --receiver http://localhost:5090
using System.Net.Http.Headers;
using System.Text.Json;
using Tandem.Client.Webhooks;

var builder = WebApplication.CreateSlimBuilder(args);
var tandem = new Uri(builder.Configuration["tandem"] ?? "http://localhost:5080");
var token = builder.Configuration["token"] ?? "alice@contoso.example";      // the emulator takes a seeded user's e-mail
var receiver = builder.Configuration["receiver"] ?? "http://localhost:5090";
builder.WebHost.UseUrls(receiver);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
var app = builder.Build();

// Certificates count when they come from the server that we registered with.
using var verifier = new WebhookVerifier(new() { TrustedCertificates = [tandem] });

app.MapPost("/hook", async (HttpRequest request, CancellationToken cancellation) =>
{
    // The signature is over the bytes: read them before anything parses them.
    using var buffer = new MemoryStream();
    await request.Body.CopyToAsync(buffer, cancellation);
    var body = buffer.ToArray();

    var verdict = await verifier.VerifyAsync(name => request.Headers[name], body, cancellation);
    if (!verdict.IsAccepted)
    {
        Console.WriteLine($"REFUSED  {verdict.Problem}: {verdict.Explanation}");
        return Results.StatusCode(verdict.StatusCode);
    }

    // Answer soon and work later: the server waits half a minute, then it counts the call as failed and sends again.
    var happened = WebhookEvent.Parse(body);
    Console.WriteLine($"ACCEPTED {happened.EventName} {happened.ResourceUri} at {happened.ResourceChangeUtcDate:O}");
    return Results.Ok();
});

await app.StartAsync();

using var http = new HttpClient { BaseAddress = tandem };
http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
using var answer = await http.PostAsJsonAsync("webhooks/v1/registration", new
{
    WebhookUrl = $"{receiver}/hook",
    WebhookEvents = (string[])
    [
        WebhookEventNames.ReferralCreated, WebhookEventNames.ReferralUpdated, WebhookEventNames.TestCreated,
        WebhookEventNames.RelatedReferralCreated, WebhookEventNames.RelatedReferralUpdated,
    ],
}, JsonSerializerOptions.Default);
var registered = await answer.Content.ReadAsStringAsync();
Console.WriteLine($"Registered {receiver}/hook with {tandem}: {(int)answer.StatusCode} {registered}");
if (!answer.IsSuccessStatusCode)
    return 1;
await app.WaitForShutdownAsync();
return 0;

using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests.Fixtures;

/// <summary>
/// Half a year of two companies that sell together, made through the API while the server's clock goes on: what the pages
/// look like when they are used.
/// </summary>
public sealed class Stage(Browser browser) : IAsyncLifetime
{
    private const int Days = 180;

    private static readonly string[] SuggestedReasons = ["Customer chose another vendor", "Project budget not adequate", "Customer did not respond"];

    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow().AddDays(-Days));

    public WebFixture Web { get; private set; } = null!;

    /// <summary>Alice's deal that Fabrikam has accepted.</summary>
    public string Shared { get; private set; } = "";

    /// <summary>Contoso's webhook, with some deliveries in its log.</summary>
    public string Webhook { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Web = new WebFixture(browser) { Clock = _clock };
        await Web.InitializeAsync();
        // Day, deal, customer, city, country, value, currency, stage, days to an end and which.
        (int Day, string Name, string Customer, string City, string Country, int Value, string Currency, string Stage, int Ends, string End)[] past =
        [
            (2, "Demand forecast for spring", "Tailspin Toys", "Seattle", "US", 84_000, "USD", "40", 41, "Won"),
            (9, "Loyalty programme", "Coho Winery", "Bordeaux", "FR", 36_500, "EUR", "20", 30, "Lost"),
            (15, "Fraud detection pilot", "Woodgrove Bank", "London", "GB", 210_000, "USD", "60", 66, "Won"),
            (28, "Lab automation", "Trey Research", "Ankara", "TR", 57_000, "EUR", "40", 50, "Won"),
            (40, "Claims assistant", "Humongous Insurance", "Chicago", "US", 128_000, "USD", "20", 45, "Lost"),
            (52, "Store analytics", "Northwind Traders", "Izmir", "TR", 49_000, "EUR", "60", 60, "Won"),
            (70, "Route planning", "Wide World Importers", "Rotterdam", "NL", 97_500, "EUR", "40", 55, "Won"),
            (88, "Energy dashboard", "Litware", "Berlin", "DE", 64_000, "EUR", "20", 33, "Lost"),
            (101, "Digital twin", "Fourth Coffee", "Portland", "US", 152_000, "USD", "60", 62, "Won"),
            (118, "Service desk assistant", "Proseware", "Dublin", "IE", 45_000, "EUR", "40", 40, "Won"),
            (132, "Warehouse modernisation", "Wide World Importers", "Rotterdam", "NL", 310_000, "EUR", "60", 0, ""),
            (139, "ERP in the cloud", "Northwind Traders", "Izmir", "TR", 185_000, "EUR", "40", 0, ""),
            (144, "Smart building", "Alpine Ski House", "Denver", "US", 76_000, "USD", "20", 0, ""),
            (151, "Data platform", "Relecloud", "Toronto", "CA", 240_000, "USD", "80", 0, ""),
            (158, "Quality by camera", "Adatum", "Bursa", "TR", 58_000, "EUR", "20", 0, ""),
            (166, "Mobile field service", "Consolidated Messenger", "Austin", "US", 92_000, "USD", "10", 0, ""),
            (171, "Customer insights", "Lucerne Publishing", "Lucerne", "CH", 67_500, "EUR", "10", 0, ""),
        ];
        var ends = new PriorityQueue<(string Id, string End), int>();
        var lost = 0;
        for (var day = 0; day <= Days; day++)
        {
            foreach (var deal in past.Where(p => p.Day == day))
            {
                var made = await Deal(deal.Name, deal.Customer, deal.City, deal.Country, deal.Value, deal.Currency, deal.Stage);
                // Every second one together with Fabrikam, who takes some days to answer.
                if (day % 2 == 0)
                {
                    var invited = (await Web.Server.Post(Alice, Api, Bodies.Connected(made.EngagementId, FabrikamLocation))).Is(201);
                    _clock.Advance(TimeSpan.FromHours(20 + (day % 5 * 17)));
                    (await Web.Server.Status(Carol, invited.Id, "Active", "Accepted")).Is(200);
                }

                if (deal.Ends > 0)
                    ends.Enqueue((made.Id, deal.End), day + deal.Ends);
                if (deal.Name == "Warehouse modernisation")
                    Shared = made.Id;
            }

            while (ends.TryPeek(out var end, out var on) && on <= day)
            {
                ends.Dequeue();
                var reason = end.End == "Lost" ? SuggestedReasons[lost++ % SuggestedReasons.Length] : null;
                (await Web.Server.Patch(Alice, $"{Api}/{end.Id}", Bodies.Replace(
                    ("/status", "Closed"), ("/substatus", end.End), ("/statusReason", reason)))).Is(204);
            }

            var midnight = TimeProvider.System.GetUtcNow().AddDays(day + 1 - Days);
            if (day < Days && midnight > _clock.GetUtcNow())
                _clock.SetUtcNow(midnight);
            if (day == Days - 10)
                await Invite("Cold chain monitoring", "Fabrikam Foods", "Antalya", "TR", 118_000, "Could you do the installation on site? We meet the customer on Tuesday.");
        }

        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/crm", new WebhookAnswer(503).Saying("Down for maintenance until 6:00."), new WebhookAnswer(200));
        var subscription = (await Web.Server.Post(Alice, "/webhooks/v2/subscriptions", new JsonObject { ["url"] = $"{receiver.Address}/crm" })).Is(201);
        Webhook = subscription.Id;
        foreach (var stage in new[] { "60", "80" })
            (await Web.Server.Patch(Alice, $"{Api}/{Shared}", Bodies.Replace(("/salesStage", stage)))).Is(204);
        await Invite("Connected greenhouse", "Blue Yonder Farms", "Almería", "ES", 73_000, "They know your analytics and asked for a demo.");
        await receiver.Until(1, TestContext.Current.CancellationToken);
        (await Web.Server.Post(Sam, $"/admin/organizations/{Contoso}/users", new JsonObject
        {
            ["name"] = "Deniz Demir", ["email"] = "deniz@contoso.example", ["password"] = "Passw0rd!",
        })).Is(201);
    }

    public ValueTask DisposeAsync() => Web.DisposeAsync();

    private async Task Invite(string name, string customer, string city, string country, int value, string message)
    {
        var deal = await Deal(name, customer, city, country, value, "EUR", "20", Carol);
        (await Web.Server.Post(Carol, Api, Bodies.Connected(deal.EngagementId, ContosoLocation, b =>
        {
            b["name"] = name;
            b["inviteContext"] = new JsonObject { ["notes"] = message, ["assistanceRequestCode"] = "ProofOfConceptOrDemo" };
        }))).Is(201);
    }

    private async Task<Reply> Deal(
        string name, string customer, string city, string country, int value, string currency, string stage, string by = Alice) =>
        (await Web.Server.Post(by, Api, Bodies.Cosell(b =>
        {
            b["name"] = name;
            b["salesStage"] = stage;
            b["team"] = by == Alice
                ? new JsonArray(Person(Alice, "Alice", "Archer"), Person(Bob, "Bob", "Baker"))
                : new JsonArray(Person(Carol, "Carol", "Carter"));
            b["details"]!["notes"] = $"{customer} wants to begin before the next budget year; {city} first, the other sites later.";
            b["customerProfile"]!["name"] = customer;
            b["customerProfile"]!["team"] = new JsonArray(Person($"ada.aksoy@{customer.Split(' ')[0].ToLowerInvariant()}.example", "Ada", "Aksoy"));
            b["details"]!["requirements"]!["solutions"] = new JsonArray(value % 1_000 == 500
                ? new JsonObject { ["type"] = "Name", ["id"] = "SOL-ABC-DEF", ["name"] = "Contoso Analytics" }
                : new JsonObject { ["type"] = "Name", ["id"] = "SOL-34104-EBB", ["name"] = "Contoso Field Service" });
            b["customerProfile"]!["address"] = new JsonObject
            {
                ["addressLine1"] = "1 Main Street", ["city"] = city, ["state"] = country == "US" ? "WA" : "", ["country"] = country, ["postalCode"] = "34394",
            };
            b["details"]!["dealValue"] = value;
            b["details"]!["currency"] = currency;
            b["details"]!["closingDateTime"] = _clock.GetUtcNow().AddDays(75).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        }))).Is(201);

    private static JsonObject Person(string email, string first, string last) =>
        new() { ["email"] = email, ["firstName"] = first, ["lastName"] = last, ["phoneNumber"] = "+1 555 0100" };
}

using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals.Reports;

/// <summary>
/// Some months of work between Contoso, Fabrikam and Microsoft, arranged through the API; always the same ones. What there
/// is afterwards is read as lists, from which a test can compute for itself.
/// </summary>
public sealed class BusyMonths : IAsyncLifetime
{
    private readonly Random _random = new(20261126);

    public TandemServer Server { get; private set; } = null!;

    /// <summary>Contoso's referrals, as Alice sees them.</summary>
    public List<Referral> Own { get; private set; } = [];

    /// <summary>The other parties' referrals, as they see them themselves.</summary>
    public List<Referral> Others { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 20, 9, 30, 0, TimeSpan.Zero));
        Server = await Start(clock);
        var open = new List<(string User, string Id)>();
        for (var step = 0; step < 160; step++)
        {
            clock.Advance(TimeSpan.FromSeconds(_random.Next(60, 100_000)));
            await Server.RunDueWork();
            switch (_random.Next(5))
            {
                case 0:
                    open.Add((Alice, (await Server.Own(change: Describe)).Id));
                    break;
                case 1:
                    // Two partners are asked now and then.
                    var (own, other) = await Server.Shared(_random.Next(2) == 0 ? "msft" : FabrikamLocation);
                    open.Add((Alice, own.Id));
                    open.Add((Host(other), other.Id));
                    if (_random.Next(4) == 0 && (string)other.Json["organizationId"]! == Fabrikam)
                    {
                        var second = (await Server.Post(Alice, Api, Bodies.Connected(own.EngagementId, "msft"))).Is(201);
                        open.Add((Sam, second.Id));
                    }

                    break;
                case 2:
                    var invitation = await Server.Invitation(Carol, ContosoLocation, "From Fabrikam");
                    open.Add((Alice, invitation.Id));
                    break;
                default:
                    if (open.Count > 0)
                        await Move(open);
                    break;
            }
        }

        clock.Advance(TimeSpan.FromHours(5));
        await Server.RunDueWork();
        Own = await All(Alice);
        Others = [.. await All(Carol), .. await All(Sam)];
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    private static string Host(Reply other) => (string)other.Json["organizationId"]! == Fabrikam ? Carol : Sam;

    private async Task Move(List<(string User, string Id)> open)
    {
        var at = _random.Next(open.Count);
        var (user, id) = open[at];
        var status = (string)(await Server.Get(user, $"{Api}/{id}")).Is(200).Json["status"]!;
        if (status == "New" && _random.Next(3) > 0)
        {
            (await Server.Status(user, id, "Active", "Accepted")).Is(200);
            return;
        }

        open.RemoveAt(at);
        if (status == "Closed")
        {
            // An invitation that has expired, corrected afterwards: it was not answered for that.
            (await Server.Status(user, id, "Closed", "Lost")).Is(200);
            return;
        }

        string[] outcomes = status == "New" ? ["Declined", "Declined", "Error", "Lost"] : ["Won", "Won", "Lost", "Lost", "Error"];
        (await Server.Status(user, id, "Closed", outcomes[_random.Next(outcomes.Length)])).Is(200);
    }

    private void Describe(JsonObject body)
    {
        string?[] currencies = ["USD", "EUR", "TRY", null];
        string[] solutions = ["SOL-34104-EBB", "sol-34104-ebb", "SOL-ABC-DEF", "Dynamics365forFieldService"];
        body["details"] = new JsonObject
        {
            ["dealValue"] = _random.Next(5) == 0 ? null : _random.Next(100, 90_000_000) / 100m,
            ["currency"] = currencies[_random.Next(currencies.Length)],
            ["requirements"] = new JsonObject
            {
                ["solutions"] = new JsonArray([.. Enumerable.Range(0, _random.Next(4)).Select(_ => solutions[_random.Next(solutions.Length)])
                    .Select(s => new JsonObject { ["id"] = s, ["name"] = $"Name of {s.ToUpperInvariant()}", ["type"] = "Name" })]),
            },
        };
        body["customerProfile"]!["address"] = new JsonObject { ["country"] = _random.Next(2) == 0 ? "TR" : "DE" };
        if (_random.Next(2) == 0)
            body["salesStage"] = _random.Next(2) == 0 ? "Propose" : "60";
        if (_random.Next(3) == 0)
            body["team"] = new JsonArray(Bodies.Member(Bob));
    }

    private Task<List<Referral>> All(string user) => new TandemClient(Server.Http, user).Referrals
        .ListAsync(cancellation: TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken).AsTask();
}

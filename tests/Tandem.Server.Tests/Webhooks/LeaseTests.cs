using Npgsql;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>Apart from all others: a transaction that stays open for seconds holds back the logs of all databases.</summary>
[CollectionDefinition(nameof(LeaseTests), DisableParallelization = true)]
public sealed class Apart;

/// <summary>The right to send, which one node has for a while.</summary>
[Collection(nameof(LeaseTests))]
public sealed class LeaseTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_goes_on_while_somebody_changes_its_subscription() // W39
    {
        // Only PostgreSQL lets somebody hold a row.
        if (!TestDatabase.IsPostgres)
            return;
        await using var server = await Start();
        await using var receiver = await WebhookReceiver.Start();
        var answer = new TaskCompletionSource();
        receiver.On("/", WebhookAnswer.OkAfter(answer.Task));
        var (id, _) = await server.Subscribe(Alice, $"{receiver.Address}/");
        await server.Own();
        await receiver.Until(1, Cancellation);
        await using var source = NpgsqlDataSource.Create(await TestDatabase.Database(Path.GetFileName(server.Data)));
        await using var connection = await source.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using var command = new NpgsqlCommand("SELECT 1 FROM webhook_subscriptions FOR UPDATE", connection, transaction);
        await command.ExecuteNonQueryAsync(Cancellation);
        // Until the node wants to renew its right to send.
        await server.Blocks();
        await transaction.CommitAsync(Cancellation);
        answer.SetResult();
        await server.Until(Alice, $"{Hooks.V2}/{id}/deliveries?state=Delivered", r => r.Value.Count == 1);
        Assert.Single(receiver.Calls);
    }
}

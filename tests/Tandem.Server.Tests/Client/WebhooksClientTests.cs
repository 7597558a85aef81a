using System.Net;
using Tandem.Client;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Client;

public sealed class WebhooksClientTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private TandemServer Server => fixture.Server;

    private WebhooksClient As(string user) => new TandemClient(Server.Http, user).Webhooks;

    [Fact]
    public async Task A_subscription_is_made_changed_paused_and_removed()
    {
        var alice = As(Alice);
        var made = await alice.CreateAsync(new SubscriptionDraft { Url = "http://127.0.0.1:9/made", Statuses = ["Active"] }, cancellation: Cancellation);
        Assert.StartsWith("whsec_", made.Secret, StringComparison.Ordinal);
        Assert.Null((await alice.GetAsync(made.Id, Cancellation)).Secret);
        Assert.Contains(await alice.ListAsync(Cancellation), s => s.Id == made.Id);

        var changed = await alice.ChangeAsync(made.Id, new SubscriptionDraft
        {
            Events = ["referral-created"],
            Statuses = [],
            Filter = "details/dealValue ge 5",
        }, Cancellation);
        Assert.Equal(("http://127.0.0.1:9/made", "details/dealValue ge 5"), (changed.Url, changed.Filter));
        Assert.Equal(["referral-created"], changed.Events);
        Assert.Empty(changed.Statuses);

        var rotated = await alice.RotateSecretAsync(made.Id, Cancellation);
        Assert.NotEqual(made.Secret, rotated.Secret);
        Assert.NotNull(rotated.OldSecretUntil);
        var paused = await alice.PauseAsync(made.Id, Cancellation);
        Assert.Equal((SubscriptionState.Paused, "Paused by Alice Archer."), (paused.State, paused.PausedBecause));
        Assert.Equal(SubscriptionState.Active, (await alice.ResumeAsync(made.Id, Cancellation)).State);
        await alice.DeleteAsync(made.Id, Cancellation);
        var gone = await Assert.ThrowsAsync<TandemException>(() => alice.GetAsync(made.Id, Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, gone.Status);
    }

    [Fact]
    public async Task Deliveries_are_looked_at_and_sent_again() // W42
    {
        await using var receiver = await WebhookReceiver.Start();
        var carol = As(Carol);
        var made = await carol.CreateAsync(new SubscriptionDraft { Url = $"{receiver.Address}/log" }, cancellation: Cancellation);
        var before = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        var (first, second) = (await Server.Own(Carol), await Server.Own(Carol));
        await receiver.Until(2, Cancellation);

        var one = Guid.Parse(first.Id);
        await Logged(2);
        var delivery = Assert.Single(await carol.ListDeliveriesAsync(made.Id, DeliveryState.Delivered, one, Cancellation).ToListAsync(Cancellation));
        Assert.Equal((one, "referral-created"), (delivery.ReferralId!.Value, delivery.Event));
        var inspected = await carol.GetDeliveryAsync(made.Id, delivery.EventId, Cancellation);
        Assert.Equal(200, Assert.Single(inspected.Attempts).Status);
        Assert.Contains(first.Id, inspected.Body, StringComparison.Ordinal);

        await carol.ResendAsync(made.Id, delivery.EventId, Cancellation);
        Assert.Contains(first.Id, (await receiver.Until(3, Cancellation))[2].Text, StringComparison.Ordinal);
        await Logged(3);
        Assert.Equal(2, await carol.ResendSinceAsync(made.Id, before, cancellation: Cancellation));
        Assert.Contains((await receiver.Until(5, Cancellation)).Skip(3), c => c.Text.Contains(second.Id, StringComparison.Ordinal));
        Assert.Equal(0, await carol.ResendSinceAsync(made.Id, before, DeliveryState.Failed, Cancellation));

        // What was sent is logged a moment after the receiver has it.
        async Task Logged(int attempts)
        {
            for (var tries = 0; ; tries++)
            {
                var log = await carol.ListDeliveriesAsync(made.Id, DeliveryState.Delivered, cancellation: Cancellation).ToListAsync(Cancellation);
                if (log.Sum(d => d.Attempts.Count) == attempts)
                    return;
                Assert.True(tries < 600, $"{attempts} attempts are not logged.");
                await Task.Delay(50, Cancellation);
            }
        }
    }

    [Fact]
    public async Task The_delivery_log_goes_over_pages()
    {
        const int Many = 105;
        await using var receiver = await WebhookReceiver.Start();
        var sam = As(Sam);
        var made = await sam.CreateAsync(new SubscriptionDraft { Url = $"{receiver.Address}/pages" }, cancellation: Cancellation);
        for (var i = 0; i < Many; i++)
            await Server.Own(Sam);
        await receiver.Until(Many, Cancellation);

        var page = await sam.ListDeliveriesPageAsync(made.Id, cancellation: Cancellation);
        Assert.Equal(100, page.Value.Count);
        var next = await sam.NextDeliveriesAsync(page, Cancellation);
        Assert.Equal(Many - 100, next!.Value.Count);
        Assert.Null(await sam.NextDeliveriesAsync(next, Cancellation));
        Assert.Equal(Many, await sam.ListDeliveriesAsync(made.Id, cancellation: Cancellation).Select(d => d.EventId).Distinct().CountAsync(Cancellation));
    }

    [Fact]
    public async Task A_wrong_subscription_is_told_with_its_faults_and_others_may_not_look()
    {
        var refused = await Assert.ThrowsAsync<TandemException>(() => As(Alice).CreateAsync(
            new SubscriptionDraft { Url = "ftp://here", Events = ["no-such"], Filter = "nothing eq 1" }, cancellation: Cancellation));
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains(refused.Faults, f => f.Target == "url");
        Assert.Equal(3, refused.Faults.Count);

        var forbidden = await Assert.ThrowsAsync<TandemException>(() => As(Bob).ListAsync(Cancellation));
        Assert.Equal((HttpStatusCode.Forbidden, "roleRequired"), (forbidden.Status, forbidden.InnerCode));
    }
}

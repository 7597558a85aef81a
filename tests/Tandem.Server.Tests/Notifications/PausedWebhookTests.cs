using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Server.Tests.Fixtures;
using Tandem.Server.Webhooks;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Notifications;

/// <summary>A webhook that the server paused, as the people who may resume it are told of it.</summary>
public sealed class PausedWebhookTests : IAsyncLifetime
{
    private const string Users = $"/admin/organizations/{Contoso}/users";
    private const string Because = "It has failed for five days.";

    private readonly MailServer _mail = MailServer.Start();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _mail.DisposeAsync();

    [Fact]
    public async Task Who_may_resume_it_is_told_at_the_bell_and_by_e_mail_as_he_chose()
    {
        var clock = At("2026-11-01T08:00:00Z");
        await using var server = await Start(clock, settings: [.. _mail.Settings, ("Tandem:PublicUrl", "https://exchange.example")]);
        await Admin(server, "zoe@contoso.example", null);
        await Admin(server, "yan@contoso.example", "42");
        (await server.Put("zoe@contoso.example", $"{Notices.Path}/settings", new JsonObject { ["language"] = "tr" })).Is(200);
        (await server.Put(Alice, $"{Notices.Path}/settings", new JsonObject { ["withoutEmail"] = new JsonArray("Webhook") })).Is(200);
        await using var receiver = await WebhookReceiver.Start();
        receiver.On("/", new WebhookAnswer(500));
        var hook = (await server.Post(Alice, SubscriptionEndpoints.Path, new JsonObject { ["url"] = $"{receiver.Address}/" })).Is(201).Id;
        await server.Own();
        await receiver.Until(1, Cancellation);
        await Until(async () => (await server.Get(Alice, $"{SubscriptionEndpoints.Path}/{hook}/deliveries")).Value is [{ } only] && only["attempts"]!.AsArray().Count == 1);
        clock.Advance(TimeSpan.FromDays(5.1));
        await Until(async () => (string)(await server.Get(Alice, $"{SubscriptionEndpoints.Path}/{hook}")).Json["state"]! == "Paused");

        foreach (var admin in new[] { Alice, "zoe@contoso.example" })
        {
            var notice = Assert.Single(await server.NoticesOf(admin));
            Assert.Equal(("WebhookPaused", hook, "127.0.0.1"), ((string)notice["kind"]!, (string)notice["subscriptionId"]!, (string)notice["receiver"]!));
            Assert.Null(notice["referralId"]);
            Assert.Equal(1, await server.Unread(admin));
        }

        foreach (var other in new[] { Bob, "yan@contoso.example", Carol })
            Assert.Empty(await server.NoticesOf(other));

        // The sender looks on its own; its clock is the test's.
        await Until(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(20));
            return Task.FromResult(_mail.Mails.Count > 0);
        });
        var queue = await server.Queue(q => (int)q["waiting"]! == 0);
        Assert.Equal(1, (int)queue["sent"]!);
        var mail = Assert.Single(_mail.Mails);
        Assert.Equal(("zoe@contoso.example", "Webhook duraklatıldı: 127.0.0.1"), (mail.To.Single(), mail.Subject));
        Assert.Contains($"https://exchange.example/administration/webhooks/{hook}", mail.Text, StringComparison.Ordinal);
        Assert.Contains("Webhook'ları yönettiğiniz için", mail.Text, StringComparison.Ordinal);

        // What he may not see any more he is not told of, and what is gone nobody.
        var zoe = (await server.Get(Alice, $"{Users}?search=zoe")).Value.Single();
        (await server.Post(Alice, $"{Users}/{zoe["id"]}/roles", new JsonObject { ["role"] = "Referrals user" })).Is(201);
        (await server.Send(Alice, HttpMethod.Delete, $"{Users}/{zoe["id"]}/roles/{zoe["roles"]![0]!["id"]}", null)).Is(204);
        Assert.Empty(await server.NoticesOf("zoe@contoso.example"));
        Assert.Single(await server.NoticesOf(Alice));
        (await server.Send(Alice, HttpMethod.Delete, $"{SubscriptionEndpoints.Path}/{hook}", null)).Is(204);
        Assert.Empty(await server.NoticesOf(Alice));
        Assert.Equal(0, await server.Unread(Alice));
    }

    [Fact]
    public async Task Of_several_nodes_one_tells_and_who_resumes_and_fails_again_is_told_again()
    {
        var folder = Directory.CreateTempSubdirectory("tandem-").FullName;
        await using (var first = await Start(data: folder))
        await using (var second = await Start(data: folder))
        {
            var hook = (await first.Post(Alice, SubscriptionEndpoints.Path, new JsonObject { ["url"] = "http://127.0.0.1:9/" })).Is(201).Id;
            for (var times = 1; times <= 2; times++)
            {
                await TestDatabase.Ask(folder, "UPDATE webhook_subscriptions SET failing_since = 0");
                var paused = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Pause(i % 2 == 0 ? first : second, hook)));
                Assert.Single(paused, p => p);
                Assert.Equal(times, (await second.NoticesOf(Alice)).Count);
                (await first.Post(Alice, $"{SubscriptionEndpoints.Path}/{hook}/resume", null)).Is(200);
                // Who still counts from before has nothing to count from.
                Assert.False(await Pause(second, hook));
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task<bool> Pause(TandemServer server, string hook)
    {
        var subscriptions = server.Services.GetRequiredService<SubscriptionDirectory>();
        await subscriptions.Reload(Cancellation);
        return await subscriptions.Pause(subscriptions.Find(Guid.Parse(hook))!, DateTimeOffset.UnixEpoch, Because, Cancellation);
    }

    private static async Task Admin(TandemServer server, string email, string? location)
    {
        var user = (await server.Post(Alice, Users, new JsonObject { ["email"] = email, ["name"] = email })).Is(201).Id;
        (await server.Post(Alice, $"{Users}/{user}/roles", new JsonObject { ["role"] = "Referrals admin", ["mpnId"] = location })).Is(201);
    }

    private static async Task Until(Func<Task<bool>> reached)
    {
        for (var tries = 0; !await reached(); tries++)
        {
            Assert.True(tries < 1200, "The server does not get there.");
            await Task.Delay(25, Cancellation);
        }
    }
}

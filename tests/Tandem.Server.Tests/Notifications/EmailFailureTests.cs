using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tandem.Server.Notifications;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Notifications;

/// <summary>A mail server that is away, refuses, hangs or hangs up; servers that are killed; several nodes.</summary>
public sealed class EmailFailureTests : IAsyncLifetime
{
    private readonly MailServer _mail = MailServer.Start();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _mail.DisposeAsync();

    [Fact]
    public async Task A_mail_server_that_is_away_stops_nothing_and_gets_everything_when_it_is_back() // B59
    {
        await _mail.Down();
        await using var server = await Start(At("2026-03-02T08:00:00Z"), settings: _mail.Settings);
        var (_, other) = await server.Invited();
        (await server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);
        Assert.Equal(["InvitationAccepted", "InvitationSent"], await server.Kinds(Bob));
        var status = await server.Queue(q => q["faults"]!.AsArray().Count > 0);
        Assert.Equal(5, (int)status["waiting"]!);
        Assert.Equal(0, (int)status["failed"]!);
        var tested = (await server.Post(Alice, "/admin/email/test", null)).Is(200);
        Assert.False((bool)tested.Json["isAccepted"]!);
        Assert.NotEmpty((string)tested.Json["answer"]!);

        _mail.Up();
        for (var tries = 0; _mail.Mails.Count < 5; tries++)
        {
            Assert.True(tries < 300, $"Only {_mail.Mails.Count} messages came.");
            server.Clock.Advance(TimeSpan.FromSeconds(30));
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        await server.Queue(q => (int)q["sent"]! == 5);
        Assert.Equal(5, _mail.Mails.Select(m => m.Message.MessageId).Distinct().Count());
    }

    [Fact]
    public async Task What_the_mail_server_refuses_for_good_is_given_up_with_its_answer_and_the_others_are_sent()
    {
        _mail.Refuse(Bob, 550, "5.1.1 no such mailbox");
        await using var server = await Start(settings: _mail.Settings);
        await server.Invited();
        await _mail.Until(2);
        var status = await server.Queue(q => (int)q["failed"]! == 1 && (int)q["sent"]! == 2);
        var fault = Assert.Single(status["faults"]!.AsArray())!;
        Assert.Equal((Bob, "InvitationSent", 1, true),
            ((string)fault["to"]!, (string)fault["kind"]!, (int)fault["attempts"]!, (bool)fault["isGivenUp"]!));
        Assert.Contains("5.1.1 no such mailbox", (string)fault["answer"]!, StringComparison.Ordinal);
        // An organization's administrator sees the messages of his own people.
        Assert.Single((await server.Get(Alice, "/admin/email")).Json["faults"]!.AsArray());
        Assert.Empty((await server.Get(Carol, "/admin/email")).Json["faults"]!.AsArray());
    }

    [Fact]
    public async Task What_the_mail_server_refuses_for_now_is_tried_again_later()
    {
        _mail.Refuse(Bob, 451, "4.7.1 greylisted");
        await using var server = await Start(At("2026-03-02T08:00:00Z"), settings: _mail.Settings);
        await server.Invited();
        await _mail.Until(2);
        var status = await server.Queue(q => q["faults"]!.AsArray().Count == 1);
        Assert.False((bool)status["faults"]![0]!["isGivenUp"]!);
        _mail.Accept(Bob);
        server.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(Bob, Assert.Single((await _mail.Until(3))[2].To));
        await server.Queue(q => (int)q["sent"]! == 3 && (int)q["waiting"]! == 0);
    }

    [Fact]
    public async Task What_is_not_taken_for_two_days_is_given_up()
    {
        _mail.Refuse(Bob, 451, "4.7.1 greylisted");
        await using var server = await Start(At("2026-03-02T08:00:00Z"), settings: _mail.Settings);
        await server.Invited();
        await server.Queue(q => q["faults"]!.AsArray().Count == 1);
        server.Clock.Advance(TimeSpan.FromDays(2.5));
        var status = await server.Queue(q => (int)q["failed"]! == 1);
        Assert.Equal(2, (int)status["faults"]![0]!["attempts"]!);
        Assert.Equal(0, (int)status["waiting"]!);
    }

    [Fact]
    public void A_message_is_tried_again_twice_as_late_each_time_and_at_most_an_hour_later()
    {
        Assert.Equal([30, 60, 120, 240, 480, 960, 1920, 3600, 3600], Enumerable.Range(1, 9).Select(n => EmailSender.AfterFailure(n).TotalSeconds));
        Assert.Equal(3600, EmailSender.AfterFailure(1000).TotalSeconds);
    }

    [Theory]
    [InlineData("hangup")]
    [InlineData("gibberish")]
    [InlineData("silent")]
    public async Task A_mail_server_that_misbehaves_is_waited_for_and_nothing_else_waits(string how)
    {
        await using var bad = await WebhookReceiver.StartRaw(how switch
        {
            "hangup" => RawAnswers.Hangup,
            "silent" => RawAnswers.Silent,
            _ => RawAnswers.Gibberish,
        });
        await using var server = await Start(settings: MailServer.SettingsOf(bad.Port));
        await server.Invited();
        Assert.Equal(["DealReceived"], await server.Kinds(Carol));
        var status = how == "silent"
            ? (await server.Get(Sam, "/admin/email")).Is(200).Json
            : await server.Queue(q => q["faults"]!.AsArray().Count > 0);
        Assert.Equal(3, (int)status["waiting"]!);
        (await server.Own()).Is(201);
    }

    [Fact]
    public async Task Without_tls_nothing_is_sent_unless_the_settings_say_so()
    {
        await using var server = await Start(settings: MailServer.SettingsOf(_mail.Port, "StartTls"));
        await server.Invited();
        var status = await server.Queue(q => q["faults"]!.AsArray().Count > 0);
        Assert.Contains("STARTTLS", (string)status["faults"]![0]!["answer"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(_mail.Mails);
    }

    [Fact]
    public async Task A_mail_server_whose_certificate_nobody_vouches_for_gets_nothing()
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var usable = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
        await using var secure = MailServer.Start(usable);
        await using var server = await Start(settings: MailServer.SettingsOf(secure.Port, "StartTls"));
        await server.Invited();
        await server.Queue(q => q["faults"]!.AsArray().Count > 0);
        Assert.Empty(secure.Mails);
    }

    [Fact]
    public async Task The_log_names_nobody()
    {
        _mail.Refuse(Bob, 550, $"5.1.1 no mailbox {Bob}");
        _mail.Refuse(Carol, 451, $"4.7.1 later, {Carol}");
        using var lines = new LogLines();
        await using var server = await Start(
            services => services.AddSingleton<ILoggerProvider>(lines), settings: [.. _mail.Settings, ("Logging:LogLevel:Tandem", "Trace")]);
        await server.Invited("A secret deal");
        await server.Queue(q => q["faults"]!.AsArray().Count == 2);
        Assert.Contains(lines.All, l => l.Contains("was not taken", StringComparison.Ordinal));
        foreach (var secret in new[] { "@", "secret", "Carol", "Fabrikam" })
            Assert.DoesNotContain(lines.All, l => l.Contains(secret, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Who_leaves_before_the_message_does_gets_none()
    {
        _mail.Refuse(Bob, 451, "later");
        await using var server = await Start(At("2026-03-02T08:00:00Z"), settings: _mail.Settings);
        var (own, _) = await server.Invited();
        await server.Queue(q => (int)q["sent"]! == 2 && q["faults"]!.AsArray().Count == 1);
        await server.Team(own.Id, Alice);
        _mail.Accept(Bob);
        server.Clock.Advance(TimeSpan.FromSeconds(31));
        await server.Queue(q => (int)q["waiting"]! == 0);
        Assert.DoesNotContain(_mail.Mails, m => m.To.Contains(Bob));
    }

    [Fact]
    public async Task A_server_that_is_killed_again_and_again_sends_everything_and_nothing_twice()
    {
        const int Kills = 3;
        var data = Directory.CreateTempSubdirectory("tandem-").FullName;
        await _mail.Down();
        string[] settings = [.. _mail.Settings.Select(s => $"--{s.Name}={s.Value}")];
        for (var round = 0; round < Kills; round++)
        {
            // Killed with messages in its queue, some of them on their way to a mail server that is not there.
            using var server = await ServerProcess.Start(data, settings);
            var own = await Send(server, Alice, "", Bodies.Example("create-shared-request"));
            await Send(server, Alice, "", Bodies.Connected((string)own["engagementId"]!, FabrikamLocation, b => b["name"] = $"Deal {round}"));
            await Planned(data);
            server.Kill();
        }

        _mail.Up();
        using var last = await ServerProcess.Start(data, settings);
        await Sent(data, Kills);
        last.Kill();
        using var again = await ServerProcess.Start(data, settings);
        var nobody = await Send(again, Alice, "", Bodies.Example("create-shared-request"));
        await Send(again, Alice, "", Bodies.Connected((string)nobody["engagementId"]!, FabrikamLocation, b => b["name"] = "Deal after all"));
        await Sent(data, Kills + 1);
        var carols = _mail.Mails.Where(m => m.To.Contains(Carol)).ToList();
        Assert.Equal(Kills + 1, carols.Count);
        Assert.Equal(Kills + 1, carols.Select(m => m.Subject).Distinct().Count());
        again.Kill();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Two_nodes_send_each_message_once()
    {
        await using var first = await Start(settings: _mail.Settings);
        await using var second = await Start(data: first.Data, settings: _mail.Settings);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => (i % 2 == 0 ? first : second).Invited($"Deal {i}")));
        await _mail.Until(30);
        await first.Queue(q => (int)q["waiting"]! == 0);
        await second.Queue(q => (int)q["sent"]! == 30);
        Assert.Equal(30, _mail.Mails.Count);
        Assert.Equal(30, _mail.Mails.Select(m => (m.To[0], m.Message.MessageId)).Distinct().Count());
        Assert.Equal(10, (await second.Kinds(Carol)).Count);
    }

    private static async Task<JsonNode> Send(ServerProcess server, string user, string path, JsonNode body)
    {
        using var http = new HttpClient { BaseAddress = new Uri(server.Address) };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Api}{path}") { Content = new StringContent(body.ToJsonString(), null, "application/json") };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {user}");
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
    }

    private static Task Planned(string data) => Until(data, 0, "SELECT COUNT(*) FROM change_log c WHERE (c.transaction_id, c.sequence) > "
        + "(SELECT transaction_id, sequence FROM log_readers WHERE name = 'notices')");

    private static Task Sent(string data, int count) =>
        Until(data, count, "SELECT COUNT(*) FROM personal_notices WHERE kind = 'DealReceived' AND mail_state = 'Sent'");

    private static async Task Until(string data, long wanted, string sql)
    {
        for (var tries = 0; !Equals(wanted, await TestDatabase.Ask(data, sql)); tries++)
        {
            Assert.True(tries < 3600, $"Not {wanted}: {sql}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}

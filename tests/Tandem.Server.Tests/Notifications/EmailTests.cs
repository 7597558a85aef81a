using System.Text.Json.Nodes;
using MimeKit;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Notifications;

/// <summary>What is sent by e-mail, to whom and in which words, as a real mail server gets it.</summary>
public sealed class EmailTests : IAsyncLifetime
{
    private readonly MailServer _mail = MailServer.Start();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _mail.DisposeAsync();

    [Fact]
    public async Task An_invitation_and_its_answer_are_told_to_the_team_by_e_mail() // B51, B52, B53
    {
        await using var server = await Start(settings: [.. _mail.Settings, ("Tandem:PublicUrl", "https://exchange.example")]);
        var (own, other) = await server.Invited();
        var mails = await _mail.Until(3);
        Assert.Equal([Alice, Bob, Carol], mails.Select(m => Assert.Single(m.To)).Order());
        var sent = mails.Single(m => m.To[0] == Bob);
        Assert.Equal("Invitation sent to Fabrikam: Warehouse", sent.Subject);
        var received = mails.Single(m => m.To[0] == Carol);
        Assert.Equal("New deal from Contoso Company: Warehouse", received.Subject);
        Assert.Contains($"https://exchange.example/referrals/{other.Id}", received.Text, StringComparison.Ordinal);
        Assert.Contains($"href=\"https://exchange.example/referrals/{other.Id}\"", received.Html, StringComparison.Ordinal);
        Assert.Contains("Expires on ", received.Text, StringComparison.Ordinal);

        (await server.Patch(Carol, $"{Api}/{other.Id}", Bodies.Replace(("/status", "Closed"), ("/substatus", "Declined"), ("/statusReason", "Not a customer")))).Is(204);
        mails = await _mail.Until(5);
        Assert.Equal([Alice, Bob], mails.Skip(3).Select(m => m.To[0]).Order());
        var declined = mails[^1];
        Assert.Equal("Fabrikam declined: Warehouse", declined.Subject);
        Assert.Contains("Reason: Not a customer", declined.Text, StringComparison.Ordinal);
        Assert.Contains($"/referrals/{own.Id}", declined.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_is_text_and_html_from_a_machine_that_wants_no_answer()
    {
        await using var server = await Start(settings: _mail.Settings);
        await server.Invited();
        var message = (await _mail.Until(3)).Single(m => m.To[0] == Carol).Message;
        Assert.Equal("Tandem <tandem@exchange.example>", message.From.ToString().Replace("\"", "", StringComparison.Ordinal));
        Assert.Equal("Carol Carter", Assert.Single(message.To.Mailboxes).Name);
        Assert.Equal("auto-generated", message.Headers["Auto-Submitted"]);
        Assert.DoesNotContain(message.Headers, h => h.Field.StartsWith("List-", StringComparison.OrdinalIgnoreCase));
        Assert.EndsWith("@exchange.example", message.MessageId, StringComparison.Ordinal);
        var parts = Assert.IsType<MultipartAlternative>(message.Body);
        Assert.Equal(["text/plain", "text/html"], parts.Select(p => p.ContentType.MimeType));
        Assert.Equal("en", message.Body!.Headers["Content-Language"]);
    }

    [Fact]
    public async Task A_member_who_wants_none_gets_none_and_the_others_in_their_language() // B58
    {
        await using var server = await Start(settings: _mail.Settings);
        var (_, other) = await server.Invited(
            Notices.Member(Alice, disabled: true, locale: "tr-TR"), Notices.Member(Bob, locale: "tr-TR"));
        (await server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);
        // Carol's own invitation, and two for Bob.
        var mails = await _mail.Until(3);
        await server.Queue(q => (int)q["waiting"]! == 0);
        Assert.Equal(3, _mail.Mails.Count);
        Assert.DoesNotContain(mails, m => m.To.Contains(Alice));
        Assert.Equal(["Fabrikam davet edildi: Warehouse", "Fabrikam kabul etti: Warehouse"], mails.Where(m => m.To[0] == Bob).Select(m => m.Subject));
        Assert.All(mails.Where(m => m.To[0] == Bob), m => Assert.Equal("tr", m.Message.Body!.Headers["Content-Language"]));
        // At the bell she hears of it all the same.
        Assert.Equal(["InvitationAccepted", "InvitationSent"], await server.Kinds(Alice));
    }

    [Fact]
    public async Task Who_switched_a_topic_off_gets_the_others_and_in_the_language_he_chose() // B58
    {
        await using var server = await Start(settings: _mail.Settings);
        (await server.Put(Bob, $"{Notices.Path}/settings", new JsonObject { ["withoutEmail"] = new JsonArray("InvitationSent"), ["language"] = "en" })).Is(200);
        (await server.Put(Alice, $"{Notices.Path}/settings", new JsonObject { ["withoutEmail"] = new JsonArray("InvitationAnswered"), ["language"] = "tr" })).Is(200);
        var (_, other) = await server.Invited(Notices.Member(Alice), Notices.Member(Bob, locale: "tr"));
        (await server.Status(Carol, other.Id, "Active", "Accepted")).Is(200);
        var mails = await _mail.Until(3);
        await server.Queue(q => (int)q["waiting"]! == 0);
        Assert.Equal(3, _mail.Mails.Count);
        Assert.Equal("Fabrikam davet edildi: Warehouse", mails.Single(m => m.To[0] == Alice).Subject);
        Assert.Equal("Fabrikam accepted: Warehouse", mails.Single(m => m.To[0] == Bob).Subject);
    }

    [Fact]
    public async Task Nothing_is_sent_of_an_outbound_deal_that_somebody_makes() // B57
    {
        await using var server = await Start(settings: _mail.Settings);
        await server.Own(change: b => b["team"] = new JsonArray(Bodies.Member(Alice), Bodies.Member(Bob)));
        await server.Own(Bob, b => b["createdVia"] = "D365Connector");
        // What is sent later shows that nothing was sent before.
        await server.Lead();
        Assert.Equal("New marketplace lead: Adventure Works", (await _mail.Until(1))[0].Subject);
        await server.Queue(q => (int)q["waiting"]! == 0);
        Assert.Single(_mail.Mails);
    }

    [Fact]
    public async Task More_than_ten_leads_of_a_day_come_in_one_message_the_day_after() // B55
    {
        await using var server = await Start(At("2026-03-02T08:00:00Z"), settings: _mail.Settings);
        for (var i = 0; i < 14; i++)
        {
            server.Clock.Advance(TimeSpan.FromSeconds(1));
            await server.Lead();
        }

        await _mail.Until(10);
        Assert.Equal(14, (await server.Kinds(Carol)).Count);
        var queue = await server.Queue(q => (int)q["sent"]! == 10);
        Assert.Equal(4, (int)queue["waiting"]!);
        Assert.Equal(10, _mail.Mails.Count);

        server.Clock.Advance(TimeSpan.FromHours(16));
        var digest = (await _mail.Until(11))[^1];
        Assert.Equal("4 more marketplace leads", digest.Subject);
        Assert.Equal(Carol, Assert.Single(digest.To));
        foreach (var notice in (await server.NoticesOf(Carol)).Take(4))
            Assert.Contains($"/referrals/{notice["referralId"]}", digest.Text, StringComparison.Ordinal);
        await server.Queue(q => (int)q["sent"]! == 14);
        // Another day, another ten.
        await server.Lead();
        Assert.Equal("New marketplace lead: Adventure Works", (await _mail.Until(12))[^1].Subject);
    }

    [Fact]
    public async Task A_lead_of_a_business_profile_is_told_to_its_contact_without_what_he_may_not_see() // B56
    {
        await using var server = await Start(settings: _mail.Settings);
        var path = $"/admin/organizations/{Fabrikam}/locations/{FabrikamLocation}";
        (await server.Put(Carol, path, new JsonObject { ["name"] = "Fabrikam", ["contactEmail"] = "no address" })).Is(400);
        var kept = (await server.Put(Carol, path, new JsonObject { ["name"] = "Fabrikam", ["contactEmail"] = "Desk@Fabrikam.example" })).Is(200);
        Assert.Equal("desk@fabrikam.example", (string?)kept.Json["contactEmail"]);
        async Task Lead() => (await server.Post(Sam, Api, Bodies.Minimum(b =>
        {
            b["qualification"] = "Direct";
            b["target"] = new JsonArray(new JsonObject { ["type"] = "BusinessProfileLocation", ["id"] = FabrikamLocation });
        }))).Is(201);

        await Lead();
        var told = (await _mail.Until(1))[0];
        Assert.Equal("desk@fabrikam.example", Assert.Single(told.To));
        Assert.Equal("New lead from your business profile", told.Subject);
        Assert.DoesNotContain("Adventure Works", told.Text + told.Html, StringComparison.Ordinal);
        Assert.Equal(["ProfileLeadReceived"], await server.Kinds(Carol));

        // Who may see the lead is told whose it is.
        (await server.Put(Carol, path, new JsonObject { ["name"] = "Fabrikam", ["contactEmail"] = Carol })).Is(200);
        await Lead();
        told = (await _mail.Until(2))[1];
        Assert.Equal(Carol, Assert.Single(told.To));
        Assert.Contains("Adventure Works", told.Text, StringComparison.Ordinal);

        // Without a contact it is the admins' again; who says nothing of it leaves it.
        Assert.Equal(Carol, (string?)(await server.Put(Carol, path, new JsonObject { ["name"] = "Fabrikam" })).Is(200).Json["contactEmail"]);
        Assert.Null((string?)(await server.Put(Carol, path, new JsonObject { ["name"] = "Fabrikam", ["contactEmail"] = "" })).Is(200).Json["contactEmail"]);
        await Lead();
        Assert.Equal(Carol, Assert.Single((await _mail.Until(3))[2].To));
        await server.Queue(q => (int)q["waiting"]! == 0);
        Assert.Equal(3, _mail.Mails.Count);
    }

    [Theory] // B54
    [InlineData("ActionRequired", "The deal registration needs action: ")]
    [InlineData("Passed", "The deal registration passed: ")]
    [InlineData("Failed", "The deal registration failed: ")]
    public async Task What_a_reviewer_decides_is_told_to_the_team(string decision, string subject)
    {
        await using var server = await Start(At("2024-09-02T08:00:00Z"), settings: _mail.Settings);
        var deal = await Referrals.RegistrationTests.Won(server);
        await server.Patch(Alice, $"{Api}/{deal}", Bodies.Replace(("/favorite", true)));
        (await server.Patch(Alice, $"{Api}/{deal}", Referrals.RegistrationTests.Submission("/solutionDetails/0/pricingModel", "\"PayAsYouGo\""))).Is(204);
        Assert.DoesNotContain(await server.Kinds(Alice), k => k.StartsWith("Registration", StringComparison.Ordinal));
        var before = _mail.Mails.Count;
        server.Clock.Advance(TimeSpan.FromDays(3));
        (await server.Post(Sam, $"/admin/referrals/{deal}/registration-review", new JsonObject { ["status"] = decision, ["statusReason"] = "Look again" })).Is(204);
        Assert.Equal($"Registration{decision}", Assert.Single(await server.Kinds(Alice)));
        var told = (await _mail.Until(before + 1))[^1];
        Assert.StartsWith(subject, told.Subject, StringComparison.Ordinal);
        Assert.Contains("Reason: Look again", told.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hostile_name_adds_no_header_no_recipient_and_no_markup()
    {
        await using var server = await Start(settings: _mail.Settings);
        await server.Invited("Deal\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>\u202egpj.exe <img src=x> & \"co\"");
        var mails = await _mail.Until(3);
        foreach (var mail in mails)
        {
            Assert.Single(mail.To);
            Assert.Empty(mail.Message.Bcc);
            Assert.DoesNotContain('\n', mail.Subject);
            Assert.DoesNotContain('\u202e', mail.Subject);
            Assert.Contains("Deal Bcc: eve@evil.example <script>", mail.Subject, StringComparison.Ordinal);
            Assert.DoesNotContain("<script", mail.Html, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("<img", mail.Html, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("&lt;script&gt;", mail.Html, StringComparison.Ordinal);
            Assert.Contains("<script>alert(1)</script>", mail.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Without_a_mail_server_there_is_the_bell_and_no_queue() // B59
    {
        await using var server = await Start();
        await server.Invited();
        Assert.Equal(["DealReceived"], await server.Kinds(Carol));
        var status = (await server.Get(Sam, "/admin/email")).Is(200).Json;
        Assert.False((bool)status["isConfigured"]!);
        Assert.Equal(0, (int)status["waiting"]!);
        Assert.Equal("emailNotConfigured", (string?)(await server.Post(Sam, "/admin/email/test", null)).Is(409).Json["code"]);
    }

    [Fact]
    public async Task A_test_message_goes_to_who_asks_and_the_password_to_nobody()
    {
        await using var server = await Start(settings: _mail.Settings);
        var tested = (await server.Post(Alice, "/admin/email/test", null)).Is(200);
        Assert.True((bool)tested.Json["isAccepted"]!);
        Assert.Contains("2.0.0 queued", (string)tested.Json["answer"]!, StringComparison.Ordinal);
        Assert.Equal(Alice, Assert.Single((await _mail.Until(1))[0].To));
        var seen = (await server.Get(Sam, "/admin/email")).Is(200);
        Assert.Equal(("127.0.0.1", _mail.Port, "None"), ((string)seen.Json["host"]!, (int)seen.Json["port"]!, (string)seen.Json["security"]!));
        Assert.Null((string?)(await server.Get(Alice, "/admin/email")).Is(200).Json["host"]);
        foreach (var nobody in new[] { Bob, Eve, Dan })
            (await server.Get(nobody, "/admin/email")).Is(403);
    }

    [Theory]
    [InlineData("Tandem:Email:From", "", "From")]
    [InlineData("Tandem:Email:From", "no address", "From")]
    [InlineData("Tandem:Email:Port", "70000", "Port")]
    [InlineData("Tandem:Email:User", "tandem", "Password")]
    public async Task Wrong_settings_stop_the_start_with_a_message_that_names_them(string name, string value, string named)
    {
        var wrong = await Assert.ThrowsAnyAsync<Exception>(() => Start(settings: [.. _mail.Settings, (name, value)]));
        Assert.Contains(named, wrong.Message, StringComparison.Ordinal);
    }
}

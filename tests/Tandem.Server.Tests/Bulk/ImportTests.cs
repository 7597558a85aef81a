using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Tandem.Client;
using Tandem.Contracts.Bulk;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Bulk;

public sealed class ImportTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Header = "Deal Name*,Customer Name*,Country*,Estimated Deal Value*,Currency*,Estimated Close Date*,CRM ID";
    private readonly TandemServer _server = fixture.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_row_becomes_the_deal_that_the_API_would_create() // B63
    {
        var alice = _server.Bulk(Alice);
        var import = await alice.Send(
            "Referral ID,Deal Name*,Customer Name*,Address Line 1*,City*,Country*,D-U-N-S ID,Customer Contact First Name,Customer Contact Last Name,"
            + "Customer Contact Phone,Customer Contact Email,Partner Referral Status*,Partner Referral Substatus*,Sales Stage,Estimated Deal Value*,"
            + "Currency*,Estimated Close Date*,Microsoft help required?*,What specific help,Share with Microsoft sales team*,Notes to Microsoft,"
            + "Consent to share*,Marketplace Purchase Intent*,Azure Certified Device,Solution 1,Solution 2,Team member 1",
            ",Rollout,Adatum,Main 1,Bonn,DEU,012345678,Sue,Bee,1,sue@adatum.example,New,Accepted,40,\"1,250.50\",eur,03/24/2027,Yes,3,No,Hello,"
            + "Yes,Have not decided,Yes,\"SOL-1234-PQRS, USD, 10, 100\",SOL-ABC-DEF,\"Ann, Lee, 555, ann@contoso.example\"");
        var row = await alice.Row(import);
        Assert.Equal((ImportRowState.Ready, ImportAction.Create, "Rollout", 2), (row.State, row.Action, row.Label, row.Number));
        Assert.Empty(row.Faults);
        Assert.Contains(row.Changes, c => c is { Column: "Estimated Deal Value", Before: null, After: "1,250.50" });
        Assert.Equal(1, import.Counts.ToCreate);

        var done = await alice.Run(import);

        Assert.Equal((1, 0), (done.Counts.Created, done.Counts.Refused));
        var id = (await alice.Row(done)).ReferralId;
        var deal = (await _server.Get(Alice, $"{Api}/{id}")).Is(200);
        Assert.Equal("Active/Accepted", deal.Pair);
        Assert.Equal("Shared SalesQualified 40 Bulk import", $"{deal.Json["type"]} {deal.Json["qualification"]} {deal.Json["salesStage"]} {deal.Json["createdVia"]}");
        Assert.Equal("DE Bonn", $"{deal.Json["customerProfile"]!["address"]!["country"]} {deal.Json["customerProfile"]!["address"]!["city"]}");
        Assert.Equal("1250.50 EUR 2027-03-24T00:00:00Z", $"{deal.Json["details"]!["dealValue"]} {deal.Json["details"]!["currency"]} {deal.Json["details"]!["closingDateTime"]}");
        Assert.Equal("ProofOfConceptOrDemo Hello", $"{deal.Json["inviteContext"]!["assistanceRequestCode"]} {deal.Json["inviteContext"]!["notes"]}");
        Assert.Equal("012345678", (string?)deal.Json["customerProfile"]!["ids"]![0]!["id"]);
        Assert.Equal("Sue Bee 1 sue@adatum.example", Person(deal.Json["customerProfile"]!["team"]![0]!));
        Assert.Equal("Ann Lee 555 ann@contoso.example", Person(deal.Json["team"]![0]!));
        var requirements = deal.Json["details"]!["requirements"]!;
        Assert.Equal("SOL-1234-PQRS USD 10 100 SOL-ABC-DEF", string.Join(' ', requirements["solutions"]!.AsArray().Select(s => $"{s!["id"]} {s["currency"]} {s["price"]} {s["quantity"]}")).Trim());
        Assert.Equal("HaveNotDecided", (string?)requirements["additionalRequirements"]!["attributes"]![0]!["id"]);
        Assert.True((bool)requirements["additionalRequirements"]!["iot"]!["azureCertifiedDevice"]!);
    }

    [Fact]
    public async Task A_row_with_an_id_changes_what_its_cells_say_and_nothing_else()
    {
        var alice = _server.Bulk(Alice);
        var deal = await _server.Own(change: b =>
        {
            b["details"]!["notes"] = "Kept";
            b["details"]!["dealValue"] = 100;
            b["team"] = new JsonArray(Bodies.Member("ann@contoso.example", "Ann"), Bodies.Member("joe@contoso.example", "Joe"));
        });
        var import = await alice.Send(
            "Referral ID,Estimated Deal Value,Sales Stage,Team member 2,CRM ID", $"{deal.Id},250,60,\"Joan, Doe, 1, joan@contoso.example\",");
        var row = await alice.Row(import);
        // Called by the deal's own name, since the file gives none.
        Assert.Equal((ImportRowState.Ready, ImportAction.Update, "Adventure Works"), (row.State, row.Action, row.Label));
        Assert.Equal(
            "Sales Stage:10>60 Estimated Deal Value:100>250 Team member 2:Joe, Doe, 1, joe@contoso.example>Joan, Doe, 1, joan@contoso.example",
            string.Join(' ', row.Changes.Select(c => $"{c.Column}:{c.Before}>{c.After}")));

        await alice.Run(import);

        var changed = await _server.Get(Alice, $"{Api}/{deal.Id}");
        Assert.Equal("250 Kept 60", $"{changed.Json["details"]!["dealValue"]} {changed.Json["details"]!["notes"]} {changed.Json["salesStage"]}");
        Assert.Equal(["ann@contoso.example", "joan@contoso.example"], changed.Json["team"]!.AsArray().Select(m => (string)m!["email"]!));
        var history = (await _server.Get(Alice, $"{Api}/{deal.Id}/history")).Value;
        Assert.Equal("Bulk import", (string?)history[0]["via"]);
    }

    [Fact]
    public async Task An_empty_cell_clears_and_a_row_that_says_what_is_there_does_nothing()
    {
        var alice = _server.Bulk(Alice);
        var deal = await _server.Own(change: b => { b["name"] = "Same"; b["externalReferenceId"] = "CRM-1"; });
        var import = await alice.Send("Referral ID,Deal Name,CRM ID,Customer Name", $"{deal.Id},Same,CRM-1,Adventure Works");
        Assert.Equal(ImportRowState.Unchanged, (await alice.Row(import)).State);

        import = await alice.Send("Referral ID,Deal Name,CRM ID", $"{deal.Id},Same,");
        Assert.Equal("CRM ID CRM-1 ", string.Join(' ', (await alice.Row(import)).Changes.Select(c => $"{c.Column} {c.Before} {c.After}")));
        await alice.Run(import);
        Assert.Null((string?)(await _server.Get(Alice, $"{Api}/{deal.Id}")).Json["externalReferenceId"]);
    }

    [Fact]
    public async Task Nothing_is_stored_before_the_start_and_faulty_rows_are_left_out()
    {
        var alice = _server.Bulk(Alice);
        var import = await alice.Send(Header,
            "Good row,Lucerne,US,1000,USD,01/31/2027,bulk-left-out", "Bad row,Lucerne,US,many,USD,01/31/2027,bulk-left-out", ",,,,,,", "Third,,XX,1,QQQ,31.12.2026,");
        Assert.Equal((3, 1, 2), (import.Counts.Rows, import.Counts.ToCreate, import.Counts.Faulty));
        Assert.Empty((await _server.Get(Alice, $"{Api}?$filter=externalReferenceId eq 'bulk-left-out'")).Value);

        var rows = await alice.Rows(import, ImportRowState.Faulty);
        Assert.Equal([3, 5], rows.Select(r => r.Number));
        Assert.Equal(["Country", "Currency", "Customer Name", "Estimated Close Date"], rows[1].Faults.Select(f => f.Column).Order());
        var done = await alice.Run(import);
        Assert.Equal((1, 2), (done.Counts.Created, done.Counts.Faulty));
        Assert.Single((await _server.Get(Alice, $"{Api}?$filter=externalReferenceId eq 'bulk-left-out'")).Value);

        var file = await (await alice.FaultyRowsAsync(import.Id, Cancellation)).Text();
        var lines = file.Trim().Split("\r\n");
        Assert.Equal($"Errors,{Header}", lines[0]);
        Assert.Equal(3, lines.Length);
        Assert.Contains("Estimated Deal Value: 'many' is no number", lines[1], StringComparison.Ordinal);
        // The file can be mended and sent again: its first column is known for what it is.
        var again = await alice.Send(Encoding.UTF8.GetBytes(file.Replace("many", "2000", StringComparison.Ordinal)));
        Assert.Equal((1, 1), (again.Counts.ToCreate, again.Counts.Faulty));
    }

    [Fact]
    public async Task Columns_of_any_file_are_guessed_mapped_and_remembered()
    {
        var alice = _server.Bulk(Alice);
        string[] lines = ["Firma;Tutar;Para Birimi;Kapanış Tarihi;Sorumlu", "Proseware;1500;TRY;2027-02-01;Ayşe", "Proseware 2;2500;TRY;2027-02-01;Ali"];
        var import = await alice.Send(lines);
        Assert.Equal(["Customer Name", "Estimated Deal Value", "Currency", "Estimated Close Date", null], import.Columns.Select(c => c.Column));
        Assert.Equal(2, import.Counts.ToCreate);

        await alice.MapAsync(import.Id, ["Customer Name", "Estimated Deal Value", "Currency", "Estimated Close Date", "Notes"], Cancellation);
        import = await alice.Reach(import.Id, ImportState.Ready);
        Assert.Contains((await alice.Rows(import))[0].Changes, c => c is { Column: "Notes", After: "Ayşe" });
        var second = await alice.Send(lines);
        Assert.Equal("Notes", second.Columns[4].Column);
        // Somebody else begins anew.
        Assert.Null((await _server.Bulk(Carol).Send(lines)).Columns[4].Column);

        await Refused(() => alice.MapAsync(import.Id, ["Notes"], Cancellation), HttpStatusCode.BadRequest, "columns");
        await Refused(() => alice.MapAsync(import.Id, ["Notes", "Notes", null, null, null], Cancellation), HttpStatusCode.BadRequest, "columns[1]");
        await Refused(() => alice.MapAsync(import.Id, ["Colour", null, null, null, null], Cancellation), HttpStatusCode.BadRequest, "columns[0]");
        await alice.Run(import);
        await Refused(() => alice.MapAsync(import.Id, [null, null, null, null, null], Cancellation), HttpStatusCode.Conflict, "import");
    }

    [Fact]
    public async Task An_undo_takes_back_what_nobody_has_touched_and_leaves_the_rest() // B27, B32
    {
        var alice = _server.Bulk(Alice);
        var (mine, touched) = (await _server.Own(change: b => b["name"] = "Before"), await _server.Own(change: b => b["name"] = "Before"));
        var won = await _server.Own(change: b => b["name"] = "Before");
        var import = await alice.Send("Referral ID,Deal Name,Customer Name,Notes,Partner Referral Status,Partner Referral Substatus",
            $"{mine.Id},After,Adventure Works,New notes,Active,Accepted", $"{touched.Id},After,Adventure Works,,Active,Accepted", $"{won.Id},Before,Adventure Works,,Closed,Won",
            ",Created,Woodgrove,,New,Accepted", ",Created and touched,Woodgrove,,New,Accepted", ",Created and joined,Woodgrove,,New,Accepted");
        var done = await alice.Run(import);
        Assert.Equal((3, 3), (done.Counts.Created, done.Counts.Updated));
        var rows = await alice.Rows(done);
        (await _server.Patch(Alice, $"{Api}/{touched.Id}", Bodies.Replace(("/details/notes", "Mine")))).Is(204);
        (await _server.Patch(Alice, $"{Api}/{rows[4].ReferralId}", Bodies.Replace(("/favorite", true)))).Is(204);
        var joined = await _server.Get(Alice, $"{Api}/{rows[5].ReferralId}");
        (await _server.Post(Alice, Api, Bodies.Connected(joined.EngagementId, FabrikamLocation))).Is(201);

        var undone = await alice.TakeBack(done);

        Assert.Equal((2, 4), (undone.Counts.Undone, undone.Counts.Left));
        var restored = await _server.Get(Alice, $"{Api}/{mine.Id}");
        Assert.Equal("Before", (string?)restored.Json["name"]);
        Assert.Null((string?)restored.Json["details"]!["notes"]);
        Assert.Equal("After Mine", (await _server.Get(Alice, $"{Api}/{touched.Id}")).Json is var kept ? $"{kept["name"]} {kept["details"]!["notes"]}" : "");
        var closed = await _server.Get(Alice, $"{Api}/{rows[3].ReferralId}");
        Assert.Equal("Closed/Error Data error", $"{closed.Pair} {closed.Json["statusReason"]}");
        Assert.Equal("Active/Accepted", (await _server.Get(Alice, $"{Api}/{rows[4].ReferralId}")).Pair);
        var left = await alice.Rows(undone, ImportRowState.Left);
        Assert.Contains("Somebody has changed the deal", left[0].Faults[0].Message, StringComparison.Ordinal);
        Assert.Contains("never reopened", left[1].Faults[0].Message, StringComparison.Ordinal); // a won deal stays won
        Assert.Contains("Another organization", left[3].Faults[0].Message, StringComparison.Ordinal);
        // Sent again, both are the same wish.
        Assert.Equal(ImportState.Undone, (await alice.UndoAsync(import.Id, Cancellation)).State);
    }

    [Fact]
    public async Task A_deal_that_changes_between_check_and_start_is_not_overwritten() // R86
    {
        var alice = _server.Bulk(Alice);
        var deal = await _server.Own(change: b => b["name"] = "Before");
        var import = await alice.Send("Referral ID,Deal Name", $"{deal.Id},After");
        (await _server.Patch(Alice, $"{Api}/{deal.Id}", Bodies.Replace(("/name", "Meanwhile")))).Is(204);

        var done = await alice.Run(import);

        Assert.Equal(1, done.Counts.Refused);
        Assert.Contains("was changed since the file was checked", (await alice.Row(done)).Faults[0].Message, StringComparison.Ordinal);
        Assert.Equal("Meanwhile", (string?)(await _server.Get(Alice, $"{Api}/{deal.Id}")).Json["name"]);
    }

    [Fact]
    public async Task A_row_may_do_what_its_sender_may() // B3, B12, B18
    {
        var bob = _server.Bulk(Bob);
        var (alices, others) = (await _server.Own(), await _server.Own(Carol));
        var import = await bob.Send("Referral ID,Deal Name,Customer Name", $"{alices.Id},Mine,", $"{others.Id},Mine,", ",Bob's,Tailspin");
        var rows = await bob.Rows(import);
        Assert.Equal([("Referral ID", "notTeamMember"), ("Referral ID", null)], rows.Take(2).Select(r => (r.Faults[0].Column!, r.Faults[0].Code)));
        Assert.Equal(ImportRowState.Ready, rows[2].State);
        var done = await bob.Run(import);
        (await _server.Get(Bob, $"{Api}/{(await bob.Rows(done))[2].ReferralId}")).Is(200);
        // An import is its sender's own.
        foreach (var other in new[] { Alice, Carol })
            await Refused(() => _server.Bulk(other).GetAsync(import.Id, Cancellation), HttpStatusCode.NotFound, "import");
        Assert.DoesNotContain(await _server.Bulk(Alice).ListAsync(Cancellation), i => i.Id == import.Id);
        Assert.Contains(await bob.ListAsync(Cancellation), i => i.Id == import.Id);
    }

    [Fact]
    public async Task The_same_request_is_the_same_import() // R13
    {
        var alice = _server.Bulk(Alice);
        var (file, key) = (Encoding.UTF8.GetBytes("Deal Name,Customer Name\nOnce,Fourth Coffee"), Guid.NewGuid().ToString());
        var first = await alice.SendAsync(file, "a.csv", key, Cancellation);
        Assert.Equal(first.Id, (await alice.SendAsync(file, "a.csv", key, Cancellation)).Id);
        await Refused(() => alice.SendAsync([.. file, (byte)'x'], "a.csv", key, Cancellation), HttpStatusCode.Conflict, "Idempotency-Key");

        var import = await alice.Reach(first.Id, ImportState.Ready);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => alice.StartAsync(import.Id, Cancellation)));
        Assert.Equal(1, (await alice.Reach(import.Id, ImportState.Done)).Counts.Created);
        await alice.DeleteAsync(import.Id, Cancellation);
        await Refused(() => alice.GetAsync(import.Id, Cancellation), HttpStatusCode.NotFound, "import");
    }

    [Fact]
    public async Task What_an_import_is_not_ready_for_is_refused()
    {
        var alice = _server.Bulk(Alice);
        var import = await alice.Send("Deal Name,Customer Name", "One,Fourth Coffee");
        await Refused(() => alice.UndoAsync(import.Id, Cancellation), HttpStatusCode.Conflict, "import");
        (await _server.Get(Alice, $"/v1.0/engagements/imports/{import.Id}/rows?state=Wrong")).Refuses(400, "invalidValue", "state");
        (await _server.Get(Alice, $"/v1.0/engagements/imports/{import.Id}/rows?top=501")).Refuses(400, "invalidValue", "top");
        (await _server.Get(Alice, $"/v1.0/engagements/imports/{import.Id}/rows?skip=-1")).Refuses(400, "invalidValue", "skip");
        (await _server.Send(Alice, HttpMethod.Post, "/v1.0/engagements/imports", "x", ("Content-Type", "multipart/form-data; boundary=x"))).Refuses(415);
        // As curl --data-binary sends it.
        (await _server.Send(Alice, HttpMethod.Post, "/v1.0/engagements/imports?fileName=a.csv", "Deal Name\nOne", ("Content-Type", "application/x-www-form-urlencoded"))).Is(201);
        (await _server.Send(Alice, HttpMethod.Put, $"/v1.0/engagements/imports/{import.Id}/mapping", "{}")).Refuses(400);
    }

    private static string Person(JsonNode member) => $"{member["firstName"]} {member["lastName"]} {member["phoneNumber"]} {member["email"]}";

    private static async Task Refused<T>(Func<Task<T>> call, HttpStatusCode status, string target)
    {
        var refused = await Assert.ThrowsAsync<TandemException>(call);
        Assert.Equal((status, target), (refused.Status, refused.Target));
    }
}

using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Contracts.Bulk;
using Tandem.Server.Bulk;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Bulk;

/// <summary>Imports that are long, interrupted, or shared among nodes.</summary>
public sealed class ImportWorkTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thousands_of_rows_are_stored_once_each_across_a_stop_in_the_middle()
    {
        const int Rows = 1000;
        var folder = Directory.CreateTempSubdirectory("tandem-").FullName;
        Guid id;
        await using (var first = await Start(data: folder))
        {
            var alice = first.Bulk(Alice);
            var import = await alice.Send(File(Rows));
            Assert.Equal(Rows, import.Counts.ToCreate);
            id = import.Id;
            await alice.StartAsync(id, Cancellation);
            while ((await alice.GetAsync(id, Cancellation)).Counts.Created < Rows / 10)
                await Task.Delay(5, Cancellation);
        }

        Assert.InRange((long)(await TestDatabase.Ask(folder, "SELECT COUNT(*) FROM import_rows WHERE state = 'Ready'"))!, 1, Rows - 1);
        await using (var second = await Start(data: folder))
        {
            var done = await second.Bulk(Alice).Reach(id, ImportState.Done);
            Assert.Equal((Rows, Rows), (done.Counts.Rows, done.Counts.Created));
            Assert.Equal((long)Rows, await TestDatabase.Ask(folder, "SELECT COUNT(*) FROM referrals"));
            Assert.Equal((long)Rows, await TestDatabase.Ask(folder, "SELECT COUNT(DISTINCT name) FROM referrals"));
            var undone = await second.Bulk(Alice).TakeBack(done);
            Assert.Equal(Rows, undone.Counts.Undone);
            Assert.Equal((long)Rows, await TestDatabase.Ask(folder, "SELECT COUNT(*) FROM referrals WHERE substatus = 'Error'"));
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_import_that_a_crashed_server_left_goes_on()
    {
        const int Rows = 500;
        var folder = Directory.CreateTempSubdirectory("tandem-").FullName;
        Guid id;
        using (var process = await ServerProcess.Start(folder))
        {
            using var http = new HttpClient { BaseAddress = new Uri(process.Address) };
            var alice = new Tandem.Client.TandemClient(http, Alice).Bulk;
            var import = await alice.Send(File(Rows));
            id = import.Id;
            await alice.StartAsync(id, Cancellation);
            while ((await alice.GetAsync(id, Cancellation)).Counts.Created < 20)
                await Task.Delay(5, Cancellation);
            process.Kill();
        }

        await using (var next = await Start(data: folder))
        {
            Assert.Equal(Rows, (await next.Bulk(Alice).Reach(id, ImportState.Done)).Counts.Created);
            Assert.Equal((long)Rows, await TestDatabase.Ask(folder, "SELECT COUNT(*) FROM referrals"));
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Taking_back_an_import_that_runs_stops_it()
    {
        await using var server = await Start();
        var alice = server.Bulk(Alice);
        var import = await alice.Send(File(500));
        await alice.StartAsync(import.Id, Cancellation);
        while ((await alice.GetAsync(import.Id, Cancellation)).Counts.Created < 10)
            await Task.Delay(5, Cancellation);

        var undone = await alice.TakeBack(import);

        Assert.InRange(undone.Counts.Undone, 10, 500);
        Assert.Equal(500, undone.Counts.Undone + undone.Counts.ToCreate);
        Assert.Equal((long)undone.Counts.Undone, await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM referrals WHERE substatus = 'Error'"));
        Assert.Equal(0L, await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM referrals WHERE status = 'Active'"));
    }

    [Fact]
    public async Task Two_nodes_store_each_row_once_and_one_takes_over_from_the_other()
    {
        const int Rows = 600;
        var folder = Directory.CreateTempSubdirectory("tandem-").FullName;
        await using (var second = await Start(data: folder))
        {
            Guid id;
            await using (var first = await Start(data: folder))
            {
                var import = await first.Bulk(Alice).Send(File(Rows));
                id = import.Id;
                await second.Bulk(Alice).StartAsync(id, Cancellation);
                while ((await second.Bulk(Alice).GetAsync(id, Cancellation)).Counts.Created < 50)
                    await Task.Delay(5, Cancellation);
            }

            Assert.Equal(Rows, (await second.Bulk(Alice).Reach(id, ImportState.Done)).Counts.Created);
            Assert.Equal((long)Rows, await TestDatabase.Ask(folder, "SELECT COUNT(*) FROM referrals"));
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_person_who_loses_access_stores_no_more() // B2
    {
        await using var server = await Start();
        var bob = server.Bulk(Bob);
        var import = await bob.Send("Deal Name,Customer Name", "One,Fourth Coffee");
        var users = (await server.Get(Alice, $"/admin/organizations/{Contoso}/users")).Value;
        var id = (string)users.Single(u => (string)u["email"]! == Bob)["id"]!;
        // The wish is kept, the right is not: between the two lies the disabling.
        var kept = ImportCaller.Keep(await Sender(server, import.Id), server.Services.GetRequiredService<Tandem.Server.Organizations.OrganizationDirectory>().Current);
        Assert.Empty(kept.Roles);
        (await server.Patch(Alice, $"/admin/organizations/{Contoso}/users/{id}", new System.Text.Json.Nodes.JsonObject { ["isEnabled"] = false })).Is(200);

        var store = server.Services.GetRequiredService<ImportStore>();
        Assert.True(await store.MoveTo((await store.Find(import.Id, Cancellation))!, ImportState.Running, null, kept, Cancellation));
        server.Services.GetRequiredService<ImportWorker>().Wake();

        while (await store.Find(import.Id, Cancellation) is { State: ImportState.Running })
            await Task.Delay(5, Cancellation);
        Assert.Contains("no access", (await store.Find(import.Id, Cancellation))!.Problem, StringComparison.Ordinal);
        Assert.Equal(0L, await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM referrals"));
    }

    [Fact]
    public async Task Imports_are_forgotten_after_30_days()
    {
        await using var server = await Start(At("2026-03-01T00:00:00Z"));
        var alice = server.Bulk(Alice);
        await alice.Send("Deal Name,Customer Name", "One,Fourth Coffee");
        var store = server.Services.GetRequiredService<ImportStore>();
        await store.Prune(server.Clock.GetUtcNow().AddDays(29), Cancellation);
        Assert.Single(await alice.ListAsync(Cancellation));
        await store.Prune(server.Clock.GetUtcNow().AddDays(31), Cancellation);
        Assert.Empty(await alice.ListAsync(Cancellation));
        Assert.Equal(0L, await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM import_rows"));
    }

    [Fact]
    public async Task Other_columns_let_all_rows_be_checked_anew_without_touching_them()
    {
        const int Rows = 400;
        await using var server = await Start();
        var alice = server.Bulk(Alice);
        var (mine, name) = (await server.Own(change: b => b["name"] = "Before"), "x,Fourth Coffee,");
        var import = await alice.Send(["Deal Name,Customer Name,Referral ID", $"After,\"{mine.Json["customerProfile"]!["name"]}\",{mine.Id}", .. Enumerable.Range(0, Rows - 1).Select(i => $"{i}{name}")]);
        Assert.Equal((Rows - 1, 1), (import.Counts.ToCreate, import.Counts.ToUpdate));
        var store = server.Services.GetRequiredService<ImportStore>();
        var known = (await store.Find(import.Id, Cancellation))!;

        // The moment behind the change, whatever the worker has done since: nothing of the old check is seen.
        Assert.True(await store.Map(known, [.. import.Columns.Select((c, i) => i == 1 ? c with { Column = null } : c)], Cancellation));
        var now = known with { State = ImportState.Checking, Revision = known.Revision + 1, CheckedTo = 0 };
        Assert.Equal((Rows, Rows, 0), await Counted(now));
        Assert.Equal(Rows, (await store.Rows(now, [ImportRowState.Waiting], 0, 1, Cancellation)).Count);
        Assert.Equal(0, (await store.Rows(now, [ImportRowState.Ready], 0, 1, Cancellation)).Count);
        var row = (await store.Rows(now, [], 0, 1, Cancellation)).Rows.Single();
        Assert.Equal((ImportRowState.Waiting, ImportAction.None, (Guid?)null), (row.State, row.Action, row.ReferralId));
        Assert.Empty(row.Changes);
        Assert.Empty(await store.Named(now, Cancellation));
        // What was found with the old columns is not stored any more.
        Assert.False(await store.Checked(known, [row with { State = ImportRowState.Ready, Action = ImportAction.Create }], Cancellation));

        server.Services.GetRequiredService<ImportWorker>().Wake();
        import = await alice.Reach(import.Id, ImportState.Ready);
        Assert.Equal((Rows - 1, 1, 0), (import.Counts.Faulty, import.Counts.ToUpdate, import.Counts.Waiting));

        async Task<(int, int, int)> Counted(StoredImport of)
        {
            var counts = await store.Count(of, Cancellation);
            return (counts.Rows, counts.Waiting, counts.ToCreate + counts.ToUpdate + counts.Faulty);
        }
    }

    [Fact]
    public async Task An_import_that_is_deleted_is_gone_at_once_and_what_a_crash_leaves_of_it_later()
    {
        await using var server = await Start();
        var alice = server.Bulk(Alice);
        var (first, second) = (await alice.Send(File(450)), await alice.Send(File(450)));
        await alice.DeleteAsync(first.Id, Cancellation);
        Assert.Equal(second.Id, Assert.Single(await alice.ListAsync(Cancellation)).Id);
        Assert.Equal(450L, await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM import_rows"));

        // As a server leaves it that dies with half of the rows removed.
        await TestDatabase.Ask(server.Data, "UPDATE imports SET revision = -2");
        await TestDatabase.Ask(server.Data, "DELETE FROM import_rows WHERE number < 200");
        Assert.Empty(await alice.ListAsync(Cancellation));
        await server.Services.GetRequiredService<ImportStore>().Prune(TimeProvider.System.GetUtcNow(), Cancellation);
        Assert.Equal(0L, await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM import_rows"));
        Assert.Equal(0L, await TestDatabase.Ask(server.Data, "SELECT COUNT(*) FROM imports"));
    }

    private static async Task<Tandem.Server.Identity.Caller> Sender(TandemServer server, Guid import) =>
        (await server.Services.GetRequiredService<ImportStore>().Find(import, Cancellation))!.Caller;

    private static byte[] File(int rows)
    {
        var text = new StringBuilder("Deal Name,Customer Name,Country,Estimated Deal Value,Currency,Estimated Close Date,Solution 1,Team member 1\n");
        for (var i = 0; i < rows; i++)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"Deal {i},Customer {i % 50},US,{1000 + i},USD,03/24/2027,\"SOL-34104-EBB, USD, 10, 1\",\"Ann, Lee, 1, ann@contoso.example\"\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}

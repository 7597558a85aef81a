using System.Net;
using System.Text.Json.Nodes;
using Tandem.Client;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Bulk;

public sealed class ExportTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TandemServer _server = fixture.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_was_exported_changes_nothing_when_it_is_imported(bool asWorkbook) // B63, B64
    {
        await using var server = await Start();
        var alice = server.Bulk(Alice);
        await server.Own(change: b => Fill(b, Imports.FullDeal()));
        await server.Own(change: b => { b["name"] = "Bare"; b["details"]!["dealValue"] = 0.3m; });
        await server.Own(change: b =>
        {
            Fill(b, Imports.FullDeal());
            b["team"] = new JsonArray([.. Enumerable.Range(1, 50).Select(i => Bodies.Member($"p{i}@contoso.example", $"P, {i}"))]);
        });
        var lost = await server.Own();
        (await server.Patch(Alice, $"{Api}/{lost.Id}", Bodies.Replace(("/status", "Closed"), ("/substatus", "Lost"), ("/statusReason", "Customer did not respond")))).Is(204);
        var (shared, _) = await server.Shared();
        var before = (await server.Get(Alice, Api)).Value.Select(v => v.ToJsonString()).ToList();

        var file = await (await alice.ExportAsync(asWorkbook: asWorkbook, cancellation: Cancellation)).Bytes();
        var import = await alice.Send(file);

        Assert.Equal((before.Count, before.Count), (import.Counts.Rows, import.Counts.Unchanged));
        await alice.Run(import);
        Assert.Equal(before, (await server.Get(Alice, Api)).Value.Select(v => v.ToJsonString()));
        Assert.NotNull(shared);
    }

    [Fact]
    public async Task An_export_is_what_the_list_shows_in_its_order()
    {
        var alice = _server.Bulk(Alice);
        foreach (var i in Enumerable.Range(0, 120))
            await _server.Own(change: b => { b["name"] = $"Many {i:000}"; b["campaignId"] = "many"; });
        await _server.Own(Carol, b => b["campaignId"] = "many");
        var query = new ReferralQuery { Filter = "campaignId eq 'many'", OrderBy = "name desc" };
        using var file = await alice.ExportAsync(query, cancellation: Cancellation);
        Assert.Equal(("text/csv; charset=utf-8", ".csv"), (file.MediaType, Path.GetExtension(file.Name)));
        var lines = (await file.Text()).Trim().Split("\r\n");
        Assert.Equal(121, lines.Length);
        Assert.StartsWith("Errors,Engagement ID,Referral ID,Deal Name*,Customer Name*", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("Solution 1,Team member 1,Microsoft team member 1", lines[0], StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(0, 120).Reverse().Select(i => $"Many {i:000}"), lines.Skip(1).Select(l => l.Split(',')[3]));
        // A Referrals user gets what the list gives him (B3).
        Assert.Single((await (await _server.Bulk(Bob).ExportAsync(query, cancellation: Cancellation)).Text()).Trim().Split("\r\n"));

        var refused = await Assert.ThrowsAsync<TandemException>(() => alice.ExportAsync(new ReferralQuery { Filter = "nothing" }, cancellation: Cancellation));
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        (await _server.Get(Alice, "/v1.0/engagements/export?format=pdf")).Refuses(400, "invalidValue", "format");
    }

    [Fact]
    public async Task Formulas_leave_as_texts_and_Microsofts_side_is_shown() // B14, B16
    {
        var alice = _server.Bulk(Alice);
        var (own, other) = await _server.Shared();
        (await _server.Patch(Alice, $"{Api}/{own.Id}", Bodies.Replace(("/externalReferenceId", "=cmd|' /C calc'!A0")))).Is(204);
        (await _server.Patch(Sam, $"{Api}/{other.Id}", Bodies.Replace(("/status", "Active"), ("/team", new JsonArray(Bodies.Member("seller@microsoft.example", "Sel")))))).Is(204);
        var text = await (await alice.ExportAsync(new ReferralQuery { Filter = $"id eq {own.Id}" }, cancellation: Cancellation)).Text();
        Assert.Contains(",'=cmd", text, StringComparison.Ordinal);
        Assert.DoesNotContain(",=cmd", text, StringComparison.Ordinal);
        Assert.Contains("Active/Accepted", text, StringComparison.Ordinal);
        Assert.Contains("Sel, Doe, 1, seller@microsoft.example", text, StringComparison.Ordinal);
    }

    private static void Fill(JsonObject body, JsonObject from)
    {
        foreach (var (name, value) in from)
            body[name] = value?.DeepClone();
    }
}

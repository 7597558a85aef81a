using Tandem.Contracts.Bulk;
using Tandem.Server.Bulk;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Bulk;

/// <summary>What each cell may say, and what is said against it.</summary>
public sealed class CellTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    // A new deal with a customer, and one cell more: its column, what stands there, and a part of what is said against it.
    public static TheoryData<string, string, string> FaultsOfNewDeals => new()
    {
        { "Engagement ID", Guid.Empty.ToString(), "no engagement yet" },
        { "Referral ID", "12", "no referral's id" },
        { "Referral ID", Guid.NewGuid().ToString(), "There is no such referral" },
        { "Deal Name*", "", "Deal Name must be filled in" },
        { "Deal Name*", new string('x', 257), "at most 256 characters" },
        { "Address Line 1*", "", "must be filled in" },
        { "City*", "", "must be filled in" },
        { "Country*", "", "must be filled in" },
        { "Country*", "Germany", "ISO 3166-1" },
        { "Partner Referral Status*", "Open", "New, Active or Closed" },
        { "Partner Referral Status*", "Closed", "cannot be created as Closed" },
        { "Partner Referral Substatus*", "Fine", "is no substatus" },
        { "Declined/Lost/Error reason", "3", "goes with the substatus" },
        { "Sales Stage", "45", "must be null or one of" },
        { "Estimated Deal Value*", "1.234,50", "is no number" },
        { "Estimated Deal Value*", "12,5", "is no number" },
        { "Estimated Deal Value*", "-5", "is no number" },
        { "Estimated Deal Value*", "USD 5", "is no number" },
        { "Estimated Deal Value*", "999999999999999999999", "is no number" },
        { "Currency*", "Dollar", "ISO 4217" },
        { "Estimated Close Date*", "24/03/2027", "is no date" },
        { "Estimated Close Date*", "tomorrow", "is no date" },
        { "Microsoft help required?*", "maybe", "Yes or No" },
        { "What specific help", "7", "is no kind of help" },
        { "What specific help", "1", "needs at least one entry" },
        { "Share with Microsoft sales team*", "perhaps", "Yes or No" },
        { "Consent to share*", "perhaps", "Yes or No" },
        { "Marketplace Purchase Intent*", "Someday", "must be one of Yes, No, HaveNotDecided" },
        { "Azure Certified Device", "perhaps", "Yes or No" },
        { "Attach Services", "perhaps", "Yes or No" },
        { "Customer Contact Email", "nobody", "with one @" },
        { "CRM ID", new string('x', 257), "at most 256 characters" },
        { "Marketing Campaign ID", new string('x', 257), "at most 256 characters" },
        { "Notes", new string('x', 10_001), "at most 10000 characters" },
        { "Solution 1", "SOL-1, USD, ten", "is no solution" },
        { "Solution 1", "SOL-1, USD, 1, 1, 1", "is no solution" },
        { "Solution 1", "SOL-1, XXXX", "ISO 4217" },
        { "Solution 3", "SOL-1, XXXX", "ISO 4217" },
        { "Solution 1", ", USD", "needs an id" },
        { "Team member 1", "Ann Lee", "is no person" },
        { "Team member 7", "Ann, Lee, 1, ann", "with one @" },
    };

    [Theory, MemberData(nameof(FaultsOfNewDeals))]
    public async Task A_faulty_cell_of_a_new_deal_is_named_with_its_fix(string column, string cell, string message)
    {
        var alice = fixture.Server.Bulk(Alice);
        var row = await alice.Row(await alice.Send($"Customer Name,{column}", $"Wingtip,\"{cell}\""));
        Assert.Equal(ImportRowState.Faulty, row.State);
        var fault = row.Faults[0];
        // A co-sell needs more than the cell that asks for it.
        Assert.Equal(column == "What specific help" && cell == "1" ? null : column.TrimEnd('*'), fault.Column);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> FaultsOfChanges => new()
    {
        { "Engagement ID", Guid.Empty.ToString(), "belongs to the engagement" },
        { "Customer Name", "Other", "cannot be changed any more; put back what was there: Adventure Works" },
        { "City", "Other", "cannot be changed any more" },
        { "D-U-N-S ID", "999", "cannot be changed any more" },
        { "Consent to share", "No", "cannot be changed any more; put back what was there: Yes" },
        { "PartnerID (MPN ID)", "999", "cannot be changed any more" },
        { "Customer Contact First Name", "Other", "cannot be changed any more" },
        { "Share with Microsoft sales team", "No", "cannot be withdrawn" },
        { "Microsoft help required?", "No", "cannot be changed any more" },
        { "What specific help", "5", "cannot be changed any more" },
        { "Notes to Microsoft", "Other", "cannot be changed any more" },
        { "Partner Referral Substatus", "Won", "Active/Won" },
        { "Partner Referral Status", "Closed", "cannot change from Active/Accepted" },
        { "Customer Name", "", "cannot be null" },
    };

    [Theory, MemberData(nameof(FaultsOfChanges))]
    public async Task What_is_fixed_is_said_at_its_cell(string column, string cell, string message) // B21, B64, R37, R38, R39
    {
        var alice = fixture.Server.Bulk(Alice);
        var deal = await fixture.Server.Own(change: b =>
        {
            foreach (var (name, value) in Imports.FullDeal().ToList())
                b[name] = value?.DeepClone();
            b["customerProfile"]!["name"] = "Adventure Works";
        });
        var row = await alice.Row(await alice.Send($"Referral ID,{column}", $"{deal.Id},\"{cell}\""));
        Assert.Equal((ImportRowState.Faulty, column), (row.State, row.Faults[0].Column));
        Assert.Contains(message, row.Faults[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reason_is_read_by_its_number() // B33
    {
        var alice = fixture.Server.Bulk(Alice);
        var (lost, error, wrong) = (await fixture.Server.Own(), await fixture.Server.Own(), await fixture.Server.Own());
        var import = await alice.Send("Referral ID,Partner Referral Status,Partner Referral Substatus,Declined/Lost/Error reason",
            $"{lost.Id},Closed,Lost,3", $"{error.Id},Closed,Error,7", $"{wrong.Id},Closed,Lost,9");
        Assert.Contains("write 1 to 8", (await alice.Rows(import, ImportRowState.Faulty))[0].Faults[0].Message, StringComparison.Ordinal);
        await alice.Run(import);
        Assert.Equal("Customer chose another vendor", (string?)(await fixture.Server.Get(Alice, $"{Api}/{lost.Id}")).Json["statusReason"]);
        Assert.Equal("Test referral", (string?)(await fixture.Server.Get(Alice, $"{Api}/{error.Id}")).Json["statusReason"]);
    }

    [Fact]
    public async Task Two_rows_of_one_deal_are_a_fault_of_the_second()
    {
        var alice = fixture.Server.Bulk(Alice);
        var deal = await fixture.Server.Own();
        var import = await alice.Send("Referral ID,Deal Name", $"{deal.Id},One", $"{deal.Id},Two");
        Assert.Equal((1, 1), (import.Counts.ToUpdate, import.Counts.Faulty));
        Assert.Contains("An earlier row", (await alice.Rows(import, ImportRowState.Faulty))[0].Faults[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("=1+1"), InlineData("+90 212"), InlineData("-5"), InlineData("@x"), InlineData("'=1"), InlineData("''+1"), InlineData("'quoted'"), InlineData("plain")]
    public void A_guarded_text_is_what_it_was_once_it_is_read(string text)
    {
        Assert.Equal(text, CellText.Unguard(CellText.Guard(text)));
        Assert.Equal(text, CellText.Unguard(CellText.GuardInWorkbook(text)));
        Assert.DoesNotContain(CellText.Guard(text)[0], "=+-@");
    }

    [Theory]
    [InlineData("1,234,567.5", 1234567.5), InlineData("0.1", 0.1), InlineData("1000000", 1000000)]
    public void A_number_has_a_point_and_may_part_its_thousands(string cell, double number)
    {
        Assert.True(CellText.TryNumber(cell, out var read));
        Assert.Equal((decimal)number, read);
    }

    [Theory]
    [InlineData("3/4/2027"), InlineData("03/04/2027"), InlineData("2027-03-04"), InlineData("2027-03-04T00:00:00Z"), InlineData("2027-03-04T02:00:00+02:00")]
    public void A_date_begins_with_its_month_or_its_year(string cell)
    {
        Assert.True(CellText.TryDay(cell, out var day));
        Assert.Equal(new DateTimeOffset(2027, 3, 4, 0, 0, 0, TimeSpan.Zero), day);
    }

    [Fact]
    public void Every_column_that_is_not_numbered_has_its_field() =>
        Assert.Equal(BulkLayout.Columns.Select(c => c.Name), BulkFields.All.Select(f => f.Column));
}

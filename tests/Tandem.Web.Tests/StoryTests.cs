using Microsoft.Playwright;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>Two people in two browsers work one deal.</summary>
public sealed class StoryTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task A_deal_is_created_shared_accepted_and_won()
    {
        var carol = await web.SignIn(Carol, path: "/inbox");
        await Assertions.Expect(carol.GetByRole(AriaRole.Heading, new() { Name = "Nothing waits for you" })).ToBeVisibleAsync();

        var alice = await web.SignIn(Alice);
        await alice.FillCosell("Analytics for Adventure Works");
        await alice.Press("Create deal and invite Microsoft");
        await Assertions.Expect(alice.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Analytics for Adventure Works");
        var id = alice.Url.Split('/')[^1];
        var deal = (await web.Server.Get(Alice, $"{Api}/{id}")).Is(200);
        Assert.Equal("Active/Accepted", deal.Pair); // R45
        Assert.Equal("ProofOfConceptOrDemo", (string?)deal.Json["inviteContext"]!["assistanceRequestCode"]);
        Assert.Equal("Between us", (string?)deal.Json["details"]!["notes"]);

        await alice.GotoAsync($"/referrals/{id}/invite");
        await alice.WaitUntilReady();
        await Assertions.Expect(alice.Locator(".parties")).ToContainTextAsync("Microsoft");
        await alice.Type("Partner", "Fabrikam");
        await Assertions.Expect(alice.Locator("#sight-title")).ToHaveTextAsync("What Fabrikam will see");
        // B14, B15: shown before anything is sent.
        await Assertions.Expect(alice.Locator(".sight dl")).ToContainTextAsync("Ada Aksoy");
        await Assertions.Expect(alice.Locator(".sight dl")).Not.ToContainTextAsync("Between us");
        await Assertions.Expect(alice.Locator(".sight ul")).ToContainTextAsync("Your notes");
        await alice.Type("Message", "Will you do the logistics?");
        await alice.Press("Invite Fabrikam");
        var fabrikam = alice.Locator(".parties li", new() { HasText = "Fabrikam" });
        await Assertions.Expect(fabrikam).ToContainTextAsync("Pending");

        // It arrives while she looks at the page, and the navigation counts it.
        var invitation = carol.Locator(".invitation", new() { HasText = "Analytics for Adventure Works" });
        await Assertions.Expect(invitation).ToContainTextAsync("Contoso Company");
        await Assertions.Expect(invitation).ToContainTextAsync("Adventure Works, Istanbul, TR");
        await Assertions.Expect(invitation).ToContainTextAsync("Will you do the logistics?");
        await Assertions.Expect(invitation).ToContainTextAsync("13 days left");
        await Assertions.Expect(carol.Locator(".navigation .badge")).ToContainTextAsync("1 waiting for an answer");
        await carol.Press("Accept");
        await Assertions.Expect(carol.Locator(".said")).ToHaveTextAsync("Analytics for Adventure Works is accepted.");
        await Assertions.Expect(carol.Locator(".navigation .badge")).ToHaveCountAsync(0);

        // Her answer reaches the first browser without reload.
        await Assertions.Expect(fabrikam).ToContainTextAsync("Accepted");

        // Both work it, each on his own record.
        await carol.GotoAsync("/pipeline?view=board&q=Analytics for Adventure");
        await carol.WaitUntilReady();
        await carol.GetByRole(AriaRole.Button, new() { Name = "Move Analytics for Adventure Works to…" }).ClickAsync();
        await carol.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Active 60 %" }).ClickAsync();
        await Assertions.Expect(carol.GetByText("Analytics for Adventure Works is now in Active 60 %.")).ToBeVisibleAsync();
        await carol.Locator(".lane[data-lane=Active60]").GetByRole(AriaRole.Link, new() { Name = "Analytics for Adventure Works" }).ClickAsync();
        var contoso = carol.GetByRole(AriaRole.Region, new() { Name = "Contoso Company" });
        await Assertions.Expect(contoso).ToContainTextAsync("Accepted");

        await alice.GotoAsync($"/referrals/{id}");
        await alice.WaitUntilReady();
        await alice.GetByRole(AriaRole.Button, new() { Name = "Edit Deal" }).ClickAsync();
        await alice.GetByLabel("Value", new() { Exact = true }).FillAsync("20000");
        await alice.Press("Save");
        await Assertions.Expect(alice.Locator("section.card", new() { HasText = "20,000 USD" }).First).ToBeVisibleAsync();
        await alice.Press("Win…");
        await alice.Press("Close as Won");
        await Assertions.Expect(alice.Locator(".status-card .status")).ToHaveTextAsync("Won");
        Assert.Equal("Closed/Won", (await web.Server.Get(Alice, $"{Api}/{id}")).Pair);

        // And her partner sees it while he looks.
        await Assertions.Expect(contoso).ToContainTextAsync("Won");
        await alice.Context.CloseAsync();
        await carol.Context.CloseAsync();
    }
}

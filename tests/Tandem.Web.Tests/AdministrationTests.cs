using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tandem.Server.Tests.Fixtures;
using Tandem.Web.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>An administrator sets up the organization, its people and their roles.</summary>
public sealed class AdministrationTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string BobId = "b0b00000-0000-4000-8000-000000000002";
    private const string AliceId = "a11ce000-0000-4000-8000-000000000001";

    private TandemServer Server => web.Server;

    [Fact]
    public async Task A_role_that_is_taken_away_closes_the_page_and_a_new_one_opens_it_for_its_location() // B6, B11, B12
    {
        var bob = await web.SignIn(Bob);
        await Expect(Title(bob)).ToHaveTextAsync("Pipeline");
        // Of administration nothing stands in his navigation but the rules of routing, which he may read (B61).
        await Expect(bob.Locator("[aria-labelledby=administration-pages] a")).ToHaveTextAsync(["Routing"]);

        var alice = await web.SignIn(Alice, path: $"/administration/people/{BobId}");
        await alice.Press("Take away Referrals user");
        await Confirm(alice, "Take Referrals user away from Bob Baker?", "Take away");
        await Expect(Said(alice)).ToHaveTextAsync("Referrals user is taken away.");
        await Expect(alice.GetByText("No role yet: the person can sign in and sees nothing.")).ToBeVisibleAsync();
        await bob.ReloadAsync();
        await Expect(Title(bob)).ToHaveTextAsync("You have no access to this page");

        await alice.GetByRole(AriaRole.Radio, new() { Name = "Referrals user" }).CheckAsync();
        await alice.Type("Only for PartnerID", "4711");
        await alice.Press("Give the role");
        await Expect(Said(alice)).ToHaveTextAsync("Referrals user is given.");
        await Expect(alice.Locator(".plain-rows")).ToContainTextAsync("only PartnerID 4711");
        var given = Assert.Single((await Server.Get(Alice, $"/admin/organizations/{Contoso}/users/{BobId}/roles")).Value);
        Assert.Equal(("Referrals user", "4711"), ((string)given["role"]!, (string)given["mpnId"]!));
        await bob.ReloadAsync();
        await Expect(Title(bob)).ToHaveTextAsync("Pipeline");
        await alice.Context.CloseAsync();
        await bob.Context.CloseAsync();
    }

    [Fact]
    public async Task Whoever_has_no_part_in_administration_is_told_whom_to_ask()
    {
        var bob = await web.SignIn(Bob, path: "/administration/people");
        await Expect(Title(bob)).ToHaveTextAsync("You have no access to this page");
        await Expect(bob.Locator(".notice")).ToContainTextAsync("Administration is open to people who hold the role Account admin.");
        await bob.GotoAsync("/administration/webhooks");
        await Expect(bob.Locator(".notice")).ToContainTextAsync("Referrals admin for the entire company");
        await bob.Context.CloseAsync();
    }

    [Fact]
    public async Task Faults_stand_at_their_fields_and_the_first_has_the_focus()
    {
        var page = await web.SignIn(Alice, path: "/administration/people/new");
        await page.Type("E-mail address", "no address");
        await page.Press("Add a person");
        await Expect(page.Locator("#person-name-fault")).ToHaveTextAsync("Enter the name.");
        await Expect(page.Field("Name")).ToBeFocusedAsync();

        // What only the server knows is told at the same places.
        await page.Type("Name", "Zed");
        await page.Type("First password", "short");
        await page.Press("Add a person");
        await Expect(page.Locator("#person-email-fault")).ToContainTextAsync("must be an address with one @");
        await Expect(page.Locator("#person-password-fault")).ToContainTextAsync("8 to 256 characters");
        await Expect(page.Field("E-mail address")).ToBeFocusedAsync();
        await page.Type("E-mail address", Bob);
        await page.Type("First password", "correct horse");
        await page.Press("Add a person");
        await Expect(page.Locator("#person-email-fault")).ToContainTextAsync("There is already a user");
        await Expect(page.Locator("#person-password-fault")).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Whoever_would_lock_himself_out_is_warned_and_the_last_administrator_stays()
    {
        var page = await web.SignIn(Alice, path: $"/administration/people/{AliceId}");
        await page.Press("Take away Account admin");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("you will be locked out of administration");
        // What harms nobody has the focus, and the dialog gives it back.
        await Expect(page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Take away Account admin" })).ToBeFocusedAsync();

        await page.Press("Take away Account admin");
        await Confirm(page, "Take Account admin away from Alice Archer?", "Take away");
        await Expect(page.Locator(".faults:not(:empty)")).ToContainTextAsync("last Account admin");
        Assert.Contains((await Server.Get(Alice, "/admin/me")).Json["roles"]!.AsArray(), r => (string)r!["role"]! == "Account admin");

        // The other role is no door that closes.
        await page.Press("Take away Referrals admin");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("What only this role opens");
        await Expect(page.GetByRole(AriaRole.Dialog)).Not.ToContainTextAsync("locked out");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_person_is_found_renamed_stopped_and_let_in_again()
    {
        var added = (await Server.Post(Alice, $"/admin/organizations/{Contoso}/users", new JsonObject { ["email"] = "yan@contoso.example", ["name"] = "Yan Yilmaz" })).Is(201);
        var page = await web.SignIn(Alice, path: "/administration/people");
        await page.GetByRole(AriaRole.Searchbox).PressSequentiallyAsync("yan@");
        await Expect(page.GetByRole(AriaRole.Searchbox)).ToBeFocusedAsync();
        await Expect(page.GetByRole(AriaRole.Searchbox)).ToHaveValueAsync("yan@");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("q=yan"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Yan Yilmaz" }).ClickAsync();
        await page.Type("Name", "Yan Yıldız");
        await page.Press("Save");
        await Expect(Title(page)).ToHaveTextAsync("Yan Yıldız");

        await page.Press("Stop sign-in");
        await Confirm(page, "Stop Yan Yıldız from signing in?", "Stop sign-in");
        await Expect(Said(page)).ToHaveTextAsync("Yan Yıldız may no longer sign in.");
        (await Server.Get("yan@contoso.example", "/admin/me")).Is(401);
        await page.Press("Allow sign-in");
        await Expect(Said(page)).ToHaveTextAsync("Yan Yıldız may sign in again.");
        Assert.Equal("Yan Yıldız", (string)(await Server.Get(Alice, $"/admin/organizations/{Contoso}/users/{added.Id}")).Json["name"]!);

        await page.GotoAsync("/administration/people?q=nobody-of-that-name");
        await page.WaitUntilReady();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Nobody matches" })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_location_is_added_by_keyboard_alone()
    {
        var page = await web.SignIn(Alice, path: "/administration/organization");
        await page.TabTo("Add a location");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByLabel("Name of the location")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("Ankara");
        await page.TabTo("PartnerID");
        await page.Keyboard.TypeAsync("600600");
        await page.TabTo("Contact for leads");
        await page.Keyboard.TypeAsync("leads");
        await page.TabTo("Add a location");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#location-contact-fault")).ToContainTextAsync("must be an address");
        await page.GetByLabel("Contact for leads").FillAsync("leads@contoso.example");
        await page.TabTo("Add a location");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Said(page)).ToHaveTextAsync("Ankara is saved.");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Locations" })).ToBeFocusedAsync();
        var stored = (await Server.Get(Alice, $"/admin/organizations/{Contoso}/locations")).Value.Single(l => (string)l["name"]! == "Ankara");
        Assert.Equal(("600600", "leads@contoso.example"), ((string)stored["mpnId"]!, (string)stored["contactEmail"]!));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Solutions_are_added_changed_and_removed_after_a_question()
    {
        var page = await web.SignIn(Alice, path: "/administration/organization");
        await page.Press("Add a solution");
        await page.Type("Name of the solution", "Fleet");
        await page.Type("Solution id", "SOL-ABC-DEF");
        await page.Locator("form").GetByRole(AriaRole.Button, new() { Name = "Add a solution" }).ClickAsync();
        await Expect(page.Locator("#solution-id-fault")).ToContainTextAsync("has this id already");
        await page.Type("Solution id", "SOL-FLEET");
        await page.Locator("form").GetByRole(AriaRole.Button, new() { Name = "Add a solution" }).ClickAsync();
        await Expect(Said(page)).ToHaveTextAsync("Fleet is saved.");

        await page.Press("Change Fleet");
        await page.Type("Name of the solution", "Fleet Two");
        await page.GetByRole(AriaRole.Form, new() { Name = "Change the solution" }).GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(Said(page)).ToHaveTextAsync("Fleet Two is saved.");
        var solutions = (await Server.Get(Alice, $"/admin/organizations/{Contoso}/solutions")).Value;
        Assert.Equal("Fleet Two", (string)solutions.Single(s => (string)s["id"]! == "SOL-FLEET")["name"]!);

        await page.Press("Remove Fleet Two");
        await Confirm(page, "Remove Fleet Two?", "Remove");
        await Expect(Said(page)).ToHaveTextAsync("Fleet Two is removed.");
        Assert.DoesNotContain((await Server.Get(Alice, $"/admin/organizations/{Contoso}/solutions")).Value, s => (string)s["id"]! == "SOL-FLEET");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task An_account_administrator_changes_name_and_partner_id_and_only_reads_the_tenants()
    {
        var carol = await web.SignIn(Carol, path: "/administration/organization");
        await carol.Type("Primary PartnerID", "999");
        await carol.Press("Save");
        await Expect(Said(carol)).ToHaveTextAsync("Saved.");
        Assert.Equal("999", (string)(await Server.Get(Carol, $"/admin/organizations/{Fabrikam}")).Json["primaryMpnId"]!);
        await carol.ReloadAsync();
        await carol.WaitUntilReady();
        await carol.Type("Primary PartnerID", "");
        await carol.Press("Save");
        await Expect(Said(carol)).ToHaveTextAsync("Saved.");
        Assert.Null((await Server.Get(Carol, $"/admin/organizations/{Fabrikam}")).Json["primaryMpnId"]);
        await Expect(carol.Locator("#tenants-title")).ToBeVisibleAsync();
        await Expect(carol.GetByLabel("Tenant id")).ToHaveCountAsync(0);
        await Expect(carol.Locator(".organization-choice")).ToHaveCountAsync(0);
        await carol.Context.CloseAsync();
    }

    [Fact]
    public async Task An_operator_sets_up_another_organization_from_nothing()
    {
        var sam = await web.SignIn(Sam, path: "/administration/organization");
        await sam.Locator("#new-name").FillAsync("Northwind");
        await sam.Press("Add the organization");
        await Expect(Said(sam)).ToContainTextAsync("Northwind is added.");
        await Expect(sam.Locator("#organization-name")).ToHaveValueAsync("Northwind");
        await sam.Type("Tenant id", "no guid");
        await sam.Press("Add the tenant");
        await Expect(sam.Locator("#tenant-fault")).ToContainTextAsync("a GUID such as");
        var tenant = Guid.NewGuid().ToString();
        await sam.Type("Tenant id", tenant);
        await sam.Press("Add the tenant");
        await Expect(sam.Locator("code", new() { HasText = tenant })).ToBeVisibleAsync();

        // Chosen on one page, and by name on the next.
        await sam.GotoAsync("/administration/people");
        await sam.WaitUntilReady();
        await sam.Locator(".organization-choice select").SelectOptionAsync("Northwind");
        await sam.GetByRole(AriaRole.Link, new() { Name = "Add a person" }).ClickAsync();
        await sam.Type("Name", "Nora North");
        await sam.Type("E-mail address", "nora@northwind.example");
        await sam.GetByRole(AriaRole.Radio, new() { Name = "Account admin" }).CheckAsync();
        await sam.Press("Add a person");
        await Expect(Title(sam)).ToHaveTextAsync("Nora North");
        var nora = (await Server.Get("nora@northwind.example", "/admin/me")).Is(200).Json;
        Assert.Equal(("Northwind", "Account admin"), ((string)nora["organizationName"]!, (string)nora["roles"]![0]!["role"]!));
        await sam.Context.CloseAsync();
    }

    [Fact]
    public async Task The_emulator_says_why_there_are_no_service_clients() // R9
    {
        var page = await web.SignIn(Alice, path: "/administration/clients");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "There are none in the emulator" })).ToBeVisibleAsync();
        await Expect(page.Locator("form.card")).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    internal static ILocator Title(IPage page) => page.GetByRole(AriaRole.Heading, new() { Level = 1 });

    internal static ILocator Said(IPage page) => page.Locator(".said:not(:empty)");

    internal static async Task Confirm(IPage page, string question, string button)
    {
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = question });
        await dialog.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
        await Expect(dialog).ToHaveCountAsync(0);
    }
}

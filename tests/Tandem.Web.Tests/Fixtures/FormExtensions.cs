using Microsoft.Playwright;

namespace Tandem.Web.Tests.Fixtures;

/// <summary>Forms as a person fills them in.</summary>
internal static class FormExtensions
{
    // Not the forms and sections around it, which have names, too.
    public static ILocator Field(this IPage page, string label) =>
        page.GetByLabel(label, new() { Exact = false }).And(page.Locator("input, select, textarea")).First;

    /// <summary>Types, and leaves the field.</summary>
    public static async Task Type(this IPage page, string label, string text)
    {
        await page.Field(label).FillAsync(text);
        await page.Field(label).BlurAsync();
    }

    public static Task Press(this IPage page, string button) => page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    /// <summary>Goes on by the Tab key until the focus is on the control of that name.</summary>
    public static async Task TabTo(this IPage page, string name)
    {
        for (var pressed = 0; pressed < 80; pressed++)
        {
            await page.Keyboard.PressAsync("Tab");
            var focused = await page.EvaluateAsync<string>("""
                () => { const e = document.activeElement; return (e.labels?.[0]?.innerText ?? e.innerText ?? "").replace(/\(.*\)$/, "").replace(/\s+/g, " ").trim() }
                """);
            if (focused == name)
                return;
        }

        Assert.Fail($"The Tab key does not lead to {name}.");
    }

    /// <summary>A new co-sell deal with all that it needs, filled in and not sent.</summary>
    public static async Task FillCosell(this IPage page, string name, string customer = "Adventure Works")
    {
        await page.GotoAsync("/deals/new");
        await page.WaitUntilReady();
        await page.GetByRole(AriaRole.Radio, new() { Name = "Co-sell", Exact = false }).First.CheckAsync();
        await page.Type("Company", customer);
        await page.Field("Country").SelectOptionAsync("TR");
        await page.Type("Postal code", "34394");
        await page.Type("City", "Istanbul");
        await page.Type("First name", "Ada");
        await page.Type("Last name", "Aksoy");
        await page.Type("E-mail", "ada@customer.example");
        await page.Type("Phone", "+90 212 000 00 00");
        await page.Type("Name of the deal", name);
        await page.Type("Value", "12,500");
        await page.Type("Expected to close on", "2027-03-31");
        await page.Type("Notes", "Between us");
        await page.Type("Add a solution", "Contoso Analytics");
        await Assertions.Expect(page.Locator(".chosen")).ToContainTextAsync("Contoso Analytics");
        await page.Field("Help wanted").SelectOptionAsync("ProofOfConceptOrDemo");
        await page.Type("Message to Microsoft", "Please join us for the demo.");
        await page.Field("The customer agrees").CheckAsync();
    }
}

using Microsoft.Playwright;
using Tandem.Web.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Web.Tests;

/// <summary>
/// The pictures of docs/tour.md and docs/tour.tr.md: <c>eng/tour.sh</c> writes them where the documents look for them; any other
/// run writes them below artifacts and sees that the pages are there.
/// </summary>
public sealed class TourTests(Stage stage) : IClassFixture<Stage>
{
    private static readonly string Pictures = Directory.CreateDirectory(
        Environment.GetEnvironmentVariable("TANDEM_TOUR") is { Length: > 0 } folder
            ? Path.Combine(WebFixture.Root(), folder)
            : Path.Combine(WebFixture.Root(), "artifacts", "tour")).FullName;

    [Theory]
    [InlineData("en-GB", "en")]
    [InlineData("tr-TR", "tr")]
    public async Task The_tour_shows_every_place(string locale, string language)
    {
        var page = await stage.Web.Open(new Look(1280, Locale: locale));
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Button, new() { Name = Alice }).WaitForAsync();
        await Take("sign-in");
        await page.GetByRole(AriaRole.Button, new() { Name = Alice }).ClickAsync();
        await page.WaitUntilReady();
        Assert.Equal(language, await page.EvaluateAsync<string>("document.documentElement.lang"));
        foreach (var (name, path, there) in new[]
        {
            ("inbox", "/inbox", ".invitation"),
            ("pipeline", "/pipeline", "tbody tr"),
            ("board", "/pipeline?view=board", ".lane .deal"),
            ("referral", $"/referrals/{stage.Shared}", ".status-card"),
            ("invite", $"/referrals/{stage.Shared}/invite", ".parties"),
            ("new-deal", "/deals/new", ".kind"), ("reports", "/reports", ".report .chart svg"), ("notices", "/notifications", "main li"),
            ("webhook", $"/administration/webhooks/{stage.Webhook}", ".delivery"), ("person", "/administration/people", "main tbody tr"),
            ("audit", "/administration/audit", "main li"),
        })
        {
            await page.GotoAsync(path);
            await page.WaitUntilReady();
            await page.Locator(there).First.WaitForAsync();
            await Take(name);
        }

        await page.GotoAsync("/import");
        await page.WaitUntilReady();
        await page.Choose("deals.csv",
            "Deal Name,Customer Name,Estimated Deal Value,Currency,Estimated Close Date,Remark",
            "Returns portal,Adatum,48000,EUR,03/24/2027,met at the fair", "Shelf cameras,Northwind Traders,many,EUR,03/24/2027,asked twice",
            "Fleet tracking,Trey Research,67000,EUR,04/30/2027,");
        await page.Locator(".import-row button").Nth(1).ClickAsync();
        await page.Locator(".import-faults").WaitForAsync();
        await Take("import");

        // In the evening, on the train.
        var phone = await stage.Web.SignIn(Alice, new Look(390, IsDark: true, locale), "/inbox");
        await phone.Locator(".invitation").First.WaitForAsync();
        await phone.ScreenshotAsync(new() { Path = Path.Combine(Pictures, $"phone-{language}.png") });
        await phone.Context.CloseAsync();
        await page.Context.CloseAsync();

        Task Take(string name) => page.ScreenshotAsync(new() { Path = Path.Combine(Pictures, $"{name}-{language}.png") });
    }
}

using System.Globalization;
using Tandem.Contracts.Notifications;
using Tandem.Server.Http;
using Tandem.Server.Identity;

namespace Tandem.Server.Notifications;

/// <summary>
/// <c>/v1.0/engagements/notices</c>: what the caller himself should know, and how he wants to be told. Tandem's own.
/// </summary>
internal static class NoticeEndpoints
{
    public const string Path = "/v1.0/engagements/notices";

    private const int PageSize = 50;

    public static void MapNotices(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Path).WithTags("Notices").Admit(Admission.Referrals);
        group.MapGet("/", List).WithName("ListNotices").WithSummary("List the caller's notices, newest first");
        group.MapPost("/read", MarkAllRead).WithName("ReadAllNotices").WithSummary("Mark all notices as read");
        group.MapPost("/{id:guid}/read", MarkRead).WithName("ReadNotice").WithSummary("Mark a notice as read");
        group.MapGet("/settings", GetSettings).WithName("GetNoticeSettings").WithSummary("How the caller wants to be told");
        group.MapPut("/settings", PutSettings).WithName("SetNoticeSettings").WithSummary("Choose what comes by e-mail, and in which language");
    }

    private static async Task<IResult> List(
        string? after, string? top, Caller caller, NoticePlanner planner, NoticeStore store, TimeProvider clock,
        CancellationToken cancellation)
    {
        var place = NoticePlace.Start;
        if (after is not null && !TryPlace(after, out place))
            return new RefusalResult(Refusal.Invalid("after", "invalidValue", "after is a place that this server gave; follow next."));
        var size = PageSize;
        if (top is not null && (!int.TryParse(top, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size is < 1 or > PageSize))
            return new RefusalResult(Refusal.Invalid("top", "invalidValue", $"top must be a whole number from 1 to {PageSize}."));
        // Whoever heard of a change before he asked finds what follows from it.
        await planner.CatchUp(cancellation);
        var now = clock.GetUtcNow();
        var found = await store.List(caller, place, size + 1, now, cancellation);
        var page = found.Take(size).ToList();
        return Results.Json(new NoticePage
        {
            Value = [.. page.Select(p => p.Notice)],
            Unread = await store.Unread(caller, now, cancellation),
            Next = found.Count > size ? string.Create(CultureInfo.InvariantCulture, $"{page[^1].Place.Time}_{page[^1].Place.Id:N}") : null,
        }, NoticeJson.Default.NoticePage);
    }

    private static async Task<IResult> MarkRead(
        Guid id, Caller caller, NoticeStore store, TimeProvider clock, CancellationToken cancellation) =>
        await store.MarkRead(caller, id, clock.GetUtcNow(), cancellation)
            ? Results.NoContent()
            : new RefusalResult(Refusal.NotFound("id", "The caller has no such notice; notices are kept for 90 days."));

    private static async Task<IResult> MarkAllRead(
        Caller caller, NoticeStore store, TimeProvider clock, CancellationToken cancellation)
    {
        await store.MarkAllRead(caller, clock.GetUtcNow(), cancellation);
        return Results.NoContent();
    }

    private static async Task<IResult> GetSettings(Caller caller, NoticeStore store, CancellationToken cancellation) =>
        Results.Json((await store.Settings([caller.UserId], cancellation)).GetValueOrDefault(caller.UserId) ?? new NoticeSettings(),
            NoticeJson.Default.NoticeSettings);

    private static async Task<IResult> PutSettings(
        HttpContext context, Caller caller, NoticeStore store, CancellationToken cancellation)
    {
        if (!(await RequestBody.Read(context)).Succeeded(out var body, out var refusal))
            return new RefusalResult(refusal);
        using (body)
        {
            if (!StrictJson.Read(body.Json, NoticeJson.Default.NoticeSettings).Succeeded(out var settings, out refusal))
                return new RefusalResult(refusal);
            // Absent or null is none: the serializer leaves what an initializer says.
            IReadOnlyList<NoticeTopic> topics = settings.WithoutEmail ?? [];
            if (topics.Any(t => !Enum.IsDefined(t)))
            {
                return new RefusalResult(Refusal.Invalid("withoutEmail", "invalidValue",
                    $"withoutEmail must be a list of {string.Join(", ", Enum.GetNames<NoticeTopic>())}."));
            }

            if (settings.Language is { } language && !EmailText.Languages.Contains(language))
            {
                return new RefusalResult(Refusal.Invalid("language", "invalidValue",
                    $"language must be one of {string.Join(", ", EmailText.Languages)}, or null."));
            }

            settings = settings with { WithoutEmail = [.. topics.Distinct().Order()] };
            await store.SetSettings(caller.UserId, settings, cancellation);
            return Results.Json(settings, NoticeJson.Default.NoticeSettings);
        }
    }

    private static bool TryPlace(string text, out NoticePlace place)
    {
        place = default;
        if (text.Split('_') is not [var time, var id]
            || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            || !Guid.TryParseExact(id, "N", out var known))
            return false;
        place = new(at, known);
        return true;
    }
}

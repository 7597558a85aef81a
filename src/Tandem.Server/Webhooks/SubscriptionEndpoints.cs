using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Audit;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

/// <summary>
/// <c>/webhooks/v2/subscriptions</c>: Tandem's own subscriptions, several for an organization. The Partner Center
/// registration stands among them, to be looked at and paused; it is changed at its own address.
/// </summary>
internal static class SubscriptionEndpoints
{
    public const string Path = "/webhooks/v2/subscriptions";

    private const int MostOfOrganization = 100;
    private const int LongestFilter = 8000;
    private static readonly TimeSpan OldSecretTime = TimeSpan.FromHours(24);

    public static void MapSubscriptions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Path).WithTags("Webhooks").Admit(Admission.CompanyAdmins);
        group.MapGet("", List).WithSummary("List subscriptions");
        group.MapPost("", Create).WithSummary("Subscribe; the answer shows the secret once");
        group.MapGet("/{id:guid}", Get).WithSummary("Get a subscription");
        group.MapPatch("/{id:guid}", Change).WithSummary("Change a subscription");
        group.MapDelete("/{id:guid}", Delete).WithSummary("Remove a subscription and drop what waits");
        group.MapPost("/{id:guid}/rotate", Rotate).WithSummary("Make a new secret; the old one signs, too, for 24 hours");
        group.MapPost("/{id:guid}/pause", Pause).WithSummary("Let events wait");
        group.MapPost("/{id:guid}/resume", Resume).WithSummary("Send what waits");
    }

    /// <summary>The caller's subscription, whichever node made it; another organization's does not exist for him.</summary>
    public static async ValueTask<Outcome<Subscription>> Find(
        Guid id, Caller caller, SubscriptionDirectory subscriptions, CancellationToken cancellation)
    {
        await subscriptions.CatchUp(cancellation);
        return Known(id, caller, subscriptions);
    }

    private static Outcome<Subscription> Known(Guid id, Caller caller, SubscriptionDirectory subscriptions) =>
        subscriptions.Find(id) is { } found && found.OrganizationId == caller.OrganizationId
            ? found
            : Unknown;

    private static async Task<IResult> List(Caller caller, SubscriptionDirectory subscriptions, CancellationToken cancellation)
    {
        await subscriptions.Reload(cancellation);
        return Results.Json(
            new AdminPage<SubscriptionView> { Value = [.. subscriptions.Of(caller.OrganizationId).Select(s => View(s))] },
            WebhookJson.Default.AdminPageSubscriptionView);
    }

    private static async Task<IResult> Get(Guid id, Caller caller, SubscriptionDirectory subscriptions, CancellationToken cancellation)
    {
        await subscriptions.Reload(cancellation);
        return Known(id, caller, subscriptions).Succeeded(out var found, out var refusal) ? Answer(found) : new RefusalResult(refusal);
    }

    private static async Task<IResult> Create(
        HttpContext context, Caller caller, SubscriptionDirectory subscriptions, ReferralStore referrals, OutgoingCalls outgoing,
        IDataProtectionProvider protection, TimeProvider clock, CancellationToken cancellation)
    {
        var read = await RequestBody.Read(context);
        if (!read.Succeeded(out var body, out var refusal))
            return new RefusalResult(refusal);
        using (body)
        {
            if (!StrictJson.Read(body.Json, WebhookJson.Default.SubscriptionDraft).Succeeded(out var draft, out refusal))
                return new RefusalResult(refusal);
            var (key, digest) = (KeyOf(context, caller), Convert.ToHexStringLower(SHA256.HashData(body.Bytes)));
            if (key is not null && await referrals.FindFirstAnswer(key, cancellation) is { } earlier)
                return Repeated(earlier, digest);

            var (now, secret) = (clock.GetUtcNow(), StandardSignature.NewSecret());
            var blank = new Subscription
            {
                Id = Guid.NewGuid(),
                OrganizationId = caller.OrganizationId,
                Kind = SubscriptionKind.Standard,
                Url = "",
                Events = EventNames.OfReferrals,
                Secret = WebhookSender.Protect(protection, secret),
                CreatedAt = WireTime.ToMicroseconds(now),
            };
            if (!(await Apply(blank, draft, outgoing, cancellation)).Succeeded(out var subscription, out refusal))
                return new RefusalResult(refusal);
            if (subscriptions.Of(caller.OrganizationId).Count() >= MostOfOrganization)
            {
                return new RefusalResult(new Refusal(StatusCodes.Status409Conflict, "resourceModified", null,
                    $"An organization has at most {MostOfOrganization} subscriptions; remove one first."));
            }

            var location = $"{Path}/{subscription.Id}";
            try
            {
                await subscriptions.Add(subscription, AdminAuthor.Of(caller, now), key is null ? [] : referrals.Remembering(
                    new FirstAnswer(key, digest, StatusCodes.Status201Created, location, "")), cancellation);
            }
            catch (UniqueViolationException) when (key is not null)
            {
                return Repeated(await referrals.FindFirstAnswer(key, cancellation), digest);
            }

            context.Response.Headers.Location = location;
            return Results.Json(View(subscription, secret), WebhookJson.Default.SubscriptionView, statusCode: StatusCodes.Status201Created);
        }
    }

    private static async Task<IResult> Change(
        Guid id, HttpContext context, Caller caller, SubscriptionDirectory subscriptions, EventPlanner planner,
        WebhookDispatcher dispatcher, OutgoingCalls outgoing, TimeProvider clock, CancellationToken cancellation)
    {
        if (!(await FindOwn(id, caller, subscriptions, cancellation)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        var read = await RequestBody.Read(context, "application/merge-patch+json");
        if (!read.Succeeded(out var body, out refusal))
            return new RefusalResult(refusal);
        using (body)
        {
            if (!StrictJson.Read(body.Json, WebhookJson.Default.SubscriptionDraft).Succeeded(out var draft, out refusal)
                || !(await Apply(found, draft, outgoing, cancellation)).Succeeded(out var changed, out refusal))
                return new RefusalResult(refusal);
            await planner.CatchUp(cancellation);
            // What the draft does not name stays as it is by now.
            return await Stored(
                id,
                current => current with
                {
                    Url = draft.Url is null ? current.Url : changed.Url,
                    Events = draft.Events is null ? current.Events : changed.Events,
                    Statuses = draft.Statuses is null ? current.Statuses : changed.Statuses,
                    Filter = draft.Filter is null ? current.Filter : changed.Filter,
                },
                AdminAuthor.Of(caller, clock.GetUtcNow()), subscriptions, dispatcher, cancellation);
        }
    }

    private static async Task<IResult> Delete(
        Guid id, Caller caller, SubscriptionDirectory subscriptions, WebhookDispatcher dispatcher, TimeProvider clock,
        CancellationToken cancellation)
    {
        if (!(await Find(id, caller, subscriptions, cancellation)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        await subscriptions.Remove(found, AdminAuthor.Of(caller, clock.GetUtcNow()), cancellation);
        dispatcher.Send(id);
        return Results.NoContent();
    }

    private static async Task<IResult> Rotate(
        Guid id, Caller caller, SubscriptionDirectory subscriptions, IDataProtectionProvider protection, TimeProvider clock,
        CancellationToken cancellation)
    {
        if (!(await FindOwn(id, caller, subscriptions, cancellation)).Succeeded(out _, out var refusal))
            return new RefusalResult(refusal);
        var (now, secret) = (clock.GetUtcNow(), StandardSignature.NewSecret());
        // Not within the write: it may make a key, which is a write of its own.
        var kept = WebhookSender.Protect(protection, secret);
        var rotated = await subscriptions.Change(
            id,
            current => current with
            {
                Secret = kept,
                OldSecret = current.Secret,
                OldSecretUntil = WireTime.ToMicroseconds(now + OldSecretTime),
            },
            AdminAuthor.Of(caller, now), cancellation);
        return rotated is null
            ? new RefusalResult(Unknown)
            : Results.Json(View(rotated, secret), WebhookJson.Default.SubscriptionView);
    }

    private static Task<IResult> Pause(
        Guid id, Caller caller, SubscriptionDirectory subscriptions, WebhookDispatcher dispatcher, TimeProvider clock, CancellationToken cancellation) =>
        SetState(id, SubscriptionState.Paused, $"Paused by {caller.Name}.", caller, subscriptions, dispatcher, clock, cancellation);

    private static Task<IResult> Resume(
        Guid id, Caller caller, SubscriptionDirectory subscriptions, WebhookDispatcher dispatcher, TimeProvider clock, CancellationToken cancellation) =>
        SetState(id, SubscriptionState.Active, null, caller, subscriptions, dispatcher, clock, cancellation);

    private static async Task<IResult> SetState(
        Guid id, SubscriptionState state, string? because, Caller caller, SubscriptionDirectory subscriptions,
        WebhookDispatcher dispatcher, TimeProvider clock, CancellationToken cancellation) =>
        (await Find(id, caller, subscriptions, cancellation)).Succeeded(out _, out var refusal)
            ? await Stored(id, current => current with { State = state, PausedBecause = because },
                AdminAuthor.Of(caller, clock.GetUtcNow()), subscriptions, dispatcher, cancellation)
            : new RefusalResult(refusal);

    private static async Task<IResult> Stored(
        Guid id, Func<Subscription, Subscription> change, AdminAuthor author, SubscriptionDirectory subscriptions,
        WebhookDispatcher dispatcher, CancellationToken cancellation)
    {
        if (await subscriptions.Change(id, change, author, cancellation) is not { } changed)
            return new RefusalResult(Unknown);
        dispatcher.Send(id);
        return Answer(changed);
    }

    private static async ValueTask<Outcome<Subscription>> FindOwn(
        Guid id, Caller caller, SubscriptionDirectory subscriptions, CancellationToken cancellation) =>
        !(await Find(id, caller, subscriptions, cancellation)).Succeeded(out var found, out var refusal) ? refusal
            : found.Kind == SubscriptionKind.Standard ? found
            : Refusal.Invalid("id", "readOnlyProperty",
                "This is the Partner Center registration; change it with PUT /webhooks/v1/registration.");

    private static async ValueTask<Outcome<Subscription>> Apply(
        Subscription subscription, SubscriptionDraft draft, OutgoingCalls outgoing, CancellationToken cancellation)
    {
        var faults = new List<Refusal>();
        var url = draft.Url?.Trim() ?? subscription.Url;
        if (url.Length == 0)
            faults.Add(Refusal.Missing("url", "url is required: the address that events are delivered to."));
        else if (await outgoing.Check(url, "url", cancellation) is { } wrong)
            faults.Add(wrong);
        var events = Words(draft.Events, "events", subscription.Events, EventNames.OfReferrals,
            sent => EventNames.Read(sent, SubscriptionKind.Standard), faults);
        if (events.Count == 0)
            faults.Add(Refusal.Invalid("events", "invalidValue", $"events must name at least one of {string.Join(", ", EventNames.OfReferrals)}."));
        var statuses = Words(draft.Statuses, "statuses", subscription.Statuses, Enum.GetNames<ReferralStatus>(),
            sent => Enum.GetNames<ReferralStatus>().FirstOrDefault(n => n.Equals(sent.Trim(), StringComparison.OrdinalIgnoreCase)), faults);
        var filter = draft.Filter is null ? subscription.Filter : draft.Filter.Trim() is { Length: > 0 } sentFilter ? sentFilter : null;
        if (filter?.Length > LongestFilter)
            faults.Add(Refusal.Invalid("$filter", "invalidFilter", $"The filter must have at most {LongestFilter} characters."));
        else if (filter is not null && !ReferralFilter.Parse(filter).Succeeded(out _, out var badFilter))
            faults.Add(badFilter);
        return faults.Count > 0
            ? Refusal.All(faults)
            : subscription with { Url = url, Events = events, Statuses = statuses, Filter = filter };
    }

    private static IReadOnlyList<string> Words(
        IReadOnlyList<string>? sent, string target, IReadOnlyList<string> current, IReadOnlyList<string> known,
        Func<string, string?> read, List<Refusal> faults)
    {
        if (sent is null)
            return current;
        var words = new List<string>();
        foreach (var word in sent)
        {
            if (read(word ?? "") is not { } name)
            {
                faults.Add(Refusal.Invalid(target, "invalidValue",
                    $"{StrictJson.Printable(word ?? "null")} is not known; {target} are {string.Join(", ", known)}."));
                break;
            }

            if (!words.Contains(name))
                words.Add(name);
        }

        return faults.Exists(f => f.Target == target) ? current : words;
    }

    private static RefusalResult Repeated(FirstAnswer? first, string digest) => new(new Refusal(
        StatusCodes.Status409Conflict, "resourceModified", "Idempotency-Key",
        first?.RequestDigest == digest
            ? $"The first request with this key succeeded; its secret is shown once only. See {first.Location}, or rotate its secret."
            : "This Idempotency-Key was used for another body within the last 24 hours; send a new one for a new request."));

    private static string? KeyOf(HttpContext context, Caller caller) =>
        context.Request.Headers["Idempotency-Key"].ToString() is { Length: > 0 } key
            ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{caller.UserId}|{Path}|{key}")))
            : null;

    private static IResult Answer(Subscription subscription) => Results.Json(View(subscription), WebhookJson.Default.SubscriptionView);

    private static SubscriptionView View(Subscription subscription, byte[]? secret = null) => new()
    {
        Id = subscription.Id,
        Kind = subscription.Kind,
        Url = subscription.Url,
        Events = subscription.Events,
        Statuses = subscription.Statuses,
        Filter = subscription.Filter,
        State = subscription.State,
        PausedBecause = subscription.PausedBecause,
        FailingSince = subscription.FailingSince,
        CreatedDateTime = subscription.CreatedAt,
        OldSecretUntil = subscription.OldSecretUntil,
        Secret = secret is null ? null : StandardSignature.Write(secret),
    };

    private static Refusal Unknown { get; } = Refusal.NotFound("id", "Your organization has no such subscription.");
}

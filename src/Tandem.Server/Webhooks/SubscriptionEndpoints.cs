using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using NpgsqlTypes;
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
    private const int LongestKey = 255;
    private static readonly TimeSpan OldSecretTime = TimeSpan.FromHours(24);

    private static readonly HotSql Remember = new(
        "INSERT INTO idempotency_keys (key, request_digest, status, location, body, created_at) VALUES ($1, $2, 201, $3, '', $4)",
        NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Bigint);

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

    /// <summary>The caller's subscription; another organization's does not exist for him.</summary>
    public static Outcome<Subscription> Find(Guid id, Caller caller, SubscriptionDirectory subscriptions) =>
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
        return Find(id, caller, subscriptions).Succeeded(out var found, out var refusal) ? Answer(found) : new RefusalResult(refusal);
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
            if (key is not null && await referrals.FindFirstAnswer(key, cancellation) is { } first)
                return Repeated(first, digest);

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
                await subscriptions.Add(subscription, AdminAuthor.Of(caller, now), key is null ? null : new HotStatement(
                    Remember, false, key, digest, location, WireTime.ToUnixMicroseconds(now)), cancellation);
            }
            catch (UniqueViolationException)
            {
                return Repeated((await referrals.FindFirstAnswer(key!, cancellation))!, digest);
            }

            context.Response.Headers.Location = location;
            return Results.Json(View(subscription, secret), WebhookJson.Default.SubscriptionView, statusCode: StatusCodes.Status201Created);
        }
    }

    private static async Task<IResult> Change(
        Guid id, HttpContext context, Caller caller, SubscriptionDirectory subscriptions, EventPlanner planner,
        WebhookDispatcher dispatcher, OutgoingCalls outgoing, TimeProvider clock, CancellationToken cancellation)
    {
        if (!FindOwn(id, caller, subscriptions).Succeeded(out var found, out var refusal))
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
            return await Stored(changed, AdminAuthor.Of(caller, clock.GetUtcNow()), subscriptions, dispatcher, cancellation);
        }
    }

    private static async Task<IResult> Delete(
        Guid id, Caller caller, SubscriptionDirectory subscriptions, WebhookDispatcher dispatcher, TimeProvider clock,
        CancellationToken cancellation)
    {
        if (!Find(id, caller, subscriptions).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        await subscriptions.Remove(found, AdminAuthor.Of(caller, clock.GetUtcNow()), cancellation);
        dispatcher.Send(id);
        return Results.NoContent();
    }

    private static async Task<IResult> Rotate(
        Guid id, Caller caller, SubscriptionDirectory subscriptions, IDataProtectionProvider protection, TimeProvider clock,
        CancellationToken cancellation)
    {
        if (!FindOwn(id, caller, subscriptions).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        var (now, secret) = (clock.GetUtcNow(), StandardSignature.NewSecret());
        var changed = found with
        {
            Secret = WebhookSender.Protect(protection, secret),
            OldSecret = found.Secret,
            OldSecretUntil = WireTime.ToMicroseconds(now + OldSecretTime),
        };
        return await subscriptions.Change(changed, AdminAuthor.Of(caller, now), cancellation)
            ? Results.Json(View(changed, secret), WebhookJson.Default.SubscriptionView)
            : new RefusalResult(Unknown);
    }

    private static Task<IResult> Pause(
        Guid id, Caller caller, SubscriptionDirectory subscriptions, WebhookDispatcher dispatcher, TimeProvider clock, CancellationToken cancellation) =>
        Find(id, caller, subscriptions).Succeeded(out var found, out var refusal)
            ? Stored(found with { State = SubscriptionState.Paused, PausedBecause = $"Paused by {caller.Name}." },
                AdminAuthor.Of(caller, clock.GetUtcNow()), subscriptions, dispatcher, cancellation)
            : Task.FromResult<IResult>(new RefusalResult(refusal));

    private static Task<IResult> Resume(
        Guid id, Caller caller, SubscriptionDirectory subscriptions, WebhookDispatcher dispatcher, TimeProvider clock, CancellationToken cancellation) =>
        Find(id, caller, subscriptions).Succeeded(out var found, out var refusal)
            ? Stored(found with { State = SubscriptionState.Active, PausedBecause = null },
                AdminAuthor.Of(caller, clock.GetUtcNow()), subscriptions, dispatcher, cancellation)
            : Task.FromResult<IResult>(new RefusalResult(refusal));

    private static async Task<IResult> Stored(
        Subscription changed, AdminAuthor author, SubscriptionDirectory subscriptions, WebhookDispatcher dispatcher,
        CancellationToken cancellation)
    {
        if (!await subscriptions.Change(changed, author, cancellation))
            return new RefusalResult(Unknown);
        dispatcher.Send(changed.Id);
        return Answer(changed);
    }

    private static Outcome<Subscription> FindOwn(Guid id, Caller caller, SubscriptionDirectory subscriptions) =>
        !Find(id, caller, subscriptions).Succeeded(out var found, out var refusal) ? refusal
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

    private static RefusalResult Repeated(FirstAnswer first, string digest) => new(new Refusal(
        StatusCodes.Status409Conflict, "resourceModified", "Idempotency-Key",
        first.RequestDigest == digest
            ? $"The first request with this key succeeded; its secret is shown once only. See {first.Location}, or rotate its secret."
            : "This Idempotency-Key was used for another body within the last 24 hours; send a new one for a new request."));

    private static string? KeyOf(HttpContext context, Caller caller) =>
        context.Request.Headers["Idempotency-Key"].ToString() is { Length: > 0 and <= LongestKey } key
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

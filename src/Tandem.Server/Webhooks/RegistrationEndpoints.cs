using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Audit;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;

namespace Tandem.Server.Webhooks;

/// <summary>
/// <c>/webhooks/v1/registration</c>, as Partner Center has it (W1–W18): one registration for each tenant, and the last
/// one wins.
/// </summary>
internal static class RegistrationEndpoints
{
    private const int MostEvents = 100;
    private const int TestsPerMinute = 2;
    private const string SignatureHeader = "SignatureTokenToMsSignatureHeader";
    private static readonly TimeSpan KeptTests = TimeSpan.FromDays(7);
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void MapRegistration(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/webhooks/v1/registration").WithTags("Partner Center webhooks").Admit(Admission.Webhooks);
        group.MapGet("/events", Events).WithSummary("Names of the events that can be subscribed");
        group.MapPost("", Register).WithSummary("Register; replaces the registration there is");
        group.MapPut("", Register).WithSummary("Replace the registration");
        group.MapGet("", View).WithSummary("View the registration");
        group.MapDelete("", Remove).WithSummary("Remove the registration and drop what waits");
        group.MapPost("/validationEvents", Test).WithSummary("Ask for a test event");
        group.MapGet("/validationEvents/{correlationId}", TestResult).WithSummary("Result of a test event");
    }

    private static Task Events(HttpContext context) => Answer(context, json =>
    {
        json.WriteStartArray();
        foreach (var name in EventNames.All)
            json.WriteStringValue(name);
        json.WriteEndArray();
    });

    private static async Task Register(
        HttpContext context, Caller caller, SubscriptionDirectory subscriptions, EventPlanner planner, WebhookDispatcher dispatcher,
        OrganizationDirectory organizations, OutgoingCalls outgoing, TimeProvider clock, CancellationToken cancellation)
    {
        var read = await RequestBody.Read(context);
        if (!read.Succeeded(out var body, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        using (body)
        {
            if (!(await ReadDraft(body.Json, outgoing, cancellation)).Succeeded(out var draft, out refusal))
            {
                await context.Write(refusal);
                return;
            }

            // What is raised already was raised to the registration as it was (W15).
            await subscriptions.CatchUp(cancellation);
            await planner.CatchUp(cancellation);
            var stored = await Store(draft, caller, subscriptions, clock, cancellation);
            dispatcher.Send(stored.Id);
            await Answer(context, json => Write(json, stored, SubscriberId(caller, organizations)));
        }
    }

    // Two that register at the same time: the unique index sees to it that one makes the row and the other changes it.
    private static async Task<Subscription> Store(
        Draft draft, Caller caller, SubscriptionDirectory subscriptions, TimeProvider clock, CancellationToken cancellation)
    {
        while (true)
        {
            if (subscriptions.RegistrationOf(caller.OrganizationId) is { } known)
            {
                // A receiver that is registered anew has nothing to do with the old one's failures.
                var changed = await subscriptions.Change(
                    known.Id,
                    registration => registration with
                    {
                        Url = draft.Url,
                        Events = draft.Events,
                        UsesSignatureHeader = draft.UsesSignatureHeader,
                        State = SubscriptionState.Active,
                        PausedBecause = null,
                    },
                    AdminAuthor.Of(caller, clock.GetUtcNow()), cancellation);
                if (changed is not null)
                    return changed;
                continue;
            }

            var added = new Subscription
            {
                Id = Guid.NewGuid(),
                OrganizationId = caller.OrganizationId,
                Kind = SubscriptionKind.PartnerCenter,
                Url = draft.Url,
                Events = draft.Events,
                UsesSignatureHeader = draft.UsesSignatureHeader,
                CreatedAt = clock.GetUtcNow(),
            };
            try
            {
                await subscriptions.Add(added, AdminAuthor.Of(caller, added.CreatedAt), [], cancellation);
                return added;
            }
            catch (UniqueViolationException)
            {
                await subscriptions.Reload(cancellation);
            }
        }
    }

    // Whichever node it was registered with.
    private static async ValueTask<Subscription?> Find(
        Caller caller, SubscriptionDirectory subscriptions, CancellationToken cancellation)
    {
        await subscriptions.CatchUp(cancellation);
        return subscriptions.RegistrationOf(caller.OrganizationId);
    }

    private static async Task View(
        HttpContext context, Caller caller, SubscriptionDirectory subscriptions, CancellationToken cancellation)
    {
        if (await Find(caller, subscriptions, cancellation) is { } registration)
            await Answer(context, json => Write(json, registration, null));
        else
            await context.Write(NoRegistration);
    }

    private static async Task Remove(
        HttpContext context, Caller caller, SubscriptionDirectory subscriptions, WebhookDispatcher dispatcher, TimeProvider clock,
        CancellationToken cancellation)
    {
        if (await Find(caller, subscriptions, cancellation) is not { } registration
            || !await subscriptions.Remove(registration, AdminAuthor.Of(caller, clock.GetUtcNow()), cancellation))
        {
            await context.Write(NoRegistration);
            return;
        }

        dispatcher.Send(registration.Id);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task Test(
        HttpContext context, Caller caller, SubscriptionDirectory subscriptions, WebhookStore store, WebhookDispatcher dispatcher,
        ServerAddress address, TimeProvider clock, CancellationToken cancellation)
    {
        if (await Find(caller, subscriptions, cancellation) is not { } registration || !registration.Wants(EventNames.TestCreated))
        {
            await context.Write(Refusal.Invalid("WebhookEvents", "invalidValue",
                "There is no registration that contains test-created; register with it first."));
            return;
        }

        var (id, now) = (Guid.NewGuid(), WireTime.ToMicroseconds(clock.GetUtcNow()));
        var body = EventBody.PartnerCenter(EventNames.TestCreated, EventBody.ValidationUri(address.Own, id), now);
        if (await store.RaiseTest(registration, id, body, now, TestsPerMinute, cancellation) is { } wait)
        {
            await context.Write(new Refusal(StatusCodes.Status429TooManyRequests, "throttled", null,
                $"At most {TestsPerMinute} test events a minute can be asked for; wait as long as Retry-After says.")
            {
                RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)),
            });
            return;
        }

        dispatcher.Send(registration.Id);
        await Answer(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("correlationId", id);
            json.WriteEndObject();
        });
    }

    private static async Task TestResult(
        string correlationId, HttpContext context, Caller caller, SubscriptionDirectory subscriptions, WebhookStore store,
        OrganizationDirectory organizations, TimeProvider clock, CancellationToken cancellation)
    {
        if (!Guid.TryParse(correlationId, out var id)
            || await store.FindTest(caller.OrganizationId, id, clock.GetUtcNow() - KeptTests, cancellation) is not { } test)
        {
            await context.Write(Refusal.NotFound("correlationId",
                "No test event of the last seven days has this correlation id; POST validationEvents raises one."));
            return;
        }

        var url = test.Attempts.Count > 0 ? test.Attempts[^1].Url : (await Find(caller, subscriptions, cancellation))?.Url ?? "";
        await Answer(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("correlationId", id);
            json.WriteString("partnerId", SubscriberId(caller, organizations));
            json.WriteString("status", test.Attempts.Count > 0 || test.State != DeliveryState.Pending ? "completed" : "inProgress");
            json.WriteString("callbackUrl", url);
            json.WriteStartArray("results");
            foreach (var attempt in test.Attempts)
            {
                json.WriteStartObject();
                json.WriteString("responseCode", attempt.Status is { } status ? $"{(System.Net.HttpStatusCode)status}" : "");
                json.WriteString("responseMessage", attempt.Answer ?? attempt.Fault ?? "");
                json.WriteBoolean("systemError", attempt.SystemError);
                json.WriteString("dateTimeUtc",
                    attempt.DateTime.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, Subscription registration, string? subscriberId)
    {
        json.WriteStartObject();
        if (subscriberId is not null)
            json.WriteString("SubscriberId", subscriberId);
        json.WriteString("WebhookUrl", registration.Url);
        json.WriteStartArray("WebhookEvents");
        foreach (var name in registration.Events)
            json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The tenant as a GUID, always the same (W9): Microsoft's organization id is none, so its directory's stands in.</summary>
    private static string SubscriberId(Caller caller, OrganizationDirectory organizations) =>
        Guid.TryParse(caller.OrganizationId, out _)
            ? caller.OrganizationId
            : organizations.Current.Organization(caller.OrganizationId)?.Tenants.Select(t => t.Id).Order(StringComparer.Ordinal).FirstOrDefault()
                ?? caller.OrganizationId;

    // Names in any case, and truths as texts (W4).
    private static async ValueTask<Outcome<Draft>> ReadDraft(JsonElement json, OutgoingCalls outgoing, CancellationToken cancellation)
    {
        if (json.ValueKind != JsonValueKind.Object)
            return RequestBody.NotAnObject;
        // Of two names that differ only by case the last one counts, and it alone is looked at (R14).
        var sent = new Dictionary<string, JsonElement>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in json.EnumerateObject())
            sent[member.Name] = member.Value;
        var faults = new List<Refusal>();
        var url = "";
        List<string> events = [];
        var usesSignatureHeader = false;
        if (sent.TryGetValue(SignatureHeader, out var header))
        {
            if (ReadBoolean(header) is { } truth)
                usesSignatureHeader = truth;
            else
                faults.Add(Refusal.Invalid(SignatureHeader, "invalidValue", $"{SignatureHeader} must be true or false."));
        }

        if (!sent.TryGetValue("WebhookUrl", out var address))
            faults.Add(Refusal.Missing("WebhookUrl", "WebhookUrl is required: the address that events are delivered to."));
        else if (await outgoing.Check(url = ReadUrl(address), "WebhookUrl", cancellation) is { } wrong)
            faults.Add(wrong);
        if (sent.TryGetValue("WebhookEvents", out var names))
        {
            events = ReadEvents(names, faults);
        }
        else
        {
            faults.Add(Refusal.Missing("WebhookEvents",
                $"WebhookEvents is required: an array of names, such as {string.Join(", ", EventNames.All)}."));
        }

        return faults.Count > 0 ? Refusal.All(faults) : new Draft(url, events, usesSignatureHeader);
    }

    private static string ReadUrl(JsonElement json) => json.ValueKind == JsonValueKind.String ? json.GetString()!.Trim() : "";

    private static List<string> ReadEvents(JsonElement json, List<Refusal> faults)
    {
        var names = new List<string>();
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() is 0 or > MostEvents)
        {
            faults.Add(Refusal.Invalid("WebhookEvents", "invalidValue", $"WebhookEvents must be an array of 1 to {MostEvents} names."));
            return names;
        }

        foreach (var element in json.EnumerateArray())
        {
            var sent = element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText();
            if (EventNames.Read(sent, SubscriptionKind.PartnerCenter) is not { } name)
            {
                faults.Add(Refusal.Invalid("WebhookEvents", "invalidValue",
                    $"WebhookEvents names {StrictJson.Printable(sent)}, which is no event; known are {string.Join(", ", EventNames.All)}."));
            }
            else if (!names.Contains(name))
            {
                names.Add(name);
            }
        }

        return names;
    }

    private static bool? ReadBoolean(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False or JsonValueKind.Null => false,
        JsonValueKind.String when bool.TryParse(json.GetString()!.Trim(), out var truth) => truth,
        _ => null,
    };

    private static async Task Answer(HttpContext context, Action<Utf8JsonWriter> write)
    {
        using var buffer = new PooledBuffer(1024);
        using (var json = new Utf8JsonWriter(buffer, Json))
            write(json);
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = buffer.Written.Length;
        await context.Response.Body.WriteAsync(buffer.Written, context.RequestAborted);
    }

    private static Refusal NoRegistration { get; } = Refusal.NotFound("registration",
        "The tenant has no registration; POST one to /webhooks/v1/registration.");

    private sealed record Draft(string Url, IReadOnlyList<string> Events, bool UsesSignatureHeader);
}

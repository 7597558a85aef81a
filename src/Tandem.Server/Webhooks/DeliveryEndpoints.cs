using System.Globalization;
using System.Text.Json;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Http;
using Tandem.Server.Identity;

namespace Tandem.Server.Webhooks;

/// <summary>The delivery log: what became of each event, and sending it again (W42).</summary>
internal static class DeliveryEndpoints
{
    private const int PageSize = 100;

    public static void MapDeliveries(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup($"{SubscriptionEndpoints.Path}/{{id:guid}}").WithTags("Webhooks").Admit(Admission.CompanyAdmins);
        group.MapGet("/deliveries", List).WithSummary("List deliveries, newest first");
        group.MapGet("/deliveries/{event:guid}", Get).WithSummary("Every attempt of a delivery, and its body");
        group.MapPost("/deliveries/{event:guid}/resend", Resend).WithSummary("Send one delivery again");
        group.MapPost("/resend", ResendSince).WithSummary("Send again what was raised since a time");
    }

    private static async Task<IResult> List(
        Guid id, string? state, string? referralId, string? before, Caller caller, SubscriptionDirectory subscriptions,
        WebhookStore store, CancellationToken cancellation)
    {
        if (!(await SubscriptionEndpoints.Find(id, caller, subscriptions, cancellation)).Succeeded(out _, out var refusal))
            return new RefusalResult(refusal);
        if (!TryState(state, out var wanted))
            return new RefusalResult(WrongState);
        Guid? referral = Guid.TryParse(referralId, out var parsed) ? parsed : null;
        if (referralId is not null && referral is null)
            return new RefusalResult(Refusal.Invalid("referralId", "invalidValue", "referralId must be the id of a referral, a UUID."));
        var place = long.MaxValue;
        if (before is not null && !long.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out place))
            return new RefusalResult(Refusal.Invalid("before", "invalidValue", "before is a place that this server gave; follow next."));
        var found = await store.Log(id, wanted, referral, place, PageSize + 1, cancellation);
        var page = found.Take(PageSize).ToList();
        string? next = null;
        if (found.Count > PageSize)
        {
            var query = QueryString.Create("before", page[^1].Sequence.ToString(CultureInfo.InvariantCulture));
            if (wanted is not null)
                query = query.Add("state", $"{wanted}");
            if (referral is not null)
                query = query.Add("referralId", $"{referral}");
            next = $"{SubscriptionEndpoints.Path}/{id}/deliveries{query}";
        }

        return Results.Json(
            new AdminPage<DeliveryView> { Value = [.. page.Select(p => p.View)], Next = next }, WebhookJson.Default.AdminPageDeliveryView);
    }

    private static async Task<IResult> Get(
        Guid id, Guid @event, Caller caller, SubscriptionDirectory subscriptions, WebhookStore store, CancellationToken cancellation)
    {
        if (!(await SubscriptionEndpoints.Find(id, caller, subscriptions, cancellation)).Succeeded(out _, out var refusal))
            return new RefusalResult(refusal);
        return await store.Find(id, @event, cancellation) is { } delivery
            ? Results.Json(delivery, WebhookJson.Default.DeliveryView)
            : new RefusalResult(NoDelivery);
    }

    private static async Task<IResult> Resend(
        Guid id, Guid @event, Caller caller, SubscriptionDirectory subscriptions, WebhookStore store, WebhookDispatcher dispatcher,
        TimeProvider clock, CancellationToken cancellation)
    {
        if (!(await SubscriptionEndpoints.Find(id, caller, subscriptions, cancellation)).Succeeded(out _, out var refusal))
            return new RefusalResult(refusal);
        if (!await store.Resend(id, @event, clock.GetUtcNow(), cancellation))
            return new RefusalResult(NoDelivery);
        dispatcher.Send(id);
        return Results.Json(new ResendAnswer { Count = 1 }, WebhookJson.Default.ResendAnswer, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> ResendSince(
        Guid id, HttpContext context, Caller caller, SubscriptionDirectory subscriptions, WebhookStore store,
        WebhookDispatcher dispatcher, TimeProvider clock, CancellationToken cancellation)
    {
        if (!(await SubscriptionEndpoints.Find(id, caller, subscriptions, cancellation)).Succeeded(out _, out var refusal))
            return new RefusalResult(refusal);
        var read = await RequestBody.Read(context);
        if (!read.Succeeded(out var body, out refusal))
            return new RefusalResult(refusal);
        using (body)
        {
            if (NamesNoState(body.Json))
                return new RefusalResult(WrongState);
            if (!StrictJson.Read(body.Json, WebhookJson.Default.ResendRequest).Succeeded(out var request, out refusal))
                return new RefusalResult(refusal);
            if (request.Since is not { } since)
                return new RefusalResult(Refusal.Missing("since", "since is required: the time from which on events are sent again."));
            var count = await store.ResendSince(id, since, request.State, clock.GetUtcNow(), cancellation);
            dispatcher.Send(id);
            return Results.Json(new ResendAnswer { Count = count }, WebhookJson.Default.ResendAnswer, statusCode: StatusCodes.Status202Accepted);
        }
    }

    private static bool TryState(string? text, out DeliveryState? state)
    {
        var isKnown = Enum.TryParse<DeliveryState>(text, ignoreCase: true, out var known) && Enum.GetNames<DeliveryState>()
            .Contains(text, StringComparer.OrdinalIgnoreCase);
        state = isKnown ? known : null;
        return text is null || isKnown;
    }

    // The serializer takes a number, and two names, for one of the states.
    private static bool NamesNoState(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            return false;
        var state = json.EnumerateObject().LastOrDefault(m => m.Name.Equals("state", StringComparison.OrdinalIgnoreCase)).Value;
        return state.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null)
            && !TryState(state.ValueKind == JsonValueKind.String ? state.GetString() : state.GetRawText(), out _);
    }

    private static Refusal WrongState { get; } = Refusal.Invalid("state", "invalidValue",
        $"state must be one of {string.Join(", ", Enum.GetNames<DeliveryState>())}.");

    private static Refusal NoDelivery { get; } = Refusal.NotFound("event",
        "The subscription has no such delivery; deliveries are kept for 30 days.");
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Feed;

/// <summary>
/// <c>GET /v1.0/engagements/changes</c>: every visible change of the log as a server-sent event, as webhooks would tell
/// it (W25–W28). Written by hand, since what ASP.NET Core has for it writes no comments, and a client hears from them that
/// the connection lives.
/// </summary>
internal static class ChangeStream
{
    public const string Path = "/v1.0/engagements/changes";
    public const string MediaType = "text/event-stream";

    private const int LargestStep = 200;
    private const string LastEventId = "Last-Event-ID";

    private static readonly TimeSpan BetweenHeartbeats = TimeSpan.FromSeconds(15);

    public static async Task Get(
        HttpContext context, HotDatabase database, ChangeLog log, ChangeTail tail, CallerResolver resolver, TimeProvider clock,
        IHostApplicationLifetime lifetime, Caller caller, CancellationToken cancellation)
    {
        if (!ContractPipeline.Accepts(context.Request, "text", "event-stream"))
        {
            await context.Write(new Refusal(StatusCodes.Status406NotAcceptable, null, "Accept",
                $"The answer is {MediaType}; send Accept: {MediaType}, or no Accept header."));
            return;
        }

        // Before the log is asked for its end: what is stored from now on is told.
        using var listener = await tail.Listen(caller.OrganizationId, toParties: true, cancellation);
        var end = await log.End(cancellation);
        if (Begin(context.Request, end, out var position) is { } refusal)
        {
            await context.Write(refusal);
            return;
        }

        var response = context.Response;
        response.ContentType = MediaType;
        response.Headers.CacheControl = "no-store";
        // Proxies that collect answers first would never pass one on.
        response.Headers["X-Accel-Buffering"] = "no";
        // A client that is cut off before the first event goes on from here.
        await Write(response, $"retry: 2000\nid: {position}\n\n", cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);
        try
        {
            await Follow(new Stream(context, database, log, listener, clock, caller), resolver, position, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client left, or the server stops; the client comes back with the last event that it has.
        }
    }

    private static async Task Follow(Stream stream, CallerResolver resolver, LogPosition position, CancellationToken cancellation)
    {
        var lastTold = position;
        var lastWritten = stream.Clock.GetTimestamp();
        while (true)
        {
            // A token that has ended or was revoked ends the stream, and roles are those of now.
            var admitted = await CallerGate.Admit(stream.Context, resolver, Admission.Referrals);
            if (!admitted.Succeeded(out var caller, out _) || caller.OrganizationId != stream.Caller.OrganizationId)
                return;
            stream = stream with { Caller = caller };
            stream.Listener.Rest();
            var end = await stream.Log.End(cancellation);
            while (position < end)
            {
                var step = await Read(stream, position, end, cancellation);
                if (step.Events.Length > 0)
                {
                    await Write(stream.Context.Response, step.Events, cancellation);
                    lastWritten = stream.Clock.GetTimestamp();
                }

                (position, lastTold) = (step.Position, step.LastTold ?? lastTold);
            }

            if (Silence() is var silence && silence < BetweenHeartbeats)
            {
                await stream.Listener.Woken.WaitAsync(BetweenHeartbeats - silence, stream.Clock, cancellation)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellation.ThrowIfCancellationRequested();
            }

            if (Silence() < BetweenHeartbeats)
                continue;
            // What was passed over need not be looked at again by a client that comes back.
            await Write(stream.Context.Response, position > lastTold ? $": alive\nid: {position}\n\n" : ": alive\n\n", cancellation);
            lastTold = position;
            lastWritten = stream.Clock.GetTimestamp();
        }

        TimeSpan Silence() => stream.Clock.GetElapsedTime(lastWritten);
    }

    private static ValueTask<Step> Read(Stream stream, LogPosition position, LogPosition end, CancellationToken cancellation)
    {
        var now = WireTime.ToUnixMicroseconds(stream.Clock.GetUtcNow());
        var statements = new ChangeStatements(stream.Caller, stream.Database.Kind, now);
        // Everything up to the end was committed before, so that a replica has it.
        return stream.Database.ReadAside((stream.Caller, statements, position, end), static async (session, ask, cancellation) =>
        {
            var bound = await ask.statements.Bound(session, ask.position, ask.end, cancellation);
            var (events, rows, lastTold) = (new StringBuilder(), 0, (LogPosition?)null);
            var (sql, parameters) = ask.statements.Visible(ask.position, bound, LargestStep);
            await using var reader = await ReferralStore.Fill(session.Command(sql), parameters).ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var row = new HotRow(reader);
                var place = new LogPosition(row.Int64(0), row.Int64(1));
                if (EventOf(row, ask.Caller) is { } told)
                {
                    events.Append(CultureInfo.InvariantCulture, $"id: {place}\nevent: {told.Name}\ndata: {told.Data}\n\n");
                    lastTold = place;
                }

                if (++rows == LargestStep)
                    return new Step(events.ToString(), place, lastTold);
            }

            return new Step(events.ToString(), bound, lastTold);
        }, cancellation);
    }

    // Others learn of what they can see (W27), and of nothing when all of it is hidden from them.
    private static (string Name, string Data)? EventOf(HotRow row, Caller caller)
    {
        var change = new ReferralEvent
        {
            ReferralId = row.Guid(2),
            EngagementId = row.Guid(3),
            OrganizationId = row.Text(4),
            Kind = row.Enumeration<ReferralChangeKind>(5),
            ChangedDateTime = WireTime.FromUnixMicroseconds(row.Int64(6)),
            ETag = row.Text(7),
            Properties = [.. PropertyPath.Split(row.Utf8(8))],
        };
        var isRelated = change.OrganizationId != caller.OrganizationId;
        if (isRelated)
        {
            var shown = JsonSerializer.Deserialize(row.Utf8(9), ReferralJson.Wire.Referral)!;
            change.Properties.RemoveAll(path => !Visibility.IsVisibleToOthers(path, shown));
            if (change.Kind == ReferralChangeKind.Updated && change.Properties.Count == 0)
                return null;
        }

        var name = change.Kind == ReferralChangeKind.Created ? "referral-created" : "referral-updated";
        return (isRelated ? $"related-{name}" : name, JsonSerializer.Serialize(change, ReferralJson.Wire.ReferralEvent));
    }

    // Behind the event that the client has, or now; the header counts, which a browser sends beside its first address.
    private static Refusal? Begin(HttpRequest request, LogPosition end, out LogPosition position)
    {
        position = end;
        var isSent = request.Headers.TryGetValue(LastEventId, out var sent) && !string.IsNullOrWhiteSpace(sent);
        if (!isSent && !request.Query.TryGetValue("after", out sent))
            return null;
        var target = isSent ? LastEventId : "after";
        if (!LogPosition.TryParse(sent.ToString().Trim(), out position))
        {
            return Refusal.Invalid(target, "invalidValue",
                $"{target} must be the id of an event of this stream, two numbers such as 0-42; "
                + "leave it out to start now, or send 0-0 to start with the first change.");
        }

        return position <= end ? null : new Refusal(StatusCodes.Status410Gone, "positionUnknown", target,
            $"The change log ends before {target}: the database was restored or reset. Read the list again, and leave {target} out.");
    }

    private static async Task Write(HttpResponse response, string text, CancellationToken cancellation)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
        await response.Body.FlushAsync(cancellation);
    }

    private sealed record Stream(
        HttpContext Context, HotDatabase Database, ChangeLog Log, ChangeListener Listener, TimeProvider Clock, Caller Caller);

    /// <summary>A piece of the log that was looked through.</summary>
    /// <param name="Events">What to send.</param>
    /// <param name="Position">How far it was looked through.</param>
    /// <param name="LastTold">The last event's place; null when there is none.</param>
    private sealed record Step(string Events, LogPosition Position, LogPosition? LastTold);
}

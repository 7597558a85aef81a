using System.Buffers;
using System.Globalization;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Feed;

/// <summary>
/// Changes of a list (OData 4.01, 11.4): <c>Prefer: odata.track-changes</c> on the list gives a delta link, and following
/// it what has changed since, as often as one likes.
/// </summary>
internal static class DeltaEndpoint
{
    // Most answers tell of few changes, or of none.
    private const int LikelySize = 16 * 1024;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    /// <summary>Where tracking begins, when the client asks for it; null when he does not.</summary>
    public static async ValueTask<Tracking?> BeginTracking(
        HttpContext context, Caller caller, long now, CancellationToken cancellation)
    {
        var preference = Preferences.Find(context.Request, "odata.track-changes") is not null ? "odata.track-changes"
            : Preferences.Find(context.Request, "track-changes") is not null ? "track-changes"
            : null;
        if (preference is null)
            return null;
        context.Response.Headers["Preference-Applied"] = preference;
        var feed = context.RequestServices.GetRequiredService<ReferralFeed>();
        return new Tracking(await feed.End(cancellation), now, ScopeDigest.Of(caller));
    }

    /// <summary>The token of the first delta link, at the end of the list.</summary>
    public static string FirstToken(HttpContext context, Caller caller, ReferralQuery query, Tracking tracking) =>
        context.RequestServices.GetRequiredService<DeltaTokens>().Write(
            caller, new DeltaState { Filter = query.Filter?.Text, Select = query.SelectText, From = tracking });

    /// <summary>A page of changes; what stands beside the token is ignored, as beside <c>$skiptoken</c> (R60).</summary>
    public static async Task Get(
        HttpContext context, Caller caller, ServerAddress address, TimeProvider clock, CancellationToken cancellation)
    {
        var services = context.RequestServices;
        var tokens = services.GetRequiredService<DeltaTokens>();
        var read = context.Request.Query[DeltaTokens.Option] is [{ } token] ? tokens.Read(caller, token) : DeltaTokens.Unknown;
        if (!read.Succeeded(out var state, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        // A token of an older version may no longer be understood; it is then as unknown as any other.
        if (QueryOf(state) is not { } query)
        {
            await context.Write(DeltaTokens.Unknown);
            return;
        }

        if (state.From.Scope != ScopeDigest.Of(caller))
        {
            await context.Write(DeltaTokens.OtherScope);
            return;
        }

        var feed = services.GetRequiredService<ReferralFeed>();
        using var wait = new Wait(context, clock, services.GetRequiredService<IHostApplicationLifetime>());
        while (true)
        {
            wait.Begin();
            // Not kept over a wait: a thousand clients may wait.
            using (var output = new PooledBuffer(LikelySize))
            {
                var links = LinkWriter.Of(address.Of(context.Request));
                var page = await feed.Read(state, query, caller, new ListBody(output, links, query.Select, caller), cancellation);
                if (page is null)
                {
                    await context.Write(DeltaTokens.LogIsShorter);
                    return;
                }

                if (page.Told > 0 || !page.IsLast || wait.IsOver)
                {
                    output.Write("]"u8);
                    links.WriteDelta(output, tokens.Write(caller, page.Next), page.IsLast);
                    output.Write("}"u8);
                    context.Response.ContentType = "application/json; charset=utf-8";
                    context.Response.ContentLength = output.Written.Length;
                    await context.Response.Body.WriteAsync(output.Written, context.RequestAborted);
                    return;
                }

                state = page.Next;
            }

            await wait.ForChange(caller.OrganizationId, query.ReachesOtherParties, cancellation);
            // Who waits is asked again: his token may have ended, and his roles may have been taken.
            var admitted = await CallerGate.Admit(context, services.GetRequiredService<CallerResolver>(), Admission.Referrals);
            if (!admitted.Succeeded(out var now, out refusal)
                || (refusal = state.From.Scope == ScopeDigest.Of(now) ? null : DeltaTokens.OtherScope) is not null)
            {
                await context.Write(refusal);
                return;
            }

            caller = now;
        }
    }

    // A changed referral says which one it is, also when its id was not selected.
    private static ReferralQuery? QueryOf(DeltaState state)
    {
        var query = ReferralQuery.Of(state.Filter, state.Select);
        return query?.Select is { } select && !select.Has("id") ? ReferralQuery.Of(state.Filter, $"id,{state.Select}") : query;
    }

    /// <summary>The wait that the client prefers to an empty answer (RFC 7240, <c>wait</c>).</summary>
    private sealed class Wait : IDisposable
    {
        private readonly ChangeTail _tail;
        private readonly TimeProvider _clock;
        private readonly TimeSpan _longest;
        private readonly long _began;
        private readonly CancellationToken _stopping;
        private ChangeListener? _listener;

        public Wait(HttpContext context, TimeProvider clock, IHostApplicationLifetime lifetime)
        {
            _tail = context.RequestServices.GetRequiredService<ChangeTail>();
            (_clock, _began, _stopping) = (clock, clock.GetTimestamp(), lifetime.ApplicationStopping);
            if (!int.TryParse(Preferences.Find(context.Request, "wait"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
                return;
            _longest = seconds < LongestWait.TotalSeconds ? TimeSpan.FromSeconds(seconds) : LongestWait;
            context.Response.Headers["Preference-Applied"] = string.Create(
                CultureInfo.InvariantCulture, $"wait={_longest.TotalSeconds:0}");
        }

        public bool IsOver => Remaining <= TimeSpan.Zero || _stopping.IsCancellationRequested;

        private TimeSpan Remaining => _longest - _clock.GetElapsedTime(_began);

        /// <summary>Before looking: what happens from now on ends the wait.</summary>
        public void Begin() => _listener?.Rest();

        /// <summary>Ends when something may have changed, when the time is over, and when the server stops.</summary>
        public async Task ForChange(string organizationId, bool toParties, CancellationToken cancellation)
        {
            if (_listener is null)
            {
                // The first time only begins to listen: what happened before is looked for once more.
                _listener = await _tail.Listen(organizationId, toParties, cancellation);
                return;
            }

            var remaining = Remaining;
            if (remaining <= TimeSpan.Zero)
                return;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopping);
            await _listener.Woken.WaitAsync(remaining, _clock, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }

        public void Dispose() => _listener?.Dispose();
    }
}

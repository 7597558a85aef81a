using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.SignIn;

namespace Tandem.Web.Live;

/// <summary>
/// What happens while somebody looks: one stream of changes for each connected browser, begun by the first page that wants
/// it and ended with the connection. Subscribers hear of changes in batches, the next one when all have dealt with the last,
/// so that an import of thousands is a few reloads and not thousands.
/// </summary>
internal sealed class LiveChanges(TandemClient tandem, IHostApplicationLifetime server, ILogger<LiveChanges> log) : IAsyncDisposable
{
    private static readonly TimeSpan BeforeAnotherTry = TimeSpan.FromSeconds(5);

    // A long import is shown as it goes, and leaves the server to whoever imports.
    private static readonly TimeSpan BetweenBatches = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _ending = CancellationTokenSource.CreateLinkedTokenSource(server.ApplicationStopping);
    private readonly Lock _lock = new();
    private readonly Channel<ReferralEvent?> _heard = Channel.CreateUnbounded<ReferralEvent?>(new() { SingleReader = true });
    private readonly List<Func<IReadOnlyList<ReferralEvent>, Task>> _subscribers = [];
    private Task<string?>? _begun;
    private Task _following = Task.CompletedTask;
    private Task _telling = Task.CompletedTask;

    /// <summary>
    /// Returns once whatever happens from now on will be told: await it before loading what the changes are about. At once
    /// when the stream runs, and when there is none to be had: the page then is as good as one that never hears of anything.
    /// </summary>
    public Task Begin(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_begun is null)
            {
                _begun = Position();
                (_following, _telling) = (Follow(_begun), Tell());
            }

            return _begun.WaitAsync(cancellation);
        }
    }

    /// <summary>
    /// Calls <paramref name="hear"/> with what happened until the result is disposed; with nothing when something may have
    /// been missed. Not on the page's own thread.
    /// </summary>
    public IDisposable Subscribe(Func<IReadOnlyList<ReferralEvent>, Task> hear)
    {
        lock (_lock)
            _subscribers.Add(hear);
        return new Subscription(this, hear);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    // Null when the server does not say where its log ends: the stream then begins some time later.
    private async Task<string?> Position()
    {
        try
        {
            return await tandem.Changes.PositionAsync(_ending.Token);
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            return null;
        }
    }

    private async Task Follow(Task<string?> begun)
    {
        var position = await begun;
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                position ??= await Again();
                await foreach (var heard in tandem.Changes.FollowAsync(position, _ending.Token))
                {
                    position = heard.Position;
                    _heard.Writer.TryWrite(heard.Change);
                }
            }
            catch (OperationCanceledException) when (_ending.IsCancellationRequested)
            {
                return;
            }
            catch (Exception ended) when (ended is SignedOutException or TandemException { Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden })
            {
                // The next thing that the person does says so.
                return;
            }
            catch (Exception failure) when (IsExpected(failure))
            {
                // The log may be another one now: begin anew, and tell everybody to look again.
                log.LogWarning(failure, "The stream of changes broke off; it is begun anew");
                position = null;
                await Task.Delay(BeforeAnotherTry, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<string> Again()
    {
        var position = await tandem.Changes.PositionAsync(_ending.Token);
        _heard.Writer.TryWrite(null);
        return position;
    }

    private async Task Tell()
    {
        try
        {
            while (await _heard.Reader.WaitToReadAsync(_ending.Token))
            {
                var batch = new List<ReferralEvent>();
                while (_heard.Reader.TryRead(out var change))
                {
                    if (change is not null)
                        batch.Add(change);
                }

                Func<IReadOnlyList<ReferralEvent>, Task>[] subscribers;
                lock (_lock)
                    subscribers = [.. _subscribers];
                // A page that is just being closed is not waited for.
                await Task.WhenAll(subscribers.Select(hear => hear(batch))).WaitAsync(_ending.Token);
                await Task.Delay(BetweenBatches, _ending.Token);
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // The browser has left; there is nobody to tell.
            return;
        }
    }

    private static bool IsExpected(Exception failure) =>
        failure is TandemException or HttpRequestException or OperationCanceledException or SignedOutException or IOException or JsonException;

    private sealed class Subscription(LiveChanges owner, Func<IReadOnlyList<ReferralEvent>, Task> hear) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._lock)
                owner._subscribers.Remove(hear);
        }
    }
}

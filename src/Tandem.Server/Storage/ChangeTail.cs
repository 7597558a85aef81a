using System.Data.Common;

namespace Tandem.Server.Storage;

/// <summary>
/// Tells who waits that the log has moved for his organization. One reader follows the log for all of them, and only while
/// somebody waits: a thousand waiters cost no query until a change concerns them.
/// </summary>
internal sealed class ChangeTail(ChangeLog log, ILogger<ChangeTail> logger) : BackgroundService
{
    private const int LargestStep = 1_000;

    // What is committed together wakes together.
    private static readonly TimeSpan BetweenSteps = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly HashSet<ChangeListener> _listeners = [];
    private readonly Lock _adding = new();
    private LogPosition _position;

    /// <summary>How many wait.</summary>
    public int Listeners
    {
        get
        {
            lock (_adding)
                return _listeners.Count;
        }
    }

    /// <summary>
    /// Listens from now on. Who looks at the log afterwards, and waits when he finds nothing, misses nothing: what he did
    /// not find comes later, and wakes him.
    /// </summary>
    /// <param name="toParties">Whether other parties' changes in the organization's engagements concern the listener, too.</param>
    public async ValueTask<ChangeListener> Listen(string organizationId, bool toParties, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (Listeners == 0)
                _position = await log.End(cancellation);
            var listener = new ChangeListener(this, organizationId, toParties);
            lock (_adding)
                _listeners.Add(listener);
            return listener;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Forget(ChangeListener listener)
    {
        lock (_adding)
            _listeners.Remove(listener);
    }

    public override void Dispose()
    {
        _turn.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            // Asked for before the log is read: what is committed meanwhile ends it.
            var moved = log.Moved;
            if (await Follow(stoppingToken))
                await moved.WaitAsync(stoppingToken);
            await Task.Delay(BetweenSteps, stoppingToken);
        }
    }

    /// <summary>Reads on to the end of the log; false when the database is away.</summary>
    private async Task<bool> Follow(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            while (Listeners > 0 && await log.ConcernedAfter(_position, LargestStep, cancellation) is { } concerned)
            {
                _position = concerned.End;
                Wake(concerned);
            }

            return true;
        }
        catch (DbException failure)
        {
            logger.LogDebug(failure, "The log cannot be followed; trying again in {Interval}.", AfterFailure);
            await Task.Delay(AfterFailure, cancellation);
            return false;
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Wake(ConcernedParties concerned)
    {
        lock (_adding)
        {
            foreach (var listener in _listeners)
            {
                if (concerned.Owners.Contains(listener.OrganizationId)
                    || (listener.ToParties && concerned.Parties.Contains(listener.OrganizationId)))
                    listener.Wake();
            }
        }
    }
}

/// <summary>Waits for the next change that may concern an organization.</summary>
internal sealed class ChangeListener(ChangeTail tail, string organizationId, bool toParties) : IDisposable
{
    private volatile TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string OrganizationId => organizationId;

    public bool ToParties => toParties;

    /// <summary>Ends when something has happened since <see cref="Rest"/>.</summary>
    public Task Woken => _woken.Task;

    /// <summary>Forgets what has happened; look then, and wait afterwards.</summary>
    public void Rest()
    {
        if (_woken.Task.IsCompleted)
            _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Wake() => _woken.TrySetResult();

    public void Dispose() => tail.Forget(this);
}

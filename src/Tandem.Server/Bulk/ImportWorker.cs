using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Threading.Channels;
using Tandem.Contracts.Bulk;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;

namespace Tandem.Server.Bulk;

/// <summary>
/// Works on imports in the background: a few at a time, each row by row and no more than half of the time, so that nobody
/// else waits for it. What each row came to is stored with the row's referral, so whoever takes over after a stop or a
/// crash goes on with the next row, and no row is stored twice.
/// </summary>
internal sealed class ImportWorker(
    ImportStore imports, Importer importer, OrganizationDirectory directory, TimeProvider clock, ILogger<ImportWorker> logger) : BackgroundService
{
    private const int MostImports = 3;
    private const int BatchSize = 50;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan BetweenPrunings = TimeSpan.FromHours(1);

    private readonly Guid _node = Guid.NewGuid();
    private readonly ConcurrentDictionary<Guid, Task> _running = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private DateTimeOffset _pruned;

    /// <summary>There is something to do.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Look(stoppingToken);
        }
        finally
        {
            await Task.WhenAll(_running.Values);
        }
    }

    private async Task Look(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                foreach (var id in await imports.Lease(_node, [.. _running.Keys], MostImports - _running.Count, cancellation))
                {
                    if (!_running.ContainsKey(id))
                        Begin(id, cancellation);
                }

                if (clock.GetUtcNow() - _pruned > BetweenPrunings)
                {
                    _pruned = clock.GetUtcNow();
                    await imports.Prune(_pruned, cancellation);
                }
            }
            catch (Exception failure) when (failure is DbException or DatabaseAwayException or ChannelClosedException)
            {
                logger.LogWarning("Looking for imports failed and is tried again: {Reason}", failure.Message);
            }

            using var look = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            look.CancelAfter(BetweenLooks);
            await ((Task)_wake.Reader.WaitToReadAsync(look.Token).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _wake.Reader.TryRead(out _);
        }
    }

    // Not before it stands among those that run, from which it takes itself at its end.
    private void Begin(Guid id, CancellationToken cancellation)
    {
        var listed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running[id] = Work(id, listed.Task, cancellation);
        listed.SetResult();
    }

    private async Task Work(Guid id, Task listed, CancellationToken cancellation)
    {
        await listed;
        try
        {
            while (await imports.Find(id, cancellation) is { IsAtWork: true } import && await Advance(import, cancellation))
            {
            }
        }
        catch (OperationCanceledException)
        {
            logger.LogInformation("Import {Import} is interrupted and goes on when a server does.", id);
        }
        catch (Exception failure) when (failure is DbException or DatabaseAwayException or ChannelClosedException)
        {
            logger.LogWarning("Import {Import} is interrupted and tried again: {Reason}", id, failure.Message);
        }
        catch (Exception failure)
        {
            // A fault of ours, which would come again with every attempt: the import ends, and says so.
            logger.LogError(failure, "Import {Import} failed.", id);
            await Fail(id);
        }
        finally
        {
            _running.TryRemove(id, out _);
            await Release(id);
        }
    }

    private async Task Fail(Guid id)
    {
        if (await imports.Find(id, CancellationToken.None) is not { IsAtWork: true } import)
            return;
        await imports.MoveTo(import, import.State == ImportState.Undoing ? ImportState.Undone : ImportState.Done,
            "The server failed; what was stored until then is stored, and its log has the details.", null, CancellationToken.None);
    }

    private async Task Release(Guid id)
    {
        try
        {
            await imports.Release(_node, id, CancellationToken.None);
            Wake();
        }
        catch (Exception failure) when (failure is DbException or DatabaseAwayException or ChannelClosedException)
        {
            logger.LogWarning("The right to work on import {Import} was not given back, and ends by itself: {Reason}", id, failure.Message);
        }
    }

    /// <summary>Does some rows; false when there is nothing more to do.</summary>
    private async Task<bool> Advance(StoredImport import, CancellationToken cancellation)
    {
        if (ImportCaller.Now(import.Caller, directory.Current) is not { } caller)
        {
            const string Ended = "The person who sent the file has no access to referrals any more; what was stored until then is stored.";
            await imports.MoveTo(import, import.State == ImportState.Undoing ? ImportState.Undone : ImportState.Done, Ended, null, cancellation);
            return false;
        }

        var (rows, done) = import.State switch
        {
            ImportState.Checking => (await imports.Unchecked(import, BatchSize, cancellation), ImportState.Ready),
            ImportState.Running => (await imports.Next(import.Id, ImportRowState.Ready, fromEnd: false, BatchSize, cancellation), ImportState.Done),
            _ => (await imports.Next(import.Id, ImportRowState.Stored, fromEnd: true, BatchSize, cancellation), ImportState.Undone),
        };
        if (rows.Count == 0)
        {
            await imports.MoveTo(import, done, null, null, cancellation);
            return false;
        }

        var began = Stopwatch.GetTimestamp();
        if (import.State == ImportState.Checking)
            await Check(import, rows, caller, cancellation);
        else
            await Write(import, rows, caller, cancellation);
        // As long as it worked, it rests.
        await Task.Delay(Stopwatch.GetElapsedTime(began), cancellation);
        return true;
    }

    private async Task Check(StoredImport import, List<StoredImportRow> rows, Caller caller, CancellationToken cancellation)
    {
        var named = await imports.Named(import, cancellation);
        var found = new List<StoredImportRow>(rows.Count);
        foreach (var row in rows)
            found.Add(await importer.Check(import, row, caller, named, cancellation));
        await imports.Checked(import, found, cancellation);
    }

    private async Task Write(StoredImport import, List<StoredImportRow> rows, Caller caller, CancellationToken cancellation)
    {
        foreach (var row in rows)
        {
            // A row that has begun ends: a server that stops waits for one row.
            cancellation.ThrowIfCancellationRequested();
            if (import.State == ImportState.Running)
                await importer.Store(import, row, caller, CancellationToken.None);
            else
                await importer.Undo(import, row, caller, CancellationToken.None);
        }
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;

namespace Tandem.FailoverLoad;

/// <summary>What the clients saw, and when.</summary>
internal sealed class Tally
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public TimeSpan Now => _clock.Elapsed;

    public ConcurrentQueue<TimeSpan> Writes { get; } = new();

    public ConcurrentQueue<TimeSpan> Reads { get; } = new();

    /// <summary>Answers 503 that say that nothing was stored, or that read.</summary>
    public ConcurrentQueue<TimeSpan> Refused { get; } = new();

    /// <summary>Answers 503 that say that the write may be stored.</summary>
    public ConcurrentQueue<TimeSpan> Unknown { get; } = new();

    public ConcurrentQueue<TimeSpan> Unanswered { get; } = new();

    /// <summary>What should not have happened.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    /// <summary>Referrals by the key they were created with, as acknowledged.</summary>
    public ConcurrentDictionary<string, string> Created { get; } = new();

    /// <summary>Referral and entity tag of each acknowledged write.</summary>
    public ConcurrentQueue<(string Id, string ETag)> Acknowledged { get; } = new();

    /// <summary>Creations that were sent again after an unknown outcome.</summary>
    public int CreatedAgain;

    /// <summary>Updates that were sent again after an unknown outcome.</summary>
    public int UpdatedAgain;

    /// <summary>Those of them that the 412 showed to have been stored the first time.</summary>
    public int WereStored;

    public void Acknowledge(string id, string tag)
    {
        Acknowledged.Enqueue((id, tag));
        Writes.Enqueue(Now);
    }

    /// <summary>The longest time without an event, of the times that touch a period.</summary>
    public static TimeSpan Gap(IEnumerable<TimeSpan> events, TimeSpan from, TimeSpan to)
    {
        var (longest, last) = (TimeSpan.Zero, TimeSpan.Zero);
        foreach (var at in events.Order())
        {
            if (at > from && last < to && at - last > longest)
                longest = at - last;
            last = at;
        }

        return longest;
    }

    public static int Count(IEnumerable<TimeSpan> events, TimeSpan from, TimeSpan to) => events.Count(e => e >= from && e < to);
}

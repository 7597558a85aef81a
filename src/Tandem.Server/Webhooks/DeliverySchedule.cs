using Tandem.Contracts.Webhooks;

namespace Tandem.Server.Webhooks;

/// <summary>What follows from an attempt.</summary>
/// <param name="State">The delivery's new state.</param>
/// <param name="Wait">Until the next attempt; zero when there is none.</param>
internal readonly record struct NextStep(DeliveryState State, TimeSpan Wait);

/// <summary>When a delivery is tried again (W36–W38). Pure.</summary>
internal static class DeliverySchedule
{
    public const int MostAttempts = 10;

    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <param name="attempts">Attempts so far, this one included.</param>
    /// <param name="status">HTTP status of the answer; null when there was none.</param>
    /// <param name="retryAfter">What the receiver asked for.</param>
    public static NextStep After(int attempts, int? status, TimeSpan? retryAfter, Random random)
    {
        if (status is >= 200 and < 300)
            return new(DeliveryState.Delivered, TimeSpan.Zero);
        if (status == StatusCodes.Status410Gone || attempts >= MostAttempts)
            return new(DeliveryState.Failed, TimeSpan.Zero);

        var doubled = First * Math.Pow(2, attempts - 1);
        // Up to a fifth later, so that what failed together is not tried together; an hour is an hour all the same.
        var wait = doubled * (1 + (random.NextDouble() / 5));
        if (retryAfter > wait)
            wait = retryAfter.Value;
        return new(DeliveryState.Pending, wait < Longest ? wait : Longest);
    }
}

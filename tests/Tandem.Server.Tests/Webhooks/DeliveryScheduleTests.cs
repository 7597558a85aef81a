using Tandem.Contracts.Webhooks;
using Tandem.Server.Webhooks;

namespace Tandem.Server.Tests.Webhooks;

/// <summary>When an event is tried again: a table, and what holds for every cell.</summary>
public sealed class DeliveryScheduleTests
{
    // Attempts so far, and the seconds after which the next one is due at the earliest; jitter adds up to a fifth.
    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 20)]
    [InlineData(3, 40)]
    [InlineData(4, 80)]
    [InlineData(5, 160)]
    [InlineData(6, 320)]
    [InlineData(7, 640)]
    [InlineData(8, 1280)]
    [InlineData(9, 2560)]
    public void The_wait_doubles_from_ten_seconds_with_jitter(int attempts, int seconds) // W37, W38
    {
        var waits = Enumerable.Range(0, 200)
            .Select(seed => DeliverySchedule.After(attempts, 500, null, new Random(seed)))
            .ToList();
        Assert.All(waits, w => Assert.Equal(DeliveryState.Pending, w.State));
        Assert.All(waits, w => Assert.InRange(w.Wait.TotalSeconds, seconds, Math.Min(seconds * 1.2, 3600)));
        Assert.True(waits.Select(w => w.Wait).Distinct().Count() > 100);
    }

    [Theory]
    [InlineData(1, 200, DeliveryState.Delivered)] // W36
    [InlineData(1, 204, DeliveryState.Delivered)]
    [InlineData(10, 299, DeliveryState.Delivered)]
    [InlineData(1, 199, DeliveryState.Pending)]
    [InlineData(1, 301, DeliveryState.Pending)]
    [InlineData(1, 307, DeliveryState.Pending)]
    [InlineData(1, 404, DeliveryState.Pending)]
    [InlineData(1, null, DeliveryState.Pending)]
    [InlineData(9, 500, DeliveryState.Pending)]
    [InlineData(10, 500, DeliveryState.Failed)] // W37
    [InlineData(10, null, DeliveryState.Failed)]
    [InlineData(1, 410, DeliveryState.Failed)] // W38
    public void The_answer_decides_what_becomes_of_it(int attempts, int? status, DeliveryState expected)
    {
        var step = DeliverySchedule.After(attempts, status, null, new Random(1));
        Assert.Equal(expected, step.State);
        Assert.Equal(expected == DeliveryState.Pending, step.Wait > TimeSpan.Zero);
    }

    [Theory]
    [InlineData(1, 90, 90)]
    [InlineData(1, 3600, 3600)]
    [InlineData(1, 90_000, 3600)]
    [InlineData(1, 3, 10)]
    [InlineData(1, -5, 10)]
    [InlineData(9, 60, 2560)]
    public void The_receiver_may_ask_for_a_longer_wait_of_an_hour_at_most(int attempts, int asked, int seconds) // W38
    {
        var step = DeliverySchedule.After(attempts, 503, TimeSpan.FromSeconds(asked), new Random(1));
        Assert.InRange(step.Wait.TotalSeconds, seconds, Math.Min(seconds * 1.2, 3600));
    }
}

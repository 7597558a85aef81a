using Tandem.Client;

namespace Tandem.Web.Notifications;

/// <summary>Marks notices as read, and lets the bell and the page of the same browser know.</summary>
internal sealed class NoticeMarks(TandemClient tandem)
{
    /// <summary>Raised when something was marked.</summary>
    public event Func<Task>? Marked;

    public async Task Mark(Guid id)
    {
        await tandem.Notices.MarkReadAsync(id);
        await Tell();
    }

    public async Task MarkAll()
    {
        await tandem.Notices.MarkAllReadAsync();
        await Tell();
    }

    private Task Tell() => Task.WhenAll((Marked?.GetInvocationList() ?? []).Cast<Func<Task>>().Select(hear => hear()));
}

namespace Tandem.Web.Shared;

/// <summary>
/// A search that is being typed. Each letter is kept where it was typed, whatever the server does meanwhile; what is
/// searched for follows once the typing pauses, and stands in the address.
/// </summary>
public sealed class Typing : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _leaving = new();
    private string _searched = "";
    private string _seen = "";
    private int _letters;

    /// <summary>What stands in the field.</summary>
    public string Text { get; set; } = "";

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <summary>What is being typed stands, unless the address was changed by something else than the typing.</summary>
    public void Follow(string searched)
    {
        if (searched == _seen)
            return;
        _seen = searched;
        if (_seen != _searched)
            Text = _searched = _seen;
    }

    /// <summary>Waits for a pause and answers what to search for; null when the typing goes on, or the page was left.</summary>
    /// <param name="clock">By which it waits.</param>
    /// <param name="fewest">Letters that a search begins with; fewer search for nothing.</param>
    public async Task<string?> Paused(TimeProvider clock, int fewest = 1)
    {
        var letters = ++_letters;
        try
        {
            await Task.Delay(Pause, clock, _leaving.Token);
        }
        catch (OperationCanceledException)
        {
            // The page was left; there is nothing to search.
            return null;
        }

        var text = Text.Trim();
        return letters == _letters ? _searched = text.Length < fewest ? "" : text : null;
    }
}

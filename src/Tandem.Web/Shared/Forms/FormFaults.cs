using Tandem.Client;

namespace Tandem.Web.Shared.Forms;

/// <summary>What is wrong with a form, at its fields where that is known.</summary>
/// <param name="fields">The properties that have a field of their own, as the API names them.</param>
public sealed class FormFaults(IReadOnlyList<string> fields)
{
    private readonly Dictionary<string, string> _faults = [];

    public string? this[string field] => _faults.GetValueOrDefault(field);

    /// <summary>What belongs to no field.</summary>
    public List<string> Others { get; } = [];

    public int Count => _faults.Count + Others.Count;

    public void Clear()
    {
        _faults.Clear();
        Others.Clear();
    }

    public void Add(string field, string text) => _faults.TryAdd(field, text);

    /// <summary>Takes what the API said. Beside the first fault it names the property in the text only.</summary>
    public void Add(TandemException refusal)
    {
        if (refusal.Faults.Count == 0)
            Place(refusal.Target, refusal.InnerCode ?? $"{refusal.Status}", refusal.Message);
        foreach (var fault in refusal.Faults)
            Place(fault.Target, fault.Code, fault.Message.Length > 0 ? fault.Message : refusal.Message);
    }

    private void Place(string? target, string code, string message)
    {
        // A path of several parts is no word of a sentence.
        var field = Find(target) ?? Find(message.Split(' ')[0])
            ?? fields.Where(f => f.Contains('.', StringComparison.Ordinal) && message.Contains(f, StringComparison.Ordinal)).MaxBy(f => f.Length);
        if (field is null)
            Others.Add(ApiFaults.Say(code, message));
        else
            Add(field, ApiFaults.Say(code, message));
    }

    // What is said of a part belongs to the nearest field around it.
    private string? Find(string? target) => target is null ? null : fields
        .Where(f => target.Equals(f, StringComparison.OrdinalIgnoreCase)
            || (target.StartsWith(f, StringComparison.OrdinalIgnoreCase) && target[f.Length] is '.' or '['))
        .MaxBy(f => f.Length);
}

using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using Tandem.Contracts.ValueLists;
using Tandem.Web.Shared;

namespace Tandem.Web.Referrals;

/// <summary>One property of a draft, as a labelled field with the server's complaint below it.</summary>
public sealed partial class FieldEditor
{
    /// <summary>Which property.</summary>
    [Parameter, EditorRequired]
    public EditField Field { get; set; } = null!;

    /// <summary>Whose property.</summary>
    [Parameter, EditorRequired]
    public Draft Draft { get; set; } = null!;

    /// <summary>What the server found wrong with it.</summary>
    [Parameter]
    public string? Fault { get; set; }

    /// <summary>The draft has another value now.</summary>
    [Parameter]
    public EventCallback Changed { get; set; }

    private string Id => $"edit-{Field.Path.Replace('.', '-')}";

    private string? FaultId => Fault is null ? null : $"{Id}-fault";

    private string? IsInvalid => Fault is null ? null : "true";

    private string Type => Field.Kind switch
    {
        EditKind.Number => "number",
        EditKind.Day => "date",
        _ => "text",
    };

    private string Value => Field.Kind == EditKind.Day && Draft.Text(Field.Path) is { Length: >= 10 } time ? time[..10] : Draft.Text(Field.Path);

    private IEnumerable<string> Options
    {
        get
        {
            var known = Field.Kind == EditKind.Stage ? SalesStages.All : SuggestedValues.CustomerSizes;
            return Value.Length == 0 || known.Contains(Value) ? known : known.Append(Value);
        }
    }

    private string NameOf(string option) => Field.Kind == EditKind.Stage ? Values.Stage(option) : Text.Size(option);

    private Task Take(ChangeEventArgs change)
    {
        var text = change.Value as string ?? "";
        // Another day is another day at its beginning; the same one keeps the time of day that it has.
        if (Field.Kind != EditKind.Day || text != Value)
            Draft.Set(Field.Path, Read(text));
        return Changed.InvokeAsync();
    }

    // Who empties a field means that there is none.
    private JsonNode? Read(string text) => Field.Kind switch
    {
        EditKind.Number => decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out var number) ? Json(number) : null,
        EditKind.Day => text.Length > 0 ? JsonValue.Create($"{text}T00:00:00Z") : null,
        _ => text.Length > 0 ? JsonValue.Create(text) : null,
    };

    private static JsonNode? Json(decimal number) => JsonNode.Parse(number.ToString(CultureInfo.InvariantCulture));
}

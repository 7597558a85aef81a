using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Web.Shared;

namespace Tandem.Web.Referrals;

/// <summary>Two people have changed the same properties: what was there, mine and theirs, and a choice for each.</summary>
public sealed partial class ConflictDialog
{
    private ElementReference _dialog;

    /// <summary>What to choose between.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<Conflict> Conflicts { get; set; } = [];

    /// <summary>Each conflict has its choice.</summary>
    [Parameter]
    public EventCallback Merge { get; set; }

    /// <summary>Back to the form, with nothing lost.</summary>
    [Parameter]
    public EventCallback Cancel { get; set; }

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
            await Script.InvokeVoidAsync("tandem.showDialog", _dialog);
    }

    private static IEnumerable<(ConflictChoice Choice, JsonNode? Value)> ChoicesOf(Conflict conflict)
    {
        yield return (ConflictChoice.Mine, conflict.Mine);
        yield return (ConflictChoice.Theirs, conflict.Theirs);
        if (conflict.Both is not null)
            yield return (ConflictChoice.Both, conflict.Both);
    }

    private string Show(Conflict conflict, JsonNode? value)
    {
        var text = EditField.Of(conflict.Path).Kind switch
        {
            _ when value is JsonArray list => string.Join(", ", list.OfType<JsonObject>().Select(NameOf)),
            EditKind.Number when value is not null => Viewer.Money((decimal)value, null),
            EditKind.Day when value is not null => Viewer.Day(DateTimeOffset.Parse(value.ToString(), CultureInfo.InvariantCulture)),
            EditKind.Stage => Values.Stage(value?.ToString()),
            _ => value?.ToString(),
        };
        return string.IsNullOrEmpty(text) ? Text["Nothing"] : text;
    }

    private static string NameOf(JsonObject element) => element.ContainsKey("email") || element.ContainsKey("firstName")
        ? $"{element["firstName"]} {element["lastName"]} {element["email"]}".Trim()
        : $"{element["name"]} {element["id"]}".Trim();
}

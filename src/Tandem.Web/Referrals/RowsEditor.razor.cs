using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;

namespace Tandem.Web.Referrals;

/// <summary>People or solutions of a draft, a row each. What a row has beside the columns stays as it is.</summary>
public sealed partial class RowsEditor
{
    private static readonly string[] OfMembers = ["firstName", "lastName", "email", "phoneNumber", "title"];
    private static readonly string[] OfSolutions = ["id", "name", "quantity", "price", "currency"];

    /// <summary>Which list.</summary>
    [Parameter, EditorRequired]
    public EditField Field { get; set; } = null!;

    /// <summary>Whose list.</summary>
    [Parameter, EditorRequired]
    public Draft Draft { get; set; } = null!;

    /// <summary>The draft has another value now.</summary>
    [Parameter]
    public EventCallback Changed { get; set; }

    private string Id => $"edit-{Field.Path.Replace('.', '-')}";

    private string[] Columns => Field.Kind == EditKind.Members ? OfMembers : OfSolutions;

    private IEnumerable<JsonObject> Rows => Draft.Get(Field.Path) is JsonArray rows ? rows.OfType<JsonObject>() : [];

    private static bool IsNumber(string column) => column is "quantity" or "price";

    private Task Take(int index, string column, ChangeEventArgs change) => Change(rows =>
    {
        var text = (change.Value as string ?? "").Trim();
        rows[index]![column] = text.Length == 0 ? null
            : IsNumber(column) && decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out var number)
                ? JsonNode.Parse(number.ToString(CultureInfo.InvariantCulture))
            : JsonValue.Create(text);
    });

    private Task Remove(int index) => Change(rows => rows.RemoveAt(index));

    private Task Add() => Change(rows => rows.Add((JsonNode)(Field.Kind == EditKind.Members ? new JsonObject() : new JsonObject { ["type"] = "Name" })));

    private Task Change(Action<JsonArray> change)
    {
        var rows = new JsonArray([.. Rows.Select(r => r.DeepClone())]);
        change(rows);
        Draft.Set(Field.Path, rows);
        return Changed.InvokeAsync();
    }
}

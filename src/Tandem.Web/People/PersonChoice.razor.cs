using System.Net;
using Microsoft.AspNetCore.Components;
using Tandem.Client;
using Tandem.Web.Shared;

namespace Tandem.Web.People;

/// <summary>A field that takes a person of an organization, by name or address.</summary>
public sealed partial class PersonChoice : IDisposable
{
    private const int MostOffered = 20;

    private readonly CancellationTokenSource _leaving = new();
    private readonly Typing _typing = new();
    private IReadOnlyList<Offer> _offers = [];
    private string? _shown;
    private string? _fault;

    /// <summary>Id of the control.</summary>
    [Parameter, EditorRequired]
    public string Id { get; set; } = "";

    /// <summary>Name of the field.</summary>
    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    /// <summary>What stands there for nobody.</summary>
    [Parameter]
    public string? Empty { get; set; }

    /// <summary>Whose people.</summary>
    [Parameter, EditorRequired]
    public string Organization { get; set; } = "";

    /// <summary>Others who may be meant, such as an operator, by id and name; offered before anything is typed.</summary>
    [Parameter]
    public IReadOnlyDictionary<string, string> Known { get; set; } = new Dictionary<string, string>();

    /// <summary>Id of who is chosen; null for nobody.</summary>
    [Parameter]
    public string? Value { get; set; }

    /// <summary>Called with who was chosen.</summary>
    [Parameter]
    public EventCallback<string?> ValueChanged { get; set; }

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    /// <inheritdoc />
    public void Dispose()
    {
        _typing.Dispose();
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        if (_typing.Text.Length == 0)
            _offers = [.. KnownLike("")];
        if (Value == _shown)
            return;
        (_shown, _fault) = (Value, null);
        _typing.Text = Value is null ? "" : Known.GetValueOrDefault(Value) ?? await Find(Value) ?? Value;
    }

    private async Task Typed()
    {
        _fault = null;
        // Emptied, or chosen from what is offered.
        if (await Take())
            return;
        if (await _typing.Paused(Clock) is { } searched && await Search(searched))
            await Take();
    }

    // Whoever leaves the field with part of a name means the only one it fits.
    private async Task Leave()
    {
        if (await Take() || !await Search(_typing.Text.Trim()) || await Take())
            return;
        if (_offers is [var only])
            await Choose(only);
        else
            _fault = Text["PersonUnknown"];
    }

    private async Task<bool> Take()
    {
        var text = _typing.Text.Trim();
        if (text.Length == 0)
        {
            await Choose(null);
            return true;
        }

        if (_offers.FirstOrDefault(o => text.Equals(o.Written, StringComparison.CurrentCultureIgnoreCase)) is not { } meant)
            return false;
        await Choose(meant);
        return true;
    }

    private async Task Choose(Offer? offer)
    {
        if (offer is not null)
            _typing.Text = offer.Written;
        if (offer?.Id == _shown)
            return;
        _shown = offer?.Id;
        await ValueChanged.InvokeAsync(_shown);
    }

    private async Task<bool> Search(string text)
    {
        try
        {
            var people = (await Tandem.Administration.ListUsersPageAsync(Organization, text, top: MostOffered, cancellation: _leaving.Token)).Value
                .Select(p => new Offer($"{p.Id}", p.Email, p.Name)).ToList();
            _offers = [.. people, .. KnownLike(text).Where(k => !people.Exists(p => p.Id == k.Id))];
            return true;
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException)
        {
            _fault = Text["PeopleUnreachable"];
            return false;
        }
    }

    private async Task<string?> Find(string id)
    {
        try
        {
            return Guid.TryParse(id, out var person) ? (await Tandem.Administration.GetUserAsync(Organization, person, _leaving.Token)).Email : null;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or TandemException { Status: HttpStatusCode.NotFound })
        {
            // Nobody of this organization: the id has to do.
            return null;
        }
    }

    private IEnumerable<Offer> KnownLike(string text) => Known
        .Where(k => k.Value.Contains(text, StringComparison.CurrentCultureIgnoreCase)).Select(k => new Offer(k.Key, k.Value, k.Value));

    /// <summary>Somebody who may be meant.</summary>
    /// <param name="Id">Who it is.</param>
    /// <param name="Written">What stands in the field for him.</param>
    /// <param name="Name">What he is called.</param>
    private sealed record Offer(string Id, string Written, string Name);
}

using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Web.Shared.Forms;

namespace Tandem.Web.Administration;

/// <summary>The locations or the solutions of an organization: added, changed, and removed after a question.</summary>
public sealed partial class ProfilesCard
{
    private const int FewEnough = 10;
    private const int MostShown = 100;

    private readonly Attempt _attempt = new("name", "mpnId", "contactEmail", "id");
    private ElementReference _title;
    private ElementReference _fields;
    private Form? _form;
    private Profile? _removing;
    private string _search = "";
    private string? _said;
    private bool _hasOpened;

    /// <summary>Which of the two.</summary>
    [Parameter, EditorRequired]
    public ProfileKind Kind { get; set; }

    /// <summary>All of them.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<Profile> Profiles { get; set; } = [];

    /// <summary>Stores a new or changed one.</summary>
    [Parameter, EditorRequired]
    public Func<Profile, Task> Save { get; set; } = null!;

    /// <summary>Removes one.</summary>
    [Parameter, EditorRequired]
    public Func<Profile, Task> Delete { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    // Two of these stand on one page.
    private string Prefix => Kind == ProfileKind.Location ? "location" : "solution";

    private IEnumerable<Profile> Matches => Profiles.Where(p => _search.Trim() is not { Length: > 0 } search
        || new[] { p.Name, p.Id, p.MpnId }.Any(t => t?.Contains(search, StringComparison.CurrentCultureIgnoreCase) == true));

    private IEnumerable<Profile> Shown => Matches.Take(MostShown);

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_hasOpened)
            return;
        _hasOpened = false;
        await Script.InvokeVoidAsync("tandem.focusFirst", _fields);
    }

    private void Open(Profile? known)
    {
        _attempt.Clear();
        (_form, _said, _hasOpened) = (new Form(known), null, true);
    }

    private async Task Close()
    {
        _attempt.Clear();
        _form = null;
        await _title.FocusAsync();
    }

    private async Task Submit()
    {
        var form = _form!;
        var id = form.Known?.Id ?? form.Id ?? (Kind == ProfileKind.Location ? form.NewId : "");
        if (!await _attempt.Make(() => Save(new Profile(id, form.Name!, form.MpnId, form.ContactEmail)), Check))
            return;
        (_form, _said) = (null, Text["SavedNamed", form.Name!]);
        await _title.FocusAsync();

        void Check(FormFaults faults)
        {
            if (form.Name is null)
                faults.Add("name", Text["NameMissing"]);
            if (form.Known is not null)
                return;
            if (id.Length == 0)
                faults.Add("id", Text["IdMissing"]);
            // The API would change that one.
            else if (Profiles.FirstOrDefault(p => p.Id.Equals(id, StringComparison.OrdinalIgnoreCase)) is { } taken)
                faults.Add("id", Text["IdTaken", taken.Name]);
        }
    }

    private async Task Remove(Profile doomed)
    {
        (_removing, _said) = (null, null);
        if (!await _attempt.Make(() => Delete(doomed)))
            return;
        _said = Text["Removed", doomed.Name];
        // The button that was pressed is gone.
        await _title.FocusAsync();
    }

    private sealed class Form(Profile? known)
    {
        public Profile? Known => known;

        public string? Name { get; set; } = known?.Name;

        public string? MpnId { get; set; } = known?.MpnId;

        public string? ContactEmail { get; set; } = known?.ContactEmail;

        public string? Id { get; set; }

        // Stays the same when the same form is sent again.
        public string NewId { get; } = Guid.NewGuid().ToString();
    }
}

using System.Net;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Web.Shared;
using Tandem.Web.SignIn;

namespace Tandem.Web.Referrals;

/// <summary>
/// A part of a referral that is read, and edited in place. What was changed is sent with the tag that was read; if somebody
/// else was faster, his changes and these are merged, and what both have changed is the person's choice.
/// </summary>
public sealed partial class EditSection
{
    private ElementReference _edit;
    private ElementReference _form;
    private Draft? _draft;
    private Referral? _theirs;
    private IReadOnlyList<Conflict> _conflicts = [];
    private Exception? _failure;
    private Focus _focus;
    private bool _isSaving;
    private bool _isMerged;
    private bool _kept;

    private enum Focus
    {
        Stays,
        Form,
        Edit,
    }

    /// <summary>Heading.</summary>
    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    /// <summary>Id of the heading.</summary>
    [Parameter, EditorRequired]
    public string Id { get; set; } = "";

    /// <summary>What is shown.</summary>
    [Parameter, EditorRequired]
    public Referral Referral { get; set; } = null!;

    /// <summary>What may be edited; nothing when empty.</summary>
    [Parameter]
    public IReadOnlyList<EditField> Fields { get; set; } = [];

    /// <summary>The referral as it is after saving.</summary>
    [Parameter]
    public EventCallback<Referral> Saved { get; set; }

    /// <summary>How it reads.</summary>
    [Parameter, EditorRequired]
    public RenderFragment ChildContent { get; set; } = null!;

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    // What belongs to a field stands there; the rest of what the server said, here.
    private string Complaint => _failure switch
    {
        TandemException told when Fields.Any(f => f.IsAt(told.Target)) => Text["FieldFaults"],
        TandemException told => told.Say(),
        _ => Text["Unreachable"],
    };

    /// <inheritdoc />
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        var focus = _focus;
        _focus = Focus.Stays;
        if (focus == Focus.Form)
            await Script.InvokeVoidAsync("tandem.focusFirst", _form);
        else if (focus == Focus.Edit && Fields.Count > 0)
            await _edit.FocusAsync();
    }

    private string? FaultOf(EditField field)
    {
        if (_failure is not TandemException told)
            return null;
        // The server names the property of the first fault; that of another stands at the beginning of its message.
        var messages = told.Faults.Skip(1).Where(f => f.Target is null ? f.Message.StartsWith(field.Path, StringComparison.Ordinal) : field.IsAt(f.Target))
            .Select(f => ApiFaults.Say(f.Code, f.Message));
        return field.IsAt(told.Target) ? told.Say() : messages.FirstOrDefault();
    }

    private void Edit()
    {
        _draft = new Draft(Referral);
        (_failure, _isMerged, _kept, _focus) = (null, false, false, Focus.Form);
    }

    private void Close()
    {
        (_draft, _theirs, _failure, _focus) = (null, null, null, Focus.Edit);
    }

    private async Task Save()
    {
        if (_isSaving || _draft is null)
            return;
        (_isSaving, _failure) = (true, null);
        try
        {
            var saved = _draft.HasChanges ? await Store(_draft) : Referral;
            if (saved is null)
                return;
            Close();
            // Said when it is so.
            _kept = _isMerged;
            await Saved.InvokeAsync(saved);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException or SignedOutException)
        {
            _failure = failure;
        }
        finally
        {
            _isSaving = false;
        }
    }

    // Null when the person has to choose first.
    private async Task<Referral?> Store(Draft draft)
    {
        while (true)
        {
            try
            {
                return await Tandem.Referrals.MergeAsync(Referral.Id, draft.Patch(), draft.ETag);
            }
            catch (TandemException conflict) when (conflict.Status == HttpStatusCode.PreconditionFailed)
            {
                _theirs = await Tandem.Referrals.GetAsync(Referral.Id);
                _conflicts = draft.Meet(_theirs);
                if (_conflicts.Count > 0)
                    return null;
                draft.Rebase(_theirs, []);
                _isMerged = true;
                if (!draft.HasChanges)
                    return _theirs;
            }
        }
    }

    private async Task Resolve()
    {
        _draft!.Rebase(_theirs!, _conflicts);
        (_conflicts, _isMerged) = ([], true);
        if (_draft.HasChanges)
        {
            await Save();
            return;
        }

        var theirs = _theirs!;
        Close();
        _kept = true;
        await Saved.InvokeAsync(theirs);
    }

    private void KeepEditing() => (_conflicts, _focus) = ([], Focus.Form);
}

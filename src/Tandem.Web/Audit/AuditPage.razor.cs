using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Tandem.Client;
using Tandem.Contracts.Organizations;
using Tandem.Web.Shared;
using Tandem.Web.Shared.Forms;

namespace Tandem.Web.Audit;

/// <summary>
/// Who changed what in the administration, as sentences. What happens to deals stands in their histories and is not
/// repeated here.
/// </summary>
public sealed partial class AuditPage : IDisposable
{
    private readonly CancellationTokenSource _leaving = new();
    private readonly List<AuditEntry> _entries = [];
    private Exception? _failure;
    private bool _hasMore;
    private bool _isReading;

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    private AuditFilter Filter { get; set; } = AuditFilter.None;

    // Who is on the page: an operator, too, who is a person of another organization.
    private Dictionary<string, string> Authors { get; set; } = [];

    private IEnumerable<KeyValuePair<string, string>> Kinds =>
        Enum.GetNames<AuditKind>().Select(kind => KeyValuePair.Create(kind, Text[$"Kind.{kind}"].Value));

    /// <inheritdoc />
    public void Dispose()
    {
        Navigation.LocationChanged -= Read;
        _leaving.Cancel();
        _leaving.Dispose();
    }

    /// <inheritdoc />
    protected override void OnInitialized()
    {
        Filter = AuditFilter.Parse(new Uri(Navigation.Uri));
        Navigation.LocationChanged += Read;
    }

    private void Read(object? sender, LocationChangedEventArgs change)
    {
        Filter = AuditFilter.Parse(new Uri(change.Location));
        _ = InvokeAsync(StateHasChanged);
    }

    private void Choose(AuditFilter filter) => Navigation.NavigateTo(filter.Address);

    private async Task Load(CancellationToken cancellation)
    {
        var page = await Tandem.Administration.ListAuditPageAsync(Viewer.Me.OrganizationId, Filter.Query(), null, cancellation);
        _entries.Clear();
        (_failure, _isReading) = (null, false);
        Take(page);
    }

    private async Task More()
    {
        if (_isReading)
            return;
        var filter = Filter;
        (_isReading, _failure) = (true, null);
        try
        {
            var page = await Tandem.Administration.ListAuditPageAsync(Viewer.Me.OrganizationId, filter.Query(), _entries[^1].Sequence, _leaving.Token);
            // Another choice may have been made meanwhile.
            if (filter == Filter)
                Take(page);
        }
        catch (Exception failure) when (failure is TandemException or HttpRequestException)
        {
            _failure = failure;
        }

        _isReading = false;
    }

    private void Take(AdminPage<AuditEntry> page)
    {
        _entries.AddRange(page.Value);
        Authors = _entries.Where(e => e.ChangedBy.Id is not null).DistinctBy(e => e.ChangedBy.Id).ToDictionary(e => $"{e.ChangedBy.Id}", e => e.ChangedBy.Name);
        _hasMore = page.Next is not null;
    }

    private string Sentence(AuditEntry entry)
    {
        var who = entry.ChangedBy.Id is null ? Text["SetupCommand"].Value : entry.ChangedBy.Name;
        // Of a role, which one and where is part of the sentence.
        return entry.Kind == AuditKind.Role
            ? Text[$"Sentence.{entry.Kind}.{entry.Action}", who, entry.Target, ValueOf(entry, "role"), ValueOf(entry, "mpnId") is { Length: > 0 } location ? location : Text["WholeCompany"].Value]
            : Text[$"Sentence.{entry.Kind}.{entry.Action}", who, entry.Kind == AuditKind.Routing ? Pair(entry.Target) : entry.Target];
    }

    // Solution and country, each of which may be all of them.
    private string Pair(string target)
    {
        var comma = target.LastIndexOf(", ", StringComparison.Ordinal);
        if (comma < 0)
            return target;
        var (solution, country) = (target[..comma], target[(comma + 2)..]);
        return Text["Pair", solution == "*" ? Text["AllSolutions"].Value : solution,
            country == "*" ? Text["AllCountries"].Value : ValueChoices.CountryName(country)];
    }

    private IReadOnlyList<string> Values(AuditEntry entry) => entry.Kind == AuditKind.Role ? [] :
    [
        .. entry.Values.Where(v => !IsSaid(entry, v)).Select(v => (v.Before, v.After) switch
        {
            (null, null) => Text["Renewed", Name(v)].Value,
            (null, var after) => Text["Is", Name(v), Say(after)].Value,
            (var before, null) when entry.Action == AuditAction.Removed => Text["Was", Name(v), Say(before)].Value,
            (var before, null) => Text["Emptied", Name(v), Say(before)].Value,
            var (before, after) => Text["Became", Name(v), Say(before), Say(after)].Value,
        }),
    ];

    // The sentence names what came or went, and whoever comes may sign in.
    private static bool IsSaid(AuditEntry entry, AuditValue value) => entry.Action != AuditAction.Changed
        && (value.Property is "name" or "solutionId" or "country" || value is { Property: "isEnabled", After: "true" });

    private static string ValueOf(AuditEntry entry, string property) =>
        entry.Values.FirstOrDefault(v => v.Property == property) is { } value ? value.After ?? value.Before ?? "" : "";

    private string Name(AuditValue value) => Text[$"Property.{value.Property}"];

    private string Say(string value) => value switch
    {
        "true" => Text["Yes"],
        "false" => Text["No"],
        _ => value,
    };

    private string ClientName(string id) => id == WebOptions.DefaultClientId ? Text["ThesePages"] : id;
}

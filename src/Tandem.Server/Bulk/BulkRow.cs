using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tandem.Contracts.Bulk;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;
using Tandem.Server.Http;

namespace Tandem.Server.Bulk;

/// <summary>
/// A row of a file, read into what the API is asked for: the body of a creation, or the JSON Patch that makes the
/// referral say what the cells say. A cell that says what is there already asks for nothing, and so does a column that
/// the file does not have; an empty cell clears.
/// </summary>
internal sealed class BulkRow
{
    private const string TeamPath = "team";
    private const string ContactPath = "customerProfile.team";
    private const string SolutionPath = "details.requirements.solutions";
    private const string AttributePath = "details.requirements.additionalRequirements.attributes";
    private const string HelpPath = "inviteContext.assistanceRequestCode";

    private readonly IReadOnlyDictionary<string, string> _cells;
    private readonly Referral? _current;
    private readonly Referral _shown;
    private readonly List<(string Path, JsonNode? Value)> _edits = [];
    private readonly List<(string Column, string Path)> _edited = [];

    // The cell that an element of a list came from.
    private readonly Dictionary<string, List<string>> _elements = [];

    private BulkRow(IReadOnlyDictionary<string, string> cells, Referral? current)
    {
        _cells = cells;
        _current = current;
        _shown = current ?? new Referral();
    }

    public List<ImportFault> Faults { get; } = [];

    public bool AsksForNothing => _edits.Count == 0;

    /// <param name="cells">Columns of the layout with what stands in them, without space around.</param>
    /// <param name="current">The referral as its owner sees it; null for a new one.</param>
    public static BulkRow Read(IReadOnlyDictionary<string, string> cells, Referral? current)
    {
        var row = new BulkRow(cells, current);
        if (current is null)
            row.RequireMandatory();
        row.ReadFields();
        row.ReadStatus();
        row.ReadHelp();
        row.ReadIds();
        row.ReadContact();
        row.ReadIntent();
        row.ReadSolutions();
        row.ReadTeam();
        return row;
    }

    /// <summary>What a <c>POST</c> sends.</summary>
    public JsonElement ToBody()
    {
        var asksForHelp = _edits.Exists(e => e.Path == HelpPath);
        var body = new JsonObject
        {
            ["type"] = asksForHelp ? nameof(ReferralType.Shared) : nameof(ReferralType.Independent),
            ["qualification"] = nameof(ReferralQualification.SalesQualified),
            ["customerProfile"] = new JsonObject(),
            ["consent"] = new JsonObject(),
            ["details"] = new JsonObject(),
        };
        foreach (var (path, value) in _edits)
        {
            var names = path.Split('.');
            var owner = body;
            foreach (var name in names[..^1])
                owner = (JsonObject)(owner[name] ??= new JsonObject());
            owner[names[^1]] = value?.DeepClone();
        }

        return Element(body);
    }

    /// <summary>What a <c>PATCH</c> sends.</summary>
    public JsonElement ToPatch() => Patch(_edits);

    /// <summary>The patch that brings back what the edited properties were.</summary>
    public JsonElement ToReverse(ReadOnlySpan<byte> before)
    {
        var document = JsonNode.Parse(before)!;
        return Patch(_edits.Select(e => (e.Path, e.Path.Split('.').Aggregate<string, JsonNode?>(document, (owner, name) => owner?[name]))));
    }

    /// <summary>What the API says against it, at the cells that it is about.</summary>
    public IEnumerable<ImportFault> FaultsOf(Refusal refusal) => new[] { refusal }.Concat(refusal.Others).SelectMany(FaultsOfOne);

    private static JsonElement Patch(IEnumerable<(string Path, JsonNode? Value)> edits) => Element(new JsonArray(
        [.. edits.Select(e => new JsonObject
        {
            ["op"] = "replace",
            ["path"] = $"/{e.Path.Replace('.', '/')}",
            ["value"] = e.Value?.DeepClone(),
        })]));

    private static JsonElement Element(JsonNode node)
    {
        using var document = JsonDocument.Parse(node.ToJsonString());
        return document.RootElement.Clone();
    }

    private void RequireMandatory()
    {
        foreach (var column in BulkLayout.Columns.Where(c => c.IsMandatory && _cells.TryGetValue(c.Name, out var cell) && cell.Length == 0))
            Fail(column.Name, $"{column.Name} must be filled in for a new deal.", "missingProperty");
    }

    private void ReadFields()
    {
        foreach (var field in BulkFields.All)
        {
            if (field is not { Path: { } path, Read: { } read } || !Says(field.Column, out var cell, out var shown))
                continue;
            var value = read(cell);
            if (value.Fault is { } fault)
                Fail(field.Column, $"'{Short(cell)}' {fault}");
            else if (!value.IsNothing && !(value.Value is null && shown.Length == 0))
                Edit(path, value.Value, field.Column);
        }
    }

    // The file's pair of a new deal, New/Accepted, is none of the API's; it means Active/Accepted (B63).
    private void ReadStatus()
    {
        const string Status = "Partner Referral Status", Substatus = "Partner Referral Substatus", Reason = "Declined/Lost/Error reason";
        var (saysStatus, saysSubstatus) = (Says(Status, out var status, out _), Says(Substatus, out var substatus, out _));
        if (saysStatus && status.Length > 0 && !Known<ReferralStatus>(status))
            Fail(Status, $"'{Short(status)}' is no status; write New, Active or Closed.");
        if (saysSubstatus && substatus.Length > 0 && !Known<ReferralSubstatus>(substatus))
            Fail(Substatus, $"'{Short(substatus)}' is no substatus; write {string.Join(", ", Enum.GetNames<ReferralSubstatus>().Skip(1))}.");
        var wanted = Enum.TryParse<ReferralStatus>(status, true, out var s) && Known<ReferralStatus>(status) ? s : _shown.Status;
        var finer = Enum.TryParse<ReferralSubstatus>(substatus, true, out var f) && Known<ReferralSubstatus>(substatus) ? f : _shown.Substatus;
        if ((wanted, finer) == (ReferralStatus.New, ReferralSubstatus.Accepted))
            wanted = ReferralStatus.Active;
        // A new deal is accepted from the start, whatever open status the file asks for (R45).
        if (wanted != _shown.Status && (_current is not null || wanted == ReferralStatus.Closed))
            Edit("status", wanted.ToString(), Status);
        if (finer != _shown.Substatus && (_current is not null || wanted == ReferralStatus.Closed))
            Edit("substatus", finer.ToString(), Substatus);

        if (!Says(Reason, out var reason, out var shown) || (reason.Length == 0 && shown.Length == 0))
            return;
        var reasons = StatusReasons.Of(finer);
        if (!int.TryParse(reason, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            Edit("statusReason", CellText.NullIfEmpty(reason), Reason);
        else if (number >= 1 && number <= reasons.Count)
            Edit("statusReason", reasons[number - 1], Reason);
        else if (reasons.Count == 0)
            Fail(Reason, "A reason by its number goes with the substatus Lost, Declined or Error; leave the cell empty, or write the reason in words.");
        else
            Fail(Reason, $"There is no reason {number} for {finer}; write 1 to {reasons.Count}, or the reason in words.");
    }

    private void ReadHelp()
    {
        const string Required = "Microsoft help required?", Which = "What specific help";
        var (saysRequired, saysWhich) = (Says(Required, out var required, out _), Says(Which, out var which, out _));
        if (!saysRequired && !saysWhich)
            return;
        var wants = BulkFields.Help(_shown) > 0 || (!_cells.ContainsKey(Required) && which.Length > 0);
        if (saysRequired && required.Length > 0 && !CellText.TryBoolean(required, out wants))
        {
            Fail(Required, $"'{Short(required)}' must be Yes or No.");
            return;
        }

        var number = BulkFields.Help(_shown);
        var kinds = SuggestedValues.AssistanceRequests;
        if (saysWhich && which.Length > 0
            && (!int.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number < 1 || number > kinds.Count))
        {
            Fail(Which, $"'{Short(which)}' is no kind of help; write {string.Join(", ", kinds.Select((k, i) => $"{i + 1} {k.Text}"))}.");
            return;
        }

        if (wants && number == 0)
            Fail(Which, $"Help is wanted: write which, {string.Join(", ", kinds.Select((k, i) => $"{i + 1} {k.Text}"))}.");
        else if (wants && number != BulkFields.Help(_shown))
            Edit(HelpPath, kinds[number - 1].Code.ToString(), saysWhich ? Which : Required);
        else if (!wants && BulkFields.Help(_shown) > 0)
            Edit(HelpPath, nameof(AssistanceRequestCode.Unknown), Required);
    }

    private void ReadIds()
    {
        const string Duns = "D-U-N-S ID";
        if (!Says(Duns, out var cell, out _))
            return;
        var others = _shown.CustomerProfile.Ids.Where(i => i.ProfileType != CustomerProfileType.Duns).Select(i => Node(i));
        var own = cell.Length == 0 ? [] : new[] { new JsonObject { ["profileType"] = nameof(CustomerProfileType.Duns), ["id"] = cell } };
        Edit("customerProfile.ids", new JsonArray([.. own, .. others]), Duns);
    }

    private void ReadContact()
    {
        (string Column, string Name)[] parts =
        [
            ("Customer Contact First Name", "firstName"), ("Customer Contact Last Name", "lastName"),
            ("Customer Contact Phone", "phoneNumber"), ("Customer Contact Email", "email"),
        ];
        var said = parts.Where(p => Says(p.Column, out _, out _)).ToList();
        if (said.Count == 0)
            return;
        var team = _shown.CustomerProfile.Team;
        var contact = team.Count > 0 ? (JsonObject)Node(team[0]) : [];
        foreach (var (column, name) in said)
            contact[name] = _cells[column].Length == 0 && name != "email" ? null : _cells[column];
        var isEmpty = parts.All(p => string.IsNullOrEmpty((string?)contact[p.Name]));
        Edit(ContactPath, new JsonArray([.. isEmpty ? [] : new[] { contact }, .. team.Skip(1).Select(m => Node(m))]), [.. said.Select(p => p.Column)]);
    }

    private void ReadIntent()
    {
        const string Intent = "Marketplace Purchase Intent";
        if (!Says(Intent, out var cell, out _))
            return;
        // What is not on the list is the API's to refuse.
        var intent = cell.Length == 0 ? null : BulkFields.ReadIntent(cell) ?? cell;
        var attributes = _shown.Details.Requirements.AdditionalRequirements.Attributes
            .Where(a => a.Type != SuggestedValues.MarketplaceIntentType).Select(a => Node(a));
        var own = intent is null ? [] : new[] { new JsonObject { ["type"] = SuggestedValues.MarketplaceIntentType, ["id"] = intent } };
        Edit(AttributePath, new JsonArray([.. attributes, .. own]), Intent);
    }

    private void ReadSolutions() => ReadList(BulkLayout.Solution, SolutionPath, _shown.Details.Requirements.Solutions, BulkFields.Show,
        (cell, column, current) =>
        {
            var parts = cell.Split(',', StringSplitOptions.TrimEntries);
            var (price, quantity) = (0m, 0m);
            if (parts.Length > 4
                || (parts.ElementAtOrDefault(2) is { Length: > 0 } p && !CellText.TryNumber(p, out price))
                || (parts.ElementAtOrDefault(3) is { Length: > 0 } q && !CellText.TryNumber(q, out quantity)))
            {
                Fail(column, $"'{Short(cell)}' is no solution; write id, currency, price and quantity such as SOL-1234-PQRS, USD, 10, 100.");
                return null;
            }

            var solution = current?.Id == parts[0] ? (JsonObject)Node(current) : new JsonObject
            {
                ["id"] = parts[0],
                ["type"] = SuggestedValues.SolutionCategories.Contains(parts[0]) ? nameof(SolutionType.Category) : nameof(SolutionType.Name),
            };
            solution["currency"] = CellText.NullIfEmpty(parts.ElementAtOrDefault(1));
            solution["price"] = string.IsNullOrEmpty(parts.ElementAtOrDefault(2)) ? null : price;
            solution["quantity"] = string.IsNullOrEmpty(parts.ElementAtOrDefault(3)) ? null : quantity;
            return solution;
        });

    private void ReadTeam() => ReadList(BulkLayout.TeamMember, TeamPath, _shown.Team, BulkFields.Show, (cell, column, _) =>
    {
        var parts = cell.Split(',', StringSplitOptions.TrimEntries);
        // An address alone says who it is, too.
        if (parts is [var only] && only.Contains('@'))
            parts = ["", "", "", only];
        if (parts.Length != 4)
        {
            Fail(column, $"'{Short(cell)}' is no person; write first name, last name, phone and e-mail such as Ann, Lee, 555 0100, ann@contoso.example.");
            return null;
        }

        var known = _shown.Team.Find(m => !string.IsNullOrEmpty(m.Email) && string.Equals(m.Email, parts[3], StringComparison.OrdinalIgnoreCase));
        var member = known is null ? [] : (JsonObject)Node(known);
        (member["firstName"], member["lastName"]) = (CellText.NullIfEmpty(parts[0]), CellText.NullIfEmpty(parts[1]));
        (member["phoneNumber"], member["email"]) = (CellText.NullIfEmpty(parts[2]), parts[3]);
        return member;
    });

    /// <summary>A list whose elements stand in numbered columns: what no column speaks of stays.</summary>
    private void ReadList<T>(
        string series, string path, List<T> current, Func<T, string> show, Func<string, string, T?, JsonObject?> read)
        where T : class
    {
        var (list, columns, changed) = (new JsonArray(), new List<string>(), new List<string>());
        for (var i = 0; i < BulkLayout.MostOfDeal || i < current.Count; i++)
        {
            var column = BulkLayout.Numbered(series, i + 1);
            var element = i < current.Count ? current[i] : null;
            var shown = element is null ? "" : show(element).Trim();
            if (!_cells.TryGetValue(column, out var cell) || CellText.AreAlike(cell, shown))
            {
                if (element is not null)
                {
                    list.Add(Node(element));
                    columns.Add(column);
                }

                continue;
            }

            changed.Add(column);
            if (cell.Length == 0 || read(cell, column, element) is not { } replaced)
                continue;
            list.Add(replaced);
            columns.Add(column);
        }

        if (changed.Count == 0)
            return;
        Edit(path, list, [.. changed]);
        _elements[path] = columns;
    }

    private IEnumerable<ImportFault> FaultsOfOne(Refusal refusal)
    {
        var target = refusal.Target ?? "";
        var columns = ColumnsAt(target);
        if (refusal.InnerCode == "readOnlyProperty" && columns.Count > 0)
        {
            return columns.Select(c => new ImportFault
            {
                Column = c,
                Code = refusal.InnerCode,
                Message = $"{c} cannot be changed any more; put back what was there: {(Shown(c) is { Length: > 0 } was ? was : "nothing")}.",
            });
        }

        // The API speaks of properties; who looks at a cell knows its column.
        return columns.DefaultIfEmpty().Select(c => new ImportFault
        {
            Column = c,
            Code = refusal.InnerCode,
            Message = c is not null && BulkFields.All.Any(f => f.Column == c && f.Path == target)
                ? refusal.Message.Replace(target, c, StringComparison.Ordinal)
                : refusal.Message,
        });
    }

    private List<string> ColumnsAt(string target)
    {
        foreach (var (path, columns) in _elements)
        {
            if (target.StartsWith($"{path}[", StringComparison.Ordinal)
                && int.TryParse(target[(path.Length + 1)..].Split(']')[0], CultureInfo.InvariantCulture, out var index) && index < columns.Count)
                return [columns[index]];
        }

        // Of the cells that ask for something, the nearest; else one that the file has.
        var fields = BulkFields.All.Where(f => f.Path is not null && _cells.ContainsKey(f.Column)).ToList();
        return First(
            fields.Where(f => f.Path == target && _edited.Exists(e => e.Column == f.Column)).Select(f => f.Column),
            _edited.Where(e => e.Path == target).Select(e => e.Column),
            // A pair is refused as a whole.
            _edited.Where(e => target == "status" && e.Path == "substatus").Select(e => e.Column),
            _edited.Where(e => IsAbout(e.Path, target)).Select(e => e.Column),
            fields.Where(f => f.Path == target).Select(f => f.Column).Take(1),
            fields.Where(f => IsAbout(f.Path!, target)).Select(f => f.Column).Take(1));

        static List<string> First(params IEnumerable<string>[] choices) =>
            choices.Select(c => c.Distinct().ToList()).FirstOrDefault(c => c.Count > 0) ?? [];
    }

    private static bool IsAbout(string path, string target) =>
        target == path || target.StartsWith($"{path}.", StringComparison.Ordinal) || target.StartsWith($"{path}[", StringComparison.Ordinal)
        || path.StartsWith($"{target}.", StringComparison.Ordinal) || path.StartsWith($"{target}[", StringComparison.Ordinal);

    /// <summary>Whether the file has the column and says something else there than the referral does.</summary>
    private bool Says(string column, out string cell, out string shown)
    {
        shown = Shown(column);
        return _cells.TryGetValue(column, out cell!) ? !CellText.AreAlike(cell, shown) : (cell = "").Length > 0;
    }

    private string Shown(string column) => _current is null
        ? ""
        : BulkFields.All.FirstOrDefault(f => f.Column == column)?.Show(new BulkDeal(_current))?.Trim() ?? "";

    private void Edit(string path, JsonNode? value, params string[] columns)
    {
        _edits.Add((path, value));
        _edited.AddRange(columns.Select(c => (c, path)));
    }

    private void Fail(string column, string message, string code = "invalidValue") =>
        Faults.Add(new ImportFault { Column = column, Code = code, Message = message });

    private static bool Known<TEnum>(string text)
        where TEnum : struct, Enum => Enum.GetNames<TEnum>().Skip(1).Contains(text, StringComparer.OrdinalIgnoreCase);

    private static JsonNode Node<T>(T value)
        where T : class => JsonSerializer.SerializeToNode(value, ReferralJson.Wire.GetTypeInfo(typeof(T))!)!;

    private static string Short(string cell) => StrictJson.Printable(cell);
}

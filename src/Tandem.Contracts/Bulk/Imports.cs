using System.Text.Json.Serialization;
using Tandem.Contracts.Organizations;

namespace Tandem.Contracts.Bulk;

/// <summary>Where an import stands.</summary>
public enum ImportState
{
    /// <summary>Each row is compared with what is there; nothing is stored.</summary>
    Checking,

    /// <summary>Checked: what each row would do is known.</summary>
    Ready,

    /// <summary>The rows are stored, one after another.</summary>
    Running,

    /// <summary>All rows were tried.</summary>
    Done,

    /// <summary>What it did is taken back, row by row.</summary>
    Undoing,

    /// <summary>Taken back, as far as nobody else had acted.</summary>
    Undone,
}

/// <summary>What a row does.</summary>
public enum ImportAction
{
    /// <summary>Nothing, or nothing is known yet.</summary>
    None,

    /// <summary>Creates a referral.</summary>
    Create,

    /// <summary>Changes the referral that it names.</summary>
    Update,
}

/// <summary>Where a row stands.</summary>
public enum ImportRowState
{
    /// <summary>Not yet checked.</summary>
    Waiting,

    /// <summary>Checked: it can be stored.</summary>
    Ready,

    /// <summary>Says what is there already.</summary>
    Unchanged,

    /// <summary>Has faults; it is left out.</summary>
    Faulty,

    /// <summary>Is stored.</summary>
    Stored,

    /// <summary>Was refused when it was to be stored; the faults say why.</summary>
    Refused,

    /// <summary>Was taken back.</summary>
    Undone,

    /// <summary>Was not taken back; the faults say why.</summary>
    Left,
}

/// <summary>A file with referrals, and what became of its rows. Tandem's bulk API.</summary>
public sealed record Import
{
    /// <summary>Its identity.</summary>
    public required Guid Id { get; init; }

    /// <summary>The file's name as it was sent.</summary>
    public required string FileName { get; init; }

    /// <summary>Where it stands.</summary>
    public required ImportState State { get; init; }

    /// <summary>When the file came, UTC.</summary>
    public required DateTimeOffset CreatedDateTime { get; init; }

    /// <summary>Who sent it; its rows are stored with this person's rights.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>Why it stopped before its end; null when it did not.</summary>
    public string? Problem { get; init; }

    /// <summary>The file's columns, in its order, and what they are taken for.</summary>
    public required IReadOnlyList<ImportColumn> Columns { get; init; }

    /// <summary>How many rows stand where.</summary>
    public required ImportCounts Counts { get; init; }
}

/// <summary>A column of a file.</summary>
public sealed record ImportColumn
{
    /// <summary>What the file calls it.</summary>
    public required string Header { get; init; }

    /// <summary>The column of the bulk layout that it is taken for; null when it is left out.</summary>
    public string? Column { get; init; }
}

/// <summary>What the columns of a file are to be taken for.</summary>
public sealed record ImportMapping
{
    /// <summary>A column of the bulk layout, or null, for each column of the file.</summary>
    public required IReadOnlyList<string?> Columns { get; init; }
}

/// <summary>How many rows of an import stand where.</summary>
public sealed record ImportCounts
{
    /// <summary>All of them.</summary>
    public int Rows { get; init; }

    /// <summary>Not yet checked.</summary>
    public int Waiting { get; init; }

    /// <summary>Would create a referral.</summary>
    public int ToCreate { get; init; }

    /// <summary>Would change a referral.</summary>
    public int ToUpdate { get; init; }

    /// <summary>Say what is there already.</summary>
    public int Unchanged { get; init; }

    /// <summary>Have faults.</summary>
    public int Faulty { get; init; }

    /// <summary>Created a referral.</summary>
    public int Created { get; init; }

    /// <summary>Changed a referral.</summary>
    public int Updated { get; init; }

    /// <summary>Were refused when they were to be stored.</summary>
    public int Refused { get; init; }

    /// <summary>Were taken back.</summary>
    public int Undone { get; init; }

    /// <summary>Were not taken back.</summary>
    public int Left { get; init; }
}

/// <summary>A row of a file and what becomes of it.</summary>
public sealed record ImportRow
{
    /// <summary>Its number in the file; the header is row 1.</summary>
    public required int Number { get; init; }

    /// <summary>Where it stands.</summary>
    public required ImportRowState State { get; init; }

    /// <summary>What it does.</summary>
    public required ImportAction Action { get; init; }

    /// <summary>The deal's name, else the customer's.</summary>
    public required string Label { get; init; }

    /// <summary>The referral that it names or has created.</summary>
    public Guid? ReferralId { get; init; }

    /// <summary>What is wrong, cell by cell.</summary>
    public required IReadOnlyList<ImportFault> Faults { get; init; }

    /// <summary>What it changes, or fills in of a new referral.</summary>
    public required IReadOnlyList<ImportChange> Changes { get; init; }
}

/// <summary>What is wrong with a cell.</summary>
public sealed record ImportFault
{
    /// <summary>The cell's column; null when the row as a whole is at fault.</summary>
    public string? Column { get; init; }

    /// <summary>The API's code for it.</summary>
    public string? Code { get; init; }

    /// <summary>What is wrong, and how to mend it.</summary>
    public required string Message { get; init; }

    /// <summary>The cell's column with what is wrong there, as one sentence.</summary>
    public override string ToString() =>
        Column is null || Message.StartsWith(Column, StringComparison.Ordinal) ? Message : $"{Column}: {Message}";
}

/// <summary>What becomes of a cell.</summary>
public sealed record ImportChange
{
    /// <summary>The column.</summary>
    public required string Column { get; init; }

    /// <summary>What is there; null for nothing.</summary>
    public string? Before { get; init; }

    /// <summary>What will be there; null for nothing.</summary>
    public string? After { get; init; }
}

/// <summary>Some rows of an import.</summary>
public sealed record ImportRowPage
{
    /// <summary>How many there are in all.</summary>
    public required int Count { get; init; }

    /// <summary>The rows, in the order of the file.</summary>
    public required IReadOnlyList<ImportRow> Value { get; init; }
}

/// <summary>Serializer metadata of the bulk API.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Import))]
[JsonSerializable(typeof(ImportMapping))]
[JsonSerializable(typeof(ImportRowPage))]
[JsonSerializable(typeof(AdminPage<Import>))]
[JsonSerializable(typeof(List<ImportColumn>))]
[JsonSerializable(typeof(List<ImportFault>))]
[JsonSerializable(typeof(List<ImportChange>))]
[JsonSerializable(typeof(List<string>))]
public sealed partial class BulkJson : JsonSerializerContext;

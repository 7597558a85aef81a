namespace Tandem.Web.Referrals;

/// <summary>How a property is edited and shown.</summary>
public enum EditKind
{
    Text,
    LongText,
    Number,
    Day,
    Stage,
    Size,
    Members,
    Solutions,
}

/// <summary>A property that a person can edit; its name is the text <c>Property.{Path}</c>.</summary>
public sealed record EditField(string Path, EditKind Kind = EditKind.Text)
{
    public static readonly EditField[] Deal =
    [
        new("name"), new("details.dealValue", EditKind.Number), new("details.currency"), new("details.closingDateTime", EditKind.Day),
        new("salesStage", EditKind.Stage), new("externalReferenceId"), new("campaignId"), new("details.notes", EditKind.LongText),
        new("details.requirements.solutions", EditKind.Solutions),
    ];

    public static readonly EditField Size = new("customerProfile.size", EditKind.Size);
    public static readonly EditField Contacts = new("customerProfile.team", EditKind.Members);
    public static readonly EditField Team = new("team", EditKind.Members);
    public static readonly EditField Message = new("inviteContext.notes", EditKind.LongText);

    private static readonly EditField[] All = [.. Deal, Size, Contacts, Team, Message];

    public bool IsList => Kind is EditKind.Members or EditKind.Solutions;

    public static EditField Of(string path) => Array.Find(All, f => f.Path == path) ?? new EditField(path);

    /// <summary>Whether a fault that the server found is this property's.</summary>
    public bool IsAt(string? target) =>
        target is not null && (target == Path || target.StartsWith($"{Path}[", StringComparison.Ordinal) || target.StartsWith($"{Path}.", StringComparison.Ordinal));
}

using Tandem.Client;

namespace Tandem.Web.Inbox;

/// <summary>What waits for an answer of the person's organization: invitations and leads that nobody accepted or declined.</summary>
internal static class Invitations
{
    /// <summary>So many are shown at once; those that expire last appear when others are answered.</summary>
    public const int MostShown = 100;

    private const string Waiting = "status eq 'New' and direction eq 'Incoming'";

    public static ReferralQuery Shown { get; } = new()
    {
        Filter = Waiting,
        OrderBy = "expirationDateTime asc",
        Top = MostShown,
        Count = true,
    };

    public static ReferralQuery Counted { get; } = new() { Filter = Waiting, Select = "id", Top = 1, Count = true };
}

using System.Text.Json.Nodes;
using Tandem.Client;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;

namespace Tandem.Web.Pipeline;

/// <summary>A column of the board: a state that a card can be moved to, where the rules let it.</summary>
/// <param name="Key">Its name in the page and in the texts.</param>
/// <param name="Pair">The state of the cards in it.</param>
/// <param name="Stage">The sales stage of active deals, as a percentage; null in the other columns.</param>
public sealed record BoardColumn(string Key, StatusPair Pair, string? Stage = null)
{
    // A column of active deals takes those whose stage it names, in either spelling; the first one takes those without a stage
    // too, the last one those that are as good as won.
    private static readonly int[] Percentages = [10, 20, 40, 60, 80];

    public static IReadOnlyList<BoardColumn> All { get; } =
    [
        new("New", new(ReferralStatus.New, ReferralSubstatus.Pending)),
        .. Percentages.Select(p => new BoardColumn($"Active{p}", new(ReferralStatus.Active, ReferralSubstatus.Accepted), $"{p}")),
        .. new[] { ReferralSubstatus.Won, ReferralSubstatus.Lost, ReferralSubstatus.Declined, ReferralSubstatus.Expired, ReferralSubstatus.Error }
            .Select(outcome => new BoardColumn($"{outcome}", new(ReferralStatus.Closed, outcome))),
    ];

    /// <summary>Whether it stands aside, folded, until somebody opens it: outcomes that nobody works on.</summary>
    public bool IsAside => Pair.Status == ReferralStatus.Closed && Pair.Substatus != ReferralSubstatus.Won;

    /// <summary>The stages it holds.</summary>
    public string StageFilter
    {
        get
        {
            var named = string.Join(',', SalesStages.All.Where(s => PercentOf(s) == Stage).Select(ReferralQuery.Quote));
            return Stage == SalesStages.Created ? $"salesStage in ({named}) or salesStage eq null" : $"salesStage in ({named})";
        }
    }

    /// <summary>What its cards match, in the API's terms.</summary>
    public string Filter => Pair.Status switch
    {
        ReferralStatus.Closed => $"substatus eq '{Pair.Substatus}'",
        ReferralStatus.Active => $"status eq 'Active' and ({StageFilter})",
        _ => $"status eq '{Pair.Status}'",
    };

    /// <summary>Those that run out first come first among the unanswered.</summary>
    public string? Order => Pair.Status == ReferralStatus.New ? "expirationDateTime" : null;

    public static BoardColumn Of(StatusPair pair, string? stage) => All.First(c => c.Holds(pair, stage));

    public bool Holds(StatusPair pair, string? stage) => pair.Status == Pair.Status && Pair.Status switch
    {
        ReferralStatus.Closed => pair.Substatus == Pair.Substatus,
        ReferralStatus.Active => PercentOf(stage) == Stage,
        _ => true,
    };

    /// <summary>Why a card cannot be moved here, as a key of the texts; null when it can.</summary>
    public string? WhyNot(DealCard card)
    {
        if (card.Column == this)
            return "Here";
        if (StatusMoves.IsAllowed(card.Pair, Target(card)))
            return null;
        return card.Pair.Status == ReferralStatus.Closed ? "Closed" : "New";
    }

    /// <summary>The change that brings a card here, with the reason of what ends it.</summary>
    public ReferralPatch Move(DealCard card, string? reason)
    {
        var patch = new ReferralPatch();
        var target = Target(card);
        if (target != card.Pair)
            patch.Replace("/status", $"{target.Status}").Replace("/substatus", $"{target.Substatus}");
        if (target.Status == ReferralStatus.Closed)
            patch.Replace("/statusReason", (JsonNode?)reason);
        if (Stage is not null)
            patch.Replace("/salesStage", Stage);
        return patch;
    }

    // Between the columns of active deals only the stage changes.
    private StatusPair Target(DealCard card) => Stage is not null && card.Pair.Status == ReferralStatus.Active ? card.Pair : Pair;

    private static string PercentOf(string? stage) =>
        $"{Percentages.Last(p => p <= Math.Max(Percentages[0], SalesStages.Percentage(stage) ?? 0))}";
}

/// <summary>What a card of the board shows, and what a move of it needs.</summary>
public sealed record DealCard(
    Guid Id, string? Name, string Customer, decimal? Value, string? Currency, DateTimeOffset? Closing, DateTimeOffset? Expires,
    StatusPair Pair, string? Stage, string ETag)
{
    /// <summary>The properties it is made of.</summary>
    public const string Select = "id,name,status,substatus,salesStage,expirationDateTime,eTag,customerProfile/name,"
        + "details/dealValue,details/currency,details/closingDateTime";

    public BoardColumn Column => BoardColumn.Of(Pair, Stage);

    public string Title => string.IsNullOrWhiteSpace(Name) ? Customer : Name;

    public static DealCard Of(Referral referral) => new(
        referral.Id, referral.Name, referral.CustomerProfile.Name, referral.Details.DealValue, referral.Details.Currency,
        referral.Details.ClosingDateTime, referral.ExpirationDateTime, new(referral.Status, referral.Substatus), referral.SalesStage,
        referral.ETag);
}

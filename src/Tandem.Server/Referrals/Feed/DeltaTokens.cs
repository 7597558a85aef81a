using Microsoft.AspNetCore.DataProtection;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals.Feed;

/// <summary>
/// Where a reader of changes is. A round goes from one delta link to the next, over as many pages as it takes; where it
/// ends is settled at its first page, so that each referral is told once.
/// </summary>
internal sealed record DeltaState
{
    public string? Filter { get; init; }

    public string? Select { get; init; }

    /// <summary>Where the round began.</summary>
    public required Tracking From { get; init; }

    /// <summary>Where the round ends; null before its first page.</summary>
    public DeltaEnd? Until { get; init; }

    /// <summary>How far the log has been told.</summary>
    public LogPosition After { get; init; }

    /// <summary>The archived lead that was told last; they come behind the log.</summary>
    public ArchivedLead? Archived { get; init; }
}

/// <summary>The end of a round, in the log and in time.</summary>
internal sealed record DeltaEnd(LogPosition Position, long Time);

/// <summary>A lead and when it left the lists.</summary>
internal sealed record ArchivedLead(long At, Guid Id);

/// <summary>Makes and reads <c>$deltatoken</c>.</summary>
internal sealed class DeltaTokens(IDataProtectionProvider protection)
{
    public const string Option = "$deltatoken";

    private readonly SealedTokens _sealed = new(protection.CreateProtector("Tandem.DeltaTokens.v1"));

    public static Refusal Unknown { get; } = Refusal.Invalid(Option, "invalidDeltaToken",
        "The $deltatoken is not one that this server gave to this caller; read the list again with Prefer: odata.track-changes "
        + "and follow its @odata.deltaLink unchanged.");

    /// <summary>What the caller sees was decided by other roles when the token was made.</summary>
    public static Refusal OtherScope { get; } = Gone("scopeChanged",
        "Your roles, locations or addresses are not what they were when tracking began, so what you see may have changed in any place.");

    /// <summary>The log ends before the token's place: the database is an older copy, or another one.</summary>
    public static Refusal LogIsShorter { get; } = Gone("positionUnknown",
        "The change log ends before the place of this token: the database was restored or reset.");

    public string Write(Caller caller, DeltaState state) => _sealed.Write(caller, json =>
    {
        if (state.Filter is not null)
            json.WriteString("f", state.Filter);
        if (state.Select is not null)
            json.WriteString("s", state.Select);
        state.From.Write(json);
        if (state.Until is not { } until)
            return;
        json.WriteString("up", until.Position.ToString());
        json.WriteNumber("ut", until.Time);
        json.WriteString("ap", state.After.ToString());
        if (state.Archived is { } archived)
        {
            json.WriteNumber("at", archived.At);
            json.WriteString("ai", archived.Id);
        }
    });

    public Outcome<DeltaState> Read(Caller caller, string token)
    {
        if (_sealed.Read(caller, token) is not { } root || Tracking.Read(root) is not { } from)
            return Unknown;
        var state = new DeltaState
        {
            Filter = SealedTokens.Text(root, "f"),
            Select = SealedTokens.Text(root, "s"),
            From = from,
            After = from.Position,
        };
        if (!LogPosition.TryParse(SealedTokens.Text(root, "up"), out var until)
            || !LogPosition.TryParse(SealedTokens.Text(root, "ap"), out var after))
            return state;
        return state with
        {
            Until = new(until, root.GetProperty("ut").GetInt64()),
            After = after,
            Archived = root.TryGetProperty("at", out var at) ? new(at.GetInt64(), root.GetProperty("ai").GetGuid()) : null,
        };
    }

    private static Refusal Gone(string innerCode, string why) => new(StatusCodes.Status410Gone, innerCode, Option,
        $"{why} Read the whole list again with Prefer: odata.track-changes, and drop what it does not hold.");
}

using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;
using Tandem.Server.Engagements;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals;

/// <summary>An update that the rules allow; nothing may have changed.</summary>
internal sealed record Update(ReferralChange Referral)
{
    /// <summary>Unknown properties of the body, which were ignored.</summary>
    public required IReadOnlyList<(string Path, string? Nearest)> Unknown { get; init; }
}

/// <summary>
/// Decides on PUT and PATCH (R69–R83, T3–T9, B20–B28, B36–B40). An array is a JSON Patch; an object merges by
/// presence, whichever verb brought it. Pure.
/// </summary>
internal static class UpdateReferral
{
    // What still moves on a closed referral (R73, B27).
    private static readonly HashSet<string> MovesWhenClosed =
        ["substatus", "statusReason", "favorite", "registrations", "registrationStatus"];

    /// <param name="stored">The caller's own referral, not overdue.</param>
    /// <param name="engagement">Its engagement.</param>
    /// <param name="body">A JSON array or object.</param>
    public static Outcome<Update> Decide(
        StoredReferral stored, Engagement engagement, JsonElement body, DecisionContext context)
    {
        var isPatch = body.ValueKind == JsonValueKind.Array;
        var (before, after) = (stored.Read(), stored.Read());
        var reader = new ContractReader();
        var faults = new List<Refusal>();
        if (isPatch)
        {
            DealRegistrations.CheckPaths(body, faults);
            new JsonPatchReader(reader).Apply(ContractType.Referral, after, body);
        }
        else
        {
            CheckId(body, stored.Id, faults);
            reader.ReadObject(ContractType.Referral, after, body, ReadMode.Merge);
        }

        faults.AddRange(ReferralValidation.ToRefusals(reader.Faults));
        if (faults.Count > 0)
            return Refusal.All(faults);

        ReferralValidation.Normalize(after, before, reader.Taken);
        var fixation = new Fixation(isPatch, faults);
        KeepFixed(before, after, stored, engagement, fixation);
        if (after.InviteContext.AssistanceRequestCode != before.InviteContext.AssistanceRequestCode && stored.IsInvited)
        {
            return Refusal.Forbidden("inviteContext.assistanceRequestCode", null,
                "Your organization was invited into this engagement; only the organization that started it may ask for help or invite others.");
        }

        var from = new StatusPair(before.Status, before.Substatus);
        var to = RequestedPair(before, after, reader.Taken);
        (after.Status, after.Substatus) = (to.Status, to.Substatus);
        if (from != to && !StatusMoves.IsAllowed(from, to))
            return RefuseMove(from, to);

        var changed = ContractType.Referral.Compare(before, after);
        if (before.Status == ReferralStatus.Closed)
        {
            faults.AddRange(changed.Where(path => !MovesWhenClosed.Contains(path)).Select(path => Refusal.Invalid(path, "referralClosed",
                $"The referral is closed as {before.Substatus}; only substatus with statusReason, favorite and registrations may still change. Leave {path} as it is.")));
        }

        var isUpgraded = Upgrade(before, after);
        ReferralValidation.Check(after, faults);
        if (before.Status != ReferralStatus.Closed && DealKinds.IsCosellRequest(after)
            && (isUpgraded || changed.Exists(p => p is "details.requirements.solutions" or "customerProfile.team")))
            ReferralValidation.CheckCosell(after, faults);
        if (faults.Count > 0)
            return Refusal.All(faults);

        ApplyStatus(before, after, context.Now);
        if (isPatch && DealRegistrations.Apply(before, after, stored, engagement, context) is { } notEligible)
            return notEligible;

        var properties = ContractType.Referral.Compare(before, after);
        if (properties.Count > 0 && !reader.Taken.Contains("lastModifiedVia"))
        {
            after.LastModifiedVia = context.Via;
            properties = ContractType.Referral.Compare(before, after);
        }

        return new Update(new ReferralChange
        {
            Before = stored,
            After = after,
            Kind = ReferralChangeKind.Updated,
            Properties = properties,
            CreatorOrganizationId = stored.CreatorOrganizationId,
            CreatorUserId = stored.CreatorUserId,
            Author = ChangeAuthor.Of(context.Caller),
            Via = reader.Taken.Contains("lastModifiedVia") ? after.LastModifiedVia ?? context.Via : context.Via,
            RemindsAt = after.Status == ReferralStatus.New ? stored.RemindsAt : null,
        })
        {
            Unknown = reader.Unknown,
        };
    }

    /// <summary>The server's own change when nobody answered in time (T6, B26).</summary>
    public static ReferralChange Expire(StoredReferral stored, DateTimeOffset now)
    {
        var (before, after) = (stored.Read(), stored.Read());
        (after.Status, after.Substatus) = (ReferralStatus.Closed, ReferralSubstatus.Expired);
        ApplyStatus(before, after, now);
        return ServerChange(stored, ReferralChangeKind.Expired, after) with
        {
            Properties = ContractType.Referral.Compare(before, after),
        };
    }

    /// <summary>Notes in the log that the customer has waited 72 hours for a call (B28); the document stays.</summary>
    public static ReferralChange Remind(StoredReferral stored) =>
        ServerChange(stored, ReferralChangeKind.ReminderDue, stored.Read());

    /// <summary>Why a pair does not follow another, with those that do (R42).</summary>
    public static Refusal RefuseMove(StatusPair from, StatusPair to)
    {
        var why = from.Status == ReferralStatus.Closed && to.Status != ReferralStatus.Closed
            ? " A closed referral is never reopened."
            : "";
        return Refusal.Invalid("status", "invalidStatusTransition",
            $"The status cannot change from {from} to {to}.{why} Allowed from {from}: {string.Join(", ", StatusMoves.AllowedFrom(from.Status))}.");
    }

    /// <summary>A change that nobody asked for.</summary>
    public static ReferralChange ServerChange(StoredReferral stored, ReferralChangeKind kind, Referral after) => new()
    {
        Before = stored,
        After = after,
        Kind = kind,
        Properties = [],
        CreatorOrganizationId = stored.CreatorOrganizationId,
        CreatorUserId = stored.CreatorUserId,
        Author = ChangeAuthor.Server,
    };

    // The body's id is the one server-owned property that is not simply ignored (R71).
    private static void CheckId(JsonElement body, Guid id, List<Refusal> faults)
    {
        foreach (var member in body.EnumerateObject())
        {
            if (string.Equals(member.Name, "id", StringComparison.OrdinalIgnoreCase)
                && member.Value.ValueKind != JsonValueKind.Null
                && (member.Value.ValueKind != JsonValueKind.String || !Guid.TryParse(member.Value.GetString(), out var sent) || sent != id))
            {
                faults.Add(Refusal.Invalid("id", "invalidValue",
                    $"The body's id differs from the path, which names {id}; remove it or send the referral's own."));
                return;
            }
        }
    }

    private static StatusPair RequestedPair(Referral before, Referral after, HashSet<string> taken)
    {
        var changesStatus = after.Status != before.Status;
        var substatus = changesStatus && !taken.Contains("substatus")
            // Closing has no default: the pair with None is refused with the list of outcomes (R43).
            ? StatusMoves.DefaultSubstatus(after.Status) ?? ReferralSubstatus.None
            : after.Substatus;
        return new(after.Status, substatus);
    }

    private static void KeepFixed(
        Referral before, Referral after, StoredReferral stored, Engagement engagement, Fixation fixation)
    {
        var (old, now) = (before.CustomerProfile, after.CustomerProfile);
        now.Name = fixation.Keep("customerProfile.name", old.Name, now.Name, "is fixed once the referral is created");
        now.Address = fixation.Keep("customerProfile.address", old.Address, now.Address, "is fixed once the referral is created");
        now.Ids = fixation.Keep("customerProfile.ids", old.Ids, now.Ids, "is fixed once the referral is created");

        if (before.Consent.ConsentToShareReferralWithMicrosoftSellers && !after.Consent.ConsentToShareReferralWithMicrosoftSellers)
        {
            fixation.Faults.Add(Refusal.Invalid("consent.consentToShareReferralWithMicrosoftSellers", "consentCannotBeRevoked",
                "Microsoft's sellers can see the deal; that cannot be withdrawn. Leave consentToShareReferralWithMicrosoftSellers true."));
        }

        // Once somebody was invited, what the invitation said stays said (R37, R39, B21).
        var helpRequested = DealKinds.IsCosellRequest(before);
        var isSent = helpRequested || stored.IsInvited || engagement.HasInvited(stored);
        if (isSent && !stored.IsInvited)
            now.Team = fixation.Keep("customerProfile.team", old.Team, now.Team, "is fixed once the invitation is sent");
        if (isSent)
            after.InviteContext.Notes = fixation.Keep("inviteContext.notes", before.InviteContext.Notes, after.InviteContext.Notes, "is fixed once the invitation is sent");
        if (helpRequested)
        {
            after.InviteContext.AssistanceRequestCode = fixation.Keep("inviteContext.assistanceRequestCode",
                before.InviteContext.AssistanceRequestCode, after.InviteContext.AssistanceRequestCode, "is fixed once help was asked for");
        }
    }

    // Asking for help turns a deal into a co-sell, shared and visible to Microsoft's sellers (R39, B37).
    private static bool Upgrade(Referral before, Referral after)
    {
        if (DealKinds.IsCosellRequest(before) || !DealKinds.IsCosellRequest(after))
            return false;
        after.Type = ReferralType.Shared;
        after.Consent.ConsentToShareReferralWithMicrosoftSellers = true;
        return true;
    }

    private static void ApplyStatus(Referral before, Referral after, DateTimeOffset now)
    {
        if (before.Status == ReferralStatus.New && after.Status == ReferralStatus.Active)
        {
            after.AcceptedDateTime = now;
            after.SalesStage ??= SalesStages.Created;
        }

        if (before.Status != ReferralStatus.Closed && after.Status == ReferralStatus.Closed)
            after.ClosedDateTime = now;
        if (after.Status != ReferralStatus.New)
            after.ExpirationDateTime = null;
        if (after.Substatus == ReferralSubstatus.Won && before.Substatus != ReferralSubstatus.Won)
        {
            after.AcceptedDateTime ??= now;
            after.SalesStage = SalesStages.Won;
        }
    }

    /// <summary>
    /// Holds properties at their stored value: a merge that sends another one is ignored there, a JSON Patch that names
    /// it is refused (R37, R78).
    /// </summary>
    private sealed record Fixation(bool IsPatch, List<Refusal> Faults)
    {
        public T Keep<T>(string path, T before, T after, string why)
        {
            if (IsPatch && !AreEqual(path, before, after))
                Faults.Add(Refusal.Invalid(path, "readOnlyProperty", $"{path} {why}; remove the operation."));
            return before;
        }

        private static bool AreEqual(string path, object? before, object? after)
        {
            var type = ContractType.Referral;
            var names = path.Split('.');
            foreach (var name in names[..^1])
                type = type.Find(name, out _)!.Nested!;
            return type.Find(names[^1], out _)!.AreEqual(before, after);
        }
    }
}

using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;
using Tandem.Server.Engagements;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;

namespace Tandem.Server.Referrals;

/// <summary>What a decision knows beside the body.</summary>
/// <param name="Caller">Who asks.</param>
/// <param name="Directory">Who is on the exchange.</param>
/// <param name="Now">The time of the decision, whole microseconds.</param>
/// <param name="Via">The connector behind the request (<c>X-Caller-Id</c>).</param>
internal sealed record DecisionContext(Caller Caller, DirectorySnapshot Directory, DateTimeOffset Now, string? Via);

/// <summary>A creation: the new referral, and the referrals of its engagement that it upgrades.</summary>
internal sealed record Creation(ReferralChange Referral, IReadOnlyList<ReferralChange> Upgrades)
{
    /// <summary>Unknown properties of the body, which were ignored.</summary>
    public required IReadOnlyList<(string Path, string? Nearest)> Unknown { get; init; }
}

/// <summary>Decides on <c>POST /v1.0/engagements/referrals</c> (R29–R33, R45–R56, R89–R97). Pure.</summary>
internal static class CreateReferral
{
    public static readonly TimeSpan AnswerTime = TimeSpan.FromDays(14);
    private static readonly TimeSpan ContactTime = TimeSpan.FromHours(72);

    /// <summary>The engagement that the body wants to join, so that it can be looked up before the decision.</summary>
    public static Guid? EngagementToJoin(JsonElement body)
    {
        Guid? found = null;
        foreach (var member in body.EnumerateObject())
        {
            if (ContractType.Referral.Find(member, out var isAlias) is { Name: "engagementId" } && !isAlias
                && member.Value.ValueKind == JsonValueKind.String
                && Guid.TryParse(member.Value.GetString(), out var id))
                found = id;
        }

        return found;
    }

    public static Outcome<Creation> Decide(JsonElement body, Engagement? engagement, DecisionContext context)
    {
        var (caller, now) = (context.Caller, context.Now);
        var joins = EngagementToJoin(body) is not null;
        var source = engagement?.ReferralOf(caller.OrganizationId);
        if (joins && source is null)
        {
            return Refusal.NotFound("engagementId",
                "There is no such engagement in which your organization owns a referral; create your own referral first and send its engagementId.");
        }

        var referral = joins && source is not null ? CopyForOtherParty(source.Read()) : new Referral();

        var reader = new ContractReader();
        reader.ReadObject(ContractType.Referral, referral, body, ReadMode.Create);
        ReferralValidation.Normalize(referral, null, reader.Taken);

        var faults = ReferralValidation.ToRefusals(reader.Faults);
        RequireSent("type", reader, faults, "Independent or Shared");
        if (!joins)
        {
            RequireSent("customerProfile", reader, faults, "an object with at least name");
            RequireSent("consent", reader, faults, "an object, which may be empty");
            RequireSent("details", reader, faults, "an object, which may be empty");
        }

        var owner = FindOwner(referral, context, faults, out var location);
        ReferralValidation.Check(referral, faults);
        // A customer that is missing altogether is one fault, not two.
        if (faults.Exists(f => f.Target == "customerProfile"))
            faults.RemoveAll(f => f.Target == "customerProfile.name");
        if (joins && reader.Taken.Contains("type") && referral.Type != ReferralType.Shared)
            faults.Add(Refusal.Invalid("type", "invalidValue", "A referral that joins an engagement must be of type Shared."));
        CheckRequestedStatus(referral, reader, faults);
        if (DealKinds.IsCosellRequest(referral))
            ReferralValidation.CheckCosell(referral, faults);
        if (faults.Count > 0)
            return Refusal.All(faults);

        if (engagement is not null && source is not null && CheckJoin(engagement, source, owner, caller) is { } refusal)
            return refusal;

        var isOwn = owner.Id == caller.OrganizationId;
        if (isOwn && AssignLocation(referral, owner, caller) is { } outOfScope)
            return outOfScope;

        SetOrigin(referral, owner, isOwn, source, context);
        if (!isOwn)
            referral.MpnId = Routed(referral, owner, caller) ?? location?.MpnId ?? owner.PrimaryMpnId;
        SetState(referral, isOwn, body, reader, context);
        if (DealKinds.IsCosellRequest(referral))
        {
            // Asking for Microsoft's help shares the deal (B37).
            referral.Type = ReferralType.Shared;
            referral.Consent.ConsentToShareReferralWithMicrosoftSellers = true;
        }

        if (isOwn && referral.Target.Count == 0)
        {
            // One target a solution of the catalogue (R52).
            referral.Target = [.. referral.Details.Requirements.Solutions
                .Where(s => s.Type == SolutionType.Name)
                .Select(s => new Target { Type = TargetType.SolutionProfile, Id = s.Id })];
        }

        referral.Id = Guid.CreateVersion7(now);
        referral.EngagementId = joins ? referral.EngagementId : Guid.NewGuid();
        referral.CreatedVia = context.Via;
        referral.LastModifiedVia ??= context.Via;

        var author = ChangeAuthor.Of(caller);
        var created = new ReferralChange
        {
            After = referral,
            Kind = ReferralChangeKind.Created,
            Properties = ContractType.Referral.Compare(new Referral(), referral),
            CreatorOrganizationId = caller.OrganizationId,
            CreatorUserId = caller.UserId,
            Author = author,
            Via = context.Via,
            RemindsAt = referral is { Status: ReferralStatus.New, Details.CustomerRequestedContact: true } ? now + ContactTime : null,
        };
        var upgrades = engagement is not null && source is not null ? Upgrade(engagement, source, owner, author, context.Via) : [];
        return new Creation(created, upgrades) { Unknown = reader.Unknown };
    }

    // What the caller's own record already says, without what the other side may not see (R93, B14, B15).
    private static Referral CopyForOtherParty(Referral source)
    {
        source.Details.Notes = null;
        source.Details.IncentiveLevel = null;
        if (source.Consent.ConsentToToShareInfoWithOthers != true || source.Substatus == ReferralSubstatus.Expired)
            source.CustomerProfile.Team = [];
        source.CustomerProfile.IsMatchingComplete = false;
        return new Referral
        {
            CustomerProfile = source.CustomerProfile,
            Consent = source.Consent,
            Details = source.Details,
        };
    }

    private static void RequireSent(string property, ContractReader reader, List<Refusal> faults, string form)
    {
        if (!reader.Taken.Contains(property) && !faults.Exists(f => f.Target == property))
            faults.Add(Refusal.Missing(property, $"{property} is required on create: {form}."));
    }

    private static void CheckRequestedStatus(Referral referral, ContractReader reader, List<Refusal> faults)
    {
        if (reader.Taken.Contains("status") && referral.Status is ReferralStatus.Closed or ReferralStatus.None)
        {
            faults.Add(Refusal.Invalid("status", "invalidStatusTransition",
                $"A referral cannot be created as {referral.Status}; leave status out, and close it with an update."));
        }
    }

    /// <summary>Who will own it (R47, R48): the first location of somebody else, else the caller.</summary>
    private static Organization FindOwner(
        Referral referral, DecisionContext context, List<Refusal> faults, out Location? location)
    {
        location = null;
        var self = context.Directory.Organization(context.Caller.OrganizationId)
            ?? new Organization { Id = context.Caller.OrganizationId, Name = context.Caller.OrganizationName };
        Organization? other = null;
        for (var i = 0; i < referral.Target.Count; i++)
        {
            var target = referral.Target[i];
            if (target.Type != TargetType.BusinessProfileLocation || string.IsNullOrEmpty(target.Id))
                continue;

            var found = context.Directory.Location(target.Id);
            if (found is null)
            {
                faults.Add(Refusal.Invalid($"target[{i}].id", "invalidValue",
                    $"target[{i}].id names no business-profile location on this exchange; use a location GUID, or msft for Microsoft."));
            }
            else if (found.OrganizationId != self.Id && other is null)
            {
                (location, other) = (found, context.Directory.Organization(found.OrganizationId));
            }
        }

        // Partners' deals list other publishers' solutions; only Microsoft aims at a publisher by a solution.
        if (other is null && self.Id == Organization.Microsoft)
        {
            var solution = referral.Target.Find(t => t.Type == TargetType.SolutionProfile)?.Id;
            other = solution is not null && context.Directory.Solution(solution) is { } published
                ? context.Directory.Organization(published.OrganizationId)
                : null;
        }

        return other ?? self;
    }

    private static Refusal? CheckJoin(Engagement engagement, StoredReferral source, Organization owner, Caller caller)
    {
        if (!Visibility.MayChange(caller, source))
            return Visibility.NotInTeam;
        if (source.IsInvited)
        {
            return Refusal.Forbidden("engagementId", null,
                "Your organization was invited into this engagement; only the organization that started it may invite others.");
        }

        if (!source.IsOpen)
        {
            return Refusal.Invalid("engagementId", "referralClosed",
                $"Your referral {source.Id} of this engagement is closed; nobody can be invited into it any more.");
        }

        return engagement.OpenReferralOf(owner.Id) is { } open
            ? new Refusal(StatusCodes.Status409Conflict, "referralAlreadyExists", "engagementId",
                owner.Id == caller.OrganizationId
                    ? $"Your organization already has the open referral {open.Id} in this engagement; update that one, or target another organization."
                    : $"{owner.Name} already has an open referral in this engagement; one organization has at most one.")
            : null;
    }

    // The creator's scope decides the location (B7); it never changes afterwards (B8).
    private static Refusal? AssignLocation(Referral referral, Organization owner, Caller caller)
    {
        var scopes = caller.Roles.Where(r => r.Role is Role.ReferralsAdmin or Role.ReferralsUser).ToList();
        var isCompanyWide = scopes.Exists(r => r.MpnId is null);
        if (!string.IsNullOrEmpty(referral.MpnId))
        {
            return isCompanyWide || scopes.Exists(r => string.Equals(r.MpnId, referral.MpnId, StringComparison.OrdinalIgnoreCase))
                ? null
                : Refusal.Forbidden("mpnId", null,
                    $"Your role does not cover the partner location {referral.MpnId}; use one of {string.Join(", ", scopes.Select(s => s.MpnId))}.");
        }

        var locations = scopes.Select(s => s.MpnId).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        referral.MpnId = locations is [{ } only] ? only : owner.PrimaryMpnId;
        return null;
    }

    // Where the receiver wants the deals of Microsoft's sellers (B60); leads belong to the offer's location.
    private static string? Routed(Referral referral, Organization owner, Caller caller) =>
        caller.OrganizationId == Organization.Microsoft && DealKinds.CategoryOf(referral) == ReferralCategory.CosellOpportunity
            ? RoutingRule.Deciding(owner.RoutingRules, RoutingRule.SolutionsOf(referral), referral.CustomerProfile.Address.Country)?.MpnId
            : null;

    private static void SetOrigin(
        Referral referral, Organization owner, bool isOwn, StoredReferral? source, DecisionContext context)
    {
        (referral.OrganizationId, referral.OrganizationName) = (owner.Id, owner.Name);
        var inviter = context.Directory.Organization(context.Caller.OrganizationId);
        // On an own referral the client may say who invited it, if that is somebody known (R47).
        if (isOwn && referral.InviteContext.InvitedBy.OrganizationId is { } named)
            inviter = context.Directory.Organization(named) ?? inviter;
        referral.InviteContext.InvitedBy = new InvitedBy
        {
            OrganizationId = inviter?.Id ?? context.Caller.OrganizationId,
            OrganizationName = inviter?.Name ?? context.Caller.OrganizationName,
        };
        referral.InviteContext.InvitedMpnId = isOwn
            ? inviter?.Id == owner.Id ? referral.MpnId : null
            : source?.MpnId;
        referral.Direction = referral.InviteContext.InvitedBy.OrganizationId == owner.Id
            ? ReferralDirection.Outgoing
            : ReferralDirection.Incoming;
    }

    private static void SetState(
        Referral referral, bool isOwn, JsonElement body, ContractReader reader, DecisionContext context)
    {
        (referral.CreatedDateTime, referral.UpdatedDateTime) = (context.Now, context.Now);
        if (!isOwn)
            ReadLeadOrigin(referral, body, context.Caller);
        var isAccepted = isOwn
            || (DealKinds.CategoryOf(referral) == ReferralCategory.MarketplaceLead
                && SuggestedValues.AsksNoAnswer(referral.CallToAction));
        if (isAccepted)
        {
            // Whatever open status was asked for (R45).
            (referral.Status, referral.Substatus) = (ReferralStatus.Active, ReferralSubstatus.Accepted);
            referral.AcceptedDateTime = context.Now;
            referral.ExpirationDateTime = null;
            if (!reader.Taken.Contains("salesStage"))
                referral.SalesStage = SalesStages.Created;
        }
        else
        {
            (referral.Status, referral.Substatus) = (ReferralStatus.New, ReferralSubstatus.Pending);
            referral.AcceptedDateTime = null;
            referral.ExpirationDateTime = context.Now + AnswerTime;
        }
    }

    // The marketplace is Microsoft's: only its callers say where a lead comes from. From anybody else these properties
    // are server-owned and ignored (R17).
    private static void ReadLeadOrigin(Referral referral, JsonElement body, Caller caller)
    {
        if (caller.OrganizationId != Organization.Microsoft
            || DealKinds.CategoryOf(referral) != ReferralCategory.MarketplaceLead)
            return;

        foreach (var member in body.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.String)
                continue;
            var text = member.Value.GetString()!.Trim();
            switch (member.Name.ToUpperInvariant())
            {
                case "REFERRALSOURCE":
                    referral.ReferralSource = text;
                    break;
                case "CALLTOACTION":
                    referral.CallToAction = text;
                    break;
                case "OFFERID":
                    referral.OfferId = text;
                    break;
                case "QUALITY" when Enum.TryParse<LeadQuality>(text, true, out var quality) && Enum.IsDefined(quality):
                    referral.Quality = quality;
                    break;
            }
        }
    }

    // A second party makes every referral of the engagement shared (R91); Microsoft's makes the deal visible to its
    // sellers (B37).
    private static List<ReferralChange> Upgrade(
        Engagement engagement, StoredReferral source, Organization owner, ChangeAuthor author, string? via)
    {
        var upgrades = new List<ReferralChange>();
        foreach (var stored in engagement.Referrals)
        {
            var sharesWithSellers = owner.Id == Organization.Microsoft && stored.Id == source.Id && !stored.SharedWithSellers;
            if (stored.Type == ReferralType.Shared && !sharesWithSellers)
                continue;

            var (before, after) = (stored.Read(), stored.Read());
            after.Type = ReferralType.Shared;
            if (sharesWithSellers)
                after.Consent.ConsentToShareReferralWithMicrosoftSellers = true;
            upgrades.Add(new ReferralChange
            {
                Before = stored,
                After = after,
                Kind = ReferralChangeKind.Updated,
                Properties = ContractType.Referral.Compare(before, after),
                CreatorOrganizationId = stored.CreatorOrganizationId,
                CreatorUserId = stored.CreatorUserId,
                Author = author,
                Via = via,
                RemindsAt = stored.RemindsAt,
            });
        }

        return upgrades;
    }
}

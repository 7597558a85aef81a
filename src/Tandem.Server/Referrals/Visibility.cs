using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;

namespace Tandem.Server.Referrals;

/// <summary>What a caller sees of a referral.</summary>
internal enum ReferralView
{
    /// <summary>It does not exist for the caller (B19).</summary>
    Nothing,

    /// <summary>His organization owns it, but he may not see it (B12).</summary>
    Forbidden,

    /// <summary>An archived marketplace lead (B29).</summary>
    Archived,

    /// <summary>Another party's record, without what belongs to that side alone (B14).</summary>
    Restricted,

    /// <summary>Everything.</summary>
    Full,
}

/// <summary>Who may see and change what (B1–B19). Pure; the list's SQL says the same.</summary>
internal static class Visibility
{
    /// <summary>Below this value, in United States dollars, Microsoft does not say why it declined (B34).</summary>
    public const int SmallDeal = 25_000;

    public static Refusal NotInTeam { get; } = Refusal.Forbidden("referral", "notTeamMember",
        "The user is neither the creator nor a member of the team; a Referrals admin or a team member can add him to team.");

    public static Refusal Unknown { get; } = Refusal.NotFound("referral",
        "There is no such referral, or it belongs to an engagement that your organization is not part of.");

    /// <param name="referral">The referral asked for.</param>
    /// <param name="engagement">Its engagement; needed only for another organization's referral.</param>
    public static ReferralView Of(Caller caller, StoredReferral referral, Engagement? engagement, DateTimeOffset now)
    {
        if (referral.OrganizationId == caller.OrganizationId)
        {
            return referral.ArchivesAt <= now ? ReferralView.Archived
                : MayChange(caller, referral) ? ReferralView.Full
                : ReferralView.Forbidden;
        }

        return SeesOther(caller, referral, engagement) ? ReferralView.Restricted : ReferralView.Nothing;
    }

    /// <summary>Whether a user may see, and so change, a referral of his own organization (B2–B6).</summary>
    public static bool MayChange(Caller caller, StoredReferral referral)
    {
        if (referral.OrganizationId != caller.OrganizationId || !caller.HasReferralRole)
            return false;
        if (caller.IsCompanyAdmin)
            return true;
        // Leads are for company-wide admins, and for those whom they put into the team (B4).
        if (!referral.IsLead && (referral.CreatorUserId == caller.UserId
            || (referral.MpnId is { } location && caller.AdminLocations.Contains(location, StringComparer.OrdinalIgnoreCase))))
            return true;
        return IsInTeam(caller, referral.Read());
    }

    /// <summary>Whether one of the user's addresses stands in the team (B5).</summary>
    public static bool IsInTeam(Caller caller, Referral referral) =>
        referral.Team.Exists(m => !string.IsNullOrEmpty(m.Email)
            && caller.Emails.Contains(m.Email, StringComparer.OrdinalIgnoreCase));

    /// <summary>Replaces what belongs to the owner alone by its empty value (B14–B16, B34).</summary>
    public static Referral Restrict(Referral referral)
    {
        var contacts = referral.CustomerProfile.Team;
        Blank(ContractType.Referral, referral);
        if (ShowsContacts(referral))
            referral.CustomerProfile.Team = contacts;
        if (referral.OrganizationId == Organization.Microsoft)
        {
            if (referral.Substatus is ReferralSubstatus.Declined or ReferralSubstatus.Expired)
                referral.Team = [];
            if (referral.Substatus == ReferralSubstatus.Expired
                || referral is { Substatus: ReferralSubstatus.Declined, Details.DealValue: < SmallDeal })
                referral.StatusReason = null;
        }

        return referral;
    }

    /// <summary>An expired lead no longer shows the customer's contacts, not even to its owner (B17).</summary>
    public static bool HidesContactsFromOwner(StoredReferral referral) =>
        referral is { IsLead: true, Substatus: ReferralSubstatus.Expired };

    /// <summary>Whether others see a changed property in the restricted view.</summary>
    public static bool IsVisibleToOthers(string path, Referral referral) => IsVisibleToOthers(path, ShowsContacts(referral));

    /// <param name="path">The property.</param>
    /// <param name="showsContacts">Whether others see the customer's contacts.</param>
    public static bool IsVisibleToOthers(string path, bool showsContacts)
    {
        if (path == "customerProfile.team")
            return showsContacts;

        var type = ContractType.Referral;
        foreach (var name in path.AsSpan().Split('.'))
        {
            if (type.Find(path.AsSpan(name), out _) is not { } property)
                return true;
            if (property.HiddenFromOthers)
                return false;
            if (property.Nested is null)
                return true;
            type = property.Nested;
        }

        return true;
    }

    /// <summary>Whether others learn of a change at all.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="visibleProperties">How many of the changed properties others see.</param>
    public static bool IsVisibleToOthers(ReferralChangeKind kind, int visibleProperties) => kind switch
    {
        ReferralChangeKind.Updated => visibleProperties > 0,
        ReferralChangeKind.ReminderDue => false,
        ReferralChangeKind.Created or ReferralChangeKind.Expired => true,
    };

    /// <summary>Whether the customer's contacts may be shown to other parties, as long as the referral is not expired (B15).</summary>
    public static bool SharesContacts(Referral referral) => referral.Consent.ConsentToToShareInfoWithOthers == true;

    private static bool ShowsContacts(Referral referral) =>
        SharesContacts(referral) && referral.Substatus != ReferralSubstatus.Expired;

    private static bool SeesOther(Caller caller, StoredReferral referral, Engagement? engagement)
    {
        // Partner-led deals are open to Microsoft (B13).
        if (caller.OrganizationId == Organization.Microsoft && referral.SharedWithSellers && caller.IsCompanyAdmin)
            return true;
        // Who sent a referral keeps seeing what becomes of it, also without a record of his own in the engagement.
        if (referral.CreatorOrganizationId == caller.OrganizationId
            && (caller.IsCompanyAdmin || referral.CreatorUserId == caller.UserId))
            return true;
        return referral.Type == ReferralType.Shared
            && engagement is not null
            && engagement.Referrals.Any(own => own.OrganizationId == caller.OrganizationId && MayChange(caller, own));
    }

    private static void Blank(ContractType type, object value)
    {
        object? empty = null;
        foreach (var property in type.Properties)
        {
            if (property.HiddenFromOthers)
                property.Set(value, property.Get(empty ??= type.Create()));
            else if (property.Kind == ContractKind.Object && property.Get(value) is { } nested)
                Blank(property.Nested!, nested);
        }
    }
}

using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals;

/// <summary>What holds for every stored referral, however it came about.</summary>
internal static class ReferralValidation
{
    private const string PartnerRole = "PartnerRole";
    private const string SolutionArea = "SolutionArea";
    private const string SolutionPlay = "SolutionPlay";

    /// <summary>Puts what was read into its canonical form: one member an address, one place a fact.</summary>
    public static void Normalize(Referral referral, Referral? before, IReadOnlySet<string> taken)
    {
        referral.Team = MergeMembers(referral.Team, before?.Team);
        referral.CustomerProfile.Team = CarryValidation(referral.CustomerProfile.Team, before?.CustomerProfile.Team);
        foreach (var solution in referral.Details.Requirements.Solutions)
        {
            // Older texts call the enumeration "solutionType"; the JSON name is "type" (R41).
            if (solution.Type == SolutionType.None
                && solution.SolutionType is "None" or "Category" or "Name"
                && Enum.TryParse<SolutionType>(solution.SolutionType, out var type))
                (solution.Type, solution.SolutionType) = (type, null);
        }

        ShareServicesCosell(referral, before, taken);
    }

    public static void Check(Referral referral, List<Refusal> faults)
    {
        if (string.IsNullOrWhiteSpace(referral.CustomerProfile.Name))
            faults.Add(Refusal.Missing("customerProfile.name", "customerProfile.name must be present and not blank; send the customer's company name."));

        CountAtMost("team", referral.Team.Count);
        CountAtMost("customerProfile.team", referral.CustomerProfile.Team.Count);
        CountAtMost("details.requirements.solutions", referral.Details.Requirements.Solutions.Count);

        for (var i = 0; i < referral.Details.Requirements.Solutions.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(referral.Details.Requirements.Solutions[i].Id))
                faults.Add(Refusal.Missing($"details.requirements.solutions[{i}].id", $"details.requirements.solutions[{i}] needs an id, such as SOL-34104-EBB."));
        }

        for (var i = 0; i < referral.CustomerProfile.Ids.Count; i++)
        {
            if (referral.CustomerProfile.Ids[i].ProfileType is null)
                faults.Add(Refusal.Missing($"customerProfile.ids[{i}].profileType", $"customerProfile.ids[{i}] needs a profileType: Duns or External."));
        }

        var attributes = referral.Details.Requirements.AdditionalRequirements.Attributes;
        for (var i = 0; i < attributes.Count; i++)
            CheckIntent(attributes[i], $"details.requirements.additionalRequirements.attributes[{i}].id", faults);

        if (referral.PartnerRole is not null)
        {
            RequireForServices("solutionArea", referral.SolutionArea);
            RequireForServices("solutionPlay", referral.SolutionPlay);
        }

        void CountAtMost(string target, int count)
        {
            const int Most = 50;
            if (count > Most)
                faults.Add(Refusal.Invalid(target, "invalidValue", $"{target} may hold at most {Most} entries; it has {count}."));
        }

        void RequireForServices(string target, string? value)
        {
            if (string.IsNullOrEmpty(value))
                faults.Add(Refusal.Missing(target, $"{target} is required when partnerRole is present (services co-sell)."));
        }
    }

    /// <summary>What a co-sell request needs beyond the minimum (R50, R53, B40).</summary>
    public static void CheckCosell(Referral referral, List<Refusal> faults)
    {
        if (referral.Details.Requirements.Solutions.Count == 0)
            faults.Add(Refusal.Missing("details.requirements.solutions", "A co-sell request needs at least one entry in details.requirements.solutions."));
        if (!referral.CustomerProfile.Team.Exists(IsComplete))
            faults.Add(Refusal.Missing("customerProfile.team", "A co-sell request needs a customer contact with firstName, lastName, phoneNumber and email in customerProfile.team."));
        if (referral.Consent.ConsentToToShareInfoWithOthers == false)
        {
            faults.Add(Refusal.Invalid("consent.consentToToShareInfoWithOthers", "invalidValue",
                "A co-sell request needs the customer's consent: with consentToToShareInfoWithOthers false the deal is neither created nor updated."));
        }
        else if (referral.Consent.ConsentToToShareInfoWithOthers is null)
        {
            faults.Add(Refusal.Missing("consent.consentToToShareInfoWithOthers", "A co-sell request needs consent.consentToToShareInfoWithOthers true."));
        }

        static bool IsComplete(Member member) =>
            !string.IsNullOrWhiteSpace(member.FirstName) && !string.IsNullOrWhiteSpace(member.LastName)
            && !string.IsNullOrWhiteSpace(member.PhoneNumber) && !string.IsNullOrWhiteSpace(member.Email);
    }

    public static List<Refusal> ToRefusals(IEnumerable<ContractFault> faults) =>
        [.. faults.Select(f => Refusal.Invalid(f.Target, f.Code, f.Message))];

    private static void CheckIntent(TypedRequirement attribute, string target, List<Refusal> faults)
    {
        if (!string.Equals(attribute.Type, SuggestedValues.MarketplaceIntentType, StringComparison.OrdinalIgnoreCase))
            return;

        var known = SuggestedValues.CustomerMarketplaceIntents.FirstOrDefault(
            v => string.Equals(v, attribute.Id, StringComparison.OrdinalIgnoreCase));
        if (known is null)
        {
            faults.Add(Refusal.Invalid(target, "invalidValue",
                $"{target} must be one of {string.Join(", ", SuggestedValues.CustomerMarketplaceIntents)}."));
            return;
        }

        (attribute.Type, attribute.Id) = (SuggestedValues.MarketplaceIntentType, known);
    }

    // Two members with the same address are one person, the later one winning in the earlier one's place (R54).
    private static List<Member> MergeMembers(List<Member> members, List<Member>? before)
    {
        var merged = new List<Member>(members.Count);
        var places = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in CarryValidation(members, before))
        {
            if (!string.IsNullOrEmpty(member.Email) && places.TryGetValue(member.Email, out var place))
            {
                merged[place] = member;
                continue;
            }

            if (!string.IsNullOrEmpty(member.Email))
                places[member.Email] = merged.Count;
            merged.Add(member);
        }

        return merged;
    }

    // A list is replaced whole, but what the server found out about an address stays with the address.
    private static List<Member> CarryValidation(List<Member> members, List<Member>? before)
    {
        foreach (var member in members)
        {
            var known = before?.Find(b => !string.IsNullOrEmpty(b.Email) && string.Equals(b.Email, member.Email, StringComparison.OrdinalIgnoreCase));
            member.EmailValidationStatus = known?.EmailValidationStatus;
            member.PhoneValidationStatus = known?.PhoneValidationStatus;
        }

        return members;
    }

    // Role, area and play stand at the top and among the attributes; either place is accepted, both are emitted (R33).
    private static void ShareServicesCosell(Referral referral, Referral? before, IReadOnlySet<string> taken)
    {
        var attributes = referral.Details.Requirements.AdditionalRequirements.Attributes;
        referral.PartnerRole = Share(PartnerRole, "partnerRole", referral.PartnerRole, before?.PartnerRole);
        referral.SolutionArea = Share(SolutionArea, "solutionArea", referral.SolutionArea, before?.SolutionArea);
        referral.SolutionPlay = Share(SolutionPlay, "solutionPlay", referral.SolutionPlay, before?.SolutionPlay);

        string? Share(string type, string name, string? top, string? stored)
        {
            var attribute = attributes.Find(a => string.Equals(a.Type, type, StringComparison.OrdinalIgnoreCase));
            var value = taken.Contains(name) && top != stored ? top : attribute?.Id ?? top;
            if (value is null)
                attributes.RemoveAll(a => string.Equals(a.Type, type, StringComparison.OrdinalIgnoreCase));
            else if (attribute is null)
                attributes.Add(new TypedRequirement { Type = type, Id = value });
            else
                (attribute.Type, attribute.Id) = (type, value);
            return value;
        }
    }
}

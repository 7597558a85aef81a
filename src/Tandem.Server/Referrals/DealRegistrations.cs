using System.Collections.Frozen;
using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Engagements;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;

namespace Tandem.Server.Referrals;

/// <summary>Registering a won deal for its incentive (R98–R101, B44–B49). Pure.</summary>
internal static class DealRegistrations
{
    private const decimal LeastValue = 25_000m;
    private const decimal ReviewedValue = 1_000_000m;
    private const decimal PerpetualYears = 6;
    private static readonly TimeSpan LeastDealTime = TimeSpan.FromHours(72);

    // Which state may follow which (B49).
    private static readonly FrozenDictionary<RegistrationStatus, RegistrationStatus[]> Moves =
        new Dictionary<RegistrationStatus, RegistrationStatus[]>
        {
            [RegistrationStatus.None] = [RegistrationStatus.Approved, RegistrationStatus.ReviewPending],
            [RegistrationStatus.Approved] = [RegistrationStatus.ReviewPending, RegistrationStatus.Passed],
            [RegistrationStatus.ReviewPending] =
                [RegistrationStatus.Approved, RegistrationStatus.ActionRequired, RegistrationStatus.Passed, RegistrationStatus.Failed],
            [RegistrationStatus.ActionRequired] = [RegistrationStatus.ReviewPending, RegistrationStatus.Closed],
            [RegistrationStatus.Passed] = [RegistrationStatus.Closed],
            [RegistrationStatus.Failed] = [RegistrationStatus.Closed],
            [RegistrationStatus.Closed] = [],
        }.ToFrozenDictionary();

    private static readonly HashSet<string> CorrectableContract =
        new(["startDateTime", "endDateTime", "signDateTime", "term", "value"], StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> CorrectableSolution = new(
        [
            "value", "currency", "isDeployedOnAzure", "primaryDeploymentOn", "pricingModel",
            "marketplaceTransactionDetails/isMarketplaceTransacted",
            "marketplaceTransactionDetails/marketplaceTransactionDateTime",
        ],
        StringComparer.OrdinalIgnoreCase);

    public static bool IsAllowed(RegistrationStatus from, RegistrationStatus to) => Moves[from].Contains(to);

    /// <summary>Refuses the paths below <c>/registrations</c> other than a submission and its corrections (R98, R99).</summary>
    public static void CheckPaths(JsonElement operations, List<Refusal> faults)
    {
        foreach (var operation in operations.EnumerateArray())
        {
            if (operation.ValueKind != JsonValueKind.Object)
                continue;
            var path = operation.EnumerateObject()
                .LastOrDefault(m => string.Equals(m.Name, "path", StringComparison.OrdinalIgnoreCase)).Value;
            if (path.ValueKind != JsonValueKind.String)
                continue;

            var tokens = path.GetString()!.Trim().TrimEnd('/').Split('/');
            if (tokens.Length >= 2 && string.Equals(tokens[1], "registrations", StringComparison.OrdinalIgnoreCase) && !IsOpen(tokens))
            {
                faults.Add(Refusal.Invalid("registrations", "readOnlyProperty",
                    "Of registrations only /registrations/- (add) and the documented members below contract and solutionDetails of one registration can be patched."));
            }
        }
    }

    /// <summary>Completes what the patch did to the registrations; a refusal when it may not.</summary>
    public static Refusal? Apply(
        Referral before, Referral after, StoredReferral stored, Engagement engagement, DecisionContext context)
    {
        if (ContractType.Referral.Find("registrations", out _)!.AreEqual(before.Registrations, after.Registrations))
            return null;
        if (!MayRegister(context.Caller, after))
            return Visibility.NotInTeam;

        var faults = new List<Refusal>();
        for (var i = 0; i < before.Registrations.Count; i++)
        {
            if (before.Registrations[i].Status is not RegistrationStatus.ActionRequired
                && !ContractType.Of(typeof(Registration)).AreSame(before.Registrations[i], after.Registrations[i]))
            {
                faults.Add(Refusal.Invalid($"registrations[{i}]", "notEligibleForRegistration",
                    $"A registration can be corrected in status ActionRequired only; this one is {before.Registrations[i].Status}."));
            }
        }

        if (faults.Count > 0)
            return Refusal.All(faults);

        CheckDeal(after, engagement, stored, faults);
        for (var i = 0; i < after.Registrations.Count; i++)
        {
            var registration = after.Registrations[i];
            var previous = i < before.Registrations.Count ? before.Registrations[i] : null;
            if (previous is not null && ContractType.Of(typeof(Registration)).AreSame(previous, registration))
                continue;
            CheckRegistration(registration, $"registrations[{i}]", after, context.Now, faults);
            if (faults.Count > 0)
                continue;
            if (previous is null)
                Submit(registration, after, engagement, stored, context.Now);
            else
                Resubmit(registration, context.Now);
        }

        if (faults.Count > 0)
            return Refusal.All(faults);
        after.RegistrationStatus = after.Registrations[^1].Status;
        return null;
    }

    /// <summary>A reviewer's decision on the last registration; a refusal when that state does not follow (B49).</summary>
    public static Refusal? Review(Referral referral, RegistrationStatus to, string? reason, DateTimeOffset now)
    {
        if (referral.Registrations is not [.., var last])
            return Refusal.Invalid("registrations", "notEligibleForRegistration", "The referral has no registration to review.");
        if (!IsAllowed(last.Status, to))
        {
            return Refusal.Invalid("status", "invalidStatusTransition",
                $"A registration cannot go from {last.Status} to {to}; allowed: {string.Join(", ", Moves[last.Status])}.");
        }

        last.StatusReason = reason;
        Enter(last, to, now);
        referral.RegistrationStatus = to;
        return null;
    }

    private static bool IsOpen(string[] tokens) => tokens switch
    {
        [_, _, "-"] => true,
        [_, _, _, var part, .. var rest] when rest.Length > 0 =>
            part.ToUpperInvariant() switch
            {
                "CONTRACT" => CorrectableContract.Contains(string.Join('/', rest)),
                "SOLUTIONDETAILS" => CorrectableSolution.Contains(string.Join('/', rest[1..])),
                _ => false,
            },
        _ => false,
    };

    // A Referrals admin, or a Referrals user in the team; having created the deal is not enough (B48).
    private static bool MayRegister(Caller caller, Referral referral) =>
        caller.Has(Role.ReferralsAdmin) || Visibility.IsInTeam(caller, referral);

    // Conditions that need data no server has (solution eligibility, managed customer, exchange rates) count as met (B44).
    private static void CheckDeal(Referral deal, Engagement engagement, StoredReferral stored, List<Refusal> faults)
    {
        if (deal.Status != ReferralStatus.Closed || deal.Substatus != ReferralSubstatus.Won)
        {
            Refuse("status", $"Only a deal that is Closed/Won can be registered; this one is {deal.Status}/{deal.Substatus}.");
            return;
        }

        var microsoft = engagement.Others(stored).FirstOrDefault(r => r.OrganizationId == Organization.Microsoft);
        var kind = DealKinds.KindOf(deal, microsoft is not null);
        if (kind is DealKind.Private or DealKind.PartnerToPartner)
            Refuse("consent.consentToShareReferralWithMicrosoftSellers", "A private deal cannot be registered; only co-sell and partner-led deals can.");
        if (kind is DealKind.Cosell or DealKind.ServicesCosell
            && microsoft is not { Status: ReferralStatus.Active } and not { Substatus: ReferralSubstatus.Won })
            Refuse("status", "Microsoft has not accepted its referral of this co-sell deal yet.");
        if (deal.Details.Requirements.Solutions.Count == 0)
            Refuse("details.requirements.solutions", "A deal without a solution cannot be registered.");
        if (deal.Details.DealValue is null || (IsDollars(deal.Details.Currency) && deal.Details.DealValue < LeastValue))
            Refuse("details.dealValue", "The deal value must be at least USD 25,000.");
        if (deal.ClosedDateTime - deal.CreatedDateTime < LeastDealTime)
            Refuse("closedDateTime", "At least 72 hours must lie between creating the deal and winning it.");

        void Refuse(string target, string message) =>
            faults.Add(Refusal.Invalid(target, "notEligibleForRegistration", message));
    }

    private static void CheckRegistration(
        Registration registration, string path, Referral deal, DateTimeOffset now, List<Refusal> faults)
    {
        var contract = registration.Contract;
        Require(registration.Type, $"{path}.type", "AzureIPCoSell");
        Require(contract.Value, $"{path}.contract.value", "the total contract value");
        Require(contract.Currency, $"{path}.contract.currency", "a code of ISO 4217");
        Require(contract.SignDateTime, $"{path}.contract.signDateTime", "the day of signature");
        Require(contract.StartDateTime, $"{path}.contract.startDateTime", "the first day");
        Require(contract.Term, $"{path}.contract.term", "Perpetual or Finite");
        if (contract.Term != ContractTerm.Perpetual)
            Require(contract.EndDateTime, $"{path}.contract.endDateTime", "the last day of a finite contract");
        if (registration.SolutionDetails.Count == 0)
            faults.Add(Refusal.Missing($"{path}.solutionDetails", $"{path}.solutionDetails needs at least one solution."));

        // Days count, not hours: a contract is signed on a date (B46).
        var today = now.UtcDateTime.Date;
        if (contract.SignDateTime?.UtcDateTime.Date is { } signed)
        {
            if (signed > today)
                Refuse($"{path}.contract.signDateTime", "The day of signature lies in the future.");
            if (signed < today.AddDays(-60))
                Refuse($"{path}.contract.signDateTime", "The contract was signed more than 60 days ago.");
            if (signed < deal.CreatedDateTime.UtcDateTime.Date)
                Refuse($"{path}.contract.signDateTime", "The contract was signed before the deal was created.");
        }

        if (contract.StartDateTime?.UtcDateTime.Date < today.AddDays(-90))
            Refuse($"{path}.contract.startDateTime", "The contract started more than 90 days ago.");
        if (contract.EndDateTime < contract.StartDateTime)
            Refuse($"{path}.contract.endDateTime", "The contract ends before it starts.");
        if (IsDollars(contract.Currency) && AnnualValue(contract) <= LeastValue)
            Refuse($"{path}.contract.value", "The annual contract value must be above USD 25,000; a perpetual contract counts as six years.");

        for (var i = 0; i < registration.SolutionDetails.Count; i++)
        {
            var (solution, at) = (registration.SolutionDetails[i], $"{path}.solutionDetails[{i}]");
            Require(string.IsNullOrEmpty(solution.Id) ? null : solution.Id, $"{at}.id", "a solution id");
            if (solution.Value > contract.Value)
                Refuse($"{at}.value", "A solution's value cannot be above the contract's.");
            if (solution.IsDeployedOnAzure == false)
                Refuse($"{at}.isDeployedOnAzure", "A solution that is not deployed on Azure cannot be registered.");
            if (solution.MarketplaceTransactionDetails is { IsMarketplaceTransacted: true, MarketplaceTransactionDateTime: null })
                Require(null, $"{at}.marketplaceTransactionDetails.marketplaceTransactionDateTime", "the time of the marketplace transaction");
        }

        void Require(object? value, string target, string what)
        {
            if (value is null)
                faults.Add(Refusal.Missing(target, $"{target} is required: {what}."));
        }

        void Refuse(string target, string message) =>
            faults.Add(Refusal.Invalid(target, "notEligibleForRegistration", message));
    }

    private static void Submit(
        Registration registration, Referral deal, Engagement engagement, StoredReferral stored, DateTimeOffset now)
    {
        registration.Id = Guid.CreateVersion7(now).ToString();
        registration.RegistrationDateTime = now;
        foreach (var solution in registration.SolutionDetails)
            solution.Name = deal.Details.Requirements.Solutions.Find(s => string.Equals(s.Id, solution.Id, StringComparison.OrdinalIgnoreCase))?.Name;

        var partners = engagement.Referrals.Select(r => r.OrganizationId).Append(stored.OrganizationId)
            .Where(o => o != Organization.Microsoft).Distinct().Count();
        var needsReview = AnnualValue(registration.Contract) > ReviewedValue
            || partners > 1
            || registration.SolutionDetails.Exists(s => s.PricingModel == PricingModel.PayAsYouGo);
        Enter(registration, needsReview ? RegistrationStatus.ReviewPending : RegistrationStatus.Approved, now);
    }

    private static void Resubmit(Registration registration, DateTimeOffset now)
    {
        Enter(registration, RegistrationStatus.ReviewPending, now);
        registration.StatusHistory.ResubmissionDateTime = now;
    }

    private static void Enter(Registration registration, RegistrationStatus status, DateTimeOffset now)
    {
        registration.Status = status;
        var history = registration.StatusHistory;
        switch (status)
        {
            case RegistrationStatus.ReviewPending:
                history.ReviewPendingDateTime = now;
                break;
            case RegistrationStatus.ActionRequired:
                history.ActionRequiredDateTime = now;
                break;
            case RegistrationStatus.Approved:
                history.ApprovedDateTime = now;
                break;
            case RegistrationStatus.Passed:
                history.PassedDateTime = now;
                break;
            case RegistrationStatus.Failed:
                history.FailedDateTime = now;
                break;
            case RegistrationStatus.None or RegistrationStatus.Closed:
                break;
        }
    }

    private static decimal AnnualValue(RegistrationContract contract)
    {
        var years = contract.Term == ContractTerm.Perpetual
            ? PerpetualYears
            : (decimal)((contract.EndDateTime - contract.StartDateTime)?.TotalDays ?? 0) / 365.25m;
        return (contract.Value ?? 0) / Math.Max(1, years);
    }

    private static bool IsDollars(string? currency) => currency is null or "USD";
}

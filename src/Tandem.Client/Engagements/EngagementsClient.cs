using Tandem.Contracts.Engagements;
using Tandem.Contracts.Referrals;

namespace Tandem.Client;

/// <summary>What several organizations have together. Every method throws <see cref="TandemException"/> when the server says no.</summary>
public sealed class EngagementsClient
{
    private readonly ApiSender _api;
    private readonly ReferralsClient _referrals;

    internal EngagementsClient(ApiSender api, ReferralsClient referrals) => (_api, _referrals) = (api, referrals);

    /// <summary>Reads every party's referral, each in the view that the caller may have of it, oldest first.</summary>
    public IAsyncEnumerable<Referral> ReferralsAsync(Guid engagementId, CancellationToken cancellation = default) =>
        _referrals.ListAsync(new ReferralQuery { Filter = $"engagementId eq {engagementId}", OrderBy = "createdDateTime" }, cancellation);

    /// <summary>
    /// Reads the engagement's history as a chain of hashes, as the server wrote it: to be kept, and read by
    /// <see cref="EngagementProof.Parse"/>.
    /// </summary>
    public Task<string> ProofAsync(Guid engagementId, CancellationToken cancellation = default) =>
        _api.ReadText($"v1.0/engagements/{engagementId}/proof", cancellation);
}

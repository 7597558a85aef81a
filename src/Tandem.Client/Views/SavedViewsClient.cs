using Tandem.Contracts.Organizations;

namespace Tandem.Client;

/// <summary>Saved views of the pipeline. Every method throws <see cref="TandemException"/> when the server says no.</summary>
public sealed class SavedViewsClient
{
    private const string Path = "v1.0/engagements/views";

    private readonly ApiSender _api;

    internal SavedViewsClient(ApiSender api) => _api = api;

    private static AdminJson Json => ClientJson.Admin;

    /// <summary>The caller's own views and those shared in the organization, by name.</summary>
    public async Task<IReadOnlyList<SavedView>> ListAsync(CancellationToken cancellation = default) =>
        (await _api.Read(HttpMethod.Get, Path, Json.AdminPageSavedView, null, cancellation).ConfigureAwait(false)).Value;

    /// <summary>Saves a view under an id of one's own choice, or changes it; saying it twice changes nothing.</summary>
    public Task<SavedView> PutAsync(Guid id, SavedViewDraft draft, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Put, $"{Path}/{id}", Json.SavedView, ApiBody.Of(draft, Json.SavedViewDraft), cancellation);

    /// <summary>Removes one's own view; a company-wide Referrals admin removes shared ones, too.</summary>
    public Task DeleteAsync(Guid id, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Delete, $"{Path}/{id}", cancellation);
}

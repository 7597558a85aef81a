using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using Tandem.Contracts.Notifications;
using Tandem.Contracts.Organizations;

namespace Tandem.Client;

/// <summary>
/// The administration API: for account administrators of an organization, and for operators of the exchange. Every method
/// throws <see cref="TandemException"/> when the server says no.
/// </summary>
public sealed class AdministrationClient
{
    private const string Organizations = "admin/organizations";
    private readonly ApiSender _api;

    internal AdministrationClient(ApiSender api) => _api = api;

    private static AdminJson Json => ClientJson.Admin;

    /// <summary>Who the caller is, and which roles he holds.</summary>
    public Task<CallerView> MeAsync(CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, "admin/me", Json.CallerView, null, cancellation);

    /// <summary>The organizations that the caller manages: all of them for an operator, else his own.</summary>
    public IAsyncEnumerable<OrganizationView> ListOrganizationsAsync(CancellationToken cancellation = default) =>
        Pages(Organizations, Json.AdminPageOrganizationView, cancellation);

    /// <summary>Adds an organization; operators only.</summary>
    public Task<OrganizationView> CreateOrganizationAsync(OrganizationDraft draft, string? idempotencyKey = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, Organizations, Json.OrganizationView, New(draft, Json.OrganizationDraft, idempotencyKey), cancellation);

    /// <summary>Reads an organization.</summary>
    public Task<OrganizationView> GetOrganizationAsync(string organization, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, Of(organization), Json.OrganizationView, null, cancellation);

    /// <summary>Changes what is set of an organization.</summary>
    public Task<OrganizationView> ChangeOrganizationAsync(string organization, OrganizationDraft draft, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Patch, Of(organization), Json.OrganizationView, ApiBody.Of(draft, Json.OrganizationDraft), cancellation);

    /// <summary>Directory tenants whose tokens belong to the organization.</summary>
    public IAsyncEnumerable<string> ListTenantsAsync(string organization, CancellationToken cancellation = default) =>
        Pages(Of(organization, "tenants"), Json.AdminPageString, cancellation);

    /// <summary>Gives the organization a directory tenant; operators only.</summary>
    public Task PutTenantAsync(string organization, Guid tenant, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Put, Of(organization, "tenants", $"{tenant}"), cancellation);

    /// <summary>Takes a directory tenant away.</summary>
    public Task DeleteTenantAsync(string organization, Guid tenant, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Delete, Of(organization, "tenants", $"{tenant}"), cancellation);

    /// <summary>Business-profile locations.</summary>
    public IAsyncEnumerable<LocationView> ListLocationsAsync(string organization, CancellationToken cancellation = default) =>
        Pages(Of(organization, "locations"), Json.AdminPageLocationView, cancellation);

    /// <summary>Adds or changes a location.</summary>
    public Task<LocationView> PutLocationAsync(string organization, string id, ProfileDraft draft, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Put, Of(organization, "locations", id), Json.LocationView, ApiBody.Of(draft, Json.ProfileDraft), cancellation);

    /// <summary>Removes a location.</summary>
    public Task DeleteLocationAsync(string organization, string id, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Delete, Of(organization, "locations", id), cancellation);

    /// <summary>Published solutions.</summary>
    public IAsyncEnumerable<SolutionView> ListSolutionsAsync(string organization, CancellationToken cancellation = default) =>
        Pages(Of(organization, "solutions"), Json.AdminPageSolutionView, cancellation);

    /// <summary>Adds or changes a solution.</summary>
    public Task<SolutionView> PutSolutionAsync(string organization, string id, ProfileDraft draft, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Put, Of(organization, "solutions", id), Json.SolutionView, ApiBody.Of(draft, Json.ProfileDraft), cancellation);

    /// <summary>Removes a solution.</summary>
    public Task DeleteSolutionAsync(string organization, string id, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Delete, Of(organization, "solutions", id), cancellation);

    /// <summary>People, in the order of their names.</summary>
    public IAsyncEnumerable<UserView> ListUsersAsync(string organization, CancellationToken cancellation = default) =>
        Pages(Of(organization, "users"), Json.AdminPageUserView, cancellation);

    /// <summary>A page of the people whose name, address or roles have all words of a search; it says how many they are.</summary>
    /// <param name="organization">Their organization.</param>
    /// <param name="search">Words, or their parts; null for everybody.</param>
    /// <param name="after">The last person of the page before; null for the first page.</param>
    /// <param name="top">How many, at most 100.</param>
    /// <param name="cancellation">Ends the request.</param>
    public Task<AdminPage<UserView>> ListUsersPageAsync(
        string organization, string? search = null, Guid? after = null, int top = 100, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get,
            $"{Of(organization, "users")}?top={top}{(string.IsNullOrWhiteSpace(search) ? "" : $"&search={Uri.EscapeDataString(search)}")}"
                + $"{(after is null ? "" : $"&after={after}")}",
            Json.AdminPageUserView, null, cancellation);

    /// <summary>Adds a person.</summary>
    public Task<UserView> CreateUserAsync(string organization, UserDraft draft, string? idempotencyKey = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, Of(organization, "users"), Json.UserView, New(draft, Json.UserDraft, idempotencyKey), cancellation);

    /// <summary>Reads a person.</summary>
    public Task<UserView> GetUserAsync(string organization, Guid user, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, Of(organization, "users", $"{user}"), Json.UserView, null, cancellation);

    /// <summary>Changes what is set of a person.</summary>
    public Task<UserView> ChangeUserAsync(string organization, Guid user, UserDraft draft, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Patch, Of(organization, "users", $"{user}"), Json.UserView, ApiBody.Of(draft, Json.UserDraft), cancellation);

    /// <summary>Lets a person sign in no longer and takes all roles away; the history keeps the name.</summary>
    public Task DisableUserAsync(string organization, Guid user, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Delete, Of(organization, "users", $"{user}"), cancellation);

    /// <summary>Sets a password, which signs the person out everywhere.</summary>
    public Task SetPasswordAsync(string organization, Guid user, string password, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Put, Of(organization, "users", $"{user}", "password"), cancellation,
            ApiBody.Of(new PasswordDraft { Password = password }, Json.PasswordDraft));

    /// <summary>A person's roles.</summary>
    public IAsyncEnumerable<RoleView> ListRolesAsync(string organization, Guid user, CancellationToken cancellation = default) =>
        Pages(Of(organization, "users", $"{user}", "roles"), Json.AdminPageRoleView, cancellation);

    /// <summary>Gives a person a role, for the entire company or one location.</summary>
    public Task<RoleView> GiveRoleAsync(string organization, Guid user, RoleDraft draft, string? idempotencyKey = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, Of(organization, "users", $"{user}", "roles"), Json.RoleView, New(draft, Json.RoleDraft, idempotencyKey), cancellation);

    /// <summary>Takes a role away.</summary>
    public Task TakeRoleAsync(string organization, Guid user, Guid role, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Delete, Of(organization, "users", $"{user}", "roles", $"{role}"), cancellation);

    /// <summary>Where deals that Microsoft sends go; for people with a Referrals role.</summary>
    public Task<RoutingView> GetRoutingAsync(string organization, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, Of(organization, "routing"), Json.RoutingView, null, cancellation);

    /// <summary>Where a deal with this solution and customer's country would go.</summary>
    public Task<RoutingDecision> DecideRoutingAsync(
        string organization, string? solution, string? country, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get,
            $"{Of(organization, "routing", "decision")}?solution={Uri.EscapeDataString(solution ?? "")}&country={Uri.EscapeDataString(country ?? "")}",
            Json.RoutingDecision, null, cancellation);

    /// <summary>Adds a rule; company-wide Referrals admins only, as the two below.</summary>
    public Task<RoutingRuleView> CreateRoutingRuleAsync(
        string organization, RoutingRuleDraft draft, string? idempotencyKey = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, Of(organization, "routing"), Json.RoutingRuleView, New(draft, Json.RoutingRuleDraft, idempotencyKey), cancellation);

    /// <summary>Changes what is set of a rule; for later deals only.</summary>
    public Task<RoutingRuleView> ChangeRoutingRuleAsync(
        string organization, Guid rule, RoutingRuleDraft draft, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Patch, Of(organization, "routing", $"{rule}"), Json.RoutingRuleView, ApiBody.Of(draft, Json.RoutingRuleDraft), cancellation);

    /// <summary>Removes a rule.</summary>
    public Task DeleteRoutingRuleAsync(string organization, Guid rule, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Delete, Of(organization, "routing", $"{rule}"), cancellation);

    /// <summary>Administrative changes, the newest first.</summary>
    public IAsyncEnumerable<AuditEntry> ListAuditAsync(string organization, AuditQuery? query = null, CancellationToken cancellation = default) =>
        Pages(Of(organization, "audit") + (query ?? new()).Write(null), Json.AdminPageAuditEntry, cancellation);

    /// <summary>A page of them; the next one comes after the last entry of this one.</summary>
    public Task<AdminPage<AuditEntry>> ListAuditPageAsync(
        string organization, AuditQuery? query = null, long? after = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, Of(organization, "audit") + (query ?? new()).Write(after), Json.AdminPageAuditEntry, null, cancellation);

    /// <summary>Service clients; exchange mode only.</summary>
    public IAsyncEnumerable<ServiceClientView> ListClientsAsync(string organization, CancellationToken cancellation = default) =>
        Pages(Of(organization, "clients"), Json.AdminPageServiceClientView, cancellation);

    /// <summary>Adds a service client; the answer alone says its secret.</summary>
    public Task<ServiceClientView> CreateClientAsync(
        string organization, ServiceClientDraft draft, string? idempotencyKey = null, CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, Of(organization, "clients"), Json.ServiceClientView, New(draft, Json.ServiceClientDraft, idempotencyKey), cancellation);

    /// <summary>Removes a service client.</summary>
    public Task DeleteClientAsync(string organization, Guid client, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Delete, Of(organization, "clients", $"{client}"), cancellation);

    /// <summary>Decides on a deal registration, as its reviewer.</summary>
    public Task ReviewRegistrationAsync(Guid referral, RegistrationReview review, CancellationToken cancellation = default) =>
        _api.Send(HttpMethod.Post, $"admin/referrals/{referral}/registration-review", cancellation, ApiBody.Of(review, Json.RegistrationReview));

    /// <summary>How e-mail is set up, and what waits to be sent: of the caller's organization, or of all for an operator.</summary>
    public Task<EmailStatus> EmailAsync(CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Get, "admin/email", ClientJson.Notices.EmailStatus, null, cancellation);

    /// <summary>Sends a test message to the caller's own address.</summary>
    public Task<EmailTest> TestEmailAsync(CancellationToken cancellation = default) =>
        _api.Read(HttpMethod.Post, "admin/email/test", ClientJson.Notices.EmailTest, null, cancellation);

    private async IAsyncEnumerable<T> Pages<T>(
        string path, JsonTypeInfo<AdminPage<T>> type, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (string? next = path; next is not null;)
        {
            var page = await _api.Read(HttpMethod.Get, next, type, null, cancellation).ConfigureAwait(false);
            foreach (var element in page.Value)
                yield return element;
            // A path from the server's root, which may lie below a prefix.
            next = page.Next?.TrimStart('/');
        }
    }

    private static ApiBody New<T>(T draft, JsonTypeInfo<T> type, string? idempotencyKey) =>
        ApiBody.Of(draft, type) with { IdempotencyKey = idempotencyKey };

    private static string Of(params ReadOnlySpan<string> segments)
    {
        var path = Organizations;
        foreach (var segment in segments)
            path += $"/{Uri.EscapeDataString(segment)}";
        return path;
    }
}

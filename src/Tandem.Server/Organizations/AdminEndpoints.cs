using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using Tandem.Contracts.Organizations;
using Tandem.Server.Audit;
using Tandem.Server.Http;
using Tandem.Server.Identity;

namespace Tandem.Server.Organizations;

/// <summary>The administration API: organizations, people, roles and scopes, locations, solutions, tenants, clients (B6–B8, B11).</summary>
internal static class AdminEndpoints
{
    public const int LongestId = 64;

    private const int LongestName = 256;
    private const int PageSize = 100;
    private static readonly PasswordHasher<string> Hasher = new();

    public static void MapAdministration(this IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/admin").WithTags("Administration").Admit(Admission.Administration)
            .AddEndpointFilter(AdminRequest.RepeatConflict);
        admin.MapGet("/me", Me).WithSummary("Who the caller is");
        admin.MapGet("/organizations", ListOrganizations).WithSummary("List organizations");
        admin.MapPost("/organizations", CreateOrganization).WithSummary("Add an organization");

        var one = admin.MapGroup("/organizations/{organization}");
        one.MapGet("", GetOrganization).WithSummary("Get an organization");
        one.MapPatch("", ChangeOrganization).WithSummary("Change an organization");
        one.MapGet("/tenants", ListTenants).WithSummary("List directory tenants");
        one.MapPut("/tenants/{id}", PutTenant).WithSummary("Add a directory tenant");
        one.MapDelete("/tenants/{id}", DeleteTenant).WithSummary("Remove a directory tenant");
        one.MapGet("/locations", ListLocations).WithSummary("List locations");
        one.MapPut("/locations/{id}", PutLocation).WithSummary("Add or change a location");
        one.MapDelete("/locations/{id}", DeleteLocation).WithSummary("Remove a location");
        one.MapGet("/solutions", ListSolutions).WithSummary("List solutions");
        one.MapPut("/solutions/{id}", PutSolution).WithSummary("Add or change a solution");
        one.MapDelete("/solutions/{id}", DeleteSolution).WithSummary("Remove a solution");
        one.MapPeople();
        one.MapPost("/users", CreateUser).WithSummary("Add a person");
        one.MapGet("/users/{user:guid}", GetUser).WithSummary("Get a person");
        one.MapPatch("/users/{user:guid}", ChangeUser).WithSummary("Change a person");
        one.MapDelete("/users/{user:guid}", DisableUser).WithSummary("Disable a person and take away all roles");
        one.MapPut("/users/{user:guid}/password", SetPassword).WithSummary("Set a password");
        one.MapGet("/users/{user:guid}/roles", ListRoles).WithSummary("List a person's roles");
        one.MapPost("/users/{user:guid}/roles", GiveRole).WithSummary("Give a role");
        one.MapDelete("/users/{user:guid}/roles/{role:guid}", TakeRole).WithSummary("Take a role away");
        one.MapRouting();
        one.MapAudit();
        one.MapGet("/clients", ListClients).WithSummary("List service clients");
        one.MapPost("/clients", CreateClient).WithSummary("Add a service client");
        one.MapDelete("/clients/{client:guid}", DeleteClient).WithSummary("Remove a service client");
    }

    private static IResult Me(AdminRequest request) => Answer(
        new CallerView
        {
            Id = request.Caller.UserId,
            Name = request.Caller.Name,
            Email = request.Caller.Email,
            OrganizationId = request.Caller.OrganizationId,
            OrganizationName = request.Caller.OrganizationName,
            Roles = [.. request.Caller.Roles.Select(r => new RoleDraft { Role = RoleNames.Write(r.Role), MpnId = r.MpnId })],
        },
        AdminJson.Default.CallerView);

    private static async Task<IResult> ListOrganizations(AdminRequest request)
    {
        if (!request.Caller.Has(Role.Operator))
        {
            return (await request.Managed(request.Caller.OrganizationId, readOnly: true)).Succeeded(out var own, out var refusal)
                ? Answer(new AdminPage<OrganizationView> { Value = [View(own)] }, AdminJson.Default.AdminPageOrganizationView)
                : new RefusalResult(refusal);
        }

        var after = request.Context.Request.Query["after"].ToString();
        var found = await request.Db.Organizations.AsNoTracking().Include(o => o.Tenants)
            .Where(o => string.Compare(o.Id, after) > 0).OrderBy(o => o.Id).Take(PageSize + 1).ToListAsync(request.Cancellation);
        return Answer(Page(found, "/admin/organizations", o => o.Id, View), AdminJson.Default.AdminPageOrganizationView);
    }

    private static async Task<IResult> CreateOrganization(AdminRequest request)
    {
        if (!request.Caller.Has(Role.Operator))
            return new RefusalResult(OperatorOnly);
        if (!(await request.Body(AdminJson.Default.OrganizationDraft)).Succeeded(out var draft, out var refusal))
            return new RefusalResult(refusal);
        if (await request.Repeat() is { } repeated)
            return repeated;

        var faults = new DraftFaults();
        var name = faults.Text("name", draft.Name, LongestName, isRequired: true);
        var location = faults.Text("primaryMpnId", draft.PrimaryMpnId, LongestId, isRequired: false, mayBeEmpty: true);
        var id = draft.Id?.Trim().ToLowerInvariant() ?? Guid.NewGuid().ToString();
        if (id != Organization.Microsoft && !Guid.TryParseExact(id, "D", out _))
            faults.Add(Refusal.Invalid("id", "invalidValue", "id must be a GUID such as 7d23e5ca-19dc-4eaa-aac8-5e6b559f0d1d, or msft for Microsoft."));
        else if (await request.Db.Organizations.AnyAsync(o => o.Id == id, request.Cancellation))
            return new RefusalResult(Conflict("id", $"There is already an organization {id}."));
        if (faults.Refusal is { } invalid)
            return new RefusalResult(invalid);

        var organization = new Organization { Id = id, Name = name!, PrimaryMpnId = Empty(location), CreatedAt = request.Now };
        request.Db.Add(organization);
        return await request.Create($"/admin/organizations/{id}", View(organization), AdminJson.Default.OrganizationView);
    }

    private static async Task<IResult> GetOrganization(string organization, AdminRequest request) =>
        (await request.Managed(organization, readOnly: true)).Succeeded(out var found, out var refusal)
            ? Answer(View(found), AdminJson.Default.OrganizationView)
            : new RefusalResult(refusal);

    private static async Task<IResult> ChangeOrganization(string organization, AdminRequest request)
    {
        if (!(await request.Managed(organization)).Succeeded(out var found, out var refusal)
            || !(await request.Body(AdminJson.Default.OrganizationDraft)).Succeeded(out var draft, out refusal))
            return new RefusalResult(refusal);
        var faults = new DraftFaults();
        if (draft.Id is not null && draft.Id.Trim() != found.Id)
            faults.Add(Refusal.Invalid("id", "readOnlyProperty", "The id of an organization never changes; remove it."));
        found.Name = faults.Text("name", draft.Name, LongestName, isRequired: false) ?? found.Name;
        if (faults.Text("primaryMpnId", draft.PrimaryMpnId, LongestId, isRequired: false, mayBeEmpty: true) is { } location)
            found.PrimaryMpnId = Empty(location);
        return await Saved(request, faults.Refusal, () => Answer(View(found), AdminJson.Default.OrganizationView));
    }

    private static async Task<IResult> ListTenants(string organization, AdminRequest request) =>
        (await request.Managed(organization, readOnly: true)).Succeeded(out var found, out var refusal)
            ? Answer(new AdminPage<string> { Value = View(found).Tenants }, AdminJson.Default.AdminPageString)
            : new RefusalResult(refusal);

    private static async Task<IResult> PutTenant(string organization, string id, AdminRequest request)
    {
        if (!request.Caller.Has(Role.Operator))
        {
            // Whoever owns a tenant's name owns its people's tokens: not a matter of one organization.
            return new RefusalResult(OperatorOnly);
        }

        if (!(await request.Managed(organization)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        if (!Guid.TryParse(id, out var tenant))
            return new RefusalResult(Refusal.Invalid("id", "invalidValue", "A directory tenant id is a GUID."));
        var key = tenant.ToString();
        var known = await request.Db.DirectoryTenants.SingleOrDefaultAsync(t => t.Id == key, request.Cancellation);
        if (known is not null && known.OrganizationId != found.Id)
            return new RefusalResult(Conflict("id", "This directory tenant belongs to another organization."));
        if (known is null)
            request.Db.Add(new DirectoryTenant { Id = key, OrganizationId = found.Id });
        return await Saved(request, null, Results.NoContent);
    }

    private static async Task<IResult> DeleteTenant(string organization, string id, AdminRequest request)
    {
        if (!(await request.Managed(organization)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        return found.Tenants.Find(t => t.Id.Equals(id, StringComparison.OrdinalIgnoreCase)) is { } tenant
            ? await Removed(request, tenant)
            : new RefusalResult(Refusal.NotFound("id", "The organization has no such directory tenant."));
    }

    private static async Task<IResult> ListLocations(string organization, AdminRequest request)
    {
        if (!(await request.Managed(organization, readOnly: true)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        var (after, path) = (request.Context.Request.Query["after"].ToString(), $"/admin/organizations/{found.Id}/locations");
        var rows = await request.Db.Locations.AsNoTracking().Where(l => l.OrganizationId == found.Id && string.Compare(l.Id, after) > 0)
            .OrderBy(l => l.Id).Take(PageSize + 1).ToListAsync(request.Cancellation);
        return Answer(Page(rows, path, l => l.Id, View), AdminJson.Default.AdminPageLocationView);
    }

    private static async Task<IResult> PutLocation(string organization, string id, AdminRequest request)
    {
        if (!(await request.Managed(organization)).Succeeded(out var found, out var refusal)
            || !(await request.Body(AdminJson.Default.ProfileDraft)).Succeeded(out var draft, out refusal))
            return new RefusalResult(refusal);
        var faults = new DraftFaults();
        var (name, mpnId) = ReadProfile(faults, id, draft);
        var contact = faults.Email(draft.ContactEmail, isRequired: false, "contactEmail", mayBeEmpty: true);
        var key = id.Trim().ToLowerInvariant();
        var known = await request.Db.Locations.SingleOrDefaultAsync(l => l.Id == key, request.Cancellation);
        if (known is not null && known.OrganizationId != found.Id)
            return new RefusalResult(Conflict("id", "This location belongs to another organization."));
        var location = known ?? new Location { Id = key, OrganizationId = found.Id, Name = name ?? "" };
        (location.Name, location.MpnId) = (name ?? "", Empty(mpnId));
        // Who does not speak of the contact leaves it: the contract of locations is older.
        if (contact is not null)
            location.ContactEmail = Empty(contact);
        if (known is null)
            request.Db.Add(location);
        return await Saved(request, faults.Refusal, () => Answer(View(location), AdminJson.Default.LocationView));
    }

    private static async Task<IResult> DeleteLocation(string organization, string id, AdminRequest request)
    {
        if (!(await request.Managed(organization)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        var key = id.Trim().ToLowerInvariant();
        var known = await request.Db.Locations.SingleOrDefaultAsync(l => l.Id == key && l.OrganizationId == found.Id, request.Cancellation);
        return known is null
            ? new RefusalResult(Refusal.NotFound("id", "The organization has no such location."))
            : await Removed(request, known);
    }

    private static async Task<IResult> ListSolutions(string organization, AdminRequest request)
    {
        if (!(await request.Managed(organization, readOnly: true)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        var (after, path) = (request.Context.Request.Query["after"].ToString(), $"/admin/organizations/{found.Id}/solutions");
        var rows = await request.Db.Solutions.AsNoTracking().Where(s => s.OrganizationId == found.Id && string.Compare(s.Id, after) > 0)
            .OrderBy(s => s.Id).Take(PageSize + 1).ToListAsync(request.Cancellation);
        return Answer(Page(rows, path, s => s.Id, View), AdminJson.Default.AdminPageSolutionView);
    }

    private static async Task<IResult> PutSolution(string organization, string id, AdminRequest request)
    {
        if (!(await request.Managed(organization)).Succeeded(out var found, out var refusal)
            || !(await request.Body(AdminJson.Default.ProfileDraft)).Succeeded(out var draft, out refusal))
            return new RefusalResult(refusal);
        var faults = new DraftFaults();
        var (name, mpnId) = ReadProfile(faults, id, draft);
        if (mpnId is not null)
            faults.Add(Refusal.Invalid("mpnId", "invalidValue", "A solution has no mpnId; remove it."));
        var key = id.Trim();
        var known = await request.Db.Solutions.SingleOrDefaultAsync(s => s.Id == key, request.Cancellation);
        if (known is not null && known.OrganizationId != found.Id)
            return new RefusalResult(Conflict("id", "This solution belongs to another organization."));
        var solution = known ?? new Solution { Id = key, OrganizationId = found.Id, Name = name ?? "" };
        solution.Name = name ?? "";
        if (known is null)
            request.Db.Add(solution);
        return await Saved(request, faults.Refusal, () => Answer(View(solution), AdminJson.Default.SolutionView));
    }

    private static async Task<IResult> DeleteSolution(string organization, string id, AdminRequest request)
    {
        if (!(await request.Managed(organization)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        var known = await request.Db.Solutions.SingleOrDefaultAsync(s => s.Id == id && s.OrganizationId == found.Id, request.Cancellation);
        return known is null
            ? new RefusalResult(Refusal.NotFound("id", "The organization has no such solution."))
            : await Removed(request, known);
    }

    private static async Task<IResult> CreateUser(string organization, AdminRequest request)
    {
        if (!(await request.Managed(organization)).Succeeded(out var found, out var refusal)
            || !(await request.Body(AdminJson.Default.UserDraft)).Succeeded(out var draft, out refusal))
            return new RefusalResult(refusal);
        if (await request.Repeat() is { } repeated)
            return repeated;

        var faults = new DraftFaults();
        var email = faults.Email(draft.Email, isRequired: true);
        var name = faults.Text("name", draft.Name, LongestName, isRequired: true);
        var externalId = faults.Text("externalId", draft.ExternalId, LongestName, isRequired: false, mayBeEmpty: true);
        var password = faults.Password(draft.Password, isRequired: false);
        if (faults.Refusal is { } invalid)
            return new RefusalResult(invalid);
        if (await request.Db.Users.AnyAsync(u => u.Email == email, request.Cancellation))
            return new RefusalResult(Conflict("email", "There is already a user with this e-mail address on the exchange."));

        var user = new User
        {
            Id = Guid.NewGuid(),
            OrganizationId = found.Id,
            Email = email!,
            Name = name!,
            ExternalId = Empty(externalId),
            PasswordHash = password is null ? null : Hasher.HashPassword("", password),
            IsEnabled = draft.IsEnabled ?? true,
            CreatedAt = request.Now,
        };
        request.Db.Add(user);
        return await request.Create($"/admin/organizations/{found.Id}/users/{user.Id}", View(user), AdminJson.Default.UserView);
    }

    private static async Task<IResult> GetUser(string organization, Guid user, AdminRequest request) =>
        (await FindUser(organization, user, request)).Succeeded(out var found, out var refusal)
            ? Answer(View(found), AdminJson.Default.UserView)
            : new RefusalResult(refusal);

    private static async Task<IResult> ChangeUser(string organization, Guid user, AdminRequest request)
    {
        if (!(await FindUser(organization, user, request)).Succeeded(out var found, out var refusal)
            || !(await request.Body(AdminJson.Default.UserDraft)).Succeeded(out var draft, out refusal))
            return new RefusalResult(refusal);
        var faults = new DraftFaults();
        var email = faults.Email(draft.Email, isRequired: false) ?? found.Email;
        var isFree = email == found.Email || !await request.Db.Users.AnyAsync(u => u.Email == email, request.Cancellation);
        if (!isFree)
            return new RefusalResult(Conflict("email", "There is already a user with this e-mail address on the exchange."));
        found.Email = email;
        found.Name = faults.Text("name", draft.Name, LongestName, isRequired: false) ?? found.Name;
        if (faults.Text("externalId", draft.ExternalId, LongestName, isRequired: false, mayBeEmpty: true) is { } externalId)
            found.ExternalId = Empty(externalId);
        if (faults.Password(draft.Password, isRequired: false) is { } password && faults.Refusal is null)
            found.PasswordHash = Hasher.HashPassword("", password);
        found.IsEnabled = draft.IsEnabled ?? found.IsEnabled;
        var check = draft.IsEnabled == false ? UnlessLast(found, request) : null;
        return await Saved(request, faults.Refusal, () => Answer(View(found), AdminJson.Default.UserView), check);
    }

    // The user stays, since the history names him.
    private static async Task<IResult> DisableUser(string organization, Guid user, AdminRequest request)
    {
        if (!(await FindUser(organization, user, request)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        var check = UnlessLast(found, request);
        found.IsEnabled = false;
        request.Db.RemoveRange(found.Roles);
        return await Saved(request, null, Results.NoContent, check);
    }

    private static async Task<IResult> SetPassword(
        string organization, Guid user, AdminRequest request, IOpenIddictTokenManager tokens)
    {
        var isOwn = user == request.Caller.UserId && organization.Equals(request.Caller.OrganizationId, StringComparison.OrdinalIgnoreCase);
        User? found;
        if (isOwn)
            found = await request.Db.Users.SingleOrDefaultAsync(u => u.Id == user, request.Cancellation);
        else if (!(await FindUser(organization, user, request)).Succeeded(out found, out var notFound))
            return new RefusalResult(notFound);
        if (found is null)
            return new RefusalResult(NoUser);
        if (!(await request.Body(AdminJson.Default.PasswordDraft)).Succeeded(out var draft, out var refusal))
            return new RefusalResult(refusal);
        var faults = new DraftFaults();
        if (faults.Password(draft.Password, isRequired: true) is { } password && faults.Refusal is null)
        {
            found.PasswordHash = Hasher.HashPassword("", password);
            // Whoever knew the old password is signed out everywhere.
            await tokens.RevokeBySubjectAsync(found.Id.ToString(), request.Cancellation);
        }

        return await Saved(request, faults.Refusal, Results.NoContent);
    }

    private static async Task<IResult> ListRoles(string organization, Guid user, AdminRequest request) =>
        (await FindUser(organization, user, request)).Succeeded(out var found, out var refusal)
            ? Answer(new AdminPage<RoleView> { Value = View(found).Roles }, AdminJson.Default.AdminPageRoleView)
            : new RefusalResult(refusal);

    private static async Task<IResult> GiveRole(string organization, Guid user, AdminRequest request)
    {
        if (!(await FindUser(organization, user, request)).Succeeded(out var found, out var refusal)
            || !(await request.Body(AdminJson.Default.RoleDraft)).Succeeded(out var draft, out refusal))
            return new RefusalResult(refusal);
        if (await request.Repeat() is { } repeated)
            return repeated;
        if (!(await FindUser(organization, user, request)).Succeeded(out found, out refusal))
            return new RefusalResult(refusal);

        var faults = new DraftFaults();
        var role = faults.Role(draft.Role);
        var location = Empty(faults.Text("mpnId", draft.MpnId, LongestId, isRequired: false, mayBeEmpty: true));
        if (faults.Refusal is { } invalid)
            return new RefusalResult(invalid);
        if (role == Role.Operator && !request.Caller.Has(Role.Operator))
            return new RefusalResult(OperatorOnly);
        if (found.Roles.Exists(r => r.Role == role && r.MpnId == location))
            return new RefusalResult(Conflict("role", "The user has this role already."));
        var given = new RoleAssignment { Id = Guid.NewGuid(), UserId = found.Id, Role = role!.Value, MpnId = location };
        request.Db.Add(given);
        return await request.Create(
            $"/admin/organizations/{found.OrganizationId}/users/{found.Id}/roles/{given.Id}", View(given), AdminJson.Default.RoleView);
    }

    private static async Task<IResult> TakeRole(string organization, Guid user, Guid role, AdminRequest request)
    {
        if (!(await FindUser(organization, user, request)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        if (found.Roles.Find(r => r.Id == role) is not { } given)
            return new RefusalResult(Refusal.NotFound("role", "The user has no such role."));
        var check = given.Role == Role.AccountAdmin ? UnlessLast(found, request) : null;
        request.Db.Remove(given);
        return await Saved(request, null, Results.NoContent, check);
    }

    private static async Task<IResult> ListClients(string organization, AdminRequest request)
    {
        if (!(await request.Managed(organization, readOnly: true)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        var rows = await request.Db.ServiceClients.AsNoTracking().Where(c => c.OrganizationId == found.Id)
            .OrderBy(c => c.Name).Take(PageSize).ToListAsync(request.Cancellation);
        return Answer(new AdminPage<ServiceClientView> { Value = [.. rows.Select(c => View(c, null))] }, AdminJson.Default.AdminPageServiceClientView);
    }

    private static async Task<IResult> CreateClient(
        string organization, AdminRequest request, IOpenIddictApplicationManager applications, IOptions<TandemOptions> tandem)
    {
        if (!(await request.Managed(organization)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        if (tandem.Value.IsEmulator)
        {
            return new RefusalResult(Conflict("clients",
                "The emulator refuses application-only tokens, as the original service does; service clients exist in exchange mode."));
        }

        if (!(await request.Body(AdminJson.Default.ServiceClientDraft)).Succeeded(out var draft, out refusal))
            return new RefusalResult(refusal);
        if (await request.Repeat() is { } repeated)
            return repeated;
        var faults = new DraftFaults();
        var name = faults.Text("name", draft.Name, LongestName, isRequired: true);
        var role = faults.Role(draft.Role, [Role.ReferralsAdmin, Role.ReferralsUser]);
        var location = Empty(faults.Text("mpnId", draft.MpnId, LongestId, isRequired: false, mayBeEmpty: true));
        if (faults.Refusal is { } invalid)
            return new RefusalResult(invalid);

        var client = new ServiceClient
        {
            Id = Guid.NewGuid(),
            OrganizationId = found.Id,
            Name = name!,
            Role = role!.Value,
            MpnId = location,
            CreatedAt = request.Now,
        };
        var secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        // Without the row below the client has no organization, so a half-made one can do nothing.
        await applications.CreateAsync(IssuerClients.Describe(client.Id.ToString(), secret), request.Cancellation);
        request.Db.Add(client);
        return await request.Create(
            $"/admin/organizations/{found.Id}/clients", View(client, secret), AdminJson.Default.ServiceClientView, secret: true);
    }

    private static async Task<IResult> DeleteClient(
        string organization, Guid client, AdminRequest request, IOpenIddictApplicationManager applications)
    {
        if (!(await request.Managed(organization)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);
        var known = await request.Db.ServiceClients.SingleOrDefaultAsync(c => c.Id == client && c.OrganizationId == found.Id, request.Cancellation);
        if (known is null)
            return new RefusalResult(Refusal.NotFound("client", "The organization has no such service client."));
        var removed = await Removed(request, known);
        if (await applications.FindByClientIdAsync(client.ToString(), request.Cancellation) is { } registered)
            await applications.DeleteAsync(registered, request.Cancellation);
        return removed;
    }

    private static async Task<Outcome<User>> FindUser(string organization, Guid id, AdminRequest request)
    {
        if (!(await request.Managed(organization, readOnly: true)).Succeeded(out var found, out var refusal))
            return refusal;
        return await request.Db.Users.Include(u => u.Roles)
            .SingleOrDefaultAsync(u => u.Id == id && u.OrganizationId == found.Id, request.Cancellation) is { } user
            ? user
            : NoUser;
    }

    // An organization that nobody can manage any more could not be mended from within. Of two who take the role from each
    // other the second one is refused.
    private static Func<Task<Refusal?>>? UnlessLast(User user, AdminRequest request) =>
        user.Roles.Exists(r => r.Role == Role.AccountAdmin)
            ? async () => await request.Db.Users.AnyAsync(u => u.OrganizationId == user.OrganizationId && u.IsEnabled
                && u.Roles.Any(r => r.Role == Role.AccountAdmin), request.Cancellation) ? null : LastAdministrator
            : null;

    private static (string? Name, string? MpnId) ReadProfile(DraftFaults faults, string id, ProfileDraft draft)
    {
        faults.Text("id", id, LongestId, isRequired: true);
        return (faults.Text("name", draft.Name, LongestName, isRequired: true),
            faults.Text("mpnId", draft.MpnId, LongestId, isRequired: false, mayBeEmpty: true));
    }

    public static async Task<IResult> Saved(
        AdminRequest request, Refusal? invalid, Func<IResult> answer, Func<Task<Refusal?>>? check = null) =>
        (invalid ?? await request.Save(check)) is { } refusal ? new RefusalResult(refusal) : answer();

    public static Task<IResult> Removed(AdminRequest request, object row)
    {
        request.Db.Remove(row);
        return Saved(request, null, Results.NoContent);
    }

    public static IResult Answer<T>(T view, JsonTypeInfo<T> type) =>
        Results.Text(JsonSerializer.Serialize(view, type), "application/json", System.Text.Encoding.UTF8);

    private static AdminPage<TView> Page<TRow, TView>(List<TRow> rows, string path, Func<TRow, string> key, Func<TRow, TView> view) => new()
    {
        Value = [.. rows.Take(PageSize).Select(view)],
        Next = rows.Count > PageSize ? path + QueryString.Create("after", key(rows[PageSize - 1])) : null,
    };

    private static OrganizationView View(Organization organization) => new()
    {
        Id = organization.Id,
        Name = organization.Name,
        PrimaryMpnId = organization.PrimaryMpnId,
        Tenants = [.. organization.Tenants.Select(t => t.Id).Order(StringComparer.Ordinal)],
    };

    public static UserView View(User user) => new()
    {
        Id = user.Id,
        Email = user.Email,
        Name = user.Name,
        ExternalId = user.ExternalId,
        IsEnabled = user.IsEnabled,
        Roles = [.. user.Roles.OrderBy(r => r.Role).ThenBy(r => r.MpnId, StringComparer.Ordinal).Select(View)],
    };

    private static RoleView View(RoleAssignment role) => new() { Id = role.Id, Role = RoleNames.Write(role.Role), MpnId = role.MpnId };

    public static LocationView View(Location location) =>
        new() { Id = location.Id, Name = location.Name, MpnId = location.MpnId, ContactEmail = location.ContactEmail };

    public static SolutionView View(Solution solution) => new() { Id = solution.Id, Name = solution.Name };

    private static ServiceClientView View(ServiceClient client, string? secret) => new()
    {
        Id = client.Id,
        Name = client.Name,
        Role = RoleNames.Write(client.Role),
        MpnId = client.MpnId,
        Secret = secret,
    };

    public static string? Empty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    public static Refusal Conflict(string target, string message) =>
        new(StatusCodes.Status409Conflict, "resourceModified", target, message);

    private static Refusal OperatorOnly { get; } = Refusal.Forbidden("organization", "roleRequired",
        $"This needs the role {RoleNames.Write(Role.Operator)}.");

    private static Refusal NoUser { get; } = Refusal.NotFound("user", "The organization has no such user.");

    private static Refusal LastAdministrator { get; } = Conflict("user",
        $"This is the organization's last {RoleNames.Write(Role.AccountAdmin)}; give the role to somebody else first.");
}

using System.CommandLine;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Tandem.Server.Audit;
using Tandem.Server.Identity;
using Tandem.Server.Storage;

namespace Tandem.Server.Organizations;

/// <summary>
/// <c>setup</c>: creates the first organization and its administrator, once. The password comes from standard input or
/// from the environment, never from the command line, which others can read.
/// </summary>
internal static class SetupCommand
{
    public const string Name = "setup";
    public const int Done = 0;
    public const int Invalid = 1;
    public const int AlreadySetUp = 2;
    private const string PasswordVariable = "TANDEM_SETUP_PASSWORD";
    private const int LeastPassword = 8;

    public static Task<int> Run(string[] args)
    {
        var organization = new Option<string>("--organization") { Description = "Display name of the organization", Required = true };
        var id = new Option<string?>("--organization-id") { Description = "Its id: a GUID, or msft; made up when left out" };
        var tenant = new Option<string?>("--tenant") { Description = "Directory tenant id (GUID); the organization's id when left out" };
        var name = new Option<string>("--name") { Description = "Display name of the first administrator", Required = true };
        var email = new Option<string>("--email") { Description = "The administrator's e-mail address", Required = true };
        var stdin = new Option<bool>("--password-stdin") { Description = $"Read the password from standard input; else {PasswordVariable} is used" };
        var command = new Command(Name, "Create the first organization and its administrator (exchange mode).") { organization, id, tenant, name, email, stdin };
        // What the server itself is configured with may stand on the same line.
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancellation) => Create(
            args,
            new Request(
                parsed.GetValue(organization)!, parsed.GetValue(id), parsed.GetValue(tenant), parsed.GetValue(name)!,
                parsed.GetValue(email)!, parsed.GetValue(stdin) ? Console.In.ReadLine() : Environment.GetEnvironmentVariable(PasswordVariable)),
            cancellation));
        return new RootCommand("Tandem") { command }.Parse(args).InvokeAsync();
    }

    private static async Task<int> Create(string[] args, Request request, CancellationToken cancellation)
    {
        var organizationId = request.OrganizationId?.Trim().ToLowerInvariant() ?? Guid.NewGuid().ToString();
        if (organizationId != Organization.Microsoft && !Guid.TryParseExact(organizationId, "D", out _))
            return Fail(Invalid, "--organization-id must be a GUID, or msft.");
        var tenant = request.Tenant?.Trim().ToLowerInvariant() ?? organizationId;
        if (request.Tenant is not null && !Guid.TryParse(tenant, out _))
            return Fail(Invalid, "--tenant must be a GUID.");
        var email = request.Email.Trim().ToLowerInvariant();
        if (email.Count(c => c == '@') != 1)
            return Fail(Invalid, "--email must be an address with one @.");
        if (string.IsNullOrWhiteSpace(request.Name) || string.IsNullOrWhiteSpace(request.Organization))
            return Fail(Invalid, "--organization and --name must not be blank.");
        if (request.Password is { Length: < LeastPassword })
            return Fail(Invalid, $"The password must have at least {LeastPassword} characters.");

        await using var app = TandemApp.Create([.. args.Skip(1).Append("--Tandem:Emulator:Seed=empty")]);
        var hasProvider = app.Configuration["Tandem:Identity:Authority"] is not null;
        if (request.Password is null && !hasProvider)
            return Fail(Invalid, $"Give a password: pipe it in with --password-stdin, or set {PasswordVariable}. (It may be left out when Tandem:Identity:Authority names an external provider.)");

        await app.MigrateStorage();
        await using var scope = app.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TandemDb>();
        if (await db.RoleAssignments.AnyAsync(r => r.Role == Role.Operator, cancellation))
            return Fail(AlreadySetUp, "This exchange has an operator already; he adds organizations and people under /admin.");

        var now = app.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var userId = Guid.NewGuid();
        db.Author = new AdminAuthor(null, Name, null, now);
        db.Add(new Organization
        {
            Id = organizationId,
            Name = request.Organization.Trim(),
            CreatedAt = now,
            Tenants = [new DirectoryTenant { Id = tenant, OrganizationId = organizationId }],
        });
        db.Add(new User
        {
            Id = userId,
            OrganizationId = organizationId,
            Email = email,
            Name = request.Name.Trim(),
            PasswordHash = request.Password is null ? null : new PasswordHasher<string>().HashPassword("", request.Password),
            CreatedAt = now,
            Roles =
            [
                .. new[] { Role.AccountAdmin, Role.ReferralsAdmin, Role.Operator }
                    .Select(r => new RoleAssignment { Id = Guid.NewGuid(), UserId = userId, Role = r }),
            ],
        });
        await db.SaveChangesAsync(cancellation);
        Console.WriteLine($"Created organization {request.Organization.Trim()} ({organizationId}) and its administrator {email}.");
        return Done;
    }

    private static int Fail(int code, string message)
    {
        Console.Error.WriteLine(message);
        return code;
    }

    private sealed record Request(
        string Organization, string? OrganizationId, string? Tenant, string Name, string Email, string? Password);
}

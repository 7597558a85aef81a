using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.EntityFrameworkCore;
using Tandem.Contracts.Reading;
using Tandem.Server.Audit;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Storage;

namespace Tandem.Server.Organizations;

/// <summary>
/// One request of the administration API: who asks, what the body says, and a save that remembers the answer to a POST
/// with an <c>Idempotency-Key</c> in the same transaction.
/// </summary>
internal sealed class AdminRequest(
    HttpContext context, Caller caller, TandemDb db, OrganizationDirectory directory, TimeProvider clock)
{
    private static readonly TimeSpan RememberTime = TimeSpan.FromHours(24);
    private string _bodyDigest = "";

    public HttpContext Context => context;

    public Caller Caller => caller;

    public TandemDb Db => db;

    public DateTimeOffset Now => clock.GetUtcNow();

    public CancellationToken Cancellation => context.RequestAborted;

    public static ValueTask<AdminRequest?> BindAsync(HttpContext context)
    {
        var services = context.RequestServices;
        if (context.Features.Get<Caller>() is not { } caller)
            return ValueTask.FromResult<AdminRequest?>(null);
        var (db, clock) = (services.GetRequiredService<TandemDb>(), services.GetRequiredService<TimeProvider>());
        db.Author = AdminAuthor.Of(caller, clock.GetUtcNow());
        return ValueTask.FromResult<AdminRequest?>(new(context, caller, db, services.GetRequiredService<OrganizationDirectory>(), clock));
    }

    /// <summary>The organization, if the caller may manage it; to anybody else a foreign one does not exist.</summary>
    public async Task<Outcome<Organization>> Managed(string id, bool readOnly = false)
    {
        var isOwn = string.Equals(id, caller.OrganizationId, StringComparison.OrdinalIgnoreCase);
        if (!caller.Has(Role.Operator) && !isOwn)
            return NoOrganization(id);
        if (!caller.Has(Role.Operator) && !caller.Has(Role.AccountAdmin))
        {
            return Refusal.Forbidden("organization", "roleRequired",
                $"Managing an organization needs the role {RoleNames.Write(Role.AccountAdmin)}; an account administrator gives it.");
        }

        var all = readOnly ? db.Organizations.AsNoTracking() : db.Organizations;
        var key = id.ToLowerInvariant();
        return await all.Include(o => o.Tenants).SingleOrDefaultAsync(o => o.Id == key, Cancellation) is { } found
            ? found
            : NoOrganization(id);
    }

    /// <summary>Reads the body strictly.</summary>
    public async Task<Outcome<T>> Body<T>(JsonTypeInfo<T> type)
        where T : class
    {
        var read = await RequestBody.Read(context);
        if (!read.Succeeded(out var body, out var refusal))
            return refusal;
        using (body)
        {
            _bodyDigest = Convert.ToHexStringLower(SHA256.HashData(body.Bytes));
            return StrictJson.Read(body.Json, type);
        }
    }

    /// <summary>
    /// Runs a POST, or repeats the first answer to one with the same key. The handler has changed <see cref="Db"/> but not
    /// saved it; answer and change are stored together.
    /// </summary>
    /// <param name="secret">An answer that must not be stored: repeating it is refused instead.</param>
    public async Task<IResult> Create<T>(string location, T view, JsonTypeInfo<T> type, bool secret = false)
    {
        var json = JsonSerializer.Serialize(view, type);
        if (Key is { } key)
        {
            db.Add(new IdempotencyRow
            {
                Key = key,
                RequestDigest = _bodyDigest,
                Status = StatusCodes.Status201Created,
                Location = location,
                Body = secret ? "" : json,
                CreatedAt = WireTime.ToUnixMicroseconds(Now),
            });
        }

        if (await Save() is { } refusal)
            return new RefusalResult(refusal);
        context.Response.Headers.Location = location;
        return Results.Text(json, "application/json", Encoding.UTF8, StatusCodes.Status201Created);
    }

    /// <summary>The first answer to this POST, if it came before; null when it is new.</summary>
    public async Task<IResult?> Repeat()
    {
        if (Key is not { } key)
            return null;
        db.ChangeTracker.Clear();
        var since = WireTime.ToUnixMicroseconds(Now - RememberTime);
        var first = await db.Set<IdempotencyRow>().AsNoTracking().SingleOrDefaultAsync(i => i.Key == key, Cancellation);
        if (first is null)
            return null;
        if (first.CreatedAt <= since)
        {
            await db.Set<IdempotencyRow>().Where(i => i.Key == key).ExecuteDeleteAsync(Cancellation);
            return null;
        }

        if (first.RequestDigest != _bodyDigest)
        {
            return new RefusalResult(new Refusal(StatusCodes.Status409Conflict, "resourceModified", "Idempotency-Key",
                "This Idempotency-Key was used for another body within the last 24 hours; send a new one for a new request."));
        }

        context.Response.Headers["Idempotency-Replayed"] = "true";
        context.Response.Headers.Location = first.Location;
        return first.Body.Length > 0
            ? Results.Text(first.Body, "application/json", Encoding.UTF8, first.Status)
            : new RefusalResult(new Refusal(StatusCodes.Status409Conflict, "resourceModified", "Idempotency-Key",
                $"The first request with this key succeeded; its secret is shown once only. See {first.Location}, or create another client."));
    }

    /// <summary>
    /// A repeat that comes while the first request is being stored is refused for what that one makes; it gets the first
    /// answer all the same.
    /// </summary>
    public static async ValueTask<object?> RepeatConflict(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var result = await next(invocation);
        return result is RefusalResult { Refusal.Status: StatusCodes.Status409Conflict }
            && invocation.Arguments.OfType<AdminRequest>().SingleOrDefault() is { } request
            && await request.Repeat() is { } repeated
                ? repeated
                : result;
    }

    /// <summary>Saves, and lets every request see it; a refusal when somebody else was faster.</summary>
    /// <param name="check">
    /// Asked once the change is made and no other one of the directory can be; its refusal takes the change back.
    /// </param>
    public async Task<Refusal?> Save(Func<Task<Refusal?>>? check = null)
    {
        try
        {
            await using var transaction = check is null ? null : await db.Database.BeginTransactionAsync(Cancellation);
            await db.SaveChangesAsync(Cancellation);
            if (check is not null && await check() is { } refusal)
                return refusal;
            if (transaction is not null)
                await transaction.CommitAsync(Cancellation);
        }
        catch (DbUpdateException taken) when (DatabaseAwayException.In(taken) is null)
        {
            return new Refusal(StatusCodes.Status409Conflict, "resourceModified", null,
                "Another request has just stored the same id, address or name, or removed what this one needs; read again and retry.");
        }

        try
        {
            await directory.Reload(Cancellation);
        }
        catch (DatabaseAwayException away)
        {
            // Saved, but not yet seen: only a reading says so.
            throw new DatabaseAwayException(away, mayBeStored: true);
        }

        return null;
    }

    private string? Key => HttpMethods.IsPost(context.Request.Method)
        && context.Request.Headers["Idempotency-Key"].ToString() is { Length: > 0 } key
            ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{caller.UserId}|{context.Request.Path}|{key}")))
            : null;

    public static Refusal NoOrganization(string id) =>
        Refusal.NotFound("organization", $"There is no organization {StrictJson.Printable(id)} that you manage.");
}

/// <summary>What a draft says wrong, all of it.</summary>
internal sealed class DraftFaults
{
    private readonly List<Refusal> _faults = [];

    public Refusal? Refusal => _faults.Count == 0 ? null : Http.Refusal.All(_faults);

    /// <summary>A text within its limits, trimmed; null when it was not sent.</summary>
    public string? Text(string target, string? text, int longest, bool isRequired, bool mayBeEmpty = false)
    {
        var trimmed = text?.Trim();
        if (trimmed is null && isRequired)
            _faults.Add(Http.Refusal.Missing(target, $"{target} is required."));
        else if (trimmed is not null && ((trimmed.Length == 0 && !mayBeEmpty) || trimmed.Length > longest || trimmed.Any(char.IsControl)))
            _faults.Add(Http.Refusal.Invalid(target, "invalidValue", $"{target} must have {(mayBeEmpty ? 0 : 1)} to {longest} characters, none of them a control character."));
        return trimmed;
    }

    public string? Email(string? text, bool isRequired, string target = "email", bool mayBeEmpty = false)
    {
        var email = Text(target, text, 254, isRequired, mayBeEmpty)?.ToLowerInvariant();
        if (email is { Length: > 0 } && (email.Count(c => c == '@') != 1 || email.StartsWith('@') || email.EndsWith('@') || email.Any(char.IsWhiteSpace)))
            _faults.Add(Http.Refusal.Invalid(target, "invalidValue", $"{target} must be an address with one @, such as ada@contoso.example."));
        return email;
    }

    public string? Password(string? text, bool isRequired)
    {
        if (text is null && isRequired)
            _faults.Add(Http.Refusal.Missing("password", "password is required."));
        else if (text is not null && text.Length is < 8 or > 256)
            _faults.Add(Http.Refusal.Invalid("password", "invalidValue", "password must have 8 to 256 characters."));
        return text;
    }

    public Role? Role(string? name, IReadOnlyCollection<Role>? allowed = null)
    {
        if (RoleNames.Read(name) is { } role && (allowed is null || allowed.Contains(role)))
            return role;
        var names = allowed?.Select(RoleNames.Write) ?? RoleNames.All;
        _faults.Add(Http.Refusal.Invalid("role", name is null ? "missingProperty" : "invalidValue", $"role must be one of {string.Join(", ", names)}."));
        return null;
    }

    public void Add(Refusal fault) => _faults.Add(fault);
}

using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Tandem.Contracts.Organizations;
using Tandem.Server.Http;
using Tandem.Server.Organizations;

namespace Tandem.Server.Audit;

/// <summary>
/// Who changed what in an organization's administration, the newest first. What happens to referrals stands in their
/// histories.
/// </summary>
internal static class AuditEndpoint
{
    private const int PageSize = 50;

    public static IServiceCollection AddAudit(this IServiceCollection services)
    {
        services.AddOptions<AuditOptions>().BindConfiguration("Tandem:Audit").ValidateDataAnnotations().ValidateOnStart();
        return services.AddHostedService<AuditPruner>();
    }

    public static void MapAudit(this IEndpointRouteBuilder organization) =>
        organization.MapGet("/audit", List).WithSummary("List administrative changes, the newest first");

    private static async Task<IResult> List(
        string organization, string? after, string? by, string? kind, string? from, string? to, AdminRequest request)
    {
        if (!(await request.Managed(organization, readOnly: true)).Succeeded(out var found, out var refusal))
            return new RefusalResult(refusal);

        var faults = new DraftFaults();
        var changes = request.Db.AdminChanges.AsNoTracking().Where(c => c.OrganizationId == found.Id);
        if (Sent(after))
        {
            if (long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var last))
                changes = changes.Where(c => c.Sequence < last);
            else
                faults.Add(Refusal.Invalid("after", "invalidValue", "after must be the sequence of an entry; follow next as it is."));
        }

        if (Sent(by))
        {
            if (Guid.TryParse(by, out var author))
                changes = changes.Where(c => c.AuthorId == author);
            else
                faults.Add(Refusal.Invalid("by", "invalidValue", "by must be the id of a user or service client."));
        }

        if (Sent(kind))
        {
            // By its name alone: a number would be read, too.
            var name = Array.Find(Enum.GetNames<AuditKind>(), k => k.Equals(kind, StringComparison.OrdinalIgnoreCase));
            if (Enum.TryParse<AuditKind>(name, out var asked))
                changes = changes.Where(c => c.Kind == asked);
            else
                faults.Add(Refusal.Invalid("kind", "invalidValue", $"kind must be one of {string.Join(", ", Enum.GetNames<AuditKind>())}."));
        }

        if (Day(faults, "from", from) is { } first)
            changes = changes.Where(c => c.ChangedAt >= first);
        // Up to a day means before the next one.
        if (Day(faults, "to", to) is { } lastDay)
        {
            var end = lastDay.AddDays(1);
            changes = changes.Where(c => c.ChangedAt < end);
        }

        if (faults.Refusal is { } invalid)
            return new RefusalResult(invalid);
        var rows = await changes.OrderByDescending(c => c.Sequence).Take(PageSize + 1).ToListAsync(request.Cancellation);
        return AdminEndpoints.Answer(
            new AdminPage<AuditEntry>
            {
                Value = [.. rows.Take(PageSize).Select(c => c.View())],
                Next = rows.Count > PageSize
                    ? $"/admin/organizations/{found.Id}/audit" + QueryString.Create(new Dictionary<string, string?>
                    {
                        ["after"] = rows[PageSize - 1].Sequence.ToString(CultureInfo.InvariantCulture),
                        ["by"] = by,
                        ["kind"] = kind,
                        ["from"] = from,
                        ["to"] = to,
                    }.Where(o => Sent(o.Value)))
                    : null,
            },
            AdminJson.Default.AdminPageAuditEntry);
    }

    private static bool Sent(string? value) => !string.IsNullOrWhiteSpace(value);

    private static DateTimeOffset? Day(DraftFaults faults, string name, string? text)
    {
        if (!Sent(text))
            return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1 and < 9999)
            return new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
        faults.Add(Refusal.Invalid(name, "invalidValue", $"{name} must be a day such as 2026-11-26; days are UTC."));
        return null;
    }
}

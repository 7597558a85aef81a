using Tandem.Contracts.Organizations;
using Tandem.Server.Audit;

namespace Tandem.Server.Webhooks;

/// <summary>A change of a subscription in the words of the audit. Addresses go without their query, which may be a secret.</summary>
internal static class SubscriptionAudit
{
    /// <param name="before">Null when it is new.</param>
    /// <param name="after">Null when it is gone.</param>
    /// <returns>Null when nothing is different.</returns>
    public static AdminChange? Of(AdminAuthor author, Subscription? before, Subscription? after)
    {
        var action = before is null ? AuditAction.Added : after is null ? AuditAction.Removed : AuditAction.Changed;
        IReadOnlyList<AuditValue> values =
        [
            .. new[]
            {
                ValueOf("url", before, after, s => Address(s.Url)),
                ValueOf("events", before, after, s => string.Join(' ', s.Events)),
                ValueOf("statuses", before, after, s => string.Join(' ', s.Statuses)),
                ValueOf("filter", before, after, s => s.Filter),
                ValueOf("state", before, after, s => s.State.ToString()),
            }.OfType<AuditValue>(),
            .. action == AuditAction.Changed && !before!.Secret.AsSpan().SequenceEqual(after!.Secret) ? [new AuditValue { Property = "secret" }] : Array.Empty<AuditValue>(),
        ];
        // The query alone: that it changed is told, what it was is not.
        if (action == AuditAction.Changed && before!.Url != after!.Url && Address(before.Url) == Address(after.Url))
            values = [new AuditValue { Property = "url" }, .. values];
        var subject = (after ?? before)!;
        return action == AuditAction.Changed && values.Count == 0
            ? null
            : AdminChange.Of(author, subject.OrganizationId, AuditKind.Subscription, action, $"{subject.Id}", Address(subject.Url), values);
    }

    private static AuditValue? ValueOf(string property, Subscription? before, Subscription? after, Func<Subscription, string?> read)
    {
        var (was, now) = (Read(before), Read(after));
        return was == now ? null : new AuditValue { Property = property, Before = was, After = now };

        string? Read(Subscription? subscription) => subscription is not null && read(subscription) is { Length: > 0 } value ? value : null;
    }

    private static string Address(string url) => Uri.TryCreate(url, UriKind.Absolute, out var address)
        ? $"{address.Scheme}://{address.Authority}{address.AbsolutePath}"
        : url;
}

using Tandem.Contracts.Organizations;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;
using Tandem.Server.Storage;

namespace Tandem.Server.Referrals;

/// <summary>
/// <c>POST /admin/referrals/{id}/registration-review</c>: what a reviewer of deal registrations decides (B49). The
/// original service has no wire form for it; here the operator of the exchange reviews.
/// </summary>
internal static class RegistrationReviewEndpoint
{
    public static void MapRegistrationReview(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/admin/referrals/{id:guid}/registration-review", Review).WithTags("Administration")
            .WithSummary("Review a deal registration").Admit(Admission.Administration);

    private static async Task<IResult> Review(Guid id, AdminRequest request, ReferralStore store)
    {
        if (!request.Caller.Has(Role.Operator))
        {
            return new RefusalResult(Refusal.Forbidden("referral", "roleRequired",
                $"Reviewing a registration needs the role {RoleNames.Write(Role.Operator)}."));
        }

        if (!(await request.Body(AdminJson.Default.RegistrationReview)).Succeeded(out var review, out var refusal))
            return new RefusalResult(refusal);
        if (!Enum.TryParse<RegistrationStatus>(review.Status, true, out var status) || int.TryParse(review.Status, out _)
            || review.StatusReason?.Length > 1024)
        {
            return new RefusalResult(Refusal.Invalid("status", "invalidValue",
                $"status must be one of {string.Join(", ", Enum.GetNames<RegistrationStatus>())}, and statusReason have at most 1024 characters."));
        }

        while (true)
        {
            if (await store.Find(id, request.Cancellation) is not { } stored)
                return new RefusalResult(Refusal.NotFound("referral", "There is no such referral."));
            var now = WireTime.ToMicroseconds(request.Now);
            var (before, after) = (stored.Read(), stored.Read());
            if (DealRegistrations.Review(after, status, review.StatusReason, now) is { } impossible)
                return new RefusalResult(impossible);
            var change = new ReferralChange
            {
                Before = stored,
                After = after,
                Kind = ReferralChangeKind.Updated,
                Properties = ContractType.Referral.Compare(before, after),
                CreatorOrganizationId = stored.CreatorOrganizationId,
                CreatorUserId = stored.CreatorUserId,
                Author = ChangeAuthor.Of(request.Caller),
                RemindsAt = stored.RemindsAt,
            };
            if (await store.Write([PreparedChange.Of(change, now)], null, request.Cancellation) == WriteResult.Stored)
                return Results.NoContent();
        }
    }
}

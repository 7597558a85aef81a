using Tandem.Contracts.Organizations;
using Tandem.Contracts.Webhooks;
using Tandem.Server.Http;
using Tandem.Server.Organizations;

namespace Tandem.Server.Webhooks;

/// <summary><c>GET /admin/organizations/{organization}/notices</c>: what an organization's administrators should know.</summary>
internal static class NoticeEndpoint
{
    private const int Most = 100;

    public static void MapNotices(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/admin/organizations/{organization}/notices", List).WithTags("Administration")
            .WithSummary("What the organization's administrators should know").Admit(Admission.Administration);

    private static async Task<IResult> List(string organization, AdminRequest request, WebhookStore store) =>
        (await request.Managed(organization, readOnly: true)).Succeeded(out var found, out var refusal)
            ? Results.Json(
                new AdminPage<NoticeView> { Value = await store.Notices(found.Id, Most, request.Cancellation) },
                WebhookJson.Default.AdminPageNoticeView)
            : new RefusalResult(refusal);
}

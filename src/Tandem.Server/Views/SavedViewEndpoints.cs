using Tandem.Contracts.Organizations;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;

namespace Tandem.Server.Views;

/// <summary><c>/v1.0/engagements/views</c>: choices of referrals that people gave a name, their own and shared ones.</summary>
internal static class SavedViewEndpoints
{
    public const string Path = "/v1.0/engagements/views";

    private const int LongestName = 100;
    private const int LongestQuery = 2000;

    public static void MapSavedViews(this IEndpointRouteBuilder routes)
    {
        var views = routes.MapGroup(Path).WithTags("Views").Admit(Admission.Referrals).AddEndpointFilter(ContractPipeline.RequireJsonAccepted);
        views.MapGet("", List).WithSummary("List one's own saved views, and those shared in the organization");
        views.MapPut("/{id:guid}", Put).WithSummary("Save a view under an id of one's own choice, or change it");
        views.MapDelete("/{id:guid}", Delete).WithSummary("Remove a saved view");
    }

    private static async Task<IResult> List(Caller caller, SavedViewStore store, CancellationToken cancellation) =>
        Results.Json(
            new AdminPage<SavedView> { Value = await store.Of(caller, cancellation) }, AdminJson.Default.AdminPageSavedView);

    private static async Task<IResult> Put(
        Guid id, HttpContext context, Caller caller, SavedViewStore store, CancellationToken cancellation)
    {
        var read = await RequestBody.Read(context);
        if (!read.Succeeded(out var body, out var refusal))
            return new RefusalResult(refusal);
        using (body)
        {
            if (!StrictJson.Read(body.Json, AdminJson.Default.SavedViewDraft).Succeeded(out var draft, out refusal))
                return new RefusalResult(refusal);
            var faults = new DraftFaults();
            var name = faults.Text("name", draft.Name, LongestName, isRequired: true);
            var query = faults.Text("query", draft.Query, LongestQuery, isRequired: true, mayBeEmpty: true);
            if (faults.Refusal is { } invalid)
                return new RefusalResult(invalid);
            if (!await store.HasRoom(caller, id, cancellation))
            {
                return new RefusalResult(new Refusal(StatusCodes.Status409Conflict, "resourceModified", null,
                    $"A person has at most {SavedViewStore.MostOfPerson} saved views; remove one first."));
            }

            var view = new SavedView
            {
                Id = id,
                Name = name!,
                Query = query!.TrimStart('?'),
                IsShared = draft.IsShared ?? false,
                IsOwn = true,
                OwnerName = caller.Name,
            };
            return await store.Save(caller, view, cancellation)
                ? Results.Json(view, AdminJson.Default.SavedView)
                : new RefusalResult(NoView(id));
        }
    }

    private static async Task<IResult> Delete(Guid id, Caller caller, SavedViewStore store, CancellationToken cancellation) =>
        await store.Remove(caller, id, cancellation) ? Results.NoContent() : new RefusalResult(NoView(id));

    private static Refusal NoView(Guid id) => Refusal.NotFound("view", $"There is no saved view {id} that is yours to change.");
}

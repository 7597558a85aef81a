using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tandem.Client;
using Tandem.Web.Pipeline;
using Tandem.Web.Shared;
using Tandem.Web.SignIn;

namespace Tandem.Web.Bulk;

/// <summary>Files that a browser saves by itself: streamed from the API with the person's own token.</summary>
internal static class BulkFiles
{
    public static string Faulty(Guid import) => $"files/imports/{import}/left-out.csv";

    /// <summary>What the pipeline shows, as a file.</summary>
    public static string Export(PipelineQuery query, string extension)
    {
        var address = query.Address;
        var options = address.IndexOf('?', StringComparison.Ordinal) is var start and >= 0 ? address[start..] : "";
        return $"files/deals.{extension}{options}";
    }

    public static void MapBulkFiles(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/files/deals.{extension:regex(^(csv|xlsx)$)}", (HttpContext context, string extension) =>
        {
            var query = PipelineQuery.Parse(new Uri($"http://localhost/{context.Request.QueryString}"));
            var asked = new ReferralQuery { Filter = query.Filter(), Partner = query.PartnerId, OrderBy = PipelineTable.Ask(query).OrderBy };
            return Send(context, (bulk, cancellation) => bulk.ExportAsync(asked, extension == "xlsx", cancellation));
        }).RequireAuthorization(Signed).ExcludeFromDescription();
        routes.MapGet("/files/imports/{id:guid}/left-out.csv", (HttpContext context, Guid id) =>
            Send(context, (bulk, cancellation) => bulk.FaultyRowsAsync(id, cancellation)))
            .RequireAuthorization(Signed).ExcludeFromDescription();
    }

    private static AuthorizationPolicy Signed { get; } = new AuthorizationPolicyBuilder(Schemes.Session).RequireAuthenticatedUser().Build();

    private static async Task Send(HttpContext context, Func<BulkClient, CancellationToken, Task<BulkFile>> open)
    {
        var (cancellation, services) = (context.RequestAborted, context.RequestServices);
        var session = context.User.FindFirstValue(Sessions.Claim) ?? "";
        var http = ((ApiConnection)services.GetService(typeof(ApiConnection))!).Http;
        var sessions = (Sessions)services.GetService(typeof(Sessions))!;
        try
        {
            using var file = await open(new TandemClient(http, asked => sessions.AccessToken(session, asked)).Bulk, cancellation);
            context.Response.ContentType = file.MediaType;
            context.Response.Headers.ContentDisposition = $"attachment; filename=\"{file.Name}\"";
            await (await file.ReadAsync(cancellation)).CopyToAsync(context.Response.Body, cancellation);
        }
        catch (SignedOutException)
        {
            context.Response.Redirect($"{context.Request.PathBase}{Schemes.SignInPath}");
        }
        catch (TandemException refused) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = (int)refused.Status;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(refused.Say(), cancellation);
        }
    }
}

using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Http;

/// <summary>
/// Every route, verb and caller. The routes come from the running server, so that one without a row fails.
/// </summary>
public sealed class RouteMatrixTests
{
    private const string Org = "/admin/organizations/{organization}";

    private static readonly string[] Callers = [Alice, Bob, Eve, Carol, Dan, Sam, ""];
    private static readonly string[] Verbs = ["GET", "POST", "PUT", "PATCH", "DELETE"];

    // Who gets what, in the order of the callers: Contoso's admin, user and somebody without a role, Fabrikam's admin and
    // user, Microsoft's admin (operator of the exchange), and a stranger. The referral is Alice's, shared with Fabrikam;
    // the organization is Contoso.
    private static readonly Dictionary<string, int[]> Rows = new()
    {
        ["POST /v1.0/engagements/referrals"] = [201, 201, 403, 201, 201, 201, 401], // B1, B3, B12
        ["GET /v1.0/engagements/referrals"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /v1.0/engagements/referrals/{id}"] = [200, 403, 403, 200, 404, 404, 401], // R68, B13, B19
        ["PUT /v1.0/engagements/referrals/{id}"] = [200, 403, 403, 403, 404, 404, 401], // B18
        ["PATCH /v1.0/engagements/referrals/{id}"] = [200, 403, 403, 403, 404, 404, 401],
        ["GET /v1.0/engagements/referrals/{id}/history"] = [200, 403, 403, 200, 404, 404, 401],
        ["GET /v1.0/engagements/totals"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /v1.0/engagements/reports/stages"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /v1.0/engagements/reports/outcomes"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /v1.0/engagements/reports/times"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /v1.0/engagements/reports/partners"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /v1.0/engagements/reports/solutions"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /v1.0/engagements/reports/sources"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /v1.0/engagements/{engagementId}/proof"] = [200, 403, 403, 200, 403, 404, 401], // B12, B19
        ["GET /v1.0/engagements/partners"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /v1.0/engagements/views"] = [200, 200, 403, 200, 200, 200, 401],
        ["PUT /v1.0/engagements/views/{id:guid}"] = [400, 400, 403, 400, 400, 400, 401],
        ["DELETE /v1.0/engagements/views/{id:guid}"] = [404, 404, 403, 404, 404, 404, 401],
        ["GET /v1.0/engagements/export"] = [200, 200, 403, 200, 200, 200, 401],
        ["POST /v1.0/engagements/imports"] = [400, 400, 403, 400, 400, 400, 401],
        ["GET /v1.0/engagements/imports"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /v1.0/engagements/imports/{id:guid}"] = Referrers(404),
        ["GET /v1.0/engagements/imports/{id:guid}/rows"] = Referrers(404),
        ["GET /v1.0/engagements/imports/{id:guid}/faulty"] = Referrers(404),
        ["PUT /v1.0/engagements/imports/{id:guid}/mapping"] = Referrers(404),
        ["POST /v1.0/engagements/imports/{id:guid}/start"] = Referrers(404),
        ["POST /v1.0/engagements/imports/{id:guid}/undo"] = Referrers(404),
        ["DELETE /v1.0/engagements/imports/{id:guid}"] = Referrers(404),
        // A stream has no end; that it is refused is the answer to a place that is none.
        ["GET /v1.0/engagements/changes"] = [400, 400, 403, 400, 400, 400, 401],
        ["GET /v1.0/engagements/notices"] = [200, 200, 403, 200, 200, 200, 401],
        ["POST /v1.0/engagements/notices/read"] = [204, 204, 403, 204, 204, 204, 401],
        ["POST /v1.0/engagements/notices/{id:guid}/read"] = [404, 404, 403, 404, 404, 404, 401],
        ["GET /v1.0/engagements/notices/settings"] = [200, 200, 403, 200, 200, 200, 401],
        ["PUT /v1.0/engagements/notices/settings"] = [200, 200, 403, 200, 200, 200, 401],
        ["GET /admin/email"] = [200, 403, 403, 200, 403, 200, 401],
        ["POST /admin/email/test"] = [409, 403, 403, 409, 403, 409, 401],
        ["POST /admin/referrals/{id:guid}/registration-review"] = [403, 403, 403, 403, 403, 400, 401],
        ["GET /admin/me"] = [200, 200, 200, 200, 200, 200, 401],
        ["GET /admin/organizations"] = [200, 403, 403, 200, 403, 200, 401],
        ["POST /admin/organizations"] = [403, 403, 403, 403, 403, 400, 401],
        [$"GET {Org}"] = Administered(200),
        [$"PATCH {Org}"] = Administered(200),
        [$"GET {Org}/tenants"] = Administered(200),
        [$"PUT {Org}/tenants/{{id}}"] = [403, 403, 403, 403, 403, 400, 401],
        [$"DELETE {Org}/tenants/{{id}}"] = Administered(404),
        [$"GET {Org}/locations"] = Administered(200),
        [$"PUT {Org}/locations/{{id}}"] = Administered(400),
        [$"DELETE {Org}/locations/{{id}}"] = Administered(404),
        [$"GET {Org}/solutions"] = Administered(200),
        [$"PUT {Org}/solutions/{{id}}"] = Administered(400),
        [$"DELETE {Org}/solutions/{{id}}"] = Administered(404),
        [$"GET {Org}/users"] = Administered(200),
        [$"POST {Org}/users"] = Administered(400),
        [$"GET {Org}/users/{{user:guid}}"] = Administered(404),
        [$"PATCH {Org}/users/{{user:guid}}"] = Administered(404),
        [$"DELETE {Org}/users/{{user:guid}}"] = Administered(404),
        [$"PUT {Org}/users/{{user:guid}}/password"] = Administered(404),
        [$"GET {Org}/users/{{user:guid}}/roles"] = Administered(404),
        [$"POST {Org}/users/{{user:guid}}/roles"] = Administered(404),
        [$"DELETE {Org}/users/{{user:guid}}/roles/{{role:guid}}"] = Administered(404),
        [$"GET {Org}/routing"] = [200, 200, 403, 404, 404, 404, 401], // B61
        [$"GET {Org}/routing/decision"] = [200, 200, 403, 404, 404, 404, 401],
        [$"POST {Org}/routing"] = [400, 403, 403, 404, 404, 404, 401],
        [$"PATCH {Org}/routing/{{rule:guid}}"] = [404, 403, 403, 404, 404, 404, 401],
        [$"DELETE {Org}/routing/{{rule:guid}}"] = [404, 403, 403, 404, 404, 404, 401],
        [$"GET {Org}/audit"] = Administered(200),
        ["GET /webhooks/v1/registration/events"] = Registrars(200), // W2, W3
        ["POST /webhooks/v1/registration"] = Registrars(400),
        ["GET /webhooks/v1/registration"] = Registrars(404),
        ["PUT /webhooks/v1/registration"] = Registrars(400),
        ["DELETE /webhooks/v1/registration"] = Registrars(404),
        ["POST /webhooks/v1/registration/validationEvents"] = Registrars(400),
        ["GET /webhooks/v1/registration/validationEvents/{correlationId}"] = Registrars(404),
        ["POST /webhooks/v2/keys/rotate"] = [403, 403, 403, 403, 403, 200, 401],
        ["GET /webhooks/v2/subscriptions"] = Registrars(200),
        ["POST /webhooks/v2/subscriptions"] = Registrars(400),
        ["GET /webhooks/v2/subscriptions/{id:guid}"] = Registrars(404),
        ["PATCH /webhooks/v2/subscriptions/{id:guid}"] = Registrars(404),
        ["DELETE /webhooks/v2/subscriptions/{id:guid}"] = Registrars(404),
        ["POST /webhooks/v2/subscriptions/{id:guid}/rotate"] = Registrars(404),
        ["POST /webhooks/v2/subscriptions/{id:guid}/pause"] = Registrars(404),
        ["POST /webhooks/v2/subscriptions/{id:guid}/resume"] = Registrars(404),
        ["POST /webhooks/v2/subscriptions/{id:guid}/resend"] = Registrars(404),
        ["GET /webhooks/v2/subscriptions/{id:guid}/deliveries"] = Registrars(404),
        ["GET /webhooks/v2/subscriptions/{id:guid}/deliveries/{event:guid}"] = Registrars(404),
        ["POST /webhooks/v2/subscriptions/{id:guid}/deliveries/{event:guid}/resend"] = Registrars(404),
        [$"GET {Org}/clients"] = Administered(200),
        [$"POST {Org}/clients"] = Administered(409),
        [$"DELETE {Org}/clients/{{client:guid}}"] = Administered(404),
    };

    // Open to everybody, the stranger included.
    private static readonly string[] Open =
        ["/healthz", "/readyz", "/openapi/", "/scalar", "/oauth2/", "/devicelogin", "/v1.0/$metadata", "/{documentName", "/webhooks/certificates/"];

    [Fact]
    public async Task Every_route_answers_every_caller_as_the_table_says()
    {
        await using var server = await Start();
        var (own, _) = await server.Shared(FabrikamLocation);
        var routes = Routes(server);
        var missing = routes.Where(r => !Rows.ContainsKey(r) && !IsOpen(r)).ToList();
        Assert.True(missing.Count == 0, $"Routes without a row: {string.Join(", ", missing)}");
        Assert.Empty(Rows.Keys.Except(routes));

        var failures = new List<string>();
        foreach (var (route, expected) in Rows)
        {
            for (var i = 0; i < Callers.Length; i++)
            {
                var reply = await Call(server, Callers[i], route, own.Id, own.EngagementId);
                if (reply.Status != expected[i])
                    failures.Add($"{route} as {(Callers[i].Length == 0 ? "a stranger" : Callers[i])}: {reply.Status} instead of {expected[i]}: {reply.Text}");
                if (reply.Status >= 400 && route.Contains("/v1.0/", StringComparison.Ordinal))
                    ErrorShape.Check(reply);
                else if (reply.Status >= 400 && route.Contains("/webhooks/v1/", StringComparison.Ordinal))
                    ErrorShape.CheckWebhook(reply);
                else if (reply.Status >= 400)
                    Assert.StartsWith("application/problem+json", reply.Headers["Content-Type"], StringComparison.Ordinal);
            }
        }

        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
    }

    [Fact]
    public async Task A_verb_that_a_path_does_not_have_is_405_for_everybody() // R6
    {
        await using var server = await Start();
        var routes = Routes(server);
        foreach (var path in Rows.Keys.Select(PathOf).Distinct())
        {
            foreach (var verb in Verbs.Where(v => !routes.Contains($"{v} {path}")))
            {
                foreach (var caller in Callers)
                    (await Call(server, caller, $"{verb} {path}", Guid.NewGuid().ToString(), Guid.NewGuid().ToString())).Is(405);
            }
        }
    }

    private static int[] Registrars(int status) => [status, 403, 403, status, 403, status, 401];

    private static int[] Referrers(int status) => [status, status, 403, status, status, status, 401];

    private static int[] Administered(int status) => [status, 403, 403, 404, 404, status, 401];

    private static bool IsOpen(string route) => PathOf(route) == "/" || Open.Any(o => PathOf(route).StartsWith(o, StringComparison.Ordinal));

    private static string PathOf(string route) => route[(route.IndexOf(' ', StringComparison.Ordinal) + 1)..];

    private static HashSet<string> Routes(TandemServer server) =>
    [
        .. server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"])
                .Select(m => $"{m} /{e.RoutePattern.RawText!.Trim('/')}")),
    ];

    private static Task<Reply> Call(TandemServer server, string caller, string route, string referral, string engagement)
    {
        var verb = route[..route.IndexOf(' ', StringComparison.Ordinal)];
        var isReferral = route.Contains("/referrals", StringComparison.Ordinal);
        var path = PathOf(route)
            .Replace("{organization}", Contoso, StringComparison.Ordinal)
            .Replace("{engagementId}", engagement, StringComparison.Ordinal)
            .Replace("{id}", isReferral ? referral : "none", StringComparison.Ordinal)
            .Replace("{user:guid}", Guid.Empty.ToString(), StringComparison.Ordinal)
            .Replace("{rule:guid}", Guid.Empty.ToString(), StringComparison.Ordinal)
            .Replace("{role:guid}", Guid.Empty.ToString(), StringComparison.Ordinal)
            .Replace("{correlationId}", "none", StringComparison.Ordinal)
            .Replace("{event:guid}", Guid.Empty.ToString(), StringComparison.Ordinal)
            .Replace("{client:guid}", Guid.Empty.ToString(), StringComparison.Ordinal)
            .Replace("{id:guid}", referral, StringComparison.Ordinal);
        var body = verb switch
        {
            "POST" when path == Api => Bodies.Minimum(),
            "POST" when path.EndsWith("/validationEvents", StringComparison.Ordinal) => null,
            "GET" or "DELETE" => null,
            _ => new JsonObject(),
        };
        return server.Send(caller, new HttpMethod(verb), path, body?.ToJsonString(), ("If-Match", "*"), ("Last-Event-ID", "none"));
    }
}

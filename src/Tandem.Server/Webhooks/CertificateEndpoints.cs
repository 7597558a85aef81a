using Tandem.Contracts.Webhooks;
using Tandem.Server.Audit;
using Tandem.Server.Http;
using Tandem.Server.Identity;

namespace Tandem.Server.Webhooks;

/// <summary>The certificates that receivers fetch (W34), and the making of a new key.</summary>
internal static class CertificateEndpoints
{
    public static string Url(string address, string thumbprint) => $"{address}/webhooks/certificates/{thumbprint}.cer";

    public static void MapCertificates(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/webhooks/certificates/{thumbprint}.cer", Get).WithTags("Webhooks")
            .WithSummary("The certificate of a key that signs, or signed, Partner Center webhooks");
        routes.MapPost("/webhooks/v2/keys/rotate", Rotate).WithTags("Webhooks").Admit(Admission.Administration)
            .WithSummary("Make a new key for Partner Center webhooks; the old certificate stays");
    }

    private static async Task<IResult> Get(string thumbprint, WebhookKeys keys, CancellationToken cancellation) =>
        // Text, since some receivers read it as such.
        await keys.Certificate(thumbprint.ToLowerInvariant(), cancellation) is { } pem
            ? Results.Text(pem, "application/x-x509-ca-cert")
            : new RefusalResult(Refusal.NotFound("thumbprint", "No key of this server has this thumbprint; X-MS-Certificate-Url names the right one."));

    private static async Task<IResult> Rotate(Caller caller, WebhookKeys keys, ServerAddress address, TimeProvider clock, CancellationToken cancellation)
    {
        if (!caller.Has(Role.Operator))
            return new RefusalResult(Refusal.Forbidden("keys", "roleRequired", $"This needs the role {RoleNames.Write(Role.Operator)}."));
        var key = await keys.Rotate(AdminAuthor.Of(caller, clock.GetUtcNow()), caller.OrganizationId, cancellation);
        return Results.Json(
            new SigningCertificateView
            {
                Thumbprint = key.Thumbprint,
                CertificateUrl = Url(address.Own, key.Thumbprint),
                CreatedDateTime = key.CreatedAt,
            },
            WebhookJson.Default.SigningCertificateView);
    }
}

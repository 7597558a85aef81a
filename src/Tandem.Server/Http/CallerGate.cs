using Tandem.Server.Identity;

namespace Tandem.Server.Http;

/// <summary>Which callers a route admits; a route without it is open.</summary>
internal enum Admission
{
    /// <summary>People with a Referrals role; applications only in exchange mode (R9, B10).</summary>
    Referrals,

    /// <summary>Any signed-in person or service client; the handler looks at the roles.</summary>
    Administration,

    /// <summary>People who may register webhooks, and applications, which act for their tenant (W2, W3).</summary>
    Webhooks,

    /// <summary>Company-wide Referrals admins: a subscription carries all referrals of the organization.</summary>
    CompanyAdmins,
}

/// <summary>Finds out who calls before anything of the request is read, and sends strangers away.</summary>
internal sealed class CallerGate(RequestDelegate next)
{
    private static readonly Role[] Registrars =
        [Role.ReferralsAdmin, Role.GlobalAdmin, Role.BillingAdmin, Role.AdminAgent, Role.SalesAgent, Role.HelpdeskAgent];

    public async Task Invoke(HttpContext context, CallerResolver resolver)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<AdmissionMetadata>() is not { } admission)
        {
            await next(context);
            return;
        }

        var admitted = await Admit(context, resolver, admission.Admission);
        if (!admitted.Succeeded(out var caller, out var refusal))
        {
            await context.Write(refusal);
            return;
        }

        context.Features.Set(caller);
        await next(context);
    }

    /// <summary>
    /// Who calls, or why he is sent away. Asked again by an answer that takes long: a token ends, is revoked, or loses its
    /// roles meanwhile.
    /// </summary>
    public static async ValueTask<Outcome<Caller>> Admit(HttpContext context, CallerResolver resolver, Admission admission)
    {
        var resolved = await resolver.Resolve(context);
        return resolved.Succeeded(out var caller, out _) && Check(caller, admission) is { } refusal ? refusal : resolved;
    }

    private static Refusal? Check(Caller caller, Admission admission) => admission switch
    {
        Admission.Referrals when !caller.HasReferralRole => Refusal.Forbidden("referral", "roleRequired",
            caller.IsApplication
                ? "Application-only tokens have no role in the Referrals API; use a token that names a user."
                : "The user holds neither of the roles Referrals admin and Referrals user; an account administrator gives them."),
        Admission.Webhooks when !caller.IsApplication && !Registrars.Any(caller.Has) => Refusal.Forbidden("registration", "roleRequired",
            $"Registering webhooks needs one of the roles {string.Join(", ", Registrars.Select(RoleNames.Write))}; an account administrator gives them."),
        Admission.CompanyAdmins when !caller.IsCompanyAdmin => Refusal.Forbidden("subscription", "roleRequired",
            $"Subscriptions need the role {RoleNames.Write(Role.ReferralsAdmin)} for the entire company, since they carry all of its referrals."),
        _ => null,
    };
}

/// <summary>Marks an endpoint with its <see cref="Admission"/>.</summary>
internal sealed record AdmissionMetadata(Admission Admission);

internal static class AdmissionConventions
{
    public static TBuilder Admit<TBuilder>(this TBuilder builder, Admission admission)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AdmissionMetadata(admission));
}

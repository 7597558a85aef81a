using Microsoft.Extensions.Options;
using Tandem.Contracts.Notifications;
using Tandem.Server.Http;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;

namespace Tandem.Server.Notifications;

/// <summary>
/// <c>/admin/email</c>: whether e-mail works. An account administrator sees his organization's messages, an operator all of
/// them and the settings; nobody the password.
/// </summary>
internal static class EmailEndpoints
{
    public static void MapEmail(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/admin/email").WithTags("Administration").Admit(Admission.Administration);
        group.MapGet("/", Get).WithName("GetEmail").WithSummary("How e-mail is set up, and what waits to be sent");
        group.MapPost("/test", Test).WithName("TestEmail").WithSummary("Send a test message to the caller's own address");
    }

    private static async Task<IResult> Get(
        Caller caller, EmailQueue queue, OrganizationDirectory directory, IOptions<EmailOptions> options, CancellationToken cancellation)
    {
        if (!MayLook(caller))
            return new RefusalResult(NoRole);
        var (isOperator, email) = (caller.Has(Role.Operator), options.Value);
        var organization = isOperator ? null : caller.OrganizationId;
        var counts = await queue.Counts(organization, cancellation);
        var snapshot = directory.Current;
        return Results.Json(new EmailStatus
        {
            IsConfigured = email.IsConfigured,
            From = email.IsConfigured ? email.From : null,
            Host = email.IsConfigured && isOperator ? email.Host : null,
            Port = email.IsConfigured && isOperator ? email.PortInUse : null,
            Security = email.IsConfigured && isOperator ? email.Security.ToString() : null,
            User = email.IsConfigured && isOperator ? email.User : null,
            Waiting = counts.GetValueOrDefault(MailState.Waiting),
            Sent = counts.GetValueOrDefault(MailState.Sent),
            Failed = counts.GetValueOrDefault(MailState.Failed),
            Faults = await queue.Faults(organization, id => snapshot.User(id)?.Email, cancellation),
        }, NoticeJson.Default.EmailStatus);
    }

    private static async Task<IResult> Test(
        Caller caller, NoticeStore store, EmailSender sender, IOptions<EmailOptions> options, CancellationToken cancellation)
    {
        if (!MayLook(caller))
            return new RefusalResult(NoRole);
        if (!options.Value.IsConfigured)
        {
            return new RefusalResult(new Refusal(StatusCodes.Status409Conflict, "emailNotConfigured", "email",
                "No e-mail is sent: set Tandem:Email:Host and Tandem:Email:From, and start the server again."));
        }

        if (caller.Email is not { } to)
            return new RefusalResult(Refusal.Forbidden("email", null, "An application has no address; sign in as a person."));
        var settings = (await store.Settings([caller.UserId], cancellation)).GetValueOrDefault(caller.UserId);
        var result = await sender.SendTest(caller.Name, to, EmailText.LanguageOf(settings?.Language), cancellation);
        return Results.Json(
            new EmailTest { IsAccepted = result.Outcome == SendOutcome.Taken, Answer = result.Answer, To = to }, NoticeJson.Default.EmailTest);
    }

    private static bool MayLook(Caller caller) => caller.Has(Role.Operator) || caller.Has(Role.AccountAdmin);

    private static Refusal NoRole { get; } = Refusal.Forbidden("email", "roleRequired",
        $"E-mail is looked after by people with the role {RoleNames.Write(Role.AccountAdmin)}; an account administrator gives it.");
}

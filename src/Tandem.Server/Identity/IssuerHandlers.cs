using System.Globalization;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Tandem.Server.Identity;

/// <summary>Where the embedded issuer differs from the library it is built on: tokens and answers look like Entra ID's.</summary>
internal static class IssuerHandlers
{
    public static OpenIddictServerBuilder AddIssuerHandlers(this OpenIddictServerBuilder server) => server
        .AddEventHandler<ValidateTokenContext>(handler => handler
            .UseInlineHandler(AcceptAnyHost)
            .SetOrder(OpenIddictServerHandlers.Protection.ResolveTokenValidationParameters.Descriptor.Order + 1))
        .AddEventHandler<GenerateTokenContext>(handler => handler
            .UseInlineHandler(ShapeToken)
            .SetOrder(OpenIddictServerHandlers.Protection.AttachTokenMetadata.Descriptor.Order + 1))
        .AddEventHandler<HandleConfigurationRequestContext>(handler => handler
            .UseInlineHandler(DescribeVersion)
            .SetOrder(int.MaxValue))
        .AddEventHandler<ApplyAuthorizationResponseContext>(handler => handler
            .UseInlineHandler(NameIssuer)
            .SetOrder(OpenIddictServerHandlers.Authentication.AttachIssuer.Descriptor.Order - 1))
        .AddEventHandler<ApplyTokenResponseContext>(handler => handler
            .UseInlineHandler(ShapeAnswer)
            .SetOrder(100_000 - 1))
        .AddEventHandler<ApplyDeviceAuthorizationResponseContext>(handler => handler
            .UseInlineHandler(ShapeDeviceAnswer)
            .SetOrder(100_000 - 1));

    // A code may be fetched at /common and turned in at /{tenant}, or under another name of the same server; that it is
    // ours is proven by the key.
    private static ValueTask AcceptAnyHost(ValidateTokenContext context)
    {
        context.TokenValidationParameters.ValidateIssuer = false;
        return ValueTask.CompletedTask;
    }

    private static ValueTask ShapeToken(GenerateTokenContext context)
    {
        var descriptor = context.SecurityTokenDescriptor;
        var isAccessToken = context.TokenType == OpenIddictConstants.TokenTypeIdentifiers.AccessToken;
        if (!isAccessToken && context.TokenType != OpenIddictConstants.TokenTypeIdentifiers.IdentityToken)
            return ValueTask.CompletedTask;

        var request = context.Transaction.GetHttpRequest()!;
        var issuer = IssuerOf(context.Transaction);
        descriptor.Issuer = issuer.IssuerAt(request);
        descriptor.NotBefore = descriptor.IssuedAt;
        if (isAccessToken)
        {
            (issuer.ValidFrom, issuer.ValidTo) = (descriptor.IssuedAt, descriptor.Expires);
            descriptor.Claims.Remove(OpenIddictConstants.Claims.Scope);
            var roles = descriptor.Subject.FindAll("roles").ToList();
            descriptor.Claims["roles"] = roles.Select(r => r.Value).ToArray();
            roles.ForEach(descriptor.Subject.RemoveClaim);
        }

        return ValueTask.CompletedTask;
    }

    private static ValueTask DescribeVersion(HandleConfigurationRequestContext context)
    {
        var request = context.Transaction.GetHttpRequest()!;
        var issuer = IssuerOf(context.Transaction);
        context.Issuer = new Uri(issuer.IssuerAt(request));
        if (issuer.IsVersion1)
        {
            var root = $"{request.Scheme}://{request.Host.Value}{request.PathBase.Value}";
            context.AuthorizationEndpoint = new Uri(root + "/oauth2/authorize");
            context.TokenEndpoint = new Uri(root + "/oauth2/token");
            context.DeviceAuthorizationEndpoint = new Uri(root + "/oauth2/devicecode");
            context.EndSessionEndpoint = new Uri(root + "/oauth2/logout");
            context.JsonWebKeySetEndpoint = new Uri(root + "/discovery/keys");
        }

        return ValueTask.CompletedTask;
    }

    // Clients compare this with the description (RFC 9207).
    private static ValueTask NameIssuer(ApplyAuthorizationResponseContext context)
    {
        context.Response.ErrorUri = null;
        if (!string.IsNullOrEmpty(context.RedirectUri))
            context.Response.Iss = IssuerOf(context.Transaction).IssuerAt(context.Transaction.GetHttpRequest()!);
        return ValueTask.CompletedTask;
    }

    private static ValueTask ShapeAnswer(ApplyTokenResponseContext context)
    {
        var answer = context.Response;
        // The pages behind these links describe the library, not this server.
        answer.ErrorUri = null;
        var issuer = IssuerOf(context.Transaction);
        if (answer.AccessToken is null || answer.ExpiresIn is not { } seconds || issuer.Audience is not { } audience)
            return ValueTask.CompletedTask;

        var named = context.Request?.IsClientCredentialsGrantType() == true;
        if (!issuer.IsVersion1)
        {
            answer["ext_expires_in"] = seconds;
            answer.Scope = named ? null : $"{audience}/user_impersonation {audience}/.default";
            return ValueTask.CompletedTask;
        }

        // Version 1 writes numbers as texts, and clients of it parse texts.
        answer["expires_in"] = Text(seconds);
        answer["ext_expires_in"] = Text(seconds);
        answer["expires_on"] = Text(EpochTime.GetIntDate(issuer.ValidTo ?? default));
        answer["not_before"] = Text(EpochTime.GetIntDate(issuer.ValidFrom ?? default));
        answer["resource"] = audience;
        answer.Scope = named ? null : "user_impersonation";
        return ValueTask.CompletedTask;
    }

    private static ValueTask ShapeDeviceAnswer(ApplyDeviceAuthorizationResponseContext context)
    {
        const int Interval = 5;
        var answer = context.Response;
        answer.ErrorUri = null;
        if (answer.DeviceCode is null || answer.ExpiresIn is not { } seconds)
            return ValueTask.CompletedTask;

        answer["message"] = $"To sign in, open {answer.VerificationUri} in a web browser and enter the code {answer.UserCode}.";
        if (IssuerOf(context.Transaction).IsVersion1)
        {
            answer["verification_url"] = answer.VerificationUri;
            answer["expires_in"] = Text(seconds);
            answer["interval"] = Text(Interval);
        }
        else
        {
            answer["interval"] = Interval;
        }

        return ValueTask.CompletedTask;
    }

    private static IssuerRequest IssuerOf(OpenIddictServerTransaction transaction) =>
        transaction.GetHttpRequest()!.HttpContext.Features.GetRequiredFeature<IssuerRequest>();

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

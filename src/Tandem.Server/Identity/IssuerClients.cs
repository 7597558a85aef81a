using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Tandem.Server.Identity;

/// <summary>Which clients the embedded issuer knows: configured ones, and in the emulator whoever comes.</summary>
internal sealed class IssuerClients(
    IOpenIddictApplicationManager applications, IOptions<IdentityOptions> identity, IOptions<TandemOptions> tandem)
{
    /// <summary>Registers the configured clients; run at start.</summary>
    public async Task RegisterConfigured(CancellationToken cancellation)
    {
        foreach (var client in identity.Value.Clients)
        {
            var descriptor = Describe(client.Id, client.Secret, client.RedirectUris);
            if (await applications.FindByClientIdAsync(client.Id, cancellation) is { } known)
                await applications.UpdateAsync(known, descriptor, cancellation);
            else
                await applications.CreateAsync(descriptor, cancellation);
        }
    }

    /// <summary>Makes the client of a request known; emulator only.</summary>
    public async Task Admit(HttpContext context)
    {
        if (!tandem.Value.IsEmulator)
            return;

        var request = context.Request;
        var form = request.HasFormContentType ? await request.ReadFormAsync(context.RequestAborted) : null;
        var id = Sent("client_id");
        if (id is not { Length: > 0 and <= 100 })
            return;

        var redirect = Uri.TryCreate(Sent("redirect_uri"), UriKind.Absolute, out var uri) && uri.Fragment.Length == 0 ? uri : null;
        var cancellation = context.RequestAborted;
        if (await applications.FindByClientIdAsync(id, cancellation) is not { } known)
        {
            try
            {
                await applications.CreateAsync(Describe(id, null, redirect is null ? [] : [redirect]), cancellation);
            }
            catch (Exception failure) when (failure is Microsoft.EntityFrameworkCore.DbUpdateException or OpenIddictExceptions.ValidationException)
            {
                // Another request of the same client was faster; if not, the issuer says what is wrong with the id.
            }

            return;
        }

        if (redirect is null || (await applications.GetRedirectUrisAsync(known, cancellation)).Contains(redirect.ToString()))
            return;
        var descriptor = new OpenIddictApplicationDescriptor();
        await applications.PopulateAsync(descriptor, known, cancellation);
        descriptor.RedirectUris.Add(redirect);
        await applications.UpdateAsync(known, descriptor, cancellation);

        string? Sent(string name) => form?[name].FirstOrDefault() ?? request.Query[name].FirstOrDefault();
    }

    public static OpenIddictApplicationDescriptor Describe(string id, string? secret, IEnumerable<Uri> redirects)
    {
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ClientId = id,
            ClientSecret = secret,
            ClientType = secret is null ? ClientTypes.Public : ClientTypes.Confidential,
            ConsentType = ConsentTypes.Implicit,
        };
        descriptor.RedirectUris.UnionWith(redirects);
        return descriptor;
    }
}

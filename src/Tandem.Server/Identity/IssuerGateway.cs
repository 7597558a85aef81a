using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using OpenIddict.Server.AspNetCore;

namespace Tandem.Server.Identity;

/// <summary>
/// The door of the embedded issuer: recognizes the addresses that clients know, brings what they send into one form,
/// and hands over to OpenIddict. Requests for anything else pass by untouched, so that the API never pays for the issuer.
/// </summary>
internal sealed class IssuerGateway(
    RequestDelegate next, SigningKeys keys, IOptions<TandemOptions> tandem, IOptions<IdentityOptions> identity) : IDisposable
{
    private const int LargestRequest = 64 * 1024;
    private const string DeviceCodeGrant = "urn:ietf:params:oauth:grant-type:device_code";

    private readonly Lazy<PartitionedRateLimiter<(string Client, string Address)>> _limiter = new(() =>
        PartitionedRateLimiter.Create<(string Client, string Address), (string, string)>(key =>
            RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = identity.Value.TokenRequestsPerMinute,
                TokensPerPeriod = Math.Max(1, identity.Value.TokenRequestsPerMinute / 60),
                ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1, 60d / identity.Value.TokenRequestsPerMinute)),
            })));

    public async Task Invoke(HttpContext context)
    {
        if (!identity.Value.EmbeddedIssuer || !IssuerRequest.Recognizes(context.Request.Path.Value, out var issuer))
        {
            await next(context);
            return;
        }

        context.Features.Set(issuer);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = LargestRequest;
        MoveToEndpoint(context.Request, issuer);
        if (!await BringIntoForm(context, issuer))
            return;

        await keys.EnsureLoaded(context.RequestAborted);
        // Not a parameter of this method: it would be made for every call of the API.
        var handlers = context.RequestServices.GetRequiredService<IAuthenticationHandlerProvider>();
        var handler = await handlers.GetHandlerAsync(context, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        if (handler is IAuthenticationRequestHandler issue && !await issue.HandleRequestAsync())
            await next(context);
    }

    public void Dispose()
    {
        if (_limiter.IsValueCreated)
            _limiter.Value.Dispose();
    }

    // The tenant becomes part of the base: every address that the issuer writes then carries it by itself.
    private void MoveToEndpoint(HttpRequest request, IssuerRequest issuer)
    {
        if (tandem.Value.PublicUrl is { } address)
        {
            request.Scheme = address.Scheme;
            request.Host = new HostString(address.Authority);
            request.PathBase = new PathString(address.AbsolutePath.TrimEnd('/'));
        }

        request.HttpContext.RequestServices.GetRequiredService<IssuerAddress>().Value =
            $"{request.Scheme}://{request.Host.Value}{request.PathBase.Value}";
        if (issuer.Tenant is not null)
            request.PathBase = request.PathBase.Add("/" + issuer.Tenant);
        request.Path = issuer.Endpoint;
    }

    private async Task<bool> BringIntoForm(HttpContext context, IssuerRequest issuer)
    {
        var request = context.Request;
        if (!HttpMethods.IsPost(request.Method))
        {
            if (request.Query.Count > 0)
                request.Query = new QueryCollection(Canonical(request.Query, issuer));
            return true;
        }

        if (!request.HasFormContentType)
            return true;
        IFormCollection sent;
        try
        {
            sent = await request.ReadFormAsync(context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            await Refuse(context, StatusCodes.Status400BadRequest, "invalid_request", "The form cannot be read.");
            return false;
        }

        var form = Canonical(sent, issuer);
        if (issuer.Endpoint is IssuerRequest.Token or IssuerRequest.DeviceCode or IssuerRequest.Revoke)
        {
            var basic = BasicClientOf(request);
            if (!await Admit(context, basic ?? form.GetValueOrDefault("client_id").ToString()))
                return false;
            if (tandem.Value.IsEmulator)
                AcceptAnySecret(request, form, basic);
        }

        request.Form = new FormCollection(form);
        return true;
    }

    private async Task<bool> Admit(HttpContext context, string client)
    {
        var address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        using var lease = _limiter.Value.AttemptAcquire((client, address));
        if (lease.IsAcquired)
            return true;

        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
        context.Response.Headers.RetryAfter = Math.Ceiling(Math.Max(1, wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        await Refuse(context, StatusCodes.Status429TooManyRequests, "temporarily_unavailable",
            "This client asks for tokens too often. Keep an access token until it expires; Retry-After says when to ask again.");
        return false;
    }

    /// <summary>The many ways clients spell the same request, as one.</summary>
    private static Dictionary<string, StringValues> Canonical(IEnumerable<KeyValuePair<string, StringValues>> sent, IssuerRequest issuer)
    {
        var form = new Dictionary<string, StringValues>(sent, StringComparer.Ordinal);
        var grant = form.GetValueOrDefault("grant_type").ToString();
        if (grant is "device_code" or DeviceCodeGrant && issuer.Endpoint == IssuerRequest.Token)
        {
            form["grant_type"] = grant = DeviceCodeGrant;
            // Version 1 calls it code.
            if (!form.ContainsKey("device_code") && form.Remove("code", out var code))
                form["device_code"] = code;
        }

        List<string> scopes = [.. form.GetValueOrDefault("scope").ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        if (form.Remove("resource", out var resources) && resources.FirstOrDefault(r => !string.IsNullOrWhiteSpace(r)) is { } resource)
            scopes.Insert(0, $"{resource.Trim()}/.default");
        // Version 1 answers every person with a refresh token, asked or not.
        if (issuer.IsVersion1 && (issuer.Endpoint is IssuerRequest.Authorize or IssuerRequest.DeviceCode || grant == "password"))
            scopes.Add("offline_access");
        form.Remove("scope");
        if (scopes.Count > 0)
        {
            // Whoever turns in a code or refresh token may ask for another service than before; the library would not
            // let him.
            var turnsIn = grant is "authorization_code" or "refresh_token" or DeviceCodeGrant;
            form[turnsIn ? Grant.AskedScope : "scope"] = string.Join(' ', scopes.Distinct());
        }

        return form;
    }

    // The emulator takes every client at its word; below, all of them have the same secret.
    private static void AcceptAnySecret(HttpRequest request, Dictionary<string, StringValues> form, string? basic)
    {
        if (basic is not null)
        {
            request.Headers.Authorization = StringValues.Empty;
            form["client_id"] = basic;
        }

        form.Remove("client_assertion");
        form.Remove("client_assertion_type");
        if (!StringValues.IsNullOrEmpty(form.GetValueOrDefault("client_id")))
            form["client_secret"] = IssuerClients.AnySecret;
    }

    private static string? BasicClientOf(HttpRequest request)
    {
        const string Scheme = "Basic ";
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        Span<byte> bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[Scheme.Length..].Trim(), bytes, out var count))
            return null;
        var pair = Encoding.UTF8.GetString(bytes[..count]);
        return Uri.UnescapeDataString(pair.Split(':')[0].Replace('+', ' '));
    }

    private static async Task Refuse(HttpContext context, int status, string error, string description)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        await using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("error", error);
            json.WriteString("error_description", description);
            json.WriteEndObject();
        }

        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }
}

using System.Text.Json.Serialization;
using Tandem.Server.Identity;
using Tandem.Server.Organizations;

namespace Tandem.Server.Bulk;

/// <summary>Keeps who decided something, so that work goes on with that person's rights after the request, and no others.</summary>
internal static class ImportCaller
{
    /// <summary>What is kept: what the directory says itself is asked for again, and not kept.</summary>
    public static Caller Keep(Caller caller, DirectorySnapshot directory) => Known(caller, directory) is { } known
        ? caller with { Roles = [.. caller.Roles.Except(known.Roles)] }
        : caller;

    /// <summary>Who it is now; null when the person may do nothing here any more.</summary>
    public static Caller? Now(Caller kept, DirectorySnapshot directory)
    {
        var isListed = directory.User(kept.UserId) is not null || directory.Client(kept.UserId) is not null;
        var known = Known(kept, directory);
        if (isListed && known is null)
            return null;
        var now = known is null ? kept : kept with { Roles = [.. known.Roles.Concat(kept.Roles).Distinct()] };
        return now.HasReferralRole ? now : null;
    }

    private static Caller? Known(Caller caller, DirectorySnapshot directory)
    {
        if (directory.User(caller.UserId) is { } user)
            return directory.CallerOf(user);
        return directory.Client(caller.UserId) is { } client ? caller with { Roles = [new RoleGrant(client.Role, client.MpnId)] } : null;
    }
}

[JsonSourceGenerationOptions(UseStringEnumConverter = true, IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(Caller))]
internal sealed partial class ImportCallerJson : JsonSerializerContext;

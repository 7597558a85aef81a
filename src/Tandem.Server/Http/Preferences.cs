namespace Tandem.Server.Http;

/// <summary>
/// What a client would like (RFC 7240). A preference that is not understood is ignored; of two with one name the first
/// counts.
/// </summary>
internal static class Preferences
{
    /// <summary>Value of a preference, empty when it has none; null when the client has not sent it.</summary>
    public static string? Find(HttpRequest request, string name)
    {
        foreach (var part in request.Headers["Prefer"].SelectMany(p => (p ?? "").Split([',', ';'])))
        {
            var (found, value) = part.Split('=', 2) is [var n, var v] ? (n.Trim(), v.Trim().Trim('"')) : (part.Trim(), "");
            if (found.Equals(name, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return null;
    }
}

using System.Globalization;
using System.Resources;
using Tandem.Client;
using Tandem.Web.Resources;

namespace Tandem.Web.Shared;

/// <summary>
/// What the API refuses, in the person's language. The API speaks English: in another language its kind is said first, and
/// its own words, which know the particulars, behind it.
/// </summary>
internal static class ApiFaults
{
    /// <summary>The specific codes that have words of their own.</summary>
    public static readonly string[] Codes =
    [
        "invalidValue", "missingProperty", "readOnlyProperty", "invalidStatusTransition", "referralClosed", "invalidFilter",
        "notTeamMember", "roleRequired", "consentCannotBeRevoked", "notEligibleForRegistration", "Forbidden", "NotFound", "Conflict",
        "PreconditionFailed", "TooManyRequests", "ServiceUnavailable", "Other",
    ];

    private static readonly ResourceManager Texts = new(typeof(FaultText).FullName!, typeof(FaultText).Assembly);

    public static string Say(this TandemException refusal) => Say(refusal.InnerCode ?? $"{refusal.Status}", refusal.Message);

    /// <param name="code">Specific code of the fault, or the name of the answer's status.</param>
    /// <param name="message">What the API said.</param>
    public static string Say(string code, string message) => string.Format(
        CultureInfo.CurrentCulture,
        Texts.GetString(KeyOf(code), CultureInfo.CurrentUICulture)!,
        message);

    // There are invalid currencies, countries, tokens, …
    private static string KeyOf(string code) =>
        Codes.Contains(code) ? code : code.StartsWith("invalid", StringComparison.Ordinal) ? "invalidValue" : "Other";
}

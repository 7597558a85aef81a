using Microsoft.Extensions.Localization;
using Tandem.Contracts.Referrals;
using Tandem.Web.Resources;

namespace Tandem.Web.Referrals;

/// <summary>What of a referral has a name in the person's language, and is shown as it is where it has none.</summary>
internal static class ReferralNames
{
    public static string Reason(this IStringLocalizer<ReferralText> text, string reason) => text[$"Reason.{reason}"].Or(reason);

    public static string Property(this IStringLocalizer<ReferralText> text, string path) => text[$"Property.{path}"].Or(path);

    public static string Size(this IStringLocalizer<ReferralText> text, string? size) => text[$"Size.{size}"].Or(size);

    /// <summary>The deal's name, or its customer's.</summary>
    public static string Title(this Referral referral) =>
        string.IsNullOrWhiteSpace(referral.Name) ? referral.CustomerProfile.Name : referral.Name;

    public static string Owner(this Referral referral) => referral.OrganizationName ?? referral.OrganizationId;

    private static string Or(this LocalizedString named, string? otherwise) => named.ResourceNotFound ? otherwise ?? "" : named;
}

using Microsoft.Extensions.Localization;
using Tandem.Contracts.Organizations;
using Tandem.Web.Resources;

namespace Tandem.Web.People;

/// <summary>Roles in words.</summary>
internal static class RoleTexts
{
    /// <summary>A role with the PartnerID that it is given for, if any.</summary>
    public static string Scoped(this IStringLocalizer<PeopleText> text, RoleView role) =>
        role.MpnId is null ? role.Role : text["RoleFor", role.Role, role.MpnId];
}

using System.Globalization;
using Microsoft.Extensions.Localization;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;
using Tandem.Web.Resources;

namespace Tandem.Web.Shared.Forms;

/// <summary>The contract's lists as a form offers them.</summary>
internal static class ValueChoices
{
    /// <summary>Countries by their names in the person's language; what the system does not know goes by its code.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Countries() =>
    [
        .. IsoCodes.Countries.Select(code => KeyValuePair.Create(code, CountryName(code)))
            .OrderBy(c => c.Value, StringComparer.Create(CultureInfo.CurrentCulture, ignoreCase: true)),
    ];

    /// <summary>Kinds of help that can be asked for.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Help(IStringLocalizer<DealText> text) =>
        Enum.GetValues<AssistanceRequestCode>().Where(code => code != AssistanceRequestCode.Unknown)
            .Select(code => KeyValuePair.Create(code.ToString(), text[$"Help.{code}"].Value));

    /// <summary>A country by its name in the person's language.</summary>
    public static string CountryName(string code)
    {
        try
        {
            // In that language by itself: the display name of a bare country stays in the language that asked for it first.
            return new RegionInfo($"{CultureInfo.CurrentUICulture.TwoLetterISOLanguageName}-{code}").NativeName;
        }
        catch (ArgumentException)
        {
            return code;
        }
    }
}

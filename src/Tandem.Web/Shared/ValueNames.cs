using Microsoft.Extensions.Localization;
using Tandem.Contracts.Referrals;
using Tandem.Contracts.ValueLists;
using Tandem.Web.Resources;

namespace Tandem.Web.Shared;

/// <summary>The contract's values as people read them. A value that has no name of its own is shown as it is.</summary>
internal static class ValueNames
{
    /// <summary>Enumerations whose members all have a name in <see cref="ValueText"/>.</summary>
    public static readonly Type[] Named =
    [
        typeof(ReferralStatus), typeof(ReferralSubstatus), typeof(ReferralType), typeof(ReferralQualification),
        typeof(ReferralDirection), typeof(ReferralChangeKind),
    ];

    public static string Of<T>(this IStringLocalizer<ValueText> text, T value)
        where T : struct, Enum => text[$"{typeof(T).Name}.{value}"];

    /// <summary>Where a referral stands, as one phrase: the finer state says it all.</summary>
    public static string Standing(this IStringLocalizer<ValueText> text, Referral referral) =>
        referral.Substatus == ReferralSubstatus.None ? text.Of(referral.Status) : text.Of(referral.Substatus);

    /// <summary>A sales stage: its name, or how far it is.</summary>
    public static string Stage(this IStringLocalizer<ValueText> text, string? stage) => stage switch
    {
        null or "" => "",
        _ when int.TryParse(stage, out _) => text["Percent", SalesStages.Percentage(stage) ?? 0],
        _ when text[$"Stage.{stage}"] is { ResourceNotFound: false } named => named,
        _ => stage,
    };
}

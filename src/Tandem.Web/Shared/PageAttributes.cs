using System.Reflection;
using Microsoft.AspNetCore.Components;

namespace Tandem.Web.Shared;

/// <summary>Who may open a page.</summary>
public enum Audience
{
    /// <summary>People with a Referrals role.</summary>
    Referrals,

    /// <summary>Account administrators and operators.</summary>
    Administrators,

    /// <summary>Referrals admins of the entire company: a webhook carries all of its referrals.</summary>
    Webhooks,

    /// <summary>Everybody who is signed in.</summary>
    Everybody,
}

/// <summary>Says whom a page is for; without it, people with a Referrals role.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ForAttribute(Audience audience) : Attribute
{
    public Audience Audience => audience;

    public static Audience Of(Type page) => page.GetCustomAttribute<ForAttribute>()?.Audience ?? Audience.Referrals;

    public static bool Admits(Type page, Viewer viewer) => Of(page) switch
    {
        Audience.Referrals => viewer.HasReferralRole,
        Audience.Administrators => viewer.IsAdministrator,
        Audience.Webhooks => viewer.IsCompanyReferralsAdmin,
        Audience.Everybody => true,
    };
}

/// <summary>Puts a page into the navigation.</summary>
/// <param name="texts">The feature's texts.</param>
/// <param name="key">Key of the page's name in them.</param>
/// <param name="order">Pages stand in this order.</param>
/// <param name="icon">Name of one of the library's outlined icons, such as <c>Inbox</c>.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class InNavigationAttribute(Type texts, string key, int order, string icon) : Attribute
{
    public Type Texts => texts;

    public string Key => key;

    public int Order => order;

    /// <summary>A component that stands behind the name, such as a count; none when null.</summary>
    public Type? Badge { get; init; }

    /// <summary>Whether the page stands among those that set Tandem up, below the ones of the daily work.</summary>
    public bool IsAdministration { get; init; }

    /// <summary>Drawing of the icon.</summary>
    public string Icon { get; } = (string?)typeof(MudBlazor.Icons.Material.Outlined).GetField(icon)?.GetValue(null)
        ?? throw new ArgumentException($"There is no icon {icon}.", nameof(icon));
}

/// <summary>A page as the navigation shows it.</summary>
internal sealed record NavigationEntry(Type Page, InNavigationAttribute Shown, string Path)
{
    /// <summary>All pages that stand in the navigation.</summary>
    public static IReadOnlyList<NavigationEntry> All { get; } =
    [
        .. typeof(NavigationEntry).Assembly.GetTypes()
            .Select(page => (Page: page, Shown: page.GetCustomAttribute<InNavigationAttribute>()))
            .Where(p => p.Shown is not null)
            .Select(p => new NavigationEntry(p.Page, p.Shown!, p.Page.GetCustomAttributes<RouteAttribute>().First().Template.TrimStart('/')))
            .OrderBy(e => e.Shown.IsAdministration).ThenBy(e => e.Shown.Order),
    ];
}

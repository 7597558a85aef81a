using System.Globalization;
using Tandem.Client;
using Tandem.Contracts.Organizations;

namespace Tandem.Web.Shared;

/// <summary>Who looks at the page: roles, and how money and times are written for him.</summary>
internal sealed class Viewer(TandemClient tandem)
{
    /// <summary>Languages there are resources for; the first one is the default.</summary>
    public static readonly string[] Languages = ["en", "tr"];

    private TimeZoneInfo _zone = TimeZoneInfo.Utc;
    private CallerView? _me;

    /// <summary>The signed-in person; known to every page below the layout.</summary>
    public CallerView Me => _me ?? throw new InvalidOperationException("The layout loads the person before it shows a page.");

    public bool IsKnown => _me is not null;

    /// <summary>Whether the Referrals API is open to the person.</summary>
    public bool HasReferralRole => Has("Referrals admin") || Has("Referrals user");

    /// <summary>Whether the person is a Referrals admin for the entire company: sees every referral, and may let them be sent elsewhere.</summary>
    public bool IsCompanyReferralsAdmin =>
        IsKnown && Me.Roles.Any(r => r.MpnId is null && string.Equals(r.Role, "Referrals admin", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the person manages the organization, or the exchange.</summary>
    public bool IsAdministrator => Has("Account admin") || Has("Operator");

    /// <summary>Whether the person manages the organizations of the exchange.</summary>
    public bool IsOperator => Has("Operator");

    /// <param name="zone">The browser's time zone, if it says so. The person is known after it: no time is shown before.</param>
    public async Task Load(Task<string?> zone, CancellationToken cancellation)
    {
        var me = await tandem.Administration.MeAsync(cancellation);
        SetZone(await zone);
        _me = me;
    }

    /// <summary>Whether the person holds a role, for whatever location.</summary>
    public bool Has(string role) => IsKnown && Me.Roles.Any(r => string.Equals(r.Role, role, StringComparison.OrdinalIgnoreCase));

    public void SetZone(string? id)
    {
        if (id is { Length: > 0 and < 64 } && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone))
            _zone = zone;
    }

    /// <summary>An amount with its currency's code, such as <c>1,250 USD</c>; empty for none.</summary>
    public static string Money(decimal? amount, string? currency) => amount is { } value
        ? $"{value.ToString(value == decimal.Truncate(value) ? "N0" : "N2", CultureInfo.CurrentCulture)}\u00a0{currency}".TrimEnd('\u00a0')
        : "";

    /// <summary>A day, such as <c>24 Mar 2026</c>. Days of the contract are UTC and mean the day, wherever one is.</summary>
    public static string Day(DateTimeOffset? time) => time?.UtcDateTime.ToString("d MMM yyyy", CultureInfo.CurrentCulture) ?? "";

    /// <summary>A moment in the person's own time zone.</summary>
    public string Moment(DateTimeOffset? time) => time is { } moment
        ? TimeZoneInfo.ConvertTime(moment, _zone).ToString("d MMM yyyy HH:mm", CultureInfo.CurrentCulture)
        : "";

    /// <summary>The moment that a clock on the person's wall means.</summary>
    public DateTimeOffset FromWall(DateTime time) => new(time, _zone.GetUtcOffset(time));
}

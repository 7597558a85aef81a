using Microsoft.Extensions.Localization;
using Tandem.Contracts.Referrals;
using Tandem.Web.Resources;
using Tandem.Web.Shared;

namespace Tandem.Web.Pipeline;

/// <summary>Adds up totals, each currency for itself.</summary>
internal static class PipelineTotalsExtensions
{
    /// <summary>How many deals, in words.</summary>
    public static string Deals(this IStringLocalizer<PipelineText> text, IEnumerable<ReferralTotal> totals) =>
        text[totals.Count() == 1 ? "OneDeal" : "Deals", totals.Count()];

    public static long Count(this IEnumerable<ReferralTotal> totals) => totals.Sum(t => t.Count);

    public static IEnumerable<ReferralTotal> In(this IEnumerable<ReferralTotal> totals, BoardColumn column) =>
        totals.Where(t => column.Holds(new(t.Status, t.Substatus), t.SalesStage));

    /// <summary>One amount for each currency, such as <c>1,250 USD · 80 EUR</c>; empty when nothing has a value.</summary>
    public static string Worth(this IEnumerable<ReferralTotal> totals) => string.Join(" · ", totals
        .GroupBy(t => t.Currency, t => t.DealValue)
        .Select(c => (Currency: c.Key, Sum: c.Sum()))
        .Where(c => c.Sum != 0)
        .OrderBy(c => c.Currency, StringComparer.Ordinal)
        .Select(c => Viewer.Money(c.Sum, c.Currency)));
}

using System.Globalization;
using Microsoft.OData.UriParser;
using Tandem.Contracts.Reading;
using Tandem.Server.Http;
using Tandem.Server.Identity;

namespace Tandem.Server.Referrals.Query;

/// <summary>The options of a list, checked (R57–R66).</summary>
internal sealed class ReferralQuery
{
    /// <summary>Most elements of a page (R59).</summary>
    public const int PageSize = 100;

    private static readonly string[] Known =
        ["$filter", "$orderby", "$select", "$top", "$skip", "$count", "$expand", "$skiptoken"];

    private ReferralQuery()
    {
    }

    /// <summary>The texts, as a token carries them to the next page.</summary>
    public required QueryText Text { get; init; }

    public required QueryToken? Filter { get; init; }

    public required IReadOnlyList<OrderKey> Order { get; init; }

    public required SelectTree? Select { get; init; }

    /// <summary>How many elements are still wanted over all pages; null for all.</summary>
    public required long? Top { get; init; }

    public required long Skip { get; init; }

    public required bool Count { get; init; }

    /// <summary>Where the last page ended; null on the first.</summary>
    public PagePosition? Position { get; init; }

    public static Outcome<ReferralQuery> Parse(IQueryCollection options, SkipTokens tokens, Caller caller)
    {
        var sent = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var option in options)
        {
            var name = option.Key.Trim();
            // Options without $ are somebody else's, and are ignored.
            if (!name.StartsWith('$'))
                continue;
            if (!Known.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                var nearest = Spelling.Nearest(name, Known);
                return Refusal.Invalid(name, "invalidValue",
                    $"The query option {name} is not supported{(nearest is null ? $"; use {string.Join(", ", Known)}." : $"; did you mean {nearest}?")}");
            }

            if (option.Value.Count != 1 || !sent.TryAdd(name, option.Value[0] ?? ""))
                return Refusal.Invalid(name, "invalidValue", $"{name} is given more than once; send it once.");
        }

        // A token knows all options itself; what stands beside it is ignored (R60).
        if (sent.TryGetValue("$skiptoken", out var token))
        {
            return tokens.Open(token, caller) is { } state
                ? Build(state.Text, state.Top, 0, state)
                : Refusal.Invalid("$skiptoken", "invalidSkipToken",
                    "The $skiptoken is not one that this server gave to you; follow @odata.nextLink as it stands.");
        }

        if (!TryNumber(sent, "$top", out var top) || !TryNumber(sent, "$skip", out var skip))
        {
            var name = TryNumber(sent, "$top", out _) ? "$skip" : "$top";
            return Refusal.Invalid(name, "invalidValue", $"{name} must be a whole number from 0 on.");
        }

        var count = true;
        if (sent.TryGetValue("$count", out var counts) && !bool.TryParse(counts, out count))
            return Refusal.Invalid("$count", "invalidValue", "$count must be true or false.");
        var text = new QueryText(sent.GetValueOrDefault("$filter"), sent.GetValueOrDefault("$orderby"), sent.GetValueOrDefault("$select"), count);
        return Build(text, top, skip ?? 0, null);
    }

    private static Outcome<ReferralQuery> Build(QueryText text, long? top, long skip, SkipTokens.State? state)
    {
        QueryToken? filter = null;
        if (text.Filter is not null && !FilterTranslator.Parse(text.Filter).Succeeded(out filter, out var invalid))
            return invalid;
        if (!ReferralOrder.Parse(text.OrderBy).Succeeded(out var order, out invalid))
            return invalid;
        if ((invalid = SelectTree.Parse(text.Select, out var select)) is not null)
            return invalid;
        return new ReferralQuery
        {
            Text = text,
            Filter = filter,
            Order = order,
            Select = select,
            Top = top,
            Skip = skip,
            Count = text.Count,
            Position = state?.PositionFor(order),
        };
    }

    private static bool TryNumber(Dictionary<string, string> sent, string name, out long? number)
    {
        number = null;
        if (!sent.TryGetValue(name, out var text))
            return true;
        // More than fits is as good as all there is.
        var isNumber = text.Trim() is { Length: > 0 and <= 30 } digits && digits.All(char.IsAsciiDigit);
        if (isNumber)
            number = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? Math.Min(value, int.MaxValue) : int.MaxValue;
        return isNumber;
    }
}

/// <summary>The options of a list as texts.</summary>
internal sealed record QueryText(string? Filter, string? OrderBy, string? Select, bool Count);

using System.Globalization;
using Microsoft.OData;
using Microsoft.OData.UriParser;
using Tandem.Contracts.Reading;

namespace Tandem.Server.Referrals.Query;

/// <summary>The literals of <c>$filter</c>: quoted or bare, whatever their property is (R64).</summary>
internal static class FilterLiterals
{
    /// <summary>A literal as the column holds it, however the client quoted it (R64).</summary>
    public static object Coerce(Operand operand, object? literal)
    {
        switch (operand.Kind)
        {
            case ContractKind.Text when literal is string text:
                return text.ToLowerInvariant();
            case ContractKind.Text when literal is Guid id:
                return id.ToString("D");
            case ContractKind.Text when operand.Property?.Form == TextForm.SalesStage && literal is int or long or decimal:
                return Convert.ToString(literal, CultureInfo.InvariantCulture)!;
            case ContractKind.Boolean when literal is bool truth:
                return truth;
            case ContractKind.Boolean when literal is string text && bool.TryParse(text, out var parsed):
                return parsed;
            case ContractKind.Number when literal is int or long or short or byte or sbyte or decimal or double or float:
                return Convert.ToDouble(literal, CultureInfo.InvariantCulture);
            case ContractKind.Guid when literal is Guid id:
                return id;
            case ContractKind.Guid when literal is string text && Guid.TryParse(text, out var id):
                return id;
            case ContractKind.Time when literal is DateTimeOffset time:
                return WireTime.ToUnixMicroseconds(time);
            // Quoted, or a bare date, whose type differs between versions of the parser.
            case ContractKind.Time when WireTime.TryParse(literal?.ToString(), out var time):
                return WireTime.ToUnixMicroseconds(time);
            case ContractKind.Enumeration when literal is string text:
                var names = operand.Property!.MemberNames.ToList();
                return names.Find(n => n.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase))
                    ?? throw new FilterException($"{operand.Name} knows {string.Join(", ", names)}, not '{text}'.");
            default:
                throw new FilterException($"{operand.Name} is {Expected(operand.Kind)}; the literal is of another type.");
        }
    }

    private static string Expected(ContractKind kind) => kind switch
    {
        ContractKind.Text => "a text: write it in quotes",
        ContractKind.Boolean => "true or false",
        ContractKind.Number => "a number: write it without quotes",
        ContractKind.Guid => "a GUID",
        ContractKind.Time => "a time such as 2026-03-24T18:30:00Z",
        ContractKind.Enumeration => "a name in quotes",
        _ => "not comparable",
    };

    // The parser hands the list over as one literal text: ('a','b').
    public static List<object?> ListOf(QueryToken token)
    {
        if (token is not LiteralToken { Value: { } literal })
            throw new FilterException("The right side of in must be a list such as ('New','Active').");
        var text = literal as string ?? literal.ToString() ?? "";
        if (literal is ODataCollectionValue collection)
            return [.. collection.Items];
        text = text.Trim();
        if (text.Length < 2 || text[0] != '(' || text[^1] != ')')
            throw new FilterException("The right side of in must be a list such as ('New','Active').");
        return SplitList(text[1..^1]);
    }

    private static List<object?> SplitList(string text)
    {
        var items = new List<object?>();
        var position = 0;
        while (position < text.Length)
        {
            while (position < text.Length && char.IsWhiteSpace(text[position]))
                position++;
            if (position == text.Length)
                break;
            if (text[position] is '\'' or '"')
            {
                var quote = text[position];
                var item = new System.Text.StringBuilder();
                for (position++; position < text.Length; position++)
                {
                    if (text[position] != quote)
                        item.Append(text[position]);
                    else if (position + 1 < text.Length && text[position + 1] == quote)
                        item.Append(text[position++]);
                    else
                        break;
                }

                items.Add(item.ToString());
                position++;
            }
            else
            {
                var end = text.IndexOf(',', position);
                var bare = (end < 0 ? text[position..] : text[position..end]).Trim();
                items.Add(bare switch
                {
                    "null" => null,
                    "true" => true,
                    "false" => false,
                    _ when decimal.TryParse(bare, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
                    _ => bare,
                });
                position = end < 0 ? text.Length : end;
            }

            while (position < text.Length && text[position] != ',')
            {
                if (!char.IsWhiteSpace(text[position]))
                    throw new FilterException("The list of in is malformed; separate its values by commas.");
                position++;
            }

            position++;
        }

        return items;
    }
}

/// <summary>A filter that parses but makes no sense; caught where the translation begins, and answered as a 400.</summary>
internal sealed class FilterException(string message) : Exception(message);

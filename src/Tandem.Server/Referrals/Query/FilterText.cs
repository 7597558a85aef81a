using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Tandem.Server.Http;

namespace Tandem.Server.Referrals.Query;

/// <summary>How a literal was written.</summary>
internal enum LiteralForm
{
    Quoted,
    Number,
    Time,
    Guid,
}

/// <summary>A literal of a filter; <paramref name="Position"/> counts characters from one.</summary>
internal readonly record struct FilterLiteral(LiteralForm Form, string Text, int Position);

/// <summary>
/// A filter with its literals taken out: <c>name eq 'Contoso'</c> becomes the shape <c>name eq '0'</c> and one literal.
/// The shape is the key of the cached plan, so no plan holds a client's data; the literals' forms are as liberal as R64
/// asks, which the OData lexer is not; and each literal knows its place in the text for the error message.
/// </summary>
internal sealed partial class FilterText
{
    public const int LongestText = 8_192;
    public const int MostLiterals = 1_000;
    public const int DeepestNesting = 32;

    /// <summary>Stands before the number of an empty text.</summary>
    public const string EmptyMark = "-";

    private static readonly HashSet<string> Keywords = new(StringComparer.OrdinalIgnoreCase)
    {
        "eq", "ne", "gt", "ge", "lt", "le", "and", "or", "not", "in", "any", "all", "true", "false", "null",
    };

    private readonly List<(int Shape, int Text)> _origins = [];

    private FilterText(string text) => Text = text;

    /// <summary>What the client sent.</summary>
    public string Text { get; }

    /// <summary>The text with each literal replaced by its number in quotes, and runs of white space by one space.</summary>
    public string Shape { get; private set; } = "";

    public List<FilterLiteral> Literals { get; } = [];

    public static Outcome<FilterText> Read(string text)
    {
        if (text.Length > LongestText)
            return Refuse(null, $"The filter has {text.Length} characters; at most {LongestText} are read.");

        var filter = new FilterText(text);
        return filter.Scan() is { } refusal ? refusal : filter;
    }

    public static Refusal Refuse(int? position, string message) => Refusal.Invalid("$filter", "invalidFilter",
        position is null ? message : string.Create(CultureInfo.InvariantCulture, $"At position {position} of $filter: {message}"));

    /// <summary>Where a place of the shape is in the text, from one.</summary>
    public int PositionOf(int shapeIndex)
    {
        var origin = _origins.FindLast(o => o.Shape <= shapeIndex);
        return Math.Min(origin.Text + shapeIndex - origin.Shape, Text.Length) + 1;
    }

    /// <summary>A few characters of the text from a position on, to show where it was.</summary>
    public string Excerpt(int position)
    {
        var start = Math.Clamp(position - 1, 0, Text.Length);
        var rest = Text.AsSpan(start, Math.Min(40, Text.Length - start)).Trim();
        return rest.IsEmpty ? "the end" : $"'{rest}'";
    }

    private Refusal? Scan()
    {
        var shape = new StringBuilder(Text.Length);
        var depth = 0;
        var i = 0;
        while (i < Text.Length)
        {
            var c = Text[i];
            if (char.IsSurrogate(c) || c == '\0')
                return Refuse(i + 1, "this character cannot stand here.");
            if (char.IsWhiteSpace(c))
            {
                while (i < Text.Length && char.IsWhiteSpace(Text[i]))
                    i++;
                if (shape.Length > 0)
                    shape.Append(' ');
                continue;
            }

            _origins.Add((shape.Length, i));
            depth += c is '(' ? 1 : c is ')' ? -1 : 0;
            if (depth > DeepestNesting)
                return Refuse(i + 1, $"the filter is nested deeper than {DeepestNesting} parentheses; write it flatter.");

            if (ReadToken(ref i, shape) is { } refusal)
                return refusal;
            if (Literals.Count > MostLiterals)
                return Refuse(i, $"the filter has more than {MostLiterals} values; ask in several requests.");
        }

        _origins.Add((shape.Length, Text.Length));
        Shape = shape.ToString().TrimEnd();
        return null;
    }

    private Refusal? ReadToken(ref int i, StringBuilder shape)
    {
        var c = Text[i];
        if (c == '\'')
            return ReadQuoted(ref i, shape, i);
        if (TryBare(ref i, shape))
            return null;
        if (char.IsAsciiDigit(c))
            return Refuse(i + 1, $"{Excerpt(i + 1)} is no number, date-time or GUID; write texts in single quotes.");
        if (IsWordStart(c))
            return ReadWord(ref i, shape);
        shape.Append(c);
        i++;
        return null;
    }

    private Refusal? ReadWord(ref int i, StringBuilder shape)
    {
        var start = i;
        while (i < Text.Length && (IsWordStart(Text[i]) || char.IsLetterOrDigit(Text[i]) || Text[i] == '.'))
            i++;
        var word = Text[start..i];
        if (Keywords.Contains(word))
        {
            shape.Append(word.ToLowerInvariant());
            return null;
        }

        // A prefix such as guid'…', datetime'…' or Tandem.ReferralStatus'…' says nothing that the property does not.
        if (i < Text.Length && Text[i] == '\'')
            return ReadQuoted(ref i, shape, start);
        shape.Append(word);
        return null;
    }

    private Refusal? ReadQuoted(ref int i, StringBuilder shape, int start)
    {
        var value = new StringBuilder();
        for (i++; i < Text.Length; i++)
        {
            var c = Text[i];
            if (c == '\'')
            {
                if (i + 1 == Text.Length || Text[i + 1] != '\'')
                {
                    i++;
                    AddLiteral(LiteralForm.Quoted, value.ToString(), start, shape);
                    return null;
                }

                i++;
            }
            else if (c == '\0')
            {
                return Refuse(i + 1, "the character U+0000 cannot stand in a text.");
            }
            else if (char.IsHighSurrogate(c) && i + 1 < Text.Length && char.IsLowSurrogate(Text[i + 1]))
            {
                value.Append(c);
                c = Text[++i];
            }
            else if (char.IsSurrogate(c))
            {
                return Refuse(i + 1, "this is half a character.");
            }

            value.Append(c);
        }

        return Refuse(start + 1, "the closing quote is missing; a quote inside a text is written twice.");
    }

    private bool TryBare(ref int i, StringBuilder shape)
    {
        if (!char.IsAsciiHexDigit(Text[i]) && Text[i] != '-')
            return false;

        var (form, match) = (LiteralForm.Guid, GuidForm().Match(Text, i));
        if (!match.Success)
            (form, match) = (LiteralForm.Time, TimeForm().Match(Text, i));
        if (!match.Success)
            (form, match) = (LiteralForm.Number, NumberForm().Match(Text, i));
        if (!match.Success)
            return false;
        AddLiteral(form, match.Value, i, shape);
        i += match.Length;
        return true;
    }

    private void AddLiteral(LiteralForm form, string value, int start, StringBuilder shape)
    {
        // The empty text is a shape of its own: the member table does not know it.
        shape.Append(CultureInfo.InvariantCulture, $"'{(value.Length == 0 ? EmptyMark : "")}{Literals.Count}'");
        Literals.Add(new(form, value, start + 1));
    }

    private static bool IsWordStart(char c) => char.IsLetter(c) || c is '_' or '@' or '$';

    [GeneratedRegex(@"\G[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![\w-])", RegexOptions.CultureInvariant)]
    private static partial Regex GuidForm();

    // A plus sign that was not percent-encoded arrives as a space: 2024-01-01T00:00:00 02:00.
    [GeneratedRegex(
        @"\G[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+\- ][0-9]{2}:[0-9]{2})?)?(?![\w:.-])",
        RegexOptions.CultureInvariant)]
    private static partial Regex TimeForm();

    [GeneratedRegex(@"\G-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[LlMmDdFf]?(?![\w.-])", RegexOptions.CultureInvariant)]
    private static partial Regex NumberForm();
}

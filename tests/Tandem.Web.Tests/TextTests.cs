using System.Collections;
using System.Globalization;
using System.Resources;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Tandem.Web.Resources;
using Tandem.Web.Shared;
using Tandem.Web.Tests.Fixtures;

namespace Tandem.Web.Tests;

/// <summary>Every visible text comes from resources, in every language.</summary>
public sealed partial class TextTests
{
    private static readonly string Source = Path.Combine(WebFixture.Root(), "src", "Tandem.Web");

    [Fact]
    public void Every_text_is_there_in_every_language_with_the_same_places_to_fill()
    {
        var faults = new List<string>();
        var all = Directory.GetFiles(Path.GetDirectoryName(Source)!, "*.resx", SearchOption.AllDirectories);
        foreach (var file in all.Where(f => Path.GetFileName(f).Count(c => c == '.') == 1))
        {
            var english = Read(file);
            foreach (var language in Viewer.Languages.Skip(1))
            {
                var other = Read(Path.ChangeExtension(file, $".{language}.resx"));
                var name = $"{Path.GetFileNameWithoutExtension(file)}.{language}";
                faults.AddRange(english.Keys.Except(other.Keys).Select(k => $"{name} lacks {k}"));
                faults.AddRange(other.Keys.Except(english.Keys).Select(k => $"{name} has {k}, which English has not"));
                faults.AddRange(english.Where(e => other.TryGetValue(e.Key, out var text) && (text.Trim().Length == 0 || !Places(e.Value).SetEquals(Places(text))))
                    .Select(e => $"{name}: {e.Key} is empty or has other places than in English"));
            }
        }

        Assert.True(faults.Count == 0, string.Join(Environment.NewLine, faults));
    }

    [Fact]
    public void Translations_travel_with_the_program()
    {
        var texts = new ResourceManager(typeof(ShellText).FullName!, typeof(ShellText).Assembly);
        foreach (var language in Viewer.Languages)
        {
            var set = texts.GetResourceSet(CultureInfo.GetCultureInfo(language), createIfNotExists: true, tryParents: language == "en");
            Assert.NotEmpty(set!.Cast<DictionaryEntry>());
        }
    }

    [Fact]
    public void Every_text_that_a_page_asks_for_exists_and_every_text_is_asked_for()
    {
        var faults = new List<string>();
        var asked = new HashSet<string>();
        foreach (var file in Files("*.razor").Concat(Files("*.cs")))
        {
            var text = File.ReadAllText(file);
            // A page's code lies beside it and uses what it injects.
            var injected = text + (file.EndsWith(".razor.cs", StringComparison.Ordinal) ? File.ReadAllText(file[..^3]) : "");
            foreach (Match localizer in Localizer().Matches(injected))
            {
                var (resource, name) = (localizer.Groups[1].Value, localizer.Groups[2].Value);
                var keys = Read(Path.Combine(Source, "Resources", $"{resource}.resx"));
                foreach (Match use in Regex.Matches(text, $@"\b{name}\[([^\],]*)"))
                {
                    // Of a choice between two keys, both count.
                    foreach (Match key in Literal().Matches(use.Groups[1].Value))
                        Use(file, resource, key.Groups[1].Value, keys);
                    foreach (Match start in Interpolated().Matches(use.Groups[1].Value))
                        asked.UnionWith(keys.Keys.Where(k => k.StartsWith(start.Groups[1].Value, StringComparison.Ordinal)).Select(k => $"{resource}/{k}"));
                }
            }
        }

        foreach (var entry in NavigationEntry.All)
            Use(entry.Page.Name, entry.Shown.Texts.Name, entry.Shown.Key, Read(Path.Combine(Source, "Resources", $"{entry.Shown.Texts.Name}.resx")));
        asked.UnionWith(ValueNames.Named.SelectMany(t => Enum.GetNames(t).Select(n => $"ValueText/{t.Name}.{n}")));
        asked.UnionWith(ApiFaults.Codes.Select(c => $"{nameof(FaultText)}/{c}"));
        var unused = Directory.GetFiles(Path.Combine(Source, "Resources"), "*.resx").Where(f => Path.GetFileName(f).Count(c => c == '.') == 1)
            .SelectMany(f => Read(f).Keys.Select(k => $"{Path.GetFileNameWithoutExtension(f)}/{k}")).Except(asked);
        faults.AddRange(unused.Select(k => $"{k} is used nowhere"));
        Assert.True(faults.Count == 0, string.Join(Environment.NewLine, faults));

        void Use(string file, string resource, string key, Dictionary<string, string> keys)
        {
            asked.Add($"{resource}/{key}");
            if (!keys.ContainsKey(key))
                faults.Add($"{Path.GetFileName(file)} asks {resource} for {key}");
        }
    }

    [Fact]
    public void Every_value_of_the_contract_that_is_shown_has_a_name()
    {
        var keys = Read(Path.Combine(Source, "Resources", "ValueText.resx"));
        Assert.Empty(ValueNames.Named.SelectMany(t => Enum.GetNames(t).Select(n => $"{t.Name}.{n}")).Except(keys.Keys));
    }

    [Fact]
    public void A_country_has_its_name_in_the_language_of_each_who_asks()
    {
        var asked = CultureInfo.CurrentUICulture;
        foreach (var (language, name) in new[] { ("en-GB", "Germany"), ("tr-TR", "Almanya"), ("en-GB", "Germany") })
        {
            CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo(language);
            Assert.Equal(name, Shared.Forms.ValueChoices.CountryName("DE"));
            Assert.Equal(249, Shared.Forms.ValueChoices.Countries().Select(c => c.Value).Distinct().Count());
        }

        CultureInfo.CurrentUICulture = asked;
    }

    [Fact]
    public void No_page_contains_a_visible_text_of_its_own()
    {
        var faults = new List<string>();
        foreach (var file in Files("*.razor"))
        {
            foreach (var text in VisibleTexts(File.ReadAllText(file)))
                faults.Add($"{Path.GetFileName(file)}: {text}");
        }

        Assert.True(faults.Count == 0, string.Join(Environment.NewLine, faults));
    }

    [Theory]
    [InlineData("<p>Hello</p>", "Hello")]
    [InlineData("<MudButton>Save @name</MudButton>", "Save")]
    [InlineData("<button aria-label=\"Close\">@Text[\"X\"]</button>", "Close")]
    [InlineData("<MudTextField Label=\"Name\" />", "Name")]
    [InlineData("@if (x)\n{\n    <p>Bare words</p>\n}", "Bare words")]
    [InlineData("<p>@Text[\"Key\"]</p>@code { string A => \"x\"; }", null)]
    [InlineData("<span>@(a > b ? Text[\"A\"] : Text[\"B\"])</span>", null)]
    public void The_search_for_visible_texts_finds_them(string razor, string? expected) =>
        Assert.Equal(expected is null ? [] : [expected], VisibleTexts(razor));

    // The product's name is the same in every language.
    private static IEnumerable<string> VisibleTexts(string razor)
    {
        razor = Comment().Replace(razor, "");
        var code = razor.IndexOf("@code", StringComparison.Ordinal);
        if (code >= 0)
            razor = razor[..code];
        razor = Regex.Replace(razor, @"<(style|script)\b.*?</\1>", "", RegexOptions.Singleline);
        razor = Directive().Replace(razor, "");
        razor = RemoveExpressions(razor);
        foreach (Match attribute in VisibleAttribute().Matches(razor))
        {
            if (attribute.Groups[1].Value.Any(char.IsLetter))
                yield return attribute.Groups[1].Value;
        }

        // What stands between two tags, without the lines that are code.
        foreach (Match between in BetweenTags().Matches(razor))
        {
            foreach (var line in between.Groups[1].Value.Split('\n').Select(l => l.Trim(' ', '\r', '\t', '·', '–')))
            {
                if (line.Length > 0 && line.Any(char.IsLetter) && !CodeLine().IsMatch(line) && line != "Tandem")
                    yield return line;
            }
        }
    }

    // @name, @name.Of(x)["y"], @(…): with their brackets, however deep.
    private static string RemoveExpressions(string razor)
    {
        var kept = new System.Text.StringBuilder();
        for (var i = 0; i < razor.Length; i++)
        {
            if (razor[i] != '@' || i + 1 >= razor.Length || !(char.IsLetter(razor[i + 1]) || razor[i + 1] is '(' or '_'))
            {
                kept.Append(razor[i]);
                continue;
            }

            var isStatement = Statement().IsMatch(razor[i..Math.Min(razor.Length, i + 12)]);
            i++;
            while (i < razor.Length && (char.IsLetterOrDigit(razor[i]) || razor[i] is '_' or '.' or '(' or '[' or '?' or '!'))
            {
                if (razor[i] is '.' or '?' or '!' && (i + 1 >= razor.Length || !(char.IsLetter(razor[i + 1]) || razor[i + 1] is '.' or '[')))
                    break;
                i = razor[i] is '(' or '[' ? Closing(razor, i) + 1 : i + 1;
                if (isStatement && i < razor.Length && razor[i] == ' ' && razor[i + 1] == '(')
                    i = Closing(razor, i + 1) + 1;
            }

            i--;
        }

        return kept.ToString();
    }

    private static int Closing(string text, int open)
    {
        var depth = 0;
        for (var i = open; i < text.Length; i++)
        {
            if (text[i] is '(' or '[')
                depth++;
            else if (text[i] is ')' or ']' && --depth == 0)
                return i;
        }

        return text.Length - 1;
    }

    private static IEnumerable<string> Files(string pattern) => Directory.GetFiles(Source, pattern, SearchOption.AllDirectories)
        .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static Dictionary<string, string> Read(string file) =>
        XDocument.Load(file).Root!.Elements("data").ToDictionary(d => d.Attribute("name")!.Value, d => d.Element("value")!.Value);

    private static HashSet<string> Places(string text) => [.. Place().Matches(text).Select(m => m.Groups[1].Value)];

    [GeneratedRegex(@"\{(\d+)[^}]*\}")]
    private static partial Regex Place();

    [GeneratedRegex(@"IStringLocalizer<(\w+)> (\w+)")]
    private static partial Regex Localizer();

    [GeneratedRegex("(?<!\\$)\"([A-Za-z][\\w.]*)\"")]
    private static partial Regex Literal();

    [GeneratedRegex("\\$\"([\\w.]+)\\{")]
    private static partial Regex Interpolated();

    [GeneratedRegex(@"@\*.*?\*@|<!--.*?-->", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^\s*@(page|using|inject|attribute|inherits|implements|layout|typeparam|namespace|rendermode|preservewhitespace)\b.*$", RegexOptions.Multiline)]
    private static partial Regex Directive();

    [GeneratedRegex("\\b(?:aria-label|title|alt|placeholder|Label|Placeholder|HelperText|Title|Text|AriaLabel)=\"([^\"@]*)\"")]
    private static partial Regex VisibleAttribute();

    [GeneratedRegex(@">([^<>]*)<")]
    private static partial Regex BetweenTags();

    [GeneratedRegex(@"^(else\b.*|[{}]+|.*;|.*=>.*|if \(.*|\).*)$")]
    private static partial Regex CodeLine();

    [GeneratedRegex(@"^@(if|foreach|for|while|switch|using|lock)\b")]
    private static partial Regex Statement();
}

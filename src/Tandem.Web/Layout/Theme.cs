using System.Text;
using MudBlazor;

namespace Tandem.Web.Layout;

/// <summary>
/// Tandem's look, light and dark, as one style sheet: the browser chooses by the system's preference or by what the person
/// chose, so that no page flashes in the wrong colours and switching needs no server.
/// </summary>
internal static class Theme
{
    private static readonly string[] Fonts = ["system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"];

    public static string Css { get; } = Build();

    private static string Build()
    {
        var light = Sheet.Of(Of(Light()));
        // Only colours differ; sizes and fonts are said once.
        var dark = string.Join('\n', Sheet.Of(Of(Dark())).Split('\n').Except(light.Split('\n')));
        return $":root{{{light}color-scheme:light}}"
            + $"@media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}color-scheme:dark}}}}"
            + $":root[data-theme=dark]{{{dark}color-scheme:dark}}";
    }

    private static MudTheme Of(PaletteLight palette) => new()
    {
        PaletteLight = palette,
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px", AppbarHeight = "3rem", DrawerWidthLeft = "13.5rem" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Fonts, FontSize = ".875rem", LineHeight = "1.45", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontFamily = Fonts, FontSize = ".875rem", LineHeight = "1.45", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontFamily = Fonts, FontSize = ".8125rem", LineHeight = "1.4", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontFamily = Fonts, FontSize = ".875rem", FontWeight = "600", TextTransform = "none", LetterSpacing = "normal" },
            Caption = new CaptionTypography { FontFamily = Fonts, FontSize = ".75rem", LetterSpacing = "normal" },
        },
    };

    private static PaletteLight Light() => new()
    {
        Primary = "#0b5cad",
        PrimaryContrastText = "#ffffff",
        Secondary = "#4a5563",
        SecondaryContrastText = "#ffffff",
        Tertiary = "#0f6b5c",
        TertiaryContrastText = "#ffffff",
        Info = "#0b5cad",
        Success = "#1d6b3a",
        Warning = "#8a5200",
        WarningContrastText = "#ffffff",
        Error = "#a4161a",
        Background = "#f5f6f8",
        BackgroundGray = "#eceff3",
        Surface = "#ffffff",
        AppbarBackground = "#ffffff",
        AppbarText = "#1b2430",
        DrawerBackground = "#ffffff",
        DrawerText = "#1b2430",
        DrawerIcon = "#4a5563",
        TextPrimary = "#1b2430",
        TextSecondary = "#55606e",
        TextDisabled = "#767f8b",
        ActionDefault = "#4a5563",
        ActionDisabled = "#767f8b",
        Divider = "#dde2e8",
        DividerLight = "#e9edf1",
        LinesDefault = "#dde2e8",
        LinesInputs = "#7b8794",
        TableLines = "#e4e8ed",
        TableHover = "#eef3f9",
    };

    private static PaletteLight Dark() => new()
    {
        Primary = "#7db7f5",
        PrimaryContrastText = "#0b1622",
        Secondary = "#a7b3c2",
        SecondaryContrastText = "#0b1622",
        Tertiary = "#6fcab8",
        TertiaryContrastText = "#0b1622",
        Info = "#7db7f5",
        InfoContrastText = "#0b1622",
        Success = "#7fd19b",
        SuccessContrastText = "#0b1622",
        Warning = "#f0b860",
        WarningContrastText = "#0b1622",
        Error = "#ff9ea1",
        ErrorContrastText = "#2a0d0f",
        Dark = "#d7dee7",
        DarkContrastText = "#0b1622",
        Black = "#0b1016",
        Background = "#12171d",
        BackgroundGray = "#0e1217",
        Surface = "#1a2129",
        AppbarBackground = "#1a2129",
        AppbarText = "#e8edf3",
        DrawerBackground = "#1a2129",
        DrawerText = "#e8edf3",
        DrawerIcon = "#a7b3c2",
        TextPrimary = "#e8edf3",
        TextSecondary = "#a7b3c2",
        TextDisabled = "#7d8896",
        ActionDefault = "#a7b3c2",
        ActionDisabled = "#7d8896",
        ActionDisabledBackground = "#2a333e",
        Divider = "#303a46",
        DividerLight = "#28313b",
        LinesDefault = "#303a46",
        LinesInputs = "#8794a3",
        TableLines = "#28313b",
        TableStriped = "#1e262f",
        TableHover = "#222c37",
        GrayDefault = "#8794a3",
        GrayLight = "#a7b3c2",
        GrayLighter = "#303a46",
        GrayDark = "#8794a3",
        GrayDarker = "#a7b3c2",
        OverlayDark = "rgba(0,0,0,0.6)",
        OverlayLight = "rgba(18,23,29,0.5)",
        Skeleton = "rgba(255,255,255,0.11)",
    };

    // The library writes its variables through a component; as a style sheet they need none.
    private sealed class Sheet : MudThemeProvider
    {
        public static string Of(MudTheme theme)
        {
#pragma warning disable BL0005 // Never rendered.
            var sheet = new Sheet { Theme = theme };
#pragma warning restore BL0005
            var css = new StringBuilder();
            sheet.GenerateTheme(css);
            return css.Replace("\r", "").ToString();
        }
    }
}

/// <summary>The theme that the person chose.</summary>
internal sealed class ThemeChoice
{
    public const string Light = "light";
    public const string Dark = "dark";

    /// <summary><see cref="Light"/>, <see cref="Dark"/>, or null for the system's.</summary>
    public string? Name { get; set; }

    public static string? Read(string? cookie) => cookie is Light or Dark ? cookie : null;
}
